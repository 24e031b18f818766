"""Lists that people narrowed and saved by a name: their own, or shared with a group, in one office or everywhere.

Who is in a group may share with it; who saved a filter, or leads the group's office, deletes it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

import sqlalchemy as sa

from engine import canonical, ids, worklist
from engine.errors import Conflict, Forbidden, InvalidValue, NotFound
from engine.tables import saved_filter
from engine.unit_of_work import UnitOfWork
from engine.worklist import Criteria, View

LONGEST = 60
"""Characters of a name."""
MOST = 50
"""Filters that one person keeps."""


@dataclass(frozen=True, slots=True)
class SavedFilter:
    """A list and its criteria by name. `group_id`: shared with this group, in `office` unless ""."""

    id: str
    name: str
    view: View
    criteria: Criteria
    owner: str
    group_id: str | None
    office: str
    is_mine: bool


def saved(uow: UnitOfWork) -> list[SavedFilter]:
    """The actor's own filters, then those shared with their groups, each by name. `InvalidValue` for one that nobody can read."""
    who, here = uow.actor, saved_filter.c
    shared: list[Any] = [
        sa.and_(here.group_id == group, here.office.in_(["", place])) for group, place in sorted(who.memberships)]
    rows = uow.rows(sa.select(saved_filter).where(sa.or_(here.owner == who.id, *shared)))
    return sorted((_read(row, who.id) for row in rows), key=lambda each: (not each.is_mine, each.name, each.id))


def save(uow: UnitOfWork, name: str, *, view: View, criteria: Criteria, group: str | None = None, office: str = "") -> str:
    """Keep a list under a name and return its id; the actor's filter of the same name gives way to it.

    `group`: share it with a group that the actor is in, in `office`, or everywhere if "" (who leads it, for one that acts
    within offices). `InvalidValue`, `Forbidden`; `Conflict` beyond `MOST`.
    """
    name = _named(name)
    if view not in get_args(View):
        raise InvalidValue("criterion", field="view", value=view)
    stored = canonical.dumps(Criteria.from_json(criteria.as_json()).as_json())
    if group is not None and not _may_share(uow, group, office):
        raise Forbidden("may_not_share", group=group, office=office)
    here, new = saved_filter.c, ids.new(uow.now)
    uow.execute(sa.delete(saved_filter).where(here.owner == uow.actor.id, here.name == name))
    if uow.scalar(sa.select(sa.func.count()).where(here.owner == uow.actor.id)) >= MOST:
        raise Conflict("too_many_filters", limit=MOST)
    uow.execute(sa.insert(saved_filter).values(
        id=new, owner=uow.actor.id, name=name, view=view, criteria=stored, group_id=group, office=office if group else "",
        created_at=uow.now))
    return new


def delete(uow: UnitOfWork, filter_id: str) -> None:
    """Delete a filter: its owner, who leads the group's office, or an administrator. `NotFound`, `Forbidden`."""
    row = uow.row(sa.select(saved_filter).where(saved_filter.c.id == filter_id))
    if row is None or not _is_seen(uow, row):
        raise NotFound(kind="saved_filter", id=filter_id)
    if row.owner != uow.actor.id and not _leads(uow, row.office):
        raise Forbidden("not_owner_of_filter", who=row.owner, name=row.name)
    uow.execute(sa.delete(saved_filter).where(saved_filter.c.id == filter_id))


def count(uow: UnitOfWork, kept: SavedFilter) -> int:
    """How many tasks a filter has for the actor, up to `worklist.COUNTED`, as far as they are examined."""
    return worklist.number(uow, kept.view, kept.criteria)


def _read(row: sa.Row[Any], user_id: str) -> SavedFilter:
    given: Mapping[str, Any] = canonical.loads(row.criteria)
    if row.view not in get_args(View):
        raise InvalidValue("criterion", field="view", value=row.view)
    return SavedFilter(row.id, row.name, row.view, Criteria.from_json(given), row.owner, row.group_id, row.office,
                       row.owner == user_id)


def _named(name: str) -> str:
    found = " ".join(name.split())
    if not found or len(found) > LONGEST:
        raise InvalidValue("filter_name", field="name", value=name[:LONGEST], limit=LONGEST)
    return found


def _may_share(uow: UnitOfWork, group: str, office: str) -> bool:
    """A member where it is shared; who leads all offices, with any group they are in."""
    who = uow.actor
    return (group, office) in who.memberships or (group in who.groups and worklist.leads_offices(uow) is None)


def _leads(uow: UnitOfWork, office: str) -> bool:
    led = worklist.leads_offices(uow)
    return led is None or bool(office and office in led)


def _is_seen(uow: UnitOfWork, row: sa.Row[Any]) -> bool:
    """Whether the actor may know of a filter: it is theirs, shared with their group, or they lead where it is shared."""
    who = uow.actor
    is_shared = any(group == row.group_id and row.office in ("", place) for group, place in who.memberships)
    return row.owner == who.id or is_shared or (row.group_id is not None and _leads(uow, row.office))
