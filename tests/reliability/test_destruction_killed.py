"""A worker killed with SIGKILL while it destroys: each case is whole or gone with its event, the next worker goes on."""

import signal
from collections.abc import Iterator
from multiprocessing.context import ForkServerContext

import pytest
import sqlalchemy as sa

from engine import canonical
from engine.audit import deciding, verification
from engine.settings import Settings
from engine.tables import (
    comment,
    destruction_item,
    history_body,
    history_event,
    incident,
    job,
    process_instance,
    tombstone,
    variable,
)
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.conftest import Databases, copy_of, prepare_empty
from tests.reliability import destroying
from tests.reliability.trap import BEFORE_BEGIN, BEFORE_COMMIT, COMMITTED, LOCKED, Point
from tests.small_company import Small

# 1 claims the job, 2 to 5 destroy a case each, 6 finds none left, 7 closes the job and ends the destruction
POINTS = [
    Point("destroy", COMMITTED, 1), Point("destroy", BEFORE_BEGIN, 2), Point("destroy", LOCKED, 2),
    Point("destroy", "wrote tombstone", 2), Point("destroy", "wrote process_instance", 3), Point("destroy", "wrote mail", 3),
    Point("destroy", "wrote destruction_item", 4), Point("destroy", "wrote history_event", 4),
    Point("destroy", BEFORE_COMMIT, 4), Point("destroy", COMMITTED, 4), Point("destroy", COMMITTED, 5),
    Point("destroy", "wrote destruction", 7), Point("destroy", BEFORE_COMMIT, 7),
]


@pytest.fixture
def url(database_kind: str, databases: Databases, templates: dict[tuple[str, str], str]) -> Iterator[str]:
    yield from copy_of(databases, templates, (database_kind, "empty"), prepare_empty)


@pytest.mark.parametrize("point", POINTS, ids=str)
def test_killed_in_the_middle_every_case_is_whole_and_goes_once(url: str, processes: ForkServerContext, point: Point) -> None:
    destruction_id = destroying.prepare(url)
    victim = processes.Process(target=destroying.work, args=(url, point))
    victim.start()
    victim.join(60)
    assert victim.exitcode == -signal.SIGKILL, "the process ended without coming to the point"
    engine = ProcessEngine(Settings(database_url=url))
    must_be_whole_or_gone(engine)
    destroying.work(url, later=1)
    must_be_gone(Small(engine), destruction_id)
    engine.close()


def must_be_whole_or_gone(engine: ProcessEngine) -> None:
    """Of every case either everything is there or nothing, and the record says which."""
    with engine.reading(SYSTEM) as uow:
        assert list(verification.verify(uow)) == []
        for case in uow.rows(sa.select(process_instance)):
            has = {table.name: bool(uow.rows(sa.select(table).where(table.c.instance_id == case.id)))
                   for table in (history_body, variable, comment)}
            assert set(has.values()) == {case.customer is not None}, has
            assert bool(uow.rows(sa.select(tombstone).where(tombstone.c.instance_id == case.id))) is (case.customer is None)


def must_be_gone(small: Small, destruction_id: str) -> None:
    """Each case went once, with one event."""
    with small.engine.reading(SYSTEM) as uow:
        assert deciding.get(uow, destruction_id).status == "destroyed"
        assert list(verification.verify(uow)) == []
    same = sa.and_(history_event.c.instance_id == history_body.c.instance_id, history_event.c.seq == history_body.c.seq)
    told = [canonical.loads(bytes(row.body))["after"]["case"] for row in small.rows(
        sa.select(history_body.c.body).join(history_event, same).where(history_event.c.command == "destroy"))]
    cases = [row.id for row in small.rows(sa.select(process_instance.c.id))]
    assert sorted(told) == sorted(cases)
    assert all(row.destroyed_at for row in small.rows(sa.select(destruction_item)))
    assert small.rows(sa.select(incident)) == []
    assert small.rows(sa.select(job).where(job.c.kind == "destroy", job.c.state != "done")) == []
