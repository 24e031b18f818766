"""The page of one task as it is drawn: what is asked, why it is the reader's, what is known, and what was refused."""

import secrets
from collections.abc import Mapping
from functools import partial
from typing import Any

import sqlalchemy as sa
from flask import render_template, request, url_for
from werkzeug.wrappers import Response

from engine import actions, cases, drafts, entries, identity, tasks, worklist
from engine.cases import TaskView
from engine.errors import AlreadyChanged, Conflict, EngineError, Forbidden, InvalidForm, InvalidValue, NotFound, StepRefused
from engine.unit_of_work import UnitOfWork
from web import errors
from web.access import unit_of_work
from web.inbox import reasons
from web.layout import conversation, deadlines, entered, island, pictures, words

KEPT = (InvalidForm, AlreadyChanged, Conflict, Forbidden, InvalidValue, StepRefused)  # nothing typed is lost
Answer = str | Response | tuple[str, int]


def typed_values() -> dict[str, Any]:
    """The form's values, and the answer of the button that was pressed (which a browser without scripts sends apart)."""
    values = island.read_values(request.form.get("values", ""))
    field, answer = request.form.get("decision_field"), request.form.get("decision")
    return {**values, field: answer} if field and answer is not None else values


def refused(task_id: str, error: EngineError, typed: Mapping[str, Any]) -> tuple[str, int]:
    """The page again, with who was quicker or what is wrong, and every typed word; the words are kept as a draft, too."""
    status = errors.refusal(error).status
    try:
        if typed and not isinstance(error, InvalidForm):
            with unit_of_work(writes=True) as uow:
                drafts.save(uow, task_id, typed, overrides=True)
        return render(task_id, typed=typed, error=error), status
    except (Forbidden, InvalidValue):  # the case is not the reader's to see any more, or the words are too many to keep
        return _overtaken(task_id, error, typed), status


def render(task_id: str, *, typed: Mapping[str, Any] | None = None, error: EngineError | None = None, notice: str = "") -> str:
    """The whole page."""
    with unit_of_work(writes=False) as uow:
        view = cases.task(uow, task_id)
        shown = _shown(uow, view, error) | {"form": _form(view, typed, error)}
        shown["finished"] = name_of(uow, request.args.get("completed"))
    labels = island.labels(view.form)
    findings = errors.findings(error, labels, words.language()) if isinstance(error, InvalidForm) else []
    return render_template(
        "inbox/task.html", **shown, view=view, section="inbox", error=error, findings=findings, notice=notice,
        typed=typed or {}, labels=labels, forget=_forgotten(), instruction=words.instruction(view.element),
        key=secrets.token_urlsafe(16))


def name_of(uow: UnitOfWork, task_id: str | None) -> str:
    """What a task is called; empty for one that never was."""
    try:
        return words.in_words(tasks.row_of(uow, task_id)) if task_id else ""
    except NotFound:
        return ""


def next_of_mine(uow: UnitOfWork, but: str) -> sa.Row[Any] | None:
    """The most urgent task of the reader's own list, the latest first; never `but`."""
    rows = worklist.page(uow, view="mine", limit=2).rows
    return next((row for row in rows if row.id != but), None)


def _shown(uow: UnitOfWork, view: TaskView, error: EngineError | None) -> dict[str, Any]:
    row = view.row
    before, begun = entries.earlier(uow, view.instance, row), entries.begun(uow, view.instance)
    people = [each.id for each in view.candidates]
    return {
        "due": deadlines.clock(uow), "picture": pictures.of_task(uow, view), "actions": actions.offered(uow, view.instance),
        "why": reasons.why(uow, view), "load": tasks.open_load(uow, people) if people else {},
        "talk": conversation.of_case(uow, view.instance, page=url_for("tasks.page", task_id=row.id), task_id=row.id),
        "earlier": [(each, entered.in_words(uow, each.form, each.values, row.office), words.person(uow, each.row.completed_by))
                    for each in before],
        "begun": begun, "begun_by": words.person(uow, begun.actor) if begun else "",
        "begun_with": entered.in_words(uow, begun.form, begun.values, row.office) if begun else [],
        "office": next((words.in_words(each) for each in identity.offices(uow) if each.id == row.office), row.office),
        "assignee": words.person(uow, row.assignee), "completed_by": words.person(uow, row.completed_by),
        "owner": words.person(uow, row.owner), "next": next_of_mine(uow, row.id) if error or row.state != "open" else None,
        "error_words": errors.sentence(error, words.language(), partial(words.person, uow)) if error else "",
        "may_act_for": row.assignee in uow.actor.stands_for,
    }


def _form(view: TaskView, typed: Mapping[str, Any] | None, error: EngineError | None) -> dict[str, Any] | None:
    if view.form is None:
        return None
    found = errors.by_field(error, words.language()) if isinstance(error, InvalidForm) else {}
    decision = view.buttons[0].field if view.buttons else None
    shown = island.definition(view.form, view.variables, view.lists, decision=decision, typed=typed, errors=found)
    return None if decision and island.is_empty(shown) else shown  # the buttons alone need no script


def _overtaken(task_id: str, error: EngineError, typed: Mapping[str, Any]) -> str:
    with unit_of_work(writes=False) as uow:
        sentence = errors.sentence(error, words.language(), partial(words.person, uow))
        onward = next_of_mine(uow, task_id)
    return render_template("inbox/overtaken.html", section="inbox", sentence=sentence, typed=typed, next=onward)


def _forgotten() -> str:
    """The form whose typed values the browser need not keep: the one that led here."""
    started = request.args.get("started")
    return f"start-{started}" if started else request.args.get("completed", "")
