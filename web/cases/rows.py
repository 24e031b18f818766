"""A list of a case as a table that can be changed: one line a row, a mark on those that go, empty lines for new ones."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.forms import Field
from engine.forms.values import screened

NEW = 3  # empty lines below what is there; whoever needs more sends these first
PLAIN = frozenset({"textfield", "textarea", "number", "select", "radio", "checkbox", "datetime"})
NAME = re.compile(r"rows\.(\d{1,3})\.([\w.]{1,100})")
GONE = "gone."  # stands before a line's number in the name of its box

Line = dict[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """`lines` of the fields' texts by key; the first `there` of them are the list as it is."""

    fields: Sequence[Field]
    lines: Sequence[Line]
    there: int


def may_be_typed(field: Field) -> bool:
    """Whether a line can be typed here: no list within a list, and nothing that chooses several."""
    return bool(field.rows) and all(one.type in PLAIN for one in field.rows)


def table(field: Field, value: Any, given: Mapping[str, str]) -> Table:
    """The list `value` with what was typed over it, and empty lines below."""
    there = [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []
    typed = _typed(given)
    lines = [typed.get(number) or _texts(field, row) for number, row in enumerate(there)]
    more = [typed[number] for number in sorted(typed) if number >= len(there) and any(typed[number].values())]
    empty = [{one.key: "" for one in field.rows} for _ in range(NEW)]
    return Table(field.rows, [*lines, *more, *empty], len(there))


def read(given: Mapping[str, str]) -> list[Line]:
    """The rows that were typed, without those that are marked and those that are empty, for `forms.parse`."""
    gone = {name.removeprefix(GONE) for name in given if name.startswith(GONE)}
    return [line for number, line in sorted(_typed(given).items()) if str(number) not in gone and any(line.values())]


def hidden(given: Mapping[str, str]) -> list[tuple[str, str]]:
    """Name and value of everything that belongs to the table, to be sent on."""
    return [(name, value) for name, value in given.items() if NAME.fullmatch(name) or name.startswith(GONE)]


def _typed(given: Mapping[str, str]) -> dict[int, Line]:
    found: dict[int, Line] = {}
    for name, value in given.items():
        if match := NAME.fullmatch(name):
            found.setdefault(int(match[1]), {})[match[2]] = value.strip()
    return found


def _texts(field: Field, row: Mapping[str, Any]) -> Line:
    shown = screened(field.rows, row)
    return {one.key: _text(shown.get(one.key)) for one in field.rows}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else ""
    return "" if value is None else str(value)
