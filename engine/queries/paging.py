"""Order and section of a result: Camunda 7's `sorting`, `firstResult` and `maxResults`."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import sqlalchemy as sa

from engine.errors import InvalidValue

Item = TypeVar("Item")


Sorting = tuple[tuple[str, Literal["asc", "desc"]], ...]


@dataclass(frozen=True, slots=True)
class Paging:
    """From which result (0 is the first), how many at most, and sorted by what: `(name, "asc" | "desc")`."""

    first: int = 0
    most: int | None = None
    sorting: Sorting = ()

    @property
    def end(self) -> int | None:
        """The number of the first result that is too many; None: there is no end."""
        return None if self.most is None else self.first + self.most


EVERYTHING = Paging()


def order(columns: Mapping[str, sa.ColumnElement[Any]], paging: Paging) -> list[sa.ColumnElement[Any]]:
    """The `ORDER BY` of a paging, with `columns["id"]` last so that it is total. `InvalidValue` for another name."""
    found = [_column(columns, name).desc() if way == "desc" else _column(columns, name).asc() for name, way in paging.sorting]
    return [*found, columns["id"].asc()]


def section(statement: sa.Select[Any], paging: Paging) -> sa.Select[Any]:
    """`LIMIT` and `OFFSET`."""
    statement = statement.offset(paging.first) if paging.first else statement
    return statement if paging.most is None else statement.limit(paging.most)


def cut(items: Sequence[Item], paging: Paging) -> list[Item]:
    """The section of a list that is already in order."""
    return list(items[paging.first:paging.end])


def count_of(statement: sa.Select[Any]) -> sa.Select[int]:
    """How many rows a statement gives."""
    return sa.select(sa.func.count()).select_from(statement.subquery())


def like(column: sa.ColumnElement[Any], pattern: str) -> sa.ColumnElement[bool]:
    r"""`LIKE` with `%` and `_`, and `\` before one that is meant literally."""
    return column.like(pattern, escape="\\")


def is_like(text: str | None, pattern: str) -> bool:
    """`like` in Python."""
    parts = re.split(r"(\\.|%|_)", pattern)
    wild = {"%": ".*", "_": "."}
    expression = "".join(wild.get(part) or re.escape(part[-1] if part.startswith("\\") else part) for part in parts)
    return text is not None and re.fullmatch(expression, text, re.DOTALL) is not None


def _column(columns: Mapping[str, sa.ColumnElement[Any]], name: str) -> sa.ColumnElement[Any]:
    if name not in columns:
        raise InvalidValue("sort_by", field="sortBy", value=name)
    return columns[name]
