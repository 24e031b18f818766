"""Every shipped diagram is walked along every flow, and every loop 0, 1 and 2 times, by a walker that finds the way itself.

Tokens are stored and placed between all steps: the walk uses the verbs, each in a transaction of its own.
"""

import random
from collections.abc import Callable, Iterator

import pytest

from engine.audit import recomputation, verification
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.conftest import Clock, Databases, copy_of, open_engine, prepare_company
from tests.diagrams.walker import Walker, ended_by_process

SEED, STEPS, SAMPLE = 3, 6_000, 300


def test_every_flow_of_every_shipped_diagram_is_taken_and_every_loop_goes_round(company: ProcessEngine, clock: Clock) -> None:
    walker = Walker(company, clock, random.Random(SEED))
    walker.walk(STEPS)
    assert walker.incidents() == []
    assert walker.missing() == set()
    assert walker.unlooped() == {}
    called = {e.called for process in walker.known.values() for e in process.elements.values() if e.called}
    assert set(ended_by_process(walker)) >= set(walker.known) - called
    must_be_proven(company)


@pytest.fixture
def on_postgresql(databases_of: Callable[[str], Databases], templates: dict[tuple[str, str], str],
                  clock: Clock) -> Iterator[ProcessEngine]:
    for url in copy_of(databases_of("postgresql"), templates, ("postgresql", "company"), prepare_company):
        engine = open_engine(url, clock)
        yield engine
        engine.close()


@pytest.mark.postgresql
def test_a_sample_of_the_walk_runs_on_postgresql(on_postgresql: ProcessEngine, clock: Clock) -> None:
    walker = Walker(on_postgresql, clock, random.Random(SEED))
    walker.walk(SAMPLE)
    assert walker.incidents() == []
    assert len(walker.taken) > 100
    must_be_proven(on_postgresql)


def must_be_proven(engine: ProcessEngine) -> None:
    """Every chain verifies; running the engine again over each record gives the recorded digest after every event."""
    with engine.reading(SYSTEM) as uow:
        assert list(verification.verify(uow)) == []
        for row in verification.cases(uow):
            assert [moment for moment in recomputation.recompute(uow, row.id) if not moment.is_same] == []
