"""Two who do something at the same moment: the second begins while the first has not committed yet."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import sqlalchemy as sa

from engine.unit_of_work import Actor, ProcessEngine, UnitOfWork

Verb = Callable[[UnitOfWork], Any]
MOST_LOOKS = 20_000
_WAITING = sa.text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


def behind(engine: ProcessEngine, first: Actor, does: Verb, second: Actor, wants: Verb) -> Any:
    """What `wants` gives or raises to who came second; `does` commits only when the second waits for it."""
    def follow() -> Any:
        with engine.transaction(second) as uow:
            return wants(uow)

    with ThreadPoolExecutor(1) as pool:
        with engine.transaction(first) as uow:
            does(uow)
            uow.send()
            later = pool.submit(follow)
            if not engine.is_sqlite:  # there one writes at a time
                _must_wait(engine, later)
        return later.result()


def _must_wait(engine: ProcessEngine, later: Future[Any]) -> None:
    """Look until the second waits for a lock, or is done without."""
    for _ in range(MOST_LOOKS):
        with engine.database.connect() as connection:
            if later.done() or connection.execute(_WAITING).scalar():
                return
    raise AssertionError("the second never came to wait")
