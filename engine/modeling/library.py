"""The library: every definition with its versions, who made each and why, since when, and the open cases on it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from engine import bundles, canonical
from engine.errors import NotFound
from engine.tables import bundle, definition, deployment, model_draft, process_instance
from engine.unit_of_work import UnitOfWork

IN_WORK = ("draft", "submitted", "approved")
Row = sa.Row[Any]


@dataclass(frozen=True, slots=True)
class Version:
    """One version: its row of `definition`, its deployment's time and user, the draft that it came from, open cases on it.

    `draft` is None when it was deployed without approval; `is_current`: new cases start on it.
    """

    row: Row
    deployed_at: Any
    deployed_by: str
    draft: Row | None
    open_cases: int
    is_current: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """A definition: its newest version in effect (else its newest), how many versions there are, and the drafts in work."""

    version: Version
    versions: int
    open_cases: int
    drafts: tuple[Row, ...]


def entries(uow: UnitOfWork) -> list[Entry]:
    """All definitions, processes first, by name."""
    drafts = _in_work(uow)
    found: dict[tuple[str, str], list[Version]] = {}
    for version in _versions(uow):
        found.setdefault((version.row.kind, version.row.key), []).append(version)
    order = {"process": 0, "form": 1, "decision": 2, "scenario": 3}
    made = [_entry(versions, drafts) for versions in found.values()]
    return sorted(made, key=lambda each: (order[each.version.row.kind], each.version.row.name, each.version.row.key))


def versions(uow: UnitOfWork, kind: str, key: str) -> list[Version]:
    """The versions of a definition, newest first. `NotFound` if there is none."""
    found = _versions(uow, definition.c.kind == kind, definition.c.key == key)
    if not found:
        raise NotFound(kind="definition", id=key)
    return found


def drafts_of(uow: UnitOfWork, kind: str, key: str) -> list[Row]:
    """The drafts in work that change this definition, the last edited first."""
    rows = uow.rows(sa.select(definition.c.id).where(definition.c.kind == kind, definition.c.key == key))
    return list(_of({row.id for row in rows}, kind, key, _in_work(uow)))


def parts(uow: UnitOfWork, row: Row) -> list[str]:
    """What a draft of this definition takes up: itself, and of a process the forms, decisions and scenarios that belong to it."""
    if row.kind != "process":
        return [row.id]
    process = bundles.model(uow, row.sha256, row.resource_name).processes[row.key]
    named = [(kind, key) for kind, keys in bundles.references(process).items() if kind != "process" for key in sorted(keys)]
    scenarios = uow.rows(sa.select(definition.c.key).where(
        definition.c.kind == "scenario", definition.c.key.startswith(f"{row.key}/", autoescape=True)).distinct())
    found = [bundles.latest(uow, kind, key) for kind, key in [*named, *(("scenario", each.key) for each in scenarios)]]
    return [row.id, *(each.id for each in found if each is not None)]


def open_cases(uow: UnitOfWork) -> Counter[str]:
    """Definition id → how many open cases reach it, directly or through what they call."""
    running = sa.select(process_instance.c.bundle_id, sa.func.count().label("n")).where(process_instance.c.ended_at.is_(None))
    counted = {row.bundle_id: row.n for row in uow.rows(running.group_by(process_instance.c.bundle_id))}
    found: Counter[str] = Counter()
    for row in uow.rows(sa.select(bundle).where(bundle.c.id.in_(counted))) if counted else ():
        members: Mapping[str, Mapping[str, str]] = canonical.loads(row.members)
        for definition_id in {each for keys in members.values() for each in keys.values()}:
            found[definition_id] += counted[row.id]
    return found


def _versions(uow: UnitOfWork, *where: sa.ColumnElement[bool]) -> list[Version]:
    rows = uow.rows(sa.select(definition, deployment.c.deployed_at, deployment.c.deployed_by).join(
        deployment, deployment.c.id == definition.c.deployment_id).where(*where).order_by(
        definition.c.kind, definition.c.key, definition.c.version.desc()))
    drafts = {row.deployment_id: row for row in uow.rows(
        sa.select(model_draft).where(model_draft.c.deployment_id.is_not(None)))}
    counted, current = open_cases(uow), set[str]()
    for key in {(row.kind, row.key) for row in rows}:
        newest = next((row.id for row in rows if (row.kind, row.key) == key and row.withdrawn_at is None), None)
        current |= {newest} if newest else set()
    return [Version(row, row.deployed_at, row.deployed_by, drafts.get(row.deployment_id), counted[row.id], row.id in current)
            for row in rows]


def _entry(found: Sequence[Version], drafts: Sequence[Row]) -> Entry:
    shown = next((each for each in found if each.is_current), found[0])
    mine = _of({each.row.id for each in found}, shown.row.kind, shown.row.key, drafts)
    return Entry(shown, len(found), sum(each.open_cases for each in found), mine)


def _in_work(uow: UnitOfWork) -> list[Row]:
    return uow.rows(sa.select(model_draft).where(model_draft.c.status.in_(IN_WORK)).order_by(model_draft.c.edited_at.desc()))


def _of(ids: set[str], kind: str, key: str, drafts: Sequence[Row]) -> tuple[Row, ...]:
    return tuple(row for row in drafts if ids & set(canonical.loads(row.based_on).values())
                 or (kind == "process" and row.process_key == key))
