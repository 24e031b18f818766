"""A due date as people need it: when, how much working time is left or overdue, and how worried to be."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa
from flask_babel import gettext as _

from engine import calendars
from engine.calendar import WorkingCalendar, working_between
from engine.errors import NotFound
from engine.unit_of_work import UnitOfWork
from web.layout.words import SOON, day_and_time, moment, span, working_span

FAR = timedelta(days=45)  # beyond it a date says more than a number of working hours


@dataclass(frozen=True, slots=True)
class Due:
    """`when` short, `full` with the year, `left` in working time (empty when far), `level` for the colour."""

    level: Literal["late", "soon", "calm"]
    when: str
    full: str
    left: str


def clock(uow: UnitOfWork) -> Callable[[sa.Row[Any]], Due | None]:
    """A function that tells a task's due date as of now, counted in the default calendar's working time.

    Without that calendar it counts by the clock: the lists go on, and administrators are told (`lacks_calendar`).
    """
    now, calendar = uow.now, _calendar(uow)
    return lambda row: _due(row.due_at, now, calendar) if row.due_at else None


def lacks_calendar(uow: UnitOfWork) -> bool:
    """Whether the default working calendar is missing."""
    return _calendar(uow) is None


def _calendar(uow: UnitOfWork) -> WorkingCalendar | None:
    """The default working calendar, asked for once a page."""
    if "default_calendar" not in uow.cache:
        try:
            uow.cache["default_calendar"] = calendars.load(uow)
        except NotFound:
            uow.cache["default_calendar"] = None
    found: WorkingCalendar | None = uow.cache["default_calendar"]
    return found


def _due(at: datetime, now: datetime, calendar: WorkingCalendar | None) -> Due:
    when, full = day_and_time(at, now), moment(at)
    if at <= now:
        over = _between(at, now, calendar) if now - at < FAR else None
        return Due("late", when, full, _("%(time)s overdue", time=_words(over, calendar)) if over else _("overdue"))
    if at - now > FAR:
        return Due("calm", when, full, "")
    left = _between(now, at, calendar)
    return Due("soon" if left <= SOON else "calm", when, full, _("%(time)s left", time=_words(left, calendar)))


def _between(start: datetime, end: datetime, calendar: WorkingCalendar | None) -> timedelta:
    return working_between(start, end, calendar) if calendar else end - start


def _words(length: timedelta, calendar: WorkingCalendar | None) -> str:
    return working_span(length) if calendar else span(length)
