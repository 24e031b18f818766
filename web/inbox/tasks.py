"""The page of one task, and what can be done with it: claim, release, assign, complete."""

import secrets
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from engine import actions, cases, identity, tasks
from engine.cases import TaskView
from engine.errors import AlreadyChanged, Conflict, EngineError, InvalidForm, InvalidValue, NotFound, StepRefused
from engine.unit_of_work import UnitOfWork
from web import errors
from web.access import needs, unit_of_work
from web.layout import deadlines, island, pictures, words
from web.patience import is_settled

pages = Blueprint("tasks", __name__, template_folder="templates")
KEPT = (InvalidForm, AlreadyChanged, Conflict, InvalidValue, StepRefused)  # refusals that show the page again, nothing lost
Answer = str | Response | tuple[str, int]


@pages.get("/tasks/<task_id>")
@needs("signed_in")
def page(task_id: str) -> str:
    """The task: the question, its form or answers, the instruction, where it stands."""
    return _render(task_id)


@pages.post("/tasks/<task_id>")
@needs("signed_in")
def page_again(task_id: str) -> str:
    """The same page with what was typed before a session ended. Changes nothing."""
    return _render(task_id, typed=_typed(), notice=_("Your entries are back. Check them and send them again."))


@pages.post("/tasks/<task_id>/claim")
@needs("signed_in")
def claim(task_id: str) -> Answer:
    """Take the task."""
    return _do(task_id, lambda uow: tasks.claim(uow, task_id, revision=_revision()))


@pages.post("/tasks/<task_id>/release")
@needs("signed_in")
def release(task_id: str) -> Answer:
    """Give the task back to its groups."""
    return _do(task_id, lambda uow: tasks.release(uow, task_id, revision=_revision()))


@pages.post("/tasks/<task_id>/assign")
@needs("signed_in")
def assign(task_id: str) -> Answer:
    """Give the task to a person."""
    chosen = request.form.get("assignee", "")
    return _do(task_id, lambda uow: tasks.assign(uow, task_id, assignee=chosen, revision=_revision()))


@pages.post("/tasks/<task_id>/complete")
@needs("signed_in")
def complete(task_id: str) -> Answer:
    """Complete the task and go on: the next task of the case that is mine to do, else the inbox."""
    typed = _typed()
    try:
        with unit_of_work(writes=True) as uow:
            case_id = tasks.complete(uow, task_id, values=typed, revision=_revision(),
                                     idempotency_key=request.form.get("idempotency_key"))
    except KEPT as error:
        return _refused(task_id, error, typed)
    return _onward(case_id, task_id)


@pages.get("/tasks/<task_id>/progress")
@needs("signed_in")
def progress(task_id: str) -> Answer:
    """What follows a completion is still under way: look again every second, then go on."""
    with unit_of_work(writes=False) as uow:
        case_id = tasks.row_of(uow, task_id).instance_id
        is_busy = cases.is_busy(uow, case_id)
    rounds = min(request.args.get("round", 0, type=int), 60) + 1
    if not is_busy or rounds > 30:
        return redirect(_next_place(case_id, task_id))
    return render_template("inbox/progress.html", task_id=task_id, case_id=case_id, round=rounds, section="inbox")


def _do(task_id: str, verb: Callable[[UnitOfWork], None]) -> Answer:
    try:
        with unit_of_work(writes=True) as uow:
            verb(uow)
    except KEPT as error:
        return _refused(task_id, error, _typed())
    return redirect(url_for("tasks.page", task_id=task_id))


def _refused(task_id: str, error: EngineError, typed: Mapping[str, Any]) -> tuple[str, int]:
    return _render(task_id, typed=typed, error=error), errors.refusal(error).status


def _onward(case_id: str, task_id: str) -> Response:
    if not is_settled(case_id):
        return redirect(url_for("tasks.progress", task_id=task_id))
    return redirect(_next_place(case_id, task_id))


def _next_place(case_id: str, task_id: str) -> str:
    with unit_of_work(writes=False) as uow:
        mine = cases.next_task(uow, case_id)
        is_stopped = mine is None and bool(cases.case(uow, case_id).incidents)
    if is_stopped:  # what was completed stands; the case page says where it stopped and why
        return url_for("cases.page", case_id=case_id, completed=task_id)
    if mine is None:
        return url_for("inbox.index", completed=task_id)
    return url_for("tasks.page", task_id=mine.id, completed=task_id)


def _typed() -> dict[str, Any]:
    """The form's values, and the answer of the button that was pressed (which a browser without scripts sends apart)."""
    values = island.read_values(request.form.get("values", ""))
    field, answer = request.form.get("decision_field"), request.form.get("decision")
    return {**values, field: answer} if field and answer is not None else values


def _revision() -> int | None:
    return request.form.get("revision", type=int)


def _render(task_id: str, *, typed: Mapping[str, Any] | None = None, error: EngineError | None = None, notice: str = "") -> str:
    with unit_of_work(writes=False) as uow:
        view = cases.task(uow, task_id)
        shown = {
            "view": view, "due": deadlines.clock(uow), "form": _form(view, typed, error), "picture": pictures.of_task(uow, view),
            "actions": actions.offered(uow, view.instance),
            "forget": _forgotten(), "finished": _name_of(uow, request.args.get("completed")),
            "office": next((words.in_words(row) for row in identity.offices(uow) if row.id == view.row.office), view.row.office),
            "assignee": words.person(uow, view.row.assignee), "completed_by": words.person(uow, view.row.completed_by),
            "error_words": errors.sentence(error, words.language(), partial(words.person, uow)) if error else "",
        }
    labels = island.labels(view.form)
    findings = errors.findings(error, labels, words.language()) if isinstance(error, InvalidForm) else []
    return render_template(
        "inbox/task.html", **shown, section="inbox", error=error, findings=findings, notice=notice, typed=typed or {},
        labels=labels, instruction=words.instruction(view.element), key=secrets.token_urlsafe(16))


def _form(view: TaskView, typed: Mapping[str, Any] | None, error: EngineError | None) -> dict[str, Any] | None:
    if view.form is None:
        return None
    found = errors.by_field(error, words.language()) if isinstance(error, InvalidForm) else {}
    decision = view.buttons[0].field if view.buttons else None
    return island.definition(view.form, view.variables, view.lists, decision=decision, typed=typed, errors=found)


def _name_of(uow: UnitOfWork, task_id: str | None) -> str:
    try:
        return words.in_words(tasks.row_of(uow, task_id)) if task_id else ""
    except NotFound:
        return ""


def _forgotten() -> str:
    """The form whose typed values the browser need not keep: the one that led here."""
    started = request.args.get("started")
    return f"start-{started}" if started else request.args.get("completed", "")
