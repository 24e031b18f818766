"""Printed records: as a page for paper and as PDF, of a case that the reader may see, once they exist."""

import io
from typing import Any

import pypdf
import pytest
from flask import Flask

from engine.unit_of_work import SYSTEM, ProcessEngine
from handlers import printed_records
from tests.database.acting import Case, start
from tests.web_client import Client, app_of

SALES, LEAD = "sales.changsha", "lead.changsha"
ODD = "长沙某<script>银行</script>#import \"x\"; *粗*"
REPORT = {"report_source": "customer", "serial_number": "CT2026001", "product": "terminal_text", "customer": ODD,
    "contact": "设备科",
          "phone": "0731-8840000", "region": "same_city", "reported_fault": "开机后屏幕无显示"}
REQUEST = {"customer": "长沙市某中学", "product": "pin_pad", "serial_number": "PP1", "shipped_on": "2026-02-27",
    "is_unopened": "yes",
           "return_reason": "要换型号", "return_condition": "a"}
COMPLAINT = {"received_by": "phone", "customer": "长沙市某中学", "complaint_text": "约好上午，下午才到"}


@pytest.fixture
def app(company: ProcessEngine) -> Flask:
    return app_of(company)


@pytest.fixture
def lead(app: Flask) -> Client:
    client = Client(app)
    client.sign_in(LEAD)
    return client


def pdf_of(client: Client, case: Case, name: str) -> pypdf.PdfReader:
    response = client.get(f"/cases/{case.id}/records/{name}.pdf")
    assert (response.status_code, response.mimetype) == (200, "application/pdf")
    return pypdf.PdfReader(io.BytesIO(response.data))


def text_of(document: pypdf.PdfReader) -> str:
    """The words, wherever a line broke."""
    return "".join("".join(page.extract_text() for page in document.pages).split())


def accepted(company: ProcessEngine) -> Case:
    case = start(company, LEAD, "complaint", **COMPLAINT)
    case.do(LEAD, "judge_complaint", is_complaint="yes")
    return case.do(LEAD, "accept_complaint", severity="ordinary", severity_reason="没有停业")


def handled(company: ProcessEngine) -> Case:
    case = accepted(company)
    case.do(LEAD, "find_cause", cause="派工不当", human_factor="yes", is_quality_problem="no")
    case.do(LEAD, "learn_details", details="两单冲突", complained_about="engineer.changsha")
    case.do(LEAD, "agree_remedy", remedy="今天修好", remedy_agreed_by="设备科负责人")
    case.do(LEAD, "carry_out_remedy", remedy_result="已修好")
    case.do(LEAD, "penalise", penalty="扣发当月考核分")
    case.do(LEAD, "inform_customer", informed_note="已通报", improvement_needed="no")
    return case.do(LEAD, "record_handling", handling_record="处理完毕")


def test_a_repair_order_has_what_was_reported_on_the_page_and_in_the_pdf(lead: Client, company: ProcessEngine) -> None:
    case = start(company, LEAD, "in_warranty", **REPORT)
    found = text_of(pdf_of(lead, case, "repair_order"))
    assert lead.get(f"/cases/{case.id}/records/repair_order").status_code == 200
    for words in ("产品维修单", "CT2026001", "开机后屏幕无显示", "维修员", "5.1.9"):
        assert words in lead.page
        assert words in found


def test_what_people_typed_is_never_read_as_markup(lead: Client, company: ProcessEngine) -> None:
    case = start(company, LEAD, "in_warranty", **REPORT)
    assert ODD.replace(" ", "") in text_of(pdf_of(lead, case, "repair_order"))
    lead.get(f"/cases/{case.id}/records/repair_order")
    assert "<script>" not in lead.page
    assert "&lt;script&gt;银行" in lead.page


def test_the_chinese_font_is_embedded(lead: Client, company: ProcessEngine) -> None:
    case = start(company, LEAD, "in_warranty", **REPORT)
    fonts = [font.get_object() for page in pdf_of(lead, case, "repair_order").pages
             for font in page["/Resources"]["/Font"].values()]  # type: ignore[index]
    descendants = [font["/DescendantFonts"][0].get_object() for font in fonts]
    assert all("NotoSansSC" in font["/BaseFont"] for font in descendants)
    assert all({"/FontFile2", "/FontFile3"} & set(font["/FontDescriptor"].get_object()) for font in descendants)


