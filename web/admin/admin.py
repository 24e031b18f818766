"""The administrator's pages: deployments, incidents with retry, mail."""

from datetime import date
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine import calendars, deployments, jobs
from engine import incidents as read_side
from engine.diagram.check import File
from engine.errors import DeploymentRefused, EngineError, InvalidValue, Problem
from web import errors
from web.access import needs, unit_of_work
from web.layout import words

pages = Blueprint("admin", __name__, template_folder="templates", url_prefix="/admin")


@pages.get("")
@needs("admin")
def index() -> Response:
    """The first of the pages."""
    return redirect(url_for("admin.deploy_page"))


@pages.get("/deploy")
@needs("admin")
def deploy_page() -> str:
    """What is deployed, and a place to send more."""
    return _deploy_page()


@pages.post("/deploy")
@needs("admin", takes_files=True)
def deploy() -> str | tuple[str, int]:
    """Deploy the files, or say everything that stands in the way. They are received before the transaction begins."""
    files = [File(upload.filename.replace("\\", "/").rsplit("/", 1)[-1], upload.read())
             for upload in request.files.getlist("files") if upload.filename]
    name = request.form.get("name", "").strip()[:200] or ", ".join(file.name for file in files)[:200]
    try:
        if not files:
            raise InvalidValue("no_file", field="files", value="")
        with unit_of_work(writes=True) as uow:
            deployed = deployments.deploy(uow, files, name=name, source="web")
    except DeploymentRefused as error:
        return _deploy_page(problems=error.problems, error=error), errors.refusal(error).status
    except InvalidValue as error:
        return _deploy_page(error=error), errors.refusal(error).status
    return _deploy_page(problems=deployed.problems, deployed=deployed)


@pages.get("/incidents")
@needs("admin")
def incidents() -> str:
    """What could not run, why, and a button to try again."""
    return _incidents_page()


@pages.post("/incidents/<incident_id>/retry")
@needs("admin")
def retry(incident_id: str) -> Response | tuple[str, int]:
    """Try again what an incident reports."""
    try:
        with unit_of_work(writes=True) as uow:
            jobs.retry(uow, incident_id)
    except EngineError as error:
        return _incidents_page(error=error), errors.refusal(error).status
    return redirect(url_for("admin.incidents", retried=incident_id))


@pages.get("/mail")
@needs("admin")
def mail() -> str:
    """What was or will be sent."""
    with unit_of_work(writes=False) as uow:
        letters = read_side.letters(uow)
    return render_template("admin/mail.html", letters=letters, section="admin", part="mail")


@pages.get("/calendar")
@needs("admin")
def calendar() -> str:
    """The days that differ from Monday to Friday, how far the calendar reaches, and a place to add a day."""
    return _calendar_page()


@pages.post("/calendar")
@needs("admin")
def set_day() -> Response | tuple[str, int]:
    """Say of a day whether it is worked."""
    try:
        day = date.fromisoformat(request.form.get("day", ""))
    except ValueError:
        error = InvalidValue("day", field="day", value=request.form.get("day", ""))
        return _calendar_page(error=error), errors.refusal(error).status
    try:
        with unit_of_work(writes=True) as uow:
            calendars.set_day(uow, day, is_working=request.form.get("is_working") == "yes",
                              name=request.form.get("name", "")[:200])
    except InvalidValue as error:
        return _calendar_page(error=error), errors.refusal(error).status
    return redirect(url_for("admin.calendar", changed=day.isoformat()))


def _calendar_page(error: EngineError | None = None) -> str:
    with unit_of_work(writes=False) as uow:
        shown = {"days": calendars.days(uow), "horizon": calendars.horizon(uow)}
    return render_template("admin/calendar.html", **shown, section="admin", part="calendar",
                           error_words=errors.sentence(error, words.language()) if error else "")


def _deploy_page(*, problems: tuple[Problem, ...] = (), error: EngineError | None = None, deployed: Any = None) -> str:
    with unit_of_work(writes=False) as uow:
        rows = deployments.listing(uow)
    return render_template("admin/deploy.html", rows=rows, problems=problems, deployed=deployed, section="admin", part="deploy",
                           error_words=errors.sentence(error, words.language()) if error else "")


def _incidents_page(error: EngineError | None = None) -> str:
    with unit_of_work(writes=False) as uow:
        rows = read_side.unresolved(uow)
    return render_template("admin/incidents.html", rows=rows, section="admin", part="incidents",
                           error_words=errors.sentence(error, words.language()) if error else "")
