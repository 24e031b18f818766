"""Jobs: acquire what is due, run it, retry it, or say in an incident why not (design.md §1.5, §1.11).

A job is claimed with a lease and a fencing number in a transaction of its own; whoever loses the lease writes nothing.
A record operation runs inside the transaction that advances its case: done exactly once. An effect runs outside any
transaction and may be repeated; the job's id is its key.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from engine import (
    bundles,
    calendar,
    calendars,
    canonical,
    destruction,
    execution,
    history,
    identity,
    instances,
    migration_plans,
    recounting,
    smtp,
    step,
    timer_starts,
    timers,
)
from engine.errors import BpmnError, Conflict, EngineError, Forbidden, InvalidValue, NotFound, PermanentFailure
from engine.execution import Command
from engine.job_rows import add_incident, resolve_incidents, resolved
from engine.modeling import approvals
from engine.spiff.steps import Complete, Retry, Step, ThrowError, Trigger
from engine.tables import incident, job, mail, process_instance
from engine.unit_of_work import SYSTEM, JobContext, Operation, ProcessEngine, UnitOfWork

LEASE = timedelta(minutes=5)
BACK_OFF = (timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=10))
SUSPENDED = "case_suspended"
_THIS_INCIDENT = resolved(incident.c.id == sa.bindparam("incident"))
Row = sa.Row[Any]


class _Lost(Exception):
    """The job was done, cancelled or taken over meanwhile: nothing to do."""


def run_due(engine: ProcessEngine, limit: int = 50) -> int:
    """Claim up to `limit` due jobs and run each in its own transactions; gives how many were claimed."""
    claimed = _acquire(engine, limit)
    for row in claimed:
        run_claimed(engine, row)
    return len(claimed)


def run_all(engine: ProcessEngine, most: int = 10_000) -> int:
    """Run until nothing is due: follow-up jobs too."""
    done = 0
    while done < most and (n := run_due(engine)):
        done += n
    return done


def run_claimed(engine: ProcessEngine, row: Row) -> None:
    """Run one claimed job; any failure is kept on its row."""
    try:
        _RUNNERS[row.kind](engine, row)
    except _Lost:
        return
    except Exception as problem:
        _fail(engine, row, problem)


def retry(uow: UnitOfWork, incident_id: str) -> None:
    """Try again what an incident reports: the job with fresh retries, or the token that stands before its element."""
    row = uow.row(sa.select(incident).where(incident.c.id == incident_id))
    if row is None:
        raise NotFound(kind="incident", id=incident_id)
    if not identity.may_administer(uow.actor):
        raise Forbidden("may_not_administer")
    if row.resolved_at is not None:
        raise Conflict("incident_resolved", id=incident_id, who=row.resolved_by, at=row.resolved_at)
    if row.kind == "failedJob":
        _retry_job(uow, row)
    else:
        execution.advance(uow, uow.lock_instance(row.instance_id), Command("retry", Retry(row.token), row.element))


# ------------------------------------------------------------------ acquire
def _acquire(engine: ProcessEngine, limit: int) -> list[Row]:
    if not _is_due(engine):
        return []
    with engine.transaction(SYSTEM) as uow:
        due = sa.select(job.c.id).where(*_free(uow.now)).order_by(job.c.due_at, job.c.id)
        ids = [r.id for r in uow.rows(due.limit(limit).with_for_update(skip_locked=True))]
        if not ids:
            return []
        taken = sa.update(job).where(job.c.id.in_(ids)).values(lease_until=uow.now + LEASE, fence=job.c.fence + 1)
        return sorted(uow.execute(taken.returning(job)).all(), key=lambda r: (r.due_at, r.id))


def _free(now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    """Due and nobody's. A held case does nothing more, but what it has sent already arrives."""
    is_held = sa.exists().where(process_instance.c.id == job.c.instance_id, process_instance.c.status == "suspended")
    is_sent = job.c.kind.not_in(("service", "timer"))
    return (job.c.state == "open", job.c.due_at <= now, sa.or_(job.c.lease_until.is_(None), job.c.lease_until < now),
            sa.or_(is_sent, ~is_held))