def test_a_record_that_is_not_there_yet_says_when_it_comes(lead: Client, company: ProcessEngine) -> None:
    case = start(company, SALES, "product_return")
    assert lead.get(f"/cases/{case.id}/records/return_form").status_code == 404
    assert "申请提交" in lead.page
    assert lead.get(f"/cases/{case.id}/records/return_form.pdf").status_code == 404
    case.do(SALES, "fill_in_return_request", **REQUEST)
    assert "要换型号" in text_of(pdf_of(lead, case, "return_form"))


def test_a_corrective_action_is_printed_with_each_of_its_measures(
        app: Flask, lead: Client, company: ProcessEngine) -> None:
    case = start(company, "quality", "corrective_action", finding_source="inspection", audited_case="BN-000007",
                 finding_clause="5.1.9", finding="没有顾客签字", seriousness="serious")
    case.do("quality", "judge_finding", action_needed="yes", action_kind="corrective", responsible_department="centre")
    case.do("manager", "find_cause_centre", root_cause="表上没有签字栏")
    for measure, effective in (("口头提醒", "no"), ("改表", "yes")):
        case.do("manager", "plan_measure", measure=measure, measure_owner="manager", measure_due_on="2026-03-04",
                check_on="2026-03-02")
        case.do("manager", "carry_out_measure", measure_result="已办", carried_out_on="2026-03-02")
        case.do("quality", "verify_effectiveness", verification_finding="抽查十份", is_measure_effective=effective)
    assert case.ended_at == "action_effective"
    manager = Client(app)
    manager.sign_in("manager")
    found = text_of(pdf_of(manager, case, "corrective_action"))
    for said in ("BN-000007", "没有顾客签字", "严重", "表上没有签字栏", "口头提醒", "改表", "抽查十份"):
        assert said in found
    assert lead.get(f"/cases/{case.id}/records/corrective_action").status_code == 403


def test_the_penalty_and_who_was_complained_about_are_not_printed(lead: Client, company: ProcessEngine) -> None:
    case = handled(company)
    found = text_of(pdf_of(lead, case, "complaint"))
    assert "处理完毕" in found
    assert lead.get(f"/cases/{case.id}/records/complaint").status_code == 200
    for secret in ("扣发当月考核分", "长沙工程师", "engineer.changsha"):
        assert secret not in found
        assert secret not in lead.page


@pytest.mark.parametrize("path", ["records/repair_order", "records/repair_order.pdf"])
def test_a_case_of_another_office_is_not_printed(app: Flask, company: ProcessEngine, path: str) -> None:
    case = start(company, LEAD, "in_warranty", **REPORT)
    other = Client(app)
    other.sign_in("lead.yueyang")
    assert other.get(f"/cases/{case.id}/{path}").status_code == 403
    assert "CT2026001" not in other.page


@pytest.mark.parametrize("name", ["complaint", "nothing", "complaint.pdf"])
def test_a_case_has_only_the_records_of_its_process(lead: Client, company: ProcessEngine, name: str) -> None:
    case = start(company, LEAD, "in_warranty", **REPORT)
    assert lead.get(f"/cases/{case.id}/records/{name}").status_code == 404


def test_every_answer_of_a_form_has_words_in_both_languages() -> None:
    found: dict[str, Any] = vars(printed_records)
    said = [words for name, words in found.items() if name.isupper() and isinstance(words, dict) and name != "KINDS"]
    assert len(said) > 8
    for words in said:
        assert all(zh and en for zh, en in words.values())


def test_a_record_is_read_without_writing(company: ProcessEngine) -> None:
    case = accepted(company)
    with company.reading(SYSTEM) as uow:
        found = printed_records.record(uow, case.id, "complaint")
        assert found is not None
        assert [fact.value for fact in found.facts if fact.label == "受理人"] == ["长沙服务部负责人"]
