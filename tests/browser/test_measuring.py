"""An auditor measures by clicks: the heat map, its table, conformance with its reasons, the clause matrix."""

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from engine import identity, instances, interventions
from engine.interventions import Skip
from engine.tables import access_log
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.browser.access import must_be_accessible
from tests.browser.person import PHONE, Person
from tests.conftest import Clock
from tests.database import acting

People = Callable[..., Person]
LEAD = "lead.changsha"


def complaint(company: ProcessEngine, office: str = "changsha") -> acting.Case:
    return acting.start(company, f"sales.{office}", "complaint", received_by="phone", customer="长沙市五一路储蓄所",
                        complaint_text="约好上门没有来")


@pytest.fixture
def worked(company: ProcessEngine, clock: Clock) -> list[acting.Case]:
    """Four complaints: one judged by an administrator, one with a skipped step, one ended by hand, one late without a word.

    To be asked for before `person`, whose server has a worker.
    """
    found = [complaint(company), complaint(company), complaint(company), complaint(company, "yueyang")]
    clock.move(hours=1)
    found[0].do("admin", "judge_complaint", is_complaint="yes")
    found[1].do(LEAD, "judge_complaint", is_complaint="yes")
    with company.reading(SYSTEM) as uow:
        lead = identity.actor(uow, LEAD)
    with company.transaction(lead) as uow:
        interventions.intervene(uow, found[1].id, Skip(found[1].task("accept_complaint").token), reason="电话里已经受理")
    with company.transaction(lead) as uow:
        instances.terminate(uow, found[2].id, reason="顾客撤诉")
    return found


