"""Whether what is gone went by decision: of two different people, named by an event `destroy` of the chain `organization`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from engine import canonical, erasing, history
from engine.destruction import KIND
from engine.tables import destruction, destruction_item, history_body, history_event
from engine.unit_of_work import UnitOfWork

THREE = 3
"""The proposer and the two who decide are different people."""


def undecided(uow: UnitOfWork, chain: str, buried: Mapping[str, Sequence[tuple[int, str]]]) -> tuple[int, str] | None:
    """The first tombstone of a chain without its decision: its number, and what is wrong.

    `buried`: destruction id → `(seq, body_digest)` of the tombstones that name it.
    """
    for destruction_id, bodies in buried.items():
        problem = _of_decision(uow, destruction_id) or _of_event(uow, chain, destruction_id, bodies)
        if problem:
            return bodies[0][0], problem
    return None


def unrecorded(uow: UnitOfWork) -> Iterator[str]:
    """Every record that is said to be destroyed, but not by the record of changes with the same digest."""
    told = {(event["destruction"], event["kind"], event["ref"]): event["digest"] for event in _events(uow)}
    for row in uow.rows(sa.select(destruction_item).where(destruction_item.c.destroyed_at.is_not(None))):
        if told.get((row.destruction_id, row.kind, row.ref)) != row.digest:
            yield f"the record of changes does not say that {row.kind} {row.ref} was destroyed by {row.destruction_id}"


def _of_decision(uow: UnitOfWork, destruction_id: str) -> str | None:
    row = uow.row(sa.select(destruction).where(destruction.c.id == destruction_id))
    if row is None or row.status not in ("decided", "destroyed"):
        return "its tombstone names no decision"
    if not row.first_by or not row.second_by or len({row.first_by, row.second_by, row.proposed_by}) != THREE:
        return "its tombstone names a decision that two people did not make"
    return None


def _of_event(uow: UnitOfWork, chain: str, destruction_id: str, bodies: Sequence[tuple[int, str]]) -> str | None:
    row = uow.row(sa.select(destruction).where(destruction.c.id == destruction_id))
    deciders = [row.first_by, row.second_by] if row is not None else []
    wanted = (len(bodies), erasing.bodies_digest(list(bodies)), deciders)
    found = [(event["bodies"], event["bodies_digest"], event["deciders"]) for event in _events(uow, destruction_id)
             if event["case"] == chain and "bodies" in event]
    return None if wanted in found else "the record of changes does not say that its body was destroyed"


def _events(uow: UnitOfWork, destruction_id: str | None = None) -> list[dict[str, Any]]:
    """What the events `destroy` say, of one destruction or all."""
    same = sa.and_(history_body.c.instance_id == history_event.c.instance_id, history_body.c.seq == history_event.c.seq)
    query = sa.select(history_event.c.element, history_body.c.body).join(history_body, same).where(
        history_event.c.instance_id == history.ORGANIZATION, history_event.c.command == KIND)
    if destruction_id is not None:
        query = query.where(history_event.c.element == f"destruction:{destruction_id}")
    return [{**canonical.loads(bytes(row.body))["after"], "destruction": row.element.partition(":")[2]}
            for row in uow.rows(query.order_by(history_event.c.seq))]