def _is_due(engine: ProcessEngine) -> bool:
    """A look without the write lock: most ticks find nothing."""
    with engine.reading(SYSTEM) as uow:
        return uow.row(sa.select(job.c.id).where(*_free(uow.now)).limit(1)) is not None


def _mine(uow: UnitOfWork, row: Row) -> None:
    """Close the job in this transaction, if it is still this worker's."""
    here = (job.c.id == row.id, job.c.fence == row.fence, job.c.state == "open")
    if not uow.execute(sa.update(job).where(*here).values(state="done", ended_at=uow.now, lease_until=None, error=None)).rowcount:
        raise _Lost


def _locked(uow: UnitOfWork, row: Row) -> Row:
    """The case of a job, which must be able to move."""
    instance = uow.lock_instance(row.instance_id)
    _refuse_held(instance)
    _mine(uow, row)
    return instance


def _refuse_held(instance: Row) -> None:
    if instance.status == "suspended":
        raise Conflict(SUSPENDED, id=instance.id, business_key=instance.business_key)


# ------------------------------------------------------------------ run
def _run_timer(engine: ProcessEngine, row: Row) -> None:
    with engine.transaction(SYSTEM) as uow:
        instance = _locked(uow, row)
        times = 1 + _missed(uow, instance, row)
        execution.advance(uow, instance, Command("timer", Trigger(row.token, row.element, times), row.element, inputs={
            "job": row.id, "due_at": history.iso(row.due_at), "times": times}))


def _missed(uow: UnitOfWork, instance: Row, row: Row) -> int:
    """How many further rounds of a cycle were due as well: they collapse into this firing, and are counted."""
    element = bundles.load(uow, instance.bundle_id).element(row.process_key, row.element)
    if element.event is None or element.event.timer != "cycle":
        return 0
    text, name = canonical.loads(row.timer)["text"], element.properties.get("calendar")
    working = calendars.load(uow, name or calendars.DEFAULT) if name or "roll" in element.properties else None
    return calendar.missed(text, row.due_at, uow.now, working, element.properties)


def _run_service(engine: ProcessEngine, row: Row) -> None:
    operation = engine.operations.get(row.topic)
    if operation is None:
        raise PermanentFailure(f"no operation for topic {row.topic!r}")
    if operation.kind == "record":
        _run_record(engine, row, operation)
    else:
        _run_effect(engine, row, operation)


def _run_record(engine: ProcessEngine, row: Row, operation: Operation) -> None:
    with engine.transaction(SYSTEM) as uow:
        instance = _locked(uow, row)
        try:
            with uow.savepoint():  # a modelled outcome leaves nothing of the operation behind
                result: Mapping[str, Any] = operation.function(uow, context(uow, instance, row)) or {}
        except BpmnError as outcome:
            _advance(uow, instance, row, ThrowError(row.token, outcome.error_code), outcome.variables)
            return
        _advance(uow, instance, row, Complete(row.token), result)


def _run_effect(engine: ProcessEngine, row: Row, operation: Operation) -> None:
    with engine.reading(SYSTEM) as uow:
        instance = uow.lock_instance(row.instance_id)
        _refuse_held(instance)
        told = context(uow, instance, row)
    reached: Step = Complete(row.token)
    try:
        result: Mapping[str, Any] = operation.function(engine.settings, told) or {}
    except BpmnError as outcome:
        reached, result = ThrowError(row.token, outcome.error_code), outcome.variables
    with engine.transaction(SYSTEM) as uow:
        _advance(uow, _locked(uow, row), row, reached, result)


