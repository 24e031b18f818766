"""Everything here holds on both databases."""

from collections.abc import Iterator

import pytest

from engine.unit_of_work import ProcessEngine
from tests.small_company import Small


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database_kind(request: pytest.FixtureRequest) -> str:
    """Each test runs twice."""
    return request.param


@pytest.fixture
def small(engine: ProcessEngine) -> Iterator[Small]:
    """A company of two offices whose users have short names; whatever ran is verified and recomputed at the end."""
    company = Small(engine)
    yield company
    company.must_be_proven()
