"""Jobs and incidents as rows: what runs later, and what could not run (design.md §1.5)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine import canonical, ids
from engine.tables import incident, job, mail
from engine.unit_of_work import UnitOfWork

RETRIES = 3
_ADD_JOB = sa.insert(job)
_ADD_INCIDENT = sa.insert(incident)
_ADD_MAIL = sa.insert(mail)


def enqueue(uow: UnitOfWork, kind: str, *, job_id: str | None = None, due_at: datetime | None = None,
            arguments: Mapping[str, Any] | None = None, **columns: Any) -> str:
    """Add a job to this transaction; the worker is nudged after the commit. Returns its id.

    `kind`: service | timer | message | start | mail | recount | effective | migrate | destroy.
    `columns` are further columns of `job`.
    """
    row = {"id": job_id or ids.new(uow.now), "kind": kind, "arguments": canonical.dumps(dict(arguments or {})),
           "due_at": due_at or uow.now, "created_at": uow.now, "retries": RETRIES, "fence": 0, "state": "open", **columns}
    uow.later(_ADD_JOB, [row])
    uow.makes_jobs = uow.makes_jobs or row["due_at"] <= uow.now
    return str(row["id"])


def send_mail(uow: UnitOfWork, recipient: str, subject: str, body: str, instance_id: str | None = None, *,
              due_at: datetime | None = None) -> str:
    """Write a mail and the job that sends it (at `due_at`, else at once); without SMTP it stays readable. Returns its id."""
    job_id = enqueue(uow, "mail", instance_id=instance_id, due_at=due_at)
    uow.later(_ADD_MAIL, [{"id": job_id, "recipient": recipient, "subject": subject, "body": body, "instance_id": instance_id,
                           "created_at": uow.now}])
    return job_id


def add_incident(uow: UnitOfWork, kind: str, message: str, **columns: Any) -> str:
    """An incident: `failedStep` (a token stands before an element) or `failedJob` (`job_id`). Returns its id."""
    row = {"id": ids.new(uow.now), "kind": kind, "message": message, "created_at": uow.now, **columns}
    uow.later(_ADD_INCIDENT, [row])
    return str(row["id"])


def resolved(*where: sa.ColumnElement[bool]) -> sa.Update:
    """The statement for `resolve_incidents` that closes the open incidents which match."""
    return sa.update(incident).where(incident.c.resolved_at.is_(None), *where)


def resolve_incidents(uow: UnitOfWork, statement: sa.Update, which: Sequence[Mapping[str, Any]]) -> None:
    """Close open incidents, by a statement of `resolved` run once for each of `which`."""
    uow.later(statement, [{**each, "resolved_at": uow.now, "resolved_by": uow.actor.id} for each in which])
