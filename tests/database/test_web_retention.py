"""The pages of retention and erasure, and every page of a case after it was erased."""

import re
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from flask import Flask

from engine import jobs
from engine.audit import deciding, erasure, retention
from engine.tables import document, process_instance, task
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.conftest import Clock
from tests.database import acting
from tests.database.destroying import ADDRESS, CONTACT, CUSTOMER, LEAD, PHONE, as_, complaint, decided, repair, survey
from tests.web_client import Client, app_of

PERSONAL = (CUSTOMER, CONTACT, PHONE, ADDRESS)
AT_THE_END = datetime(2027, 3, 3, 1, tzinfo=UTC)


@pytest.fixture
def app(company: ProcessEngine) -> Flask:
    return app_of(company)


def visitor(app: Flask, user: str) -> Client:
    client = Client(app)
    client.sign_in(user)
    return client


def number(company: ProcessEngine, case: acting.Case) -> str:
    with company.reading(SYSTEM) as uow:
        return str(uow.scalar(sa.select(process_instance.c.business_key).where(process_instance.c.id == case.id)))


# ------------------------------------------------------------------ the notice
def test_a_notice_leads_to_the_decision_and_names_no_customer(company: ProcessEngine, app: Flask) -> None:
    complaint(company)
    asked = as_(company, "auditor", erasure.propose, customer=CUSTOMER, reason="来信")
    second = visitor(app, "auditor2")
    second.get("/notices")
    assert "提请删除一位顾客的个人信息，等您决定" in second.page
    assert CUSTOMER not in second.page
    link = re.search(r'href="(/notices/[0-9a-z]+)"', second.page)
    assert link
    assert second.get(link[1]).location.endswith(f"/audit/destructions/{asked}")


# ------------------------------------------------------------------ an erased case
def test_every_page_of_an_erased_case_answers_and_names_nobody(company: ProcessEngine, app: Flask) -> None:
    cases = [complaint(company), repair(company)]
    decided(company, as_(company, "auditor", erasure.propose, customer=CUSTOMER, reason="来信"))
    lead = visitor(app, LEAD)
    with company.reading(SYSTEM) as uow:
        tasks = [row.id for row in uow.rows(sa.select(task.c.id))]
        files = [row.id for row in uow.rows(sa.select(document.c.id))]
    paths = [f"/cases/{case.id}{rest}" for case in cases for rest in ("", "?show=people", "?show=comment")]
    paths += [f"/cases/{cases[0].id}/records/complaint", f"/cases/{cases[1].id}/records/repair_order", "/cases",
              f"/cases?search={number(company, cases[0])}", "/inbox?view=done", "/notices",
              *(f"/tasks/{each}{rest}" for each in tasks for rest in ("", "/done"))]
    for path in paths:
        assert lead.get(path).status_code == 200, path
        assert [text for text in PERSONAL if text in lead.page] == [], path
    assert lead.get(f"/cases/{cases[0].id}/records/complaint.pdf").status_code == 200
    assert {lead.get(f"/documents/{each}").status_code for each in files} == {410}


def test_what_auditors_see_of_an_erased_case_names_nobody(company: ProcessEngine, app: Flask) -> None:
    case = complaint(company)
    auditor = visitor(app, "auditor")
    assert auditor.get(f"/audit/film/{case.id}/state?seq=5").status_code == 200  # a film that somebody watched before
    decided(company, as_(company, "auditor", erasure.propose, customer=CUSTOMER, reason="来信"))
    film = [f"/audit/film/{case.id}{rest}" for rest in ("", "/index", "/frames", "/state?seq=5", "/state/check?seq=5")]
    lists = [f"/audit/{name}" for name in ("cases", "conformance", "figures", "clauses", "proof", "access")]
    for path in (*film, *lists):
        assert auditor.get(path).status_code == 200, path
        assert [text for text in PERSONAL if text in auditor.page] == [], path
    exported = [f"/audit/{name}" for name in ("cases.csv", "cases.xes", "cases.ocel.json", "events.csv")]
    for path in (f"/audit/cases/{case.id}/dossier.zip", f"/audit/cases/{case.id}/dossier.pdf", *exported):
        answer = auditor.get(path)
        assert answer.status_code == 200, path
        assert [text for text in PERSONAL if text.encode() in answer.get_data()] == [], path
        answer.close()


