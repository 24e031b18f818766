"""Checkpoints: a signed statement over the heads of all chains that changed, each naming the one before (docs/history.md).

A chain that comes late is taken up while it is younger than `GRACE` before the last checkpoint; what is older is never taken
up silently, as it may have been written back in time: the verifier reports it until somebody acknowledges it.
"""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from engine import canonical, history, ids
from engine.audit import merkle
from engine.audit.signing import Key
from engine.tables import access_log, checkpoint, checkpoint_leaf, history_event, process_instance, record_chain
from engine.unit_of_work import UnitOfWork

DOMAIN = "fuwuflow/checkpoint/1"
ACCESS_DOMAIN = "fuwuflow/access/1"
ACCESS = "access"
"""The chain of the access log: its head is a digest that runs over the rows in the order of their ids."""
GRACE = timedelta(minutes=10)
SETTLED = timedelta(minutes=5)  # by then whoever was writing a look has committed: rows are covered in the order of their ids
HEARTBEAT = timedelta(days=1)
CHECKPOINT_LOCK = 14_012_004  # any number: two workers at once make one checkpoint after the other


@dataclass(frozen=True, slots=True)
class Leaf:
    """The head of a chain."""

    chain_id: str
    head_seq: int
    head_hash: str

    @property
    def data(self) -> bytes:
        """What the tree hashes."""
        return canonical.dumps([self.chain_id, self.head_seq, self.head_hash]).encode()


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A row of `checkpoint`."""

    seq: int
    at: datetime
    statement: str
    hash: str
    signature: str
    key_id: str

    @property
    def told(self) -> Mapping[str, Any]:
        """What it states: at, key, leaves, log, prev, root, seq, and `acknowledged` where somebody answers for a gap."""
        found: Mapping[str, Any] = canonical.loads(self.statement)
        return found

    @property
    def line(self) -> str:
        """Its line in the file outside."""
        return canonical.dumps({"hash": self.hash, "key": self.key_id, "signature": self.signature, "statement": self.statement})


def make(uow: UnitOfWork, key: Key, *, acknowledged: Mapping[str, Any] | None = None) -> Checkpoint | None:
    """Sign what changed since the last checkpoint; None if nothing did and the last one is younger than a day.

    `acknowledged` (`{"reason", "gaps": [{"log", "seq", "hash"}]}`) takes up everything, however late it came.
    """
    if not uow.engine.is_sqlite:  # which has one writer anyway
        uow.execute(sa.select(sa.func.pg_advisory_xact_lock(CHECKPOINT_LOCK)))
    last = newest(uow)
    if last is not None and uow.now < last.at:
        return None
    leaves = sorted(_heads(uow, None if acknowledged else last) + _access(uow, last), key=lambda leaf: leaf.chain_id)
    is_due = last is not None and uow.now - last.at >= HEARTBEAT
    if not leaves and not is_due and not acknowledged:
        return None
    return _keep(uow, _signed(uow, key, last, leaves, acknowledged), leaves)


def newest(uow: UnitOfWork) -> Checkpoint | None:
    """The last checkpoint, or None."""
    row = uow.row(sa.select(checkpoint).order_by(checkpoint.c.seq.desc()).limit(1))
    return Checkpoint(**row._asdict()) if row is not None else None


def page(uow: UnitOfWork, *, before: int | None = None, limit: int = 50) -> tuple[list[Checkpoint], int | None]:
    """Checkpoints, newest first, older than `before`; and the number to go on before (None: the end)."""
    query = sa.select(checkpoint).order_by(checkpoint.c.seq.desc()).limit(limit + 1)
    rows = uow.rows(query if before is None else query.where(checkpoint.c.seq < before))
    found = [Checkpoint(**row._asdict()) for row in rows]
    return found[:limit], found[limit - 1].seq if len(found) > limit else None


def waits(uow: UnitOfWork, last: Checkpoint, longer: timedelta) -> bool:
    """Whether an event that is no later than `longer` ago has come after the last checkpoint."""
    late = sa.select(history_event.c.seq).where(history_event.c.at > last.at, history_event.c.at < uow.now - longer).limit(1)
    return uow.row(late) is not None


def since(uow: UnitOfWork, seq: int, limit: int = 10_000) -> list[Checkpoint]:
    """The checkpoints after number `seq`, oldest first."""
    rows = uow.rows(sa.select(checkpoint).where(checkpoint.c.seq > seq).order_by(checkpoint.c.seq).limit(limit))
    return [Checkpoint(**row._asdict()) for row in rows]


def leaves_of(uow: UnitOfWork, seq: int) -> list[Leaf]:
    """The leaves of a checkpoint, in the order of its tree."""
    query = sa.select(checkpoint_leaf).where(checkpoint_leaf.c.checkpoint_seq == seq)
    rows = uow.rows(query.order_by(checkpoint_leaf.c.position))
    return [Leaf(row.chain_id, row.head_seq, row.head_hash) for row in rows]


def root_of(leaves: Sequence[Leaf]) -> str:
    """The root of the tree over `leaves`, in hexadecimal."""
    return merkle.root([merkle.leaf_hash(leaf.data) for leaf in leaves]).hex()


def message(statement: str) -> bytes:
    """What is hashed and signed of a statement."""
    return f"{DOMAIN}\n{statement}".encode()


def _heads(uow: UnitOfWork, last: Checkpoint | None) -> list[Leaf]:
    """The heads that no leaf has; after a checkpoint those of chains with an event since then or shortly before."""
    found = []
    for table in (process_instance, record_chain):
        known = sa.select(checkpoint_leaf.c.head_seq).where(checkpoint_leaf.c.chain_id == table.c.id).order_by(
            checkpoint_leaf.c.checkpoint_seq.desc()).limit(1).scalar_subquery()
        query = sa.select(table.c.id, table.c.head_seq, table.c.head_hash).where(
            table.c.head_seq > sa.func.coalesce(known, 0))
        if last is not None:
            recent = sa.select(history_event.c.instance_id).where(history_event.c.at >= last.at - GRACE)
            query = query.where(table.c.id.in_(recent))
        found += [Leaf(row.id, row.head_seq, row.head_hash) for row in uow.rows(query)]
    return found


def _access(uow: UnitOfWork, last: Checkpoint | None) -> list[Leaf]:
    """The digest that runs over the access log, taken further over the rows that have settled since; none, no leaf."""
    query = sa.select(access_log).where(access_log.c.id < ids.first(uow.now - SETTLED)).order_by(access_log.c.id)
    if last is not None:
        query = query.where(access_log.c.id >= ids.first(last.at - SETTLED))
    rows = uow.rows(query)
    known = uow.row(sa.select(checkpoint_leaf).where(checkpoint_leaf.c.chain_id == ACCESS).order_by(
        checkpoint_leaf.c.checkpoint_seq.desc()).limit(1))
    number, digest = (known.head_seq, known.head_hash) if known is not None else (0, history.GENESIS)
    for row in rows:
        number, digest = number + 1, access_hash(digest, row._asdict())
    return [Leaf(ACCESS, number, digest)] if rows else []


def access_hash(before: str, row: Mapping[str, Any]) -> str:
    """The running digest after one more row of the access log."""
    return canonical.digest(canonical.dumps([ACCESS_DOMAIN, before, {**row, "at": history.iso(row["at"])}]))


def _signed(uow: UnitOfWork, key: Key, last: Checkpoint | None, leaves: Sequence[Leaf],
            acknowledged: Mapping[str, Any] | None) -> Checkpoint:
    log = last.told["log"] if last is not None else secrets.token_hex(8)
    gaps = [gap["seq"] for gap in (acknowledged or {}).get("gaps", ()) if gap["log"] == log]
    seq = 1 + max([last.seq if last is not None else 0, *gaps])
    statement = canonical.dumps({
        "seq": seq, "at": history.iso(uow.now), "log": log, "prev": last.hash if last is not None else history.GENESIS,
        "root": root_of(leaves), "leaves": len(leaves), "key": key.id,
        **({"acknowledged": dict(acknowledged)} if acknowledged else {})})
    signed = message(statement)
    return Checkpoint(seq, uow.now, statement, canonical.digest(signed), key.sign(signed), key.id)


def _keep(uow: UnitOfWork, made: Checkpoint, leaves: Sequence[Leaf]) -> Checkpoint:
    uow.execute(sa.insert(checkpoint).values(
        seq=made.seq, at=made.at, statement=made.statement, hash=made.hash, signature=made.signature, key_id=made.key_id))
    rows = list(_rows(made.seq, leaves))
    if rows:
        uow.execute(sa.insert(checkpoint_leaf), rows)
    return made


def _rows(seq: int, leaves: Sequence[Leaf]) -> Iterator[dict[str, Any]]:
    for position, leaf in enumerate(leaves):
        yield {"checkpoint_seq": seq, "position": position, "chain_id": leaf.chain_id, "head_seq": leaf.head_seq,
               "head_hash": leaf.head_hash}
