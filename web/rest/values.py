"""Typed values: `{"value", "type", "valueInfo"}` of Camunda 7 to and from what a case stores.

A date is stored as ISO text with milliseconds in UTC, and text of exactly that form is told as a date.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from engine import canonical
from engine.errors import InvalidValue
from web.rest.refusals import RestRefusal

INT, LONG = 2**31, 2**63
STORED_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00")
JAVA = {"String": "java.lang.String", "Integer": "java.lang.Integer", "Short": "java.lang.Short", "Long": "java.lang.Long",
        "Double": "java.lang.Double", "Boolean": "java.lang.Boolean", "Date": "java.util.Date"}
MEMBERS = frozenset({"value", "type", "valueInfo", "local"})


def parse(variables: Any) -> dict[str, Any]:
    """`{name: {"value", "type"}}` as plain values. Refused with the name of the one that does not fit."""
    if variables is None:
        return {}
    if not isinstance(variables, dict):
        raise RestRefusal(400, "variables must be an object of typed values")
    return {name: _parsed(name, typed) for name, typed in variables.items()}


def typed(values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Plain values as typed ones."""
    return {name: one(value) for name, value in values.items()}


def one(value: Any) -> dict[str, Any]:
    """A plain value as a typed one; lists and contexts are told as JSON text."""
    kind = _kind(value)
    told = canonical.dumps(value) if kind == "Json" else value.replace("+00:00", "+0000") if kind == "Date" else value
    return {"type": kind, "value": told, "valueInfo": {}}


def read_moment(text: str) -> datetime:
    """A moment of Camunda 7 (`2026-03-02T09:00:00.000+0800`) or another of ISO 8601 with an offset; else `ValueError`."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"{text!r} has no offset")
    try:
        return found.astimezone(UTC)
    except OverflowError as problem:
        raise ValueError(f"{text!r} is beyond the calendar") from problem


def _kind(value: Any) -> str:
    if value is None:
        return "Null"
    if isinstance(value, bool):
        return "Boolean"
    if isinstance(value, int):
        return "Integer" if -INT <= value < INT else "Long"
    if isinstance(value, float):
        return "Double"
    if isinstance(value, str):
        return "Date" if STORED_DATE.fullmatch(value) else "String"
    return "Json"


def _parsed(name: str, given: Any) -> Any:
    if not isinstance(given, dict) or not MEMBERS.issuperset(given):
        raise RestRefusal(400, f"variable {name}: expected an object with value, type and valueInfo")
    kind, value = given.get("type"), given.get("value")
    if kind is None:
        return _storable(name, value)
    kind = str(kind)[:1].upper() + str(kind)[1:]
    if kind not in _READERS:
        raise RestRefusal(400, f"Unsupported value type '{given['type']}'")
    try:
        return _storable(name, None if value is None else _READERS[kind](value))
    except (ValueError, OverflowError) as problem:
        reason = JAVA.get(kind, kind)
        raise RestRefusal(400, f"Cannot convert value '{value}' of type '{kind}' to java type {reason}") from problem


def _storable(name: str, value: Any) -> Any:
    try:
        canonical.dumps(value)
    except InvalidValue as problem:
        raise RestRefusal(400, f"variable {name} cannot be stored: {problem.facts.get('reason')}") from problem
    if canonical.has_unkept(value):  # it came as JSON in a text
        raise RestRefusal(400, f"variable {name} cannot be stored: it has a character that cannot be kept (such as U+0000)")
    return value


def _text(value: Any) -> str:
    if isinstance(value, dict | list):
        raise ValueError(value)
    return value if isinstance(value, str) else json.dumps(value)


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}[value] if value in ("true", "false") else _fail(value)


def _whole(limit: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        number = int(value) if isinstance(value, int | str) and not isinstance(value, bool) else _fail(value)
        return number if -limit <= number < limit else _fail(value)

    return read


def _double(value: Any) -> float:
    number = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else _fail(value)
    return number if number - number == 0 else _fail(value)


def _date(value: Any) -> str:
    return read_moment(value).isoformat(timespec="milliseconds") if isinstance(value, str) else _fail(value)


def _json(value: Any) -> Any:
    if not isinstance(value, str):
        raise RestRefusal(400, "Must provide 'null' or String value for value of SerializableValue type 'Json'.")
    try:
        return json.loads(value, parse_constant=_fail)
    except RecursionError as problem:
        raise ValueError("too deep") from problem


def _null(value: Any) -> None:
    _fail(value)


def _fail(value: Any) -> Any:
    raise ValueError(value)


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "String": _text, "Boolean": _boolean, "Integer": _whole(INT), "Short": _whole(2**15), "Long": _whole(LONG),
    "Double": _double, "Date": _date, "Json": _json, "Null": _null,
}
