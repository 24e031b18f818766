"""A process killed with SIGKILL between and inside its commits: after a restart each case goes on, and nothing is doubled.

The killed process is a real one; another goes on with its database, its notes and its letters, an hour later, when the dead
one's leases have run out. What is left must be what an undisturbed process leaves.
"""

import signal
from collections import Counter
from collections.abc import Iterator, Mapping
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from engine import canonical
from engine.settings import Settings
from engine.tables import (
    activity_instance,
    history_event,
    idempotency_key,
    incident,
    job,
    process_instance,
    subscription,
    task,
    task_candidate,
    variable,
)
from engine.unit_of_work import ProcessEngine
from tests.reliability import scenario
from tests.reliability.trap import BEFORE_BEGIN, BEFORE_COMMIT, COMMITTED, LOCKED, Point
from tests.small_company import Small

Passed = list[tuple[str, list[str]]]

ORDER: Passed = [
    ("begin", ["begin_to_enter"]), ("enter", ["enter_to_size"]), ("size", ["size_to_book"]), ("book", ["book_to_announce"]),
    ("announce", ["announce_to_pause"]), ("pause", ["pause_to_tell"]), ("tell", ["tell_to_pack"]),
    ("pack", ["pack_to_confirm"]), ("pack", []), ("pack", []), ("confirm", ["confirm_to_done"]), ("done", [])]
STORE: Passed = [("begin", ["begin_to_told"]), ("told", ["told_to_shelve"]), ("shelve", ["shelve_to_done"]), ("done", [])]
COUNT: Passed = [("begin", ["begin_to_pack"]), ("pack", ["pack_to_done"]), ("done", [])]
ORDER_COMMANDS = ["start", "complete", "job", "job", "timer", "job", "job", "complete"]
STORE_COMMANDS = ["start", "message", "complete"]
ORDER_VARIABLES = {"amount": 1200, "announced": True, "booked": True, "is_right": True, "office": "head", "starter": "ann"}
STORE_VARIABLES = {"office": "head", "shelf": 7, "starter": "ann"}
COUNT_VARIABLES = {"office": "head", "started_for": "2026-03-02T01:30:00+00:00", "starter": "system"}
COUNTED = "count-000001"

POINTS = [
    # a case is started
    Point("start order", BEFORE_BEGIN), Point("start order", "wrote process_instance"), Point("start order", "wrote task"),
    Point("start order", BEFORE_COMMIT), Point("start order", COMMITTED),
    # a person completes a task
    Point("complete enter", BEFORE_BEGIN), Point("complete enter", LOCKED), Point("complete enter", "wrote task"),
    Point("complete enter", "wrote job"), Point("complete enter", "wrote history_event"),
    Point("complete enter", "wrote idempotency_key"), Point("complete enter", BEFORE_COMMIT), Point("complete enter", COMMITTED),
    # a worker claims two cases' jobs and runs a record for each
    Point("run book", "wrote job"), Point("run book", COMMITTED), Point("run book", "inside the operation", 2),
    Point("run book", "inside the operation, half done", 2), Point("run book", "after the operation", 2),
    Point("run book", BEFORE_COMMIT, 2), Point("run book", COMMITTED, 2), Point("run book", LOCKED, 3),
    # an effect has no transaction while it works
    Point("run announce", "before the outside action"), Point("run announce", "after the outside action"),
    Point("run announce", BEFORE_COMMIT, 2), Point("run announce", COMMITTED, 2),
    # a timer starts a case, a timer fires, a message goes to another case, a multi-instance is worked off
    Point("run begin", "wrote timer_start", 2), Point("run begin", BEFORE_COMMIT, 2), Point("run begin", COMMITTED, 2),
    Point("run pause", "wrote history_event", 2), Point("run pause", BEFORE_COMMIT, 2), Point("run pause", COMMITTED, 2),
    Point("run pack and tell", COMMITTED, 2), Point("run pack and tell", "wrote task", 3),
    Point("run pack and tell", "wrote job", 6), Point("run pack and tell", BEFORE_COMMIT, 6),
    Point("run pack and tell", COMMITTED, 6),
    # a case ends
    Point("complete confirm", "wrote process_instance"), Point("complete confirm", COMMITTED),
]
SENT_TWICE = {Point("run announce", "after the outside action"), Point("run announce", BEFORE_COMMIT, 2)}
"""The effects that at-least-once is about: the outside world has it, the database does not know."""


@pytest.fixture
def company(orders_url: str) -> Iterator[Small]:
    """Looks at what is left."""
    engine = ProcessEngine(Settings(database_url=orders_url))
    yield Small(engine)
    engine.close()


def test_undisturbed_everything_happens_once(orders_url: str, tmp_path: Path, company: Small) -> None:
    scenario.play(orders_url, tmp_path)
    must_be_whole(company)
    assert set(letters(tmp_path).values()) == {1}


