"""The working calendars in the database: seeded days, and the revision that deadlines keep.

`engine/calendar_changes.py` changes them.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa

from engine import calendar as working_time
from engine import canonical
from engine.calendar import WorkingCalendar
from engine.errors import NotFound
from engine.tables import calendar, calendar_day, job
from engine.unit_of_work import UnitOfWork

DEFAULT = "default"
ZONE = "Asia/Shanghai"
WARNED_BEFORE = timedelta(days=92)
HOURS = [["08:30", "12:00"], ["13:00", "17:30"]]


def load(uow: UnitOfWork, calendar_id: str = DEFAULT) -> WorkingCalendar:
    """The calendar as of its current revision; read once a revision."""
    row = uow.row(sa.select(calendar).where(calendar.c.id == calendar_id))
    if row is None:
        raise NotFound(kind="calendar", id=calendar_id)
    key = f"calendar/{calendar_id}/{row.revision}"
    if key not in uow.engine.calendars:
        days = uow.rows(sa.select(calendar_day).where(calendar_day.c.calendar_id == calendar_id))
        uow.engine.calendars[key] = working_time.WorkingCalendar.from_rows(
            hours=canonical.loads(row.hours), days={d.day: d.is_working for d in days},
            timezone=row.timezone, revision=row.revision)
    found: WorkingCalendar = uow.engine.calendars[key]
    return found


def working_moment(uow: UnitOfWork, after: datetime) -> datetime:
    """The first moment of working time that is not before `after`; `after` itself where no calendar is seeded."""
    try:
        return working_time.add_working(after, timedelta(0), load(uow))
    except NotFound:
        return after


def seed(uow: UnitOfWork, first_year: int, last_year: int) -> None:
    """Create the default calendar with the public holidays and make-up workdays of these years, once."""
    if uow.row(sa.select(calendar.c.id).where(calendar.c.id == DEFAULT)):
        return
    uow.execute(sa.insert(calendar).values(
        id=DEFAULT, name="标准工作日历", timezone=ZONE, hours=canonical.dumps(HOURS), revision=1))
    rows = [dict(row, calendar_id=DEFAULT) for row in working_time.seed_days(first_year, last_year)]
    uow.execute(sa.insert(calendar_day), rows)


def days(uow: UnitOfWork, calendar_id: str = DEFAULT) -> list[sa.Row[Any]]:
    """The days from today on that differ from Monday to Friday, by date."""
    today = uow.now.astimezone(load(uow, calendar_id).place).date()
    query = sa.select(calendar_day).where(calendar_day.c.calendar_id == calendar_id, calendar_day.c.day >= today)
    return uow.rows(query.order_by(calendar_day.c.day))


def year(uow: UnitOfWork, number: int, calendar_id: str = DEFAULT) -> dict[date, sa.Row[Any]]:
    """The days of a year that differ from Monday to Friday."""
    query = sa.select(calendar_day).where(
        calendar_day.c.calendar_id == calendar_id, calendar_day.c.day.between(date(number, 1, 1), date(number, 12, 31)))
    return {row.day: row for row in uow.rows(query)}


@dataclass(frozen=True, slots=True)
class Horizon:
    """Until when the calendar is reliable, and how many open working-time deadlines lie beyond."""

    last_day: date | None
    deadlines_beyond: int
    is_near: bool


def horizon(uow: UnitOfWork, calendar_id: str = DEFAULT) -> Horizon:
    """How far the calendar reaches; near is less than `WARNED_BEFORE` away, or passed by a deadline already."""
    working = load(uow, calendar_id)
    last = working_time.last_known_day(working)
    if last is None:
        return Horizon(None, 0, is_near=True)
    end = datetime.combine(last + timedelta(days=1), time(), working.place).astimezone(UTC)
    open_ones = sa.select(sa.func.count()).where(
        job.c.kind == "timer", job.c.state == "open", job.c.due_at >= end, job.c.timer.like(f'%"calendar":"{calendar_id}"%'))
    beyond = int(uow.scalar(open_ones))
    return Horizon(last, beyond, is_near=bool(beyond) or end - uow.now < WARNED_BEFORE)
