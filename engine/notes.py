"""Adding to the record of a case without moving it: who may see a case may add to it, also when it is suspended or over."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from engine import execution, identity
from engine.errors import Forbidden, NotFound
from engine.execution import Command
from engine.tables import task
from engine.unit_of_work import UnitOfWork


def case(uow: UnitOfWork, instance_id: str) -> sa.Row[Any]:
    """The locked row of a case that the actor may add to. `NotFound`, `Forbidden`."""
    row = uow.lock_instance(instance_id)
    if not identity.may_see(uow, row):
        raise Forbidden("may_not_see", id=instance_id)
    return row


def record(uow: UnitOfWork, row: sa.Row[Any], command: str, task_id: str | None, inputs: Mapping[str, Any]) -> None:
    """Put one of `execution.NOTES` on the record of a case, at the element of the task it was made on if there is one."""
    execution.advance(uow, row, Command(command, None, _element(uow, row.id, task_id), inputs={"task": task_id, **inputs}))


def _element(uow: UnitOfWork, instance_id: str, task_id: str | None) -> str | None:
    if task_id is None:
        return None
    found: str | None = uow.scalar(sa.select(task.c.element).where(task.c.id == task_id, task.c.instance_id == instance_id))
    if found is None:
        raise NotFound(kind="task", id=task_id)
    return found
