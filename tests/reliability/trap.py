"""A process that kills itself with SIGKILL at a named point of its work: between, around and inside its commits.

The points are reached without touching our code: SQLAlchemy's events say which statement or commit the process is at, and
the operations of the scenario say when they are at work. SIGKILL leaves no `finally` and no handler: what the process had
not committed is gone, as when the machine's memory runs out.
"""

import os
import signal
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy import event

BEFORE_BEGIN, LOCKED, BEFORE_COMMIT, COMMITTED = "before begin", "locked", "before commit", "committed"


@dataclass(frozen=True, slots=True)
class Point:
    """Where to die: at `moment`, in the `transaction`-th writing transaction since the scenario said it was at `phase`.

    `moment` is one of the words above, `wrote <table>`, or what an operation calls `Trap.reach` with.
    """

    phase: str
    moment: str
    transaction: int = 1

    def __str__(self) -> str:
        return f"{self.phase}, {self.moment}, {self.transaction}"


@dataclass
class Trap:
    """Follows one thread of a process and kills it at `point`; without a point it only follows."""

    point: Point | None = None
    phase: str = ""
    transactions: int = 0
    is_open: bool = False
    has_committed: bool = False
    reached: list[Point] = field(default_factory=list)

    def enter(self, phase: str) -> None:
        """The scenario begins with something else."""
        self.phase, self.transactions = phase, 0

    def reach(self, moment: str) -> None:
        """The process is at `moment`: the end, if it is the point."""
        here = Point(self.phase, moment, self.transactions)
        self.reached.append(here)
        if here == self.point:
            os.kill(os.getpid(), signal.SIGKILL)

    def follow(self, database: sa.Engine) -> None:
        """Listen to everything that the database is asked."""
        event.listen(database, "before_cursor_execute", self._executing)
        event.listen(database, "after_cursor_execute", self._executed)
        event.listen(database, "commit", self._commit)
        event.listen(database, "rollback", self._rollback)
        event.listen(database, "checkin", self._given_back)

    def _executing(self, connection: sa.Connection, *_statement: object) -> None:
        """The first statement is SQLite's BEGIN IMMEDIATE; PostgreSQL's BEGIN travels with it."""
        if _writes(connection) and not self.is_open:
            self.is_open, self.transactions = True, self.transactions + 1
            self.reach(BEFORE_BEGIN)

    def _executed(self, connection: sa.Connection, _cursor: object, statement: str, *_rest: object) -> None:
        if not _writes(connection):
            return
        if statement.startswith("SELECT") and "WHERE process_instance.id =" in statement:
            self.reach(LOCKED)
        if statement.startswith(("INSERT INTO ", "UPDATE ")):
            self.reach(f"wrote {statement.removeprefix('INSERT INTO ').removeprefix('UPDATE ').split()[0]}")

    def _commit(self, connection: sa.Connection) -> None:
        if _writes(connection):
            self.reach(BEFORE_COMMIT)
            self.is_open, self.has_committed = False, True

    def _rollback(self, connection: sa.Connection) -> None:
        if _writes(connection):
            self.is_open = False

    def _given_back(self, *_connection: object) -> None:
        """The connection goes back to the pool: the first thing that happens after a commit has returned."""
        if self.has_committed:
            self.has_committed = False
            self.reach(COMMITTED)


def _writes(connection: sa.Connection) -> bool:
    return bool(connection.get_execution_options().get("writes"))
