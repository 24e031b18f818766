"""What moving the open cases of a version would do: the two versions, and a dry run of every case. Nothing is written."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from engine import bundles, migration
from engine.bundles import Bundle
from engine.errors import InvalidValue, NotFound
from engine.spiff.mapping import Elements, Mapped
from engine.tables import activity_instance, definition, process_instance
from engine.unit_of_work import UnitOfWork

READ = 500
EXAMPLES = 5
Row = sa.Row[Any]


@dataclass(frozen=True, slots=True)
class Sides:
    """Two versions: their rows of `definition`, what an open case of the first runs on, what it would run on."""

    source: Row
    target: Row
    before: Bundle
    after: Bundle
    open_cases: int


@dataclass(slots=True)
class Group:
    """Cases of a dry run with the same reason or the same change at the same element."""

    code: str
    process: str
    element: str | None
    cases: int = 0
    examples: list[tuple[str, str]] = field(default_factory=list)  # case id, business key


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A dry run: of `total` cases `looked_at` were examined, of which `possible` can move."""

    total: int
    looked_at: int
    possible: int
    refused: Sequence[Group]
    changes: Sequence[Group]

    @property
    def is_partial(self) -> bool:
        """Whether there are more cases than were looked at."""
        return self.looked_at < self.total


def sides(uow: UnitOfWork, source: str, target: str) -> Sides:
    """What two versions of a process are, by definition id. `NotFound`, `InvalidValue("migration_other_process")`."""
    rows = [definition_row(uow, each) for each in (source, target)]
    if rows[0].key != rows[1].key:
        raise InvalidValue("migration_other_process", field="target", value=f"{rows[0].key}, {rows[1].key}")
    after = bundles.would_start(uow, rows[1])
    newest = uow.row(sa.select(process_instance.c.bundle_id).where(*are_open(source, after.id)).order_by(
        process_instance.c.id.desc()).limit(1))
    before = bundles.load(uow, newest.bundle_id) if newest else bundles.would_start(uow, rows[0])
    return Sides(rows[0], rows[1], before, after, number(uow, source, after.id))


def rehearse(uow: UnitOfWork, source: str, after: Bundle, mapping: Elements, *, most: int = 20_000) -> Rehearsal:
    """The dry run over the open cases of a version, at most so many; `after` may be only compiled. Nothing is written."""
    refused, changes = dict[Any, Group](), dict[Any, Group]()
    looked_at = possible = 0
    known: dict[str, dict[str, Mapped]] = {}
    for rows in _pages(uow, source, after.id, most):
        seen = migration.read(uow, [row.id for row in rows])
        for row in rows:
            verdict = migration.examine(uow, row, after, mapping, seen=seen[row.id], known=known.setdefault(row.bundle_id, {}))
            looked_at += 1
            possible += verdict.is_possible
            for code, element in verdict.reasons:
                _count(refused, row, code, verdict.process, element)
            for each in {(c["kind"], c["process"], c["element"]) for c in verdict.changes}:
                _count(changes, row, *each)
    return Rehearsal(number(uow, source, after.id), looked_at, possible, _sorted(refused), _sorted(changes))


def are_open(source: str, bundle_id: str, cases: Sequence[str] | None = None) -> tuple[sa.ColumnElement[bool], ...]:
    """The open cases of a version that are not on the target's parts already."""
    here = process_instance.c
    chosen = (here.id.in_(list(cases)),) if cases is not None else ()
    return here.definition_id == source, here.ended_at.is_(None), here.bundle_id != bundle_id, *chosen


def number(uow: UnitOfWork, source: str, bundle_id: str, cases: Sequence[str] | None = None) -> int:
    """How many cases `are_open`."""
    found = sa.select(sa.func.count()).select_from(process_instance).where(*are_open(source, bundle_id, cases))
    return int(uow.scalar(found) or 0)


def standing(uow: UnitOfWork, source: str, bundle_id: str) -> dict[tuple[str, str], int]:
    """How many tokens of the cases that `are_open` stand at which (process, element)."""
    here = activity_instance.c
    query = sa.select(here.process_key, here.element, sa.func.count().label("n")).join(
        process_instance, process_instance.c.id == here.instance_id).where(
        here.ended_at.is_(None), *are_open(source, bundle_id)).group_by(here.process_key, here.element)
    return {(row.process_key, row.element): row.n for row in uow.rows(query)}


def _pages(uow: UnitOfWork, source: str, bundle_id: str, most: int) -> Iterator[list[Row]]:
    after, left = "", most
    while left > 0:
        query = sa.select(process_instance).where(*are_open(source, bundle_id), process_instance.c.id > after)
        rows = uow.rows(query.order_by(process_instance.c.id).limit(min(READ, left)))
        if not rows:
            return
        yield rows
        after, left = rows[-1].id, left - len(rows)


def _count(into: dict[Any, Group], row: Row, code: str, process: str, element: str | None) -> None:
    group = into.setdefault((code, process, element), Group(code, process, element))
    group.cases += 1
    if len(group.examples) < EXAMPLES:
        group.examples.append((row.id, row.business_key))


def _sorted(found: Mapping[Any, Group]) -> list[Group]:
    return sorted(found.values(), key=lambda each: (-each.cases, each.code, each.process, each.element or ""))


def definition_row(uow: UnitOfWork, definition_id: str) -> Row:
    """A version of a process. `NotFound`."""
    row = uow.row(sa.select(definition).where(definition.c.id == definition_id, definition.c.kind == "process"))
    if row is None:
        raise NotFound(kind="process", id=definition_id)
    return row
