"""Moving a task's due date, with the timer that it came from and the other tasks that have it from there."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from engine import bundles, canonical
from engine.errors import InvalidValue
from engine.tables import job, task, task_candidate
from engine.unit_of_work import UnitOfWork

FURTHEST = timedelta(days=3653)
"""No diagram may ask for more than ten years (`engine/durations.py`); people may not either."""


def check(uow: UnitOfWork, due_at: datetime) -> None:
    """`InvalidValue` for a moment that is past or beyond `FURTHEST`."""
    if due_at <= uow.now:
        raise InvalidValue("due_past", field="due_at", value=due_at)
    if due_at > uow.now + FURTHEST:
        raise InvalidValue("due_too_far", field="due_at", value=due_at)


def move(uow: UnitOfWork, instance: sa.Row[Any], row: sa.Row[Any], due_at: datetime) -> str | None:
    """Move the due date of the task `row`; gives the id of the timer that moved along, if the date came from one."""
    timer = _source(uow, instance, row)
    rows = [row] if timer is None else _tasks_of(uow, instance, row, timer)
    for each in rows:
        _set(uow, each, due_at)
    if timer is None:
        return None
    uow.execute(sa.update(job).where(job.c.id == timer.id).values(due_at=due_at))
    return str(timer.id)


def _set(uow: UnitOfWork, row: sa.Row[Any], due_at: datetime) -> None:
    uow.execute(sa.update(task).where(task.c.id == row.id).values(due_at=due_at, sort_due=due_at))
    uow.execute(sa.update(task_candidate).where(task_candidate.c.task_id == row.id).values(sort_due=due_at))


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
