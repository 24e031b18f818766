"""One case with a user task, a record, an effect, a deadline and a message, driven by whoever comes: nothing is remembered here.

`drive` looks at the database, does the next thing, and so on: after a crash it simply begins again, as staff, clients and
workers do. The operations are the test's own, and their table beside the engine's.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from engine import instances, jobs, tasks
from engine.settings import Settings
from engine.tables import process_instance, subscription, task
from engine.unit_of_work import SYSTEM, Actor, JobContext, Operation, ProcessEngine, UnitOfWork, utc_now
from tests.diagram_text import boundary, diagram, end, flows, message, messages, node, service, start, timer, user

ANN = Actor("ann", frozenset({("staff", "")}))
KEY = "ORDER-1"
DIAGRAM = diagram(
    start(), user("ask"), service("note", "note"), service("tell", "tell"), user("check"),
    boundary("late", "check", timer("PT1H"), interrupts=False), user("remind"), end("reminded"),
    node("intermediateCatchEvent", "hear", message("paid")), user("close"), end(),
    flows("begin", "ask", "note", "tell", "check", "hear", "close", "done"), flows("late", "remind", "reminded"),
    more=messages(["paid"]))
TOPICS = frozenset({"note", "tell"})
metadata = sa.MetaData()
notes = sa.Table("reliability_note", metadata, sa.Column("number", sa.Integer, primary_key=True), sa.Column("case_id", sa.Text),
                 sa.Column("job_id", sa.Text))
Mark = Callable[[str], None]


class Clock:
    """The wall clock, moved ahead."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return utc_now() + self.ahead


def open_engine(url: str, told: Path, reach: Mark) -> tuple[ProcessEngine, Clock]:
    """An engine with the operations `note` (a record: one row) and `tell` (an effect: one line in the file `told`)."""

    def note(uow: UnitOfWork, context: JobContext) -> Mapping[str, Any]:
        uow.execute(sa.insert(notes).values(case_id=context.instance_id, job_id=context.id))
        reach("note written")
        return {"noted": True}

    def tell(settings: Settings, context: JobContext) -> Mapping[str, Any]:
        del settings
        with told.open("a", encoding="utf-8") as file:
            file.write(context.id + "\n")
        reach("effect done")
        return {"told": True}

    clock = Clock()
    operations = {"note": Operation("note", "record", note), "tell": Operation("tell", "effect", tell)}
    return ProcessEngine(Settings(database_url=url), operations=operations, clock=clock), clock


def drive(engine: ProcessEngine, clock: Clock, begin: Mark) -> None:
    """Bring the case to its end from wherever it stands; `begin` hears what is done next."""
    for _ in range(60):
        doing = _next(engine)
        if doing is None:
            return
        begin(doing[0])
        doing[1](engine, clock)
    raise AssertionError("the case does not end")


def _next(engine: ProcessEngine) -> tuple[str, Callable[[ProcessEngine, Clock], object]] | None:
    with engine.reading(SYSTEM) as uow:
        case = uow.row(sa.select(process_instance).where(process_instance.c.business_key == KEY))
        if case is None:
            return "start", _start
        open_ones = uow.rows(sa.select(task).where(task.c.state == "open").order_by(task.c.token))
        waits = uow.row(sa.select(subscription).where(subscription.c.instance_id == case.id))
    if case.ended_at is not None:
        return None
    elements = [row.element for row in open_ones]
    if elements == ["check"]:  # the deadline passes before anybody checks
        return "timer", _pass_an_hour
    if elements:
        first = open_ones[-1]
        return first.element, lambda engine, _: _complete(engine, first.id)
    return ("message", _send) if waits is not None else ("jobs", _run_jobs)


def _start(engine: ProcessEngine, _clock: Clock) -> None:
    with engine.transaction(ANN) as uow:
        instances.start(uow, "case", business_key=KEY, variables={"amount": 5})


def _complete(engine: ProcessEngine, task_id: str) -> None:
    with engine.transaction(ANN) as uow:
        tasks.complete(uow, task_id, variables={"answer": "x" * 50}, idempotency_key=task_id)


def _pass_an_hour(engine: ProcessEngine, clock: Clock) -> None:
    clock.ahead += timedelta(hours=1, seconds=1)
    jobs.run_all(engine)


def _run_jobs(engine: ProcessEngine, clock: Clock) -> None:
    if jobs.run_all(engine) == 0:
        clock.ahead += timedelta(minutes=6)  # the lease of whoever was killed runs out


def _send(engine: ProcessEngine, _clock: Clock) -> None:
    with engine.transaction(SYSTEM) as uow:
        instances.correlate(uow, "paid", business_key=KEY, variables={"paid": True})
