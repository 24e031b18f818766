"""The commands of `flask --app web`, on a database as the pages have it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import Result

from engine import identity, passwords
from engine.settings import ROOT, Settings
from engine.tables import definition, process_instance, variable
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.conftest import open_engine
from tests.diagram_text import diagram, end, flows, start, user
from tests.web_client import app_of
from web.demo import quick

Command = Callable[..., Result]
PLAIN = diagram(start(), user("work", "service_clerk", name="办"), end(), flows("begin", "work", "done"),
                key="plain", starters="service_clerk")


def runner(engine: ProcessEngine) -> Command:
    app = app_of(engine)
    return lambda *arguments: app.test_cli_runner().invoke(args=[str(each) for each in arguments])


@pytest.fixture
def flask(company: ProcessEngine) -> Command:
    return runner(company)


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    path = tmp_path / "plain.bpmn"
    path.write_bytes(PLAIN)
    return path


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    path = tmp_path / "broken.bpmn"
    path.write_bytes(PLAIN.replace(b'targetRef="done"', b'targetRef="gone"'))
    return path


# ------------------------------------------------------------------ check
def test_check_needs_no_database(plain: Path, broken: Path):
    """The address leads nowhere; what counts is in the files."""
    engine = ProcessEngine(Settings(database_url="postgresql://nobody@127.0.0.1:1/nothing"))
    check = runner(engine)
    assert check("check", plain).output.splitlines()[0] == f"{plain}: ok"
    found = check("check", plain, broken)
    assert found.exit_code == 1
    assert f"{plain}: ok" in found.output
    lines = [line for line in found.output.splitlines() if line.startswith(f"{broken}: error: ")]
    assert any("gone" in line for line in lines)
    engine.close()


def test_check_names_a_file_that_is_not_there(flask: Command, tmp_path: Path):
    found = flask("check", tmp_path / "nothing.bpmn")
    assert (found.exit_code, found.output.count("\n")) == (1, 1)
    assert "unreadable_file" in found.output


def test_every_shipped_file_passes(flask: Command):
    found = flask("check", ROOT / "bpmn")
    assert found.exit_code == 0, found.output
    shipped = [path for path in (ROOT / "bpmn").rglob("*") if path.suffix in (".bpmn", ".form", ".dmn")]
    assert found.output.count(": ok\n") == len(shipped)


# ------------------------------------------------------------------ deploy, start, tasks
def test_a_deployed_process_is_started_and_its_task_is_listed(flask: Command, plain: Path):
    assert flask("deploy", plain).output.splitlines()[-1] == "process plain 1"
    case = flask("start", "plain", "--as", "clerk", "--var", "customer=甲", "--business-key", "K-1").output.strip()
    listed = flask("tasks", "--as", "clerk", "--search", "K-1").output.strip().split("\t")
    assert listed[0].startswith(case)
    assert listed[1:3] == ["K-1", "work"]


def test_variables_are_json_else_text(flask: Command, plain: Path, company: ProcessEngine):
    flask("deploy", plain)
    flask("start", "plain", "--as", "clerk", "--var", "n=3", "--var", "name=甲=乙", "--var", 'list=["a"]')
    with company.reading(SYSTEM) as uow:
        known = {row.name: json.loads(row.value) for row in uow.rows(sa.select(variable))}
    assert (known["n"], known["name"], known["list"]) == (3, "甲=乙", ["a"])


def test_one_broken_file_keeps_all_out(flask: Command, plain: Path, broken: Path, company: ProcessEngine):
    refused = flask("deploy", plain, broken)
    assert refused.exit_code == 1
    assert "broken.bpmn: error: " in refused.output
    with company.reading(SYSTEM) as uow:
        assert uow.row(sa.select(definition).where(definition.c.key == "plain")) is None


@pytest.mark.parametrize("arguments", [
    ("start", "nothing"), ("start", "in_warranty", "--as", "nobody"), ("start", "in_warranty", "--var", "novalue"),
    ("tasks", "--as", "nobody"), ("create-user", "admin", "--name", "x", "--password", "x"),
    ("create-user", "new", "--name", "x", "--password", "x", "--group", "nothing")])
def test_a_refusal_is_a_sentence(flask: Command, arguments: tuple[str, ...]):
    refused = flask(*arguments)
    assert refused.exit_code in (1, 2)
    assert "Error: " in refused.output
    assert "Traceback" not in refused.output


# ------------------------------------------------------------------ people
def test_a_new_user_can_sign_in_and_belongs_to_the_office(flask: Command, company: ProcessEngine):
    flask("create-user", "new.lead", "--name", "新负责人", "--group", "service_lead:changsha", "--password", "her own")
    with company.reading(SYSTEM) as uow:
        assert identity.actor(uow, "new.lead").memberships == {("service_lead", "changsha")}
        stored = passwords.password_hash(uow, "new.lead")
    assert passwords.verify_password(stored, "her own")


def test_the_first_user_of_an_empty_database_is_the_only_one(empty_url: str, clock):
    engine = open_engine(empty_url, clock)
    runner(engine)("create-user", "first", "--name", "第一人", "--admin", "--password", "x")
    with engine.reading(SYSTEM) as uow:
        assert [row.id for row in identity.users(uow)] == ["first"]
        assert len(identity.groups(uow)) > 10
    engine.close()


# ------------------------------------------------------------------ demo and verify
def test_the_demonstration_is_a_dozen_cases_in_different_steps(flask: Command, company: ProcessEngine):
    opened = flask("demo", "--quick")
    assert opened.exit_code == 0, opened.output
    steps = [line.split("\t")[2] for line in opened.output.splitlines()]
    assert [story.until for story in quick.STORIES] == [step.split(",")[0] for step in steps]
    assert len(set(steps)) >= 12
    assert flask("verify").output == "ok\n"


def test_verify_names_the_case_whose_state_was_changed(flask: Command, plain: Path, company: ProcessEngine):
    flask("deploy", plain)
    case = flask("start", "plain", "--as", "clerk").output.strip()
    with company.transaction(SYSTEM) as uow:
        uow.execute(sa.update(process_instance).where(process_instance.c.id == case).values(
            tokens=sa.func.replace(process_instance.c.tokens, "work", "done")))
    found = flask("verify")
    assert found.exit_code == 1
    assert found.output.startswith(case)
