"""The worker: woken by a commit and by the tick, and it finishes what it has begun."""

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from engine import instances, scheduler, standstill
from engine.unit_of_work import JobContext, UnitOfWork
from tests.conftest import Clock
from tests.diagram_text import diagram, end, flows, service, start
from tests.small_company import Small

NOTED = diagram(start(), service("noted", "note"), end(), flows("begin", "noted", "done"))
LONG = 20.0


class Noted:
    """An operation that says when it has begun, and may be held."""

    def __init__(self) -> None:
        self.begun, self.may_end = threading.Event(), threading.Event()
        self.may_end.set()

    def __call__(self, _uow: UnitOfWork, _context: JobContext) -> None:
        self.begun.set()
        assert self.may_end.wait(LONG)


@pytest.fixture
def noted(small: Small) -> Noted:
    operation = Noted()
    small.operation("note", operation)
    small.deploy(NOTED)
    return operation


def ticking(small: Small, seconds: float) -> None:
    small.engine.settings = replace(small.engine.settings, tick_seconds=seconds)


def test_what_was_due_before_is_run_at_once(small: Small, noted: Noted):
    ticking(small, 3_600)
    case = small.start()
    with scheduler.running(small.engine):
        assert noted.begun.wait(LONG)
    assert small.case(case).status == "completed"


def test_a_commit_wakes_the_worker(small: Small, noted: Noted):
    ticking(small, 3_600)
    with scheduler.running(small.engine):
        case = small.start()
        assert noted.begun.wait(LONG)
    assert small.case(case).status == "completed"


def test_the_tick_finds_what_nobody_announced(small: Small, noted: Noted):
    """As another process's commit, or a timer that has become due."""
    ticking(small, 0.05)
    with scheduler.running(small.engine):
        quietly(small, instances.start, "case")
        assert noted.begun.wait(LONG)


def test_the_job_at_hand_is_finished_before_the_end(small: Small, noted: Noted):
    ticking(small, 3_600)
    noted.may_end.clear()
    case = small.start()
    with scheduler.running(small.engine):
        assert noted.begun.wait(LONG)
        noted.may_end.set()
    assert small.case(case).status == "completed"


def test_a_job_that_fails_does_not_stop_the_worker(small: Small, noted: Noted):
    def fails(_uow: UnitOfWork, _context: JobContext) -> None:
        raise ValueError("broken")
    small.operation("fail", fails)
    small.deploy(diagram(start(), service("failing", "fail"), end(), flows("begin", "failing", "done"), key="broken"))
    ticking(small, 3_600)
    with scheduler.running(small.engine):
        small.start(key="broken")
        small.start()
        assert noted.begun.wait(LONG)


def quietly(small: Small, verb: Callable[..., str], *arguments: object) -> None:
    """Do something without the flag that a commit sets."""
    def unannounced(uow: UnitOfWork) -> None:
        verb(uow, *arguments)
        uow.makes_jobs = False
    small.do("ann", unannounced)


def test_worker_stands_still_while_somebody_plays_the_past(small: Small, noted: Noted):
    case = small.start()
    with standstill.held(small.engine):
        scheduler.work_off(small.engine, threading.Event())
        assert not noted.begun.is_set()
    scheduler.work_off(small.engine, threading.Event())
    assert small.case(case).status == "completed"


def test_player_who_goes_on_is_heard_and_one_who_died_is_not_waited_for(small: Small, clock: Clock):
    with standstill.held(small.engine) as keep:
        for _ in range(3):
            clock.move(seconds=90)
            keep()
            assert standstill.is_held(small.engine)
        clock.move(minutes=3)
        assert not standstill.is_held(small.engine)
