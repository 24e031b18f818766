"""Retention (clause 6): how long each kind of record is kept, what falls due, and its proposal. Nothing goes by default.

Owners of a record set its period: groups that approve, and administrators. A record of an open case, or of a case in an open
audit sample, is never due.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from engine import destruction, history
from engine.audit import deciding
from engine.audit.deciding import Proposed
from engine.errors import Conflict, Forbidden, InvalidValue, NotFound
from engine.tables import destruction as decision
from engine.tables import destruction_item, retention_period
from engine.unit_of_work import Actor, Record, RecordKind, UnitOfWork

AHEAD = timedelta(days=90)
"""So far people see what will fall due."""
LONGEST = 1_200
"""Months of the longest period."""
MOST = 1_000
"""Records of one proposal: the oldest; the others follow in the next."""
SHORTEST_MONTH = 28
BY_ITSELF = "period_over"
"""The reason of a proposal that nobody made; pages have the words."""


@dataclass(frozen=True, slots=True)
class Period:
    """How long a kind is kept, None: for ever; `set_by` is None where the company's own period holds."""

    kind: RecordKind
    months: int | None
    reason: str
    set_by: str | None
    set_at: datetime | None


@dataclass(frozen=True, slots=True)
class Due:
    """A record whose period ends; `held` says why it may not go yet: open_case | sample | pending."""

    kind: RecordKind
    record: Record
    due_on: date
    held: str | None

    def is_over(self, today: date) -> bool:
        """Whether it can be proposed."""
        return self.due_on <= today and self.held is None


def may_set(who: Actor) -> bool:
    """Whether `who` owns records."""
    return who.is_admin or who.approves


def periods(uow: UnitOfWork) -> list[Period]:
    """Every kind of record with its period, in the company's order."""
    rows = {row.kind: row for row in uow.rows(sa.select(retention_period))}
    return [_period(kind, rows.get(kind.id)) for kind in uow.engine.records.values()]


def set_period(uow: UnitOfWork, kind_id: str, months: int | None, *, reason: str) -> None:
    """Keep a kind of record for so many calendar months from now on, or for ever (None)."""
    if not may_set(uow.actor):
        raise Forbidden("may_not_set_retention")
    kind, told = _kind(uow, kind_id), deciding.checked_reason(reason)
    if months is not None and not 1 <= months <= LONGEST:
        raise InvalidValue("retention_months", field="months", value=months, limit=LONGEST)
    history.lock_changes(uow)
    before = destruction.months_of(uow, kind)
    values = {"months": months, "reason": told, "set_by": uow.actor.id, "set_at": uow.now}
    if not uow.add_once(retention_period, kind=kind_id, **values):
        uow.execute(sa.update(retention_period).where(retention_period.c.kind == kind_id).values(values))
    history.record_change(uow, "set_retention", subject=f"record:{kind_id}", before={"months": before},
                          after={"months": months}, reason=told)


def due(uow: UnitOfWork, kind_id: str | None = None, ahead: timedelta = AHEAD) -> list[Due]:
    """What is due, and what falls due within `ahead`, the oldest first; of one kind or all."""
    until = destruction.today(uow) + ahead
    found = [each for period in periods(uow) if period.months is not None and kind_id in (None, period.kind.id)
             for each in _due_of(uow, period.kind, period.months, until)]
    return sorted(_with_holds(uow, found), key=lambda each: (each.due_on, each.kind.id, each.record.ref))


def propose(uow: UnitOfWork, kind_id: str, *, reason: str) -> str:
    """Propose to destroy what is due of a kind; returns the id. `Conflict("nothing_due")`."""
    deciding.must_decide(uow)
    kind, told = _kind(uow, kind_id), deciding.checked_reason(reason)
    history.lock_changes(uow)  # two who propose at once do not propose the same
    over = _over(uow, kind_id)
    if not over:
        raise Conflict("nothing_due", kind=kind.zh, kind_en=kind.en)
    return _propose(uow, kind_id, over, told)


def propose_due(uow: UnitOfWork) -> list[str]:
    """The chore: propose what fell due, of each kind; what people rejected once is not proposed again by itself."""
    history.lock_changes(uow)  # somebody may propose the same just now
    rejected = {(row.kind, row.ref) for row in uow.rows(sa.select(destruction_item.c.kind, destruction_item.c.ref).join(
        decision, decision.c.id == destruction_item.c.destruction_id).where(decision.c.status == "rejected"))}
    made = []
    for kind_id in uow.engine.records:
        over = [each for each in _over(uow, kind_id) if (kind_id, each.record.ref) not in rejected]
        if over:
            made.append(_propose(uow, kind_id, over, BY_ITSELF))
    return made


def _propose(uow: UnitOfWork, kind_id: str, over: list[Due], reason: str) -> str:
    return deciding.add(uow, "retention", kind_id, reason, [
        Proposed(kind_id, each.record.ref, each.record.label, each.record.case_id, each.due_on) for each in over[:MOST]])


def _over(uow: UnitOfWork, kind_id: str) -> list[Due]:
    today = destruction.today(uow)
    return [each for each in due(uow, kind_id, timedelta(0)) if each.is_over(today)]


def _due_of(uow: UnitOfWork, kind: RecordKind, months: int, until: date) -> list[Due]:
    """Those that are due by the day `until`; the database finds those that may be, the calendar says which are."""
    bound = until - timedelta(days=min(months * SHORTEST_MONTH, (until - date.min).days))
    return [Due(kind, record, last, None) for record in kind.before(uow, bound)
            if (last := destruction.due_on(record.since, months)) is not None and last <= until]


def _with_holds(uow: UnitOfWork, found: list[Due]) -> list[Due]:
    held = destruction.held(uow, [each.record.case_id for each in found if each.record.case_id])
    pending = deciding.pending(uow)
    return [Due(each.kind, each.record, each.due_on, held.get(each.record.case_id or "") or (
        "pending" if {(each.kind.id, each.record.ref), (destruction.CASE, each.record.case_id)} & pending else None))
        for each in found]


def _period(kind: RecordKind, row: sa.Row[Any] | None) -> Period:
    if row is None:
        return Period(kind, kind.months, "", None, None)
    return Period(kind, row.months, row.reason, row.set_by, row.set_at)


def _kind(uow: UnitOfWork, kind_id: str) -> RecordKind:
    kinds: Mapping[str, RecordKind] = uow.engine.records
    if kind_id not in kinds:
        raise NotFound(kind="record", id=kind_id)
    return kinds[kind_id]
