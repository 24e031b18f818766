"""Ids of instances, deployments and jobs: sortable by time, so that rows made together lie together in an index."""

import secrets
from datetime import datetime


def new(now: datetime) -> str:
    """24 hexadecimal digits: milliseconds since 1970, then 48 random bits."""
    return f"{first(now)}{secrets.token_hex(6)}"


def first(now: datetime) -> str:
    """What every id made at `now` or later is not before."""
    return f"{int(now.timestamp() * 1000):012x}"
