"""All open cases of a version go to another one: planned, tried, moved by the worker, paused, and undone as a whole.

Each case moves in a transaction of its own, in which its item is taken too: whoever is killed, no case is moved twice and
none is forgotten. Who moves one holds the plan's row, so that a pause or an undo waits for it and then nothing moves.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine import bundles, canonical, history, identity, ids, migration
from engine.errors import Conflict, EngineError, Forbidden, NotFound
from engine.job_rows import enqueue
from engine.migration_rehearsal import are_open, definition_row, number, sides
from engine.spiff.mapping import Elements, Mapped
from engine.tables import incident, job, migration_item, migration_plan, process_instance
from engine.unit_of_work import SYSTEM, Actor, ProcessEngine, UnitOfWork

KIND = "migrate"
BATCH = 50
"""So many cases a job moves: other jobs have their turn in between."""
LANES = 4
"""So many jobs share a plan: as many workers move cases at once where the database lets them."""
UNDER_WAY = ("running", "paused", "undoing")
Row = sa.Row[Any]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a plan is: `done` of `total` cases; `incident` says why the worker stopped, if it did."""

    plan: Row
    source: Row
    target: Row
    counts: Mapping[str, int]
    total: int
    done: int
    is_undo: bool
    incident: Row | None


@dataclass(frozen=True, slots=True)
class Item:
    """What became of one case; a reason is (code, element, process)."""

    case_id: str
    business_key: str
    customer: str | None
    status: str
    reasons: tuple[tuple[str, str | None, str], ...]
    moved_at: datetime | None


# ------------------------------------------------------------------ look
def get(uow: UnitOfWork, plan_id: str) -> Row:
    """A plan. `NotFound`."""
    row = uow.row(sa.select(migration_plan).where(migration_plan.c.id == plan_id))
    if row is None:
        raise NotFound(kind="migration_plan", id=plan_id)
    return row


def listing(uow: UnitOfWork, process_key: str | None = None, limit: int = 50) -> list[Row]:
    """The plans, of a process or all, newest first."""
    query = sa.select(migration_plan).order_by(migration_plan.c.created_at.desc(), migration_plan.c.id.desc()).limit(limit)
    return uow.rows(query.where(migration_plan.c.process_key == process_key) if process_key else query)


def progress(uow: UnitOfWork, plan_id: str) -> Progress:
    """How far a plan is."""
    plan = get(uow, plan_id)
    options = canonical.loads(plan.options)
    counts = _counts(uow, plan_id)
    is_undo = plan.status in ("undoing", "undone") or (plan.status == "paused" and options.get("paused") == "undoing")
    total = sum(counts.values()) if plan.started_at else number(uow, plan.source, options["bundle"], options.get("cases"))
    done = total - counts["waiting"] if plan.started_at else 0
    if is_undo:
        total = counts["moved"] + counts["undone"] + counts["kept"]
        done = total - counts["moved"]
    failed = uow.row(sa.select(incident).join(job, job.c.id == incident.c.job_id).where(
        job.c.kind == KIND, job.c.topic == plan.id, incident.c.resolved_at.is_(None)))
    before, after = definition_row(uow, plan.source), definition_row(uow, plan.target)
    return Progress(plan, before, after, counts, total, done, is_undo, failed)


def items(uow: UnitOfWork, plan_id: str, *, status: str | None = None, after: str = "", limit: int = 50) -> list[Item]:
    """What became of the cases, by case id from behind `after`, all or those of one status."""
    query = sa.select(migration_item, process_instance.c.business_key, process_instance.c.customer).join(
        process_instance, process_instance.c.id == migration_item.c.instance_id).where(
        migration_item.c.plan_id == plan_id, migration_item.c.instance_id > after)
    query = query.where(migration_item.c.status == status) if status else query
    return [Item(row.instance_id, row.business_key, row.customer, row.status, _reasons(row.reason), row.moved_at)
            for row in uow.rows(query.order_by(migration_item.c.instance_id).limit(limit))]


