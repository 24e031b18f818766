"""An auditor finds cases, keeps the search and takes files away by clicks, in both languages, at a desk and on a phone."""

import csv
import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from engine import identity, instances
from engine.tables import access_log, audit_search
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.browser.access import must_be_accessible
from tests.browser.person import PHONE, Person
from tests.database import acting

People = Callable[..., Person]
LEAD = "lead.changsha"
SCREENS = [(1440, "zh"), (1440, "en"), (PHONE, "zh"), (PHONE, "en")]
WORDS = {
    "zh": {"audit": "审计", "filter": "筛选", "procedure": "流程", "intervention": "干预", "apply": "应用",
           "save": "保存这次查找", "keep": "保存", "export": "导出",
           "none": "没有同时符合这些条件的工单", "two": "符合条件的工单：2 份",
           "hide": "人员和顾客以代号代替", "forget": re.compile("删除“"), "number": "工单号", "search": "搜索"},
    "en": {"audit": "Audit", "filter": "Filter", "procedure": "Procedure", "intervention": "Intervention", "apply": "Apply",
           "save": "Save this search", "keep": "Save", "export": "Export", "none": "No case fits all of this",
           "two": "Cases that fit: 2", "hide": "Replace people and customers by pseudonyms", "forget": re.compile("Forget “"),
           "number": "Case number", "search": "Search"}}


@pytest.fixture
def complaints(company: ProcessEngine) -> None:
    """Three complaints, of which two were held, and a case in warranty; made before the server of `person` has a worker."""
    found = [acting.start(company, "sales.changsha", "complaint", received_by="phone", customer="Wuyi Road savings office",
                          complaint_text="Came late") for _ in range(3)]
    acting.start(company, LEAD, "in_warranty", report_source="customer", serial_number="CT-E-1", product="terminal_text",
                 customer="Wuyi Road savings office", contact="Equipment desk", phone="0731-5550101", region="same_city",
                 reported_fault="No picture")
    with company.reading(SYSTEM) as uow:
        lead = identity.actor(uow, LEAD)
    for case in found[:2]:
        with company.transaction(lead) as uow:
            instances.suspend(uow, case.id, reason="Parts are missing")


def downloaded(page: Page, button: str, folder: Path) -> bytes:
    with page.expect_download() as coming:
        page.get_by_role("button", name=button, exact=True).click()
    path = folder / coming.value.suggested_filename
    coming.value.save_as(path)
    return path.read_bytes()


@pytest.mark.usefixtures("complaints")
@pytest.mark.parametrize(("width", "language"), SCREENS)
def test_auditor_finds_keeps_and_takes_away_by_clicks(
        company: ProcessEngine, person: People, tmp_path: Path, width: int, language: str) -> None:
    auditor, words = person("auditor", width=width, language=language), WORDS[language]
    page = auditor.page
    page.get_by_role("link", name=str(words["audit"]), exact=True).click()
    expect(page.locator("tbody tr")).to_have_count(4)
    page.locator("summary", has_text=str(words["filter"])).click()
    page.get_by_label(str(words["procedure"]), exact=True).select_option("complaint")
    page.get_by_label(str(words["intervention"]), exact=True).select_option("suspend")
    page.get_by_role("button", name=str(words["apply"]), exact=True).click()
    expect(page.get_by_role("status").filter(has_text=str(words["two"]))).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(2)
    must_be_accessible(auditor)

    page.locator("summary", has_text=str(words["save"])).click()
    page.locator("#search-name").fill("Held complaints")
    page.get_by_role("button", name=str(words["keep"]), exact=True).click()
    expect(page.locator(".saved .chip.is-current")).to_have_text("Held complaints")
    numbers = page.locator("tbody .row-link").all_inner_texts()

    page.locator("summary", has_text=str(words["export"])).click()
    must_be_accessible(auditor)
    table = downloaded(page, "CSV", tmp_path)
    assert [line[str(words["number"])] for line in csv.DictReader(io.StringIO(table.decode("utf-8-sig")))] == numbers
    page.get_by_label(str(words["hide"])).check()
    with zipfile.ZipFile(io.BytesIO(downloaded(page, {"zh": "Excel（XLSX）", "en": "Excel (XLSX)"}[language], tmp_path))) as book:
        text = "".join(book.read(name).decode() for name in book.namelist() if name.endswith(".xml"))
    assert all(number in text for number in numbers)
    assert "customer 1" in text
    assert "Wuyi Road" not in text
    with company.reading(SYSTEM) as uow:
        exported = uow.rows(sa.select(access_log.c.subject).where(access_log.c.kind == "export"))
    assert {row.subject for row in exported} == {"cases.csv", "cases.xlsx"}

    page.locator("summary", has_text=str(words["export"])).click()
    page.locator("tbody .row-link").first.click()
    expect(page).to_have_url(re.compile(r"/cases/"))
    page.go_back()
    page.get_by_role("button", name=words["forget"]).click()
    expect(page.locator(".saved")).to_have_count(0)
    with company.reading(SYSTEM) as uow:
        assert uow.rows(sa.select(audit_search)) == []
    assert auditor.script_errors == []


@pytest.mark.usefixtures("complaints")
@pytest.mark.parametrize(("width", "language"), SCREENS)
def test_auditor_who_finds_nothing_takes_one_condition_off(person: People, width: int, language: str) -> None:
    auditor, words = person("auditor", width=width, language=language), WORDS[language]
    auditor.go("/audit/cases?process=in_warranty&intervention=suspend")
    page = auditor.page
    expect(page.get_by_role("heading", name=str(words["none"]))).to_be_visible()
    must_be_accessible(auditor)
    page.locator(".empty-actions a").last.click()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.locator(".chips .chip").first.click()
    expect(page.locator("tbody tr")).to_have_count(4)
    page.locator("#by-q").fill("no such case")
    page.get_by_role("button", name=str(words["search"]), exact=True).click()
    expect(page.get_by_role("heading", name=str(words["none"]))).to_be_visible()


def test_navigation_of_an_administrator_fits_on_a_phone(person: People) -> None:
    for language in ("zh", "en"):
        admin = person("admin", language=language)
        admin.go("/audit/cases")
        links = admin.page.locator(".mainnav .nav-item-link")
        expect(links).to_have_count(6)
        for box in (each.bounding_box() for each in links.all()):
            assert box is not None
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= PHONE
            assert box["height"] < 60, "one line of words below the picture"
        if language == "en":
            assert admin.page.locator(".mainnav").evaluate("each => each.scrollWidth <= each.clientWidth")


def test_open_tab_is_in_sight_on_a_phone(person: People) -> None:
    auditor = person("auditor")
    auditor.go("/audit/access")
    tab = auditor.page.locator(".tabs > .tab.is-current")
    expect(tab).to_have_text("查阅日志")
    expect(tab).to_be_in_viewport(ratio=0.99)  # a row scrolls by whole pixels
