"""What somebody types for a variable that no form asks for: text, a number, yes or no, JSON. Pure."""

import json
import math
from typing import Any, Literal

from engine import canonical
from engine.errors import InvalidValue

Kind = Literal["form", "text", "number", "boolean", "json"]
"""`form`: by the form's field of that name, where there is one; else text."""


def read(name: str, entry: Any, kind: Kind) -> Any:
    """The value. `InvalidValue` names what it is not."""
    text = str(entry)
    match kind:
        case "number":
            return _number(text)
        case "boolean" if text in ("true", "false"):
            return text == "true"
        case "json":
            return _json(text)
        case "text" | "form":
            return text
    raise InvalidValue("not_boolean", field=name, value=text)


def _number(text: str) -> int | float:
    try:
        number = float(text)
    except ValueError as problem:
        raise InvalidValue("not_number", field="entry", value=text) from problem
    if not math.isfinite(number) or abs(number) > 2**53:
        raise InvalidValue("not_number", field="entry", value=text)
    return int(number) if number.is_integer() else number


def _json(text: str) -> Any:
    try:
        return canonical.loads(canonical.dumps(json.loads(text)))
    except (ValueError, RecursionError) as problem:
        raise InvalidValue("not_json", field="entry", value=text) from problem
