"""What the diagrams of all versions say that cases are searched by: clauses, roles, ends; the names of their elements."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from engine import bundles
from engine.diagram.model import Element
from engine.duties import listed
from engine.tables import definition
from engine.unit_of_work import UnitOfWork

Place = tuple[str, str]
"""A process key and the id of an element."""
_BASE = re.compile(r"(\d+(?:\.\d+)*\w*)(?: n\w+)?")
_DEFINITIONS = sa.select(
    definition.c.id, definition.c.key, definition.c.version, definition.c.name, definition.c.name_en, definition.c.sha256,
    definition.c.resource_name).where(definition.c.kind == "process").order_by(definition.c.key, definition.c.version)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """`processes`: key → row of its newest version; `versions`: key → its versions; `elements`: place → element as the newest
    version that has it says; `clauses`, `roles`: piece of a clause, candidate group → where any version has it."""

    processes: Mapping[str, sa.Row[Any]]
    versions: Mapping[str, tuple[int, ...]]
    elements: Mapping[Place, Element]
    clauses: Mapping[str, frozenset[Place]]
    roles: Mapping[str, frozenset[Place]]

    def of_clause(self, clause: str) -> frozenset[Place]:
        """Where a clause, or what stands below it (`5.1.18` has `5.1.18 n2`), is named."""
        return frozenset[Place]().union(*(places for piece, places in self.clauses.items() if is_below(piece, clause)))

    def ends(self) -> dict[Place, Element]:
        """The end events that finish a process as a whole, by process and in the order of the diagrams."""
        return {place: each for place, each in self.elements.items() if each.type == "endEvent" and each.scope == each.process}


def read(uow: UnitOfWork) -> Vocabulary:
    """The words of all that was ever deployed; each file is parsed once a process."""
    if Vocabulary not in uow.cache:
        uow.cache[Vocabulary] = _read(uow)
    found: Vocabulary = uow.cache[Vocabulary]
    return found


def pieces(text: str) -> list[str]:
    """The single clauses of a property `clause`: `5.1.15 n4, n6; 5.1.7` is 5.1.15 n4, 5.1.15 n6 and 5.1.7."""
    found: list[str] = []
    base = ""
    for part in (each.strip() for each in re.split(r"[,;，；、]", text)):
        if match := _BASE.match(part):
            base = match[1]
        if part:
            found.append(f"{base} {part}" if base and part.startswith("n") else part)
    return found


def is_below(piece: str, clause: str) -> bool:
    """Whether `piece` is `clause` or a part of it; 5.1.18 is no part of 5.1.1."""
    return piece == clause or (piece.startswith(clause) and not piece[len(clause)].isdigit())


def _read(uow: UnitOfWork) -> Vocabulary:
    rows = uow.rows(_DEFINITIONS)
    versions: dict[str, tuple[int, ...]] = {}
    for row in rows:
        versions[row.key] = (*versions.get(row.key, ()), row.version)
    every = list(_elements(uow, rows))
    return Vocabulary(
        {row.key: row for row in rows}, versions, dict(every),
        _places((piece, place) for place, each in every for piece in pieces(each.properties.get("clause", ""))),
        _places((group, place) for place, each in every for group in listed(each.attributes.get("candidateGroups", ""))))


def _elements(uow: UnitOfWork, rows: Iterable[sa.Row[Any]]) -> Iterator[tuple[Place, Element]]:
    for row in rows:
        for element in bundles.model(uow, row.sha256, row.resource_name).processes[row.key].elements.values():
            yield (row.key, element.id), element


def _places(found: Iterable[tuple[str, Place]]) -> dict[str, frozenset[Place]]:
    places: dict[str, set[Place]] = {}
    for name, place in found:
        places.setdefault(name, set()).add(place)
    return {name: frozenset(places[name]) for name in sorted(places)}
