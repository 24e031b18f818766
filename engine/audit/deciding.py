"""Destruction is proposed, and decided by two people: neither is the proposer, neither stands in for somebody else.

Those who may: groups that audit or approve, and administrators; whose decision is waited for is told so. Every step is an event
of the chain `organization`. What was proposed cannot change; its digest is what a decider says to have seen. Nothing that the
decision keeps names a customer, nor does a notice.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from engine import canonical, destruction, history, ids, notices
from engine.destruction import locked
from engine.errors import AlreadyChanged, Conflict, Forbidden, InvalidValue, NotFound
from engine.tables import (
    candidate_group,
    destruction_item,
    incident,
    job,
    membership,
    notice,
    process_instance,
    user_account,
)
from engine.tables import destruction as row_of
from engine.unit_of_work import SYSTEM, Actor, UnitOfWork

LONGEST = 1_000
PENDING = ("proposed", "confirmed", "decided")
NOTICE = "destruction"
"""The kind of notice by which people learn that their decision is waited for."""
Row = sa.Row[Any]
_deciding = sa.select(membership.c.user_id).join(candidate_group, candidate_group.c.id == membership.c.group_id).where(
    sa.or_(candidate_group.c.approves, candidate_group.c.audits))
_DECIDERS = sa.select(user_account.c.id).where(
    user_account.c.is_active, sa.or_(user_account.c.is_admin, user_account.c.id.in_(_deciding))).order_by(user_account.c.id)


@dataclass(frozen=True, slots=True)
class Proposed:
    """One record, or case, to be destroyed."""

    kind: str
    ref: str
    label: str
    instance_id: str | None = None
    due_on: date | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a destruction is; `incident` says why the worker stopped, if it did."""

    total: int
    destroyed: int
    kept: int
    incident: Row | None

    @property
    def left(self) -> int:
        """How many are not dealt with yet."""
        return self.total - self.destroyed - self.kept


def may_decide(who: Actor) -> bool:
    """Whether `who` may propose and decide on destruction at all."""
    return who.on_behalf_of is None and (who.is_admin or who.approves or who.audits) and who.id != SYSTEM.id


def may_confirm(row: Row, who: Actor) -> bool:
    """Whether `who` may be the next to decide on this one."""
    return may_decide(who) and row.status in ("proposed", "confirmed") and who.id not in (row.proposed_by, row.first_by)


# ------------------------------------------------------------------ look
def get(uow: UnitOfWork, destruction_id: str) -> Row:
    """A destruction's row. `NotFound`."""
    row = uow.row(sa.select(row_of).where(row_of.c.id == destruction_id))
    if row is None:
        raise NotFound(kind="destruction", id=destruction_id)
    return row


def listing(uow: UnitOfWork, *statuses: str, limit: int = 100) -> list[Row]:
    """Destructions of these statuses, newest first, with `items`: how many."""
    number = sa.select(sa.func.count()).where(destruction_item.c.destruction_id == row_of.c.id).scalar_subquery()
    gone = sa.select(sa.func.count(destruction_item.c.destroyed_at)).where(
        destruction_item.c.destruction_id == row_of.c.id).scalar_subquery()
    query = sa.select(row_of, number.label("items"), gone.label("gone")).where(row_of.c.status.in_(statuses))
    return uow.rows(query.order_by(row_of.c.proposed_at.desc(), row_of.c.id.desc()).limit(limit))


def items(uow: UnitOfWork, destruction_id: str, *, limit: int = 500) -> list[Row]:
    """The items with their case's `business_key`, `process_key` and `customer`, where there is one, by when they fell due."""
    query = sa.select(destruction_item, process_instance.c.business_key, process_instance.c.process_key,
                      process_instance.c.customer).outerjoin(
        process_instance, process_instance.c.id == destruction_item.c.instance_id)
    return uow.rows(query.where(destruction_item.c.destruction_id == destruction_id).order_by(
        destruction_item.c.due_on, destruction_item.c.kind, destruction_item.c.ref).limit(limit))


def progress(uow: UnitOfWork, destruction_id: str) -> Progress:
    """How far it is."""
    c = destruction_item.c
    row = uow.rows(sa.select(sa.func.count().label("items"), sa.func.count(c.destroyed_at).label("gone"),
                             sa.func.count(c.kept).label("kept")).where(c.destruction_id == destruction_id))[0]
    failed = uow.row(sa.select(incident).join(job, job.c.id == incident.c.job_id).where(
        job.c.kind == destruction.KIND, job.c.topic == destruction_id, incident.c.resolved_at.is_(None)))
    return Progress(row.items, row.gone, row.kept, failed)


def seen(uow: UnitOfWork, row: Row) -> str:
    """The digest of what is to be decided: its kind, reason and items."""
    found = [[each.kind, each.ref, each.due_on.isoformat() if each.due_on else None] for each in uow.rows(
        sa.select(destruction_item).where(destruction_item.c.destruction_id == row.id).order_by(
            destruction_item.c.kind, destruction_item.c.ref))]
    return canonical.digest(canonical.dumps([row.id, row.kind, row.reason, row.proposed_by, found]))


def pending(uow: UnitOfWork) -> set[tuple[str, str]]:
    """`(kind, ref)` of everything that is proposed or decided and not destroyed yet."""
    query = sa.select(destruction_item.c.kind, destruction_item.c.ref).join(
        row_of, row_of.c.id == destruction_item.c.destruction_id).where(row_of.c.status.in_(PENDING))
    return {(each.kind, each.ref) for each in uow.rows(query)}


# ------------------------------------------------------------------ verbs
def must_decide(uow: UnitOfWork) -> None:
    """Refuse who may neither propose nor decide."""
    if not may_decide(uow.actor):
        raise Forbidden("may_not_destroy")


