"""Lists of cases that the reader may see: searched, open or finished, newest first, page by page; and what belongs to one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from engine import identity, search
from engine.errors import InvalidValue
from engine.tables import process_instance, search_gram
from engine.unit_of_work import UnitOfWork

Standing = Literal["open", "finished"]
PAGE = 50
RELATED = 5
"""So many related cases of each kind are shown on a case; the list has the others."""
OPEN = ("active", "suspended")
LONGEST_SEARCH = 100

_case = process_instance.c


@dataclass(frozen=True, slots=True)
class Cases:
    """A page of rows of `process_instance`; `next_cursor` asks for the following one, None at the end."""

    rows: Sequence[sa.Row[Any]]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Related:
    """What belongs to a case, open ones first: by serial number, by customer, where it came from, what came from it.

    The lists hold one row more than is shown where there are more.
    """

    by_serial: Sequence[sa.Row[Any]]
    by_customer: Sequence[sa.Row[Any]]
    came_from: sa.Row[Any] | None
    followed_by: Sequence[sa.Row[Any]]


def page(uow: UnitOfWork, *, standing: Standing | None = None, text: str = "", after: str | None = None,
         limit: int = PAGE) -> Cases:
    """The newest cases that fit, by start. `text` is part of case number, customer, serial or product."""
    query = sa.select(process_instance).where(identity.seen_cases(uow.actor))
    if standing:
        query = query.where(_stands(standing))
    if text.strip():
        query = query.where(_says(text.strip()[:LONGEST_SEARCH]))
    if after:
        at, key = _read(after)
        query = query.where(sa.or_(_case.started_at < at, sa.and_(_case.started_at == at, _case.id < key)))
    rows = uow.rows(query.order_by(_case.started_at.desc(), _case.id.desc()).limit(limit + 1))
    more = len(rows) > limit
    return Cases(rows[:limit], _cursor(rows[limit - 1]) if more else None)


def by_number(uow: UnitOfWork, number: str) -> sa.Row[Any] | None:
    """The newest case with this number or id, among those that the actor may see; None if there is none."""
    named = sa.or_(_case.business_key == number, _case.id == number)
    return uow.row(sa.select(process_instance).where(named, identity.seen_cases(uow.actor)).order_by(_case.started_at.desc()))


def number_of(uow: UnitOfWork, case_id: str) -> str | None:
    """The number of a case; None if there is no such case."""
    found: str | None = uow.scalar(sa.select(_case.business_key).where(_case.id == case_id))
    return found


def related(uow: UnitOfWork, row: sa.Row[Any]) -> Related:
    """What belongs to the case `row`, of that only what the actor may see."""
    serial = _others(uow, row, _case.serial == row.serial) if row.serial else []
    known = {each.id for each in serial}
    customer = _others(uow, row, _case.customer == row.customer) if row.customer else []
    earlier = _others(uow, row, _case.id == row.came_from) if row.came_from else []
    return Related(serial, [each for each in customer if each.id not in known], earlier[0] if earlier else None,
                   _others(uow, row, _case.came_from == row.id))


def _others(uow: UnitOfWork, row: sa.Row[Any], shared: sa.ColumnElement[bool]) -> list[sa.Row[Any]]:
    query = sa.select(process_instance).where(shared, _case.id != row.id, identity.seen_cases(uow.actor))
    is_over = _case.ended_at.is_not(None)
    return uow.rows(query.order_by(is_over, _case.started_at.desc(), _case.id.desc()).limit(RELATED + 1))


def _stands(standing: Standing) -> sa.ColumnElement[bool]:
    return _case.status.in_(OPEN) if standing == "open" else _case.status.not_in(OPEN)


def _says(text: str) -> sa.ColumnElement[bool]:
    """Has all its pieces and then the text itself, or is of a product that begins so."""
    pieces = [sa.exists().where(search_gram.c.instance_id == _case.id, search_gram.c.gram == gram)
              for gram in sorted(search.asked(text))]
    folded = search.fold(text)
    columns = (_case.business_key, _case.customer, _case.serial)
    holds = sa.or_(*(sa.func.replace(sa.func.lower(sa.func.coalesce(column, "")), " ", "").contains(folded, autoescape=True)
                     for column in columns))
    return sa.or_(sa.and_(*pieces, holds), sa.func.lower(_case.product).startswith(text.lower(), autoescape=True))


def _cursor(row: sa.Row[Any]) -> str:
    return f"{row.started_at.isoformat()}~{row.id}"


def _read(cursor: str) -> tuple[datetime, str]:
    at, separator, key = cursor.partition("~")
    try:
        moment = datetime.fromisoformat(at)
    except ValueError as problem:
        raise InvalidValue("cursor", field="after", value=cursor[:50]) from problem
    if not separator or moment.tzinfo is None:
        raise InvalidValue("cursor", field="after", value=cursor[:50])
    return moment, key
