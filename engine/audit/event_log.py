"""Cases as traces of what was done: one event for each change in a task's life, in order; XES, OCEL and CSV are made of them.

Tasks of all kinds are in it, those of called processes in the trace of their case; gateways, events and calls are not.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from engine import canonical
from engine.audit import finding, vocabulary
from engine.audit.finding import Criteria
from engine.audit.vocabulary import Vocabulary
from engine.diagram.supported import TASKS
from engine.tables import activity_instance, task
from engine.unit_of_work import SYSTEM, UnitOfWork

Transition = Literal["schedule", "assign", "start", "complete", "manualskip", "withdraw", "ate_abort"]
"""Of the XES lifecycle: offered, handed to somebody by another (the last time), claimed (a service task: begun), completed,
skipped by an intervention, taken away before the start, or after it."""
Row = sa.Row[Any]


@dataclass(frozen=True, slots=True)
class Event:
    """One change in the life of the task `task`. `resource` is a user id (`system` the server) or "", times are aware UTC."""

    task: str
    transition: Transition
    at: datetime
    activity: str
    process: str
    element: str
    type: str
    resource: str
    role: str
    office: str
    clause: str
    due: datetime | None
    began: datetime


@dataclass(frozen=True, slots=True)
class Trace:
    """A case (a row of `finding`) with its events by time; `customer`, `starter` and the resources may be pseudonyms."""

    row: Row
    customer: str
    starter: str
    events: Sequence[Event]


@dataclass(slots=True)
class Names:
    """People and customers as an export names them; if it `hides` them, by numbers that are the same all over the export."""

    hides: bool = False
    known: dict[tuple[str, str], str] = field(default_factory=dict)
    given: Counter[str] = field(default_factory=Counter)

    def person(self, user_id: str | None) -> str:
        """A user id, or `person 3`; the server is nobody to hide."""
        return self._name("person", user_id) if user_id and user_id != SYSTEM.id else user_id or ""

    def customer(self, name: str | None) -> str:
        """A customer's name, or `customer 3`."""
        return self._name("customer", name) if name else ""

    def _name(self, kind: str, name: str) -> str:
        if not self.hides:
            return name
        if (kind, name) not in self.known:
            self.given[kind] += 1
            self.known[kind, name] = f"{kind} {self.given[kind]}"
        return self.known[kind, name]


def traces(uow: UnitOfWork, criteria: Criteria, names: Names, language: str) -> Iterator[Trace]:
    """The cases that fit, newest first, some hundreds in memory at a time; activities are named in `language`."""
    reading = _Reading(vocabulary.read(uow), names, language)
    for rows in finding.batches(uow, criteria):
        ids = [row.id for row in rows]
        visits = uow.rows(sa.select(activity_instance).where(
            activity_instance.c.instance_id.in_(ids), activity_instance.c.type.in_(TASKS)).order_by(activity_instance.c.seq))
        tasks = {row.id: row for row in uow.rows(sa.select(task).where(task.c.instance_id.in_(ids)))}
        of_case: dict[str, list[Event]] = {key: [] for key in ids}
        for visit in visits:
            of_case[visit.instance_id] += reading.events(visit, tasks.get(visit.id))
        for row in rows:
            done = sorted(of_case[row.id], key=lambda each: each.at)  # stable: what happened at once stays in the order of steps
            yield Trace(row, names.customer(row.customer), names.person(row.started_by), done)


@dataclass(frozen=True, slots=True)
class _Reading:
    """How the rows of tasks become events."""

    words: Vocabulary
    names: Names
    language: str

    def events(self, visit: Row, offered: Row | None) -> Iterator[Event]:
        """What happened to one task."""
        element = self.words.elements.get((visit.process_key, visit.element))
        given: Mapping[str, Any] = {
            "task": visit.id, "process": visit.process_key, "element": visit.element, "type": visit.type,
            "activity": element.words(self.language) if element else visit.name or visit.element,
            "clause": element.properties.get("clause", "") if element else "", "began": visit.started_at,
            "role": ", ".join(canonical.loads(offered.candidate_groups)) if offered else "",
            "office": offered.office if offered else "", "due": offered.due_at if offered else None}
        for transition, at, who in _life(visit, offered):
            yield Event(**given, transition=transition, at=at, resource=self.names.person(who))


def _life(visit: Row, offered: Row | None) -> Iterator[tuple[Transition, datetime, str | None]]:
    """The changes of a task: which, when, by whom."""
    if offered is None:
        yield "start", visit.started_at, SYSTEM.id if visit.type == "serviceTask" else None
    else:
        yield "schedule", visit.started_at, None
        if offered.handed_at:
            yield "assign", offered.handed_at, offered.assignee
        if offered.claimed_at:
            yield "start", offered.claimed_at, offered.completed_by or offered.assignee
    if visit.ended_at is None:
        return
    if visit.end_state == "left":
        is_done = offered is None or offered.state == "completed"
        yield "complete" if is_done else "manualskip", visit.ended_at, visit.actor
    else:
        is_begun = offered is None or offered.claimed_at is not None
        yield "ate_abort" if is_begun else "withdraw", visit.ended_at, visit.actor
