"""The working calendar: a year on a page, days and hours changed, and how far it reaches."""

import calendar as months
from datetime import date, timedelta
from typing import Any

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from engine import calendar_changes, calendars
from engine.errors import EngineError, InvalidValue
from web.access import needs, unit_of_work
from web.admin.room import field, pages, show, status
from web.layout.words import ZONE

SPANS = 3  # a morning, an afternoon, an evening
YEARS = (2000, 2100)


@pages.get("/calendar")
@needs("admin")
def calendar() -> str:
    """The year, the days that differ from Monday to Friday, how far the calendar reaches, and places to change it."""
    return _page()


@pages.post("/calendar")
@needs("admin")
def set_day() -> Response | tuple[str, int]:
    """Say of a day, or of all from one to another, whether it is worked."""
    try:
        first = _date("day")
        last = _date("until") if field("until") else first
        with unit_of_work(writes=True) as uow:
            calendar_changes.change_days(uow, calendar_changes.days_between(
                first, last, is_working=request.form.get("is_working") == "yes", name=field("name", 200)))
    except InvalidValue as error:
        return _page(error), status(error)
    return redirect(url_for("admin.calendar", changed=first.isoformat(), year=first.year))


@pages.post("/calendar/hours")
@needs("admin")
def set_hours() -> Response | tuple[str, int]:
    """Set the hours of a working day."""
    spans = [[field(f"begin{n}"), field(f"end{n}")] for n in range(SPANS)]
    try:
        with unit_of_work(writes=True) as uow:
            calendar_changes.set_hours(uow, [span for span in spans if any(span)])
    except InvalidValue as error:
        return _page(error), status(error)
    return redirect(url_for("admin.calendar", hours="changed"))


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
        return show(uow, "calendar", "calendar", error, days=calendars.days(uow), horizon=calendars.horizon(uow), number=number,
                    today=today, months=[_month(number, month) for month in range(1, 13)], marked=calendars.year(uow, number),
                    hours=hours, hours_told=", ".join("–".join(span) for span in hours),
                    spans=range(max(SPANS, len(hours))))


def _month(number: int, month: int) -> list[list[Any]]:
    """The weeks of a month from Monday on, None for days of its neighbours."""
    first = date(number, month, 1)
    length = months.monthrange(number, month)[1]
    cells: list[date | None] = [None] * first.weekday() + [first + timedelta(days=n) for n in range(length)]
    cells += [None] * (-len(cells) % 7)
    return [cells[start:start + 7] for start in range(0, len(cells), 7)]
