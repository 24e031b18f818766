"""Events whose body is gone, and what moved in them as far as the projection of activities still tells."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from engine import canonical
from engine.audit.standing import Move
from engine.tables import activity_instance, history_body, history_event, tombstone
from engine.unit_of_work import UnitOfWork

Lost = dict[int, "Gone"]
"""Sequence number → what is known of the event."""


@dataclass(frozen=True, slots=True)
class Gone:
    """`is_destroyed`: by a decision that left a tombstone; else the body is missing."""

    is_destroyed: bool
    moves: tuple[Move, ...]


def find(uow: UnitOfWork, case_id: str) -> Lost:
    """Every event of a case without its body."""
    same = _same(history_body)
    query = sa.select(history_event.c.seq, history_event.c.at, tombstone.c.at.label("destroyed_at")).outerjoin(
        history_body, same).outerjoin(tombstone, _same(tombstone))
    rows = uow.rows(query.where(history_event.c.instance_id == case_id, history_body.c.seq.is_(None)).order_by(
        history_event.c.seq))
    moved = _moves(uow, case_id, rows) if rows else {}
    return {row.seq: Gone(row.destroyed_at is not None, tuple(moved.get(row.seq, ()))) for row in rows}


def _same(table: sa.Table) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.instance_id == history_event.c.instance_id, table.c.seq == history_event.c.seq)


def _moves(uow: UnitOfWork, case_id: str, rows: Iterable[sa.Row[Any]]) -> dict[int, list[Move]]:
    """What no body tells, given to the lost event of the same moment, the first one where there are several."""
    at: dict[Any, int] = {}
    for row in rows:
        at.setdefault(row.at, row.seq)
    entered, ended = _told(uow, case_id)
    found: dict[int, list[Move]] = {}
    query = sa.select(activity_instance).where(activity_instance.c.instance_id == case_id)
    for row in uow.rows(query.order_by(activity_instance.c.token)):
        here = (row.process_key, row.element, row.scope, row.token, row.type)
        if row.token not in entered and row.started_at in at:
            found.setdefault(at[row.started_at], []).append(Move("entered", *here))
        if row.token not in ended and row.ended_at in at:
            flows = tuple(canonical.loads(row.flows)) if row.flows else ()
            found.setdefault(at[row.ended_at], []).append(Move("left" if row.end_state == "left" else "cancelled", *here, flows))
    return found


def _told(uow: UnitOfWork, case_id: str) -> tuple[set[int], set[int]]:
    """The tokens whose coming, and those whose end, some body tells."""
    entered, ended = set(), set()
    for row in uow.rows(sa.select(history_body.c.body).where(history_body.c.instance_id == case_id)):
        for one in canonical.loads(bytes(row.body))["trace"]:
            if one["kind"] == "entered":
                entered.add(one["token"])
            elif one["kind"] != "incident":
                ended.add(one["token"])
    return entered, ended