def test_the_case_says_when_by_whom_and_why(company: ProcessEngine, app: Flask) -> None:
    case = complaint(company)
    decided(company, as_(company, "auditor", erasure.propose, customer=CUSTOMER, reason="来信"))
    lead = visitor(app, LEAD)
    lead.get(f"/cases/{case.id}")
    assert "这张工单的内容已于 2026-03-02 09:00 由审计员二和系统管理员决定销毁" in re.sub(r"\s+", " ", lead.page)
    assert "按规定" in lead.page
    assert "填写的内容已销毁" in lead.page
    assert "/audit/destructions/" not in lead.page
    lead.get(f"/cases/{case.id}/records/complaint")
    assert "个人信息已于 2026-03-02 09:00 按决定销毁：按规定" in lead.page


def test_rest_still_answers_for_an_erased_case(company: ProcessEngine, app: Flask) -> None:
    case = complaint(company)
    decided(company, as_(company, "auditor", erasure.propose, customer=CUSTOMER, reason="来信"))
    client = app.test_client()
    sure = {"auth": ("admin", "fuwuflow")}
    for path in (f"/history/process-instance/{case.id}", f"/history/process-instance?processInstanceId={case.id}",
                 f"/history/activity-instance?processInstanceId={case.id}",
                 f"/history/activity-instance/count?processInstanceId={case.id}"):
        answer = client.get(f"/engine-rest{path}", **sure)
        assert answer.status_code == 200, path
        assert [text for text in PERSONAL if text in answer.get_data(as_text=True)] == []


def test_a_scenario_of_an_erased_case_is_refused_in_words(company: ProcessEngine, app: Flask) -> None:
    case = complaint(company)
    decided(company, as_(company, "auditor", erasure.propose, customer=CUSTOMER, reason="来信"))
    owner = visitor(app, "admin")
    assert owner.get(f"/modeler/scenarios/new?case={case.id}").status_code == 200
    assert owner.send("/modeler/scenarios/new", name="重演").status_code == 409
    assert "这份工单的部分内容已按规定销毁" in owner.page


def test_a_destroyed_record_says_so_instead_of_not_there_yet(company: ProcessEngine, app: Flask, clock: Clock) -> None:
    case = complaint(company)
    as_(company, "admin", retention.set_period, "complaint", 12, reason="管理评审")
    clock.set(AT_THE_END)
    decided(company, as_(company, "auditor", retention.propose, "complaint", reason="到期"))
    lead = visitor(app, LEAD)
    assert lead.get(f"/cases/{case.id}/records/complaint").status_code == 200
    assert "这份记录已于 2027-03-03 09:00 由审计员二和系统管理员决定销毁" in re.sub(r"\s+", " ", lead.page)
    assert lead.get(f"/cases/{case.id}/records/complaint.pdf").status_code == 410
    lead.get(f"/cases/{case.id}")
    assert "已于 2027-03-03 09:00 销毁。" in lead.page


