"""The inbox: one page of a list of tasks, late first, by key. Its cost does not grow with the number of tasks.

The group list reads one limited scan per group and office over `task_candidate`; a page never counts or skips rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from engine import bundles, identity, search
from engine.diagram.model import Element
from engine.errors import InvalidValue
from engine.tables import UtcDateTime, definition, process_instance, search_gram, task, task_candidate
from engine.unit_of_work import Actor, UnitOfWork

View = Literal["mine", "groups", "done"]
COUNTED = 1_000
"""Counts stop here: nobody reads a larger one, and an exact one would read every row."""
GRAMS = 16
"""So many pieces of a search text are looked up for the rarest; the text itself is compared with what that one finds."""


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of `task`, the cursor of the next page (None: the last), and how many the list has, up to `COUNTED`.

    `count` is only there on the first page.
    """

    rows: tuple[sa.Row[Any], ...]
    next_cursor: str | None
    count: int | None


@dataclass(frozen=True, slots=True)
class Startable:
    """A process that the actor may start by hand."""

    definition_id: str
    key: str
    name: str
    name_en: str
    documentation: str
    instruction_en: str
    clause: str


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a search wants of `task`. Rare: its cases are named; else the list is read in its order until a page is full."""

    condition: sa.ColumnElement[bool]
    is_rare: bool


Key = tuple[datetime, str]
"""Where a page ends: the date that the list is sorted by, and the task's id."""


def page(uow: UnitOfWork, *, view: View, search: str | None = None, after: str | None = None, limit: int = 50) -> Page:
    """A page of `mine` (assigned to the actor), `groups` (theirs to claim) or `done` (completed by them, newest first).

    `search` finds pieces of case number, customer and serial; `after` is the cursor of the page before.
    """
    key, wanted = _read_cursor(after) if after else None, _wanted(uow, search)
    rows = uow.rows(_rows(uow, view, wanted, key, limit + 1))
    cursor = _cursor(view, rows[limit - 1]) if len(rows) > limit else None
    count = None if after else _count(uow, _ids(uow.actor, view, wanted, None, COUNTED))
    return Page(tuple(rows[:limit]), cursor, count)


def counts(uow: UnitOfWork) -> dict[str, int]:
    """How many tasks wait for the actor: `mine` and `groups`, each up to `COUNTED`."""
    return {view: _count(uow, _ids(uow.actor, view, None, None, COUNTED)) for view in ("mine", "groups")}


def startable(uow: UnitOfWork) -> list[Startable]:
    """The newest version of every process that the actor may start by hand, by name."""
    found = [_startable(uow, row) for row in newest_processes(uow)]
    return sorted((each for each in found if each is not None), key=lambda each: each.name)


def newest_processes(uow: UnitOfWork) -> list[sa.Row[Any]]:
    """The newest version of every process definition, by key."""
    newest = sa.select(definition.c.key, sa.func.max(definition.c.version).label("version")).where(
        definition.c.kind == "process").group_by(definition.c.key).subquery()
    is_newest = sa.and_(definition.c.key == newest.c.key, definition.c.version == newest.c.version)
    query = sa.select(definition).join(newest, is_newest).where(definition.c.kind == "process")
    return uow.rows(query.order_by(definition.c.key))


def _startable(uow: UnitOfWork, row: sa.Row[Any]) -> Startable | None:
    process = bundles.model(uow, row.sha256, row.resource_name).processes[row.key]
    if not any(_is_plain(start) for start in process.starts()) or not identity.may_start(uow, process):
        return None
    return Startable(row.id, row.key, row.name, row.name_en, process.documentation,
                     process.properties.get("instruction_en", ""), process.properties.get("clause", ""))


def _is_plain(start: Element) -> bool:
    return start.event is None or start.event.kind == "none"


# ------------------------------------------------------------------ statements
def _rows(uow: UnitOfWork, view: View, wanted: _Wanted | None, after: Key | None, limit: int) -> sa.Select[Any]:
    """The tasks of a page, in order."""
    ids = _ids(uow.actor, view, wanted, after, limit).subquery()
    query = sa.select(task).join(ids, ids.c.task_id == task.c.id)
    if view == "done":
        return query.order_by(ids.c.sorted_by.desc(), ids.c.task_id.desc()).limit(limit)
    return query.order_by(ids.c.sorted_by, ids.c.task_id).limit(limit)


def _ids(who: Actor, view: View, wanted: _Wanted | None, after: Key | None, limit: int) -> sa.Select[Any]:
    """`(sorted_by, task_id)` of at most `limit` tasks behind the key."""
    if view == "done":
        return _done(who, wanted, after, limit)
    if view == "mine":
        return _open(task.c.assignee == who.id, wanted, after, limit)
    if who.is_admin or who.acts_everywhere:
        return _open(task.c.assignee.is_(None), wanted, after, limit)
    if wanted and wanted.is_rare:
        return _open(_is_offered(who), wanted, after, limit)
    return _in_groups(sorted(who.memberships), wanted, after, limit)


