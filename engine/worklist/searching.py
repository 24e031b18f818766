"""What a search text wants of the tasks: the few cases that contain it, or, where it is in many, a condition to examine."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from engine import search
from engine.tables import process_instance, search_gram, task
from engine.unit_of_work import UnitOfWork
from engine.worklist.listing import COUNTED

GRAMS = 16
"""So many pieces of a search text are looked up for the rarest; the text itself is compared with what that one finds."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A condition on `task`. Rare: its cases are named; else the list is read in its order and each task compared."""

    condition: sa.ColumnElement[bool]
    is_rare: bool


def wanted(uow: UnitOfWork, text: str | None) -> Wanted | None:
    """What `text` wants; None if nothing is searched for."""
    if not text:
        return None
    found = rarest(uow, text)
    if found is None:
        return Wanted(sa.false(), is_rare=True)
    gram, number = found
    if number >= COUNTED or len(gram) == 1:
        return Wanted(_contains(text, task), is_rare=False)
    query = sa.select(search_gram.c.instance_id).join(process_instance, process_instance.c.id == search_gram.c.instance_id)
    rows = uow.rows(query.where(search_gram.c.gram == gram, _contains(text, process_instance)))
    return Wanted(task.c.instance_id.in_([row.instance_id for row in rows]), is_rare=True)


def rarest(uow: UnitOfWork, text: str) -> tuple[str, int] | None:
    """The piece of `text` that the fewest cases have, and how many have it, up to `COUNTED`; None if there is no piece."""
    grams = _frequencies(uow, sorted(search.asked(text))[:GRAMS])
    return min(grams.items(), key=lambda each: each[1]) if grams else None


def _frequencies(uow: UnitOfWork, grams: Sequence[str]) -> dict[str, int]:
    """Piece → how many cases have it, up to `COUNTED`."""
    some = [sa.select(search_gram.c.instance_id).where(search_gram.c.gram == gram).limit(COUNTED).subquery() for gram in grams]
    counted = [sa.select(sa.func.count()).select_from(each).scalar_subquery().label(f"n{n}") for n, each in enumerate(some)]
    row = uow.row(sa.select(*counted)) if counted else None
    return dict(zip(grams, row or (), strict=True))


def _contains(text: str, table: sa.Table) -> sa.ColumnElement[bool]:
    """That one of the columns contains the text; spaces and the case of letters do not matter."""
    columns = (table.c.business_key, table.c.customer, table.c.serial, table.c.product)
    folded = (sa.func.lower(sa.func.replace(column, " ", "")) for column in columns)
    return sa.or_(*(column.contains(search.fold(text), autoescape=True) for column in folded))
