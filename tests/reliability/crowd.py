"""Many at once: threads that begin together, each with an engine of its own, and colleagues who are processes."""

import random
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from engine import expressions, identity, tasks
from engine.errors import EngineError
from engine.settings import Settings
from engine.tables import task
from engine.unit_of_work import SYSTEM, Operation, ProcessEngine, UnitOfWork
from tests.conftest import Clock

T = TypeVar("T")


@contextmanager
def opened(url: str, operations: dict[str, Operation] | None = None, clock: Clock | None = None) -> Iterator[ProcessEngine]:
    """An engine for one thread or process."""
    engine = ProcessEngine(Settings(database_url=url), operations=operations, clock=clock or Clock())
    try:
        yield engine
    finally:
        engine.close()
        expressions.close()


def together(url: str, each: Sequence[Callable[[ProcessEngine], T]], operations: dict[str, Operation] | None = None,
             clock: Clock | None = None) -> list[T]:
    """Call every function in a thread and on an engine of its own, at the same moment; gives what they return."""
    gate = threading.Barrier(len(each))

    def run(function: Callable[[ProcessEngine], T]) -> T:
        with opened(url, operations, clock) as engine:
            gate.wait(30)
            return function(engine)

    with ThreadPoolExecutor(len(each)) as pool:
        return list(pool.map(run, each))


def do(engine: ProcessEngine, user: str, verb: Callable[[UnitOfWork], T]) -> T | EngineError:
    """What a verb returns to a user, or how it refuses; anything but a refusal of ours is a fault and raised."""
    with engine.reading(SYSTEM) as uow:
        who = identity.actor(uow, user)
    try:
        with engine.transaction(who) as uow:
            return verb(uow)
    except EngineError as refusal:
        return refusal


def work_as(user: str, url: str, won: Path) -> None:
    """A colleague: takes any open task, completes it, and notes each that was acknowledged, until none is open."""
    dice = random.Random(user)
    with opened(url) as engine, won.open("w") as notes:
        while offered := _open(engine):
            mine = dice.choice(offered)
            if isinstance(do(engine, user, partial(tasks.claim, task_id=mine)), EngineError):
                continue
            if not isinstance(do(engine, user, partial(tasks.complete, task_id=mine)), EngineError):
                notes.write(f"{mine}\n")


def _open(engine: ProcessEngine) -> list[str]:
    with engine.reading(SYSTEM) as uow:
        return [row.id for row in uow.rows(sa.select(task.c.id).where(task.c.state == "open"))]
