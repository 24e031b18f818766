"""The read side for administrators: open incidents with case, element and tries, and the letters that cases send."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from engine import forecast, history, jobs
from engine.diagram.model import Element
from engine.errors import Conflict
from engine.tables import incident, job, mail, process_instance
from engine.unit_of_work import UnitOfWork

SHOWN = 50
"""So many incidents a page."""
LETTERS = 50
Place = tuple[datetime, str]
Cause = Literal["no_operation", "permanent", "expression", "timer", "limit", "connection", "message", "unknown"]
_CAUSES: tuple[tuple[Cause, tuple[str, ...]], ...] = (
    ("no_operation", ("no operation for topic",)),
    ("permanent", ("PermanentFailure",)),
    ("message", ("mismatching_message",)),
    ("limit", ("limit_exceeded",)),
    ("timer", ("cycle", "duration", "iso8601", "calendar_", "months_in_working_time", "timer", "'date'")),
    ("expression", ("expression_error", "FEEL", "unknown_name", "not_boolean", "no_flow", "no_default")),
    ("connection", ("OSError", "ConnectionError", "ConnectionRefusedError", "TimeoutError", "SMTP", "gaierror")),
)


@dataclass(frozen=True, slots=True)
class Incident:
    """An open incident: its row (with `business_key`, `tries`, `topic`), the element, and what kind of cause it has."""

    row: sa.Row[Any]
    element: Element | None
    cause: Cause


def unresolved(uow: UnitOfWork, *, search: str = "", after: Place | None = None) -> tuple[list[Incident], Place | None]:
    """A page of the open incidents, newest first, of cases whose number contains `search`; and where to go on after."""
    query = sa.select(
        incident, process_instance.c.business_key, process_instance.c.bundle_id, job.c.fence.label("tries"), job.c.topic,
        job.c.kind.label("job_kind"),
    ).outerjoin(process_instance, process_instance.c.id == incident.c.instance_id).outerjoin(job, job.c.id == incident.c.job_id)
    if search:
        query = query.where(sa.func.lower(process_instance.c.business_key).contains(search.strip().lower(), autoescape=True))
    if after is not None:
        query = query.where(sa.or_(incident.c.created_at < after[0],
                                   sa.and_(incident.c.created_at == after[0], incident.c.id < after[1])))
    newest = query.where(incident.c.resolved_at.is_(None)).order_by(incident.c.created_at.desc(), incident.c.id.desc())
    rows = uow.rows(newest.limit(SHOWN + 1))
    last = rows[SHOWN - 1] if len(rows) > SHOWN else None
    found = [Incident(row, forecast.element(uow, row), cause(row)) for row in rows[:SHOWN]]
    return found, (last.created_at, last.id) if last is not None else None


def case_numbers(uow: UnitOfWork, incidents: Sequence[str]) -> dict[str, str]:
    """Incident → the number of its case, of those that have one."""
    query = sa.select(incident.c.id, process_instance.c.business_key).join(
        process_instance, process_instance.c.id == incident.c.instance_id)
    return {row.id: row.business_key for row in uow.rows(query.where(incident.c.id.in_(incidents)))}


def cause(row: sa.Row[Any]) -> Cause:
    """What kind of failure an incident's message tells of, so that a page can say what to do."""
    if row.job_kind == "timer":
        return "timer"
    return next((kind for kind, marks in _CAUSES if any(mark in row.message for mark in marks)), "unknown")


def retry(uow: UnitOfWork, incident_id: str) -> None:
    """Try again what an incident reports, on the record; refused as `jobs.retry` refuses."""
    jobs.retry(uow, incident_id)
    history.record_change(uow, "retry_incident", subject=f"incident:{incident_id}", before=None, after=None)


def send_again(uow: UnitOfWork, mail_id: str) -> None:
    """Send a letter that could not be sent. `Conflict` if it is no longer one."""
    found = uow.scalar(sa.select(incident.c.id).where(incident.c.job_id == mail_id, incident.c.resolved_at.is_(None)))
    if found is None:
        raise Conflict("mail_not_failed", id=mail_id)
    jobs.retry(uow, found)
    history.record_change(uow, "resend_mail", subject=f"mail:{mail_id}", before=None, after=None)


def letters(uow: UnitOfWork, *, search: str = "", state: str = "", after: Place | None = None,
            ) -> tuple[list[sa.Row[Any]], Place | None]:
    """The newest letters: all columns of `mail`, `state` and `error` of the job that sends each; and where to go on after.

    `search` is in recipient or subject; `state`: sent | waiting | unsent (no SMTP server was set) | failed.
    """
    query = sa.select(mail, job.c.state, job.c.error, job.c.due_at, job.c.fence.label("tries")).outerjoin(
        job, job.c.id == mail.c.id)
    for word in search.split():
        query = query.where(sa.or_(*(sa.func.lower(column).contains(word.lower(), autoescape=True)
                                     for column in (mail.c.recipient, mail.c.subject))))
    states = {"sent": mail.c.sent_at.is_not(None), "waiting": job.c.state == "open", "failed": job.c.state == "failed",
              "unsent": sa.and_(mail.c.sent_at.is_(None), job.c.state == "done")}
    query = query.where(states[state]) if state in states else query
    if after is not None:
        query = query.where(sa.or_(mail.c.created_at < after[0], sa.and_(mail.c.created_at == after[0], mail.c.id < after[1])))
    rows = uow.rows(query.order_by(mail.c.created_at.desc(), mail.c.id.desc()).limit(LETTERS + 1))
    last = rows[LETTERS - 1] if len(rows) > LETTERS else None
    return rows[:LETTERS], (last.created_at, last.id) if last is not None else None
