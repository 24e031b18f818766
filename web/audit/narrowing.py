"""What the pages that measure are narrowed by: procedure, version, office and a period of days where the company is."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from flask import request, url_for

from engine.errors import EngineError, InvalidValue
from engine.unit_of_work import UnitOfWork
from web.layout import words

DEFAULT = timedelta(days=365)
"""The period that is looked at unless another is asked for ends today and is this long."""


@dataclass(frozen=True, slots=True)
class Period:
    """As typed, and as moments: from `begin` until before `end`; None: open. `error` says what cannot be read."""

    since: str
    until: str
    begin: datetime | None = None
    end: datetime | None = None
    error: EngineError | None = None


def period(uow: UnitOfWork) -> Period:
    """The days `since` and `until` of the address, both included; empty ones leave the period open."""
    today = uow.now.astimezone(words.ZONE).date()
    since = request.args.get("since", (today - DEFAULT).isoformat()).strip()[:20]
    until = request.args.get("until", "").strip()[:20]
    try:
        first, last = (date.fromisoformat(each) if each else None for each in (since, until))
        if first and last and first > last:
            raise ValueError(since)
        return Period(since, until, _moment(first), _moment(last + timedelta(days=1) if last else None))
    except (ValueError, OverflowError):
        return Period(since, until, error=InvalidValue("period", field="since", value=since))


def chosen(name: str, known: list[str], default: str = "") -> str:
    """What the address says of `name`, if it is one of those known."""
    asked = request.args.get(name, default)
    return asked if asked in known else default


def addresses(endpoint: str, *names: str) -> Callable[..., str]:
    """Makes addresses of a page that keep these parts of the present one; a part that is given replaces it, None drops it."""
    here = {name: request.args[name] for name in names if name in request.args}

    def address(**more: Any) -> str:
        parts: dict[str, Any] = {**here, **more}
        return url_for(endpoint, **parts)

    return address


def _moment(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), words.ZONE).astimezone(UTC) if day else None
