"""A year of the demonstration, short: through the engine, in order, the same for the same seed, and provable."""

import re
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise

import pytest
import sqlalchemy as sa
from click.testing import Result

from engine import canonical
from engine.forms import fields
from engine.history import ORGANIZATION
from engine.settings import ROOT
from engine.tables import history_body, history_event, incident, process_instance, task, user_account, variable
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.conftest import Clock, Databases, open_engine
from tests.web_client import app_of
from web.demo import command
from web.demo.year import YEAR

PASSWORD = "fuwuflow"


@pytest.fixture(scope="module")
def database_kind() -> str:
    """One kind: the verbs themselves are tried on both elsewhere."""
    return "sqlite"


@pytest.fixture(scope="module")
def year(databases_of: Callable[[str], Databases]) -> ProcessEngine:
    """A database that a small year was played on."""
    engine = open_engine(databases_of("sqlite").new(), Clock())
    command.play(engine, PASSWORD, number=14, seed=7)
    return engine


def rows(engine: ProcessEngine, *columns: sa.ColumnElement[object]) -> list[sa.Row[tuple[object, ...]]]:
    with engine.reading(SYSTEM) as uow:
        return uow.rows(sa.select(*columns))


def test_cases_come_in_over_the_year_in_order_and_none_later_than_now(year: ProcessEngine) -> None:
    started = [row.started_at for row in rows(year, process_instance.c.started_at)]
    assert len(started) > 20
    assert min(started) > year.clock() - YEAR
    assert max(started) <= year.clock()
    assert max(started) - min(started) > timedelta(days=200)


def test_each_case_is_recorded_in_the_order_of_its_times(year: ProcessEngine) -> None:
    found = sorted(rows(year, history_event.c.instance_id, history_event.c.seq, history_event.c.at))
    for earlier, later in pairwise(found):
        assert earlier.instance_id != later.instance_id or earlier.at <= later.at


def test_every_month_has_its_feedback_once(year: ProcessEngine) -> None:
    started = [row.started_at for row in rows(year, process_instance.c.started_at, process_instance.c.process_key)
               if row.process_key == "customer_feedback"]
    assert len(started) == 12
    assert len({(at.year, at.month) for at in started}) == 12


def test_nothing_stopped_on_the_way(year: ProcessEngine) -> None:
    assert rows(year, incident.c.message) == []


def test_tasks_are_done_by_people_of_several_offices(year: ProcessEngine) -> None:
    done = {row.completed_by for row in rows(year, task.c.completed_by) if row.completed_by}
    known = {row.id for row in rows(year, user_account.c.id)}
    assert done <= known
    assert len({who.partition(".")[2] for who in done}) >= 3


def test_the_record_verifies(year: ProcessEngine) -> None:
    assert runner(year)("verify").output == "ok\n"


def test_a_second_year_is_refused_unless_it_is_asked_for(year: ProcessEngine) -> None:
    refused = runner(year)("demo", "--cases", 10)
    assert refused.exit_code == 1
    assert "--more" in refused.output
    assert "Traceback" not in refused.output


def test_the_same_seed_plays_the_same_year(year: ProcessEngine, databases_of: Callable[[str], Databases]) -> None:
    again = open_engine(databases_of("sqlite").new(), Clock())
    command.play(again, PASSWORD, number=14, seed=7)
    assert played(again) == played(year)
    again.close()


def played(engine: ProcessEngine) -> list[list[str]]:
    """What a year consisted of: every case and every task with their times."""
    cases = rows(engine, process_instance.c.business_key, process_instance.c.started_at, process_instance.c.serial)
    tasks = rows(engine, task.c.business_key, task.c.token, task.c.element, task.c.ended_at, task.c.completed_by)
    return [sorted(map(str, cases)), sorted(map(str, tasks))]


def test_every_variable_of_a_year_has_words(year: ProcessEngine) -> None:
    """Those that no form asks for stand in `bpmn/variables.json`; who started and where are told by the pages themselves.

    Those that went with their scope count too: film and dossier tell them.
    """
    listed = canonical.loads((ROOT / "bpmn" / "variables.json").read_bytes())["variables"]
    forms = [canonical.loads(path.read_bytes()) for path in sorted((ROOT / "bpmn" / "forms").glob("*.form"))]
    asked = {field.key.partition(".")[0] for form in forms for field in fields(form)}
    changed = {name for row in rows(year, history_body.c.body, history_body.c.instance_id) if row.instance_id != ORGANIZATION
               for _scope, name, _value in canonical.loads(bytes(row.body).decode())["changed"]}
    known = asked | {each["name"] for each in listed} | {"starter", "office"}
    assert changed - known == {"loopCounter", "loopItems", "nrOfCompletedInstances", "nrOfInstances"}  # the engine's own, of BPMN


def test_every_code_of_a_year_has_words(year: ProcessEngine) -> None:
    """A value such as `production_date` is told by an option of a form, a list of the server, or `bpmn/variables.json`."""
    listed = canonical.loads((ROOT / "bpmn" / "variables.json").read_bytes())["variables"]
    told = {(each["name"], one["value"]) for each in listed for one in each.get("values", [])}
    forms = [canonical.loads(path.read_bytes()) for path in sorted((ROOT / "bpmn" / "forms").glob("*.form"))]
    asked = [field for form in forms for field in fields(form)]
    told |= {(field.key, option.value) for field in asked for option in field.options}
    by_list = {field.key for field in asked if field.values_key}
    codes = {(row.name, canonical.loads(row.value)) for row in rows(year, variable.c.name, variable.c.value)
             if re.fullmatch(r'"[a-z_]+"', row.value) and row.name not in {"starter", "office", "engineer", *by_list}}
    assert codes - told == set()


def runner(engine: ProcessEngine) -> Callable[..., Result]:
    app = app_of(engine)
    return lambda *arguments: app.test_cli_runner().invoke(args=[str(each) for each in arguments])