# ------------------------------------------------------------------ the auditors' pages
def test_two_people_decide_by_the_pages(company: ProcessEngine, app: Flask) -> None:
    case = complaint(company)
    auditor = visitor(app, "auditor")
    assert auditor.get("/audit/retention").status_code == 200
    auditor.get(f"/audit/erasure?customer={CUSTOMER}")
    assert number(company, case) in auditor.page
    where = auditor.send("/audit/erasure/propose", reason="来信").headers["Location"]
    auditor.get(where)
    assert f'action="{where}/confirm"' not in auditor.page
    assert "要由别人决定" in auditor.page
    for user in ("auditor2", "admin"):
        other = visitor(app, user)
        other.get(where)
        refused = other.send(f"{where}/confirm", reason="身份已核实", typed="2")
        assert refused.status_code == 400
        assert f"请在确认栏中准确填写“{number(company, case)}”" in other.page
        assert "身份已核实" in other.page
        assert other.send(f"{where}/confirm", reason="身份已核实", typed=number(company, case)).status_code == 302
    jobs.run_all(company)
    auditor.get(where)
    assert "已销毁" in auditor.page
    assert CUSTOMER not in auditor.page
    assert auditor.get("/audit/retention").status_code == 200
    assert CUSTOMER not in auditor.page


def test_an_open_case_is_named_with_what_to_do(company: ProcessEngine, app: Flask) -> None:
    acting.start(company, LEAD, "complaint", received_by="phone", customer=CUSTOMER, complaint_text="慢")
    auditor = visitor(app, "auditor")
    assert auditor.get(f"/audit/erasure?customer={CUSTOMER}").status_code == 200
    assert "有 1 张工单现在不能删除。 请先办结或取消未结的工单" in auditor.page
    assert "/audit/erasure/propose" not in auditor.page
    token = re.search(r'csrf-token" content="([^"]+)"', auditor.page)
    assert token
    refused = auditor.post("/audit/erasure/propose", {"csrf": token[1], "customer": CUSTOMER, "reason": "来信"})
    assert refused.status_code == 409
    assert "有 1 张工单现在不能删除（" in auditor.page


def test_unknown_numbers_and_names_are_told(company: ProcessEngine, app: Flask) -> None:
    auditor = visitor(app, "auditor")
    assert auditor.get("/audit/erasure?numbers=XX-1").status_code == 404
    assert "没有编号为“XX-1”的工单" in auditor.page
    assert auditor.get("/audit/erasure?customer=无此人").status_code == 200
    assert "没有找到" in auditor.page


def test_periods_are_changed_by_owners_only(company: ProcessEngine, app: Flask) -> None:
    auditor, owner = visitor(app, "auditor"), visitor(app, "management_representative")
    auditor.get("/audit/retention")
    assert "/audit/retention/complaint/period" not in auditor.page
    owner.get("/audit/retention")
    for typed in ("0", "x", "99999"):
        owner.get("/audit/retention")
        assert owner.send("/audit/retention/complaint/period", months=typed, reason="管理评审").status_code == 400
        assert "请填 1 到 1200 之间的整月数" in owner.page
        assert "管理评审" in owner.page
    assert owner.send("/audit/retention/complaint/period", months="36", reason="管理评审").status_code == 302
    owner.get("/audit/retention")
    assert "保存 36 个月" in owner.page


def test_who_does_not_audit_sees_none_of_it(company: ProcessEngine, app: Flask) -> None:
    clerk = visitor(app, "clerk")
    for path in ("/audit/retention", "/audit/erasure", "/audit/destructions/x"):
        assert clerk.get(path).status_code == 403
        assert "只有审计人员、批准人和管理员" in clerk.page


def test_what_falls_due_is_proposed_decided_and_rejected_by_the_pages(company: ProcessEngine, app: Flask, clock: Clock) -> None:
    survey(company)
    clock.set(AT_THE_END)
    auditor = visitor(app, "auditor")
    auditor.get("/audit/retention")
    where = auditor.send("/audit/retention/survey_form/propose", reason="到期").headers["Location"]
    auditor.get(where)
    assert "2027-03-03" in auditor.page
    assert auditor.send(f"{where}/reject", reason="").status_code == 400
    assert auditor.send(f"{where}/reject", reason="等内审").status_code == 302
    auditor.get(where)
    assert "已驳回" in auditor.page
    with company.reading(SYSTEM) as uow:
        assert [row.subject for row in deciding.listing(uow, "rejected")] == ["survey_form"]
