"""The film of every finished case shows the path that ran, and the tokens and entries that the engine reaches again."""

import random

from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.conftest import Clock
from tests.diagrams.walker import Walker, ended_by_process, walked
from tests.film_path import filmed, ran, unlike_states

SEED, LEAST = 7, 60


def test_films_of_random_finished_cases_show_the_path_that_ran(company: ProcessEngine, clock: Clock) -> None:
    walker = Walker(company, clock, random.Random(SEED))
    cases = walked(walker, LEAST)
    assert len(ended_by_process(walker)) > 3
    with company.reading(SYSTEM) as uow:
        assert [case for case in cases if filmed(uow, case) != ran(uow, case)] == []
        assert {case: found for case in cases[:20] if (found := unlike_states(uow, case))} == {}
