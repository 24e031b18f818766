"""Searches over cases that auditors keep by a name: their own, one of each name."""

from dataclasses import dataclass

import sqlalchemy as sa

from engine import canonical, ids
from engine.audit.criteria import Criteria
from engine.errors import Conflict, InvalidValue, NotFound
from engine.tables import audit_search
from engine.unit_of_work import UnitOfWork

LONGEST = 60
"""Characters of a name."""
MOST = 50
"""Searches that one person keeps."""


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """A search by name."""

    id: str
    name: str
    criteria: Criteria


def saved(uow: UnitOfWork) -> list[SavedSearch]:
    """The actor's searches, by name."""
    here = audit_search.c
    rows = uow.rows(sa.select(audit_search).where(here.owner == uow.actor.id).order_by(here.name, here.id))
    return [SavedSearch(row.id, row.name, Criteria.from_json(canonical.loads(row.criteria))) for row in rows]


def save(uow: UnitOfWork, name: str, criteria: Criteria) -> str:
    """Keep a search and return its id; the actor's search of the same name gives way to it. `Conflict` beyond `MOST`."""
    named = " ".join(name.split())
    if not named or len(named) > LONGEST:
        raise InvalidValue("filter_name", field="name", value=name[:LONGEST], limit=LONGEST)
    stored = canonical.dumps(Criteria.from_json(criteria.as_json()).as_json())
    here, new = audit_search.c, ids.new(uow.now)
    uow.execute(sa.delete(audit_search).where(here.owner == uow.actor.id, here.name == named))
    if uow.scalar(sa.select(sa.func.count()).where(here.owner == uow.actor.id)) >= MOST:
        raise Conflict("too_many_filters", limit=MOST)
    uow.execute(sa.insert(audit_search).values(
        id=new, owner=uow.actor.id, name=named, criteria=stored, created_at=uow.now))
    return new


def delete(uow: UnitOfWork, search_id: str) -> None:
    """Forget one of the actor's searches. `NotFound` for anybody else's."""
    mine = sa.and_(audit_search.c.id == search_id, audit_search.c.owner == uow.actor.id)
    if not uow.execute(sa.delete(audit_search).where(mine)).rowcount:
        raise NotFound(kind="saved_filter", id=search_id)
