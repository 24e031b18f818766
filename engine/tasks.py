"""User tasks: claim, release, assign, delegate, give back, complete (WS-HumanTask §4, in the words of Camunda 7)."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine import bundles, canonical, drafts, due_dates, execution, forms, identity, notices, replies, step
from engine.bundles import Bundle
from engine.diagram.model import Element
from engine.errors import AlreadyChanged, Conflict, Forbidden, InvalidForm, InvalidValue, LimitExceeded, NotFound
from engine.execution import Command
from engine.instances import lists_of
from engine.spiff.steps import Complete
from engine.tables import task, task_candidate
from engine.unit_of_work import UnitOfWork
from engine.waiting import announce, candidate_rows

Values = Mapping[str, Any]
REASON = 500
"""Characters of a reason that are kept."""
_TASK = sa.select(task).where(task.c.id == sa.bindparam("task"))
_SET_TASK = sa.update(task).where(task.c.id == sa.bindparam("task"))


def claim(uow: UnitOfWork, task_id: str, *, revision: int | None = None) -> None:
    """Take an unclaimed task, or one of a person whom the actor stands in for.

    `AlreadyChanged` if a colleague was quicker, `Forbidden` if it is not mine to take.
    """
    row, instance = _open(uow, task_id, revision)
    if row.assignee == uow.actor.id:
        return
    if row.assignee and row.assignee not in uow.actor.stands_for:
        raise AlreadyChanged("task_claimed", who=row.assignee, at=row.claimed_at, what="claim", task=task_id)
    _act_by_right(uow, row, instance)
    _hand(uow, instance, row, uow.actor.id, "claim")


def release(uow: UnitOfWork, task_id: str, *, revision: int | None = None) -> None:
    """Give a task back to its candidate groups; one without groups stays (nobody would find it)."""
    row, instance = _open(uow, task_id, revision)
    if row.assignee is None:
        return
    if row.assignee != uow.actor.id and not identity.may_assign(uow, row):
        raise Forbidden("not_assignee", task=task_id, assignee=row.assignee)
    if canonical.loads(row.candidate_groups) == []:
        raise Conflict("no_candidate_group", task=task_id)
    _hand(uow, instance, row, None, "release")


def assign(uow: UnitOfWork, task_id: str, *, assignee: str, reason: str = "", revision: int | None = None) -> None:
    """Give a task to a person who may do it (leads of the office, central managers, administrators); they are told."""
    row, instance = _open(uow, task_id, revision)
    if not identity.may_assign(uow, row):
        raise Forbidden("may_not_assign", task=task_id)
    if not identity.may_work_on_as(uow, row, assignee):
        raise InvalidValue("assignee", field="assignee", value=assignee, who=assignee, task=task_id)
    _hand(uow, instance, row, assignee, "assign", reason=reason)
    _tell(uow, row, "assigned", assignee, reason)


def delegate(uow: UnitOfWork, task_id: str, *, to: str, reason: str, revision: int | None = None) -> None:
    """Ask somebody who may do a task to do it; who had it stays its owner and gets it back (WS-HumanTask 4.8).

    For its assignee, for who leads, and for who could claim it. A reason is needed.
    """
    row, instance = _open(uow, task_id, revision)
    reason = _reason(reason)
    if row.assignee != uow.actor.id and not identity.may_assign(uow, row):
        if row.assignee:
            raise AlreadyChanged("task_claimed", who=row.assignee, at=row.claimed_at, what="claim", task=task_id)
        _act_by_right(uow, row, instance)
    if to in (row.assignee, uow.actor.id) or not identity.may_work_on_as(uow, row, to):
        raise InvalidValue("assignee", field="to", value=to, who=to, task=task_id)
    owner = row.owner or row.assignee or uow.actor.id
    _hand(uow, instance, row, to, "delegate", owner=owner if owner != to else None, reason=reason)
    _tell(uow, row, "delegated", to, reason)


def give_back(uow: UnitOfWork, task_id: str, *, reason: str, revision: int | None = None) -> None:
    """Return a delegated task to its owner, with a reason."""
    row, instance = _open(uow, task_id, revision)
    reason = _reason(reason)
    if row.assignee != uow.actor.id and not identity.may_assign(uow, row):
        raise Forbidden("not_assignee", task=task_id, assignee=row.assignee)
    if row.owner is None:
        raise Conflict("not_delegated", task=task_id)
    _hand(uow, instance, row, row.owner, "give_back", reason=reason)
    _tell(uow, row, "returned", row.owner, reason)


def set_due(uow: UnitOfWork, task_id: str, *, due_at: datetime, reason: str, revision: int | None = None) -> None:
    """Give a task another due date (leads); the deadline's timer that the old one came from moves with it.

    `InvalidValue` for a date that is past or further away than any diagram may ask.
    """
    row, instance = _open(uow, task_id, revision)
    reason = _reason(reason)
    if not identity.may_assign(uow, row):
        raise Forbidden("may_not_set_due", task=task_id)
    due_dates.check(uow, due_at)
    if due_at == row.due_at:
        return
    moved = due_dates.move(uow, instance, row, due_at)
    announce(uow, instance, [row._asdict()])
    execution.advance(uow, instance, Command("set_due", None, row.element, inputs={
        "task": row.id, "token": row.token, "due_at": due_at.isoformat(), "reason": reason, "timer": moved,
        "before": row.due_at.isoformat() if row.due_at else None}))


def complete(uow: UnitOfWork, task_id: str, *, values: Values | None = None, variables: Values | None = None,
             revision: int | None = None, idempotency_key: str | None = None) -> str:
    """Complete a task and run the case on; returns the case's id. An unclaimed task is claimed by it.

    `values` go through the task's form, `variables` are typed already (REST). The same `idempotency_key` gives the
    first reply again, with other values it is refused. Raises `InvalidForm`, `AlreadyChanged`, `Forbidden`, `Conflict`.
    """
    digest = replies.digest_of({"task": task_id, "values": dict(values or {}), "variables": dict(variables or {})})
    instance = _locked(uow, task_id)  # first, so that a double click waits here and finds the reply
    if (reply := replies.find(uow, idempotency_key, digest)) is not None:
        return reply
    row = _open_row(uow, task_id, instance, revision, takes_over=True)
    if row.assignee not in (None, uow.actor.id, *uow.actor.stands_for) and not uow.actor.acts_everywhere:
        raise AlreadyChanged("task_claimed", who=row.assignee, at=row.claimed_at, what="claim", task=task_id)
    _act_by_right(uow, row, instance)
    bundle = bundles.load(uow, instance.bundle_id)
    found = _typed(uow, instance, bundle, row, values=values, variables=variables)
    _close(uow, instance, row)
    scope = step.place_of(canonical.loads(instance.tokens), row.token).scope
    try:
        execution.advance(uow, instance, Command("complete", Complete(row.token), row.element, found, scope,
                                                 {"form": dict(values or {}), "task": task_id}))
    except LimitExceeded as problem:
        raise InvalidValue("too_large", field=problem.facts.get("name"), **problem.facts) from problem
    drafts.discard(uow, task_id)
    replies.keep(uow, idempotency_key, instance.id)
    return str(instance.id)


def open_load(uow: UnitOfWork, people: Collection[str]) -> dict[str, int]:
    """How many open tasks each of these users has; those with none are left out."""
    query = sa.select(task.c.assignee, sa.func.count().label("number")).where(
        task.c.state == "open", task.c.assignee.in_(people))
    return {row.assignee: row.number for row in uow.rows(query.group_by(task.c.assignee))}


def form_of(bundle: Bundle, element: Element) -> Values | None:
    """The form-js schema of a user task, None if it has none."""
    return bundle.forms.get(element.attributes.get("formRef", ""))


def row_of(uow: UnitOfWork, task_id: str) -> sa.Row[Any]:
    """The task's row, open or not. `NotFound` if there never was one."""
    row = uow.row(_TASK, task=task_id)
    if row is None:
        raise NotFound(kind="task", id=task_id)
    return row


