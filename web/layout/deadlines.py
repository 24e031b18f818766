"""A due date as people need it: when, how much working time is left or overdue, and how worried to be."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa
from flask_babel import gettext as _

from engine import calendars
from engine.calendar import WorkingCalendar, working_between
from engine.unit_of_work import UnitOfWork
from web.layout.words import SOON, day_and_time, moment, working_span

FAR = timedelta(days=45)  # beyond it a date says more than a number of working hours


@dataclass(frozen=True, slots=True)
class Due:
    """`when` short, `full` with the year, `left` in working time (empty when far), `level` for the colour."""

    level: Literal["late", "soon", "calm"]
    when: str
    full: str
    left: str


def clock(uow: UnitOfWork) -> Callable[[sa.Row[Any]], Due | None]:
    """A function that tells a task's due date as of now, counted in the default calendar's working time."""
    now, calendar = uow.now, calendars.load(uow)
    return lambda row: _due(row.due_at, now, calendar) if row.due_at else None


def _due(at: datetime, now: datetime, calendar: WorkingCalendar) -> Due:
    when, full = day_and_time(at, now), moment(at)
    if at <= now:
        over = working_between(at, now, calendar) if now - at < FAR else None
        return Due("late", when, full, _("%(time)s overdue", time=working_span(over)) if over else _("overdue"))
    if at - now > FAR:
        return Due("calm", when, full, "")
    left = working_between(now, at, calendar)
    return Due("soon" if left <= SOON else "calm", when, full, _("%(time)s left", time=working_span(left)))
