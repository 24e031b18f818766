"""Criteria as conditions on `process_instance` that both databases decide by an index.

What lies in other tables is a set of case ids, read from an index of its own: the database looks from whichever side is
shorter, the newest cases or the set.
"""

from collections.abc import Callable, Collection, Iterator
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

_case = process_instance.c


def conditions(uow: UnitOfWork, criteria: Criteria) -> list[Condition]:
    """The conditions that a case must fulfil."""
    return list(_conditions(uow, criteria))


def is_late(now: datetime) -> Condition:
    """That a task ended after it was due, or is open past it."""
    return sa.or_(_ended_late(), _late_now(now))


def _conditions(uow: UnitOfWork, criteria: Criteria) -> Iterator[Condition]:
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
            yield condition(uow, value)


def _midnight(day: date) -> Any:
    """The beginning of a day in China."""
    return sa.literal(datetime.combine(day, time(), ZoneInfo(ZONE)), UtcDateTime())


def _has_outcome(outcome: str) -> Condition:
    if outcome in STATUSES:
        return _case.status == outcome
    process, _, end = outcome.partition("/")
    return sa.and_(_case.process_key == process, _case.end_element == end)


def _is_one_of(*found: sa.Select[Any]) -> Condition:
    return _case.id.in_(sa.union_all(*found) if len(found) > 1 else found[0])


# ------------------------------------------------------------------ what was reached, who acted, what was done by hand
def _reached(places: Collection[Place]) -> Condition:
    if not places:
        return sa.false()
    here = activity_instance.c
    return _is_one_of(sa.select(here.instance_id).where(sa.tuple_(here.process_key, here.element).in_(sorted(places))))


def _of_role(uow: UnitOfWork, role: str) -> Condition:
    return _reached(vocabulary.read(uow).roles.get(role, frozenset()))


def _of_clause(uow: UnitOfWork, clause: str) -> Condition:
    return _reached(vocabulary.read(uow).of_clause(clause))


def _of_person(_uow: UnitOfWork, person: str) -> Condition:
    """Whoever completes, claims or starts stands on the record, as does for whom; the index leaves out what the system does."""
    here = history_event.c
    by_people = () if person == SYSTEM.id else (BY_PEOPLE,)
    return _is_one_of(sa.select(here.instance_id).where(here.actor == person, *by_people),
                      sa.select(here.instance_id).where(here.on_behalf_of == person, FOR_ANOTHER))


def _by_intervention(_uow: UnitOfWork, command: str) -> Condition:
    chosen = () if command == ANY else (history_event.c.command == command,)
    return _is_one_of(sa.select(history_event.c.instance_id).where(INTERVENED, *chosen))


# ------------------------------------------------------------------ lateness
def _ended_late() -> Condition:
    return task.c.ended_at > task.c.due_at


def _late_now(now: datetime) -> Condition:
    return sa.and_(task.c.state == "open", task.c.sort_due < sa.literal(now, UtcDateTime()))


def _of_lateness(uow: UnitOfWork, lateness: Literal["late", "late_now", "on_time"]) -> Condition:
    """`on_time` is asked case by case: most cases are."""
    if lateness == "on_time":
        return ~sa.exists().where(task.c.instance_id == _case.id, is_late(uow.now))
    late_now = sa.select(task.c.instance_id).where(_late_now(uow.now))
    ended_late = sa.select(task.c.instance_id).where(_ended_late())
    return _is_one_of(late_now) if lateness == "late_now" else _is_one_of(ended_late, late_now)


# ------------------------------------------------------------------ text
def _contains(*columns: sa.ColumnElement[Any]) -> Callable[[UnitOfWork, str], Condition]:
    """That one of the columns contains the text; spaces and the case of letters do not matter."""

    def condition(uow: UnitOfWork, text: str) -> Condition:
        folded = (sa.func.lower(sa.func.replace(sa.func.coalesce(column, ""), " ", "")) for column in columns)
        holds = sa.or_(*(column.contains(search.fold(text), autoescape=True) for column in folded))
        gram, number = searching.rarest(uow, text) or ("", 0)
        if len(gram) == 1:  # only texts of one character are kept by it
            return holds
        has_piece = _is_one_of(sa.select(search_gram.c.instance_id).where(search_gram.c.gram == gram))
        return sa.and_(has_piece, holds) if number else sa.false()

    return condition


_FROM_OTHER_TABLES: dict[str, Callable[[UnitOfWork, Any], Condition]] = {
    "role": _of_role, "clause": _of_clause, "person": _of_person, "intervention": _by_intervention, "lateness": _of_lateness,
    "serial": _contains(_case.serial), "customer": _contains(_case.customer),
    "search": _contains(_case.business_key, _case.customer, _case.serial),
}
