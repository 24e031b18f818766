"""A case by clicks: its diagram, what is known, what happened, comments and files, related cases, watching, printed records."""

import io
import re
from collections.abc import Callable
from pathlib import Path

import pypdf
import pytest
import sqlalchemy as sa
from PIL import Image
from playwright.sync_api import Locator, expect

from engine.tables import history_event
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.browser.access import must_be_accessible
from tests.browser.person import Person
from tests.conftest import Clock
from tests.database import acting
from tests.database.acting import Case

LEAD, ENGINEER, SALES = "lead.changsha", "engineer.changsha", "sales.changsha"
CUSTOMER = "长沙市五一路储蓄所"
REPORT = {
    "report_source": "customer", "serial_number": "CT2026001", "product": "terminal_text", "customer": CUSTOMER,
    "contact": "设备科", "phone": "0731-5550101", "region": "same_city", "reported_fault": "开机无显示",
}
RECEIVED = {"received_by": "phone", "customer": CUSTOMER, "serial_number": "CT2026001", "complaint_text": "约好上门没有来"}
REQUEST = {"customer": CUSTOMER, "product": "pin_pad", "serial_number": "PP1", "shipped_on": "2026-02-27", "is_unopened": "yes",
           "return_reason": "要换型号", "return_condition": "a"}
DESK = 1440
People = Callable[..., Person]


@pytest.fixture(autouse=True)
def case(company: ProcessEngine, clock: Clock) -> Case:
    """A repair that the lead gave to the engineer forty minutes after it came; it is there before the browser."""
    found = acting.start(company, LEAD, "in_warranty", **REPORT)
    clock.move(minutes=40)
    return found.do(LEAD, "assign_visit", engineer=ENGINEER, assignment_note="先打电话，带备板")


# ------------------------------------------------------------------ where it stands
@pytest.mark.parametrize(("width", "language"), [(390, "zh"), (DESK, "en")])
def test_diagram_shows_the_way_and_the_present_step_and_the_list_beside_says_when(
        person: People, case: Case, width: int, language: str) -> None:
    lead = person(LEAD, width=width, language=language)
    lead.go(f"/cases/{case.id}")
    picture = drawn(lead)
    expect(picture.locator('[data-element-id="assign_visit"]')).to_have_class(re.compile("is-done"))
    expect(picture.locator('[data-element-id="confirm_fault"]')).to_have_class(re.compile("has-token"))
    expect(picture.locator(".is-taken")).not_to_have_count(0)
    lead.page.locator(".visits-fold:visible summary").first.click()
    stay = lead.page.locator('[data-visit="assign_visit"]')
    expect(stay).to_contain_text({"zh": "40 分钟", "en": "40 min"}[language])
    expect(stay).to_contain_text({"zh": "长沙服务部负责人", "en": "Changsha service lead"}[language])
    stay.click()
    expect(picture.locator('[data-element-id="assign_visit"]')).to_have_class(re.compile("is-shown"))
    must_be_accessible(lead)
    assert lead.script_errors == []


def test_what_is_known_is_told_in_words_under_the_step_that_asked(person: People, case: Case) -> None:
    lead = person(LEAD, width=DESK)
    lead.go(f"/cases/{case.id}")
    known = part(lead, "已知信息")
    for label, words in (("顾客离维修点", "市内（一天内到场）"), ("产品", "终端"), ("指派工程师", "长沙工程师")):
        row = known.locator(".known > div").filter(has=lead.page.get_by_text(label)).first
        expect(row).to_contain_text(words)
    expect(known.locator(".known-step")).to_contain_text(["指派工程师上门"])
    expect(known.locator("details dl").first).to_be_hidden()  # the data without a label are for who asks


# ------------------------------------------------------------------ what happened
def test_timeline_is_narrowed_by_kind(person: People, case: Case) -> None:
    lead = person(LEAD, width=DESK)
    lead.go(f"/cases/{case.id}")
    page = lead.page
    page.get_by_label("您的留言").fill("顾客下午在")
    page.get_by_label("您的留言").press("Control+Enter")
    expect(page.locator(".comments")).to_contain_text("顾客下午在")
    page.reload()
    total = page.locator(".timeline .event").count()
    for kind, words in (("people", "人员"), ("comment", "留言")):
        page.locator(".kinds").get_by_role("link", name=words).click()
        expect(page).to_have_url(re.compile(f"show={kind}"))
        shown = page.locator(".timeline .event")
        expect(shown).not_to_have_count(total)
        expect(shown).to_have_count(page.locator(f".timeline .event-{kind}").count())
        expect(page.locator(".kind.is-current .num")).to_have_text(str(shown.count()))
    expect(page.locator(".timeline")).to_contain_text("顾客下午在")


