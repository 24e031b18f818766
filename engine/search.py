"""What people search a case by: copies of a few variables in indexed columns, and bigrams, so that 王五 is found.

A process names the variables in its properties `search_customer`, `search_serial`, `search_product`; by default they
are `customer`, `serial_number` and `product`.
"""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from engine.bundles import Bundle
from engine.tables import search_gram
from engine.unit_of_work import UnitOfWork
from engine.variables import ROOT, ScopedVariables

DEFAULTS = {"customer": "customer", "serial": "serial_number", "product": "product"}
_REMOVE = sa.delete(search_gram).where(search_gram.c.instance_id == sa.bindparam("instance"))
_ADD = sa.insert(search_gram)


def copies(bundle: Bundle, variables: ScopedVariables) -> dict[str, str | None]:
    """The values of the columns `customer`, `serial` and `product` of a case, as its variables are now."""
    names = _names(bundle)
    now = variables.read(ROOT, set(names.values()))
    return {column: _text(now.get(name)) for column, name in names.items()}


def are_touched(bundle: Bundle, variables: ScopedVariables) -> bool:
    """Whether this step changed any of them."""
    changed = variables.changed
    return any((ROOT, name) in changed for name in _names(bundle).values())


def index(uow: UnitOfWork, instance_id: str, texts: Iterable[str | None], *, is_new: bool) -> None:
    """Make a case findable by the pieces of `texts` and, unless it `is_new`, by those before no longer."""
    if not is_new:
        uow.later(_REMOVE, [{"instance": instance_id}])
    found = {gram for text in texts if text for gram in grams(text)}
    if found:
        uow.later(_ADD, [{"gram": gram, "instance_id": instance_id} for gram in sorted(found)])


def grams(text: str) -> set[str]:
    """The pieces by which a text is found: of two characters for Chinese names, of four so that numbers tell apart."""
    whole = fold(text)
    return pieces(whole, 2) | pieces(whole, 4) or ({whole} if whole else set())


def asked(text: str) -> set[str]:
    """The pieces that a case must have to contain `text`: the longest that are kept, for they are the rarest."""
    whole = fold(text)
    return pieces(whole, 4) or pieces(whole, 2) or ({whole} if whole else set())


def fold(text: str) -> str:
    """A text without spaces and without the difference of upper and lower case."""
    return "".join(text.casefold().split())


def pieces(whole: str, length: int) -> set[str]:
    """Every run of `length` characters."""
    return {whole[i:i + length] for i in range(len(whole) - length + 1)}


def _names(bundle: Bundle) -> dict[str, str]:
    properties = bundle.processes[bundle.root].properties
    return {column: properties.get(f"search_{column}", name) for column, name in DEFAULTS.items()}


def _text(value: Any) -> str | None:
    return None if value in (None, "") else str(value)[:200]
