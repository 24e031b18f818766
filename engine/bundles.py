"""Bundles: the definition versions that a case reaches, fixed at its start, compiled once a process (details.md, Versions)."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from engine import canonical, decisions
from engine.diagram import read
from engine.diagram.check import File
from engine.diagram.model import Diagram, Element, Process
from engine.errors import NotFound
from engine.spiff import compile as spiff_compile
from engine.spiff.compile import Spec
from engine.tables import bundle, definition, history_event, resource
from engine.unit_of_work import UnitOfWork

Members = dict[str, dict[str, str]]
"""`{"process": {key: definition id}, "form": {…}, "decision": {…}}`"""
_LATEST = sa.select(definition).where(
    definition.c.kind == sa.bindparam("of"), definition.c.key == sa.bindparam("named"), definition.c.withdrawn_at.is_(None),
).order_by(definition.c.version.desc()).limit(1)
_IS_KEPT = sa.select(bundle.c.id).where(bundle.c.id == sa.bindparam("bundle"))


@dataclass(frozen=True, slots=True)
class Bundle:
    """All that a case runs on; shared by cases and threads, never changed."""

    id: str
    root: str
    members: Members
    versions: Mapping[str, int]  # process key → version
    processes: Mapping[str, Process]
    spec: Spec
    forms: Mapping[str, Mapping[str, Any]]
    decisions: Mapping[str, decisions.Decision]

    def element(self, process: str, element: str) -> Element:
        """The element's row."""
        return self.processes[process].elements[element]


def load(uow: UnitOfWork, bundle_id: str) -> Bundle:
    """The compiled bundle, from this process's cache or from the stored bytes."""
    cache: dict[str, Bundle] = uow.engine.bundles
    found = cache.get(bundle_id)
    if found is None:
        found = cache[bundle_id] = _compile(uow, bundle_id)
    return found


def assemble(uow: UnitOfWork, root: sa.Row[Any]) -> str:
    """The id of the bundle that a case of this row of `definition` starts with now: the latest of all that it reaches."""
    bundle_id, members = _assembled(uow, root)
    if uow.scalar(_IS_KEPT, bundle=bundle_id) is None:
        uow.add_once(bundle, id=bundle_id, root=root.id, members=canonical.dumps(members))
    return bundle_id


def would_start(uow: UnitOfWork, root: sa.Row[Any]) -> Bundle:
    """The bundle of `assemble`, stored or not; nothing is written."""
    bundle_id, members = _assembled(uow, root)
    found = uow.engine.bundles.get(bundle_id)
    return found if found is not None else _compiled(uow, bundle_id, root.id, members)


def _assembled(uow: UnitOfWork, root: sa.Row[Any]) -> tuple[str, Members]:
    members: Members = {"process": {}, "form": {}, "decision": {}}
    _reach(uow, root, members)
    return canonical.digest(canonical.dumps({"root": root.id, "members": members})), members


def compile_files(uow: UnitOfWork, files: Sequence[File], root_key: str) -> Bundle:
    """The bundle of a case that would start on `root_key` if `files` were deployed; nothing stored, its id is "".

    What they refer to and do not contain is the latest deployed. Raises `NotFound`, and `DeploymentRefused` for a bad file.
    """
    known = _Files(uow, files)
    todo, reached = [root_key], dict[str, Process]()
    while todo:
        key = todo.pop()
        if key not in reached:
            reached[key] = known.process(key)
            todo += sorted(references(reached[key])["process"])
    named = {kind: sorted({key for p in reached.values() for key in references(p)[kind]}) for kind in ("form", "decision")}
    return Bundle(
        id="", root=root_key, members={"process": {}, "form": {}, "decision": {}}, versions=dict.fromkeys(reached, 0),
        processes=reached, spec=spiff_compile.compile_processes(reached),
        forms={key: known.form(key) for key in named["form"]},
        decisions={key: known.decision(key) for key in named["decision"]})


class _Files:
    """Definitions by key: those of files before those of the database."""

    def __init__(self, uow: UnitOfWork, files: Sequence[File]) -> None:
        self.uow = uow
        diagrams = [read.read(f.data, f.name) for f in files if f.name.endswith(".bpmn")]
        self.processes = {key: process for each in diagrams for key, process in each.processes.items()}
        self.forms = {}
        for file in (f for f in files if f.name.endswith(".form")):
            schema = json.loads(file.data)
            self.forms[str(schema.get("id") or Path(file.name).stem)] = schema
        self.decisions = {d.key: d for f in files if f.name.endswith(".dmn") for d in decisions.parse(f.data, f.name)}

    def process(self, key: str) -> Process:
        if key in self.processes:
            return self.processes[key]
        row = self._deployed("process", key)
        return model(self.uow, row.sha256, row.resource_name).processes[key]

    def form(self, key: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] | None = self.forms.get(key)
        if found is not None:
            return found
        stored: Mapping[str, Any] = canonical.loads(stored_bytes(self.uow, self._deployed("form", key).sha256))
        return stored

    def decision(self, key: str) -> decisions.Decision:
        return self.decisions.get(key) or stored_decision(self.uow, self._deployed("decision", key))

    def _deployed(self, kind: str, key: str) -> sa.Row[Any]:
        row = latest(self.uow, kind, key)
        if row is None:
            raise NotFound(kind=kind, id=key)
        return row