@pytest.mark.parametrize("point", POINTS, ids=str)
def test_after_a_kill_every_case_goes_on_and_nothing_is_doubled(
        orders_url: str, tmp_path: Path, company: Small, processes: ForkServerContext, point: Point) -> None:
    victim = processes.Process(target=scenario.play, args=(orders_url, tmp_path, point))
    victim.start()
    victim.join(60)
    assert victim.exitcode == -signal.SIGKILL, "the process ended without coming to the point"
    scenario.play(orders_url, tmp_path, later=1)
    must_be_whole(company)
    assert sorted(letters(tmp_path).values()) == ([1, 2] if point in SENT_TWICE else [1, 1])


def must_be_whole(company: Small) -> None:
    """What is left is what an undisturbed process leaves."""
    assert passed(company) == {"order A": ORDER, "order B": ORDER, "store A": STORE, "store B": STORE, COUNTED: COUNT}
    assert commands(company) == {"order A": ORDER_COMMANDS, "order B": ORDER_COMMANDS, "store A": STORE_COMMANDS,
                                 "store B": STORE_COMMANDS, COUNTED: ["start", "job"]}
    expected = {f"{kind} {number}": {**values, "order": number} for number in scenario.ORDERS
                for kind, values in (("order", ORDER_VARIABLES), ("store", STORE_VARIABLES))}
    assert variables(company) == {**expected, COUNTED: COUNT_VARIABLES}
    assert {(row.status, row.end_element) for row in company.rows(sa.select(process_instance))} == {("completed", "done")}
    must_be_booked_once(company)
    must_have_nothing_open(company)
    company.must_be_proven()


def must_be_booked_once(company: Small) -> None:
    """The company's own tables: one record for the order, one for each box, one for the count."""
    booked = Counter((row.business_key, row.element) for row in company.rows(sa.select(scenario.booking)))
    assert booked == {(COUNTED, "pack"): 1} | {(f"order {number}", element): count for number in scenario.ORDERS
                                              for element, count in (("book", 1), ("pack", 2))}
    boxes = {row.business_key: row.boxes for row in company.rows(sa.select(scenario.shelf))}
    assert boxes == {COUNTED: 1} | {f"order {number}": 3 for number in scenario.ORDERS}


def must_have_nothing_open(company: Small) -> None:
    """No task, job, lease, subscription or incident, and one kept reply a request."""
    assert {row.state for row in company.rows(sa.select(task.c.state))} == {"completed"}
    assert {(row.state, row.lease_until) for row in company.rows(sa.select(job.c.state, job.c.lease_until))} == {("done", None)}
    assert [row for table in (task_candidate, subscription, incident) for row in company.rows(sa.select(table))] == []
    assert len(company.rows(sa.select(idempotency_key))) == 4 + 2 * 3


def passed(company: Small) -> Mapping[str, Passed]:
    """Case → the elements it passed with the flows it took, in order."""
    rows = by_case(company, activity_instance, activity_instance.c.seq)
    assert {row.end_state for _, row in rows} == {"left"}
    assert len({row.id for _, row in rows}) == len(rows)
    return gathered((case, (row.element, canonical.loads(row.flows or "[]"))) for case, row in rows)


def commands(company: Small) -> Mapping[str, list[str]]:
    """Case → the commands on its record, in order."""
    return gathered((case, row.command) for case, row in by_case(company, history_event, history_event.c.seq))


def variables(company: Small) -> Mapping[str, Mapping[str, Any]]:
    """Case → its variables."""
    found = gathered((case, (row.name, canonical.loads(row.value))) for case, row in by_case(company, variable, variable.c.name))
    return {case: dict(pairs) for case, pairs in found.items()}


def letters(folder: Path) -> Counter[str]:
    """Job → how often the outside world heard of it: a repetition has the key of the first."""
    lines = [line.rsplit(" ", 1) for line in (folder / "letters").read_text().splitlines()]
    found = Counter(job_id for _, job_id in lines)
    assert len(found) == len({case for case, _ in lines}) == len(scenario.ORDERS)
    return found


def by_case(company: Small, table: sa.Table, order: sa.Column[Any]) -> list[tuple[str, Any]]:
    """The rows of a table with the business key of their case."""
    query = sa.select(process_instance.c.business_key.label("of_case"), table)
    found = company.rows(query.join(table, table.c.instance_id == process_instance.c.id).order_by(order))
    return [(row.of_case, row) for row in found]


def gathered(pairs: Any) -> dict[str, list[Any]]:
    """Case → its values, in order."""
    found: dict[str, list[Any]] = {}
    for case, value in pairs:
        found.setdefault(case, []).append(value)
    return found
