"""Changing a working calendar: days to come and hours. Each change is one new revision, on the record.

Deadlines that wait are counted again with it afterwards, a case at a time (`engine/recounting.py`): a job begins that here, in
the same commit, so that no way of changing the calendar forgets them.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from engine import calendars, canonical, history
from engine.calendar import WorkingCalendar
from engine.calendars import DEFAULT
from engine.errors import InvalidValue, NotFound
from engine.job_rows import enqueue
from engine.tables import calendar, calendar_day
from engine.unit_of_work import UnitOfWork

MOST_DAYS = 62
RECOUNT = "recount"
"""The kind of the jobs that count deadlines again: one without a case looks for the cases, one for each case does it."""
Wanted = Mapping[date, tuple[bool, str]]
"""Day → (is it worked, why)."""
Hours = list[list[str]]


def days_between(first: date, last: date, *, is_working: bool, name: str) -> Wanted:
    """The days from `first` to `last`, all alike. `InvalidValue` if there is none, or more than `MOST_DAYS`."""
    length = (last - first).days + 1
    if length < 1 or length > MOST_DAYS:
        raise InvalidValue("days_range", field="until", value=last.isoformat(), limit=MOST_DAYS)
    return {first + timedelta(days=n): (is_working, name) for n in range(length)}


def check_days(uow: UnitOfWork, wanted: Wanted, calendar_id: str = DEFAULT) -> WorkingCalendar:
    """The calendar as it would be with the days `wanted`. Past ones are refused: what was counted with them is over."""
    working = calendars.load(uow, calendar_id)
    today = uow.now.astimezone(working.place).date()
    if past := [day for day in wanted if day < today]:
        raise InvalidValue("day_past", field="day", value=min(past).isoformat())
    return working.with_days({day: is_working for day, (is_working, _) in wanted.items()})


def change_days(uow: UnitOfWork, wanted: Wanted, calendar_id: str = DEFAULT, *, file: str | None = None) -> None:
    """Set days to come; all or none. `file`: the digest of the file they were imported from."""
    history.lock_changes(uow)  # two administrators at once: the later one's revision follows the earlier one's
    check_days(uow, wanted, calendar_id)
    days_here = (calendar_day.c.calendar_id == calendar_id, calendar_day.c.day.in_(list(wanted)))
    before = {row.day.isoformat(): _told(row.is_working, row.name) for row in uow.rows(sa.select(calendar_day).where(*days_here))}
    uow.execute(sa.delete(calendar_day).where(*days_here))
    uow.execute(sa.insert(calendar_day), [
        {"calendar_id": calendar_id, "day": day, "is_working": is_working, "name": name.strip(), "source": "admin"}
        for day, (is_working, name) in wanted.items()])
    after = {day.isoformat(): _told(is_working, name.strip()) for day, (is_working, name) in wanted.items()}
    history.record_change(uow, "import_days" if file else "change_calendar", subject=f"calendar:{calendar_id}", before=before,
                          after=after | ({"file": file} if file else {}))
    _revise(uow, calendar_id)


def written_hours(every: Hours, by_weekday: Mapping[int, Hours]) -> Hours | dict[str, Any]:
    """Hours as they are stored (`WorkingCalendar.from_rows`): a plain list where no weekday has its own, as it always was."""
    return {"every": every, "weekdays": {str(day): by_weekday[day] for day in sorted(by_weekday)}} if by_weekday else every


def check_hours(uow: UnitOfWork, hours: Hours | Mapping[str, Any], calendar_id: str = DEFAULT) -> WorkingCalendar:
    """The calendar as it would be with other hours. `InvalidValue` where they overlap or are no times."""
    now = calendars.load(uow, calendar_id)
    try:
        return WorkingCalendar.from_rows(hours, now.days, now.timezone, now.revision + 1)
    except ValueError as problem:
        raise InvalidValue("calendar_hours", field="hours", value=_hours_told(hours)) from problem


def set_hours(uow: UnitOfWork, every: Hours, by_weekday: Mapping[int, Hours] | None = None, calendar_id: str = DEFAULT) -> bool:
    """Set the hours of a working day, `[["08:30", "12:00"], …]`, and those of ISO weekdays that differ (none: free).

    Says whether they were others.
    """
    history.lock_changes(uow)
    row = uow.row(sa.select(calendar).where(calendar.c.id == calendar_id))
    if row is None:
        raise NotFound(kind="calendar", id=calendar_id)
    hours, before = written_hours(every, by_weekday or {}), canonical.loads(row.hours)
    check_hours(uow, hours, calendar_id)
    if before == hours:
        return False
    uow.execute(sa.update(calendar).where(calendar.c.id == calendar_id).values(hours=canonical.dumps(hours)))
    history.record_change(uow, "change_hours", subject=f"calendar:{calendar_id}", before={"hours": _hours_told(before)},
                          after={"hours": _hours_told(hours)})
    _revise(uow, calendar_id)
    return True


def _revise(uow: UnitOfWork, calendar_id: str) -> None:
    uow.execute(sa.update(calendar).where(calendar.c.id == calendar_id).values(revision=calendar.c.revision + 1))
    enqueue(uow, RECOUNT, arguments={"calendar": calendar_id})


def _told(is_working: bool, name: str) -> str:  # noqa: FBT001  # a column's value, not a switch
    return f"{'worked' if is_working else 'free'} · {name}"


def _hours_told(hours: Hours | Mapping[str, Any]) -> str:
    """Hours in one line, such as `08:30–12:00, 13:00–17:30; 6: 09:00–12:00`."""
    if isinstance(hours, Mapping):
        own = (f"{weekday}: {_spans_told(spans) or '—'}" for weekday, spans in sorted(hours["weekdays"].items()))
        return "; ".join([_spans_told(hours["every"]), *own])
    return _spans_told(hours)


def _spans_told(spans: Sequence[Sequence[str]]) -> str:
    return ", ".join("–".join(span) for span in spans)