def _open(condition: sa.ColumnElement[bool], wanted: _Wanted | None, after: Key | None, limit: int) -> sa.Select[Any]:
    query = sa.select(task.c.sort_due.label("sorted_by"), task.c.id.label("task_id")).where(condition, task.c.state == "open")
    if wanted:
        query = query.where(wanted.condition)
    if after:
        query = query.where(sa.tuple_(task.c.sort_due, task.c.id) > _bound(after))
    return query.order_by(task.c.sort_due, task.c.id).limit(limit)


def _done(who: Actor, wanted: _Wanted | None, after: Key | None, limit: int) -> sa.Select[Any]:
    query = sa.select(task.c.ended_at.label("sorted_by"), task.c.id.label("task_id")).where(
        task.c.completed_by == who.id, task.c.state == "completed")
    if wanted:
        query = query.where(wanted.condition)
    if after:
        query = query.where(sa.tuple_(task.c.ended_at, task.c.id) < _bound(after))
    return query.order_by(task.c.ended_at.desc(), task.c.id.desc()).limit(limit)


def _is_offered(who: Actor) -> sa.ColumnElement[bool]:
    """That a task is offered to one of the actor's groups in its office."""
    here = task_candidate.c
    mine = (sa.and_(here.group_id == group, here.office == place) for group, place in sorted(who.memberships))
    return sa.exists().where(here.task_id == task.c.id, sa.or_(sa.false(), *mine))


def _in_groups(memberships: Sequence[tuple[str, str]], wanted: _Wanted | None, after: Key | None,
               limit: int) -> sa.Select[Any]:
    """One limited scan per group and office, put together; a task offered to two groups of the actor comes once."""
    scans = [sa.select(_scan(group, place, wanted, after, limit).subquery()) for group, place in memberships]
    if not scans:
        return _open(sa.false(), wanted, after, limit)
    together = sa.union_all(*scans).subquery()
    query = sa.select(together.c.sorted_by, together.c.task_id).distinct()
    return query.order_by(together.c.sorted_by, together.c.task_id).limit(limit)


def _scan(group: str, place: str, wanted: _Wanted | None, after: Key | None, limit: int) -> sa.Select[Any]:
    here = task_candidate.c
    query = sa.select(here.sort_due.label("sorted_by"), here.task_id).where(here.group_id == group, here.office == place)
    if wanted:
        query = query.join(task, task.c.id == here.task_id).where(wanted.condition)
    if after:
        query = query.where(sa.tuple_(here.sort_due, here.task_id) > _bound(after))
    return query.order_by(here.sort_due, here.task_id).limit(limit)


def _count(uow: UnitOfWork, ids: sa.Select[Any]) -> int:
    return int(uow.scalar(sa.select(sa.func.count()).select_from(ids.order_by(None).subquery())))


# ------------------------------------------------------------------ search
def _wanted(uow: UnitOfWork, text: str | None) -> _Wanted | None:
    if not text:
        return None
    grams = {gram: _frequency(uow, gram) for gram in sorted(search.asked(text))[:GRAMS]}
    if not grams:
        return _Wanted(sa.false(), is_rare=True)
    rarest = min(grams, key=lambda gram: grams[gram])
    if grams[rarest] >= COUNTED or len(rarest) == 1:
        return _Wanted(_unjudged(_contains(text, task)), is_rare=False)
    query = sa.select(search_gram.c.instance_id).join(process_instance, process_instance.c.id == search_gram.c.instance_id)
    found = uow.rows(query.where(search_gram.c.gram == rarest, _contains(text, process_instance)))
    return _Wanted(task.c.instance_id.in_([row.instance_id for row in found]), is_rare=True)


def _frequency(uow: UnitOfWork, gram: str) -> int:
    return _count(uow, sa.select(search_gram.c.instance_id).where(search_gram.c.gram == gram).limit(COUNTED))


def _contains(text: str, table: sa.Table) -> sa.ColumnElement[bool]:
    """That one of the columns contains the text; spaces and the case of letters do not matter."""
    columns = (table.c.business_key, table.c.customer, table.c.serial)
    folded = (sa.func.lower(sa.func.replace(column, " ", "")) for column in columns)
    return sa.or_(*(column.contains(search.fold(text), autoescape=True) for column in folded))


def _unjudged(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    """The same condition as a sub-select: PostgreSQL then does not take it for rare and read the whole list to sort it."""
    return sa.select(condition).correlate(task).scalar_subquery()


# ------------------------------------------------------------------ cursors
def _cursor(view: View, row: sa.Row[Any]) -> str:
    return f"{(row.ended_at if view == 'done' else row.sort_due).isoformat()}~{row.id}"


def _read_cursor(text: str) -> Key:
    at, _, task_id = text.partition("~")
    try:
        moment = datetime.fromisoformat(at)
    except ValueError as problem:
        raise InvalidValue(field="after", value=text) from problem
    if moment.tzinfo is None or not task_id:
        raise InvalidValue(field="after", value=text)
    return moment, task_id


def _bound(key: Key) -> sa.Tuple:
    return sa.tuple_(sa.literal(key[0], UtcDateTime()), sa.literal(key[1], sa.Text()))
