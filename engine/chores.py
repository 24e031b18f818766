"""What recurs: late notices, the weekly digest, pruning. Each is done once, whichever of several workers comes first.

A worker takes a lease in a short transaction, then does the chore and moves its due date in one: a chore that fails leaves
nothing behind, is logged, and is tried again at its next time; a worker that dies leaves a lease that runs out.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from engine import canonical, drafts, identity, reminders, replies, worklist_changes
from engine.audit import retention, witness
from engine.tables import chore
from engine.unit_of_work import SYSTEM, ProcessEngine, UnitOfWork

log = logging.getLogger("fuwuflow.chores")
LEASE = timedelta(minutes=5)
State = Mapping[str, Any]
"""How far a chore came, as JSON; empty before its first time."""
Work = Callable[[UnitOfWork, State], State | None]
"""Does what has fallen due and says how far it came (None: nothing to remember)."""


@dataclass(frozen=True, slots=True)
class Chore:
    """What recurs: the work, and when it is next due after a moment: so much later, or as a function says.

    `after` is done when the work is committed, outside any transaction; a worker that dies before it leaves it to the next time.
    """

    work: Work
    every: timedelta | Callable[[UnitOfWork], datetime]
    after: Callable[[ProcessEngine], object] | None = None

    def next_at(self, uow: UnitOfWork) -> datetime:
        """When it is due after `uow.now`."""
        return uow.now + self.every if isinstance(self.every, timedelta) else self.every(uow)


def plain(work: Callable[[UnitOfWork], object]) -> Work:
    """A chore that remembers nothing."""
    def done(uow: UnitOfWork, _state: State) -> None:
        work(uow)
    return done


CHORES: Mapping[str, Chore] = {
    "late": Chore(reminders.late, timedelta(minutes=1)),
    "digest": Chore(reminders.digest, reminders.next_digest),
    "worklist_changes": Chore(plain(worklist_changes.prune), timedelta(hours=1)),
    "replies": Chore(plain(replies.prune), timedelta(hours=1)),
    "drafts": Chore(plain(drafts.prune), timedelta(hours=1)),
    "retention": Chore(plain(retention.propose_due), timedelta(days=1)),
    "sessions": Chore(plain(identity.prune_sessions), timedelta(hours=1)),
    witness.CHORE: Chore(witness.minutely, timedelta(minutes=1), witness.deliver),
}


def run_due(engine: ProcessEngine, chores: Mapping[str, Chore] | None = None) -> list[str]:
    """Do the chores that are due and nobody else is doing; returns the names of those that were done."""
    known = CHORES if chores is None else chores
    return [name for name in _due(engine, known) if _do(engine, name, known[name])]


def _due(engine: ProcessEngine, known: Mapping[str, Chore]) -> list[str]:
    """A look without the write lock; a chore without a row is new, and due at once."""
    with engine.reading(SYSTEM) as uow:
        rows = {row.name: row for row in uow.rows(sa.select(chore))}
        return [name for name in known if name not in rows or _is_free(rows[name], uow.now)]


def _is_free(row: sa.Row[Any], now: datetime) -> bool:
    return row.due_at <= now and (row.lease_until is None or row.lease_until < now)


def _do(engine: ProcessEngine, name: str, what: Chore) -> bool:
    lease = _take(engine, name)
    if lease is None:
        return False
    try:
        with engine.transaction(SYSTEM) as uow:
            is_done = _done(uow, name, what, lease)
        if is_done and what.after is not None:
            what.after(engine)
        return is_done
    except Exception:  # whatever it was, the others go on, and so does this one at its next time
        log.exception("chore %s failed; it is tried again at its next time", name)
    with engine.transaction(SYSTEM) as uow:
        uow.execute(sa.update(chore).where(chore.c.name == name, chore.c.lease_until == lease).values(
            due_at=what.next_at(uow), lease_until=None))
    return False


def _take(engine: ProcessEngine, name: str) -> datetime | None:
    """Lease the chore; None if another worker was quicker."""
    with engine.transaction(SYSTEM) as uow:
        uow.add_once(chore, name=name, due_at=uow.now, lease_until=None, state="{}")
        lease = uow.now + LEASE
        free = (chore.c.name == name, chore.c.due_at <= uow.now,
                sa.or_(chore.c.lease_until.is_(None), chore.c.lease_until < uow.now))
        return lease if uow.execute(sa.update(chore).where(*free).values(lease_until=lease)).rowcount else None


def _done(uow: UnitOfWork, name: str, what: Chore, lease: datetime) -> bool:
    """Do the work in this transaction, if the lease still is this worker's."""
    mine = (chore.c.name == name, chore.c.lease_until == lease)
    if not uow.execute(sa.update(chore).where(*mine).values(due_at=what.next_at(uow), lease_until=None)).rowcount:
        return False
    state = canonical.loads(uow.scalar(sa.select(chore.c.state).where(chore.c.name == name)))
    reached = what.work(uow, state)
    if reached is not None:
        uow.execute(sa.update(chore).where(chore.c.name == name).values(state=canonical.dumps(dict(reached))))
    return True
