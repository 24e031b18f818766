"""Whether one of an exclusive gateway's conditions is always true, so that it needs no default flow (details.md, Versions)."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from engine import expressions
from engine.diagram.model import Element, Process
from engine.diagram.sources import Known
from engine.diagram.variables import domain, fields
from engine.errors import ExpressionError

MOMENT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
"""Any time will do: a condition that reads the clock reads no form field only, and is never proved complete."""
MAX_VALUES = 200
_COMPARISON = re.compile(r"(?P<left>[^=<>!\"]+?)\s*(?P<operator>!=|<=|>=|=|<|>)\s*(?P<right>\"[^\"]*\"|[\w.\-]+)")
_OPPOSITE = {"=": "!=", "!=": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_CLOCK = re.compile(r"\b(now|today|random number)\s*\(")


def is_complete(process: Process, gateway: Element, conditions: Sequence[str], known: Known) -> bool:
    """True if one condition is the opposite of another, or if every value of the one form field they read meets one.

    The field must be a required choice (or a checkbox) of the user task right before the gateway.
    """
    return _has_opposites(conditions) or _covers_field(process, gateway, conditions, known)


def _has_opposites(conditions: Sequence[str]) -> bool:
    """`x` and `not(x)`, or `a < 3` and `a >= 3`: where neither is true, one is no boolean, which is an incident anyway."""
    plain = {" ".join(text.split()) for text in conditions}
    return any(opposite in plain for text in plain for opposite in _opposites(text))


def _opposites(text: str) -> Iterator[str]:
    yield from (f"not({text})", f"not ({text})", f"{text} = false" if text.isidentifier() else "")
    if text.endswith(" = true"):
        yield text.removesuffix(" = true") + " = false"
    if match := _COMPARISON.fullmatch(text):
        yield f"{match['left']} {_OPPOSITE[match['operator']]} {match['right']}"


def _covers_field(process: Process, gateway: Element, conditions: Sequence[str], known: Known) -> bool:
    try:
        read = frozenset[str]().union(*(expressions.names(text) for text in conditions))
    except ExpressionError:
        return False
    if len(read) != 1 or any(_CLOCK.search(text) for text in conditions):
        return False
    name = next(iter(read))
    values = _values(process, gateway, name, known)
    return values is not None and all(_is_met(conditions, name, value) for value in values)


def _values(process: Process, gateway: Element, name: str, known: Known) -> list[Any] | None:
    """What the field can be when a token comes from the user tasks right before the gateway; None if that is open."""
    found: list[Any] = []
    for flow in gateway.incoming:
        task = process.elements.get(process.flows[flow].source)
        field = next((f for f in fields(task, known) if f.key == name), None) if task else None
        values = domain(field) if field and task and task.type == "userTask" and not task.loop else None
        if values is None:
            return None
        found.extend(values)
    return found if found and len(found) <= MAX_VALUES else None


def _is_met(conditions: Sequence[str], name: str, value: Any) -> bool:
    try:
        return any(expressions.conditions(conditions, {name: value}, MOMENT, until_true=True))
    except ExpressionError:
        return False
