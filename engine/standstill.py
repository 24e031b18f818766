"""Workers stand still while time that is past is played: what was due long ago would fire by their clocks, not by the play's.

Whoever plays holds a lease in the database, so that workers of every machine see it; it runs out by itself if they die.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import sqlalchemy as sa

from engine.tables import chore
from engine.unit_of_work import SYSTEM, ProcessEngine

NAME = "standstill"
LEASE = timedelta(minutes=2)


def is_held(engine: ProcessEngine) -> bool:
    """Whether somebody plays now."""
    with engine.reading(SYSTEM) as uow:
        until: datetime | None = uow.scalar(sa.select(chore.c.lease_until).where(chore.c.name == NAME))
        return until is not None and until > uow.now


@contextmanager
def held(engine: ProcessEngine) -> Iterator[Callable[[], None]]:
    """Let the workers stand still while the block lasts; call what it gives at least every minute to go on."""
    until = _set(engine, LEASE)

    def keep() -> None:
        nonlocal until
        if until - engine.now() < LEASE / 2:
            until = _set(engine, LEASE)
    try:
        yield keep
    finally:
        _set(engine, timedelta(0))


def _set(engine: ProcessEngine, length: timedelta) -> datetime:
    with engine.transaction(SYSTEM) as uow:
        until = uow.now + length
        uow.add_once(chore, name=NAME, due_at=uow.now, lease_until=None, state="{}")
        uow.execute(sa.update(chore).where(chore.c.name == NAME).values(lease_until=until))
    return until
