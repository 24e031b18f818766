"""Jobs: how many are due, run or failed, and what will fire next, by day."""

from datetime import date

from flask import request

from engine import forecast
from engine.durations import YEARS
from web.access import needs, unit_of_work
from web.admin.room import after, pages, show
from web.layout import deadlines

VIEWS: tuple[forecast.Which, ...] = ("next", "due", "running", "failing", "failed")


@pages.get("/jobs")
@needs("admin")
def jobs() -> str:
    """Counts, the next 14 days, and the jobs of one kind by due date."""
    asked = request.args.get("view", "next")
    which = next((view for view in VIEWS if view == asked), VIEWS[0])
    search = request.args.get("search", "")
    with unit_of_work(writes=False) as uow:
        rows, following = forecast.page(uow, which, search=search, day=_day(), after=after())
        return show(uow, "jobs", "jobs", counts=forecast.counts(uow), strip=forecast.strip(uow), rows=rows, after=following,
                    which=which, views=VIEWS, search=search, day=_day(), clock=deadlines.clock(uow))


def _day() -> date | None:
    """The day that was asked for; None for none, and for one on which no calendar has a job."""
    try:
        found = date.fromisoformat(request.args.get("day", ""))
    except ValueError:
        return None
    return found if found.year in YEARS else None

