"""Two orders, the two stores that wait for them, and a count: every kind of command, as a client and a worker do them.

An order: a person enters it, a gateway chooses, it is booked (a record), announced (an effect), waits an hour (a timer),
tells its store (a message to another case), is packed in two boxes (a multi-instance of records), and is confirmed. A store
is woken by the message and shelves what comes. The count is started by a timer, once. The client notes what it asks before
it asks, and what it was told after: one that starts again repeats, with the same key, whatever it had no reply to.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from engine import identity, instances, jobs, replies, tasks
from engine.settings import Settings
from engine.tables import job, process_instance, task
from engine.unit_of_work import SYSTEM, JobContext, Operation, ProcessEngine, UnitOfWork
from tests.conftest import MONDAY, Clock
from tests.diagram_text import diagram, end, flow_if, flows, message, messages, node, properties, service, start, timer, user
from tests.reliability.trap import Point, Trap

ORDERS = ("A", "B")
ANSWERS: Mapping[str, Mapping[str, Any]] = {"enter": {"amount": 1200}, "confirm": {"is_right": True}, "shelve": {"shelf": 7}}

_TWO_BOXES = node("multiInstanceLoopCharacteristics", "boxes", "<bpmn:loopCardinality>2</bpmn:loopCardinality>")
_TOLD = properties(correlation="order = ${order}") + message("ready")
ORDER = diagram(
    start(), user("enter"), node("exclusiveGateway", "size", default="size_to_refuse"), user("refuse"), service("book", "book"),
    service("announce", "announce"), node("intermediateCatchEvent", "pause", timer("PT1H")),
    node("intermediateThrowEvent", "tell", _TOLD), service("pack", "pack", _TWO_BOXES), user("confirm"), end(),
    flows("begin", "enter", "size", "refuse", "done"), flow_if("size", "book", "amount > 1000"),
    flows("book", "announce", "pause", "tell", "pack", "confirm", "done"), key="order", more=messages(["ready"]))
STORE = diagram(
    start(), node("intermediateCatchEvent", "told", _TOLD), user("shelve"), end(),
    flows("begin", "told", "shelve", "done"), key="store", more=messages(["ready"]))
COUNT = diagram(
    start(inner=timer((MONDAY + timedelta(minutes=30)).isoformat(), "timeDate")), service("pack", "pack"), end(),
    flows("begin", "pack", "done"), key="count")

company = sa.MetaData()
booking = sa.Table(  # nothing here keeps a second row out
    "booking", company, sa.Column("number", sa.Integer, primary_key=True), sa.Column("business_key", sa.Text),
    sa.Column("element", sa.Text), sa.Column("job", sa.Text))
shelf = sa.Table("shelf", company, sa.Column("business_key", sa.Text), sa.Column("boxes", sa.Integer))


def operations(letters: Path, trap: Trap) -> dict[str, Operation]:
    """The company's operations: two records in its tables, and an effect that leaves a line in `letters`."""

    def record(uow: UnitOfWork, context: JobContext) -> Mapping[str, Any]:
        trap.reach("inside the operation")
        uow.execute(sa.insert(booking).values(business_key=context.business_key, element=context.element, job=context.id))
        trap.reach("inside the operation, half done")
        mine = shelf.c.business_key == context.business_key
        if not uow.execute(sa.update(shelf).where(mine).values(boxes=shelf.c.boxes + 1)).rowcount:
            uow.execute(sa.insert(shelf).values(business_key=context.business_key, boxes=1))
        trap.reach("after the operation")
        return {"booked": True} if context.element == "book" else {}

    def announce(_settings: Settings, context: JobContext) -> Mapping[str, Any]:
        trap.reach("before the outside action")
        with letters.open("a") as line:
            line.write(f"{context.business_key} {context.id}\n")
        trap.reach("after the outside action")
        return {"announced": True}

    return {"book": Operation("book", "record", record), "pack": Operation("pack", "record", record),
            "announce": Operation("announce", "effect", announce)}


