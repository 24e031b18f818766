"""Trying definitions: the very engine on a scratch company; scenarios, and finished cases as scenarios."""

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from engine import canonical, deployments
from engine.audit import verification
from engine.diagram.check import File
from engine.errors import Conflict, DeploymentRefused, InvalidValue, NotFound
from engine.sandbox import masking, run, scenario
from engine.sandbox.scenario import Scenario, Step
from engine.sandbox.scratch import Sandbox
from engine.settings import ROOT
from engine.tables import history_event, mail, process_instance, task
from engine.unit_of_work import SYSTEM, ProcessEngine
from handlers import scratch
from tests.conftest import MONDAY, Clock
from tests.database import acting
from tests.diagram_text import boundary, diagram, end, flows, start, timer, user
from tests.diagrams.walker import Walker

LEAD, ENGINEER = "lead.changsha", "engineer.changsha"
REPORT = {
    "report_source": "customer", "serial_number": "CT2026001", "product": "terminal_text", "customer": "长沙市五一路储蓄所",
    "contact": "设备科", "phone": "0731-5550101", "region": "same_city", "reported_fault": "开机无显示",
}
BEGUN = Scenario("in_warranty", "第一步", MONDAY, values=REPORT, office="changsha")


@pytest.fixture
def sandbox(company: ProcessEngine) -> Iterator[Sandbox]:
    found = Sandbox(company, scratch.COMPANY)
    yield found
    found.close()


def cases_in(company: ProcessEngine) -> int:
    with company.reading(SYSTEM) as uow:
        return int(uow.scalar(sa.select(sa.func.count()).select_from(process_instance)))


def changed(old: str, new: str) -> File:
    """The shipped diagram with a change in it."""
    data = (ROOT / "bpmn" / "in_warranty.bpmn").read_text("utf-8")
    assert old in data
    return File("in_warranty.bpmn", data.replace(old, new).encode())


# ------------------------------------------------------------------ running
def record_of(company: ProcessEngine) -> list[sa.Row[Any]]:
    with company.reading(SYSTEM) as uow:
        return uow.rows(sa.select(history_event).order_by(history_event.c.instance_id, history_event.c.seq))


def test_start_offers_the_first_task_and_leaves_the_real_company_alone(sandbox: Sandbox, company: ProcessEngine) -> None:
    before, recorded = cases_in(company), record_of(company)
    found = run.run(sandbox, [], BEGUN)
    assert found.stopped is None
    assert [each.row.element for each in found.offered] == ["assign_visit"]
    assert found.variables["customer"] == REPORT["customer"]
    assert (cases_in(company), record_of(company)) == (before, recorded)
    with company.reading(SYSTEM) as uow:
        assert uow.rows(sa.select(mail)) == []


def test_before_the_start_its_form_is_shown(sandbox: Sandbox) -> None:
    found = run.run(sandbox, [], BEGUN, starts=False)
    assert found.start is not None
    assert found.start.form is not None
    assert found.case_id is None


def test_a_step_more_goes_on_and_a_step_less_undoes_it(sandbox: Sandbox) -> None:
    assigned = replace(BEGUN, steps=(Step("complete", "assign_visit", values={"engineer": ENGINEER}),))
    assert [each.row.element for each in run.run(sandbox, [], assigned).offered] == ["confirm_fault"]
    assert [each.row.element for each in run.run(sandbox, [], BEGUN).offered] == ["assign_visit"]


def test_time_passes_to_the_next_timer_and_fires_it_at_its_moment(sandbox: Sandbox) -> None:
    waited = run.run(sandbox, [], replace(BEGUN, steps=(Step("wait"),)))
    timers = run.run(sandbox, [], BEGUN).timers
    assert timers
    assert waited.now == timers[0].due_at
    assert any(place.endswith(timers[0].element.id) for place in waited.path)
    later = run.run(sandbox, [], replace(BEGUN, steps=(Step("wait", until=MONDAY + timedelta(minutes=1)),)))
    assert later.now == MONDAY + timedelta(minutes=1)
    assert later.timers == timers


def test_time_does_not_pass_over_more_timers_than_a_trial_waits_for(sandbox: Sandbox) -> None:
    reminded = File("case.bpmn", diagram(
        start(), user("work", "service_engineer"), boundary("hourly", "work", timer("R/PT1H", "timeCycle"), interrupts=False),
        end(), end("told"), flows("begin", "work", "done"), flows("hourly", "told"), starters="service_engineer"))
    far = Step("wait", until=MONDAY + timedelta(days=30))
    found = run.run(sandbox, [reminded], Scenario("case", "一个月", MONDAY, office="changsha", steps=(far,)))
    assert found.stopped is not None
    assert (found.stopped.step, found.stopped.error.code) == (1, "sandbox_too_far")


def test_what_cannot_be_done_stops_the_run_at_its_step_and_says_why(sandbox: Sandbox) -> None:
    nowhere = run.run(sandbox, [], replace(BEGUN, steps=(Step("complete", "customer_signs"),)))
    assert nowhere.stopped is not None
    assert (nowhere.stopped.step, nowhere.stopped.error.code) == (1, "sandbox_no_task")
    wrong = run.run(sandbox, [], replace(BEGUN, values={**REPORT, "region": "moon"}))
    assert wrong.stopped is not None
    assert wrong.stopped.step == 0
    assert "region" in wrong.stopped.error.facts["errors"]
    with pytest.raises(NotFound):
        run.run(sandbox, [], replace(BEGUN, process="no_such_process"))


