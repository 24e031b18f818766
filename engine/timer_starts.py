"""Timer starts (the 25th of each month): one open job per start event of the newest version (details.md, Time)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine import bundles, calendars, canonical, timers
from engine.diagram.model import Element
from engine.job_rows import enqueue
from engine.tables import job, timer_start
from engine.unit_of_work import UnitOfWork


def renew(uow: UnitOfWork, definitions: Iterable[sa.Row[Any]]) -> None:
    """After a deployment: the timer starts of these processes follow their newest version."""
    for row in definitions:
        cancel(uow, row.key)
        process = bundles.model(uow, row.sha256, row.resource_name).processes[row.key]
        for event in process.starts():
            if event.event is not None and event.event.kind == "timer":
                plan(uow, row.key, event, None)


def cancel(uow: UnitOfWork, process_key: str) -> None:
    """No timer starts this process any more."""
    uow.execute(sa.update(job).where(
        job.c.kind == "start", job.c.process_key == process_key, job.c.element.is_not(None), job.c.state == "open",
    ).values(state="cancelled", ended_at=uow.now))


def plan(uow: UnitOfWork, process_key: str, event: Element, last: datetime | None) -> None:
    """Queue the next firing after `last` (None: the first from now)."""
    definition_text = event.event.text if event.event else None
    name = event.properties.get("calendar")
    working = calendars.load(uow, name or calendars.DEFAULT) if name or "roll" in event.properties else None
    due = timers.next_due(uow.now, event, definition_text or "", working, last=last)
    if due is not None:
        enqueue(uow, "start", due_at=due, process_key=process_key, element=event.id,
                timer=canonical.dumps({"text": definition_text, "calendar": name}))


def is_first(uow: UnitOfWork, process_key: str, element: str, due_at: datetime) -> bool:
    """Note that this firing is being started; False if it already was (unique by process, event and due date)."""
    return uow.add_once(timer_start, process_key=process_key, element=element, due_at=due_at, instance_id=None)


def event_of(uow: UnitOfWork, process_key: str, element: str) -> Element | None:
    """The start event in the newest version, None if it is gone."""
    row = bundles.latest(uow, "process", process_key)
    if row is None:
        return None
    process = bundles.model(uow, row.sha256, row.resource_name).processes[process_key]
    return process.elements.get(element)


