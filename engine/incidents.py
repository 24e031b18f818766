"""The read side for administrators: open incidents with their case, and the letters that cases send."""

from typing import Any

import sqlalchemy as sa

from engine.tables import incident, mail, process_instance
from engine.unit_of_work import UnitOfWork

SHOWN = 200
"""So many rows a page; the newest."""


def unresolved(uow: UnitOfWork) -> list[sa.Row[Any]]:
    """The newest open incidents: all columns of `incident`, and `business_key` of the case (None without one)."""
    query = sa.select(incident, process_instance.c.business_key).outerjoin(
        process_instance, process_instance.c.id == incident.c.instance_id)
    newest = query.where(incident.c.resolved_at.is_(None)).order_by(incident.c.created_at.desc(), incident.c.id.desc())
    return uow.rows(newest.limit(SHOWN))


def letters(uow: UnitOfWork) -> list[sa.Row[Any]]:
    """The newest letters, sent or not: all columns of `mail`."""
    return uow.rows(sa.select(mail).order_by(mail.c.created_at.desc(), mail.c.id.desc()).limit(SHOWN))