# ------------------------------------------------------------------ verbs
def create(uow: UnitOfWork, *, source: str, target: str, mapping: Elements, reason: str,
           cases: Collection[str] | None = None) -> str:
    """A plan to move the open cases of a version, or only `cases` of them; returns its id. Nothing moves yet.

    `Forbidden`, `InvalidValue` (no reason, a mapping that cannot be), `Conflict("definition_withdrawn")`.
    """
    _must_migrate(uow)
    found = sides(uow, source, target)
    told = migration.checked_reason(reason)
    migration.check(found.before, found.after, mapping)
    _must_be_in_effect(found.target)
    options: dict[str, Any] = {"bundle": bundles.assemble(uow, found.target)}
    options |= {"cases": sorted(set(cases))} if cases is not None else {}
    plan_id = ids.new(uow.now)
    uow.execute(sa.insert(migration_plan).values(
        id=plan_id, process_key=found.source.key, source=source, target=target, created_by=uow.actor.id, created_at=uow.now,
        mapping=canonical.dumps(migration.shortened(mapping)), options=canonical.dumps(options), status="planned", reason=told))
    history.record_change(uow, "plan_migration", subject=_subject(plan_id), before=None, after={
        "status": "planned", "source": source, "target": target, "mapping": migration.shortened(mapping),
        "cases": len(options["cases"]) if "cases" in options else None}, reason=told)
    return plan_id


def start(uow: UnitOfWork, plan_id: str) -> None:
    """Let the worker move the cases that are open now. `Conflict` when there are none, or another plan is under way."""
    plan = _locked(uow, plan_id, "planned")
    _must_be_alone(uow, plan)
    _must_be_in_effect(definition_row(uow, plan.target))
    options = canonical.loads(plan.options)
    chosen = sa.select(sa.literal(plan_id), process_instance.c.id, sa.literal("waiting")).where(
        *are_open(plan.source, options["bundle"], options.get("cases")))
    uow.execute(sa.insert(migration_item).from_select(["plan_id", "instance_id", "status"], chosen))
    if not _counts(uow, plan_id):
        raise Conflict("migration_no_cases", plan=plan_id)
    _set(uow, plan, "running", options | {"by": uow.actor.id}, started_at=uow.now)
    _send(uow, plan)


def pause(uow: UnitOfWork, plan_id: str) -> None:
    """Let no further case move, from now on."""
    plan = _locked(uow, plan_id, "running", "undoing")
    _set(uow, plan, "paused", canonical.loads(plan.options) | {"paused": plan.status})


def resume(uow: UnitOfWork, plan_id: str) -> None:
    """Go on where the plan was paused, with the moving or the undoing."""
    plan = _locked(uow, plan_id, "paused")
    options = canonical.loads(plan.options)
    _set(uow, plan, options["paused"], options)
    _send(uow, plan)


def undo(uow: UnitOfWork, plan_id: str, *, reason: str) -> None:
    """Take every case that was moved back, unless it has gone on since. For a plan that is done, or paused on its way."""
    plan = _locked(uow, plan_id, "done", "paused")
    options = canonical.loads(plan.options)
    if plan.status == "paused" and options["paused"] == "undoing":
        raise Conflict("migration_status", id=plan_id, status="paused")
    if plan.status == "done":
        _must_be_alone(uow, plan)
    told = migration.checked_reason(reason)
    _set(uow, plan, "undoing", options | {"undone_by": uow.actor.id, "undo_reason": told}, reason=told, ended_at=None)
    _send(uow, plan)


def discard(uow: UnitOfWork, plan_id: str) -> None:
    """Forget a plan that never began; the record keeps that it was made."""
    plan = _locked(uow, plan_id, "planned")
    uow.execute(sa.delete(migration_plan).where(migration_plan.c.id == plan_id))
    history.record_change(uow, "discard_migration", subject=_subject(plan_id), before={"status": plan.status}, after=None)


