"""Refusals on the task page: nothing typed is lost, nothing is done twice, and the page says what to do."""

import json
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from engine import calendars, identity, instances, jobs, passwords
from engine.errors import PermanentFailure
from engine.tables import process_instance, task
from engine.unit_of_work import SYSTEM, JobContext, ProcessEngine, UnitOfWork
from tests.conftest import Clock
from tests.diagram_text import diagram, end, flows, service, start, user
from tests.small_company import Small
from tests.web_client import Client, app_of

REPORT = {
    "report_source": "customer", "serial_number": "CT2026001", "product": "terminal_text", "customer": "长沙市五一路储蓄所",
    "contact": "设备科", "phone": "0731-5550101", "region": "same_city", "reported_fault": "开机无显示",
}


@pytest.fixture
def app(company: ProcessEngine) -> Flask:
    return app_of(company)


@pytest.fixture
def lead(app: Flask) -> Client:
    return signed_in(app, "lead.changsha")


@pytest.fixture
def path(company: ProcessEngine) -> str:
    """The page of a task "assign a visit" in Changsha."""
    with company.reading(SYSTEM) as uow:
        who = identity.actor(uow, "lead.changsha")
    with company.transaction(who) as uow:
        instances.start(uow, "in_warranty", form_values=REPORT)
    jobs.run_all(company)
    return f"/tasks/{the_task(company).id}"


def signed_in(app: Flask, user: str) -> Client:
    client = Client(app)
    client.sign_in(user)
    return client


def the_task(company: ProcessEngine) -> Any:
    with company.reading(SYSTEM) as uow:
        return uow.row(sa.select(task).order_by(task.c.created_at))


def count(company: ProcessEngine, *where: sa.ColumnElement[bool], of: sa.Table = task) -> int:
    with company.reading(SYSTEM) as uow:
        return int(uow.scalar(sa.select(sa.func.count()).select_from(of).where(*where)))


def values(**given: Any) -> str:
    return json.dumps(given, ensure_ascii=False)


GOOD = values(engineer="engineer.changsha", assignment_note="带备板")


def test_task_page_shows_question_instruction_clause_and_form(lead: Client, path: str) -> None:
    assert lead.get(path).status_code == 200
    for words in ("指派工程师上门", "5.1.15", "长沙市五一路储蓄所", "CT2026001"):
        assert words in lead.page
    assert [one["value"] for one in lead.form()["data"]["engineers"]] == ["engineer.changsha", "engineer2.changsha"]


def test_completing_goes_on_and_says_so(lead: Client, path: str, company: ProcessEngine) -> None:
    lead.get(path)
    response = lead.send(f"{path}/complete", values=GOOD)
    assert response.status_code == 302
    jobs.run_all(company)
    lead.get(response.location)
    assert "已完成：指派工程师上门" in lead.page or "您办理的内容已保存" in lead.page


def test_wrong_value_is_told_at_its_field_and_the_rest_is_kept(lead: Client, path: str, company: ProcessEngine) -> None:
    lead.get(path)
    response = lead.send(f"{path}/complete", values=values(engineer="engineer.yueyang", assignment_note="带备板"))
    assert response.status_code == 422
    assert list(lead.form()["errors"]) == ["engineer"]
    assert lead.form()["data"]["assignment_note"] == "带备板"
    assert the_task(company).state == "open"


NONSENSE = ("", "not json", "[]", values(), values(engineer=7), values(engineer="x" * 10_000), values(unknown=1))


@pytest.mark.parametrize("sent", NONSENSE, ids=["nothing", "no json", "a list", "no value", "a number", "long", "unknown"])
def test_nonsense_is_refused_with_a_sentence(lead: Client, path: str, sent: str) -> None:
    lead.get(path)
    assert lead.send(f"{path}/complete", values=sent).status_code == 422
    assert "请看标出的各项" in lead.page


def test_html_in_a_field_is_shown_as_text(lead: Client, path: str) -> None:
    lead.get(path)
    lead.send(f"{path}/complete", values=values(engineer="nobody", assignment_note="</script><script>alert(1)</script>"))
    assert "<script>alert" not in lead.page
    assert lead.form()["data"]["assignment_note"] == "</script><script>alert(1)</script>"


def test_second_claim_says_who_was_quicker(app: Flask, lead: Client, path: str, company: ProcessEngine) -> None:
    admin = signed_in(app, "admin")
    lead.get(path)
    admin.get(path)
    assert lead.send(f"{path}/claim").status_code == 302
    assert admin.send(f"{path}/claim").status_code == 409
    assert "长沙服务部负责人" in admin.page
    assert the_task(company).assignee == "lead.changsha"


