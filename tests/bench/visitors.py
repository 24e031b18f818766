"""People with a session who read pages of a served process over a kept connection."""

import http.client
import time
from urllib.parse import urlsplit

from engine.unit_of_work import SYSTEM, ProcessEngine
from web import sessions
from web.access import SESSION_COOKIE


class Visitor:
    """A connection that is kept; whoever's session it is, is said with each page."""

    def __init__(self, base: str) -> None:
        parts = urlsplit(base)
        self.connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)

    def read(self, session: str, path: str, etag: str = "") -> tuple[int, str]:
        """Read a page to its end: its status and its ETag."""
        headers = {"Cookie": f"{SESSION_COOKIE}={session}", **({"If-None-Match": etag} if etag else {})}
        self.connection.request("GET", path, headers=headers)
        response = self.connection.getresponse()
        response.read()
        return response.status, response.getheader("ETag", "")

    def timed(self, session: str, path: str, etag: str = "", *, status: int = 200) -> float:
        """Milliseconds until a page is there. `RuntimeError` if it is another one than expected."""
        begin = time.perf_counter()
        found, _ = self.read(session, path, etag)
        if found != status:
            raise RuntimeError(f"{path}: {found} instead of {status}")
        return (time.perf_counter() - begin) * 1000


def open_sessions(engine: ProcessEngine, users: list[str]) -> list[str]:
    """A session for each user, as signing in opens one."""
    with engine.transaction(SYSTEM) as uow:
        return [sessions.begin(uow, user)[0] for user in users]


def percentiles(times: list[float]) -> tuple[float, float]:
    """The median and the 95th percentile."""
    ordered = sorted(times)
    return ordered[len(ordered) // 2], ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
