"""Cases of all time by what auditors ask for; exact, newest first, page by page or all of them."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine.audit.conditions import conditions, is_late
from engine.audit.criteria import YEARS, Criteria
from engine.errors import InvalidValue
from engine.interventions import COMMANDS
from engine.tables import UtcDateTime, history_event, process_instance, task
from engine.unit_of_work import UnitOfWork

__all__ = ["Criteria", "Facets", "Found", "about", "batches", "count", "every", "facets", "page"]
PAGE = 50
COUNTED = 10_000
"""A number of cases stops here: it is for people, and an exact one would read every case."""
BATCH = 500
Row = sa.Row[Any]

_case = process_instance.c
_COLUMNS = [column for column in _case if column.name not in ("tokens", "head_seq", "head_hash", "watchers")]


# ------------------------------------------------------------------ what is found
@dataclass(frozen=True, slots=True)
class Found:
    """Cases (columns of `process_instance` but its tokens); `next_cursor` asks for the following page, None at the end."""

    rows: Sequence[Row]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Facets:
    """How many cases there are, and of them by `process`, `office` and `outcome` (a status); exact unless there `is_more`."""

    total: int
    is_more: bool
    by: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class About:
    """What a case's row does not have: how many of its tasks were or are late, and its interventions by command."""

    late: int
    interventions: Mapping[str, int]


def page(uow: UnitOfWork, criteria: Criteria, *, after: str | None = None, limit: int = PAGE) -> Found:
    """The newest cases that fit, by start, behind the cursor `after`."""
    query = _matching(uow, criteria)
    if after:
        at, key = _read(after)
        query = query.where(sa.tuple_(_case.started_at, _case.id) < sa.tuple_(sa.literal(at, UtcDateTime()), sa.literal(key)))
    rows = uow.rows(query.order_by(_case.started_at.desc(), _case.id.desc()).limit(limit + 1))
    return Found(rows[:limit], _cursor(rows[limit - 1]) if len(rows) > limit else None)


def every(uow: UnitOfWork, criteria: Criteria, *, most: int | None = None) -> Iterator[Row]:
    """All cases that fit, newest first, at most `most`; read page by page, so that they need not fit into memory."""
    for rows in batches(uow, criteria, most=most):
        yield from rows


def batches(uow: UnitOfWork, criteria: Criteria, *, most: int | None = None) -> Iterator[Sequence[Row]]:
    """The same, some hundreds at a time."""
    after, left = None, most
    while left is None or left > 0:
        found = page(uow, criteria, after=after, limit=BATCH if left is None else min(BATCH, left))
        if found.rows:
            yield found.rows
        after, left = found.next_cursor, None if left is None else left - len(found.rows)
        if after is None:
            return


def facets(uow: UnitOfWork, criteria: Criteria) -> Facets:
    """How many fit, up to `COUNTED`, and how they divide."""
    columns = {"process": _case.process_key, "office": _case.office, "outcome": _case.status}
    query = sa.select(*columns.values()).where(*conditions(uow, criteria)).limit(COUNTED + 1)
    rows = uow.rows(query)
    by = {name: Counter(row[number] for row in rows) for number, name in enumerate(columns)}
    return Facets(min(len(rows), COUNTED), len(rows) > COUNTED, by)


def count(uow: UnitOfWork, criteria: Criteria) -> int:
    """How many fit, up to `COUNTED` and one more where there are more."""
    some = sa.select(_case.id).where(*conditions(uow, criteria)).limit(COUNTED + 1).subquery()
    return int(uow.scalar(sa.select(sa.func.count()).select_from(some)))


def about(uow: UnitOfWork, rows: Sequence[Row]) -> dict[str, About]:
    """Case → what its row does not have; two statements, however many cases."""
    ids = [row.id for row in rows]
    if not ids:
        return {}
    number, here = sa.func.count().label("number"), history_event.c
    late = uow.rows(sa.select(task.c.instance_id, number).where(
        task.c.instance_id.in_(ids), is_late(uow.now)).group_by(task.c.instance_id))
    by_hand = uow.rows(sa.select(here.instance_id, here.command, number).where(
        here.instance_id.in_(ids), here.command.in_(sorted(COMMANDS))).group_by(here.instance_id, here.command))
    tardy, commands = {row.instance_id: row.number for row in late}, dict[str, dict[str, int]]()
    for row in by_hand:
        commands.setdefault(row.instance_id, {})[row.command] = row.number
    return {key: About(tardy.get(key, 0), commands.get(key, {})) for key in ids}


def _matching(uow: UnitOfWork, criteria: Criteria) -> sa.Select[Any]:
    return sa.select(*_COLUMNS).where(*conditions(uow, criteria))


def _cursor(row: Row) -> str:
    return f"{row.started_at.isoformat()}~{row.id}"


def _read(cursor: str) -> tuple[datetime, str]:
    at, separator, key = cursor.partition("~")
    try:
        moment = datetime.fromisoformat(at)
    except ValueError as problem:
        raise InvalidValue("cursor", field="after", value=cursor[:50]) from problem
    if not separator or moment.tzinfo is None or moment.year not in YEARS:
        raise InvalidValue("cursor", field="after", value=cursor[:50])
    return moment, key
