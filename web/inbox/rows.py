"""A page of the list as the templates draw it."""

from datetime import UTC
from typing import Any

import sqlalchemy as sa

from engine.worklist import View

PAGE = 50


def key_of(view: View, row: sa.Row[Any]) -> str:
    """Where a row stands in its list, as text that sorts as the list does (`done` has the newest first)."""
    at = row.ended_at if view == "done" else row.sort_due
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}~{row.id}"
