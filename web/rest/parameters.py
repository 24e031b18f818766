"""Requests read: query parameters and JSON bodies into the engine's query classes; what is not known is refused by name."""

import dataclasses
import json
import types
import typing
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any, TypeVar

from flask import request

from engine import canonical
from engine.errors import InvalidValue
from engine.queries.paging import Paging
from web.rest.refusals import RestRefusal
from web.rest.values import INT, read_moment

Query = TypeVar("Query")
_FILTERS: dict[type[Any], Mapping[str, type[Any]]] = {}  # reading the hints of a class takes a millisecond
WITHOUT_EFFECT = frozenset({"withoutTenantId", "deserializeValues", "deserializeValue", "withCommentAttachmentInfo"})
OTHER_NAMES = {"ver": "version", "latest": "latestVersion"}
PAGING = frozenset({"firstResult", "maxResults", "sortBy", "sortOrder"})
JAVA = {int: "java.lang.Integer", bool: "java.lang.Boolean", datetime: "java.util.Date", str: "java.lang.String"}


def body(*names: str) -> dict[str, Any]:
    """The JSON object that was sent; an empty body is an empty object. Other members than `names` are refused."""
    data = request.get_data()
    if not data:
        return {}
    if request.mimetype != "application/json":
        raise RestRefusal(415, "HTTP 415 Unsupported Media Type: application/json is taken", "NotSupportedException")
    try:
        found = json.loads(data, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as problem:
        raise RestRefusal(400, f"The body is not JSON: {str(problem)[:200]}") from problem
    if not isinstance(found, dict):
        raise RestRefusal(400, "The body must be a JSON object")
    _refuse_unknown(found, names, "field")
    unkept = next((name for name, value in found.items() if canonical.has_unkept(value)), None)
    if unkept is not None:
        raise RestRefusal(400, f"{unkept} has a character that cannot be kept (such as U+0000)")
    return found


def flag(given: Mapping[str, Any], name: str) -> bool:
    """A member that is true or false, false if it is not there."""
    value = given.get(name, False)
    if not isinstance(value, bool):
        raise RestRefusal(400, f"{name} must be true or false")
    return value


def text(given: Mapping[str, Any], name: str) -> str | None:
    """A member that is text, None if it is not there."""
    value = given.get(name)
    if value is not None and not isinstance(value, str):
        raise RestRefusal(400, f"{name} must be text")
    return value


def query(kind: type[Query]) -> tuple[Query, Paging]:
    """The filters and the section that a request asks for, by GET parameters or a POST body."""
    kinds = filters(kind)
    if request.method == "GET":
        given: Mapping[str, Any] = {OTHER_NAMES.get(name, name): value for name, value in request.args.items()}
        _refuse_unknown(given, {*kinds, *PAGING, *WITHOUT_EFFECT}, "query parameter")
        found = {name: _from_text(name, given[name], kinds[name]) for name in kinds if name in given}
        sorting = [given] if "sortBy" in given or "sortOrder" in given else []
    else:
        given = body(*kinds, "sorting", *WITHOUT_EFFECT)
        found = {name: _from_json(name, given[name], kinds[name]) for name in kinds if given.get(name) is not None}
        sorting = given.get("sorting") or []
    return kind(**{_snake(name): value for name, value in found.items()}), _paging(sorting)


def paging_only() -> Paging:
    """The section that a request asks for, where there are no filters and one order."""
    only({"firstResult", "maxResults"})
    return _paging([])


def only(allowed: Collection[str] = ()) -> None:
    """Refuse query parameters other than these."""
    _refuse_unknown(request.args, {*allowed, *WITHOUT_EFFECT}, "query parameter")


def names(name: str) -> frozenset[str] | None:
    """A query parameter that lists names; None if it is not there."""
    found = request.args.get(name)
    return None if found is None else frozenset(each.strip() for each in found.split(","))


def filters(kind: type[Any]) -> Mapping[str, type[Any]]:
    """The filters of a query class by their names in Camunda 7: str, int, bool, datetime, or tuple for a list of texts."""
    if kind not in _FILTERS:
        hints = typing.get_type_hints(kind)
        _FILTERS[kind] = {_camel(each.name): _bare(hints[each.name]) for each in dataclasses.fields(kind)}
    return _FILTERS[kind]


def sort_refused(error: InvalidValue) -> RestRefusal:
    """The refusal of an order that cannot be given."""
    return RestRefusal(400, f"sortBy parameter has invalid value: {error.facts.get('value')}")


def _paging(sorting: Any) -> Paging:
    first, most = (_from_text(name, request.args[name], int) if name in request.args else None
                   for name in ("firstResult", "maxResults"))
    if (first or 0) < 0 or (most or 0) < 0:
        raise RestRefusal(400, "firstResult and maxResults must not be negative")
    if not isinstance(sorting, list) or not all(isinstance(each, Mapping) for each in sorting):
        raise RestRefusal(400, "sorting must be a list of objects with sortBy and sortOrder")
    return Paging(first or 0, most, tuple(_sorting(each.get("sortBy"), each.get("sortOrder")) for each in sorting))


def _sorting(name: Any, way: Any) -> Any:
    if name is None or way is None:
        raise RestRefusal(400, "Only a single sorting parameter specified. sortBy and sortOrder required")
    if way not in ("asc", "desc"):
        raise RestRefusal(400, f"sortOrder parameter has invalid value: {way}")
    return str(name), way


def _from_text(name: str, value: str, kind: type[Any]) -> Any:
    try:
        return _READERS[kind](value)
    except ValueError as problem:
        reason = f"Cannot convert value {value} to java type {JAVA[kind]}"
        raise RestRefusal(400, f"Cannot set query parameter '{name}' to value '{value}': {reason}") from problem


def _from_json(name: str, value: Any, kind: type[Any]) -> Any:
    if kind is tuple and isinstance(value, list) and all(isinstance(each, str) for each in value):
        return tuple(value)
    if (kind is datetime and isinstance(value, str)) or (kind is int and type(value) is int):
        return _from_text(name, str(value), kind)
    if kind is not tuple and type(value) is kind:
        return value
    raise RestRefusal(400, f"{name} has an invalid value: {value!r}")


def _integer(value: str) -> int:
    """A number of Java's Integer, as wide as the columns that it is compared with."""
    number = int(value)
    if not -INT <= number < INT:
        raise ValueError(value)
    return number


def _boolean(value: str) -> bool:
    if value not in ("true", "false"):
        raise ValueError(value)
    return value == "true"


def _moment(value: str) -> datetime:
    return read_moment(value.replace(" ", "+"))  # a plus sign that the client did not encode


_READERS: Mapping[type[Any], Callable[[str], Any]] = {
    str: str, int: _integer, bool: _boolean, datetime: _moment, tuple: lambda value: tuple(value.split(",")) if value else (),
}


def _refuse_unknown(given: Collection[str], known: Collection[str], what: str) -> None:
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise RestRefusal(400, f"The {what} '{unknown[0]}' is not supported")


def _refuse_constant(value: str) -> Any:
    raise ValueError(f"{value} is not JSON")


def _bare(hint: Any) -> type[Any]:
    kind = next(each for each in (*typing.get_args(hint), hint) if each is not types.NoneType)
    found: type[Any] = typing.get_origin(kind) or kind
    return found


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
