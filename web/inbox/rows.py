"""A page of the list as the templates draw it."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from engine.worklist import View

PAGE = 50


def key_of(view: View, row: sa.Row[Any]) -> str:
    """Where a row stands in its list, as text that sorts as the list does (`done` has the newest first)."""
    return place(row.ended_at if view == "done" else row.sort_due, row.id)


def place(at: datetime, task_id: str) -> str:
    """The same of a key."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}~{task_id}"
