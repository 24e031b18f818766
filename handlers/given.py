"""What a case gives an operation: its variables, typed, and who completed what.

A value of the wrong type comes from outside the forms (REST, an external system): a retry cannot cure it, so it is a
`PermanentFailure` that names the variable, and becomes an incident.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from engine.errors import PermanentFailure
from engine.tables import activity_instance
from engine.unit_of_work import JobContext, UnitOfWork
from handlers.days import CHINA


def text(variables: Mapping[str, Any], name: str) -> str | None:
    """The text of a variable without the space around it; None when there is none."""
    value = variables.get(name)
    return (str(value).strip() or None) if value is not None else None


def is_yes(variables: Mapping[str, Any], name: str) -> bool:
    """Whether a yes-no question was answered with yes, or a box ticked."""
    return variables.get(name) in ("yes", True)


def whole(variables: Mapping[str, Any], name: str, default: int = 0) -> int:
    """A whole number; `default` when there is none."""
    value = variables.get(name)
    if value in (None, ""):
        return default
    try:
        if isinstance(value, bool) or int(value) != float(value):
            raise ValueError
        return int(value)
    except (TypeError, ValueError):
        raise _wrong(name, value, "整数", "a whole number") from None


def day(variables: Mapping[str, Any], name: str) -> date | None:
    """A date, from ISO 8601 text; of a date and time, the date in China."""
    value = text(variables, name)
    if value is None:
        return None
    try:
        return date.fromisoformat(value) if len(value) == 10 else _moment(value).astimezone(CHINA).date()
    except ValueError:
        raise _wrong(name, value, "日期", "a date (YYYY-MM-DD)") from None


def moment(variables: Mapping[str, Any], name: str) -> datetime | None:
    """An aware UTC time, from ISO 8601 text; without an offset it is taken for the time in China."""
    value = text(variables, name)
    if value is None:
        return None
    try:
        return _moment(value).astimezone(UTC)
    except ValueError:
        raise _wrong(name, value, "时间", "a date and time") from None


def rows(variables: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The rows of a dynamic list; none when it is not there."""
    value = variables.get(name)
    if value in (None, ""):
        return []
    if not isinstance(value, list) or not all(isinstance(row, Mapping) for row in value):
        raise _wrong(name, value, "列表", "a list of rows")
    return value


def completed_by(uow: UnitOfWork, context: JobContext, element: str) -> str | None:
    """Who completed the latest task `element` of the case; None if nobody did."""
    done = activity_instance.c
    its = (done.instance_id == context.instance_id, done.element == element, done.end_state == "left")
    found = uow.scalar(sa.select(done.actor).where(*its).order_by(done.seq.desc()).limit(1))
    return None if found is None else str(found)


def _moment(value: str) -> datetime:
    at = datetime.fromisoformat(value)
    return at if at.tzinfo else at.replace(tzinfo=CHINA)


def _wrong(name: str, value: object, zh: str, en: str) -> PermanentFailure:
    return PermanentFailure(f"{name} = {value!r}: 应为{zh} · expected {en}")
