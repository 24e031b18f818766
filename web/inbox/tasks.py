"""The page of one task, completing it, and what follows."""

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from engine import cases, notices, tasks
from engine.audit import access_log
from web.access import engine, needs, unit_of_work
from web.inbox import task_page
from web.inbox.task_page import KEPT, Answer
from web.layout import words
from web.patience import is_settled

pages = Blueprint("tasks", __name__, template_folder="templates")


@pages.get("/tasks/<task_id>")
@needs("signed_in")
def page(task_id: str) -> str:
    """The task: the question, its form or answers, the instruction, where it stands."""
    _mark_opened(task_id)
    shown = task_page.render(task_id)
    access_log.note(engine(), g.actor, "look", f"task:{task_id}", instance_id=task_id.rpartition(".")[0])
    return shown


@pages.post("/tasks/<task_id>")
@needs("signed_in")
def page_again(task_id: str) -> str:
    """The same page with what was typed before a session ended. Changes nothing."""
    typed = task_page.typed_values()
    return task_page.render(task_id, typed=typed, notice=_("Your entries are back. Check them and send them again."))


@pages.post("/tasks/<task_id>/complete")
@needs("signed_in")
def complete(task_id: str) -> Answer:
    """Complete the task and go on: the next task of the case that is mine to do, else what else is at hand."""
    typed = task_page.typed_values()
    try:
        with unit_of_work(writes=True) as uow:
            case_id = tasks.complete(uow, task_id, values=typed, revision=request.form.get("revision", type=int),
                                     idempotency_key=request.form.get("idempotency_key"))
    except KEPT as error:
        return task_page.refused(task_id, error, typed)
    return _onward(case_id, task_id)


@pages.get("/tasks/<task_id>/<any('complete', 'claim', 'release', 'assign', 'delegate', 'give-back', 'due'):verb>")
@needs("signed_in")
def page_behind(task_id: str, verb: str) -> Response:
    """The task, for who opens the address of a refused answer again: a phone does so with a tab that it put away."""
    del verb
    return redirect(url_for("tasks.page", task_id=task_id))


def _mark_opened(task_id: str) -> None:
    with unit_of_work(writes=False) as uow:
        is_told = notices.leads_to(uow, task_id)
    if is_told:  # a look that tells nothing new writes nothing
        with unit_of_work(writes=True) as uow:
            notices.mark_opened(uow, task_id)


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


@pages.get("/tasks/<task_id>/done")
@needs("signed_in")
def done(task_id: str) -> str:
    """What was completed, and what is next at hand: a choice, not a jump into a stranger's case."""
    with unit_of_work(writes=False) as uow:
        row = cases.task(uow, task_id).row
        onward = task_page.next_of_mine(uow, task_id)
        name = words.in_words(row)
    return render_template("inbox/done.html", row=row, name=name, next=onward, section="inbox", forget=task_id)


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
        return url_for("tasks.done", task_id=task_id)
    return url_for("tasks.page", task_id=mine.id, completed=task_id)
