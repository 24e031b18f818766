"""Timers and message subscriptions as rows: armed when the tokens begin to wait for them, disarmed when they stop."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine import calendar, calendars, canonical
from engine.change import Change
from engine.diagram.model import Element
from engine.errors import EngineError
from engine.job_rows import add_incident, enqueue, resolve_incidents, resolved
from engine.spiff import place
from engine.spiff.steps import Subscription
from engine.tables import incident, job, subscription

NEVER = datetime.fromisoformat("9999-12-31T00:00:00+00:00")
Deadlines = dict[tuple[int, str], datetime]
"""(token, event element) → when its timer is due."""
_CANCEL_TIMER = sa.update(job).where(
    job.c.instance_id == sa.bindparam("instance"), job.c.token == sa.bindparam("at"), job.c.element == sa.bindparam("event"),
    job.c.kind == "timer", job.c.state.in_(["open", "failed"])).values(state="cancelled", ended_at=sa.bindparam("now"))
_GONE_INCIDENT = resolved(incident.c.instance_id == sa.bindparam("instance"), incident.c.token == sa.bindparam("at"),
                          incident.c.element == sa.bindparam("event"), incident.c.kind == "failedJob")
_SUBSCRIBE = sa.insert(subscription)
_UNSUBSCRIBE = sa.delete(subscription).where(
    subscription.c.instance_id == sa.bindparam("instance"), subscription.c.token == sa.bindparam("at"),
    subscription.c.element == sa.bindparam("event"))
_ARMED = sa.select(job.c.token, job.c.element, job.c.due_at).where(
    job.c.instance_id == sa.bindparam("instance"), job.c.kind == "timer", job.c.state == "open")


def mirror(change: Change) -> Deadlines:
    """Bring timers and subscriptions in line with the tokens; gives the due dates of all armed timers if tasks are new."""
    before = _waits(place.subscriptions(change.bundle.spec, change.before)) if change.row.head_seq else {}
    after = _waits(change.applied.outcome.subscriptions)
    for key, wait in before.items():
        if key not in after:
            _disarm(change, wait)
    due = {}
    for key, wait in after.items():
        if key not in before and (at := _begin(change, wait)):
            due[wait.token, wait.element] = at
    is_known = not change.applied.offers or all(key not in before for key in after)
    return due if is_known else _armed(change) | due


def next_due(now: datetime, element: Element, text: str, working: calendar.WorkingCalendar | None, *,
             last: datetime | None = None, fired: int = 0) -> datetime | None:
    """When a timer event fires: `text` is ISO 8601; `last` and `fired` tell of a cycle's rounds before. None: it is over."""
    event = element.event
    if event is not None and event.timer == "cycle":
        return calendar.next_due(text, last, now, working, element.properties, fired=fired)
    return calendar.due_at(event.timer if event and event.timer else "date", text, now, working, element.properties)


def facts(now: datetime, text: str, name: str | None, working: calendar.WorkingCalendar | None) -> dict[str, Any]:
    """A timer's own facts, by which it can be counted again: when it began, its text, the calendar's name and revision."""
    return {"began": now.isoformat(), "text": text, "calendar": name, "revision": working.revision if working else None}


def arm(change: Change, wait: Subscription) -> datetime | None:
    """A timer's row. A text that gives no date makes a failed job with an incident: the case itself goes on."""
    uow, row, element = change.uow, change.row, change.bundle.element(wait.process, wait.element)
    columns = {"job_id": f"{row.id}.{wait.token}.{element.id}.{wait.fired}", "instance_id": row.id, "token": wait.token,
               "process_key": wait.process, "element": element.id}
    try:
        due, timer = _computed(change, wait, element)
    except EngineError as problem:
        enqueue(uow, "timer", due_at=NEVER, **columns, state="failed", error=str(problem))
        add_incident(uow, "failedJob", str(problem), **columns)
        return None
    if due is not None:
        enqueue(uow, "timer", due_at=due, timer=canonical.dumps(timer), **columns)
    return due


def _waits(found: Iterable[Subscription]) -> dict[tuple[int, str, int], Subscription]:
    return {(wait.token, wait.element, wait.fired): wait for wait in found}


def _begin(change: Change, wait: Subscription) -> datetime | None:
    if wait.definition.kind == "timer":
        return arm(change, wait)
    if wait.definition.kind == "message" and not wait.fired:
        _subscribe(change, wait)
    return None


def _subscribe(change: Change, wait: Subscription) -> None:
    event = wait.definition
    correlation = {key: change.environment.value(text, wait.scope) for key, text in event.correlation.items()}
    change.uow.later(_SUBSCRIBE, [{
        "instance_id": change.row.id, "token": wait.token, "element": wait.element,
        "name": change.environment.value(event.name or "", wait.scope),
        "correlation": canonical.dumps(correlation), "business_key": change.row.business_key}])


def _disarm(change: Change, wait: Subscription) -> None:
    uow, here = change.uow, {"instance": change.row.id, "at": wait.token, "event": wait.element}
    if wait.definition.kind == "timer":
        uow.later(_CANCEL_TIMER, [{**here, "now": uow.now}])
        resolve_incidents(uow, _GONE_INCIDENT, [here])
    elif wait.definition.kind == "message" and not _still_waits(change, wait):
        uow.later(_UNSUBSCRIBE, [here])


def _still_waits(change: Change, wait: Subscription) -> bool:
    return any((w.token, w.element) == (wait.token, wait.element) for w in change.applied.outcome.subscriptions)


def _computed(change: Change, wait: Subscription, element: Element) -> tuple[datetime | None, dict[str, Any]]:
    uow = change.uow
    text = str(change.environment.value(wait.definition.text or "", wait.scope))
    name = element.properties.get("calendar")
    working = calendars.load(uow, name or calendars.DEFAULT) if name or "roll" in element.properties else None
    last = _last(change, wait) if wait.fired else None
    due = next_due(uow.now, element, text, working, last=last, fired=wait.fired)
    return due, facts(uow.now, text, name, working)


def _last(change: Change, wait: Subscription) -> datetime | None:
    found: datetime | None = change.uow.scalar(sa.select(sa.func.max(job.c.due_at)).where(
        job.c.instance_id == change.row.id, job.c.token == wait.token, job.c.element == wait.element, job.c.kind == "timer"))
    return found


def _armed(change: Change) -> Deadlines:
    return {(r.token, r.element): r.due_at for r in change.uow.rows(_ARMED, instance=change.row.id)}
