"""Who wants to be told of a case. The case's row counts them, so that most steps need not ask."""

import sqlalchemy as sa

from engine import identity, worklist_changes
from engine.errors import Forbidden
from engine.tables import process_instance
from engine.tables import watch as watches
from engine.unit_of_work import UnitOfWork


def watch(uow: UnitOfWork, case_id: str) -> None:
    """Tell the actor of this case from now on. `NotFound`, `Forbidden`. Twice is once."""
    row = uow.lock_instance(case_id)
    if not identity.may_see(uow, row):
        raise Forbidden("may_not_see", id=case_id)
    if uow.add_once(watches, user_id=uow.actor.id, instance_id=case_id, since=uow.now):
        _count(uow, case_id, 1)


def unwatch(uow: UnitOfWork, case_id: str) -> None:
    """Tell the actor of this case no more; who may not see it any longer may still stop."""
    uow.lock_instance(case_id)
    mine = (watches.c.user_id == uow.actor.id, watches.c.instance_id == case_id)
    if uow.execute(sa.delete(watches).where(*mine)).rowcount:
        _count(uow, case_id, -1)


def is_watched(uow: UnitOfWork, case_id: str) -> bool:
    """Whether the actor watches the case."""
    mine = (watches.c.user_id == uow.actor.id, watches.c.instance_id == case_id)
    return uow.row(sa.select(watches.c.since).where(*mine)) is not None


def _count(uow: UnitOfWork, case_id: str, change: int) -> None:
    here = process_instance.c.id == case_id
    uow.execute(sa.update(process_instance).where(here).values(watchers=process_instance.c.watchers + change))
    worklist_changes.announce(uow, {f"user:{uow.actor.id}"})
