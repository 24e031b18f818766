"""Many workers and many people at the same things at the same moment: each thing happens once, and nothing is lost."""

from collections import Counter
from collections.abc import Iterator
from functools import partial
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from engine import deployments, history, instances, jobs, replies, tasks
from engine.diagram.check import File
from engine.errors import AlreadyChanged
from engine.tables import definition, history_event, job, process_instance, task
from engine.unit_of_work import SYSTEM, JobContext, Operation, ProcessEngine, UnitOfWork
from tests.conftest import Clock
from tests.diagram_text import diagram, end, flows, message, messages, node, properties, service, start, timer, user
from tests.reliability import crowd, scenario
from tests.small_company import Small

FOUR = diagram(
    start(), node("parallelGateway", "fork"), *(user(name) for name in "abcd"), node("parallelGateway", "join"), end(),
    *(flows("fork", name, "join") for name in "abcd"), flows("begin", "fork"), flows("join", "done"))
WAITS = diagram(
    start(), node("intermediateCatchEvent", "pause", timer("PT1H")), service("book", "book"), end(),
    flows("begin", "pause", "book", "done"))


@pytest.fixture
def small(empty_url: str, clock: Clock) -> Iterator[Small]:
    """The small company; whatever ran is verified and recomputed at the end."""
    with crowd.opened(empty_url, {"book": Operation("book", "record", record)}, clock) as engine:
        scenario.company.create_all(engine.database)
        company = Small(engine)
        yield company
        company.must_be_proven()


def record(uow: UnitOfWork, context: JobContext) -> None:
    """A record that nothing keeps from being doubled."""
    uow.execute(sa.insert(scenario.booking).values(business_key=context.business_key, element="book", job=context.id))


# ------------------------------------------------------------------ workers
def test_two_workers_fire_each_timer_and_run_each_job_once(small: Small, empty_url: str, clock: Clock) -> None:
    small.deploy(WAITS)
    cases = {small.start() for _ in range(16)}
    clock.move(hours=1)

    def work(engine: ProcessEngine) -> int:
        return sum(iter(lambda: jobs.run_due(engine, limit=2), 0))

    shares = crowd.together(empty_url, [work, work], small.engine.operations, clock)
    while more := small.run():  # what one had claimed when the other found nothing left
        shares.append(more)
    rows = small.rows(sa.select(job))
    assert sum(shares) == len(rows) == 2 * len(cases)
    assert {(row.state, row.fence, row.lease_until) for row in rows} == {("done", 1, None)}
    booked = Counter(row.job for row in small.rows(sa.select(scenario.booking)))
    assert booked == {row.id: 1 for row in rows if row.kind == "service"}
    commands = Counter((row.instance_id, row.command) for row in small.rows(
        sa.select(history_event).where(history_event.c.instance_id != history.ORGANIZATION)))
    assert commands == {(case, command): 1 for case in cases for command in ("start", "timer", "job")}


def test_a_worker_that_lost_its_lease_writes_nothing(small: Small, empty_url: str, clock: Clock) -> None:
    """While one is at an effect, its lease runs out and another does the job."""
    keys: list[str] = []

    def send(_settings: object, context: JobContext) -> dict[str, Any]:
        keys.append(context.id)
        if len(keys) == 1:
            clock.move(minutes=6)
            with crowd.opened(empty_url, small.engine.operations, clock) as other:
                assert jobs.run_due(other) == 1
        return {"sent_by": len(keys)}

    small.operation("send", send, "effect")
    small.deploy(diagram(start(), service("send", "send"), user("check"), end(), flows("begin", "send", "check", "done")))
    case = small.start()
    small.run()
    assert (len(keys), len(set(keys)), small.open(), small.incidents()) == (2, 1, ["check"], [])
    events = sa.select(history_event).where(history_event.c.instance_id == case).order_by(history_event.c.seq)
    assert [row.command for row in small.rows(events)] == ["start", "job"]


def test_a_suspended_case_sends_nothing_and_goes_on_as_soon_as_it_is_resumed(small: Small, clock: Clock) -> None:
    sent: list[str] = []
    small.operation("send", lambda _settings, context: sent.append(context.id), "effect")
    small.deploy(diagram(start(), service("send", "send"), user("check"), end(), flows("begin", "send", "check", "done")))
    case = small.start()
    small.do("root", instances.suspend, case, reason="the customer asked")
    for _ in range(3):
        small.run()
        clock.move(minutes=6)
    small.run()
    assert sent == []
    small.do("root", instances.resume, case, reason="back")
    small.run()
    assert (len(sent), small.open()) == (1, ["check"])


