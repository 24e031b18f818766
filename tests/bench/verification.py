"""A million events verified, one case of a hundred events verified, and what an event takes on the disk."""

import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from engine import canonical, history
from engine.audit import checkpoints, signing, verification, witness
from engine.settings import ROOT
from engine.tables import history_body, history_event, process_instance
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests import tampering
from tests.bench.measuring import Table, wall
from tests.conftest import Clock, Databases, open_engine, prepare_company

LENGTH = 100
AT_ONCE = 10  # cases between two checkpoints
EVENT = ("instance_id", "seq", "at", "actor", "on_behalf_of", "command", "element", "bundle_id", "body_digest", "prev", "hash")


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
    """Cases of `LENGTH` events with the bodies of real ones and true hashes, and a checkpoint a minute; gives one's id."""
    with engine.reading(SYSTEM) as uow:
        like = dict(uow.rows(sa.select(process_instance).order_by(process_instance.c.id))[0]._mapping)
        bodies = [bytes(row.body) for row in uow.rows(sa.select(history_body.c.body).join(process_instance, sa.and_(
            process_instance.c.id == history_body.c.instance_id)).order_by(history_body.c.instance_id, history_body.c.seq))]
    last = canonical.dumps({"digest": canonical.digest(canonical.dumps(
        {"tokens": canonical.loads(like["tokens"]), "variables": []}))}).encode()
    key, cases = signing.load(engine.settings.checkpoint_key), iter(range(events // LENGTH))
    while batch := [f"{0x19cac1bf8000 + number:024x}" for _, number in zip(range(AT_ONCE), cases, strict=False)]:
        clock.move(minutes=1)
        told = [[bodies[(number * 7 + seq) % len(bodies)] for seq in range(1, LENGTH)] + [last] for number in range(len(batch))]
        rows = [row for chain, those in zip(batch, told, strict=True) for row in _chain(chain, clock, like, those)]
        heads = [{**like, "id": chain, "head_seq": LENGTH, "head_hash": rows[(i + 1) * LENGTH - 1]["hash"]}
                 for i, chain in enumerate(batch)]
        with engine.transaction(SYSTEM) as uow:
            uow.execute(sa.insert(process_instance), heads)
            _insert(engine, uow.connection, rows)
            checkpoints.make(uow, key)
    return f"{0x19cac1bf8000 + 1:024x}"


def _chain(chain: str, clock: Clock, like: dict[str, Any], bodies: list[bytes]) -> Iterator[dict[str, Any]]:
    """Events with these bodies."""
    prev = history.GENESIS
    for seq, body in enumerate(bodies, 1):
        salt = (f"{chain}{seq}".encode() * 2)[:16]
        event = {"instance_id": chain, "seq": seq, "at": clock.now + timedelta(milliseconds=seq), "actor": "engineer.changsha",
                 "on_behalf_of": None, "command": "complete", "element": "visit_customer", "bundle_id": like["bundle_id"],
                 "prev": prev, "body_digest": history.body_digest(salt, body)}
        event["hash"] = prev = history.event_hash(event)
        yield {**event, "salt": salt, "body": body}


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