def table(page: Page, link: str) -> list[list[str]]:
    """The rows of a file that a link leads to."""
    with page.expect_download() as waiting:
        page.get_by_role("link", name=link).click()
    text = Path(waiting.value.path()).read_text("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def test_auditor_reads_the_heat_map_by_clicks(worked: list[acting.Case], person: People, company: ProcessEngine) -> None:
    auditor = person("auditor", width=1440)
    page = auditor.page
    auditor.go("/audit/figures?process=complaint")
    part, diagram = page.locator("[data-figures]"), page.locator(".diagram-heat")
    expect(part).to_have_class(re.compile("is-ready"))
    judged = diagram.locator("[data-element-id=judge_complaint]").first
    expect(judged).to_have_class(re.compile("heat-5"))
    expect(diagram.locator(".heat-badge", has_text=re.compile("^4$")).first).to_be_visible()
    expect(page.locator("tr[data-element=judge_complaint] [data-column=times] strong")).to_have_text("4")

    page.get_by_role("link", name="等待时间", exact=True).click()
    expect(page).to_have_url(re.compile("measure=waiting"))
    expect(page.locator("th.is-chosen")).to_have_text("等待")
    first = page.locator("tbody tr").first
    expect(first).to_have_attribute("data-element", "judge_complaint")
    expect(first.locator("[data-column=waiting] strong")).to_have_text("1.0 小时")
    expect(diagram.locator(".heat-badge", has_text="1.0 小时")).to_be_visible()

    page.get_by_role("button", name="受理投诉").first.click()
    expect(diagram.locator("[data-element-id=accept_complaint]").first).to_have_class(re.compile("is-shown"))
    diagram.locator("[data-element-id=judge_complaint]").first.click()
    expect(page.locator("tr.is-current")).to_have_attribute("data-element", "judge_complaint")

    page.locator("#office").select_option(label="岳阳办事处")
    page.get_by_role("button", name="显示", exact=True).click()
    expect(page.locator("#office")).to_have_value("yueyang")
    expect(page.locator("tr[data-element=judge_complaint] [data-column=times] strong")).to_have_text("1")
    expect(page).to_have_url(re.compile("measure=waiting"))
    page.locator("tr[data-element=judge_complaint] [data-examples=times] a").first.wait_for(state="attached")
    rows = table(page, "导出表格")
    assert next(row for row in rows if row[0] == "judge_complaint")[3] == "1"
    with company.reading(SYSTEM) as uow:
        assert [row.subject for row in uow.rows(access_log.select())] == ["figures-complaint.csv"]
    assert auditor.script_errors == []


def test_case_of_the_table_is_one_click_away(worked: list[acting.Case], person: People) -> None:
    auditor = person("auditor", width=1440)
    auditor.go("/audit/figures?process=complaint&measure=waiting")
    auditor.page.locator("[data-element=judge_complaint] [data-examples=waiting] a").first.click()
    expect(auditor.page).to_have_url(re.compile("/cases/"))


def test_heat_map_is_a_table_without_scripts(worked: list[acting.Case], person: People) -> None:
    auditor = person("auditor")
    page = auditor.page
    page.route("**/*.js", lambda route: route.abort())
    auditor.go("/audit/figures?process=complaint")
    page.get_by_role("link", name="停留时间").click()
    expect(page).to_have_url(re.compile("measure=lasting"))
    expect(page.locator("tbody tr").first).to_have_attribute("data-element", "judge_complaint")
    expect(page.locator(".heat-legend:visible li").first).to_be_visible()


def test_auditor_finds_deviations_and_their_reasons_by_clicks(worked: list[acting.Case], person: People) -> None:
    auditor = person("auditor", width=1440)
    page = auditor.page
    auditor.go("/audit/conformance")
    figures = page.locator(".key-figures dd")
    expect(figures.first).to_have_text("4")
    expect(page.locator(".deviations tbody tr")).to_have_count(3)
    expect(page.locator(".deviations")).to_contain_text("电话里已经受理")
    page.get_by_role("link", name=re.compile("角色不符")).click()
    row = page.locator(".deviations tbody tr")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("未写理由")
    expect(row).to_contain_text("应由服务部负责人办理")

    page.get_by_role("link", name=re.compile(r"^全部 \d")).click()
    page.get_by_role("link", name=re.compile("未写理由")).last.click()
    expect(page.locator(".deviations tbody tr")).to_have_count(1)
    page.locator(".cells tbody th a").first.click()
    expect(page).to_have_url(re.compile(r"clause="))
    auditor.go("/audit/conformance?kind=skipped")
    page.locator(".deviations tbody a").first.click()
    expect(page).to_have_url(re.compile(rf"/cases/{worked[1].id}#event-\d+"))
    expect(page.locator(":target")).to_contain_text("电话里已经受理")


def test_list_of_deviations_is_a_file_as_narrowed(worked: list[acting.Case], person: People) -> None:
    auditor = person("auditor", width=1440)
    auditor.go("/audit/conformance?kind=forced")
    rows = table(auditor.page, "导出清单")
    assert [row[10] for row in rows[1:]] == ["顾客撤诉"]


def test_auditor_sees_what_is_missing_in_the_matrix_by_clicks(worked: list[acting.Case], person: People) -> None:
    auditor = person("auditor", width=1440)
    page = auditor.page
    auditor.go("/audit/clauses")
    expect(page.locator(".key-figures dd").nth(1)).to_have_text("0")
    expect(page.locator("tbody", has=page.get_by_text("5.1.12", exact=True))).to_contain_text("无对应活动")
    judged = page.locator("tr", has_text="是否为客户投诉").first
    expect(judged).to_contain_text("投诉处理记录")
    page.get_by_role("link", name="只看缺口").click()
    expect(page.locator("tbody", has=page.get_by_text("5.1.12", exact=True))).to_be_visible()
    expect(page.locator("tr", has_text="是否为客户投诉")).to_have_count(0)
    rows = table(page, "导出矩阵")
    assert next(row for row in rows if row[0] == "5.1.12")[9] == "无对应活动"


@pytest.mark.parametrize(("width", "language"), [(1440, "en"), (PHONE, "en"), (PHONE, "zh")])
def test_pages_that_measure_can_be_read_by_everybody(
        worked: list[acting.Case], person: People, width: int, language: str) -> None:
    auditor = person("auditor", width=width, language=language)
    for path in ("/audit/figures?process=complaint", "/audit/figures?process=complaint&measure=late&time=clock",
                 "/audit/conformance", "/audit/conformance?month=2026-03", "/audit/clauses", "/audit/clauses?gaps=yes"):
        must_be_accessible(auditor, path)
    assert auditor.script_errors == []


def test_period_that_cannot_be_read_is_one_sentence_and_keeps_what_was_typed(worked: list[acting.Case], person: People) -> None:
    auditor = person("auditor")
    for path in ("figures", "conformance", "clauses"):
        auditor.go(f"/audit/{path}?since=2026-05-01&until=2026-04-01")
        expect(auditor.page.get_by_role("alert")).to_contain_text("2026-03-01")
        expect(auditor.page.locator("#since")).to_have_value("2026-05-01")


def test_empty_period_says_what_to_do_next(worked: list[acting.Case], person: People) -> None:
    auditor = person("auditor")
    for path in ("figures", "conformance"):
        auditor.go(f"/audit/{path}?since=2020-01-01&until=2020-01-31")
        expect(auditor.page.locator(".empty-state")).to_contain_text("放宽期间")


def test_who_does_not_audit_is_refused(worked: list[acting.Case], person: People) -> None:
    lead = person(LEAD)
    for path in ("figures", "conformance", "clauses"):
        response = lead.page.goto(f"{lead.address}/audit/{path}")
        assert response is not None
        assert response.status == 403