class Past:
    """Where a case has been: the elements of the bundle it is on, and of those it was on before it was moved."""

    def __init__(self, uow: UnitOfWork, instance_id: str, bundle_id: str) -> None:
        self._uow, self._instance_id, self._found = uow, instance_id, [load(uow, bundle_id)]

    def bundle(self, process: str, element: str) -> Bundle:
        """The newest bundle that has an element. `NotFound` if none of the case ever had it."""
        for each in self._all():
            if process in each.processes and element in each.processes[process].elements:
                return each
        raise NotFound(kind="element", id=element)

    def element(self, process: str, element: str) -> Element:
        """An element's row, as the newest version that has it says."""
        return self.bundle(process, element).element(process, element)

    def having(self, process: str) -> Bundle:
        """The newest bundle that has a process. `NotFound` if none had."""
        for each in self._all():
            if process in each.processes:
                return each
        raise NotFound(kind="process", id=process)

    def _all(self) -> Iterator[Bundle]:
        """Most cases were never moved: their record is asked only when something is not there."""
        yield self._found[0]
        if len(self._found) == 1:
            last = sa.func.max(history_event.c.seq).label("last")
            rows = self._uow.rows(sa.select(history_event.c.bundle_id, last).where(
                history_event.c.instance_id == self._instance_id, history_event.c.bundle_id != self._found[0].id).group_by(
                history_event.c.bundle_id).order_by(last.desc()))
            self._found += [load(self._uow, row.bundle_id) for row in rows]
        yield from self._found[1:]


def latest(uow: UnitOfWork, kind: str, key: str) -> sa.Row[Any] | None:
    """The newest version of a definition (kind: process | form | decision | scenario) that is not withdrawn."""
    return uow.row(_LATEST, of=kind, named=key)


def model(uow: UnitOfWork, sha256: str, file: str) -> Diagram:
    """The diagram stored under `sha256`, read once a process."""
    cache: dict[str, Diagram] = uow.engine.diagrams
    if sha256 not in cache:
        cache[sha256] = read.read(stored_bytes(uow, sha256), file)
    return cache[sha256]


def stored_bytes(uow: UnitOfWork, sha256: str) -> bytes:
    """The very bytes that were deployed."""
    data = uow.scalar(sa.select(resource.c.bytes).where(resource.c.sha256 == sha256))
    if data is None:
        raise NotFound(kind="resource", id=sha256)
    return bytes(data)


def references(process: Process) -> dict[str, set[str]]:
    """The keys of processes, forms and decisions that a process names."""
    found: dict[str, set[str]] = {"process": set(), "form": set(), "decision": set()}
    for element in process.elements.values():
        if element.type == "callActivity" and element.called:
            found["process"].add(element.called)
        if form := element.attributes.get("formRef"):
            found["form"].add(form)
        if decision := element.attributes.get("decisionRef"):
            found["decision"].add(decision)
    return found


def _reach(uow: UnitOfWork, row: sa.Row[Any], members: Members) -> None:
    members["process"][row.key] = row.id
    for kind, keys in references(model(uow, row.sha256, row.resource_name).processes[row.key]).items():
        for key in sorted(keys - members[kind].keys()):
            found = latest(uow, kind, key)
            if found is None:
                raise NotFound(kind=kind, id=key)
            members[kind][key] = found.id
            if kind == "process":
                _reach(uow, found, members)


def _compile(uow: UnitOfWork, bundle_id: str) -> Bundle:
    row = uow.row(sa.select(bundle).where(bundle.c.id == bundle_id))
    if row is None:
        raise NotFound(kind="bundle", id=bundle_id)
    return _compiled(uow, bundle_id, row.root, canonical.loads(row.members))


def _compiled(uow: UnitOfWork, bundle_id: str, root: str, members: Members) -> Bundle:
    rows = {r.id: r for r in uow.rows(sa.select(definition).where(
        definition.c.id.in_([i for keys in members.values() for i in keys.values()])))}
    diagrams = {key: rows[i] for key, i in members["process"].items()}
    models = {key: model(uow, r.sha256, r.resource_name) for key, r in diagrams.items()}
    return Bundle(
        id=bundle_id, root=rows[root].key, members=members, versions={k: r.version for k, r in diagrams.items()},
        processes={key: models[key].processes[key] for key in diagrams},
        spec=spiff_compile.compile_processes({key: models[key].processes[key] for key in diagrams}),
        forms={key: canonical.loads(stored_bytes(uow, rows[i].sha256)) for key, i in members["form"].items()},
        decisions={key: stored_decision(uow, rows[i]) for key, i in members["decision"].items()},
    )


def stored_decision(uow: UnitOfWork, row: sa.Row[Any]) -> decisions.Decision:
    """The decision of a row of `definition`; its file may hold several."""
    parsed = decisions.parse(stored_bytes(uow, row.sha256), row.resource_name)
    return next(each for each in parsed if each.key == row.key)
