"""The administrator's pages: deployments taken or refused with every problem, incidents tried again, mail."""

import io
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from engine import job_rows, jobs
from engine.settings import ROOT
from engine.tables import definition, incident, mail
from engine.unit_of_work import SYSTEM, JobContext, Operation, ProcessEngine, UnitOfWork
from tests.database.test_web_tasks import REPORT, values
from tests.web_client import Client
from web import create_app

SHIPPED = ROOT / "bpmn" / "parts_issue.bpmn"


@pytest.fixture
def app(company: ProcessEngine) -> Flask:
    return create_app(engine=company)


@pytest.fixture
def admin(app: Flask) -> Client:
    client = Client(app)
    client.sign_in("admin")
    return client


def upload(admin: Client, *files: tuple[str, bytes]) -> int:
    admin.get("/admin/deploy")
    return admin.send("/admin/deploy", files=[(io.BytesIO(data), name) for name, data in files]).status_code


def versions(company: ProcessEngine, key: str) -> int:
    with company.reading(SYSTEM) as uow:
        return int(uow.scalar(sa.select(sa.func.max(definition.c.version)).where(definition.c.key == key)))


def test_changed_diagram_is_a_new_version_and_the_same_one_is_not(admin: Client, company: ProcessEngine) -> None:
    assert upload(admin, (SHIPPED.name, SHIPPED.read_bytes())) == 200
    assert versions(company, "parts_issue") == 1
    assert upload(admin, (SHIPPED.name, SHIPPED.read_bytes() + b"<!-- changed -->")) == 200
    assert versions(company, "parts_issue") == 2
    assert "部署成功" in admin.page


def test_refused_deployment_lists_problems_by_file_and_element_and_stores_nothing(admin: Client, company: ProcessEngine) -> None:
    broken = SHIPPED.read_bytes().replace(b'camunda:candidateGroups="parts_keeper"', b'camunda:candidateGroups="nobody_knows"')
    assert broken != SHIPPED.read_bytes()
    assert upload(admin, ("first.bpmn", broken), ("second.bpmn", b"<not xml")) == 422
    for words in ("first.bpmn", "second.bpmn", "nobody_knows", "部署被拒绝"):
        assert words in admin.page
    assert versions(company, "parts_issue") == 1


def test_problems_are_told_in_the_readers_language(admin: Client) -> None:
    admin.get("/inbox")
    admin.send("/language", language="en")
    assert upload(admin, ("second.bpmn", b"<not xml")) == 422
    assert "The deployment was refused" in admin.page
    assert "部署被拒绝" not in admin.page


def test_upload_without_a_file_says_so(admin: Client) -> None:
    assert upload(admin) == 400
    assert "请先选择至少一个文件" in admin.page


@pytest.mark.parametrize("name", ["../../etc/passwd.bpmn", "C:\\temp\\x.bpmn", "<script>.bpmn", "😀.bpmn"])
def test_strange_file_names_are_only_words(admin: Client, name: str) -> None:
    assert upload(admin, (name, b"<not xml")) == 422
    assert "<script>.bpmn" not in admin.page
    assert not Path("/etc/passwd.bpmn").exists()


def test_incident_shows_its_cause_and_is_tried_again(admin: Client, app: Flask, company: ProcessEngine) -> None:
    works = company.operations["repair_order.open"]
    company.operations["repair_order.open"] = Operation("repair_order.open", "record", _fails)
    lead = Client(app)
    lead.sign_in("lead.changsha")
    lead.get("/start/in_warranty")
    case = lead.send("/start/in_warranty", values=values(**REPORT)).location.split("?")[0]
    for _ in range(5):
        jobs.run_all(company)
        company.clock.move(minutes=30)  # type: ignore[attr-defined]  # the tests' clock
    lead.get(case)
    assert "the printer is on fire" in lead.page

    admin.get("/admin/incidents")
    assert "the printer is on fire" in admin.page
    company.operations["repair_order.open"] = works
    assert admin.send(f"/admin/incidents/{_incident(company).id}/retry").status_code == 302
    jobs.run_all(company)
    admin.get("/admin/incidents")
    assert "the printer is on fire" not in admin.page
    assert "指派工程师上门" in lead.get(case).get_data(as_text=True)


def test_incident_is_not_settled_twice(admin: Client, app: Flask, company: ProcessEngine) -> None:
    test_incident_shows_its_cause_and_is_tried_again(admin, app, company)
    fields = admin.hidden("/language")
    assert admin.post(f"/admin/incidents/{_incident(company).id}/retry", fields).status_code == 409


def test_mail_page_shows_letters_that_no_server_sent(admin: Client, company: ProcessEngine) -> None:
    with company.transaction(SYSTEM) as uow:
        job_rows.send_mail(uow, "manager@fuwuflow.example", "投诉逾期 <b>", "请处理", None)
    jobs.run_all(company)
    admin.get("/admin/mail")
    assert "投诉逾期 &lt;b&gt;" in admin.page
    with company.reading(SYSTEM) as uow:
        assert uow.scalar(sa.select(mail.c.sent_at)) is None


def _fails(_uow: UnitOfWork, _context: JobContext) -> None:
    raise OSError("the printer is on fire")


def _incident(company: ProcessEngine) -> Any:
    with company.reading(SYSTEM) as uow:
        return uow.row(sa.select(incident))
