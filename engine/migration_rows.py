"""What waits for a case that goes to another version: its timers, messages, jobs and incidents follow in place.

What is the same stays as it is, with its due date; what is new counts from when the token began to wait; what a person has
set by hand stays where they put it. Tasks are in `migration_tasks`.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine import calendars, canonical, due_dates, timers
from engine.bundles import Bundle
from engine.change import Change
from engine.diagram.model import Element
from engine.errors import EngineError, StepRefused
from engine.job_rows import enqueue, resolve_incidents, resolved
from engine.spiff import place
from engine.spiff.mapping import Elements, renamed
from engine.spiff.steps import Subscription
from engine.step import Place, places
from engine.tables import activity_instance, incident, job, subscription, task
from engine.unit_of_work import UnitOfWork

OPEN = ("open", "failed")
Row = sa.Row[Any]
Key = tuple[int, str, int]
"""Token, event element on the target, rounds that have fired."""
_TIMERS = sa.select(job).where(
    job.c.instance_id.in_(sa.bindparam("instances", expanding=True)), job.c.kind == "timer", job.c.state.in_(OPEN))
_TASKS = sa.select(task).where(task.c.instance_id.in_(sa.bindparam("instances", expanding=True)), task.c.state == "open")


@dataclass(frozen=True, slots=True)
class Waits:
    """The rows that a case waits with: its armed timers and its open tasks."""

    timers: tuple[Row, ...]
    tasks: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Move:
    """One case on its way: the change that will be written, where it comes from, the mapping, and its rows.

    `earlier`: what an undo knows of the time before: `{"timers": {key: …}, "tasks": {token: …}}`.
    """

    change: Change
    source: Bundle
    mapping: Elements
    waits: Waits
    earlier: Mapping[str, Any] = field(default_factory=dict)

    @property
    def before(self) -> dict[int, Place]:
        """Where every token stood."""
        return places(self.change.before)


@dataclass(frozen=True, slots=True)
class Timer:
    """What becomes of one timer: `kind` is kept | changed | added | removed; `row` is its job, if it has one."""

    kind: str
    token: int
    process: str
    element: str
    fired: int
    row: Row | None
    due_at: datetime | None
    told: Mapping[str, Any] | None


def read(uow: UnitOfWork, instance_ids: Collection[str]) -> dict[str, Waits]:
    """The rows that cases wait with, read at once."""
    found: dict[str, tuple[list[Row], list[Row]]] = {each: ([], []) for each in instance_ids}
    for row in uow.rows(_TIMERS, instances=list(instance_ids)):
        found[row.instance_id][0].append(row)
    for row in uow.rows(_TASKS, instances=list(instance_ids)):
        found[row.instance_id][1].append(row)
    return {each: Waits(tuple(armed), tuple(tasks)) for each, (armed, tasks) in found.items()}


def plan_timers(move: Move) -> list[Timer]:
    """What becomes of each timer, nothing written. `StepRefused("timer_failed")` where a text of the target gives no date."""
    before, after = _subscriptions(move, "timer")
    rows = {(r.token, r.process_key, r.element, _fired(r)): r for r in move.waits.timers}
    found = []
    for key, wait in before.items():
        row = rows.get((wait.token, wait.process, wait.element, wait.fired))
        if key not in after and row is None:  # a cycle that is over
            continue
        if key not in after:
            found.append(Timer("removed", wait.token, wait.process, wait.element, wait.fired, row, None, None))
        else:
            found.append(_compared(move, wait, after[key], row))
    return found + [_counted(move, "added", wait, None, wait.element) for key, wait in after.items() if key not in before]


def plan_messages(move: Move) -> list[dict[str, Any]] | None:
    """All message subscriptions as they will be, None if they stay as they are.

    What is waited for in the same words keeps its row's. `StepRefused("message_failed")` where an expression fails.
    """
    before, after = _subscriptions(move, "message")
    kept = {key: before[key] for key, wait in after.items() if key in before and _message(wait) == _message(before[key])}
    if kept.keys() == after.keys() == before.keys() and all(after[key].element == wait.element for key, wait in kept.items()):
        return None
    rows = {(r.token, r.element): r for r in move.change.uow.rows(
        sa.select(subscription).where(subscription.c.instance_id == move.change.row.id))}
    made = {}
    for key, wait in after.items():
        row = rows.get((wait.token, kept[key].element)) if key in kept else None
        made[wait.token, wait.element] = row._asdict() | {"element": wait.element} if row else _subscription(move.change, wait)
    return list(made.values())


def mirror(move: Move, planned: Sequence[Timer], messages: list[dict[str, Any]] | None) -> None:
    """Bring timers, messages, jobs, incidents and the projection in line."""
    for each in planned:
        _write_timer(move, each)
    if messages is not None:
        move.change.uow.later(sa.delete(subscription).where(subscription.c.instance_id == move.change.row.id))
        if messages:
            move.change.uow.later(sa.insert(subscription), messages)
    _jobs_and_incidents(move)
    _activities(move)


def snapshot(planned: Iterable[Timer]) -> dict[str, Any]:
    """What an undo must know of the timers that go or change: key → due date and facts."""
    return {f"{each.token}/{each.row.element}/{each.fired}": {"due_at": each.row.due_at.isoformat(), "timer": each.row.timer}
            for each in planned if each.row is not None and each.kind in ("removed", "changed")}


# ------------------------------------------------------------------ timers
def _subscriptions(move: Move, kind: str) -> tuple[dict[Key, Subscription], dict[Key, Subscription]]:
    """What was and what is waited for, by token and name on the target; what has no name there any more has its old one."""
    old = place.subscriptions(move.source.spec, move.change.before)
    before = {(w.token, renamed(move.mapping, w.process, w.element) or f"-{w.element}", w.fired): w
              for w in old if w.definition.kind == kind}
    after = {(w.token, w.element, w.fired): w for w in move.change.applied.outcome.subscriptions if w.definition.kind == kind}
    return before, after


def _fired(row: Row) -> int:
    return int(row.id.rpartition(".")[2])


def _compared(move: Move, then: Subscription, now: Subscription, row: Row | None) -> Timer:
    old, new = move.source.element(then.process, then.element), move.change.bundle.element(now.process, now.element)
    if row is None:  # a cycle that is over
        return Timer("kept", now.token, now.process, now.element, now.fired, None, None, None)
    told = canonical.loads(row.timer) if row.timer else None
    if _rule(old) == _rule(new) or due_dates.is_set(row):
        return Timer("kept", now.token, now.process, now.element, now.fired, row, row.due_at, told)
    return _counted(move, "changed", now, row, then.element)


def _rule(element: Element) -> tuple[Any, ...]:
    """All that says when a timer is due."""
    event = element.event
    counted = {name: text for name, text in element.properties.items() if name in ("calendar", "roll")}
    return (event.timer, event.text, counted) if event else ()


def _counted(move: Move, kind: str, wait: Subscription, row: Row | None, old: str) -> Timer:
    """A timer counted from when its token began to wait, or from when the timer itself began; `old`: its name before."""
    earlier = move.earlier.get("timers", {}).get(f"{wait.token}/{wait.element}/{wait.fired}", {})
    given = row.timer if row is not None else earlier.get("timer")
    told = canonical.loads(given) if given else {}
    if row is None and due_dates.SET in told:  # a person put it there, before the move that is undone
        return Timer(kind, wait.token, wait.process, wait.element, wait.fired, None,
                     datetime.fromisoformat(earlier["due_at"]), told)
    began = datetime.fromisoformat(told["began"]) if "began" in told else _began(move, wait.token)
    try:
        due, facts = _due(move, wait, began, _last(move, wait.token, old) if wait.fired else None)
    except EngineError as problem:
        raise StepRefused(reason="timer_failed", token=wait.token, element=wait.element, problem=str(problem)) from problem
    return Timer(kind, wait.token, wait.process, wait.element, wait.fired, row, due, facts)


def _due(move: Move, wait: Subscription, began: datetime, last: datetime | None) -> tuple[datetime | None, dict[str, Any]]:
    element = move.change.bundle.element(wait.process, wait.element)
    text = str(move.change.environment.value(wait.definition.text or "", wait.scope))
    name = element.properties.get("calendar")
    working = calendars.load(move.change.uow, name or calendars.DEFAULT) if name or "roll" in element.properties else None
    due = timers.next_due(began, element, text, working, last=last, fired=wait.fired)
    return due, timers.facts(began, text, name, working)


def _last(move: Move, token: int, element: str) -> datetime | None:
    """When the round of a cycle before this one was due."""
    found: datetime | None = move.change.uow.scalar(sa.select(sa.func.max(job.c.due_at)).where(
        job.c.instance_id == move.change.row.id, job.c.token == token, job.c.element == element, job.c.kind == "timer",
        job.c.state == "done"))
    return found


def _began(move: Move, token: int) -> datetime:
    """When a token began to wait: the case for its own process; now for a sub-process that is opened."""
    waits = next((each for each in move.waits.tasks if each.token == token), None)
    if token == 1 or waits is not None:
        started: datetime = waits.created_at if waits is not None else move.change.row.started_at
        return started
    found = move.change.uow.scalar(sa.select(activity_instance.c.started_at).where(
        activity_instance.c.instance_id == move.change.row.id, activity_instance.c.token == token))
    return found or _earliest_inside(move, token)


def _earliest_inside(move: Move, scope: int) -> datetime:
    """A sub-process opened around a token began when the oldest token in it did."""
    inside = [row["id"] for row in move.change.applied.state["tokens"] if row["in"] == scope]
    return min((_began(move, token) for token in inside), default=move.change.uow.now)


def _write_timer(move: Move, each: Timer) -> None:
    change, uow, row = move.change, move.change.uow, each.row
    told = canonical.dumps(dict(each.told or {}))
    if each.kind == "added" and each.due_at:
        enqueue(uow, "timer", job_id=f"{change.row.id}.{each.token}.{each.element}.{change.row.version + 1}.{each.fired}",
                due_at=each.due_at, timer=told, instance_id=change.row.id, token=each.token, process_key=each.process,
                element=each.element)
    elif row is not None and (each.kind == "removed" or each.due_at is None):
        _set(move, row, state="cancelled", ended_at=uow.now)
        _resolve_job(move, row.id)
    elif row is not None and each.kind == "changed":
        _set(move, row, due_at=each.due_at, timer=told, process_key=each.process, element=each.element, state="open", error=None)
        _resolve_job(move, row.id)
    elif row is not None and (row.element, row.process_key) != (each.element, each.process):
        _set(move, row, process_key=each.process, element=each.element)


def _set(move: Move, row: Row, **values: Any) -> None:
    """A worker that has taken the timer meanwhile, to fire it by its old name, loses it by the fence."""
    move.change.uow.later(sa.update(job).where(job.c.id == row.id).values(**values, lease_until=None, fence=job.c.fence + 1))
    move.change.uow.makes_jobs = True


def _resolve_job(move: Move, job_id: str) -> None:
    resolve_incidents(move.change.uow, resolved(incident.c.job_id == sa.bindparam("of_job")), [{"of_job": job_id}])


# ------------------------------------------------------------------ messages, jobs, incidents, the projection
def _message(wait: Subscription) -> tuple[Any, ...]:
    return wait.definition.name, dict(wait.definition.correlation)


def _subscription(change: Change, wait: Subscription) -> dict[str, Any]:
    try:
        correlation = {key: change.environment.value(text, wait.scope) for key, text in wait.definition.correlation.items()}
        name = change.environment.value(wait.definition.name or "", wait.scope)
    except EngineError as problem:
        raise StepRefused(reason="message_failed", token=wait.token, element=wait.element, problem=str(problem)) from problem
    return {"instance_id": change.row.id, "token": wait.token, "element": wait.element, "name": name,
            "correlation": canonical.dumps(correlation), "business_key": change.row.business_key}


def _jobs_and_incidents(move: Move) -> None:
    change, uow, before = move.change, move.change.uow, move.before
    for token, spot in change.places.items():
        then = before.get(token)
        if then is None or change.kinds_after[token] not in ("job", "incident"):
            continue
        element, old = change.element(token), move.source.element(then.process, then.element)
        topic, where = element.attributes.get("topic"), {"process_key": spot.process, "element": spot.element}
        if (old.attributes.get("topic"), then.process, then.element) == (topic, spot.process, spot.element):
            continue
        uow.later(sa.update(job).where(
            job.c.instance_id == change.row.id, job.c.token == token, job.c.kind == "service", job.c.state.in_(OPEN)).values(
            **where, topic=topic, lease_until=None, fence=job.c.fence + 1))
        uow.later(sa.update(incident).where(
            incident.c.instance_id == change.row.id, incident.c.token == token, incident.c.resolved_at.is_(None),
            incident.c.element == then.element).values(**where))
        uow.makes_jobs = True


def _activities(move: Move) -> None:
    """The open activities take the names of the target."""
    change, before = move.change, move.before
    for token, spot in change.places.items():
        then = before.get(token)
        if then is None or token == 1:
            continue
        element = change.element(token)
        if then != spot or element.name != move.source.element(then.process, then.element).name:
            change.uow.later(sa.update(activity_instance).where(
                activity_instance.c.instance_id == change.row.id, activity_instance.c.token == token).values(
                process_key=spot.process, element=spot.element, scope=spot.scope, name=element.name))
