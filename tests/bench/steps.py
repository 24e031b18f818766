"""A step with its commit, against the bare commit of the very rows that it writes."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from engine import instances, tasks
from engine.tables import task
from engine.unit_of_work import ProcessEngine, create_database
from tests.bench.company import API, VARIABLES, opened
from tests.bench.measuring import Table, medians, wall
from tests.conftest import Databases

STEPS = 40
WRITES = ("INSERT", "UPDATE", "DELETE")
OLDEST = sa.select(task.c.id).where(task.c.instance_id == sa.bindparam("case"), task.c.state == "open").order_by(
    task.c.token).limit(1)


@dataclass
class Recorder:
    """The writing statements of each transaction, with their parameters, as the driver got them."""

    done: list[list[tuple[str, Any, bool]]] = field(default_factory=list)
    open: list[tuple[str, Any, bool]] = field(default_factory=list)

    def statement(self, _c: object, _cursor: object, text: str, values: Any, _context: object, many: bool) -> None:
        if text.startswith(WRITES):
            self.open.append((text, values, many))

    def commit(self, _connection: object) -> None:
        self.done.append(self.open)
        self.open = []


def measure(table: Table, rounds: int, kind: str, databases: Databases, template: str) -> None:
    """The rows of a step with its commit on one kind of database."""
    url = databases.new(template)
    with opened(url) as engine:
        case = [start(engine)]

        def step() -> None:
            complete(engine, case[0])

        step()  # compile the bundle, prepare the statements
        found = medians(rounds, {
            "start": lambda: wall(10, lambda: start(engine)), "step": lambda: wall(STEPS, step),
            "bare": lambda: bare(engine, databases, url, case[0])})
    databases.drop(url)
    share = found["bare"] / found["step"]
    table.add("start a case", kind, f"{found['start']:.2f} ms")
    table.add("complete a task, with its commit", kind, f"{found['step']:.2f} ms")
    table.add("bare commit of the same rows", kind, f"{found['bare']:.2f} ms", f"{share:.0%} of the step")


def start(engine: ProcessEngine) -> str:
    """A case with ten variables of 90 characters."""
    with engine.transaction(API) as uow:
        return instances.start(uow, "bench", variables=VARIABLES)


def complete(engine: ProcessEngine, case: str, *, solved: bool = False) -> None:
    """Complete the oldest open task of a case."""
    with engine.transaction(API) as uow:
        tasks.complete(uow, uow.scalar(OLDEST, case=case), variables={"solved": solved, "note": "y" * 60})


def bare(engine: ProcessEngine, databases: Databases, url: str, case: str) -> float:
    """Milliseconds to write, through the bare driver, what `STEPS` steps write, on a copy made before them."""
    checkpoint(engine)
    copy = databases.new(url)
    recorder = Recorder()
    with recorded(engine, recorder):
        for _ in range(STEPS):
            complete(engine, case)
    database = create_database(copy)
    with database.connect() as connection:
        taken = replay(connection.connection.dbapi_connection, recorder.done, is_sqlite=engine.is_sqlite)
    database.dispose()
    databases.drop(copy)
    return taken


@contextmanager
def recorded(engine: ProcessEngine, recorder: Recorder) -> Iterator[None]:
    """What is written inside goes to `recorder` too."""
    listeners = (("before_cursor_execute", recorder.statement), ("commit", recorder.commit))
    for name, listener in listeners:
        sa.event.listen(engine.database, name, listener)
    yield
    for name, listener in listeners:
        sa.event.remove(engine.database, name, listener)


def checkpoint(engine: ProcessEngine) -> None:
    """Let go of the database, so that it can be copied."""
    if engine.is_sqlite:
        with engine.database.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.database.dispose()


def replay(driver: Any, transactions: list[list[tuple[str, Any, bool]]], *, is_sqlite: bool) -> float:
    """Write recorded transactions again through the bare driver; milliseconds of one."""
    begin: Callable[[], object] = (lambda: driver.execute("BEGIN IMMEDIATE")) if is_sqlite else (lambda: None)
    started = time.perf_counter()
    for statements in transactions:
        begin()
        cursor = driver.cursor()
        for text, values, many in statements:
            (cursor.executemany if many else cursor.execute)(text, values)
        driver.commit()
    return (time.perf_counter() - started) / len(transactions) * 1000
