"""A list as limited scans of indexes, put together in order; what they do not decide is examined row by row, so far.

The rows of a scan are keys: the date that the list is sorted by, and the task's id.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine.tables import UtcDateTime, task
from engine.unit_of_work import UnitOfWork

COUNTED = 1_000
"""Counts stop here: nobody reads a larger one, and an exact one would read every row."""
EXAMINED = 1_000
"""So many tasks are looked at for a criterion that no index serves; then the page is partial."""
SCANNED = 4 * EXAMINED
"""So many keys are read together where that takes several scans."""
Key = tuple[datetime, str]


@dataclass(frozen=True, slots=True)
class Scan:
    """The tasks that satisfy `where`, in the order of an index; `at` and `task_id` are its columns."""

    at: sa.ColumnElement[Any]
    task_id: sa.ColumnElement[Any]
    where: Sequence[sa.ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class Listing:
    """What a list consists of: its scans, what is left to examine in `task`, and whether the newest comes first."""

    scans: Sequence[Scan]
    rest: Sequence[sa.ColumnElement[bool]] = ()
    newest_first: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """Keys in order; `stopped_at`: the last key that was examined, where the list may go on behind it."""

    keys: list[Key]
    stopped_at: Key | None


def find(uow: UnitOfWork, listing: Listing, after: Key | None, most: int) -> Found:
    """At most `most` keys behind `after`."""
    if not listing.scans:
        return Found([], None)
    keys = [(row.at, row.task_id) for row in uow.rows(matching(listing, after, most))]
    is_over = not listing.rest or len(keys) >= most
    return Found(keys, None if is_over else _stopped_at(uow, listing, after))


def matching(listing: Listing, after: Key | None, most: int) -> sa.Select[Any]:
    """The keys `(at, task_id)` of at most `most` tasks of the list that are found within what is examined."""
    if not listing.rest:
        return _together(listing, after, most)
    examined = _together(listing, after, _examined(listing)).subquery()
    # A sub-select for each row: PostgreSQL then reads the keys in their order and stops, instead of joining and sorting.
    judged = sa.select(sa.and_(*listing.rest)).where(task.c.id == examined.c.task_id).scalar_subquery()
    query = sa.select(examined.c.at, examined.c.task_id).where(judged)
    return _ordered(query, examined.c.at, examined.c.task_id, listing).limit(most)


def _stopped_at(uow: UnitOfWork, listing: Listing, after: Key | None) -> Key | None:
    """The last key that was examined; None where the list ended before."""
    most = _examined(listing)
    examined = _together(listing, after, most).subquery()
    query = sa.select(examined.c.at, examined.c.task_id, sa.func.count().over().label("number"))
    backwards = Listing((), newest_first=not listing.newest_first)
    last = uow.row(_ordered(query, examined.c.at, examined.c.task_id, backwards).limit(1))
    return (last.at, last.task_id) if last is not None and last.number >= most else None


def _examined(listing: Listing) -> int:
    return min(EXAMINED, SCANNED // len(listing.scans))


def _together(listing: Listing, after: Key | None, most: int) -> sa.Select[Any]:
    """One limited scan each, put together; a task that two scans have comes once."""
    scans = [_limited(scan, listing, after, most) for scan in listing.scans]
    if len(scans) == 1:
        return scans[0]
    together = sa.union_all(*(sa.select(scan.subquery()) for scan in scans)).subquery()
    query = sa.select(together.c.at, together.c.task_id).distinct()
    return _ordered(query, together.c.at, together.c.task_id, listing).limit(most)


def _limited(scan: Scan, listing: Listing, after: Key | None, most: int) -> sa.Select[Any]:
    query = sa.select(scan.at.label("at"), scan.task_id.label("task_id")).where(*scan.where)
    if after:
        key, bound = sa.tuple_(scan.at, scan.task_id), sa.tuple_(sa.literal(after[0], UtcDateTime()), sa.literal(after[1]))
        query = query.where(key < bound if listing.newest_first else key > bound)
    return _ordered(query, scan.at, scan.task_id, listing).limit(most)


def _ordered(query: sa.Select[Any], at: sa.ColumnElement[Any], task_id: sa.ColumnElement[Any],
             listing: Listing) -> sa.Select[Any]:
    if listing.newest_first:
        return query.order_by(at.desc(), task_id.desc())
    return query.order_by(at, task_id)
