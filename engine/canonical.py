"""One JSON for all that is stored and hashed: canonical by RFC 8785, so equal values are equal bytes."""

import hashlib
import json
import re
from typing import Any

import rfc8785

from engine.errors import InvalidValue

SAFE = 2**53
_UNKEPT = re.compile("[\0\ud800-\udfff]")
_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), check_circular=False)


def dumps(value: Any) -> str:
    """The canonical text of a JSON value. `InvalidValue` for what JSON cannot hold exactly (NaN, integers beyond 2**53)."""
    try:
        text = _ENCODER.encode(value) if _is_plain(value) else None
        if text is not None and _has_one_order(text):
            return text
        return rfc8785.dumps(value).decode()
    except (rfc8785.CanonicalizationError, UnicodeEncodeError, RecursionError) as problem:
        raise InvalidValue("not_json", reason=str(problem)) from problem


def loads(text: str | bytes) -> Any:
    """The value of a JSON text; a whole number beyond 2**53 is a float again, as it was before it was written."""
    return _DECODER.decode(text) if isinstance(text, str) else json.loads(text, parse_int=_number)


def _is_plain(value: Any) -> bool:
    """Whether Python writes `value` as RFC 8785 does, but for the order of keys: no float, no big number, no subclass."""
    kind = type(value)
    if value is None or kind is str or kind is bool:
        return True
    if kind is int:
        return bool(-SAFE < value < SAFE)
    if kind is dict:
        return all(type(key) is str and _is_plain(each) for key, each in value.items())
    return kind in (list, tuple) and all(_is_plain(each) for each in value)


def _has_one_order(text: str) -> bool:
    """Whether code points sort as UTF-16 does, as RFC 8785 wants keys: so where every character is one unit of UTF-16.

    A lone surrogate is a `UnicodeEncodeError`.
    """
    return text.isascii() or len(text.encode("utf-16-le")) == 2 * len(text)


def _number(text: str) -> int | float:
    number = int(text)
    return number if abs(number) < SAFE else float(text)


_DECODER = json.JSONDecoder(parse_int=_number)


def has_unkept(value: Any) -> bool:
    """Whether a text in a JSON value, or the name of a member, has what PostgreSQL cannot keep: NUL, half a surrogate pair."""
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, str) and _UNKEPT.search(one):
            return True
        if isinstance(one, dict):
            left += [*one, *one.values()]
        if isinstance(one, list):
            left += one
    return False


def digest(data: bytes | str) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()