# ------------------------------------------------------------------ the worker
def move_some(engine: ProcessEngine, plan_id: str, most: int = BATCH) -> int:
    """Move (or take back) up to so many cases of a plan, each in its own transaction; gives how many were dealt with."""
    known: dict[str, dict[str, Mapped]] = {}
    done, after = 0, ""
    with engine.reading(SYSTEM) as uow:
        who = _actor(get(uow, plan_id))
    while done < most:
        at: list[str] = []
        try:
            with engine.transaction(who) as uow:
                is_any = _deal_with_next(uow, plan_id, after, at, known)
        except sa.exc.SQLAlchemyError:
            raise
        except Exception as problem:  # one case never stops the others
            is_any = bool(at)
            _tell(engine, who, plan_id, at, problem)
        if not is_any:
            break
        done, after = done + 1, at[0]
    return done


def go_on(uow: UnitOfWork, plan_id: str) -> None:
    """After a batch: the next job if cases are left, else the plan is done. A plan that is paused gets neither."""
    plan = _lock(uow, plan_id)
    if plan.status not in ("running", "undoing"):
        return
    left = uow.row(sa.select(migration_item.c.instance_id).where(*_next(plan, "")).limit(1))
    if left is not None:
        _enqueue(uow, plan)
        return
    _set(uow, plan, "done" if plan.status == "running" else "undone", canonical.loads(plan.options), ended_at=uow.now)


def _deal_with_next(uow: UnitOfWork, plan_id: str, after: str, at: list[str], known: dict[str, dict[str, Mapped]]) -> bool:
    """Deal with the next case that nobody is at; `at` says which, also to who catches a failure. False: none is left."""
    plan = uow.row(sa.select(migration_plan).where(migration_plan.c.id == plan_id).with_for_update(read=True))
    if plan is None or plan.status not in ("running", "undoing"):
        return False
    query = sa.select(migration_item).where(*_next(plan, after)).order_by(migration_item.c.instance_id).limit(1)
    item = uow.row(query.with_for_update(skip_locked=True))
    if item is None:
        return False
    at.append(item.instance_id)
    case = uow.lock_instance(item.instance_id)
    values = _undone(uow, plan, item, case) if plan.status == "undoing" else _moved(uow, plan, case, known)
    _set_item(uow, plan_id, item.instance_id, **values)
    return True


def _moved(uow: UnitOfWork, plan: Row, case: Row, known: dict[str, dict[str, Mapped]]) -> dict[str, Any]:
    options = canonical.loads(plan.options)
    if case.ended_at is None and (case.definition_id != plan.source or case.bundle_id == options["bundle"]):
        raise Conflict("other_version", id=case.id)
    before = migration.move(uow, case, bundles.load(uow, options["bundle"]), canonical.loads(plan.mapping), reason=plan.reason,
                            inputs={"plan": plan.id}, known=known.setdefault(case.bundle_id, {}))
    return {"status": "moved", "before": canonical.dumps(before), "after_version": case.version + 1, "moved_at": uow.now}


def _undone(uow: UnitOfWork, plan: Row, item: Row, case: Row) -> dict[str, Any]:
    options = canonical.loads(plan.options)
    if case.ended_at is None and case.bundle_id != options["bundle"]:
        raise Conflict("moved_again", id=case.id)
    migration.restore(uow, case, canonical.loads(item.before), canonical.loads(plan.mapping), reason=options["undo_reason"],
                      inputs={"plan": plan.id})
    return {"status": "undone", "moved_at": uow.now}


def _tell(engine: ProcessEngine, who: Actor, plan_id: str, at: Sequence[str], problem: Exception) -> None:
    """A case stays where it is: say why, in a transaction of its own."""
    if not at:
        raise problem
    code, element = migration.why(problem) if isinstance(problem, EngineError) else ("failed", None)
    with engine.transaction(who) as uow:
        plan = _lock(uow, plan_id)
        if plan.status not in ("running", "undoing"):
            return
        case = uow.row(sa.select(process_instance).where(process_instance.c.id == at[0]))
        process = migration.process_of(case, problem) if case is not None else plan.process_key
        told = canonical.dumps([{"code": code, "element": element, "process": process, "problem": str(problem)[:500]}])
        uow.execute(sa.update(migration_item).where(*_next(plan, ""), migration_item.c.instance_id == at[0]).values(
            status="kept" if plan.status == "undoing" else "refused", reason=told))


