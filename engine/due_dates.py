"""Moving due dates: a task's with the timer that it came from, or a timer's with the tasks that have theirs from it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from engine import bundles, canonical
from engine.errors import InvalidValue
from engine.tables import job, task, task_candidate
from engine.unit_of_work import UnitOfWork

FURTHEST = timedelta(days=3653)
"""No diagram may ask for more than ten years (`engine/durations.py`); people may not either."""

SET = "set_by"
"""Among a timer's own facts: who moved it by hand; no calendar counts it again."""


def check(uow: UnitOfWork, due_at: datetime) -> None:
    """`InvalidValue` for a moment that is past or beyond `FURTHEST`."""
    if due_at <= uow.now:
        raise InvalidValue("due_past", field="due_at", value=due_at)
    if due_at > uow.now + FURTHEST:
        raise InvalidValue("due_too_far", field="due_at", value=due_at)


@dataclass(frozen=True, slots=True)
class Together:
    """What moves with a task's due date: the open tasks that have theirs from the same timer, itself among them; the timer."""

    tasks: tuple[sa.Row[Any], ...]
    timer: sa.Row[Any] | None


def together(uow: UnitOfWork, instance: sa.Row[Any], row: sa.Row[Any]) -> Together:
    """What `move` moves for the task `row`."""
    timer = _source(uow, instance, row)
    return Together((row,) if timer is None else tuple(_tasks_of(uow, instance, row, timer)), timer)


def move(uow: UnitOfWork, instance: sa.Row[Any], row: sa.Row[Any], due_at: datetime) -> str | None:
    """Move the due date of the task `row`; gives the id of the timer that moved along, if the date came from one."""
    moved = together(uow, instance, row)
    for each in moved.tasks:
        set_task(uow, each.id, due_at)
    if (timer := moved.timer) is None:
        return None
    told = canonical.loads(timer.timer) if timer.timer else {}
    set_timer(uow, timer.id, due_at, {**told, SET: uow.actor.id})
    return str(timer.id)


def set_task(uow: UnitOfWork, task_id: str, due_at: datetime) -> None:
    """Give a task this due date, in every list that it stands in."""
    uow.execute(sa.update(task).where(task.c.id == task_id).values(due_at=due_at, sort_due=due_at))
    uow.execute(sa.update(task_candidate).where(task_candidate.c.task_id == task_id).values(sort_due=due_at))


def set_timer(uow: UnitOfWork, job_id: str, due_at: datetime, told: Mapping[str, Any]) -> None:
    """Move a timer; `told` are its own facts. A worker that has taken it meanwhile to fire it loses it by the fence."""
    uow.execute(sa.update(job).where(job.c.id == job_id).values(
        due_at=due_at, timer=canonical.dumps(dict(told)), lease_until=None, fence=job.c.fence + 1))


def follow(uow: UnitOfWork, instance: sa.Row[Any], timers: Collection[sa.Row[Any]], moved: Mapping[str, datetime],
           ) -> list[tuple[sa.Row[Any], datetime]]:
    """The open tasks of a case whose due date changes as `moved` (timer → its new moment) says, with the new one.

    `timers` are the armed timers of the case as they were. A task is due at the earliest deadline around it (details.md,
    Time); one that has its date from elsewhere, or from a timer that a person moved, keeps it.
    """
    deadlines = [timer for timer in timers if _is_deadline(uow, instance, timer)]
    found = []
    for row in uow.rows(sa.select(task).where(task.c.instance_id == instance.id, task.c.state == "open").order_by(task.c.token)):
        around = [timer for timer in deadlines if timer.token in _around(instance, row.token)]
        sources = [timer for timer in around if timer.due_at == row.due_at]
        if sources and not any(is_set(timer) for timer in sources):
            due_at = min(moved.get(timer.id, timer.due_at) for timer in around)
            if due_at != row.due_at:
                found.append((row, due_at))
    return found


def is_set(timer: sa.Row[Any]) -> bool:
    """Whether a person has put this timer where it is."""
    return SET in (canonical.loads(timer.timer) if timer.timer else {})


def _source(uow: UnitOfWork, instance: sa.Row[Any], row: sa.Row[Any]) -> sa.Row[Any] | None:
    """The armed timer with the property `deadline`, on the task or around it, that gave the task its due date."""
    if row.due_at is None:
        return None
    query = sa.select(job).where(
        job.c.instance_id == instance.id, job.c.kind == "timer", job.c.state == "open", job.c.due_at == row.due_at,
        job.c.token.in_(_around(instance, row.token)))
    return next((each for each in uow.rows(query) if _is_deadline(uow, instance, each)), None)


def _tasks_of(uow: UnitOfWork, instance: sa.Row[Any], row: sa.Row[Any], timer: sa.Row[Any]) -> list[sa.Row[Any]]:
    """The open tasks that have their due date from `timer`, `row` among them."""
    query = sa.select(task).where(task.c.instance_id == instance.id, task.c.state == "open", task.c.due_at == row.due_at)
    return [each for each in uow.rows(query.order_by(task.c.token)) if timer.token in _around(instance, each.token)]


def _around(instance: sa.Row[Any], token: int) -> Collection[int]:
    """The token and those that it stands in, outwards."""
    outer = {each["id"]: each["in"] for each in canonical.loads(instance.tokens)["tokens"]}
    found: list[int] = []
    while token and token not in found:
        found.append(token)
        token = outer.get(token, 0)
    return found


def _is_deadline(uow: UnitOfWork, instance: sa.Row[Any], timer: sa.Row[Any]) -> bool:
    bundle = bundles.load(uow, instance.bundle_id)
    return bundle.element(timer.process_key, timer.element).properties.get("deadline", "false") != "false"
