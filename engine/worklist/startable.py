"""What the actor may start by hand."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from engine import bundles, identity
from engine.diagram.model import Element
from engine.tables import definition
from engine.unit_of_work import UnitOfWork

_versions = sa.select(definition.c.key, sa.func.max(definition.c.version).label("version")).where(
    definition.c.kind == "process", definition.c.withdrawn_at.is_(None)).group_by(definition.c.key).subquery()
_NEWEST = sa.select(definition).join(
    _versions, sa.and_(definition.c.key == _versions.c.key, definition.c.version == _versions.c.version),
).where(definition.c.kind == "process").order_by(definition.c.key)


@dataclass(frozen=True, slots=True)
class Startable:
    """A process that the actor may start by hand."""

    definition_id: str
    key: str
    name: str
    name_en: str
    documentation: str
    instruction_en: str
    clause: str


def startable(uow: UnitOfWork) -> list[Startable]:
    """The newest version of every process that the actor may start by hand, by name."""
    found = [_startable(uow, row) for row in newest_processes(uow)]
    return sorted((each for each in found if each is not None), key=lambda each: each.name)


def newest_processes(uow: UnitOfWork) -> list[sa.Row[Any]]:
    """The newest version of every process definition, by key."""
    return uow.rows_once(_NEWEST)


def _startable(uow: UnitOfWork, row: sa.Row[Any]) -> Startable | None:
    process = bundles.model(uow, row.sha256, row.resource_name).processes[row.key]
    if not any(_is_plain(start) for start in process.starts()) or not identity.may_start(uow, process):
        return None
    return Startable(row.id, row.key, row.name, row.name_en, process.documentation,
                     process.properties.get("instruction_en", ""), process.properties.get("clause", ""))


def _is_plain(start: Element) -> bool:
    return start.event is None or start.event.kind == "none"
