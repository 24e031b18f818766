"""`python -m tests.reliability.child URL FILE [POINT]`: drive the case; at the point of that name, die by SIGKILL.

Only listeners of SQLAlchemy and the scenario's own operations kill; nothing of the engine is changed.
"""

import os
import signal
import sys
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tests.reliability.points import POINTS, Point
from tests.reliability.scenario import drive, open_engine


class Killer:
    """Counts what fits its point and kills this process there."""

    def __init__(self, point: Point | None) -> None:
        self.point, self.doing, self.seen, self.has_committed = point, "", 0, False

    def begin(self, doing: str) -> None:
        """The scenario does this next."""
        self.doing, self.seen, self.has_committed = doing, 0, False

    def mark(self, name: str) -> None:
        """An operation came to a mark."""
        self._met("mark", name)

    def statement(self, _c: object, _cursor: object, text: str, *_: Any) -> None:
        """A statement is about to be sent."""
        if self.point is not None and text.startswith(self.point.what):
            self._met("statement", self.point.what)

    def commit(self, _connection: object) -> None:
        """A commit is about to be sent."""
        self._met("before commit", "")
        self.has_committed = True

    def checkin(self, *_: Any) -> None:
        """A connection comes back: if it wrote, its commit has been answered."""
        if self.has_committed:
            self.has_committed = False
            self._met("after commit", "")

    def _met(self, when: str, what: str) -> None:
        point = self.point
        if point is None or (point.during, point.when, point.what) != (self.doing, when, what):
            return
        self.seen += 1
        if self.seen == point.number:
            os.kill(os.getpid(), signal.SIGKILL)


def main(url: str, told: str, name: str | None = None) -> None:
    """Drive, and die at the point of that name."""
    killer = Killer(next(point for point in POINTS if point.name == name) if name else None)
    engine, clock = open_engine(url, Path(told), killer.mark)
    sa.event.listen(engine.database, "before_cursor_execute", killer.statement)
    sa.event.listen(engine.database, "commit", killer.commit)
    sa.event.listen(engine.database, "checkin", killer.checkin)
    drive(engine, clock, killer.begin)
    engine.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
