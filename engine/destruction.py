"""What two people decided is destroyed, one record or case at a time, each in a transaction of its own, exactly once.

An item is taken in the very transaction that destroys it, and the chain `organization` gets its event `destroy` there: whoever
is killed, no item is destroyed without its event, none twice, none forgotten. What may not go (any more) is kept, with why.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from engine import canonical, durations, erasing, history
from engine.erasing import Gone
from engine.errors import NotFound
from engine.job_rows import enqueue
from engine.tables import (
    audit_sample,
    audit_sample_item,
    destruction,
    destruction_item,
    process_instance,
    retention_period,
    tombstone,
)
from engine.unit_of_work import LOCKED, SYSTEM, ProcessEngine, Record, RecordKind, UnitOfWork

KIND = "destroy"
BATCH = 20
"""So many items a job destroys: other jobs have their turn in between."""
CASE = "case"
"""The kind of an item that is a whole case; all others are kinds of record."""
ZONE = ZoneInfo(durations.ZONE)
AT_ONCE = 500
Row = sa.Row[Any]


@dataclass(frozen=True, slots=True)
class Decision:
    """Why something is not there any more: the decision that destroyed it."""

    id: str
    kind: str
    reason: str
    deciders: tuple[str, str]
    destroyed_at: datetime
    digest: str


# ------------------------------------------------------------------ what may go
def today(uow: UnitOfWork) -> date:
    """The day it is where the company is."""
    return uow.now.astimezone(ZONE).date()


def months_of(uow: UnitOfWork, kind: RecordKind) -> int | None:
    """How long a kind is kept: as its owner said, else as the company has it; None: for ever."""
    row = uow.row(sa.select(retention_period.c.months).where(retention_period.c.kind == kind.id))
    return kind.months if row is None else row.months


def due_on(since: date, months: int) -> date | None:
    """The first day after a period of calendar months that began with `since`; its last is the day of the same number.

    None where there is no such day in the calendar.
    """
    try:
        return durations.add_months(since, months) + timedelta(days=1)
    except (ValueError, OverflowError):
        return None


def held(uow: UnitOfWork, cases: Iterable[str]) -> dict[str, str]:
    """Which of these cases may not lose anything, and why: `open_case`, or `sample` while an open audit sample has it."""
    wanted = sorted(set(cases))
    found: dict[str, str] = {}
    for at in range(0, len(wanted), AT_ONCE):
        some = wanted[at:at + AT_ONCE]
        sampled = sa.select(audit_sample_item.c.instance_id).join(
            audit_sample, audit_sample.c.id == audit_sample_item.c.sample_id).where(
            audit_sample.c.closed_at.is_(None), audit_sample_item.c.instance_id.in_(some))
        open_ = sa.select(process_instance.c.id).where(process_instance.c.id.in_(some), process_instance.c.ended_at.is_(None))
        found |= {row.instance_id: "sample" for row in uow.rows(sampled)} | {row.id: "open_case" for row in uow.rows(open_)}
    return found


def of_case(uow: UnitOfWork, case_id: str) -> Decision | None:
    """The last decision by which what a case held was destroyed; None where nothing of it was."""
    row = uow.row(_LAST.where(tombstone.c.instance_id == case_id))
    return None if row is None else _decision(row, row.at)


def of_records(uow: UnitOfWork, case_id: str) -> dict[str, Decision]:
    """Kind of record → the decision that destroyed the record of a case."""
    query = sa.select(destruction, destruction_item.c.kind.label("record"), destruction_item.c.digest,
                      destruction_item.c.destroyed_at).join(
        destruction_item, destruction_item.c.destruction_id == destruction.c.id).where(
        destruction_item.c.instance_id == case_id, destruction_item.c.destroyed_at.is_not(None))
    return {row.record: _decision(row, row.destroyed_at) for row in uow.rows(query.order_by(destruction_item.c.destroyed_at))}


_LAST = sa.select(destruction, tombstone.c.at, destruction_item.c.digest).join(
    tombstone, tombstone.c.destruction_id == destruction.c.id).outerjoin(
    destruction_item, sa.and_(destruction_item.c.destruction_id == destruction.c.id,
                              destruction_item.c.instance_id == tombstone.c.instance_id)).order_by(
    tombstone.c.at.desc(), tombstone.c.seq.desc()).limit(1)


def _decision(row: Row, at: datetime) -> Decision:
    return Decision(row.id, row.kind, row.decision_reason or row.reason, (row.first_by, row.second_by), at, row.digest or "")


# ------------------------------------------------------------------ the worker
def begin(uow: UnitOfWork, destruction_id: str) -> None:
    """Let the worker destroy, from now on."""
    enqueue(uow, KIND, arguments={"destruction": destruction_id}, topic=destruction_id)


def destroy_some(engine: ProcessEngine, destruction_id: str, most: int = BATCH) -> int:
    """Destroy up to so many items that are left, each in its own transaction; gives how many were dealt with."""
    done = 0
    while done < most:
        with engine.transaction(SYSTEM) as uow:
            if not _destroy_next(uow, destruction_id):
                break
        done += 1
    if done and engine.is_sqlite:
        _forget_the_log(engine)
    return done


def go_on(uow: UnitOfWork, destruction_id: str) -> None:
    """After a batch: the next job if items are left, else the destruction is over and forgets whom it was about."""
    row = locked(uow, destruction_id)
    if row.status != "decided":
        return
    if uow.row(sa.select(destruction_item.c.ref).where(*_left(destruction_id)).limit(1)) is not None:
        begin(uow, destruction_id)
        return
    uow.execute(sa.update(destruction).where(destruction.c.id == destruction_id).values(
        status="destroyed", subject=row.subject if row.kind == "retention" else ""))


def locked(uow: UnitOfWork, destruction_id: str) -> Row:
    """The row of a destruction, locked until the end. `NotFound`."""
    row = uow.row(sa.select(destruction).where(destruction.c.id == destruction_id).with_for_update())
    if row is None:
        raise NotFound(kind="destruction", id=destruction_id)
    return row


def _left(destruction_id: str) -> tuple[sa.ColumnElement[bool], ...]:
    item = destruction_item.c
    return item.destruction_id == destruction_id, item.destroyed_at.is_(None), item.kept.is_(None)


def _destroy_next(uow: UnitOfWork, destruction_id: str) -> bool:
    """Destroy the next item that nobody is at, or say why it stays. False: none is left, or nothing was decided."""
    row = locked(uow, destruction_id)
    if row.status != "decided":
        return False
    item = uow.row(sa.select(destruction_item).where(*_left(destruction_id)).order_by(
        destruction_item.c.kind, destruction_item.c.ref).limit(1))
    if item is None:
        return False
    why = _kept(uow, row, item)
    if why is None:
        _destroy(uow, row, item)
    else:
        _set(uow, item, kept=why)
    return True


def _kept(uow: UnitOfWork, row: Row, item: Row) -> str | None:
    """Why an item may not go, as it is now: much may have happened since it was proposed."""
    if item.instance_id and (why := held(uow, [item.instance_id]).get(item.instance_id)):
        return why
    if item.kind == CASE:
        return None
    kind = uow.engine.records.get(item.kind)
    found = kind.find(uow, item.ref) if kind else None
    if kind is None or found is None:
        return "gone"
    return None if row.kind == "erasure" or _is_over(uow, kind, found) else "not_due"


def _is_over(uow: UnitOfWork, kind: RecordKind, found: Record) -> bool:
    months = months_of(uow, kind)
    last = None if months is None else due_on(found.since, months)
    return last is not None and last <= today(uow)


def _destroy(uow: UnitOfWork, row: Row, item: Row) -> None:
    erasing.overwrite(uow)
    if row.kind == "erasure" and row.subject:
        erasing.searches(uow, row.subject)
    case = uow.row(LOCKED, instance=item.instance_id) if item.instance_id else None
    told = _case(uow, row, case) if item.kind == CASE else _record(uow, row, item, case)
    _set(uow, item, digest=told["digest"], destroyed_at=uow.now)
    number, total = _numbers(uow, row.id)
    history.record_change(uow, KIND, subject=f"destruction:{row.id}", before=None, after={
        "kind": item.kind, "ref": item.ref, "case": item.instance_id, **told, "deciders": [row.first_by, row.second_by],
        "number": f"{number}/{total}"}, reason=row.decision_reason)


def _record(uow: UnitOfWork, row: Row, item: Row, case: Row | None) -> dict[str, Any]:
    """A record goes; what its case holds goes with the last record of it, for that holds them all."""
    kind = uow.engine.records[item.kind]
    digest = digest_of(kind.read(uow, item.ref))
    if row.kind == "erasure":
        kind.erase(uow, item.ref)
        return {"digest": digest}
    kind.destroy(uow, item.ref)
    if case is None or any(each.of_case(uow, case.id) for each in uow.engine.records.values()):
        return {"digest": digest}
    return {"digest": digest, **erasing.contents(uow, case, row.id, row.decision_reason).as_json()}


def _case(uow: UnitOfWork, row: Row, case: Row | None) -> dict[str, Any]:
    """What a case holds goes, and what tells of a person in the company's records of it."""
    if case is None:
        raise NotFound(kind="process_instance", id=row.id)
    records = {}
    for kind in uow.engine.records.values():
        for found in kind.of_case(uow, case.id):
            records[f"{kind.id}:{found.ref}"] = digest_of(kind.read(uow, found.ref))
            kind.erase(uow, found.ref)
    gone = erasing.contents(uow, case, row.id, row.decision_reason)
    return {"digest": case_digest(gone, records), "records": records, **gone.as_json()}


