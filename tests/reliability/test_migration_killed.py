"""A worker killed with SIGKILL while it moves cases: the next one goes on, no case is lost and none is moved twice."""

import signal
from collections import Counter
from collections.abc import Iterator
from multiprocessing.context import ForkServerContext

import pytest
import sqlalchemy as sa

from engine import migration_plans
from engine.settings import Settings
from engine.tables import history_event, incident, job, process_instance, task, task_candidate
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.conftest import Databases, copy_of, prepare_empty
from tests.reliability import moving
from tests.reliability.trap import BEFORE_BEGIN, BEFORE_COMMIT, COMMITTED, LOCKED, Point
from tests.small_company import Small

# 1 claims the job, 2 to 7 move the cases, 8 finds none left, 9 closes the job and ends the plan
POINTS = [
    Point("move", COMMITTED, 1), Point("move", BEFORE_BEGIN, 2), Point("move", LOCKED, 2), Point("move", "wrote task", 3),
    Point("move", "wrote history_event", 3), Point("move", "wrote process_instance", 4), Point("move", "wrote migration_item", 4),
    Point("move", BEFORE_COMMIT, 5), Point("move", COMMITTED, 5), Point("move", COMMITTED, 7), Point("move", "wrote job", 9),
    Point("move", "wrote migration_plan", 9), Point("move", BEFORE_COMMIT, 9),
]


@pytest.fixture
def url(database_kind: str, databases: Databases, templates: dict[tuple[str, str], str]) -> Iterator[str]:
    yield from copy_of(databases, templates, (database_kind, "empty"), prepare_empty)


@pytest.mark.parametrize("is_undone", [False, True], ids=["moving", "undoing"])
@pytest.mark.parametrize("point", POINTS, ids=str)
def test_killed_in_the_middle_and_resumed_every_case_moves_once(
        url: str, processes: ForkServerContext, point: Point, *, is_undone: bool) -> None:
    plan = moving.prepare(url, is_undone=is_undone)
    victim = processes.Process(target=moving.work, args=(url, point))
    victim.start()
    victim.join(60)
    assert victim.exitcode == -signal.SIGKILL, "the process ended without coming to the point"
    moving.work(url, later=1)
    engine = ProcessEngine(Settings(database_url=url))
    must_be_whole(Small(engine), plan, is_undone=is_undone)
    engine.close()


def must_be_whole(small: Small, plan: str, *, is_undone: bool) -> None:
    """Each case moved once (and back once), with all its rows."""
    with small.engine.reading(SYSTEM) as uow:
        found = migration_plans.progress(uow, plan)
    assert found.plan.status == ("undone" if is_undone else "done")
    assert dict(found.counts) == {"undone" if is_undone else "moved": moving.CASES}
    events = Counter(row.instance_id for row in small.rows(
        sa.select(history_event.c.instance_id).where(history_event.c.command == "migrate")))
    assert len(events) == moving.CASES
    assert set(events.values()) == {2 if is_undone else 1}
    assert {row.process_version for row in small.rows(sa.select(process_instance))} == {1 if is_undone else 2}
    timers = small.rows(sa.select(job).where(job.c.kind == "timer", job.c.state == "open"))
    assert len(timers) == (0 if is_undone else moving.CASES)
    assert len(small.rows(sa.select(task).where(task.c.state == "open"))) == moving.CASES
    assert [row.group_id for row in small.rows(sa.select(task_candidate))] == (["staff" if is_undone else "leads"] * moving.CASES)
    assert small.rows(sa.select(incident)) == []
    assert small.rows(sa.select(job).where(job.c.kind == "migrate", job.c.state != "done")) == []
    small.must_be_proven()