def _advance(uow: UnitOfWork, instance: Row, row: Row, reached: Step, result: Mapping[str, Any]) -> None:
    scope = step.place_of(canonical.loads(instance.tokens), row.token).scope
    execution.advance(uow, instance, Command("job", reached, row.element, dict(result), scope,
                                             {"job": row.id, "topic": row.topic, "attempt": row.fence}))


def context(uow: UnitOfWork, instance: Row, row: Row) -> JobContext:
    """What an operation is told of its case: all variables that its element sees."""
    bundle, state = bundles.load(uow, instance.bundle_id), canonical.loads(instance.tokens)
    variables = execution.load_variables(uow, instance.id, bundle, state)
    try:
        visible = variables.visible(step.place_of(state, row.token).scope)
    except KeyError:
        raise _Lost from None
    return JobContext(row.id, instance.id, row.process_key, row.element, instance.business_key,
                      str(visible.get("office") or instance.office), instance.started_by, visible, uow.now)


def _run_message(engine: ProcessEngine, row: Row) -> None:
    told = canonical.loads(row.arguments)
    with engine.transaction(SYSTEM) as uow:
        _mine(uow, row)
        instances.correlate(uow, row.topic, correlation=told.get("correlation"), variables=told.get("variables"),
                            business_key=told.get("business_key"))


def _run_start(engine: ProcessEngine, row: Row) -> None:
    told = canonical.loads(row.arguments)
    with engine.transaction(SYSTEM) as uow:
        _mine(uow, row)
        if row.element is not None and not told:
            _start_by_timer(uow, row)
            return
        instances.start(uow, row.process_key, variables=told.get("variables"), business_key=told.get("business_key"),
                        office=told.get("office"), came_from=row.instance_id, checks_rights=False)


def _start_by_timer(uow: UnitOfWork, row: Row) -> None:
    event = timer_starts.event_of(uow, row.process_key, row.element)
    if event is None:
        return
    if event.event is not None and event.event.timer == "cycle":
        timer_starts.plan(uow, row.process_key, event, row.due_at)
    if timer_starts.is_first(uow, row.process_key, row.element, row.due_at):
        instances.start(uow, row.process_key, event=row.element, checks_rights=False,
                        variables={"started_for": row.due_at.isoformat()})


def _run_recount(engine: ProcessEngine, row: Row) -> None:
    told = canonical.loads(row.arguments)
    with engine.transaction(SYSTEM) as uow:
        if row.instance_id is None:
            _mine(uow, row)
            recounting.look(uow, told)
            return
        instance = uow.lock_instance(row.instance_id)  # a suspended case too: its deadlines go on by the calendar as it is
        _mine(uow, row)
        recounting.recount(uow, instance, told["calendar"])


def _run_effective(engine: ProcessEngine, row: Row) -> None:
    """What was approved for today; what stands in its way goes away by no retry, so that it is an incident at once."""
    draft_id = canonical.loads(row.arguments)["draft"]
    try:
        with engine.transaction(SYSTEM) as uow:
            _mine(uow, row)
            approvals.take_effect(uow, draft_id)
    except EngineError as problem:
        with engine.transaction(SYSTEM) as uow:
            approvals.tell_of_failure(uow, draft_id)
        raise PermanentFailure(approvals.why(problem)) from problem


def _run_migrate(engine: ProcessEngine, row: Row) -> None:
    """Some cases of a plan, each in its own transaction; then the job that goes on."""
    plan_id = canonical.loads(row.arguments)["plan"]
    migration_plans.move_some(engine, plan_id)
    with engine.transaction(SYSTEM) as uow:
        _mine(uow, row)
        migration_plans.go_on(uow, plan_id)


def _run_destroy(engine: ProcessEngine, row: Row) -> None:
    """Some items of a decided destruction, each in its own transaction; then the job that goes on."""
    destruction_id = canonical.loads(row.arguments)["destruction"]
    destruction.destroy_some(engine, destruction_id)
    with engine.transaction(SYSTEM) as uow:
        _mine(uow, row)
        destruction.go_on(uow, destruction_id)


