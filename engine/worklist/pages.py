"""One page of a list, by key; counts that stop."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa

from engine.errors import InvalidValue
from engine.tables import task
from engine.unit_of_work import UnitOfWork
from engine.worklist import listing, scans, searching
from engine.worklist.criteria import Criteria, View
from engine.worklist.listing import COUNTED, Key

EVERYTHING = Criteria()
KEPT = 2_000
_counted: dict[tuple[Any, ...], sa.Select[*tuple[Any, ...]]] = {}


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of `task`, the cursor of the next page (None: the last), and how many the list has, up to `COUNTED`.

    `count` is only there on the first page. `is_partial`: the list was not examined to its end, so that `count` is the
    least there are, and even a page without rows may have a next one.
    """

    rows: tuple[sa.Row[Any], ...]
    next_cursor: str | None
    count: int | None
    is_partial: bool = False


def page(uow: UnitOfWork, *, view: View, criteria: Criteria = EVERYTHING, after: str | None = None, limit: int = 50) -> Page:
    """At most `limit` (up to `COUNTED`) tasks, late first: `mine` are assigned to the actor, `groups` theirs to claim (both
    with those of the absent people whom they stand in for), `office` all of the offices that they lead, `watched` those of
    the cases that they watch, `done` completed by them, newest first. `after` is the cursor of the page before.
    """
    limit, asked = min(limit, COUNTED), _listing(uow, view, criteria)
    key = _read_cursor(after) if after else None
    is_counted_here = bool(asked.rest) and not after  # what was examined is counted at once, not examined again
    found = listing.find(uow, asked, key, max(limit + 1, COUNTED) if is_counted_here else limit + 1)
    keys = found.keys[:limit]
    end = keys[-1] if len(found.keys) > limit else found.stopped_at
    count = None if after else _count(uow, asked, found.keys, limit)
    return Page(_rows(uow, keys), _cursor(end) if end else None, count, found.stopped_at is not None)


def keys(uow: UnitOfWork, *, view: View, criteria: Criteria = EVERYTHING, limit: int = 50) -> tuple[list[Key], bool]:
    """What the first page of a list has, by key only, and whether the list goes on behind it."""
    found = listing.find(uow, _listing(uow, view, criteria), None, limit + 1)
    return found.keys[:limit], len(found.keys) > limit or found.stopped_at is not None


def number(uow: UnitOfWork, view: View, criteria: Criteria = EVERYTHING) -> int:
    """How many tasks a list has, as far as they are counted and examined."""
    return int(uow.scalar(sa.select(_number(_listing(uow, view, criteria)))))


def counts(uow: UnitOfWork) -> dict[View, int]:
    """How many tasks are in `mine`, `groups`, `watched` and, for who leads, `office`: each up to `COUNTED`. One statement."""
    row = uow.row(_counting(uow))
    return {} if row is None else {cast("View", view): int(number) for view, number in row._mapping.items()}


def _counting(uow: UnitOfWork) -> sa.Select[*tuple[Any, ...]]:
    """The statement of `counts`; it is the same as long as the actor is in the same groups, and every open page asks it."""
    who, led = uow.actor, scans.leads_offices(uow)
    asks = (who.id, who.memberships, frozenset(who.stands_for.items()), led, who.is_admin, who.acts_everywhere)
    if asks not in _counted:
        views: list[View] = ["mine", "groups", "watched"]
        if led != frozenset():
            views.append("office")
        if len(_counted) >= KEPT:
            _counted.clear()
        _counted[asks] = sa.select(*(_number(_listing(uow, view, EVERYTHING)).label(view) for view in views))
    return _counted[asks]


def _listing(uow: UnitOfWork, view: View, criteria: Criteria) -> listing.Listing:
    return scans.listing(uow, view, criteria, searching.wanted(uow, criteria.search))


def _count(uow: UnitOfWork, asked: listing.Listing, found: Sequence[Key], limit: int) -> int:
    """How many tasks the list has, up to `COUNTED`; counted by the index where the keys found are only those of a page."""
    if asked.rest or len(found) <= limit:
        return min(len(found), COUNTED)
    return int(uow.scalar(sa.select(_number(asked))))


def _number(asked: listing.Listing) -> sa.ColumnElement[int]:
    if not asked.scans:
        return sa.literal(0)
    keys = listing.matching(asked, None, COUNTED)
    return sa.select(sa.func.count()).select_from(keys.subquery()).scalar_subquery()


def _rows(uow: UnitOfWork, keys: Sequence[Key]) -> tuple[sa.Row[Any], ...]:
    """The rows of these tasks, in this order."""
    if not keys:
        return ()
    found = {row.id: row for row in uow.rows(sa.select(task).where(task.c.id.in_([task_id for _, task_id in keys])))}
    return tuple(found[task_id] for _, task_id in keys)


# ------------------------------------------------------------------ cursors
def _cursor(key: Key) -> str:
    return f"{key[0].isoformat()}~{key[1]}"


def _read_cursor(text: str) -> Key:
    at, _, task_id = text.partition("~")
    try:
        moment = datetime.fromisoformat(at)
    except ValueError as problem:
        raise InvalidValue(field="after", value=text) from problem
    if moment.tzinfo is None or not task_id:
        raise InvalidValue(field="after", value=text)
    return moment, task_id
