"""What administrators change: allowed only where it makes sense, and every change on a chain of its own."""

import pytest
import sqlalchemy as sa

from engine import history
from engine.audit import verification
from engine.tables import history_event, record_chain
from engine.unit_of_work import SYSTEM, ProcessEngine


def findings(engine: ProcessEngine) -> list[str]:
    with engine.reading(SYSTEM) as uow:
        return [found.kind for found in verification.verify(uow)]


def record(engine: ProcessEngine, *names: str) -> None:
    with engine.transaction(SYSTEM) as uow:
        for name in names:
            history.record_change(uow, "rename", subject="user:ann", before={"name": "ann"}, after={"name": name}, reason="wed")


def change_and_fail(engine: ProcessEngine) -> None:
    with engine.transaction(SYSTEM) as uow:
        history.record_change(uow, "rename", subject="user:ann", before=None, after=None)
        raise ZeroDivisionError


# ------------------------------------------------------------------ the chain
def test_changes_form_one_chain_across_transactions(engine: ProcessEngine) -> None:
    record(engine, "Anna", "Anne")
    record(engine, "Ann")
    with engine.reading(SYSTEM) as uow:
        seqs = [row.seq for row in uow.rows(sa.select(history_event).order_by(history_event.c.seq))]
        assert uow.scalar(sa.select(record_chain.c.head_seq)) == 3
    assert seqs == [1, 2, 3]
    assert findings(engine) == []


def test_change_that_fails_leaves_no_link(engine: ProcessEngine) -> None:
    record(engine, "Anna")
    with pytest.raises(ZeroDivisionError):
        change_and_fail(engine)
    record(engine, "Ann")
    assert findings(engine) == []


@pytest.mark.parametrize(("column", "value", "kind"), [("head_seq", 5, "head"), ("head_hash", "0" * 64, "head")])
def test_moved_head_is_found(engine: ProcessEngine, column: str, value: object, kind: str) -> None:
    record(engine, "Anna")
    with engine.transaction(SYSTEM) as uow:
        uow.execute(sa.update(record_chain).values({column: value}))
    assert findings(engine) == [kind]


def test_change_slipped_in_behind_the_head_is_found(engine: ProcessEngine) -> None:
    record(engine, "Anna")
    with engine.transaction(SYSTEM) as uow:
        history.record(uow, history.ORGANIZATION, history.Head(1, history.GENESIS), command="rename", element="user:ann",
                       bundle_id="", body={})
    assert findings(engine) == ["chain"]


def test_changes_without_their_head_are_found(engine: ProcessEngine) -> None:
    record(engine, "Anna")
    with engine.transaction(SYSTEM) as uow:
        uow.execute(sa.delete(record_chain))
    assert findings(engine) == ["no_instance"]
