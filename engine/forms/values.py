"""One submitted value → the value as form-js holds it (numbers in yuan) → the value that is stored (money in cents)."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from engine.forms.fields import Field, fields

ZONE = ZoneInfo("Asia/Shanghai")
MAX_TEXT = 20_000
MAX_NUMBER = 2**53 - 1
_NUMBER = re.compile(r"[+-]?(\d{1,30}(\.\d{0,30})?|\.\d{1,30})(e[+-]?\d{1,2})?", re.ASCII | re.IGNORECASE)
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)(:[0-5]\d(\.\d{1,6})?)?(Z|[+-]([01]\d):[0-5]\d)?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_CHECKED = {"on": True, "true": True, "yes": True, "1": True, "": False, "false": False, "off": False, "0": False}


class UnreadableError(Exception):
    """A value does not have the field's type: `code` of `messages.FINDINGS` and its facts."""

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.code, self.facts = code, facts


def read(field: Field, raw: Any, options: Sequence[Any]) -> Any:
    """The value that form-js would hold; strings of a plain HTML post are read too. Numbers become `Decimal`.

    `options` are the values that may be chosen. Raises `UnreadableError`.
    """
    if raw is None:
        return field.empty
    return _READERS[field.type](field, raw, options)


def _text(field: Field, raw: Any, _options: Sequence[Any]) -> str:
    if not isinstance(raw, str):
        raise UnreadableError("not_text")
    if len(raw) > MAX_TEXT:
        raise UnreadableError("text_too_long", limit=MAX_TEXT)
    if "\0" in raw or any("\ud800" <= letter <= "\udfff" for letter in raw):
        raise UnreadableError("invalid_character")
    return re.sub(r"[\r\n\t]", " ", raw) if field.type == "textfield" else raw.replace("\r\n", "\n")


def _number(_field: Field, raw: Any, _options: Sequence[Any]) -> Decimal | None:
    text = raw.strip() if isinstance(raw, str) else repr(raw) if isinstance(raw, (int, float)) else "-"
    if text == "":
        return None
    if isinstance(raw, bool) or not _NUMBER.fullmatch(text):
        raise UnreadableError("not_a_number")
    number = Decimal(text)
    if abs(number) > MAX_NUMBER:
        raise UnreadableError("number_too_large", limit=MAX_NUMBER)
    return number


def _checkbox(_field: Field, raw: Any, _options: Sequence[Any]) -> bool:
    found = _CHECKED.get(raw.lower()) if isinstance(raw, str) else raw
    if not isinstance(found, bool):
        raise UnreadableError("not_a_boolean")
    return found


def _single(_field: Field, raw: Any, options: Sequence[Any]) -> Any:
    return None if raw == "" else _chosen(raw, options)


def _several(_field: Field, raw: Any, options: Sequence[Any]) -> list[Any]:
    values = raw if isinstance(raw, list) else [raw]
    found: list[Any] = []
    for value in values:
        one = _chosen(value, options)
        if not any(_same(one, other) for other in found):
            found.append(one)
    return found


def _chosen(raw: Any, options: Sequence[Any]) -> Any:
    exact = [value for value in options if _same(raw, value)]
    spelt = [value for value in options if isinstance(raw, str) and raw == _spelling(value)]
    if not exact and not spelt:
        raise UnreadableError("not_an_option", value=str(raw)[:100])
    return (exact or spelt)[0]


def _same(one: Any, other: Any) -> bool:
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def _spelling(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _moment(field: Field, raw: Any, _options: Sequence[Any]) -> str | None:
    if not isinstance(raw, str):
        raise UnreadableError("not_a_date")
    text = raw.strip()
    if text == "":
        return None
    subtype, form = field.component.get("subtype", "date"), field.component.get("timeSerializingFormat", "no_timezone")
    if subtype == "date":
        return _day(text).isoformat()
    if subtype == "time":
        return _clock(text, form, None)
    day, separator, clock = text.partition("T")
    if not separator:
        raise UnreadableError("not_a_date_time")
    return _at(_day(day), clock, form)


def _day(text: str) -> date:
    try:
        if not _DATE.fullmatch(text):
            raise ValueError(text)
        return date.fromisoformat(text)
    except ValueError:
        raise UnreadableError("not_a_date") from None


def _clock(text: str, form: str, day: date | None) -> str:
    """`HH:MM` and the zone that `form` wants; a time without a zone (plain HTML) is meant in Shanghai."""
    match = _TIME.fullmatch(text)
    if not match:
        raise UnreadableError("not_a_time")
    zone = match[5]
    if (form == "no_timezone" and zone) or (form == "utc_normalized" and zone not in (None, "Z")):
        raise UnreadableError("wrong_zone")
    if form == "no_timezone" or zone:
        return f"{match[1]}:{match[2]}{zone or ''}"
    local = datetime.combine(day or date(2000, 1, 1), time(int(match[1]), int(match[2])), ZONE)
    return local.isoformat(timespec="minutes")[11:] if form == "utc_offset" else f"{local.astimezone(UTC):%H:%M}Z"


def _at(day: date, clock: str, form: str) -> str:
    match = _TIME.fullmatch(clock)
    if match and form == "utc_normalized" and not match[5]:
        local = datetime.combine(day, time(int(match[1]), int(match[2])), ZONE)
        return _in_utc(local)
    return f"{day.isoformat()}T{_clock(clock, form, day)}"


def _in_utc(local: datetime) -> str:
    try:
        return f"{local.astimezone(UTC):%Y-%m-%dT%H:%M}Z"
    except OverflowError:  # the first morning of the year 1
        raise UnreadableError("not_a_date_time") from None


_READERS = {"textfield": _text, "textarea": _text, "number": _number, "checkbox": _checkbox, "radio": _single, "select": _single,
            "checklist": _several, "taglist": _several, "datetime": _moment}


def to_stored(field: Field, value: Any) -> Any:
    """A read value as the variable keeps it: money as int cents, a number as int where it is whole."""
    if not isinstance(value, Decimal):
        return value
    if field.is_money:
        return int(value * 100)
    if field.component.get("serializeToString"):
        return format(value, "f")
    return plain_number(value)


def plain_number(value: Decimal) -> int | float:
    """A JSON number: int where it is whole."""
    return int(value) if value == value.to_integral_value() else float(value)


def to_screen(schema: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
    """Variables as the form shows them: money in yuan. Others are as they are; nothing that was given is changed."""
    return screened(fields(schema), variables)


def screened(known: Sequence[Field], variables: Mapping[str, Any]) -> dict[str, Any]:
    """`to_screen` for fields that were read already."""
    shown = dict(variables)
    for field in known:
        if field.is_money or field.rows:
            _show(field, shown)
    return shown


def _show(field: Field, shown: dict[str, Any]) -> None:
    inner = shown
    for part in field.path[:-1]:
        if not isinstance(inner.get(part), Mapping):
            return
        inner[part] = dict(inner[part])
        inner = inner[part]
    last = field.path[-1]
    value = inner.get(last)
    if field.rows and isinstance(value, list):
        inner[last] = [screened(field.rows, row) if isinstance(row, Mapping) else row for row in value]
    elif field.is_money and isinstance(value, int) and not isinstance(value, bool):
        inner[last] = plain_number(Decimal(value) / 100)
