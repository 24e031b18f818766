"""Ten kinds of tampering, as the database's owner can do them by SQL: triggers off, rows changed, triggers on again."""

import random
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from engine import chores, history
from engine.audit import access_log, standalone_verifier, witness
from engine.tables import checkpoint, checkpoint_leaf, history_body, history_event, process_instance, record_chain, resource
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.conftest import Clock

TICK = {witness.CHORE: chores.CHORES[witness.CHORE]}
APPEND_ONLY = ("history_event", "history_body", "checkpoint", "checkpoint_leaf", "access_log")


@dataclass(frozen=True)
class Forgery:
    """What was done: the chain, and the first row that is not as it was (None: no row of a chain)."""

    chain: str
    seq: int | None


def keep_record(engine: ProcessEngine, clock: Clock, *, stories: int = 8) -> None:
    """Cases of the company with a checkpoint every two minutes, looks at them, and half an hour of quiet at the end."""
    from web.demo import quick

    for _, line in zip(range(stories), quick.open_all(engine), strict=False):
        access_log.note(engine, SYSTEM, "look", line.split("\t")[0])
        clock.move(minutes=2)
        chores.run_due(engine, TICK)
    for minutes in (30, 1):
        clock.move(minutes=minutes)
        with engine.transaction(SYSTEM) as uow:
            history.record_change(uow, "change_user", subject="user:clerk", before=None, after=None)
        chores.run_due(engine, TICK)


def outside(engine: ProcessEngine) -> tuple[standalone_verifier.Keys, list[bytes]]:
    """What an auditor keeps: the public key and the lines of the file."""
    keys = standalone_verifier.read_keys(Path(f"{engine.settings.checkpoint_key}.pub").read_text("ascii"))
    return keys, Path(engine.settings.checkpoint_file).read_bytes().splitlines()


def check(url: str, keys: standalone_verifier.Keys, lines: list[bytes],
          case: str | None = None) -> list[standalone_verifier.Finding]:
    """What the stand-alone verifier finds."""
    address = sa.make_url(url)
    source: Any = (standalone_verifier.Sqlite(address.database or "", case) if address.get_backend_name() == "sqlite"
                   else standalone_verifier.Postgresql(url, case))
    try:
        return list(standalone_verifier.verify(source, keys, lines))
    finally:
        source.close()


