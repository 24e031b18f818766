"""A million events verified, one case of a hundred events verified, and what an event takes on the disk."""

import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from engine import comments, history, identity
from engine.audit import checkpoints, signing, verification, witness
from engine.settings import ROOT
from engine.tables import activity_instance, comment, history_body, history_event, process_instance, task, variable
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests import tampering
from tests.bench.measuring import Table, wall
from tests.conftest import Clock, Databases, open_engine, prepare_company

LENGTH = 100
AT_ONCE = 10  # cases between two checkpoints
TIME = 12  # characters of an id that say when it was made
COPIED = (process_instance, history_event, history_body, variable, activity_instance, task, comment)
EVENT = ("instance_id", "seq", "at", "actor", "on_behalf_of", "command", "element", "bundle_id", "body_digest", "prev", "hash")


@dataclass(frozen=True)
class Story:
    """A case and its rows, by table."""

    id: str
    rows: dict[sa.Table, list[dict[str, Any]]]


def measure(table: Table, kind: str, databases: Databases, *, events: int) -> None:
    """The rows of verification on one kind of database."""
    url, clock = databases.new(), Clock()
    prepare_company(url)
    engine = open_engine(url, clock)
    tampering.keep_record(engine, clock)
    begin = time.perf_counter()
    chain = _fill(engine, clock, events)
    witness.deliver(engine)
    print(f"{events:,} events written in {time.perf_counter() - begin:.0f} s", flush=True)
    _sizes(table, engine, kind)
    _alone(table, engine, kind, url, events)
    _by_command(table, engine, kind, url, chain)
    _ours(table, engine, kind, chain)
    engine.close()
    databases.drop(url)


