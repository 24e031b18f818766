"""The working calendar: a year on a page, days and hours changed after saying what that moves, and how far it reaches."""

import calendar as months
from datetime import date, timedelta
from typing import Any

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from engine import calendar_changes, calendars, recounting
from engine.calendar import Spans, WorkingCalendar
from engine.calendar_changes import Hours
from engine.errors import EngineError, InvalidValue
from engine.unit_of_work import UnitOfWork
from web.access import needs, unit_of_work
from web.admin.room import field, pages, show, status
from web.layout.words import ZONE

SPANS = 3  # a morning, an afternoon, an evening
YEARS = (2000, 2100)
Answer = str | Response | tuple[str, int]


@pages.get("/calendar")
@needs("admin")
def calendar() -> str:
    """The year, the days that differ from Monday to Friday, how far the calendar reaches, and places to change it."""
    return _page()


@pages.post("/calendar")
@needs("admin")
def set_day() -> Answer:
    """Say of a day, or of all from one to another, whether it is worked: first what that would move, then it is set."""
    try:
        first = _date("day")
        last = _date("until") if field("until") else first
        wanted = calendar_changes.days_between(
            first, last, is_working=request.form.get("is_working") == "yes", name=field("name", 200))
        with unit_of_work(writes=True) as uow:
            changed = calendar_changes.check_days(uow, wanted)
            if not _is_confirmed(changed):
                return _preview(uow, changed, "admin.set_day")
            calendar_changes.change_days(uow, wanted)
    except InvalidValue as error:
        return _page(error), status(error)
    return redirect(url_for("admin.calendar", changed=first.isoformat(), year=first.year))


@pages.post("/calendar/hours")
@needs("admin")
def set_hours() -> Answer:
    """Set the hours of a working day, and those of weekdays that differ: first what that would move."""
    spans = [[field(f"begin{n}"), field(f"end{n}")] for n in range(SPANS)]
    every = [span for span in spans if any(span)]
    try:
        own = {day: _written(field(f"own{day}", 100)) for day in range(1, 8) if field(f"own{day}")}
        with unit_of_work(writes=True) as uow:
            changed = calendar_changes.check_hours(uow, calendar_changes.written_hours(every, own))
            if not _is_confirmed(changed):
                return _preview(uow, changed, "admin.set_hours")
            calendar_changes.set_hours(uow, every, own)
    except InvalidValue as error:
        return _page(error), status(error)
    return redirect(url_for("admin.calendar", hours="changed"))


def _is_confirmed(changed: WorkingCalendar) -> bool:
    """Whether the preview was seen, and of this very revision: another change meanwhile shows it again."""
    return field("seen") == str(changed.revision)


def _preview(uow: UnitOfWork, changed: WorkingCalendar, action: str) -> str:
    """What a change would move, with what was typed to send it again."""
    given = {name: value for name, value in request.form.items() if name not in ("csrf", "seen")}
    return show(uow, "calendar_preview", "calendar", effect=recounting.effect(uow, changed), action=action, given=given,
                seen=changed.revision)


def _written(text: str) -> Hours:
    """Hours of a weekday as they are typed: `09:00-12:00, 13:00-16:00`; a dash alone is a free day."""
    parts = [part.strip() for part in text.replace("，", ",").replace("–", "-").replace("：", ":").split(",")]
    return [[edge.strip() for edge in (*part.split("-"), "")[:2]] for part in parts if part.strip("- —")]


def _date(name: str) -> date:
    try:
        return date.fromisoformat(request.form.get(name, ""))
    except ValueError as problem:
        raise InvalidValue("day", field=name, value=request.form.get(name, "")) from problem


def _page(error: EngineError | None = None) -> str:
    with unit_of_work(writes=False) as uow:
        today = uow.now.astimezone(ZONE).date()
        number = min(max(request.args.get("year", today.year, type=int), YEARS[0]), YEARS[1])
        working = calendars.load(uow)
        hours = [[begin.strftime("%H:%M"), end.strftime("%H:%M")] for begin, end in working.hours]
        own = {day: _spans(spans) or "-" for day, spans in working.by_weekday.items()}
        return show(uow, "calendar", "calendar", error, days=calendars.days(uow), horizon=calendars.horizon(uow), number=number,
                    today=today, months=[_month(number, month) for month in range(1, 13)], marked=calendars.year(uow, number),
                    hours=hours, hours_told=_spans(working.hours), own=own, progress=recounting.progress(uow),
                    spans=range(max(SPANS, len(hours))))


def _spans(spans: Spans) -> str:
    return ", ".join(f"{begin:%H:%M}–{end:%H:%M}" for begin, end in spans)


def _month(number: int, month: int) -> list[list[Any]]:
    """The weeks of a month from Monday on, None for days of its neighbours."""
    first = date(number, month, 1)
    length = months.monthrange(number, month)[1]
    cells: list[date | None] = [None] * first.weekday() + [first + timedelta(days=n) for n in range(length)]
    cells += [None] * (-len(cells) % 7)
    return [cells[start:start + 7] for start in range(0, len(cells), 7)]
