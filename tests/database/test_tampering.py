"""Whatever the owner of the tables does to the record, a verifier that shares no code with its writer names the first bad row."""

import random
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine import erasing, history
from engine.audit import checkpoint_verification, standalone_verifier
from engine.tables import (
    access_log,
    checkpoint,
    checkpoint_leaf,
    destruction,
    history_body,
    history_event,
    process_instance,
    tombstone,
)
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests import tampering
from tests.conftest import Clock, Databases, open_engine

Kept = tuple[str, standalone_verifier.Keys, list[bytes]]


@pytest.fixture(scope="module")
def records() -> dict[str, Kept]:
    """A record on each kind of database, with the key and the lines that lie outside; made once."""
    return {}


@pytest.fixture
def kept(database_kind: str, company_url: str, databases: Databases, records: dict[str, Kept]) -> Kept:
    if database_kind not in records:
        url, clock = databases.new(company_url), Clock()
        engine = open_engine(url, clock)
        tampering.keep_record(engine, clock)
        records[database_kind] = (url, *tampering.outside(engine))
        engine.close()
    return records[database_kind]


@pytest.fixture
def copy(kept: Kept, databases: Databases) -> Iterator[Callable[[], str]]:
    """Makes copies of the record."""
    made: list[str] = []

    def new() -> str:
        made.append(databases.new(kept[0]))
        return made[-1]

    yield new
    for url in made:
        databases.drop(url)


@pytest.mark.parametrize("kind", tampering.KINDS)
def test_tampering_is_reported_with_the_first_bad_row(kept: Kept, copy: Callable[[], str], kind: str):
    dice = random.Random(f"{kind} 5")
    for _ in range(5):
        url = copy()
        forgery = tampering.tamper(url, kind, dice)
        found = tampering.check(url, *kept[1:])
        assert tampering.is_reported(found, forgery, kind), (forgery, found)


def test_a_record_that_nobody_touched_gives_no_alarm(kept: Kept, copy: Callable[[], str]):
    assert tampering.check(kept[0], *kept[1:]) == []
    url = copy()
    with tampering.as_owner(url):
        pass
    assert tampering.check(url, *kept[1:]) == []


def test_an_edited_row_is_named_exactly(kept: Kept, copy: Callable[[], str]):
    for number in range(5):
        url = copy()
        forgery = tampering.tamper(url, "edit", random.Random(number))
        assert [(each.chain, each.seq) for each in tampering.check(url, *kept[1:])] == [(forgery.chain, forgery.seq)]


def test_one_case_is_checked_by_itself(kept: Kept, copy: Callable[[], str]):
    url = copy()
    forgery = tampering.tamper(url, "cloned case", random.Random(1))
    assert [each.kind for each in tampering.check(url, *kept[1:], case=forgery.chain)] == ["late"]
    assert [each.kind for each in tampering.check(url, *kept[1:], case="nothing")] == ["no_case"]


def test_a_case_is_named_by_its_number_too(kept: Kept, copy: Callable[[], str]):
    url = copy()
    with tampering.as_owner(url) as connection:
        forgery = tampering.Forger(connection, random.Random(1)).edit()
        number = connection.scalar(sa.select(process_instance.c.business_key).where(process_instance.c.id == forgery.chain))
    assert [(each.chain, each.seq) for each in tampering.check(url, *kept[1:], case=number)] == [(forgery.chain, forgery.seq)]


def test_what_was_looked_at_and_what_was_not_is_said(kept: Kept, copy: Callable[[], str], capsys: pytest.CaptureFixture[str]):
    assert standalone_verifier.main([copy()]) == 0
    said = capsys.readouterr()
    assert said.out == "ok\n"
    assert "--key is missing" in said.err
    assert "--checkpoints is missing" in said.err
    assert re.search(r"\d+ rows of \d+ chains; newest checkpoint \d+ \(2026-03-02T\S+Z\), 0 rows not signed yet", said.err)
    with tampering.as_owner(url := copy()) as connection:
        for table in (checkpoint_leaf, checkpoint):
            connection.execute(sa.delete(table))
    standalone_verifier.main([url])
    assert "there is no checkpoint: nothing is signed" in capsys.readouterr().err