# ------------------------------------------------------------------ a large record
def _fill(engine: ProcessEngine, clock: Clock, events: int) -> str:
    """Copies of one real case of `LENGTH` events, each with its rows and true hashes, a checkpoint a minute; gives one's id."""
    like = _story(engine)
    key, cases = signing.load(engine.settings.checkpoint_key), iter(range(events // LENGTH))
    while batch := [f"{0x19cac1bf8000 + number:024x}" for _, number in zip(range(AT_ONCE), cases, strict=False)]:
        clock.move(minutes=1)
        with engine.transaction(SYSTEM) as uow:
            for chain in batch:
                _copy(engine, uow.connection, like, chain, clock.now)
            checkpoints.make(uow, key)
    return f"{0x19cac1bf8000 + 1:024x}"


def _story(engine: ProcessEngine) -> Story:
    """The longest case that was played in one moment, with as many comments as make it `LENGTH` events long."""
    length = sa.select(history_event.c.instance_id, sa.func.count()).join(
        process_instance, process_instance.c.id == history_event.c.instance_id).group_by(history_event.c.instance_id).having(
        sa.func.min(history_event.c.at) == sa.func.max(history_event.c.at)).order_by(sa.func.count().desc()).limit(1)
    with engine.reading(SYSTEM) as uow:
        chain, here = uow.rows(length)[0]
        admin = identity.actor(uow, "admin")
    with engine.transaction(admin) as uow:
        for number in range(here, LENGTH):
            comments.add(uow, chain, f"{number}")
    with engine.reading(SYSTEM) as uow:
        rows = {table: [dict(row._mapping) for row in uow.rows(sa.select(table).where(
            (table.c.id if table is process_instance else table.c.instance_id) == chain))] for table in COPIED}
    return Story(chain, rows)


def _copy(engine: ProcessEngine, connection: sa.Connection, like: Story, chain: str, now: datetime) -> None:
    """The case once more under another id, as if it had happened now."""
    names = {like.id: chain, like.rows[comment][0]["id"][:TIME]: chain[-TIME:]}
    rows = {table: [{name: _as(value, names, now) for name, value in row.items()} for row in those]
            for table, those in like.rows.items()}
    salts = {row["seq"]: (row["salt"], row["body"]) for row in rows.pop(history_body)}
    events, prev = sorted(rows.pop(history_event), key=lambda row: row["seq"]), history.GENESIS
    for event in events:
        event["salt"], event["body"] = salts[event["seq"]]
        event |= {"prev": prev, "body_digest": history.body_digest(event["salt"], event["body"])}
        event["hash"] = prev = history.event_hash(event)
    rows[process_instance][0] |= {"head_hash": prev, "head_seq": LENGTH}
    for table, those in rows.items():
        if those:
            connection.execute(sa.insert(table), those)
    _insert(engine, connection, events)


def _as(value: Any, names: dict[str, str], now: datetime) -> Any:
    if isinstance(value, datetime):
        return now
    is_text, is_bytes = isinstance(value, str), isinstance(value, bytes | memoryview)
    value = bytes(value) if is_bytes else value
    for old, new in names.items():
        value = value.replace(old, new) if is_text else value.replace(old.encode(), new.encode()) if is_bytes else value
    return value


def _insert(engine: ProcessEngine, connection: sa.Connection, rows: list[dict[str, Any]]) -> None:
    """In bulk; PostgreSQL by COPY."""
    driver: Any = connection.connection.dbapi_connection
    for table, names in ((history_event, EVENT), (history_body, ("instance_id", "seq", "salt", "body"))):
        if engine.is_sqlite:
            marks = ", ".join("?" * len(names))
            driver.executemany(f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({marks})", [
                tuple(f"{row[n]:%Y-%m-%d %H:%M:%S.%f}" if n == "at" else row[n] for n in names) for row in rows])
        else:
            with driver.cursor().copy(f"COPY {table.name} ({', '.join(names)}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row([row[name] for name in names])


# ------------------------------------------------------------------ what is measured
def _alone(table: Table, engine: ProcessEngine, kind: str, url: str, events: int) -> None:
    keys, lines = tampering.outside(engine)
    begin, worked = time.perf_counter(), time.process_time()
    found = tampering.check(url, keys, lines)
    took, worked = time.perf_counter() - begin, time.process_time() - worked
    if found:
        raise AssertionError(found[:5])
    table.aim(f"stand-alone: {events:,} events", kind, took, 60, "s")
    table.add("the same, this program's processor time", kind, f"{worked:.3f} s")


def _by_command(table: Table, engine: ProcessEngine, kind: str, url: str, chain: str) -> None:
    """One case, by the function and as a program of its own."""
    keys, _ = tampering.outside(engine)
    one = wall(5, lambda: tampering.check(url, keys, [], chain))
    table.aim(f"stand-alone: one case of {LENGTH} events", kind, one, 200, "ms")
    address = url.removeprefix("sqlite:///")
    command = [sys.executable, str(ROOT / "engine" / "audit" / "standalone_verifier.py"), address, "--case", chain, "--key",
               f"{engine.settings.checkpoint_key}.pub"]
    took = wall(5, lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL))
    table.add("the same, with starting the program", kind, f"{took:.0f} ms")


def _ours(table: Table, engine: ProcessEngine, kind: str, chain: str) -> None:
    with engine.reading(SYSTEM) as uow:
        row = next(each for each in verification.cases(uow) if each.id == chain)
        table.aim(f"flask verify: one case of {LENGTH} events", kind,
                  wall(5, lambda: list(verification.verify_case(uow, row))), 200, "ms")
        begin, worked = time.perf_counter(), time.process_time()
        found = list(verification.verify(uow))
        took, worked = time.perf_counter() - begin, time.process_time() - worked
    if found:
        raise AssertionError(found[:5])
    table.aim("flask verify: all events, with states", kind, took, 60, "s")
    table.add("the same, this program's processor time", kind, f"{worked:.3f} s")


def _sizes(table: Table, engine: ProcessEngine, kind: str) -> None:
    """Bytes an event, by part."""
    if engine.is_sqlite:
        size = "SELECT name, sum(pgsize) FROM dbstat WHERE name LIKE '%history%' OR name LIKE '%checkpoint%' GROUP BY name"
    else:
        size = ("SELECT relname, pg_table_size(oid) FROM pg_class WHERE relkind = 'r' AND relname IN ('history_event', "
                "'history_body', 'checkpoint', 'checkpoint_leaf') UNION ALL SELECT relname, pg_relation_size(oid) FROM pg_class "
                "WHERE relkind = 'i' AND (relname LIKE '%history%' OR relname LIKE '%checkpoint%')")
    with engine.reading(SYSTEM) as uow:
        number = uow.scalar(sa.select(sa.func.count()).select_from(history_event))
        body = uow.scalar(sa.select(sa.func.avg(sa.func.length(history_body.c.body))))
        total = 0
        for name, taken in sorted(tuple(row) for row in uow.rows(sa.text(size))):
            total += int(taken)
            table.add(f"bytes an event: {name}", kind, f"{taken / number:.0f}")
        table.add("bytes an event: all", kind, f"{total / number:.0f}", f"of which {float(body):.0f} are the body's JSON")
    if engine.is_sqlite:
        path = Path(sa.make_url(str(engine.database.url)).database or "")
        table.add("the whole file", kind, f"{path.stat().st_size / 1e6:,.0f} MB")
