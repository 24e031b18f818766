"""Criteria as conditions on `process_instance` that both databases decide by an index.

What lies in other tables is asked through an index of its own, from the side that is shorter: where few rows name cases these
are read at once, where many do the newest cases are asked one by one until a page is full.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from engine import search
from engine.audit import vocabulary
from engine.audit.criteria import ANY, STATUSES, Criteria
from engine.audit.vocabulary import Place
from engine.durations import ZONE
from engine.tables import (
    BY_PEOPLE,
    FOR_ANOTHER,
    INTERVENED,
    UtcDateTime,
    activity_instance,
    history_event,
    process_instance,
    search_gram,
    task,
)
from engine.unit_of_work import SYSTEM, UnitOfWork
from engine.worklist import searching

Condition = sa.ColumnElement[bool]
DAY = timedelta(days=1)
COMMON = 20_000
"""So many rows and more are not read at once."""

_case = process_instance.c


def conditions(uow: UnitOfWork, criteria: Criteria, *, common: int = COMMON) -> list[Condition]:
    """The conditions that a case must fulfil; `common` rows and more are not read at once."""
    return list(_conditions(_Asking(uow, common), criteria))


def is_late(now: datetime) -> Condition:
    """That a task ended after it was due, or is open past it."""
    return sa.or_(_ended_late(), _late_now(now))


def _conditions(asking: "_Asking", criteria: Criteria) -> Iterator[Condition]:
    for name, column in (("process", _case.process_key), ("version", _case.process_version), ("office", _case.office)):
        if (value := getattr(criteria, name)) is not None:
            yield column == value
    if criteria.since:
        yield _case.started_at >= _midnight(criteria.since)
    if criteria.until:
        yield _case.started_at < _midnight(criteria.until + DAY)
    if criteria.outcome:
        yield _has_outcome(criteria.outcome)
    for name, condition in _FROM_OTHER_TABLES.items():
        if (value := getattr(criteria, name)) is not None:
            yield condition(asking, value)


def _midnight(day: date) -> Any:
    """The beginning of a day in China."""
    return sa.literal(datetime.combine(day, time(), ZoneInfo(ZONE)), UtcDateTime())


def _has_outcome(outcome: str) -> Condition:
    if outcome in STATUSES:
        return _case.status == outcome
    process, _, end = outcome.partition("/")
    return sa.and_(_case.process_key == process, _case.end_element == end)


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows of another table that name cases: the column that names them, and which rows."""

    case: sa.Column[Any]
    where: Sequence[Condition]

    def cases(self) -> sa.Select[Any]:
        """The ids of the cases."""
        return sa.select(self.case).where(*self.where)

    def of_case(self) -> Condition:
        """That a case has such a row."""
        return sa.exists().where(self.case == _case.id, *self.where)


@dataclass(frozen=True, slots=True)
class _Asking:
    """Where conditions are asked, and how many rows are many."""

    uow: UnitOfWork
    common: int

    def has_any(self, *rows: _Rows) -> Condition:
        """That a case has one of these rows: read at once if there are few, else asked of case after case."""
        some = [each.cases().limit(self.common).subquery() for each in rows]
        counted = [sa.select(sa.func.count()).select_from(each).scalar_subquery().label(f"n{n}") for n, each in enumerate(some)]
        if sum(self.uow.row(sa.select(*counted)) or ()) >= self.common:
            return sa.or_(*(each.of_case() for each in rows))
        return _case.id.in_(sa.union_all(*(each.cases() for each in rows)) if len(rows) > 1 else rows[0].cases())


# ------------------------------------------------------------------ what was reached, who acted, what was done by hand
def _reached(asking: _Asking, places: Collection[Place]) -> Condition:
    if not places:
        return sa.false()
    here = activity_instance.c
    return asking.has_any(_Rows(here.instance_id, [sa.tuple_(here.process_key, here.element).in_(sorted(places))]))


def _of_role(asking: _Asking, role: str) -> Condition:
    return _reached(asking, vocabulary.read(asking.uow).roles.get(role, frozenset()))


def _of_clause(asking: _Asking, clause: str) -> Condition:
    return _reached(asking, vocabulary.read(asking.uow).of_clause(clause))


def _of_person(asking: _Asking, person: str) -> Condition:
    """Whoever completes, claims or starts stands on the record, as does for whom; the index leaves out what the system does."""
    here = history_event.c
    by_people = () if person == SYSTEM.id else (BY_PEOPLE,)
    return asking.has_any(_Rows(here.instance_id, [here.actor == person, *by_people]),
                    _Rows(here.instance_id, [here.on_behalf_of == person, FOR_ANOTHER]))


def _by_intervention(asking: _Asking, command: str) -> Condition:
    chosen = () if command == ANY else (history_event.c.command == command,)
    return asking.has_any(_Rows(history_event.c.instance_id, [INTERVENED, *chosen]))


# ------------------------------------------------------------------ lateness
def _ended_late() -> Condition:
    return task.c.ended_at > task.c.due_at


def _late_now(now: datetime) -> Condition:
    return sa.and_(task.c.state == "open", task.c.sort_due < sa.literal(now, UtcDateTime()))


def _of_lateness(asking: _Asking, lateness: Literal["late", "late_now", "on_time"]) -> Condition:
    """`on_time` is asked case by case: most cases are."""
    if lateness == "on_time":
        return ~sa.exists().where(task.c.instance_id == _case.id, is_late(asking.uow.now))
    late_now, ended_late = (_Rows(task.c.instance_id, [each]) for each in (_late_now(asking.uow.now), _ended_late()))
    return asking.has_any(late_now) if lateness == "late_now" else asking.has_any(ended_late, late_now)


# ------------------------------------------------------------------ text
def _contains(*columns: sa.ColumnElement[Any]) -> Callable[[_Asking, str], Condition]:
    """That one of the columns contains the text; spaces and the case of letters do not matter."""

    def condition(asking: _Asking, text: str) -> Condition:
        folded = (sa.func.lower(sa.func.replace(sa.func.coalesce(column, ""), " ", "")) for column in columns)
        holds = sa.or_(*(column.contains(search.fold(text), autoescape=True) for column in folded))
        gram, number = searching.rarest(asking.uow, text) or ("", 0)
        if len(gram) == 1:  # only texts of one character are kept by it
            return holds
        has_piece = asking.has_any(_Rows(search_gram.c.instance_id, [search_gram.c.gram == gram]))
        return sa.and_(has_piece, holds) if number else sa.false()

    return condition


_FROM_OTHER_TABLES: dict[str, Callable[[_Asking, Any], Condition]] = {
    "role": _of_role, "clause": _of_clause, "person": _of_person, "intervention": _by_intervention, "lateness": _of_lateness,
    "serial": _contains(_case.serial), "customer": _contains(_case.customer),
    "search": _contains(_case.business_key, _case.customer, _case.serial),
}