def test_file_and_comment_are_added_on_a_phone(person: People, company: ProcessEngine, case: Case, tmp_path: Path) -> None:
    photo = tmp_path / "铭牌.jpg"
    Image.new("RGB", (400, 300), "navy").save(photo)
    engineer = person(ENGINEER)
    engineer.go(f"/cases/{case.id}")
    engineer.page.locator("#upload-file").set_input_files([photo])
    expect(engineer.page.locator("[data-uploads] li")).to_have_text("铭牌.jpg 已上传")
    expect(engineer.page.locator(".documents img")).to_have_attribute("alt", "铭牌.jpg")
    must_be_accessible(engineer)
    with company.reading(SYSTEM) as uow:
        found = uow.rows(sa.select(history_event.c.command).where(history_event.c.instance_id == case.id))
    assert "add_document" in [row.command for row in found]


# ------------------------------------------------------------------ other cases, watching
def test_related_cases_and_the_list_lead_from_one_to_the_other(person: People, company: ProcessEngine, case: Case) -> None:
    lead = person(LEAD, width=DESK)
    lead.start("complaint", received_by="电话", customer=CUSTOMER, complaint_text="约好上门没有来")
    lead.go(f"/cases/{case.id}")
    (other,) = acting.cases_of(company, "complaint")
    part(lead, "同一顾客的工单").get_by_role("link").first.click()
    expect(lead.page).to_have_url(re.compile(f"/cases/{other.id}$"))
    lead.page.locator(".crumbs").get_by_role("link", name="工单").click()
    rows = lead.page.locator("tbody tr")
    expect(rows).to_have_count(2)
    lead.page.locator("#search").fill("CT2026001")
    lead.page.locator("#search").press("Enter")
    expect(rows).to_have_count(1)
    must_be_accessible(lead)
    lead.page.get_by_role("link", name="已结束").click()
    expect(lead.page.locator(".empty-state")).to_be_visible()
    lead.page.locator(".empty-state").get_by_role("link").click()
    expect(rows).to_have_count(2)
    rows.last.locator("a").click()
    expect(lead.page).to_have_url(re.compile(f"/cases/{case.id}$"))


def test_watched_case_rings_the_bell_when_it_moves_on(person: People, case: Case) -> None:
    sales, engineer = person(SALES), person(ENGINEER)
    sales.go(f"/cases/{case.id}")
    sales.page.get_by_role("button", name="关注此工单").click()
    expect(sales.page.get_by_role("button", name="取消关注")).to_be_visible()
    engineer.open("确认故障、约定上门时间")
    engineer.answer("是", confirmed_fault="电源灯亮，屏幕不亮", agreed_visit_at="2026-03-02 14:00")
    sales.go("/inbox?view=watched")
    expect(sales.page.locator("#rows")).to_contain_text(CUSTOMER)
    expect(sales.page.locator(".bell-count")).to_have_text("1")
    sales.page.locator(".bell summary").click()
    sales.page.locator(".bell .is-unseen").click()
    expect(sales.page).to_have_url(re.compile(f"/cases/{case.id}"))
    expect(sales.page.locator(".bell-count")).to_have_count(0)


# ------------------------------------------------------------------ records
@pytest.fixture
def three(company: ProcessEngine, case: Case) -> dict[str, str]:
    """Cases whose records are there, by the record's title."""
    complaint = acting.start(company, SALES, "complaint", **RECEIVED).do(LEAD, "judge_complaint", is_complaint="yes")
    complaint.do(LEAD, "accept_complaint", severity="ordinary", severity_reason="没有停业")
    returned = acting.start(company, SALES, "product_return").do(SALES, "fill_in_return_request", **REQUEST)
    return {"产品维修单": case.id, "投诉": complaint.id, "退库产品申请单": returned.id}


@pytest.mark.parametrize("title", ["产品维修单", "投诉", "退库产品申请单"])
def test_record_is_printed_as_a_page_and_as_pdf(three: dict[str, str], person: People, title: str) -> None:
    lead = person("manager", width=DESK)
    lead.go(f"/cases/{three[title]}")
    records = lead.page.locator("section.panel").filter(has=lead.page.get_by_role("heading", name="可打印的记录"))
    records.get_by_role("link").first.click()
    expect(lead.page.locator("h1")).to_contain_text(title)
    expect(lead.page.locator("body")).to_contain_text(CUSTOMER)
    must_be_accessible(lead)
    lead.page.emulate_media(media="print")
    expect(lead.page.locator(".ways")).to_be_hidden()
    address = lead.page.locator('a[href$=".pdf"]').first.get_attribute("href") or ""
    reply = lead.page.request.get(lead.address + address)
    assert (reply.status, reply.headers["content-type"]) == (200, "application/pdf")
    text = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(reply.body())).pages)
    assert title in "".join(text.split())


# ------------------------------------------------------------------ what people see
def drawn(someone: Person) -> Locator:
    """The first diagram, once it is painted."""
    found = someone.page.locator("[data-diagram]:visible").first
    found.scroll_into_view_if_needed()
    expect(found).to_have_class(re.compile("is-drawn"))
    return found


def part(someone: Person, title: str) -> Locator:
    """A part of the page by its heading."""
    return someone.page.locator("details.fold").filter(has=someone.page.get_by_role("heading", name=title))
