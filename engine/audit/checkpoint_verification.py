"""Our own look at the checkpoints: each to its hash, signature, root and predecessor, each leaf to its event, the file outside.

The stand-alone verifier does the same without our code; this one goes with `flask verify` and the page.
"""

from collections.abc import Iterator

import sqlalchemy as sa

from engine import canonical, history
from engine.audit import checkpoints, signing, witness
from engine.audit.checkpoints import Checkpoint
from engine.audit.verification import Finding
from engine.tables import access_log, checkpoint_leaf, history_event
from engine.unit_of_work import UnitOfWork

CHAIN = "checkpoints"
STEP = 500


def verify(uow: UnitOfWork) -> Iterator[Finding]:
    """Every disagreement of the checkpoints; nothing where there are none."""
    public = signing.known_public(uow.engine.settings.checkpoint_key)
    before: Checkpoint | None = None
    while found := checkpoints.since(uow, before.seq if before else 0, STEP):
        for each in found:
            problem = _problem(uow, each, before, public)
            if problem:
                yield Finding("checkpoint", CHAIN, each.seq, problem)
            before = each
    yield from _leaves(uow, None)
    yield from _looks(uow)
    for gap in witness.gaps(uow):
        yield Finding("rolled_back", CHAIN, gap.seq, "the file outside knows a checkpoint that the database lacks")


def _looks(uow: UnitOfWork) -> Iterator[Finding]:
    """The first digest over the log of who looked that its rows do not give, with the first row that may be other."""
    leaves = uow.rows(sa.select(checkpoint_leaf).where(checkpoint_leaf.c.chain_id == checkpoints.ACCESS).order_by(
        checkpoint_leaf.c.checkpoint_seq))
    number, digest, last = 0, history.GENESIS, ""
    for place, leaf in enumerate(leaves):
        following = sa.select(access_log).where(access_log.c.id > last).order_by(access_log.c.id)
        for row in uow.rows(following.limit(leaf.head_seq - number)):
            number, digest, last = number + 1, checkpoints.access_hash(digest, row._asdict()), row.id
        if (number, digest) != (leaf.head_seq, leaf.head_hash):
            first = leaves[place - 1].head_seq + 1 if place else 1
            yield Finding("access", checkpoints.ACCESS, first, f"checkpoint {leaf.checkpoint_seq} signed other rows here")
            return


def verify_case(uow: UnitOfWork, case_id: str) -> Iterator[Finding]:
    """The leaves of one case against its events."""
    yield from _leaves(uow, case_id)


def _problem(uow: UnitOfWork, each: Checkpoint, before: Checkpoint | None, public: signing.Public | None) -> str | None:
    signed = checkpoints.message(each.statement)
    if canonical.digest(signed) != each.hash:
        return "its statement does not give its hash"
    told = each.told
    if (told["seq"], told["at"], told["key"]) != (each.seq, history.iso(each.at), each.key_id):
        return "its statement is not that of its row"
    if told["prev"] != (before.hash if before else history.GENESIS):
        return "it does not name the one before"
    if public is not None and public.id == each.key_id and not public.has_signed(each.signature, signed):
        return "its signature is not valid"
    leaves = checkpoints.leaves_of(uow, each.seq)
    if (told["leaves"], told["root"]) != (len(leaves), checkpoints.root_of(leaves)):
        return "its leaves do not give its root"
    return None


def _leaves(uow: UnitOfWork, case_id: str | None) -> Iterator[Finding]:
    """The first leaf of each chain that its events do not bear out."""
    same = sa.and_(history_event.c.instance_id == checkpoint_leaf.c.chain_id, history_event.c.seq == checkpoint_leaf.c.head_seq,
                   history_event.c.hash == checkpoint_leaf.c.head_hash)
    query = sa.select(checkpoint_leaf.c.chain_id, sa.func.min(checkpoint_leaf.c.head_seq).label("seq")).outerjoin(
        history_event, same).where(history_event.c.hash.is_(None), checkpoint_leaf.c.chain_id != checkpoints.ACCESS)
    if case_id is not None:
        query = query.where(checkpoint_leaf.c.chain_id == case_id)
    for row in uow.rows(query.group_by(checkpoint_leaf.c.chain_id).order_by(checkpoint_leaf.c.chain_id)):
        yield Finding("signed_otherwise", row.chain_id, row.seq, "a checkpoint signed another event here, or one that is gone")
