"""Everything here holds on both databases. The server of the tests does not sync: a killed process does not need it to."""

import multiprocessing
from collections.abc import Iterator
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

from engine.settings import Settings
from engine.unit_of_work import ProcessEngine
from tests.conftest import Clock, Databases, copy_of, prepare_empty
from tests.reliability import scenario
from tests.reliability.trap import Trap
from tests.small_company import Small


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database_kind(request: pytest.FixtureRequest) -> str:
    """Each test runs twice."""
    return request.param


@pytest.fixture(scope="session")
def processes() -> ForkServerContext:
    """Makes processes quickly: they fork from one that has everything imported, no thread and no connection."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.reliability.scenario", "tests.reliability.crowd"])
    return context


@pytest.fixture
def orders_url(database_kind: str, databases: Databases, templates: dict[tuple[str, str], str]) -> Iterator[str]:
    """A small company with the scenario's processes deployed."""
    yield from copy_of(databases, templates, (database_kind, "orders"), prepare_orders)


def prepare_orders(url: str) -> None:
    """Migrate, seed, make the company's tables, deploy."""
    prepare_empty(url)
    engine = ProcessEngine(Settings(database_url=url), operations=scenario.operations(Path("unused"), Trap()), clock=Clock())
    small = Small(engine)
    scenario.company.create_all(engine.database)
    small.deploy(scenario.ORDER, scenario.STORE, scenario.COUNT)
    engine.close()
