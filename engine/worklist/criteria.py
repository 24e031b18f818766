"""What a list is narrowed by. Its JSON is what a saved filter keeps and what the address of a page says."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, time, timedelta
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from engine.durations import ZONE
from engine.errors import InvalidValue
from engine.tables import UtcDateTime, task
from engine.timers import NEVER

View = Literal["mine", "groups", "office", "watched", "done"]
Due = Literal["late", "today", "week", "none"]
HIGH = 50
"""A task whose priority is above this one is a high one (50 is what a task has if its diagram says nothing)."""
LONGEST = 100
CHOICES: Mapping[str, tuple[str, ...]] = {"due": get_args(Due), "priority": ("high",)}


@dataclass(frozen=True, slots=True)
class Criteria:
    """Conditions that all hold; None is no condition.

    `process` is the key of the case's own process, `assignee` a user ("": nobody's), `search` a piece of case number,
    customer, product or serial. `due`: late now, on this day, in this week from Monday (both with what is late
    already), or without a due date.
    """

    process: str | None = None
    element: str | None = None
    office: str | None = None
    assignee: str | None = None
    due: Due | None = None
    priority: Literal["high"] | None = None
    search: str | None = None

    def as_json(self) -> dict[str, str]:
        """The conditions that there are."""
        found = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: value for name, value in found.items() if value is not None}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Criteria":
        """The criteria that `as_json` wrote. `InvalidValue` names the field that is unknown or has an impossible value."""
        known = {each.name for each in fields(cls)}
        for name, given in value.items():
            if name not in known or not _is_possible(name, given):
                raise InvalidValue("criterion", field=name, value=given)
        return cls(**value)


def _is_possible(name: str, given: object) -> bool:
    if given is None:
        return True
    return isinstance(given, str) and len(given) <= LONGEST and given in CHOICES.get(name, (given,))


def due_range(due: Due, now: datetime) -> tuple[datetime | None, datetime | None]:
    """The due dates that `due` means, from the first until before the second; None where it has no end."""
    today = datetime.combine(now.astimezone(ZoneInfo(ZONE)).date(), time(), ZoneInfo(ZONE))
    monday = today - timedelta(days=today.weekday())
    return {"late": (None, now), "today": (today, today + timedelta(days=1)), "week": (monday, monday + timedelta(days=7)),
            "none": (NEVER, None)}[due]


def conditions(criteria: Criteria, now: datetime) -> dict[str, sa.ColumnElement[bool]]:
    """Criterion → its condition on `task`, all but `search`."""
    found: dict[str, sa.ColumnElement[bool]] = {}
    for name, column in (("process", task.c.root_key), ("element", task.c.element), ("office", task.c.office)):
        if (value := getattr(criteria, name)) is not None:
            found[name] = column == value
    if criteria.assignee is not None:
        found["assignee"] = task.c.assignee == criteria.assignee if criteria.assignee else task.c.assignee.is_(None)
    if criteria.due:
        found["due"] = is_due(task.c.sort_due, criteria.due, now)
    if criteria.priority:
        found["priority"] = task.c.priority > HIGH
    return found


def is_due(column: sa.Column[Any], due: Due, now: datetime) -> sa.ColumnElement[bool]:
    """That a `sort_due` lies in the range."""
    since, until = (None if at is None else sa.literal(at, UtcDateTime()) for at in due_range(due, now))
    return sa.and_(*([] if since is None else [column >= since]), *([] if until is None else [column < until]))
