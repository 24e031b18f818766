"""A scratch company: a database of its own with the organization, the definitions in effect, and the files that are tried.

Nothing in it is real: it is made from a read of the real database, and it is gone after the run. Mail is written and not sent.
"""

import shutil
import tempfile
import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from engine import bundles, canonical, deployments, migrate
from engine.diagram.check import File
from engine.tables import (
    calendar,
    calendar_day,
    candidate_group,
    definition,
    deployment,
    membership,
    office,
    resource,
    user_account,
)
from engine.unit_of_work import SYSTEM, ProcessEngine, UnitOfWork, create_database

ORGANIZATION = (office, candidate_group, user_account, membership, calendar, calendar_day)
KEPT = 8
"""Prepared databases that a process keeps."""
FRESH = 60.0
"""Seconds for which a prepared database may be used again: what administrators change meanwhile is seen a minute later."""


class Clock:
    """A clock that a run moves forward; aware UTC."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """What it shows."""
        return self.now

    def go_to(self, moment: datetime) -> None:
        """Forward to `moment`; never back."""
        self.now = max(self.now, moment)


@dataclass(frozen=True, slots=True)
class Company:
    """What of the company's own tables a scratch company needs: its migrations, whole tables, and the rows that `named` values
    point at (table → the column that a value of the scenario may equal)."""

    versions: Sequence[Path] = ()
    catalogue: Sequence[sa.Table] = ()
    named: Mapping[sa.Table, str] = field(default_factory=dict)


class Sandbox:
    """Makes scratch companies for one process engine."""

    def __init__(self, engine: ProcessEngine, company: Company) -> None:
        self._engine, self._company = engine, company
        self._folder: Path | None = None
        self._prepared: OrderedDict[str, tuple[float, Path]] = OrderedDict()
        self._lock = threading.Lock()

    @contextmanager
    def opened(self, files: Sequence[File], begin: datetime, values: Sequence[str] = ()) -> Iterator[tuple[ProcessEngine, Clock]]:
        """A process engine on a scratch database of its own where `files` are deployed, and its clock at `begin`.

        `values`: what the scenario names, such as a serial number; the company's rows of these are there, too.
        Raises `DeploymentRefused` with every problem of the files.
        """
        path = self._new_path()
        shutil.copyfile(self._ready(files), path)
        clock = Clock(begin)
        scratch = self._on(path, clock)
        try:
            self._copy_named(scratch, values)
            yield scratch, clock
        finally:
            scratch.close()
            for left in path.parent.glob(f"{path.name}*"):
                left.unlink()

    def close(self) -> None:
        """Remove what was prepared."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._folder = None
        self._prepared.clear()

    # -------------------------------------------------------------- inside
    def _ready(self, files: Sequence[File]) -> Path:
        """A prepared database with these files; made once, used for a minute."""
        key = canonical.digest(canonical.dumps([[file.name, canonical.digest(file.data)] for file in files]))
        with self._lock:
            made, path = self._prepared.get(key, (0.0, None))
            if path is None or time.monotonic() - made > FRESH:
                path = self._prepare(files)
                self._prepared[key] = (time.monotonic(), path)
            self._prepared.move_to_end(key)
            while len(self._prepared) > KEPT:
                self._prepared.popitem(last=False)[1][1].unlink(missing_ok=True)
            return path

    def _prepare(self, files: Sequence[File]) -> Path:
        path = self._new_path()
        shutil.copyfile(self._migrated(), path)
        with self._engine.reading(SYSTEM) as real:
            scratch = self._on(path, Clock(real.now))
            try:
                with scratch.transaction(SYSTEM) as uow:
                    for table in ORGANIZATION:
                        _add(uow, table, [_unnamed(table, row) for row in real.rows(sa.select(table))])
                    for table in self._company.catalogue:
                        _add(uow, table, [row._asdict() for row in real.rows(sa.select(table))])
                    _copy_definitions(real, uow)
                with scratch.transaction(SYSTEM) as uow:
                    deployments.deploy(uow, files, name="sandbox")
                _settle(scratch)
            finally:
                scratch.close()
        return path

    def _migrated(self) -> Path:
        """An empty, migrated database; made once a process."""
        path = self._root() / "migrated.db"
        if not path.exists():
            making = self._new_path()
            database = create_database(f"sqlite:///{making}")
            migrate.upgrade(database, self._company.versions)
            _checkpoint(database)
            database.dispose()
            making.rename(path)
        return path

    def _root(self) -> Path:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="fuwuflow-sandbox-"))
            weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)  # goes with the application, closed or not
        return self._folder

    def _new_path(self) -> Path:
        return self._root() / f"{uuid4().hex}.db"

    def _on(self, path: Path, clock: Clock) -> ProcessEngine:
        """An engine on a scratch file. Nothing there has to outlive a power cut."""
        settings = replace(self._engine.settings, database_url=f"sqlite:///{path}", smtp_url="", document_store="")
        scratch = ProcessEngine(settings, operations=self._engine.operations, lists=self._engine.lists,
                                records=self._engine.records, clock=clock)
        sa.event.listen(scratch.database, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))
        return scratch

    def _copy_named(self, scratch: ProcessEngine, values: Sequence[str]) -> None:
        """The company's rows that the scenario names, such as the machine of its serial number."""
        if not values or not self._company.named:
            return
        with self._engine.reading(SYSTEM) as real, scratch.transaction(SYSTEM) as uow:
            for table, column in self._company.named.items():
                found = real.rows(sa.select(table).where(table.c[column].in_(list(values))))
                _add(uow, table, [row._asdict() for row in found])


def _add(uow: UnitOfWork, table: sa.Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        uow.execute(sa.insert(table), rows)


def _unnamed(table: sa.Table, row: sa.Row[Any]) -> dict[str, Any]:
    """A row without what nobody needs in a scratch company: passwords and addresses."""
    found = row._asdict()
    return found | {"password_hash": "", "email": ""} if table is user_account else found


def _copy_definitions(real: UnitOfWork, uow: UnitOfWork) -> None:
    """The definitions in effect, as they are; of each the newest only."""
    keys = real.rows(sa.select(definition.c.kind, definition.c.key).where(definition.c.kind != "scenario").distinct())
    rows = [row for each in keys if (row := bundles.latest(real, each.kind, each.key)) is not None]
    for table, column, wanted in ((deployment, "id", {row.deployment_id for row in rows}),
                                  (resource, "sha256", {row.sha256 for row in rows})):
        found = real.rows(sa.select(table).where(table.c[column].in_(sorted(wanted))))
        _add(uow, table, [each._asdict() for each in found])
    _add(uow, definition, [row._asdict() for row in rows])


def _settle(scratch: ProcessEngine) -> None:
    """Timer starts do not fire in a scratch company: only the case that is tried runs there."""
    with scratch.transaction(SYSTEM) as uow:
        uow.execute(sa.text("DELETE FROM job"))
    _checkpoint(scratch.database)


def _checkpoint(database: sa.Engine) -> None:
    """All of it into the one file that is copied."""
    raw = database.raw_connection()
    raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    raw.close()