def _open(uow: UnitOfWork, task_id: str, revision: int | None) -> tuple[sa.Row[Any], sa.Row[Any]]:
    """The task and its locked case."""
    instance = _locked(uow, task_id)
    return _open_row(uow, task_id, instance, revision), instance


def _locked(uow: UnitOfWork, task_id: str) -> sa.Row[Any]:
    """The case of a task, locked; a task's id embeds its case's."""
    try:
        return uow.lock_instance(task_id.rpartition(".")[0])
    except NotFound as problem:
        raise NotFound(kind="task", id=task_id) from problem


def _open_row(uow: UnitOfWork, task_id: str, instance: sa.Row[Any], revision: int | None, *,
              takes_over: bool = False) -> sa.Row[Any]:
    """The open task. `takes_over`: a completion may follow the actor's own claim made elsewhere."""
    row = row_of(uow, task_id)
    if not identity.may_see(uow, instance):
        raise Forbidden("may_not_see", task=task_id)
    if row.state != "open":
        raise AlreadyChanged("task_" + row.state, who=row.completed_by, at=row.ended_at, what=row.state, task=task_id)
    is_mine = takes_over and row.assignee == uow.actor.id
    if revision is not None and row.revision != revision and not is_mine:
        raise AlreadyChanged("task_changed", who=row.assignee, at=row.claimed_at, what="claim", task=task_id)
    return row


