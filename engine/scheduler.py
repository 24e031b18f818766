"""The tick, and the thread that works: due jobs are run every few seconds, and at once when a commit made some.

APScheduler only sets the flag; what is due is in the `job` table, so a missed tick loses nothing. Started by `serve` and
`worker`, never by `create_app`.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC

from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy.exc import SQLAlchemyError

from engine import chores, expressions, jobs, standstill
from engine.unit_of_work import ProcessEngine

log = logging.getLogger("fuwuflow.worker")
PATIENCE = 30.0  # seconds that the end of the program waits for the job at hand


@contextmanager
def running(engine: ProcessEngine) -> Iterator[None]:
    """Run due jobs in a thread while the block lasts; the job at hand is finished before it ends."""
    stopping = threading.Event()
    worker = threading.Thread(target=_work, args=(engine, stopping), name="worker", daemon=True)
    ticking = BackgroundScheduler(timezone=UTC)
    ticking.add_job(engine.jobs_arrived.set, "interval", seconds=engine.settings.tick_seconds, coalesce=True,
                    misfire_grace_time=None, max_instances=1)
    engine.jobs_arrived.set()
    worker.start()
    ticking.start()
    try:
        yield
    finally:
        ticking.shutdown()
        stopping.set()
        engine.jobs_arrived.set()
        worker.join(PATIENCE)


def _work(engine: ProcessEngine, stopping: threading.Event) -> None:
    while True:
        engine.jobs_arrived.wait()
        engine.jobs_arrived.clear()
        if stopping.is_set():
            break
        work_off(engine, stopping)
    expressions.close()


def work_off(engine: ProcessEngine, stopping: threading.Event) -> None:
    """Run what is due until nothing is left, somebody stops, or workers have to stand still."""
    try:
        while not (is_over := stopping.is_set() or standstill.is_held(engine)) and jobs.run_due(engine):
            pass
        if not is_over:
            chores.run_due(engine)
    except SQLAlchemyError:
        log.exception("the database did not answer; the next tick tries again")
