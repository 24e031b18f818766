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
from tests.web_client import Client, app_of

SHIPPED = ROOT / "bpmn" / "parts_issue.bpmn"


@pytest.fixture
def app(company: ProcessEngine) -> Flask:
    return app_of(company)


@pytest.fixture
def admin(app: Flask) -> Client:
    client = Client(app)
    client.sign_in("admin")
    return client


def upload(admin: Client, *files: tuple[str, bytes]) -> int:
    """Bring files in as a draft; the status of the page that tells what became of them."""
    admin.get("/admin/deploy")
    answer = admin.send("/modeler/drafts", title="导入", files=[(io.BytesIO(data), name) for name, data in files])
    return admin.get(answer.location).status_code if answer.status_code == 302 else answer.status_code


def versions(company: ProcessEngine, key: str) -> int:
    with company.reading(SYSTEM) as uow:
        return int(uow.scalar(sa.select(sa.func.max(definition.c.version)).where(definition.c.key == key)))


def test_files_brought_in_are_a_draft_and_no_version_yet(admin: Client, company: ProcessEngine) -> None:
    assert upload(admin, (SHIPPED.name, SHIPPED.read_bytes() + b"<!-- changed -->")) == 200
    assert "编辑中" in admin.page
    assert versions(company, "parts_issue") == 1


def test_problems_of_files_brought_in_are_listed_by_file_and_element(admin: Client) -> None:
    broken = SHIPPED.read_bytes().replace(b'camunda:candidateGroups="parts_keeper"', b'camunda:candidateGroups="nobody_knows"')
    assert broken != SHIPPED.read_bytes()
    assert upload(admin, ("first.bpmn", broken), ("second.bpmn", b"<not xml")) == 200
    for words in ("first.bpmn", "second.bpmn", "nobody_knows", "打不开"):
        assert words in admin.page


def test_problems_are_told_in_the_readers_language(admin: Client) -> None:
    admin.get("/inbox")
    admin.send("/language", language="en")
    assert upload(admin, ("second.bpmn", b"<not xml")) == 400
    assert "is not well-formed XML" in admin.page
    assert "打不开" not in admin.page


@pytest.mark.parametrize("name", ["../../etc/passwd.bpmn", "C:\\temp\\x.bpmn", "<script>.bpmn", "😀.bpmn"])
def test_strange_file_names_are_only_words(admin: Client, name: str) -> None:
    assert upload(admin, (name, b"<not xml")) == 400
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