def test_overtaken_completion_keeps_every_word(app: Flask, lead: Client, path: str) -> None:
    admin = signed_in(app, "admin")
    lead.get(path)
    admin.get(path)
    admin.send(f"{path}/complete", values=GOOD)
    response = lead.send(f"{path}/complete", values=values(engineer="engineer2.changsha", assignment_note="先打电话"))
    assert response.status_code == 409
    assert "系统管理员" in lead.page
    assert "先打电话" in lead.page


def test_second_submit_of_a_page_does_it_once(lead: Client, path: str, company: ProcessEngine) -> None:
    lead.get(path)
    fields = {**lead.hidden(f"{path}/complete"), "values": GOOD}
    assert lead.post(f"{path}/complete", fields).status_code == 302
    assert lead.post(f"{path}/complete", fields).status_code == 302
    assert count(company, task.c.element == "assign_visit", task.c.state == "completed") == 1
    assert count(company, task.c.element == "confirm_fault") == 1


def test_second_submit_with_other_content_is_refused(lead: Client, path: str) -> None:
    lead.get(path)
    fields = {**lead.hidden(f"{path}/complete"), "values": GOOD}
    lead.post(f"{path}/complete", fields)
    other = {**fields, "values": values(engineer="engineer2.changsha", assignment_note="带备板")}
    assert lead.post(f"{path}/complete", other).status_code == 409


def test_second_submit_of_a_start_gives_the_first_case(lead: Client, company: ProcessEngine) -> None:
    lead.get("/start/in_warranty")
    fields = {**lead.hidden("/start/in_warranty"), "values": values(**REPORT)}
    first, second = (lead.post("/start/in_warranty", fields) for _ in range(2))
    assert (first.status_code, second.status_code) == (302, 302)
    assert count(company, of=process_instance) == 1


def test_ended_session_keeps_what_was_typed_and_returns_to_the_task(lead: Client, path: str, clock: Clock) -> None:
    lead.get(path)
    fields = {**lead.hidden(f"{path}/complete"), "values": GOOD}
    clock.move(hours=13)
    assert lead.post(f"{path}/complete", fields).status_code == 401
    assert "您填写的内容都还在" in lead.page
    assert lead.send("/sign-in", user="lead.changsha", password="fuwuflow").status_code == 200
    assert lead.send(path).status_code == 200
    assert lead.form()["data"]["assignment_note"] == "带备板"
    assert lead.send(f"{path}/complete", values=GOOD).status_code == 302


def test_other_office_may_not_see_the_task(app: Flask, path: str) -> None:
    other = signed_in(app, "lead.yueyang")
    assert other.get(path).status_code == 403
    assert "不属于您的办事处" in other.page


def test_other_role_may_look_but_not_do(app: Flask, path: str, company: ProcessEngine) -> None:
    engineer = signed_in(app, "engineer.changsha")
    assert engineer.get(path).status_code == 200
    assert "/complete" not in engineer.page
    fields = {"csrf": engineer.hidden("/language")["csrf"], "values": GOOD, "revision": "1"}
    assert engineer.post(f"{path}/complete", fields).status_code == 403
    assert the_task(company).state == "open"


def test_lead_assigns_and_releases(lead: Client, path: str, company: ProcessEngine) -> None:
    lead.get(path)
    assert lead.send(f"{path}/assign", assignee="lead.changsha").status_code == 302
    lead.get(path)
    assert lead.send(f"{path}/release").status_code == 302
    assert the_task(company).assignee is None
    lead.get(path)
    assert lead.send(f"{path}/assign", assignee="engineer.yueyang").status_code == 400
    assert "请选择名单中的人" in lead.page


def test_unknown_task_is_a_page_that_leads_on(lead: Client) -> None:
    assert lead.get("/tasks/nothing.1").status_code == 404
    assert 'href="/inbox"' in lead.page


def test_technical_failure_after_a_completion_keeps_it_and_leads_to_its_cause(small: Small) -> None:
    small.operation("mail.print", _fails)
    small.deploy(diagram(start(), user("write_letter"), service("print_letter", "mail.print"), end(),
                         flows("begin", "write_letter", "print_letter", "done")))
    small.start()
    with small.engine.transaction(SYSTEM) as uow:
        passwords.set_password(uow, "ann", passwords.hash_password("fuwuflow"))
        calendars.seed(uow, 2026, 2026)
    ann = signed_in(app_of(small.engine), "ann")
    ann.get(f"/tasks/{small.task('write_letter').id}")
    progress = ann.send(f"/tasks/{small.task('write_letter').id}/complete").location
    assert ann.get(progress).status_code == 200
    assert "您办理的内容已保存" in ann.page
    small.run()
    case = ann.get(progress).location
    assert "the printer is on fire" in ann.get(case).get_data(as_text=True)
    assert count(small.engine, task.c.state == "completed") == 1


def _fails(_uow: UnitOfWork, _context: JobContext) -> None:
    raise PermanentFailure("the printer is on fire")