def test_draft_files_are_what_runs_and_wrong_ones_are_refused(sandbox: Sandbox, company: ProcessEngine) -> None:
    renamed = changed('id="assign_visit" name="', 'id="assign_visit" name="新')
    assert run.run(sandbox, [renamed], BEGUN).offered[0].row.name.startswith("新")
    assert not run.run(sandbox, [], BEGUN).offered[0].row.name.startswith("新")
    with pytest.raises(DeploymentRefused):
        run.run(sandbox, [File("in_warranty.bpmn", b"<no")], BEGUN)
    with company.reading(SYSTEM) as uow:
        assert {row.version for row in deployments.listing(uow)} == {1}


# ------------------------------------------------------------------ a finished case
def finished(company: ProcessEngine, clock: Clock) -> acting.Case:
    """A customer's opinion, from end to end."""
    case = acting.start(
        company, "clerk", "customer_opinion", customer="长沙市五一路储蓄所", contact="王科长", phone="13800001234",
        product="terminal_text", opinion_kind="suggestion", opinion="键盘手感太硬，请改进 13800001234")
    walker = Walker(company, clock, random.Random(7))
    while case.ended_at is None:
        with company.reading(SYSTEM) as uow:
            rows = uow.rows(sa.select(task.c.id).where(task.c.instance_id == case.id, task.c.state == "open"))
        clock.move(minutes=20)
        walker.complete(rows[0].id)
        case.run()
    return case


@pytest.fixture
def case(company: ProcessEngine, clock: Clock) -> acting.Case:
    clock.set(MONDAY)
    found = acting.start(company, LEAD, "in_warranty", **REPORT)
    clock.move(hours=1)
    return found.do(LEAD, "assign_visit", engineer=ENGINEER, assignment_note="请找王科长，电话 13800001234")


def test_an_open_case_is_no_scenario(case: acting.Case, company: ProcessEngine) -> None:
    with company.reading(SYSTEM) as uow, pytest.raises(Conflict, match="scenario_open_case"):
        masking.scenario_of(uow, case.id, "x")


# ------------------------------------------------------------------ the file
def test_a_scenario_survives_its_file() -> None:
    full = replace(BEGUN, steps=(
        Step("complete", "assign_visit", values={"engineer": ENGINEER}, at=1, by=LEAD), Step("wait"),
        Step("wait", until=datetime(2026, 3, 5, 1, tzinfo=UTC)), Step("message", name="called"), Step("action", "unsolvable")),
        expected=scenario.Expected(("begin", "assign_visit"), "done"), name_en="First step", event="on_the_25th",
        variables={"customer": "x"})
    assert scenario.read(scenario.write(full)) == full
    assert scenario.file_name(replace(full, name="a/b: ../甲")) == "in_warranty.a_b_____甲.scenario"


@pytest.mark.parametrize(("change", "field"), [
    ({"steps": {"do": "wait"}}, "steps"), ({"steps": [{"do": "dance"}]}, "steps[1]"), ({"begin": "soon"}, "begin"),
    ({"begin": "2026-03-02T09:00:00"}, "begin"), ({"steps": [{"do": "complete"}]}, "steps[1].element"), ({"name": ""}, "name"),
    ({"start": []}, "start"), ({"expected": {"path": "x"}}, "expected.path"), ({"steps": [{"do": "wait"}] * 301}, "steps"),
    ({"steps": [{"do": "complete", "element": "x", "at": -1}]}, "steps[1].at"),
])
def test_a_wrong_scenario_names_its_field(change: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        scenario.parse(scenario.as_json(BEGUN) | change)
    assert refused.value.facts["field"] == field


def test_what_is_no_scenario_at_all_is_refused() -> None:
    for data in (b"", b"\xff\xfe", b"[]", b"<bpmn/>", json.dumps("x").encode()):
        with pytest.raises(InvalidValue):
            scenario.read(data)


def test_an_expected_path_is_compared_step_by_step(sandbox: Sandbox) -> None:
    found = run.run(sandbox, [], BEGUN)
    good = replace(BEGUN, expected=scenario.Expected(found.path, None))
    assert run.difference(good, found) is None
    assert run.difference(BEGUN, found) is None
    off = replace(BEGUN, expected=scenario.Expected((*found.path[:1], "elsewhere"), None))
    assert run.difference(off, found) == run.Difference(1, "elsewhere", found.path[1])


def test_masked_scenario_of_a_walked_case_comes_to_the_same_end(sandbox: Sandbox, company: ProcessEngine, clock: Clock) -> None:
    done = finished(company, clock)
    with company.reading(SYSTEM) as uow:
        told = masking.scenario_of(uow, done.id, "客户意见")
    text = scenario.write(told).decode()
    assert "13800001234" not in text
    assert "王科长" not in text
    assert "五一路" not in text
    found = run.run(sandbox, [], scenario.read(text.encode()))
    assert found.stopped is None
    assert found.is_over
    assert run.difference(told, found) is None
    with company.reading(SYSTEM) as uow:
        assert list(verification.verify(uow)) == []
    assert canonical.loads(text)["expected"]["end"] == done.ended_at
