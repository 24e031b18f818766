"""Incidents: what could not run, why, what to do, and trying again one or several."""

from dataclasses import dataclass

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from engine import incidents as read_side
from engine.errors import EngineError
from web import errors
from web.access import needs, unit_of_work
from web.admin.room import after, pages, show, status
from web.layout import words

MOST = 200  # tried again at once


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of one incident of several: `refused` is empty where it is being tried again."""

    case: str
    refused: str


@pages.get("/incidents")
@needs("admin")
def incidents() -> str:
    """What could not run, why, and a button to try again."""
    return _page()


@pages.post("/incidents/<incident_id>/retry")
@needs("admin")
def retry(incident_id: str) -> Response | tuple[str, int]:
    """Try again what an incident reports."""
    try:
        with unit_of_work(writes=True) as uow:
            read_side.retry(uow, incident_id)
    except EngineError as error:
        return _page(error=error), status(error)
    return redirect(url_for("admin.incidents", retried=incident_id))


@pages.post("/incidents/retry")
@needs("admin")
def retry_several() -> str:
    """Try again the chosen ones, each in its own transaction, and say what became of each."""
    chosen = request.form.getlist("incident")[:MOST]
    with unit_of_work(writes=False) as uow:
        cases = read_side.case_numbers(uow, chosen)
    return _page(tried=[Tried(cases.get(each, "—"), _refused(each)) for each in chosen])


def _refused(incident_id: str) -> str:
    try:
        with unit_of_work(writes=True) as uow:
            read_side.retry(uow, incident_id)
    except EngineError as error:
        return errors.sentence(error, words.language())
    return ""


def _page(*, error: EngineError | None = None, tried: list[Tried] | None = None) -> str:
    search = request.args.get("search", "")
    with unit_of_work(writes=False) as uow:
        rows, following = read_side.unresolved(uow, search=search, after=after())
        return show(uow, "incidents", "incidents", error, rows=rows, after=following, search=search, tried=tried, said=str)
