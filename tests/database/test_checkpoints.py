"""Checkpoints: what changed is signed each minute, what nobody signed is not taken up silently, and it leaves the database."""

import json
import logging
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine import canonical, chores, history
from engine.audit import access_log, checkpoints, signing, witness
from engine.audit.checkpoints import Checkpoint
from engine.tables import checkpoint as checkpoint_table
from engine.tables import mail
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.conftest import Clock, open_engine

TICK = {witness.CHORE: chores.CHORES[witness.CHORE]}


def change(engine: ProcessEngine, subject: str = "user:ann") -> None:
    with engine.transaction(SYSTEM) as uow:
        history.record_change(uow, "change_user", subject=subject, before=None, after=None)


def made(engine: ProcessEngine) -> list[Checkpoint]:
    with engine.reading(SYSTEM) as uow:
        return checkpoints.since(uow, 0)


def leaves(engine: ProcessEngine, seq: int) -> list[tuple[str, int]]:
    with engine.reading(SYSTEM) as uow:
        return [(leaf.chain_id, leaf.head_seq) for leaf in checkpoints.leaves_of(uow, seq)]


def tick(engine: ProcessEngine, clock: Clock) -> list[Checkpoint]:
    """A minute later; what there is then."""
    clock.move(minutes=1)
    chores.run_due(engine, TICK)
    return made(engine)


def lines(engine: ProcessEngine) -> list[dict]:
    return [json.loads(line) for line in Path(engine.settings.checkpoint_file).read_text("utf-8").splitlines()]


def test_each_checkpoint_names_the_one_before_and_only_what_changed(engine: ProcessEngine, clock: Clock):
    change(engine)
    tick(engine, clock)
    change(engine)
    first, second = tick(engine, clock)
    assert (first.seq, second.seq, second.told["prev"]) == (1, 2, first.hash)
    assert (leaves(engine, 1), leaves(engine, 2)) == ([("organization", 1)], [("organization", 2)])


def test_nothing_changed_makes_no_checkpoint_but_one_a_day(engine: ProcessEngine, clock: Clock):
    change(engine)
    assert [len(tick(engine, clock)) for _ in range(3)] == [1, 1, 1]
    clock.move(days=1)
    assert len(tick(engine, clock)) == 2
    assert leaves(engine, 2) == []


def test_an_empty_database_has_nothing_to_sign(engine: ProcessEngine, clock: Clock):
    assert tick(engine, clock) == []


def test_what_came_late_is_taken_up_and_what_came_too_late_is_not(empty_url: str, clock: Clock):
    now, late = open_engine(empty_url, clock), Clock()
    behind = open_engine(empty_url, late)
    change(now)
    clock.move(minutes=30)
    tick(now, clock)
    late.set(clock.now - checkpoints.GRACE + timedelta(seconds=1))
    change(behind)
    assert len(tick(now, clock)) == 2
    late.set(clock.now - checkpoints.GRACE - timedelta(minutes=2))
    change(behind)
    assert len(tick(now, clock)) == 2
    for engine in (now, behind):
        engine.close()


def test_looks_are_covered_once_they_have_settled(engine: ProcessEngine, clock: Clock):
    for _ in range(3):
        access_log.note(engine, SYSTEM, "look", "case")
    assert tick(engine, clock) == []
    clock.move(minutes=5)
    tick(engine, clock)
    access_log.note(engine, SYSTEM, "look", "case")
    clock.move(minutes=10)
    tick(engine, clock)
    assert (leaves(engine, 1), leaves(engine, 2)) == ([("access", 3)], [("access", 4)])


def test_the_file_gets_every_checkpoint_also_those_of_a_worker_that_died_in_between(engine: ProcessEngine, clock: Clock):
    for _ in range(3):
        change(engine)
        clock.move(minutes=1)
        with engine.transaction(SYSTEM) as uow:
            checkpoints.make(uow, signing.load(engine.settings.checkpoint_key))
    assert witness.deliver(engine) == 3
    assert witness.deliver(engine) == 0
    assert [json.loads(line["statement"])["seq"] for line in lines(engine)] == [1, 2, 3]
    assert [line["hash"] for line in lines(engine)] == [each.hash for each in made(engine)]


def test_a_line_that_was_torn_is_written_again(engine: ProcessEngine, clock: Clock):
    change(engine)
    tick(engine, clock)
    path = Path(engine.settings.checkpoint_file)
    whole = path.read_bytes()
    path.write_bytes(whole[:100])
    witness.deliver(engine)
    assert path.read_bytes() == whole[:100] + b"\n" + whole


