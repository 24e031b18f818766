"""What is to be done next, by people and by the clock, over all cases: for a program that plays them all."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine.tables import job, process_instance, task
from engine.unit_of_work import UnitOfWork


def open_tasks(uow: UnitOfWork) -> list[sa.Row[Any]]:
    """Every open task: `id`, `instance_id`, `element`, `assignee`, `created_at`, `due_at`; oldest first."""
    row = task.c
    query = sa.select(row.id, row.instance_id, row.element, row.assignee, row.created_at, row.due_at)
    return uow.rows(query.where(row.state == "open").order_by(row.created_at, row.business_key, row.token))


def next_due_at(uow: UnitOfWork) -> datetime | None:
    """When the next open job falls due; None when there is none."""
    found: datetime | None = uow.scalar(sa.select(job.c.due_at).where(job.c.state == "open").order_by(job.c.due_at).limit(1))
    return found


def has_cases(uow: UnitOfWork) -> bool:
    """Whether any case was ever started."""
    return uow.row(sa.select(process_instance.c.id).limit(1)) is not None
