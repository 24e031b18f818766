"""What recurs: done once whichever worker comes first, tried again after a failure, and never the end of the worker."""

import logging
import threading
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from engine import chores
from engine.chores import Chore
from engine.tables import chore, user_setting
from engine.unit_of_work import SYSTEM, ProcessEngine, UnitOfWork
from tests.conftest import Clock, open_engine
from tests.small_company import Small

HOUR = timedelta(hours=1)


def count(uow: UnitOfWork, state: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"times": state.get("times", 0) + 1}


def state_of(engine: ProcessEngine, name: str) -> str:
    with engine.reading(SYSTEM) as uow:
        return str(uow.scalar(sa.select(chore.c.state).where(chore.c.name == name)))


def test_a_chore_is_done_at_once_and_then_at_its_time(engine: ProcessEngine, clock: Clock):
    hourly = {"count": Chore(count, HOUR)}
    assert chores.run_due(engine, hourly) == ["count"]
    assert chores.run_due(engine, hourly) == []
    clock.move(hours=1)
    assert chores.run_due(engine, hourly) == ["count"]
    assert state_of(engine, "count") == '{"times":2}'


def test_two_workers_do_a_chore_once(empty_url: str, clock: Clock):
    workers = [open_engine(empty_url, clock) for _ in range(2)]
    begin, done = threading.Barrier(2), []

    def work(engine: ProcessEngine) -> None:
        begin.wait()
        done.extend(chores.run_due(engine, {"count": Chore(count, HOUR)}))

    threads = [threading.Thread(target=work, args=(engine,)) for engine in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == ["count"]
    assert state_of(workers[0], "count") == '{"times":1}'
    for engine in workers:
        engine.close()


def test_a_failing_chore_leaves_nothing_behind_and_comes_again_at_its_next_time(
        small: Small, clock: Clock, caplog: pytest.LogCaptureFixture):
    def fail(uow: UnitOfWork, _state: Mapping[str, Any]) -> None:
        uow.execute(sa.insert(user_setting).values(user_id="ann", name="trace", value="1"))
        raise ZeroDivisionError

    both = {"bad": Chore(fail, HOUR), "good": Chore(count, HOUR)}
    with caplog.at_level(logging.ERROR):
        assert chores.run_due(small.engine, both) == ["good"]
        assert chores.run_due(small.engine, both) == []
    assert "chore bad failed" in caplog.text
    assert small.rows(sa.select(user_setting)) == []
    clock.move(hours=1)
    assert chores.run_due(small.engine, {"bad": Chore(count, HOUR)}) == ["bad"]


def test_a_dead_workers_lease_runs_out(engine: ProcessEngine, clock: Clock):
    with engine.transaction(SYSTEM) as uow:
        uow.add_once(chore, name="count", due_at=uow.now, lease_until=uow.now + chores.LEASE, state="{}")
    assert chores.run_due(engine, {"count": Chore(count, HOUR)}) == []
    clock.move(minutes=6)
    assert chores.run_due(engine, {"count": Chore(count, HOUR)}) == ["count"]
