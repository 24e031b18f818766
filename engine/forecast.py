"""What runs, what waits and what will fire next: jobs by the time they are due, for administrators."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal

import sqlalchemy as sa

from engine import bundles, calendars, timer_starts
from engine.diagram.model import Element
from engine.errors import NotFound
from engine.search import fold
from engine.tables import job, process_instance
from engine.timers import NEVER
from engine.unit_of_work import UnitOfWork

Which = Literal["due", "running", "next", "failing", "failed"]
SHOWN = 50
DAYS = 14
_open = job.c.state == "open"


@dataclass(frozen=True, slots=True)
class Counts:
    """How many jobs are due and taken by nobody, run now, come later, failed before and are tried again, and gave up."""

    due: int
    running: int
    next: int
    failing: int
    failed: int


@dataclass(frozen=True, slots=True)
class Firing:
    """A job: its row with `business_key` and `status` of its case, and the element it belongs to, if it can be told."""

    row: sa.Row[Any]
    element: Element | None


@dataclass(frozen=True, slots=True)
class Day:
    """A day in the company's time zone: how many timers fire on it, and whether it is worked."""

    day: date
    firings: int
    is_working: bool


def counts(uow: UnitOfWork) -> Counts:
    """How many there are of each."""
    numbers = {which: sa.func.count(sa.case((sa.and_(*_condition(uow, which)), 1))).label(which)
               for which in ("due", "running", "next", "failing", "failed")}
    found = uow.rows(sa.select(*numbers.values()).select_from(job).where(job.c.state.in_(["open", "failed"])))[0]
    return Counts(found.due, found.running, found.next, found.failing, found.failed)


def page(uow: UnitOfWork, which: Which, *, search: str = "", day: date | None = None, after: tuple[datetime, str] | None = None,
         ) -> tuple[list[Firing], tuple[datetime, str] | None]:
    """A page of jobs by due date: of cases whose number contains `search`, due on `day`; and where the next page begins."""
    query = sa.select(job, process_instance.c.business_key, process_instance.c.status, process_instance.c.bundle_id).outerjoin(
        process_instance, process_instance.c.id == job.c.instance_id).where(*_condition(uow, which))
    if search:
        query = query.where(sa.func.lower(process_instance.c.business_key).contains(fold(search), autoescape=True))
    if day is not None:
        begin, end = span(uow, day)
        query = query.where(job.c.due_at >= begin, job.c.due_at < end)
    if after is not None:
        query = query.where(sa.or_(job.c.due_at > after[0], sa.and_(job.c.due_at == after[0], job.c.id > after[1])))
    rows = uow.rows(query.order_by(job.c.due_at, job.c.id).limit(SHOWN + 1))
    shown = rows[:SHOWN]
    return [Firing(row, element(uow, row)) for row in shown], (shown[-1].due_at, shown[-1].id) if len(rows) > SHOWN else None


def strip(uow: UnitOfWork, days: int = DAYS) -> list[Day]:
    """How many timers fire on each of the coming days, today first: what is late already counts for today."""
    working = calendars.load(uow)
    today = uow.now.astimezone(working.place).date()
    dates = [today + timedelta(days=n) for n in range(days)]
    edges = [span(uow, each) for each in dates]
    edges[0] = (datetime.min.replace(tzinfo=UTC) + timedelta(days=1), edges[0][1])
    columns = [sa.func.count(sa.case((sa.and_(job.c.due_at >= begin, job.c.due_at < end), 1))).label(f"day{n}")
               for n, (begin, end) in enumerate(edges)]
    row: Sequence[int] = uow.row(sa.select(*columns).where(_open, _fires, job.c.due_at < edges[-1][1])) or [0] * days
    return [Day(each, int(row[n]), working.is_working(each)) for n, each in enumerate(dates)]


def span(uow: UnitOfWork, day: date) -> tuple[datetime, datetime]:
    """The begin and the end of a day of the company's time zone, in UTC."""
    place = calendars.load(uow).place
    begin, end = (datetime.combine(each, time(), place).astimezone(UTC) for each in (day, day + timedelta(days=1)))
    return begin, end


def element(uow: UnitOfWork, row: sa.Row[Any]) -> Element | None:
    """The element that a job or an incident belongs to: of its case's diagrams, or the start event that begins a case.

    `row` has `instance_id`, `bundle_id`, `process_key` and `element`.
    """
    if row.element is None or row.process_key is None:
        return None
    if row.bundle_id is None:
        return timer_starts.event_of(uow, row.process_key, row.element)
    try:
        return bundles.load(uow, row.bundle_id).element(row.process_key, row.element)
    except (NotFound, KeyError):  # a start job names the process it will start, which its case may not reach
        return None


_fires = sa.or_(job.c.kind.in_(("timer", "effective")), sa.and_(job.c.kind == "start", job.c.instance_id.is_(None)))


def _condition(uow: UnitOfWork, which: Which | str) -> tuple[sa.ColumnElement[bool], ...]:
    is_taken = sa.and_(job.c.lease_until.is_not(None), job.c.lease_until >= uow.now)
    conditions: dict[str, tuple[sa.ColumnElement[bool], ...]] = {
        "due": (_open, job.c.due_at <= uow.now, ~is_taken),
        "running": (_open, is_taken),
        "next": (_open, _fires, job.c.due_at > uow.now, job.c.due_at < NEVER),
        "failing": (_open, job.c.error.is_not(None)),
        "failed": (job.c.state == "failed",),
    }
    return conditions[which]
