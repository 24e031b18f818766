"""The procedures in effect now, and how clauses are written on their elements.

`clause` of an element names one or more: `5.1.15 n4, n6; 5.1.7` is 5.1.15 n4, 5.1.15 n6 and 5.1.7.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from engine import bundles
from engine.diagram.model import Element, Process
from engine.diagram.supported import TASKS
from engine.tables import definition
from engine.unit_of_work import UnitOfWork

ACTIVITIES = frozenset((*TASKS, "callActivity"))
_IN_EFFECT = sa.select(definition).where(definition.c.kind == "process", definition.c.withdrawn_at.is_(None)).order_by(
    definition.c.version)
_VERSIONS = sa.select(definition).where(definition.c.kind == "process").order_by(definition.c.key, definition.c.version.desc())


@dataclass(frozen=True, slots=True)
class InEffect:
    """A process that cases start on now, and its row of `definition`."""

    row: sa.Row[Any]
    process: Process


def in_effect(uow: UnitOfWork) -> dict[str, InEffect]:
    """Process key → its newest version that is not withdrawn."""
    newest = {row.key: row for row in uow.rows_once(_IN_EFFECT)}
    return {key: InEffect(row, model(uow, row)) for key, row in sorted(newest.items())}


def versions(uow: UnitOfWork) -> dict[str, list[sa.Row[Any]]]:
    """Process key → the rows of `definition` of all its versions, newest first."""
    found: dict[str, list[sa.Row[Any]]] = {}
    for row in uow.rows_once(_VERSIONS):
        found.setdefault(row.key, []).append(row)
    return found


def model(uow: UnitOfWork, row: sa.Row[Any]) -> Process:
    """The process of a row of `definition`."""
    return bundles.model(uow, row.sha256, row.resource_name).processes[row.key]


def clauses(element: Element) -> tuple[str, ...]:
    """The clauses that an element carries, in its order."""
    return tuple(dict.fromkeys(_written(element.properties.get("clause", ""))))


def _written(text: str) -> Iterator[str]:
    last = ""
    for part in filter(None, re.split(r"[;,]\s*", text)):
        number, _, note = part.strip().partition(" ")
        if re.fullmatch(r"n\d+[a-z]?", number) and last:
            number, note = last, number
        last = number
        yield f"{number} {note}".strip()


def number(clause: str) -> str:
    """The clause without its note: 5.1.15 of 5.1.15 n4."""
    return clause.partition(" ")[0]


def is_within(clause: str, wider: str) -> bool:
    """Whether a clause is `wider` or part of it: 5.5.1b and 5.5.1 are in 5.5, 5.1.10 is not in 5.1.1."""
    return clause.startswith(wider) and not clause[len(wider):len(wider) + 1].isdigit()


def in_order(clause: str) -> tuple[tuple[int, str], ...]:
    """The key that sorts clauses as the procedure does: 5.1.9 before 5.1.10, a clause before its notes."""
    return tuple((int(digits or 0), letters) for digits, letters in re.findall(r"(\d+)|([a-z]+)", clause))


def by_number(found: Mapping[str, Any]) -> list[str]:
    """The keys, which are clauses, in the procedure's order."""
    return sorted(found, key=in_order)
