"""Many timers due at one moment: how long until every case has moved on."""

import time
from datetime import timedelta

import sqlalchemy as sa

from engine import jobs
from engine.settings import Settings
from engine.tables import job, task
from engine.unit_of_work import ProcessEngine, utc_now
from tests.bench.measuring import Table
from tests.bench.steps import start
from tests.conftest import Databases


def measure(table: Table, kind: str, databases: Databases, template: str, *, timers: int) -> None:
    """The row of due timers on one kind of database."""
    url = databases.new(template)
    ahead = [timedelta(0)]
    engine = ProcessEngine(Settings(database_url=url), clock=lambda: utc_now() + ahead[0])
    for _ in range(timers):
        start(engine)
    ahead[0] = timedelta(hours=5)
    begin = time.perf_counter()
    fired = jobs.run_all(engine, most=2 * timers)
    taken = time.perf_counter() - begin
    with engine.database.connect() as connection:
        left = connection.execute(sa.select(sa.func.count()).where(job.c.state == "open")).scalar()
        chased = connection.execute(sa.select(sa.func.count()).where(task.c.element == "chase", task.c.state == "open")).scalar()
    engine.close()
    databases.drop(url)
    table.add(f"{timers:,} timers due at one moment, one worker", kind, f"{taken:.1f} s",
              f"{fired / taken:.0f}/s; {chased} moved on, {left} left")
