"""Several tasks at once: claim, release, assign, set due. Each in a transaction of its own, with a result of its own."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from flask import Response, jsonify, render_template, request, url_for
from flask_babel import gettext as _

from engine import tasks
from engine.errors import EngineError, InvalidValue, NotFound
from engine.unit_of_work import UnitOfWork
from web import errors
from web.access import local_path, needs, unit_of_work
from web.inbox.blueprint import pages
from web.layout import words

log = logging.getLogger("fuwuflow")
MOST = 200
"""Tasks of one request."""
Verb = Callable[[UnitOfWork, str, int | None], None]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one task: `words` say what was done, or why it was refused."""

    id: str
    name: str
    case: str
    is_done: bool
    words: str


@pages.post("/inbox/selected")
@needs("signed_in")
def selected() -> str | Response:
    """Do one thing with the tasks named by `task` (each `id~revision`) and tell the result of each."""
    verb, said = _verb(request.form.get("do", ""))
    chosen = _chosen()
    results = [_do(task_id, revision, verb, said) for task_id, revision in chosen]
    if request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json":
        return jsonify(results=[{"id": one.id, "done": one.is_done, "words": one.words} for one in results])
    back = local_path(request.form.get("back"), url_for("inbox.index"))
    return render_template("inbox/results.html", results=results, back=back, section="inbox",
                           done=sum(one.is_done for one in results))


def _chosen() -> list[tuple[str, int | None]]:
    """Ids with revisions, each task once."""
    found: dict[str, int | None] = {}
    for text in request.form.getlist("task"):
        task_id, _mark, revision = text.partition("~")
        found[task_id] = int(revision) if revision.isdecimal() and len(revision) < 10 else None
    if not found:
        raise InvalidValue("nothing_selected", field="task", value="")
    if len(found) > MOST:
        raise InvalidValue("too_many_selected", field="task", value=str(len(found)), limit=MOST)
    return list(found.items())


def _verb(name: str) -> tuple[Verb, str]:
    """What is to be done with each, and the words for having done it."""
    if name == "claim":  # only an unclaimed task is claimed; whatever else has changed about it does not matter
        return lambda uow, task, _revision: tasks.claim(uow, task), _("claimed")
    if name == "release":
        return lambda uow, task, revision: tasks.release(uow, task, revision=revision), _("released")
    if name == "assign":
        return _assign(request.form.get("assignee", "")), _("assigned")
    if name == "due":
        return _set_due(request.form.get("due_at", ""), request.form.get("reason", "").strip()), _("due date set")
    raise InvalidValue("bad_request", field="do", value=name)


def _assign(person: str) -> Verb:
    if not person:
        raise InvalidValue("assignee_missing", field="assignee", value="")
    return lambda uow, task, revision: tasks.assign(uow, task, assignee=person, revision=revision)


def _set_due(text: str, reason: str) -> Verb:
    due_at = _moment(text)
    if not reason:
        raise InvalidValue("reason_missing", field="reason", value="")
    return lambda uow, task, revision: tasks.set_due(uow, task, due_at=due_at, reason=reason, revision=revision)


def _moment(text: str) -> datetime:
    """A date and time of the company's clock, as `datetime-local` sends it."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as problem:
        raise InvalidValue("due_missing", field="due_at", value=text) from problem
    return found if found.tzinfo else found.replace(tzinfo=words.ZONE)


def _do(task_id: str, revision: int | None, verb: Verb, said: str) -> Result:
    """One task in a transaction of its own: another's refusal or failure does not touch it."""
    name, case = _names(task_id)
    try:
        with unit_of_work(writes=True) as uow:
            verb(uow, task_id, revision)
    except EngineError as error:
        return Result(task_id, name, case, is_done=False, words=_sentence(error))
    except Exception:
        log.exception("failed for task %s", task_id)
        return Result(task_id, name, case, is_done=False, words=_sentence(EngineError("failed")))
    return Result(task_id, name, case, is_done=True, words=said)


def _names(task_id: str) -> tuple[str, str]:
    with unit_of_work(writes=False) as uow:
        try:
            row = tasks.row_of(uow, task_id)
        except NotFound:
            return task_id[:60], ""
    return words.in_words(row), row.business_key


def _sentence(error: EngineError) -> str:
    with unit_of_work(writes=False) as uow:
        return errors.sentence(error, words.language(), partial(words.person, uow))
