"""Who did a step of a case, and when: what a record operation writes beside the form's values."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from engine.tables import task
from engine.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Performed:
    """The last completion of a user task of a case; both None if it was not completed."""

    by: str | None = None
    at: datetime | None = None


def performed(uow: UnitOfWork, case_id: str, element: str) -> Performed:
    """Who completed the user task `element` of the case last, and when."""
    here = (task.c.instance_id == case_id, task.c.element == element, task.c.state == "completed")
    row = uow.row(sa.select(task.c.completed_by, task.c.ended_at).where(*here).order_by(task.c.ended_at.desc()).limit(1))
    return Performed(row.completed_by, row.ended_at) if row else Performed()
