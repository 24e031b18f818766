"""Deployments: several files at once, checked whole or refused whole; what is stored is the very bytes received."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from engine import bundles, canonical, decisions, forms, history, ids, timer_starts
from engine.diagram import check, read
from engine.diagram.check import File, Known
from engine.diagram.deployment import DECISION, FORM, SCENARIO, read_json, scenario_key
from engine.diagram.model import Diagram
from engine.errors import DeploymentRefused, NotFound, Problem
from engine.tables import calendar, candidate_group, definition, deployment, resource
from engine.unit_of_work import ProcessEngine, UnitOfWork

DEPLOY_LOCK = 14_012_003  # any number: two deployments at once take their version numbers one after the other


@dataclass(frozen=True, slots=True)
class Deployed:
    """A deployment's id, the rows of `definition` it made or met again, and the warnings."""

    id: str
    definitions: tuple[sa.Row[Any], ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    kind: str
    key: str
    name: str
    name_en: str
    file: File


def deploy(uow: UnitOfWork, files: Sequence[File], *, name: str, source: str | None = None) -> Deployed:
    """Store every definition of `files`; the same content under the same key is the same version.

    Raises `DeploymentRefused` with every problem when one of them is an error; then nothing is stored.
    """
    problems = check.check(files, known(uow, files))
    if any(problem.severity == "error" for problem in problems):
        raise DeploymentRefused(problems)
    if not uow.engine.is_sqlite:  # which has one writer anyway
        uow.execute(sa.select(sa.func.pg_advisory_xact_lock(DEPLOY_LOCK)))
    deployment_id = ids.new(uow.now)
    uow.execute(sa.insert(deployment).values(
        id=deployment_id, name=name, source=source, deployed_at=uow.now, deployed_by=uow.actor.id))
    rows = tuple(_store(uow, found, deployment_id) for file in files for found in _definitions(file))
    timer_starts.renew(uow, [row for row in rows if row.kind == "process"])
    history.record_change(uow, "deploy", subject=f"deployment:{deployment_id}", before=None, after={
        "name": name, "source": source, "definitions": {row.id: row.sha256 for row in rows}})
    return Deployed(deployment_id, rows, tuple(problems))


def known(uow: UnitOfWork, files: Sequence[File] = ()) -> Known:
    """What references may point at: the database's definitions, groups and calendars, the engine's operations and lists."""
    del files
    newest = {(r.kind, r.key): r for r in uow.rows(
        sa.select(definition).where(definition.c.withdrawn_at.is_(None)).order_by(definition.c.version))}
    return Known(
        groups=frozenset(r.id for r in uow.rows(sa.select(candidate_group.c.id))),
        operations=frozenset(uow.engine.operations), topics=uow.engine.settings.topics,
        lists=frozenset(uow.engine.lists), calendars=frozenset(r.id for r in uow.rows(sa.select(calendar.c.id))),
        processes={k: bundles.model(uow, r.sha256, r.resource_name) for (kind, k), r in newest.items() if kind == "process"},
        forms={k: canonical.loads(bundles.stored_bytes(uow, r.sha256)) for (kind, k), r in newest.items() if kind == "form"},
        decisions={k: bundles.stored_decision(uow, r) for (kind, k), r in newest.items() if kind == "decision"},
    )


def check_files(engine: ProcessEngine, paths: Sequence[Path]) -> dict[Path, list[Problem]]:
    """The deploy gate without a database: each file by itself, references looked up in it, then in the diagram folder."""
    folder = Path(engine.settings.diagram_folder)
    around = known_from_folder(engine, folder)
    return {path: check.check([File(path.name, path.read_bytes())], around) for path in paths}


def known_from_folder(engine: ProcessEngine, folder: Path) -> Known:
    """What references may point at when only the shipped folder is at hand; unreadable files there are passed over."""
    organization = json.loads((folder / "organization.json").read_text("utf-8"))
    diagrams: dict[str, Diagram] = {}
    for path in folder.glob("*.bpmn"):
        diagrams |= _processes(File(path.name, path.read_bytes()))
    return Known(
        groups=frozenset(group["id"] for group in organization["groups"]),
        operations=frozenset(engine.operations), topics=engine.settings.topics, lists=frozenset(engine.lists),
        calendars=frozenset({"default"}), processes=diagrams,
        forms={path.stem: json.loads(path.read_text("utf-8")) for path in (folder / "forms").glob("*.form")},
        decisions={d.key: d for path in (folder / "decisions").glob("*.dmn")
                   for d in decisions.parse(path.read_bytes(), path.name)},
    )


def folder_files(folder: Path) -> list[File]:
    """Every diagram, form and decision of a folder, as one deployment."""
    paths = [*folder.glob("*.bpmn"), *(folder / "forms").glob("*.form"), *(folder / "decisions").glob("*.dmn")]
    return [File(path.name, path.read_bytes()) for path in sorted(paths)]


def listing(uow: UnitOfWork) -> list[sa.Row[Any]]:
    """All process definitions with deployment time and author, newest first."""
    query = sa.select(definition, deployment.c.deployed_at, deployment.c.deployed_by).join(
        deployment, deployment.c.id == definition.c.deployment_id)
    return uow.rows(query.order_by(deployment.c.deployed_at.desc(), definition.c.kind, definition.c.key))


def definition_row(uow: UnitOfWork, definition_id: str) -> sa.Row[Any]:
    """One definition. `NotFound` if there is none."""
    row = uow.row(sa.select(definition).where(definition.c.id == definition_id))
    if row is None:
        raise NotFound(kind="definition", id=definition_id)
    return row


def _definitions(file: File) -> Iterator[_Found]:
    if file.name.endswith(FORM):
        schema = json.loads(file.data)
        yield _Found("form", schema.get("id") or Path(file.name).stem, *forms.called(schema), file)
    elif file.name.endswith(DECISION):
        for decision in decisions.parse(file.data, file.name):
            yield _Found("decision", decision.key, decision.name, decision.name_en, file)
    elif file.name.endswith(SCENARIO):
        scenario = read_json(file.data)
        yield _Found("scenario", scenario_key(scenario), str(scenario["name"]), str(scenario.get("name_en") or ""), file)
    else:
        for process in read.read(file.data, file.name).processes.values():
            if process.is_executable:
                yield _Found("process", process.id, process.name, process.name_en, file)


def _store(uow: UnitOfWork, found: _Found, deployment_id: str) -> sa.Row[Any]:
    sha256 = canonical.digest(found.file.data)
    newest = bundles.latest(uow, found.kind, found.key)
    if newest is not None and newest.sha256 == sha256:
        return newest
    if uow.scalar(sa.select(resource.c.sha256).where(resource.c.sha256 == sha256)) is None:
        uow.execute(sa.insert(resource).values(sha256=sha256, bytes=found.file.data))
    version = 1 + (uow.scalar(sa.select(sa.func.max(definition.c.version)).where(  # withdrawn ones keep their numbers
        definition.c.kind == found.kind, definition.c.key == found.key)) or 0)
    definition_id = f"{found.key}:{version}:{sha256[:12]}" if found.kind == "process" else f"{found.kind}.{found.key}:{version}"
    uow.execute(sa.insert(definition).values(
        id=definition_id, kind=found.kind, key=found.key, version=version, name=found.name or found.key,
        name_en=found.name_en, resource_name=found.file.name, sha256=sha256, deployment_id=deployment_id))
    return definition_row(uow, definition_id)


def _processes(file: File) -> dict[str, Diagram]:
    try:
        diagram = read.read(file.data, file.name)
    except DeploymentRefused:
        return {}
    return dict.fromkeys(diagram.processes, diagram)

