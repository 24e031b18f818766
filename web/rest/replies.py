"""JSON replies, moments and links in the form of Camunda 7."""

import json
from datetime import datetime
from typing import Any

from flask import Response, request


def reply(body: Any, status: int = 200) -> Response:
    """A JSON response."""
    return Response(json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(), status, content_type="application/json")


def nothing() -> Response:
    """204."""
    return Response(status=204)


def moment(at: datetime | None) -> str | None:
    """`2026-03-02T01:00:00.000+0000`, in UTC."""
    return None if at is None else at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}+0000"


def milliseconds(start: datetime, end: datetime | None) -> int | None:
    """From one moment to another; None while there is no other."""
    return None if end is None else round((end - start).total_seconds() * 1000)


def link(path: str) -> list[dict[str, str]]:
    """The link of a resource to itself."""
    return [{"method": "GET", "href": f"{request.host_url}engine-rest{path}", "rel": "self"}]