def _next(plan: Row, after: str) -> tuple[sa.ColumnElement[bool], ...]:
    status = "moved" if plan.status == "undoing" else "waiting"
    return migration_item.c.plan_id == plan.id, migration_item.c.status == status, migration_item.c.instance_id > after


def _actor(plan: Row) -> Actor:
    """Who asked for it: the record of a case names a person, not the worker."""
    options = canonical.loads(plan.options)
    return Actor(options.get("undone_by") or options.get("by") or plan.created_by, is_admin=True, sees_all=True)


# ------------------------------------------------------------------ inside
def _send(uow: UnitOfWork, plan: Row) -> None:
    for _ in range(1 if uow.engine.is_sqlite else LANES):
        _enqueue(uow, plan)


def _enqueue(uow: UnitOfWork, plan: Row) -> None:
    enqueue(uow, KIND, arguments={"plan": plan.id}, process_key=plan.process_key, topic=plan.id)


def _counts(uow: UnitOfWork, plan_id: str) -> Counter[str]:
    rows = uow.rows(sa.select(migration_item.c.status, sa.func.count().label("n")).where(
        migration_item.c.plan_id == plan_id).group_by(migration_item.c.status))
    return Counter({row.status: row.n for row in rows})


def _reasons(text: str | None) -> tuple[tuple[str, str | None, str], ...]:
    return tuple((each["code"], each["element"], each["process"]) for each in canonical.loads(text or "[]"))


def _must_migrate(uow: UnitOfWork) -> None:
    if not identity.may_model(uow.actor):
        raise Forbidden("may_not_migrate")


def _must_be_in_effect(row: Row) -> None:
    if row.withdrawn_at is not None:
        raise Conflict("definition_withdrawn", process=row.key, version=row.version, who=row.withdrawn_by, at=row.withdrawn_at)


def _must_be_alone(uow: UnitOfWork, plan: Row) -> None:
    """One plan of a process at a time: the chain of the organization, locked first, keeps two from beginning together."""
    history.lock_changes(uow)
    other = uow.row(sa.select(migration_plan.c.id).where(
        migration_plan.c.process_key == plan.process_key, migration_plan.c.id != plan.id,
        migration_plan.c.status.in_(UNDER_WAY)).limit(1))
    if other is not None:
        raise Conflict("migration_running", plan=other.id)


def _locked(uow: UnitOfWork, plan_id: str, *statuses: str) -> Row:
    _must_migrate(uow)
    row = _lock(uow, plan_id)
    if row.status not in statuses:
        raise Conflict("migration_status", id=plan_id, status=row.status)
    return row


def _lock(uow: UnitOfWork, plan_id: str) -> Row:
    row = uow.row(sa.select(migration_plan).where(migration_plan.c.id == plan_id).with_for_update())
    if row is None:
        raise NotFound(kind="migration_plan", id=plan_id)
    return row


def _set(uow: UnitOfWork, plan: Row, status: str, options: Mapping[str, Any], *, reason: str = "", **values: Any) -> None:
    uow.execute(sa.update(migration_plan).where(migration_plan.c.id == plan.id).values(
        status=status, options=canonical.dumps(dict(options)), **values))
    after = {"status": status} | ({"cases": dict(_counts(uow, plan.id))} if status in ("done", "undone", "running") else {})
    history.record_change(uow, "migration_status", subject=_subject(plan.id), before={"status": plan.status}, after=after,
                          reason=reason)


def _set_item(uow: UnitOfWork, plan_id: str, instance_id: str, **values: Any) -> None:
    uow.later(sa.update(migration_item).where(
        migration_item.c.plan_id == plan_id, migration_item.c.instance_id == instance_id).values(**values, reason=None))


def _subject(plan_id: str) -> str:
    return f"migration:{plan_id}"
