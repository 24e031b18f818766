"""Whether the film of a case shows the path that ran, and the tokens that the engine reaches again; tampering."""

from typing import Any

import sqlalchemy as sa

from engine import canonical
from engine.audit import film, recomputation
from engine.tables import activity_instance, destruction, history_body, history_event, tombstone
from engine.unit_of_work import SYSTEM, ProcessEngine, UnitOfWork

Path = list[tuple[int, str, str, tuple[str, ...]]]
"""(token, process, element, flows taken) in the order in which they were entered"""
MOST = 1_000_000


def filmed(uow: UnitOfWork, case_id: str) -> Path:
    """The path that the frames show."""
    moves = [move for frame in film.frames(uow, case_id, 0, MOST) for move in frame.moves]
    flows = {move.token: move.flows for move in moves if move.kind == "left"}
    return [(move.token, move.process, move.element, flows.get(move.token, ())) for move in moves if move.kind == "entered"]


def ran(uow: UnitOfWork, case_id: str) -> Path:
    """The path that the engine wrote down while the case ran."""
    rows = uow.rows(sa.select(activity_instance).where(activity_instance.c.instance_id == case_id).order_by(
        activity_instance.c.seq))
    return [(row.token, row.process_key, row.element, tuple(canonical.loads(row.flows or "[]"))) for row in rows]


def unlike_states(uow: UnitOfWork, case_id: str) -> list[Any]:
    """The events after which the film has other tokens or variables than the engine reaches again."""
    found = []
    for moment in recomputation.recompute(uow, case_id):
        now = film.reel(uow, case_id, moment.seq, 1).before
        tokens = {row["id"]: row["at"] for row in moment.state["tokens"] if row["is"] != "process"}
        known = {(scope, name): value for scope in {each[0] for each in moment.variables.digests()}
                 for name, value in moment.variables.local(scope).items()}
        if {token: stand.element for token, stand in now.tokens.items()} != tokens or now.variables != known:
            found.append((moment.seq, moment.command))
    return found


def destroy(engine: ProcessEngine, case_id: str, seq: int) -> None:
    """Destroy the body of an event, by a decision that leaves its tombstone."""
    with engine.transaction(SYSTEM) as uow:
        digest = uow.scalar(sa.select(history_event.c.body_digest).where(
            history_event.c.instance_id == case_id, history_event.c.seq == seq))
        uow.execute(sa.insert(destruction).values(id=f"{case_id}/{seq}", kind="erasure", subject=case_id, reason="asked for",
                                                  status="destroyed", proposed_by="root", proposed_at=uow.now))
        uow.execute(sa.insert(tombstone).values(
            instance_id=case_id, seq=seq, body_digest=digest, destruction_id=f"{case_id}/{seq}", at=uow.now))
        uow.execute(sa.delete(history_body).where(history_body.c.instance_id == case_id, history_body.c.seq == seq))


def rewrite(engine: ProcessEngine, case_id: str, seq: int, **entries: Any) -> None:
    """Give the recorded body of an event other entries, as who owns the database can."""
    here = (history_body.c.instance_id == case_id, history_body.c.seq == seq)
    with engine.reading(SYSTEM) as uow:
        body = canonical.loads(bytes(uow.scalar(sa.select(history_body.c.body).where(*here))))
    text = canonical.dumps(body | entries).encode()
    without_triggers(engine, "history_body", sa.update(history_body).where(*here).values(body=text))


def without_triggers(engine: ProcessEngine, table: str, statement: Any) -> None:
    """Change what the database refuses to change, as who owns it can."""
    with engine.transaction(SYSTEM) as uow:
        if engine.is_sqlite:
            named = f"SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = '{table}'"
            for row in uow.connection.exec_driver_sql(named).all():
                uow.connection.exec_driver_sql(f"DROP TRIGGER {row.name}")
        else:
            uow.connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        uow.execute(statement)