def _run_mail(engine: ProcessEngine, row: Row) -> None:
    with engine.reading(SYSTEM) as uow:
        letter = uow.row(sa.select(mail).where(mail.c.id == row.id))
    if letter is None:
        raise PermanentFailure(f"mail {row.id} is gone")
    sent = smtp.send(engine.settings, letter)
    with engine.transaction(SYSTEM) as uow:
        _mine(uow, row)
        if sent:
            uow.execute(sa.update(mail).where(mail.c.id == row.id).values(sent_at=uow.now))


_RUNNERS: dict[str, Callable[[ProcessEngine, Row], None]] = {
    "timer": _run_timer, "service": _run_service, "message": _run_message, "start": _run_start, "mail": _run_mail,
    "recount": _run_recount, "effective": _run_effective, "migrate": _run_migrate,
    "destroy": _run_destroy,
}


# ------------------------------------------------------------------ fail, retry
def _fail(engine: ProcessEngine, row: Row, problem: Exception) -> None:
    """Count a retry and back off; the last one makes an incident with the operation's own message."""
    text = f"{type(problem).__name__}: {problem}" if not isinstance(problem, EngineError) else str(problem)
    with engine.transaction(SYSTEM) as uow:
        here = (job.c.id == row.id, job.c.fence == row.fence, job.c.state == "open")
        if isinstance(problem, Conflict) and problem.code == SUSPENDED:  # it waits without losing a retry
            uow.execute(sa.update(job).where(*here).values(lease_until=uow.now + LEASE))
            return
        left = 0 if isinstance(problem, PermanentFailure) else max(row.retries - 1, 0)
        pause = BACK_OFF[min(len(BACK_OFF) - 1, max(0, len(BACK_OFF) - left))]
        values = {"retries": left, "error": text[:4000], "lease_until": None}
        values |= {"due_at": uow.now + pause} if left else {"state": "failed"}
        changed = uow.execute(sa.update(job).where(*here).values(values)).rowcount
        if changed and not left:
            add_incident(uow, "failedJob", text[:4000], instance_id=row.instance_id, token=row.token,
                         process_key=row.process_key, element=row.element, job_id=row.id)


def _retry_job(uow: UnitOfWork, row: Row) -> None:
    found = uow.row(sa.select(job).where(job.c.id == row.job_id, job.c.state == "failed"))
    if found is None:
        raise Conflict("job_not_failed", id=row.job_id)
    again = _armed_again(uow, found) if found.kind == "timer" and found.due_at == timers.NEVER else {"due_at": uow.now}
    uow.execute(sa.update(job).where(job.c.id == found.id).values(
        state="open", retries=len(BACK_OFF), lease_until=None, error=None, **again))
    resolve_incidents(uow, _THIS_INCIDENT, [{"incident": row.id}])
    uow.makes_jobs = True


def _armed_again(uow: UnitOfWork, row: Row) -> dict[str, Any]:
    """The due date and the facts of a timer whose text could not be read before, from the case's variables as they are now."""
    instance = uow.lock_instance(row.instance_id)
    bundle, state = bundles.load(uow, instance.bundle_id), canonical.loads(instance.tokens)
    environment = execution.environment_of(uow, instance, bundle, execution.load_variables(uow, instance.id, bundle, state))
    element = bundle.element(row.process_key, row.element)
    given = element.event.text if element.event else None
    text = str(environment.value(given or "", step.place_of(state, row.token).scope))
    name = element.properties.get("calendar")
    working = calendars.load(uow, name or calendars.DEFAULT) if name or "roll" in element.properties else None
    due = timers.next_due(uow.now, element, text, working)
    if due is None:
        raise InvalidValue("timer", field="timer", value=text)
    return {"due_at": due, "timer": canonical.dumps(timers.facts(uow.now, text, name, working))}