def test_the_key_is_made_for_its_owner_only_with_the_public_half_beside(engine: ProcessEngine, clock: Clock):
    change(engine)
    tick(engine, clock)
    path = Path(engine.settings.checkpoint_key)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.with_name("checkpoint.key.pub").read_text("ascii") == signing.load(str(path)).public
    assert made(engine)[0].key_id == signing.load(str(path)).id


def test_a_key_that_cannot_be_kept_stops_no_worker_and_is_said_once(
        empty_url: str, clock: Clock, tmp_path: Path, caplog: pytest.LogCaptureFixture):
    (tmp_path / "file").write_text("")
    engine = open_engine(empty_url, clock, checkpoint_key=str(tmp_path / "file" / "key"))
    change(engine)
    with caplog.at_level(logging.ERROR, "fuwuflow.checkpoints"):
        assert [tick(engine, clock), tick(engine, clock)] == [[], []]
    assert len(caplog.records) == 1
    with engine.reading(SYSTEM) as uow:
        assert str(tmp_path) in (witness.hindrance(uow) or "")
    engine.close()


def test_a_file_that_cannot_be_written_does_not_keep_checkpoints_from_the_database(
        empty_url: str, clock: Clock, tmp_path: Path, caplog: pytest.LogCaptureFixture):
    (tmp_path / "file").mkdir()
    engine = open_engine(empty_url, clock, checkpoint_file=str(tmp_path / "made" / "x"))
    (tmp_path / "made").write_text("")
    change(engine)
    with engine.transaction(SYSTEM) as uow:
        checkpoints.make(uow, signing.load(engine.settings.checkpoint_key))
    with caplog.at_level(logging.ERROR, "fuwuflow.checkpoints"):
        assert witness.deliver(engine) == 0
    assert "made" in caplog.text
    engine.close()


def test_the_newest_checkpoint_is_mailed_once_a_day(empty_url: str, clock: Clock):
    engine = open_engine(empty_url, clock, checkpoint_mail="auditor@example.com")
    change(engine)
    for _ in range(3):
        tick(engine, clock)
    clock.move(days=1)
    last = tick(engine, clock)[-1]
    with engine.reading(SYSTEM) as uow:
        sent = uow.rows(sa.select(mail).order_by(mail.c.created_at))
    assert [each.recipient for each in sent] == ["auditor@example.com"] * 2
    assert last.line in sent[-1].body
    engine.close()


def test_a_database_that_the_file_knows_more_of_gets_no_checkpoint_until_the_gap_is_acknowledged(
        engine: ProcessEngine, clock: Clock):
    for _ in range(3):
        change(engine)
        tick(engine, clock)
    _forget_the_last(engine)
    change(engine)
    assert [each.seq for each in tick(engine, clock)] == [1, 2]
    with engine.transaction(SYSTEM) as uow:
        assert witness.hindrance(uow)
        answered = witness.acknowledge(uow, "restored from Monday's copy")
    assert (answered.seq, answered.told["prev"]) == (4, made(engine)[1].hash)
    assert answered.told["acknowledged"]["gaps"][0]["seq"] == 3
    change(engine)
    assert [each.seq for each in tick(engine, clock)] == [1, 2, 4, 5]
    with engine.reading(SYSTEM) as uow:
        assert witness.hindrance(uow) is None


def _forget_the_last(engine: ProcessEngine) -> None:
    """As an older copy of the database would: without its last checkpoint."""
    with engine.transaction(SYSTEM) as uow:
        sqlite = ["DROP TRIGGER checkpoint_refuses_delete", "DROP TRIGGER checkpoint_leaf_refuses_delete"]
        postgresql = ["ALTER TABLE checkpoint DISABLE TRIGGER USER", "ALTER TABLE checkpoint_leaf DISABLE TRIGGER USER"]
        for statement in (sqlite if engine.is_sqlite else postgresql):
            uow.execute(sa.text(statement))
        last = uow.scalar(sa.select(sa.func.max(checkpoint_table.c.seq)))
        uow.execute(sa.text(f"DELETE FROM checkpoint_leaf WHERE checkpoint_seq = {last}"))
        uow.execute(sa.text(f"DELETE FROM checkpoint WHERE seq = {last}"))


def test_a_statement_is_canonical_and_its_root_is_that_of_its_leaves(engine: ProcessEngine, clock: Clock):
    change(engine)
    found = tick(engine, clock)[0]
    assert canonical.dumps(found.told) == found.statement
    with engine.reading(SYSTEM) as uow:
        assert checkpoints.root_of(checkpoints.leaves_of(uow, 1)) == found.told["root"]