def test_a_copy_where_nothing_can_be_written_beside_it_is_read(kept: Kept, copy: Callable[[], str]):
    path = sa.make_url(copy()).database or ""
    if not Path(path).is_file():
        pytest.skip("a server keeps its own files")
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA journal_mode=WAL").fetchone() == ("wal",)
    connection.close()
    Path(f"{path}-shm").mkdir()  # as on a medium that is read only, no such file can be made
    found = tampering.check(f"sqlite:///{path}", *kept[1:])
    Path(f"{path}-shm").rmdir()
    assert found == []


def test_a_machine_without_the_package_is_told_what_to_install():
    program = [sys.executable, "-I", "-S", standalone_verifier.__file__, "case.zip"]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert (done.returncode, "pip install cryptography" in done.stderr, "Traceback" in done.stderr) == (1, True, False)


@pytest.mark.parametrize("change", [sa.delete(access_log), sa.update(access_log).values(actor="somebody")], ids=["gone", "other"])
def test_our_own_verification_names_a_look_that_is_not_as_it_was_signed(kept: Kept, copy: Callable[[], str], change: sa.Delete):
    url = copy()
    with tampering.as_owner(url) as connection:
        first = connection.scalars(sa.select(access_log.c.id).order_by(access_log.c.id)).all()[2]
        connection.execute(change.where(access_log.c.id == first))
    engine = open_engine(url, Clock())
    with engine.reading(SYSTEM) as uow:
        found = [(each.kind, each.seq) for each in checkpoint_verification.verify(uow)]
    engine.close()
    (kind, seq), = found
    assert (kind, seq in (1, 2, 3)) == ("access", True)
    assert [(each.kind, each.seq) for each in tampering.check(url, *kept[1:])] == [("access", seq)]


def bury(engine: ProcessEngine, command: str) -> tuple[str, int, str]:
    """The body of a first event goes behind a tombstone; `command` names the destruction. Gives chain, number and digest."""
    with engine.transaction(SYSTEM) as uow:
        event = uow.rows(sa.select(history_event).where(history_event.c.command == "start"))[0]
        uow.execute(sa.insert(destruction).values(id="d1", kind="erasure", subject="", reason="", status="destroyed",
                                                  proposed_by="a", proposed_at=uow.now))
        history.record_change(uow, command, subject="destruction:d1", before=None, after={"status": "proposed"})
        uow.execute(sa.insert(tombstone).values(instance_id=event.instance_id, seq=event.seq, body_digest=event.body_digest,
                                                destruction_id="d1", at=uow.now))
        uow.execute(sa.delete(history_body).where(
            history_body.c.instance_id == event.instance_id, history_body.c.seq == event.seq))
        return event.instance_id, event.seq, event.body_digest


def tell_destroyed(engine: ProcessEngine, chain: str, bodies: list[tuple[int, str]]) -> None:
    """The event that says that these bodies were destroyed."""
    with engine.transaction(SYSTEM) as uow:
        history.record_change(uow, "destroy", subject="destruction:d1", before=None, after={
            "case": chain, "bodies": len(bodies), "bodies_digest": erasing.bodies_digest(bodies)})


@pytest.mark.parametrize("command", ["propose_destruction", "reject_destruction", "confirm_destruction"])
def test_what_was_only_proposed_or_rejected_excuses_no_missing_body(kept: Kept, copy: Callable[[], str], command: str):
    url, clock = copy(), Clock()
    clock.move(hours=3)
    engine = open_engine(url, clock)
    chain, seq, _digest = bury(engine, command)
    found = tampering.check(url, *kept[1:])
    engine.close()
    assert [(each.kind, each.chain, each.seq) for each in found] == [("body_gone", chain, seq)]


def test_a_body_is_gone_only_by_an_event_that_digests_just_this_one(kept: Kept, copy: Callable[[], str]):
    url, clock = copy(), Clock()
    clock.move(hours=3)
    engine = open_engine(url, clock)
    chain, seq, digest = bury(engine, "propose_destruction")
    tell_destroyed(engine, "another case", [(seq, digest)])
    tell_destroyed(engine, chain, [(seq + 1, digest)])
    assert [each.kind for each in tampering.check(url, *kept[1:])] == ["body_gone"]
    tell_destroyed(engine, chain, [(seq, digest)])
    assert tampering.check(url, *kept[1:]) == []
    assert tampering.check(url, *kept[1:], case=chain) == []
    engine.close()
