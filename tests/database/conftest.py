"""Everything here holds on both databases."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

from engine import identity, passwords
from engine.settings import Settings
from engine.tables import history_event
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.conftest import Clock, Databases, copy_of
from tests.database import audit_company
from tests.database.rest_client import Rest
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


@pytest.fixture
def audited(database_kind: str, databases: Databases, templates: dict[tuple[str, str], str], clock: Clock) -> Iterator[Small]:
    """The company of `audit_company`, proven, an hour after the last thing that was done; `root` and `ann` can sign in."""
    for url in copy_of(databases, templates, (database_kind, "audited"), audit_company.prepare):
        engine = ProcessEngine(Settings(database_url=url), clock=clock)
        company = Small(engine, is_new=False)
        clock.set(company.rows(sa.select(sa.func.max(history_event.c.at).label("at")))[0].at + timedelta(hours=1))
        yield company
        engine.close()


@pytest.fixture(scope="session")
def sesame() -> str:
    """The hash of the password that everybody has who calls over REST: it takes a while to make."""
    return passwords.hash_password(Rest.PASSWORD)


@pytest.fixture
def rest(small: Small, engine: ProcessEngine, sesame: str) -> Rest:
    """A client of `/engine-rest` that calls as `api`, which acts everywhere; everybody else has the same password."""
    from tests.web_client import app_of

    with engine.transaction(SYSTEM) as uow:
        for row in identity.users(uow):
            passwords.set_password(uow, row.id, sesame)
        identity.create_user(uow, "api", name="api", hashed=sesame, sees_all=True, acts_everywhere=True)
    return Rest(app_of(engine).test_client(), "api")
