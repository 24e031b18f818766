"""After a calendar has changed, the deadlines that wait are counted again, each from its own beginning (design.md §1.12).

One case is one job and one transaction. What has fired stays, what a person has moved stays where they put it, and what
would now lie in the past is due at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from engine import bundles, calendars, canonical, due_dates, execution, history, timers
from engine.calendar import WorkingCalendar
from engine.calendar_changes import RECOUNT
from engine.calendars import DEFAULT
from engine.diagram.model import Element
from engine.execution import Command
from engine.job_rows import enqueue
from engine.tables import job, process_instance
from engine.timers import NEVER
from engine.unit_of_work import UnitOfWork
from engine.waiting import announce

BATCH = 500
LOOKED_AT = 5_000
"""So many deadlines are counted to say beforehand what a change would move: more take longer than a page may."""
LATE = timedelta(minutes=1)
"""A step that was under way when the calendar changed may still have armed a timer by the old one: a second look finds it."""
Row = sa.Row[Any]
_is_armed = (job.c.kind == "timer", job.c.state == "open", job.c.due_at < NEVER)
_is_timer = (*_is_armed, job.c.error.is_(None))
"""One that failed and is tried again was due: its time is that of the next try."""
_waiting = job.alias("waiting")
_is_waiting = sa.and_(_waiting.c.kind == RECOUNT, _waiting.c.state.in_(["open", "failed"]), _waiting.c.instance_id.is_not(None))


@dataclass(frozen=True, slots=True)
class Effect:
    """What a change of the calendar would move: deadlines, in how many cases, and how many would be due at once.

    `is_partial`: there are more deadlines than were looked at.
    """

    deadlines: int
    cases: int
    at_once: int
    is_partial: bool


@dataclass(frozen=True, slots=True)
class Progress:
    """How many cases wait to be counted again, how many could not be (an incident says why), and whether cases are looked for."""

    waiting: int
    failed: int
    is_looking: bool


def effect(uow: UnitOfWork, changed: WorkingCalendar, calendar_id: str = DEFAULT) -> Effect:
    """What `changed` would move, nothing written."""
    query = sa.select(job, process_instance.c.bundle_id).join(process_instance, process_instance.c.id == job.c.instance_id)
    rows = uow.rows(query.where(*_is_timer, _is_counted(calendar_id)).order_by(job.c.due_at, job.c.id).limit(LOOKED_AT + 1))
    moved = [(row, due) for row in rows[:LOOKED_AT] if (due := _due(uow, row, row.bundle_id, changed)) not in (None, row.due_at)]
    return Effect(len(moved), len({row.instance_id for row, _ in moved}),
                  sum(due is not None and due <= uow.now for _, due in moved), is_partial=len(rows) > LOOKED_AT)


def progress(uow: UnitOfWork) -> Progress:
    """How far the counting is. A second look that is still to come does not count: it is only made to be sure."""
    is_case, is_open = job.c.instance_id.is_not(None), job.c.state == "open"
    numbers = {"waiting": sa.and_(is_open, is_case), "failed": job.c.state == "failed",
               "looking": sa.and_(is_open, ~is_case, job.c.due_at <= uow.now)}
    counts = [sa.func.count(sa.case((condition, 1))).label(name) for name, condition in numbers.items()]
    row = uow.rows(sa.select(*counts).where(job.c.kind == RECOUNT, job.c.state.in_(["open", "failed"])))[0]
    return Progress(row.waiting, row.failed, is_looking=bool(row.looking))


def look(uow: UnitOfWork, arguments: Mapping[str, Any]) -> None:
    """Add a job for each of the next cases with deadlines of an older revision, then one that looks further.

    A case that has such a job already, waiting or failed with an incident, needs no other: it counts by the calendar as it is.
    """
    calendar_id, after = arguments["calendar"], arguments.get("after", "")
    query = sa.select(job.c.instance_id).where(
        *_is_timer, job.c.instance_id > after, _is_counted(calendar_id), _is_old(uow, calendar_id),
        job.c.instance_id.not_in(sa.select(_waiting.c.instance_id).where(_is_waiting)))
    found = [row.instance_id for row in uow.rows(query.distinct().order_by(job.c.instance_id).limit(BATCH))]
    for instance_id in found:
        enqueue(uow, RECOUNT, instance_id=instance_id, arguments={"calendar": calendar_id})
    if len(found) == BATCH:
        enqueue(uow, RECOUNT, arguments={**arguments, "after": found[-1]})
    elif not arguments.get("again"):
        enqueue(uow, RECOUNT, due_at=uow.now + LATE, arguments={"calendar": calendar_id, "again": True})


def recount(uow: UnitOfWork, instance: Row, calendar_id: str = DEFAULT) -> int:
    """Count the old deadlines of a locked case again by the calendar as it is; gives how many timers moved.

    Timers, the due dates that came from them and the event `recount` of the record are one commit.
    """
    working = calendars.load(uow, calendar_id)
    armed = uow.rows(sa.select(job).where(job.c.instance_id == instance.id, *_is_armed).order_by(job.c.id))
    old = [row for row in armed if _is_by(row, calendar_id) and _facts(row)["revision"] != working.revision]
    counted = {row.id: _due(uow, row, instance.bundle_id, working) or row.due_at for row in old}
    moved = [row for row in old if counted[row.id] != row.due_at]
    tasks = due_dates.follow(uow, instance, armed, counted)
    for row in old:
        _set(uow, row, counted[row.id], {**_facts(row), "revision": working.revision})
    for row, due_at in tasks:
        due_dates.set_task(uow, row.id, due_at)
    if moved:
        uow.makes_jobs = uow.makes_jobs or any(counted[row.id] <= uow.now for row in moved)
        announce(uow, instance, [row._asdict() for row, _ in tasks])
        execution.advance(uow, instance, Command("recount", inputs={
            "calendar": calendar_id, "revision": working.revision,
            "timers": [{"timer": row.id, "element": row.element, "revision": _facts(row)["revision"],
                        **_change(row.due_at, counted[row.id])} for row in moved],
            "tasks": [{"task": row.id, "element": row.element, **_change(row.due_at, due)} for row, due in tasks]}))
    return len(moved)


# ------------------------------------------------------------------ inside
def _set(uow: UnitOfWork, row: Row, due_at: datetime, told: Mapping[str, Any]) -> None:
    """Keep the new revision, and the new moment if it is another; a timer that stays keeps its lease, too."""
    if due_at != row.due_at:
        due_dates.set_timer(uow, row.id, due_at, told)
    else:
        uow.execute(sa.update(job).where(job.c.id == row.id).values(timer=canonical.dumps(dict(told))))


def _is_counted(calendar_id: str) -> sa.ColumnElement[bool]:
    """Timers that this calendar may have counted: those that name it, and those of the default that only roll."""
    named = job.c.timer.like(f'%"calendar":"{calendar_id}"%')
    rolled = sa.and_(job.c.timer.like('%"calendar":null%'), job.c.timer.not_like('%"revision":null%'))
    is_free = job.c.timer.not_like(f'%"{due_dates.SET}":%')
    return sa.and_(sa.or_(named, rolled) if calendar_id == DEFAULT else named, is_free)


def _is_old(uow: UnitOfWork, calendar_id: str) -> sa.ColumnElement[bool]:
    return job.c.timer.not_like(f'%"revision":{calendars.load(uow, calendar_id).revision},%')


def _is_by(row: Row, calendar_id: str) -> bool:
    told = _facts(row)
    is_counted = told.get("revision") is not None and row.error is None and not due_dates.is_set(row)
    return is_counted and (told.get("calendar") or DEFAULT) == calendar_id


def _facts(row: Row) -> dict[str, Any]:
    found: dict[str, Any] = canonical.loads(row.timer) if row.timer else {}
    return found


def _due(uow: UnitOfWork, row: Row, bundle_id: str, working: WorkingCalendar) -> datetime | None:
    """When a timer is due by this calendar, counted from when it was armed; None for a cycle that would be over."""
    element: Element = bundles.load(uow, bundle_id).element(row.process_key, row.element)
    fired = int(row.id.rpartition(".")[2])
    began = datetime.fromisoformat(_facts(row)["began"]) if "began" in _facts(row) else row.created_at
    last = _last(uow, row) if fired else None
    return timers.next_due(began, element, _facts(row)["text"], working, last=last, fired=fired)


def _last(uow: UnitOfWork, row: Row) -> datetime | None:
    """When the round of a cycle before this one was due."""
    found: datetime | None = uow.scalar(sa.select(sa.func.max(job.c.due_at)).where(
        job.c.instance_id == row.instance_id, job.c.token == row.token, job.c.element == row.element, job.c.kind == "timer",
        job.c.id != row.id))
    return found


def _change(before: datetime, after: datetime) -> dict[str, str]:
    return {"before": history.iso(before), "after": history.iso(after)}
