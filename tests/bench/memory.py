"""What a worker holds after it has advanced so many live cases: nothing of a case stays, so little more than at the first."""

import multiprocessing
from datetime import timedelta
from pathlib import Path
from typing import Any

from engine import jobs
from engine.settings import Settings
from engine.unit_of_work import ProcessEngine, utc_now
from tests.bench.company import opened
from tests.bench.measuring import Table
from tests.bench.steps import start
from tests.conftest import Databases

CASES = 1_000
SPAWN = multiprocessing.get_context("spawn")


def measure(table: Table, kind: str, databases: Databases, template: str) -> None:
    """The row of a worker's memory on one kind of database."""
    url = databases.new(template)
    with opened(url) as engine:
        for _ in range(CASES):
            start(engine)
    replies = SPAWN.Queue()
    worker = SPAWN.Process(target=_work, args=(url, replies))
    worker.start()
    first, last, fired = replies.get(timeout=300)
    worker.join()
    databases.drop(url)
    table.add(f"memory of a worker with {CASES:,} live cases", kind, f"{last:.0f} MB",
              f"{first:.0f} MB after the first; {fired} timers fired")


def _work(url: str, replies: Any) -> None:
    engine = ProcessEngine(Settings(database_url=url), clock=lambda: utc_now() + timedelta(hours=5))
    fired = jobs.run_all(engine, most=1)
    first = _resident()
    fired += jobs.run_all(engine, most=2 * CASES)
    replies.put((first, _resident(), fired))
    engine.close()


def _resident() -> float:
    """Megabytes of memory of this process that are in use (Linux)."""
    found = [line for line in Path("/proc/self/status").read_text("utf-8").splitlines() if line.startswith("VmRSS")]
    return int(found[0].split()[1]) / 1_000
