"""One command is one transaction on one instance. This is the only place that commits (design.md §1.6)."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from engine.errors import Conflict, NotFound
from engine.settings import Settings
from engine.tables import process_instance

# Statements of every step are built once: building one costs several times as much as running it (performance.md §5).
UNLOCKED = sa.select(process_instance).where(process_instance.c.id == sa.bindparam("instance"))
LOCKED = UNLOCKED.with_for_update(key_share=True)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a user with memberships `{(group, office)}`, office "" for a central group.

    `stands_for`: the absent people whom the user substitutes for now, with their memberships.
    """

    id: str
    memberships: frozenset[tuple[str, str]] = frozenset()
    is_admin: bool = False
    sees_all: bool = False
    acts_everywhere: bool = False
    on_behalf_of: str | None = None
    stands_for: Mapping[str, frozenset[tuple[str, str]]] = field(default_factory=dict, hash=False)
    models: bool = False  # changes definitions, as drafts
    approves: bool = False  # decides on the drafts of others
    audits: bool = False  # searches, replays and proves every case

    @property
    def groups(self) -> frozenset[str]:
        """The groups, in whichever office."""
        return frozenset(group for group, _ in self.memberships)

    @property
    def offices(self) -> frozenset[str]:
        """The offices of the memberships that have one."""
        return frozenset(office for _, office in self.memberships if office)


SYSTEM = Actor("system", is_admin=True, sees_all=True)


@dataclass(frozen=True, slots=True)
class JobContext:
    """What an operation is told: its job's `id` is the key to make a repeated effect harmless."""

    id: str
    instance_id: str
    process_key: str
    element: str
    business_key: str
    office: str
    started_by: str
    variables: Mapping[str, Any]
    now: datetime


@dataclass(frozen=True, slots=True)
class Operation:
    """A topic's function. A record: `f(uow, context) -> variables | None`, inside the advancing transaction.

    An effect: `f(settings, context) -> variables | None`, outside any transaction, may be repeated.
    Either may raise `BpmnError` (a modelled outcome), `PermanentFailure`, or anything else (retried, then an incident).
    """

    topic: str
    kind: Literal["record", "effect"]
    function: Callable[..., Mapping[str, Any] | None]


@dataclass(frozen=True, slots=True)
class Option:
    """A choice of a select: the value stored, and its words."""

    value: str
    zh: str
    en: str


Rows = list[dict[str, Any]]
ListProvider = Callable[["UnitOfWork", str], list[Option]]
"""`(uow, office) -> options`: a list of the server that a form's `valuesKey` names."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record that the company keeps: `label` names it to people but no customer, its period runs from the day `since`."""

    ref: str
    label: str
    since: date
    case_id: str | None = None


def no_records(_uow: "UnitOfWork", _customer: str) -> list[Record]:
    """A kind whose records all belong to cases."""
    return []


@dataclass(frozen=True, slots=True)
class RecordKind:
    """A kind of record of the company: how long it is kept (None: for ever), and how its records are found and destroyed.

    `before(uow, day)`: those whose period began before a day, oldest first. `of_case(uow, case_id)`: those of a case.
    `find(uow, ref)`: one, or None.
    `read(uow, ref)`: what is stored, as JSON. `destroy(uow, ref)` removes it; `erase(uow, ref)` only what tells of a person.
    `of_customer(uow, name)`: records of no case that name a customer.
    """

    id: str
    zh: str
    en: str
    clause: str
    months: int | None
    before: Callable[["UnitOfWork", date], list[Record]]
    of_case: Callable[["UnitOfWork", str], list[Record]]
    find: Callable[["UnitOfWork", str], Record | None]
    read: Callable[["UnitOfWork", str], Any]
    destroy: Callable[["UnitOfWork", str], None]
    erase: Callable[["UnitOfWork", str], None]
    of_customer: Callable[["UnitOfWork", str], list[Record]] = no_records