def _act_by_right(uow: UnitOfWork, row: sa.Row[Any], instance: sa.Row[Any]) -> None:
    """Go on as who has the right to the task: the actor, or the actor on behalf of an absent person."""
    right = identity.right_to(uow, row, instance)
    if right is None:
        raise Forbidden("may_not_work_on", task=row.id, groups=canonical.loads(row.candidate_groups), office=row.office)
    uow.actor = replace(uow.actor, on_behalf_of=right.on_behalf_of)


def _hand(uow: UnitOfWork, instance: sa.Row[Any], row: sa.Row[Any], assignee: str | None, command: str, *,
          owner: str | None = None, reason: str = "") -> None:
    mine = (task.c.id == row.id, task.c.revision == row.revision)
    by_another = command in ("assign", "delegate", "give_back")
    uow.execute(sa.update(task).where(*mine).values(
        assignee=assignee, claimed_at=uow.now if assignee else None, revision=row.revision + 1,
        completed_for=uow.actor.on_behalf_of if command == "claim" else None, owner=owner,
        handed_by=uow.actor.id if by_another else None, handed_at=uow.now if by_another else None,
        handed_reason=reason or None))
    uow.execute(sa.delete(task_candidate).where(task_candidate.c.task_id == row.id))
    candidates = candidate_rows(uow, row._asdict()) if assignee is None else []
    if candidates:
        uow.execute(sa.insert(task_candidate), candidates)
    told = {"owner": owner} if owner else {}
    told |= {"reason": reason} if reason else {}
    announce(uow, instance, [row._asdict(), row._asdict() | {"assignee": assignee}])
    execution.advance(uow, instance, Command(command, None, row.element, inputs={
        "task": row.id, "token": row.token, "assignee": assignee, "before": row.assignee, **told}))


def _tell(uow: UnitOfWork, row: sa.Row[Any], kind: str, user_id: str, reason: str) -> None:
    """A notice about a hand-over; each is news, so its subject names the task as it was left."""
    notices.tell(uow, user_id, kind, subject=f"{row.id}/{row.revision + 1}", instance_id=row.instance_id, task_id=row.id,
                 reason=reason)


def _reason(text: str) -> str:
    text = text.strip()
    if not text:
        raise InvalidValue("reason_missing", field="reason", value="")
    return text[:REASON]


def _close(uow: UnitOfWork, instance: sa.Row[Any], row: sa.Row[Any]) -> None:
    announce(uow, instance, [row._asdict(), row._asdict() | {"assignee": uow.actor.id}])
    uow.later(_SET_TASK, [{
        "task": row.id, "state": "completed", "ended_at": uow.now, "completed_by": uow.actor.id,
        "completed_for": uow.actor.on_behalf_of, "revision": row.revision + 1,
        "assignee": uow.actor.id, "claimed_at": row.claimed_at or uow.now}])


def _typed(uow: UnitOfWork, instance: sa.Row[Any], bundle: Bundle, row: sa.Row[Any], *, values: Values | None,
           variables: Values | None) -> Values:
    schema = form_of(bundle, bundle.element(row.process_key, row.element))
    if values is None:
        return dict(variables or {})
    if schema is None:
        if values:
            raise InvalidForm(errors={name: [("unknown_field", {})] for name in values})
        return dict(variables or {})
    state = canonical.loads(instance.tokens)
    scoped = execution.load_variables(uow, instance.id, bundle, state)
    seen = scoped.visible(step.place_of(state, row.token).scope)
    return {**(variables or {}), **forms.parse(schema, values, seen, uow.now, lists_of(uow, row.office))}