def test_a_message_waits_for_a_suspended_case(small: Small, clock: Clock) -> None:
    told = properties(correlation="number = ${number}") + message("ready")
    small.deploy(
        diagram(start(), node("intermediateCatchEvent", "wait", told), user("check"), end(),
                flows("begin", "wait", "check", "done"), more=messages(["ready"])),
        diagram(start(), node("endEvent", "tell", told), flows("begin", "tell"), key="teller", more=messages(["ready"])))
    case = small.start(variables={"number": 7})
    small.do("root", instances.suspend, case, reason="the customer asked")
    small.start(key="teller", variables={"number": 7})
    for _ in range(6):
        small.run()
        clock.move(minutes=6)
    assert (small.open(), small.incidents()) == ([], [])
    small.do("root", instances.resume, case, reason="back")
    small.run()
    assert (small.open(), small.incidents()) == (["check"], [])


# ------------------------------------------------------------------ people
def test_eight_at_the_same_tasks_of_one_case_leave_one_winner_each(small: Small, empty_url: str) -> None:
    small.deploy(FOUR)
    case = small.start()
    offered = [row.id for row in small.rows(sa.select(task).where(task.c.state == "open"))]

    def grab(name: str) -> Any:
        return lambda engine: [(each, crowd.do(engine, name, partial(tasks.complete, task_id=each, variables={"by": name})))
                               for each in offered]

    told = [reply for replies in crowd.together(empty_url, [grab(name) for name in ("ann", "bob") * 4]) for reply in replies]
    assert Counter(each for each, reply in told if reply == case) == dict.fromkeys(offered, 1)
    assert {type(reply) for _, reply in told if reply != case} == {AlreadyChanged}
    assert (small.case(case).status, small.case(case).version) == ("completed", 5)


def test_eight_clicks_with_one_key_are_one_completion_with_one_reply(small: Small, empty_url: str) -> None:
    small.deploy(FOUR)
    case = small.start()
    first = small.task("a").id

    def click(engine: ProcessEngine) -> Any:
        return crowd.do(engine, "ann", lambda uow: tasks.complete(uow, first, variables={"x": 1}, idempotency_key="k"))

    assert crowd.together(empty_url, [click] * 8) == [case] * 8
    assert (small.open(), small.case(case).version) == (["b", "c", "d"], 2)


def test_eight_first_starts_at_once_are_eight_cases_with_numbers_of_their_own(small: Small, empty_url: str) -> None:
    small.deploy(FOUR)
    cases = crowd.together(empty_url, [lambda engine: crowd.do(engine, "ann", lambda uow: instances.start(uow, "case"))] * 8)
    rows = small.rows(sa.select(process_instance))
    assert sorted(map(str, cases)) == sorted(row.id for row in rows)
    assert sorted(row.business_key for row in rows) == [f"case-{n:06d}" for n in range(1, 9)]


def test_eight_clicks_on_start_with_one_key_start_one_case(small: Small, empty_url: str) -> None:
    """As the start page does: look for the first reply, start, keep the reply."""
    small.deploy(FOUR)

    def start_once(uow: UnitOfWork) -> str:
        if (earlier := replies.find(uow, "k", "digest")) is not None:
            return earlier
        case = instances.start(uow, "case")
        replies.keep(uow, "k", case)
        return case

    told = crowd.together(empty_url, [lambda engine: crowd.do(engine, "ann", start_once)] * 8)
    assert told == [row.id for row in small.rows(sa.select(process_instance))] * 8


def test_eight_deployments_of_one_new_file_at_once_are_one_version(small: Small, empty_url: str) -> None:
    def deploy(engine: ProcessEngine) -> str:
        with engine.transaction(SYSTEM) as uow:
            return str(deployments.deploy(uow, [File("case.bpmn", FOUR)], name="at once").definitions[0].id)

    told = crowd.together(empty_url, [deploy] * 8)
    assert told == [row.id for row in small.rows(sa.select(definition))] * 8


def test_four_processes_at_fifty_cases_lose_no_completion(
        small: Small, empty_url: str, tmp_path: Path, processes: ForkServerContext) -> None:
    small.deploy(FOUR)
    cases = {small.start() for _ in range(50)}
    notes = [tmp_path / str(n) for n in range(4)]
    crew = [processes.Process(target=crowd.work_as, args=(name, empty_url, won))
            for name, won in zip(("ann", "bob", "ann", "bob"), notes, strict=True)]
    for colleague in crew:
        colleague.start()
    for colleague in crew:
        colleague.join(120)
    assert [colleague.exitcode for colleague in crew] == [0] * 4
    acknowledged = [line for won in notes for line in won.read_text().splitlines()]
    rows = small.rows(sa.select(task))
    assert sorted(acknowledged) == sorted(row.id for row in rows if row.state == "completed")
    assert len(acknowledged) == 4 * len(cases)
    assert {(row.status, row.end_element) for row in small.rows(sa.select(process_instance))} == {("completed", "done")}
    completions = sa.select(history_event).where(history_event.c.command == "complete")
    assert Counter(row.instance_id for row in small.rows(completions)) == dict.fromkeys(cases, 4)
