"""Four processes that complete tasks at once, each in a case of its own, against four that only write the same rows."""

import multiprocessing
import time
from collections.abc import Callable
from typing import Any

from engine.unit_of_work import create_database
from tests.bench.company import opened
from tests.bench.measuring import Table
from tests.bench.steps import Recorder, checkpoint, complete, recorded, replay, start
from tests.conftest import Databases

CLIENTS = 4
STEPS = 200
SPAWN = multiprocessing.get_context("spawn")
Written = list[list[tuple[str, Any, bool]]]


def measure(table: Table, kind: str, databases: Databases, template: str) -> None:
    """The rows of four at once on one kind of database."""
    url = databases.new(template)
    with opened(url) as engine:
        cases = [start(engine) for _ in range(CLIENTS)]
        for case in cases:
            complete(engine, case)
        checkpoint(engine)
    copy = databases.new(url)
    found = _at_once(_steps, url, cases)
    bare = _at_once(_writes, copy, [written for _, written in found])
    databases.drop(copy)
    databases.drop(url)
    ours, floor = _together([taken for taken, _ in found]), _together([taken for taken, _ in bare])
    table.add(f"complete a task, with its commit, {CLIENTS} processes", kind, f"{ours:.0f} steps/s")
    table.add(f"bare commit of the same rows, {CLIENTS} processes", kind, f"{floor:.0f} /s", f"ours are {ours / floor:.0%} of it")


def _together(taken: list[float]) -> float:
    return CLIENTS * STEPS / max(taken)


def _at_once(work: Callable[..., None], url: str, each: list[Any]) -> list[tuple[float, Any]]:
    gate, replies = SPAWN.Barrier(len(each)), SPAWN.Queue()
    processes = [SPAWN.Process(target=work, args=(url, one, gate, replies)) for one in each]
    for process in processes:
        process.start()
    found = [replies.get(timeout=300) for _ in processes]
    for process in processes:
        process.join()
    return found


def _steps(url: str, case: str, gate: Any, replies: Any) -> None:
    recorder = Recorder()
    with opened(url) as engine, recorded(engine, recorder):
        complete(engine, case)  # compiles the bundle, prepares the statements
        gate.wait()
        begin = time.perf_counter()
        for _ in range(STEPS):
            complete(engine, case)
        taken = time.perf_counter() - begin
    replies.put((taken, [[(text, _sendable(values), many) for text, values, many in each] for each in recorder.done]))


def _sendable(values: Any) -> Any:
    """Parameters that can go to another process: SQLite's driver gets its bytes as views."""
    if isinstance(values, list | tuple):
        return type(values)([_sendable(one) for one in values])
    if isinstance(values, dict):
        return {name: _sendable(one) for name, one in values.items()}
    return bytes(values) if isinstance(values, memoryview) else values


def _writes(url: str, written: Written, gate: Any, replies: Any) -> None:
    database = create_database(url)
    with database.connect() as connection:
        driver = connection.connection.dbapi_connection
        is_sqlite = database.dialect.name == "sqlite"
        replay(driver, written[:1], is_sqlite=is_sqlite)
        gate.wait()
        begin = time.perf_counter()
        replay(driver, written[1:], is_sqlite=is_sqlite)
        taken = time.perf_counter() - begin
    database.dispose()
    replies.put((taken, None))