class Forger:
    """The owner of the tables, with a dice."""

    def __init__(self, connection: sa.Connection, dice: random.Random) -> None:
        self.connection, self.dice = connection, dice

    # -------------------------------------------------------------- what is there
    def cases(self) -> list[str]:
        return sorted(self.connection.scalars(sa.select(process_instance.c.id).where(process_instance.c.head_seq > 2)))

    def events(self, chain: str) -> list[dict[str, Any]]:
        """The events of a chain with their bodies, to be changed and put back."""
        query = sa.select(history_event, history_body.c.salt, history_body.c.body).join(history_body, sa.and_(
            history_body.c.instance_id == history_event.c.instance_id, history_body.c.seq == history_event.c.seq))
        rows = self.connection.execute(query.where(history_event.c.instance_id == chain).order_by(history_event.c.seq))
        return [{**row, "salt": bytes(row["salt"]), "body": bytes(row["body"])} for row in rows.mappings()]

    def put(self, chain: str, events: list[dict[str, Any]], *, rehash: bool, number: bool = True) -> None:
        """Replace a chain; `rehash` makes it consistent to its head."""
        prev = history.GENESIS
        for seq, event in enumerate(events, 1):
            if number:
                event["seq"] = seq
            if rehash:
                event["prev"], event["body_digest"] = prev, history.body_digest(event["salt"], event["body"])
                event["hash"] = prev = history.event_hash(event)
        for table in (history_event, history_body):
            self.connection.execute(sa.delete(table).where(table.c.instance_id == chain))
            rows = [{column.name: event[column.name] for column in table.c} for event in events]
            if rows:
                self.connection.execute(sa.insert(table), rows)
        if rehash and events:
            self.head(chain, len(events), prev)

    def head(self, chain: str, seq: int, digest: str) -> None:
        for table in (process_instance, record_chain):
            self.connection.execute(sa.update(table).where(table.c.id == chain).values(head_seq=seq, head_hash=digest))

    def place(self, least: int = 0) -> tuple[str, list[dict[str, Any]], int]:
        """A random event (its index at least `least`) of a random case, or of the organization."""
        chain = self.dice.choice([*self.cases(), history.ORGANIZATION])
        events = self.events(chain)
        return chain, events, self.dice.randrange(least, len(events))

    def alter(self, event: dict[str, Any]) -> None:
        """Change something of an event."""
        what = self.dice.choice(("actor", "command", "element", "at", "body"))
        if what == "at":
            event["at"] += timedelta(seconds=self.dice.choice((-60, 1)))
        elif what == "body":
            body = bytearray(event["body"])
            body[self.dice.randrange(len(body))] ^= 1
            event["body"] = bytes(body)
        else:
            event[what] = f"{event[what]}x"

    # -------------------------------------------------------------- ten kinds
    def edit(self) -> Forgery:
        chain, events, at = self.place()
        self.alter(events[at])
        self.put(chain, events, rehash=False)
        return Forgery(chain, at + 1)

    def edit_and_rehash(self) -> Forgery:
        chain, events, at = self.place()
        self.alter(events[at])
        self.put(chain, events, rehash=True)
        return Forgery(chain, at + 1)

    def delete(self) -> Forgery:
        chain, events, at = self.place()
        del events[at]
        self.put(chain, events, rehash=False, number=False)
        return Forgery(chain, at + 1)

    def delete_and_rehash(self) -> Forgery:
        chain, events, at = self.place()
        del events[at]
        self.put(chain, events, rehash=True)
        return Forgery(chain, at + 1)

    def truncate(self) -> Forgery:
        """The end of a case goes; sometimes all of it."""
        chain = self.dice.choice(self.cases())
        events = self.events(chain)
        kept = self.dice.randrange(len(events))
        self.put(chain, events[:kept], rehash=True)
        if not kept:
            self.connection.execute(sa.delete(process_instance).where(process_instance.c.id == chain))
        return Forgery(chain, kept + 1)

    def swap(self) -> Forgery:
        """Two events change places; sometimes the chain is made to fit."""
        chain, events, at = self.place(1)
        first = self.dice.randrange(at)
        one, other = events[first], events[at]
        for name in ("actor", "on_behalf_of", "command", "element", "bundle_id", "body_digest", "salt", "body"):
            one[name], other[name] = other[name], one[name]
        self.put(chain, events, rehash=self.dice.random() < 0.5)
        return Forgery(chain, first + 1)

    def insert(self) -> Forgery:
        """An event that never was, anywhere, also at the end; dated in the past, and the chain made to fit."""
        chain, events, at = self.place()
        at = self.dice.randrange(at, len(events) + 1)
        last = self.connection.scalar(sa.select(sa.func.max(checkpoint.c.at)))
        old = [each for each in events if each["at"] < last - timedelta(minutes=15)]
        like = events[at - 1] if at < len(events) else self.dice.choice(old)  # one dated now would be an event like any other
        events.insert(at, {**like, "salt": secrets.token_bytes(16)})
        self.put(chain, events, rehash=True)
        return Forgery(chain, at + 1)

    def clone(self) -> Forgery:
        """A case that never was, made from one that was."""
        source = self.dice.choice(self.cases())
        chain = f"{source[:12]}{self.dice.randrange(16**12):012x}"
        row = dict(self.connection.execute(sa.select(process_instance).where(process_instance.c.id == source)).mappings().one())
        self.connection.execute(sa.insert(process_instance).values({**row, "id": chain}))
        self.put(chain, [{**event, "instance_id": chain} for event in self.events(source)], rehash=True)
        return Forgery(chain, 1)

    def roll_back(self) -> Forgery:
        """An older copy of the whole database, as of one of its checkpoints."""
        moments = list(self.connection.execute(sa.select(checkpoint.c.seq, checkpoint.c.at).order_by(checkpoint.c.seq)))
        seq, at = self.dice.choice(moments[:-1])
        self.connection.execute(sa.delete(checkpoint_leaf).where(checkpoint_leaf.c.checkpoint_seq > seq))
        self.connection.execute(sa.delete(checkpoint).where(checkpoint.c.seq > seq))
        for chain in [*self.connection.scalars(sa.select(history_event.c.instance_id).distinct())]:
            kept = [event for event in self.events(chain) if event["at"] <= at]
            self.put(chain, kept, rehash=True)
            if not kept:
                self.connection.execute(sa.delete(process_instance).where(process_instance.c.id == chain))
        return Forgery("checkpoints", seq + 1)

    def change_diagram(self) -> Forgery:
        """One bit of a stored diagram, form or decision."""
        row = self.dice.choice(list(self.connection.execute(sa.select(resource).order_by(resource.c.sha256))))
        data = bytearray(bytes(row.bytes))
        data[self.dice.randrange(len(data))] ^= 1 << self.dice.randrange(8)
        self.connection.execute(sa.update(resource).where(resource.c.sha256 == row.sha256).values(bytes=bytes(data)))
        return Forgery("", None)


KINDS: dict[str, Callable[[Forger], Forgery]] = {
    "edit": Forger.edit, "edit and re-hash": Forger.edit_and_rehash, "delete": Forger.delete,
    "delete and re-hash": Forger.delete_and_rehash, "truncate": Forger.truncate, "swap": Forger.swap, "insert": Forger.insert,
    "cloned case": Forger.clone, "rolled-back database": Forger.roll_back, "changed diagram": Forger.change_diagram,
}


def tamper(url: str, kind: str, dice: random.Random) -> Forgery:
    """Do one kind of tampering at a random place, with the triggers off meanwhile."""
    with as_owner(url) as connection:
        return KINDS[kind](Forger(connection, dice))


@contextmanager
def as_owner(url: str) -> Iterator[sa.Connection]:
    """A connection on which neither triggers nor foreign keys hold; afterwards all are as they were."""
    database = sa.create_engine(sa.make_url(url), poolclass=sa.NullPool)
    with database.begin() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA synchronous = OFF")  # a forger's haste: nothing here must outlive the machine
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
            yield connection
        else:
            triggers = connection.execute(sa.text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")).all()
            for trigger in triggers:
                connection.execute(sa.text(f'DROP TRIGGER "{trigger.name}"'))
            yield connection
            for trigger in triggers:
                connection.exec_driver_sql(trigger.sql)
    database.dispose()


def is_reported(found: list[standalone_verifier.Finding], forgery: Forgery, kind: str) -> bool:
    """Whether the finding names the chain and a first bad row that is none after the first one changed."""
    if kind == "changed diagram":
        return any(each.kind == "resource" for each in found)
    return any(each.chain == forgery.chain and not each.acknowledged and each.seq is not None and each.seq <= (forgery.seq or 0)
               for each in found)
