"""Whatever the owner of the tables does to the record, a verifier that shares no code with its writer names the first bad row."""

import random
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa

from engine import history
from engine.audit import standalone_verifier
from engine.tables import destruction, history_body, history_event, tombstone
from engine.unit_of_work import SYSTEM
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


def test_a_body_is_gone_only_by_a_destruction_that_the_record_names(kept: Kept, copy: Callable[[], str]):
    url, clock = copy(), Clock()
    clock.move(hours=3)
    engine = open_engine(url, clock)
    with engine.transaction(SYSTEM) as uow:
        event = uow.rows(sa.select(history_event).where(history_event.c.command == "start"))[0]
        uow.execute(sa.insert(destruction).values(id="d1", kind="erasure", subject="", reason="", status="destroyed",
                                                  proposed_by="a", proposed_at=uow.now))
        uow.execute(sa.insert(tombstone).values(instance_id=event.instance_id, seq=event.seq, body_digest=event.body_digest,
                                                destruction_id="d1", at=uow.now))
        uow.execute(sa.delete(history_body).where(
            history_body.c.instance_id == event.instance_id, history_body.c.seq == event.seq))
    found = tampering.check(url, *kept[1:])
    assert [(each.kind, each.chain, each.seq) for each in found] == [("body_gone", event.instance_id, event.seq)]
    with engine.transaction(SYSTEM) as uow:
        history.record_change(uow, "destroy", subject="destruction:d1", before=None, after=None)
    assert tampering.check(url, *kept[1:]) == []
    engine.close()