def digest_of(stored: Any) -> str:
    """The digest of a record: SHA-256 of the canonical JSON of its rows."""
    return canonical.digest(canonical.dumps(stored))


def case_digest(gone: Gone, records: Mapping[str, str]) -> str:
    """The digest of a case: over its bodies, files and the company's records."""
    return canonical.digest(canonical.dumps(gone.as_json() | {"records": dict(records)}))


def _set(uow: UnitOfWork, item: Row, **values: Any) -> None:
    c = destruction_item.c
    uow.execute(sa.update(destruction_item).where(
        c.destruction_id == item.destruction_id, c.kind == item.kind, c.ref == item.ref).values(**values))


def _numbers(uow: UnitOfWork, destruction_id: str) -> tuple[int, int]:
    """How many items are destroyed, and how many there are."""
    count = sa.select(sa.func.count(destruction_item.c.destroyed_at).label("gone"), sa.func.count().label("items")).where(
        destruction_item.c.destruction_id == destruction_id)
    row = uow.rows(count)[0]
    return row.gone, row.items


def _forget_the_log(engine: ProcessEngine) -> None:
    """SQLite's log has the pages as they were: fold it into the file and empty it, unless somebody reads just now."""
    driver = engine.database.raw_connection()
    try:
        driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        driver.close()