@dataclass(slots=True)
class UnitOfWork:
    """A connection in a transaction, who acts, and when. Verbs take it first and never commit."""

    engine: "ProcessEngine"
    connection: sa.Connection
    actor: Actor
    now: datetime
    may_write: bool
    instance_id: str | None = None
    makes_jobs: bool = False
    cache: dict[Any, Any] = field(default_factory=dict)
    pending: list[tuple[sa.Executable, Rows | None]] = field(default_factory=list)

    def rows(self, statement: sa.Executable, **values: Any) -> list[sa.Row[Any]]:
        """All rows of a query."""
        self.send()
        return list(self.connection.execute(statement, values or None).all())

    def rows_once(self, statement: sa.Executable) -> list[sa.Row[Any]]:
        """All rows of a query without values; a page that reads asks a statement (a module's constant) only once."""
        if self.may_write:
            return self.rows(statement)
        if statement not in self.cache:
            self.cache[statement] = self.rows(statement)
        return list(self.cache[statement])

    def row(self, statement: sa.Executable, **values: Any) -> sa.Row[Any] | None:
        """The first row of a query, or None."""
        self.send()
        return self.connection.execute(statement, values or None).first()

    def scalar(self, statement: sa.Executable, **values: Any) -> Any:
        """The first value of the first row, or None."""
        self.send()
        return self.connection.execute(statement, values or None).scalar()

    def execute(self, statement: sa.Executable, rows: Rows | None = None) -> sa.CursorResult[Any]:
        """Run a statement that writes, once for each of `rows` if there are any."""
        self.send()
        return self._run(statement, rows)

    def add_once(self, table: sa.Table, **values: Any) -> bool:
        """Insert a row unless one with its key is there; says whether it was new. Waits for whoever is inserting the same."""
        return self.row(_adding_once(table, is_sqlite=self.engine.is_sqlite), **values) is not None

    def later(self, statement: sa.Executable, rows: Rows | None = None) -> None:
        """Run a statement whose result nobody asks for: before the next that is asked, at the latest before the commit.

        PostgreSQL gets all that waited in one round trip (performance.md §5); SQLite is no round trip away.
        """
        if self.engine.is_sqlite:
            self._run(statement, rows)
        else:
            self.pending.append((statement, rows))

    def send(self) -> None:
        """Run what waits."""
        if not self.pending:
            return
        waiting, self.pending = self.pending, []
        driver: Any = self.connection.connection.dbapi_connection
        with driver.pipeline():
            for statement, rows in waiting:
                self._run(statement, rows)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """What happens inside is undone if it raises; the transaction goes on."""
        self.send()
        with self.connection.begin_nested():
            try:
                yield
                self.send()
            except BaseException:
                self.pending.clear()
                raise

    def _run(self, statement: sa.Executable, rows: Rows | None) -> sa.CursorResult[Any]:
        if rows is not None and not rows:
            raise ValueError("no rows")
        return self.connection.execute(statement, rows) if rows else self.connection.execute(statement)

    def lock_instance(self, instance_id: str) -> sa.Row[Any]:
        """The instance's row, locked until the end. A second instance in one unit is refused (design.md §1.6)."""
        if self.instance_id not in (None, instance_id):
            raise Conflict("second_instance", held=self.instance_id, asked=instance_id)
        row = self.row(LOCKED if self.may_write else UNLOCKED, instance=instance_id)
        if row is None:
            raise NotFound(kind="process_instance", id=instance_id)
        self.instance_id = instance_id
        return row


@cache
def _adding_once(table: sa.Table, *, is_sqlite: bool) -> sa.Insert:
    insert = (sqlite.insert if is_sqlite else postgresql.insert)(table)
    return insert.on_conflict_do_nothing().returning(sa.literal(1))  # the row count of an insert is not kept


def utc_now() -> datetime:
    """The wall clock, to the millisecond (what both databases and JSON keep)."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


class ProcessEngine:
    """A database, a clock, the operations, lists and kinds of record: all that verbs need besides their arguments."""

    def __init__(self, settings: Settings, *, operations: Mapping[str, Operation] | None = None,
                 lists: Mapping[str, ListProvider] | None = None, records: Mapping[str, RecordKind] | None = None,
                 clock: Callable[[], datetime] = utc_now) -> None:
        self.settings = settings
        self.operations = dict(operations or {})
        self.lists = dict(lists or {})
        self.records = dict(records or {})
        self.clock = clock
        self.database = create_database(settings.database_url)
        self.jobs_arrived = threading.Event()
        self.bundles: dict[str, Any] = {}  # compiled definitions by id: they never change, so they stay
        self.diagrams: dict[str, Any] = {}
        self.calendars: dict[str, Any] = {}
        self.keyframes: dict[tuple[str, int], Any] = {}  # of films, see engine/audit/film.py
        self.candidate_groups: dict[str, bool] = {}  # group → whether it acts within an office, which never changes
        self._writing = threading.RLock()

    def now(self) -> datetime:
        """The clock's time in UTC: the record hashes it as such."""
        return self.clock().astimezone(UTC)

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is the embedded one."""
        return self.database.dialect.name == "sqlite"

    @contextmanager
    def transaction(self, actor: Actor) -> Iterator[UnitOfWork]:
        """A unit of work that commits when its block ends, and leaves nothing behind when it raises."""
        with self._write_turn(), self.database.connect().execution_options(writes=True) as connection:
            uow = UnitOfWork(self, connection, actor, self.now(), may_write=True)
            yield uow
            uow.send()
            connection.commit()
        if uow.makes_jobs:
            self.jobs_arrived.set()

    @contextmanager
    def reading(self, actor: Actor) -> Iterator[UnitOfWork]:
        """A unit of work that never takes the write lock and keeps nothing."""
        with self.database.connect() as connection:
            yield UnitOfWork(self, connection, actor, self.now(), may_write=False)

    @contextmanager
    def _write_turn(self) -> Iterator[None]:
        """SQLite has one writer: threads wait here rather than in its busy back-off (performance.md §5)."""
        if not self.is_sqlite:
            yield
            return
        with self._writing:
            yield

    def close(self) -> None:
        """Give the connections back."""
        self.database.dispose()


def create_database(url: str) -> sa.Engine:
    """An SQLAlchemy engine for a `sqlite:///` or `postgresql://` URL, set up as design.md §1.10 says."""
    address = sa.make_url(url)
    if address.get_backend_name() == "postgresql":
        return sa.create_engine(address.set(drivername="postgresql+psycopg"), pool_size=10, max_overflow=20)
    if address.database:
        Path(address.database).parent.mkdir(parents=True, exist_ok=True)
    database = sa.create_engine(address, pool_size=10, max_overflow=40, poolclass=sa.QueuePool)
    sa.event.listen(database, "connect", _prepare_sqlite)
    sa.event.listen(database, "begin", _begin_sqlite)
    return database


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    # secure_delete: what is deleted is overwritten wherever that writes no further page; destruction overwrites the rest, too
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000", "foreign_keys=ON", "secure_delete=FAST"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
