"""Handing a task over: claim, release, assign, delegate, give back; and giving it another due date."""

from collections.abc import Callable
from datetime import UTC, datetime

from flask import Blueprint, redirect, request, url_for

from engine import tasks
from engine.errors import InvalidValue
from engine.unit_of_work import UnitOfWork
from web.access import needs, unit_of_work
from web.inbox import task_page
from web.inbox.task_page import KEPT, Answer
from web.layout.words import ZONE

pages = Blueprint("handing", __name__)


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
    return _do(task_id, lambda uow: tasks.assign(uow, task_id, assignee=_chosen(), reason=_reason(), revision=_revision()))


@pages.post("/tasks/<task_id>/delegate")
@needs("signed_in")
def delegate(task_id: str) -> Answer:
    """Ask somebody to do it; it comes back to who had it."""
    return _do(task_id, lambda uow: tasks.delegate(uow, task_id, to=_chosen(), reason=_reason(), revision=_revision()))


@pages.post("/tasks/<task_id>/give-back")
@needs("signed_in")
def give_back(task_id: str) -> Answer:
    """Return the task to who delegated it."""
    return _do(task_id, lambda uow: tasks.give_back(uow, task_id, reason=_reason(), revision=_revision()))


@pages.post("/tasks/<task_id>/due")
@needs("signed_in")
def set_due(task_id: str) -> Answer:
    """Give the task another due date."""
    return _do(task_id, lambda uow: tasks.set_due(uow, task_id, due_at=_due_at(), reason=_reason(), revision=_revision()))


def _do(task_id: str, verb: Callable[[UnitOfWork], None]) -> Answer:
    try:
        with unit_of_work(writes=True) as uow:
            verb(uow)
    except KEPT as error:
        return task_page.refused(task_id, error, task_page.typed_values())
    return redirect(url_for("tasks.page", task_id=task_id))


def _chosen() -> str:
    return request.form.get("assignee", "")


def _reason() -> str:
    return request.form.get("reason", "")


def _revision() -> int | None:
    return request.form.get("revision", type=int)


def _due_at() -> datetime:
    """The date and time of here that was chosen, as `2026-03-02T10:00`."""
    text = request.form.get("due_at", "")
    try:
        return datetime.fromisoformat(text).replace(tzinfo=ZONE).astimezone(UTC)
    except (ValueError, OverflowError) as problem:
        raise InvalidValue("due_at", field="due_at", value=text) from problem
