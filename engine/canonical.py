"""One JSON for all that is stored and hashed: canonical by RFC 8785, so equal values are equal bytes."""

import hashlib
import json
from typing import Any

import rfc8785

from engine.errors import InvalidValue

SAFE = 2**53


def dumps(value: Any) -> str:
    """The canonical text of a JSON value. `InvalidValue` for what JSON cannot hold exactly (NaN, integers beyond 2**53)."""
    try:
        return rfc8785.dumps(value).decode()
    except (rfc8785.CanonicalizationError, UnicodeEncodeError, RecursionError) as problem:
        raise InvalidValue("not_json", reason=str(problem)) from problem


def loads(text: str | bytes) -> Any:
    """The value of a JSON text; a whole number beyond 2**53 is a float again, as it was before it was written."""
    return json.loads(text, parse_int=_number)


def _number(text: str) -> int | float:
    number = int(text)
    return number if abs(number) < SAFE else float(text)


def digest(data: bytes | str) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()