@dataclass
class Client:
    """A person at a browser and a worker; `notes` survives the process."""

    engine: ProcessEngine
    clock: Clock
    notes: Path
    trap: Trap
    told: dict[str, str] = field(default_factory=dict)  # request → the reply to it
    asked: dict[str, list[str]] = field(default_factory=dict)  # request → what it was, in order

    def play(self) -> None:
        """Go on from the notes until every case is over."""
        self._read_notes()
        for key in [key for key in self.asked if key not in self.told]:
            self._ask(key, *self.asked[key])
        for number in ORDERS:
            for process in ("store", "order"):
                self._ask(f"start {process} {number}", "start", process, number)
        while self._is_running():
            self._go_on()

    def _go_on(self) -> None:
        if work := self._first(sa.select(task.c.id, task.c.element).where(task.c.state == "open").order_by(task.c.id)):
            self._ask(f"complete {work.id}", "complete", work.element, work.id)
            return
        free = sa.or_(job.c.lease_until.is_(None), job.c.lease_until < self.clock.now)
        with self.engine.reading(SYSTEM) as uow:
            due = uow.rows(sa.select(job.c.element).where(job.c.state == "open", job.c.due_at <= self.clock.now, free))
        self.trap.enter("run " + " and ".join(sorted({row.element for row in due})))
        if not due or not jobs.run_due(self.engine):
            self._wait()

    def _wait(self) -> None:
        """Nothing is to do now: let it be the time of the next job."""
        row = self._first(sa.select(job.c.due_at, job.c.lease_until).where(job.c.state == "open").order_by(job.c.due_at))
        assert row is not None, "a case goes on, but nothing is to do and nothing is awaited"
        self.clock.set(max(row.due_at, (row.lease_until or row.due_at) + timedelta(seconds=1), self.clock.now))

    def _ask(self, key: str, verb: str, subject: str, detail: str) -> None:
        """Send a request once, or again if no reply came."""
        if key in self.told:
            return
        self._note(key, asked=[verb, subject, detail])
        self.trap.enter(f"{verb} {subject}")
        send = self._start if verb == "start" else self._complete
        self._note(key, told=send(key, subject, detail))

    def _start(self, key: str, process: str, number: str) -> str:
        """As the start page does."""
        digest = replies.digest_of({"start": process, "order": number})

        def once(uow: UnitOfWork) -> str:
            if earlier := replies.find(uow, key, digest):
                return earlier
            case = instances.start(uow, process, variables={"order": number}, business_key=f"{process} {number}")
            replies.keep(uow, key, case)
            return case

        return self._as_person(once)

    def _complete(self, key: str, element: str, task_id: str) -> str:
        return self._as_person(partial(
            tasks.complete, task_id=task_id, variables=dict(ANSWERS[element]), revision=1, idempotency_key=key))

    def _as_person(self, verb: Callable[[UnitOfWork], str]) -> str:
        with self.engine.reading(SYSTEM) as uow:
            ann = identity.actor(uow, "ann")
        with self.engine.transaction(ann) as uow:
            return verb(uow)

    def _is_running(self) -> bool:
        return self._first(sa.select(process_instance.c.id).where(process_instance.c.ended_at.is_(None))) is not None

    def _first(self, query: sa.Select[Any]) -> Any:
        with self.engine.reading(SYSTEM) as uow:
            return uow.row(query)

    def _note(self, key: str, **what: Any) -> None:
        (self.asked if "asked" in what else self.told).update({key: next(iter(what.values()))})
        with self.notes.open("a") as line:
            line.write(json.dumps({"key": key, **what}) + "\n")

    def _read_notes(self) -> None:
        for line in self.notes.read_text().splitlines() if self.notes.exists() else []:
            note = json.loads(line)
            if "told" in note:
                self.told[note["key"]] = note["told"]
            else:
                self.asked[note["key"]] = note["asked"]


def play(url: str, folder: Path, point: Point | None = None, *, later: float = 0) -> Trap:
    """Play in this process, `later` hours after Monday morning, until all is done or the point is reached."""
    trap, clock = Trap(point), Clock(MONDAY + timedelta(hours=later))
    engine = ProcessEngine(Settings(database_url=url), operations=operations(folder / "letters", trap), clock=clock)
    trap.follow(engine.database)
    try:
        Client(engine, clock, folder / "notes", trap).play()
    finally:
        engine.close()
    return trap