def checked_reason(reason: str) -> str:
    """A reason without spaces around it. `InvalidValue` if there is none."""
    if not reason.strip():
        raise InvalidValue("reason_missing", field="reason", value="")
    return reason.strip()[:LONGEST]


def add(uow: UnitOfWork, kind: str, subject: str, reason: str, wanted: Sequence[Proposed]) -> str:
    """A proposal to destroy these; returns its id. Who may is the caller's to say."""
    destruction_id = ids.new(uow.now)
    uow.execute(sa.insert(row_of).values(id=destruction_id, kind=kind, subject=subject, reason=reason, status="proposed",
                                         proposed_by=uow.actor.id, proposed_at=uow.now))
    uow.execute(sa.insert(destruction_item), [{
        "destruction_id": destruction_id, "kind": each.kind, "ref": each.ref, "label": each.label,
        "instance_id": each.instance_id, "due_on": each.due_on} for each in wanted])
    counts = Counter(each.kind for each in wanted)
    _tell(uow, "propose_destruction", destruction_id, None, reason=reason, after={
        "status": "proposed", "why": kind, "number": len(wanted), "kinds": dict(sorted(counts.items()))})
    _ask(uow, get(uow, destruction_id))
    return destruction_id


def confirm(uow: UnitOfWork, destruction_id: str, *, seen_digest: str, reason: str) -> str:
    """Decide that it is destroyed; returns the status: `confirmed` by one, or `decided` by two, then the worker destroys.

    `Forbidden`, `AlreadyChanged("destruction_seen")` if it is not what was seen, `Conflict("destruction_status")`.
    """
    row = _open(uow, destruction_id)
    if not may_confirm(row, uow.actor):
        raise Forbidden("may_not_confirm", proposed_by=row.proposed_by, first_by=row.first_by)
    if seen(uow, row) != seen_digest:
        raise AlreadyChanged("destruction_seen", who=row.proposed_by, at=row.proposed_at)
    told = _without_name(uow, row, checked_reason(reason))
    if row.status == "proposed":
        _set(uow, row, "confirmed", told, first_by=uow.actor.id, first_at=uow.now, decision_reason=told)
        _ask(uow, get(uow, destruction_id))
        return "confirmed"
    whole = "\n".join(dict.fromkeys((row.decision_reason, told)))
    _set(uow, row, "decided", told, second_by=uow.actor.id, second_at=uow.now, decision_reason=whole)
    destruction.begin(uow, destruction_id)
    return "decided"


def reject(uow: UnitOfWork, destruction_id: str, *, reason: str) -> None:
    """Decide that nothing is destroyed: one is enough, also the proposer."""
    row = _open(uow, destruction_id)
    must_decide(uow)
    told = _without_name(uow, row, checked_reason(reason))
    by = {"second_by": uow.actor.id, "second_at": uow.now} if row.first_by else {"first_by": uow.actor.id, "first_at": uow.now}
    subject = row.subject if row.kind == "retention" else ""
    _set(uow, row, "rejected", told, **by, decision_reason=told, subject=subject)


def _open(uow: UnitOfWork, destruction_id: str) -> Row:
    row = locked(uow, destruction_id)
    if row.status not in ("proposed", "confirmed"):
        raise Conflict("destruction_status", id=destruction_id, status=row.status)
    return row


def _ask(uow: UnitOfWork, row: Row) -> None:
    """Tell everybody who may be the next to decide that a decision waits."""
    number = uow.scalar(sa.select(sa.func.count()).where(destruction_item.c.destruction_id == row.id))
    what = "_".join(["erasure"] * (row.kind == "erasure") + ["second"] * (row.status == "confirmed"))
    kind = uow.engine.records.get(row.subject) if row.kind == "retention" else None
    told = {"records": kind.zh, "records_en": kind.en} if kind else {}
    for user in uow.rows(_DECIDERS):
        if user.id not in (row.proposed_by, row.first_by):
            notices.tell(uow, user.id, NOTICE, subject=f"{row.id}:{row.status}", destruction=row.id, number=number, what=what,
                         **told)


def _without_name(uow: UnitOfWork, row: Row, reason: str) -> str:
    """The decision is kept for ever: it must not name whom it is to forget, also where cases were asked for by number."""
    if row.kind != "erasure":
        return reason
    customers = uow.rows(sa.select(process_instance.c.customer).distinct().join(
        destruction_item, destruction_item.c.instance_id == process_instance.c.id).where(
        destruction_item.c.destruction_id == row.id))
    must_not_name({row.subject, *(each.customer or "" for each in customers)}, reason)
    return reason


def must_not_name(customers: Iterable[str], reason: str) -> None:
    """Refuse a reason that names one of them."""
    if any(name.casefold() in reason.casefold() for name in customers if name):
        raise InvalidValue("erasure_names_customer", field="reason", value=reason)


def _set(uow: UnitOfWork, row: Row, status: str, reason: str, **values: Any) -> None:
    uow.execute(sa.update(row_of).where(row_of.c.id == row.id).values(status=status, **values))
    uow.execute(sa.update(notice).where(notice.c.kind == NOTICE, notice.c.subject == f"{row.id}:{row.status}",
                                        notice.c.seen_at.is_(None)).values(seen_at=uow.now))  # nothing is waited for any more
    command = "reject_destruction" if status == "rejected" else "confirm_destruction"
    _tell(uow, command, row.id, {"status": row.status}, after={"status": status}, reason=reason)


def _tell(uow: UnitOfWork, command: str, destruction_id: str, before: Mapping[str, Any] | None, *,
          after: Mapping[str, Any], reason: str) -> None:
    history.record_change(uow, command, subject=f"destruction:{destruction_id}", before=before, after=after, reason=reason)
