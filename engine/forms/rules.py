"""The validation rules of form-js 2.0 on one value, as findings `(code, facts)`; `validate` holds evaluated limits."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from engine import expressions
from engine.forms.fields import Field
from engine.forms.values import ZONE

Finding = tuple[str, dict[str, Any]]

EMAIL = re.compile(r"[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
                   r"(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*", re.ASCII)
# Any international number: stricter than form-js's list of country codes, which finds one anywhere in the text.
PHONE = re.compile(r"(?:\+|00)[1-9]\d{5,14}", re.ASCII)


def findings(field: Field, value: Any, validate: Mapping[str, Any], now: datetime) -> list[Finding]:
    """What form-js would refuse, and a past date where the field disallows it."""
    found = list(_required(field, value, validate))
    if isinstance(value, Decimal):
        found += _number(field, value) + _bounds(value, validate)
    elif isinstance(value, str) and value:
        found += _text(value, validate) + _moment(field, value, now)
    return found


def _required(field: Field, value: Any, validate: Mapping[str, Any]) -> list[Finding]:
    is_empty = value is None or value in ("", []) or (field.type == "checkbox" and value is False)
    return [("required", {})] if validate.get("required") and is_empty else []


def _number(field: Field, value: Decimal) -> list[Finding]:
    digits, increment = field.component.get("decimalDigits"), field.component.get("increment")
    digits = 2 if field.is_money and (digits is None or digits > 2) else digits
    found: list[Finding] = []
    if digits is not None and value != round(value, int(digits)):
        found.append(("not_an_integer", {}) if digits == 0 else ("too_many_decimals", {"limit": digits}))
    if increment and (offset := value % Decimal(str(increment))):
        below = value - offset
        found.append(("not_a_step", {"below": str(below), "above": str(below + Decimal(str(increment)))}))
    return found


def _bounds(value: Decimal, validate: Mapping[str, Any]) -> list[Finding]:
    found: list[Finding] = []
    low, high = (_decimal(validate.get(name)) for name in ("min", "max"))
    if low is not None and value < low:
        found.append(("below_min", {"limit": str(low)}))
    if high is not None and value > high:
        found.append(("above_max", {"limit": str(high)}))
    return found


def _decimal(limit: Any) -> Decimal | None:
    if limit is None or isinstance(limit, bool):
        return None
    try:
        return Decimal(str(limit))
    except InvalidOperation:
        return None


def _text(value: str, validate: Mapping[str, Any]) -> list[Finding]:
    found: list[Finding] = []
    length = _utf16_length(value.strip())
    low, high = (_decimal(validate.get(name)) for name in ("minLength", "maxLength"))
    if low is not None and length < low:
        found.append(("too_short", {"limit": str(low)}))
    if high is not None and length > high:
        found.append(("too_long", {"limit": str(high)}))
    kind = validate.get("validationType")
    if kind == "email" and not EMAIL.fullmatch(value):
        found.append(("not_an_email", {}))
    if kind == "phone" and not PHONE.fullmatch(value):
        found.append(("not_a_phone", {}))
    return found


def _utf16_length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2  # JavaScript counts so


def patterns(tried: Sequence[tuple[Field, str, str, Mapping[str, Any]]]) -> list[tuple[str, Finding]]:
    """`(name of the field in the errors, finding)` for every value whose pattern does not match, in one call to V8."""
    tests = [(validate["pattern"], value) for _, _, value, validate in tried]
    matched = expressions.matches(tests) if tests else []
    return [(name, ("pattern", {"pattern": validate["pattern"], "message": validate.get("patternErrorMessage") or "",
                                "message_en": (field.component.get("properties") or {}).get("pattern_error_en") or ""}))
            for (field, name, _, validate), is_match in zip(tried, matched, strict=True) if not is_match]


def _moment(field: Field, value: str, now: datetime) -> list[Finding]:
    if field.type != "datetime" or not field.component.get("disallowPassedDates") or field.component.get("subtype") == "time":
        return []
    today = now.astimezone(ZONE).date().isoformat()
    return [("past_date", {"today": today})] if value[:10] < today else []
