"""What every page owes its readers: fit, access, little script, and typed words that survive."""

import gzip
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Response, expect

from engine import identity, instances, jobs
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.browser.access import must_be_accessible
from tests.browser.person import Person
from tests.conftest import Clock
from web.inbox.inbox import PAGE

People = Callable[..., Person]
REPORT = {
    "serial": "CT2026001", "report_source": "顾客电话或传真", "contact": "设备科", "phone": "0731-5550101",
    "region": "市内（一天内到场）", "reported_fault": "开机无显示",
}
FORM = {
    "report_source": "customer", "serial_number": "CT2026001", "product": "terminal_text", "customer": "长沙市五一路储蓄所",
    "contact": "设备科", "phone": "0731-5550101", "region": "same_city", "reported_fault": "开机无显示",
}
PAGES = ("/modeler", "/modeler/definitions/process/complaint", "/modeler/definitions/form/judge_complaint", "/modeler/drafts",
         "/modeler/approvals", "/no-such-page")
"""What `test_every_page.py` leaves out."""


@pytest.mark.parametrize(("width", "language"), [(390, "zh"), (1440, "en")])
def test_pages_of_the_modeller_fit_and_are_accessible(person: People, width: int, language: str) -> None:
    admin = person("admin", width=width, language=language)
    for path in PAGES:
        must_be_accessible(admin, path)
    assert admin.script_errors == []


def test_typed_words_survive_an_ended_session(person: People, clock: Clock) -> None:
    lead = person("lead.changsha")
    lead.start("in_warranty", **REPORT)
    lead.open("指派工程师上门", view="groups")
    lead.fill(engineer="长沙工程师二", assignment_note="带备板，先打电话")
    clock.now += timedelta(hours=13)
    lead.page.get_by_role("button", name="完成", exact=True).click()
    expect(lead.page.locator(".notice-danger")).to_contain_text("您填写的内容都还在")
    lead.give_password()
    lead.sees("指派工程师上门")
    expect(lead.page.get_by_label("给工程师的话")).to_have_value("带备板，先打电话")
    lead.complete()


def test_typed_words_survive_a_reload_and_are_forgotten_when_done(person: People) -> None:
    lead = person("lead.changsha")
    lead.start("in_warranty", **REPORT)
    lead.open("指派工程师上门", view="groups")
    lead.fill(assignment_note="带备板")
    for _ in range(50):
        if kept(lead):
            break
        lead.page.wait_for_timeout(100)
    lead.page.reload()
    expect(lead.page.get_by_label("给工程师的话")).to_have_value("带备板")
    expect(lead.page.locator("[data-form-restored]")).to_be_visible()
    lead.complete(engineer="长沙工程师")
    assert kept(lead) == []


def test_double_click_completes_once_and_goes_on(person: People) -> None:
    lead = person("lead.changsha")
    lead.start("in_warranty", **REPORT)
    lead.open("指派工程师上门", view="groups")
    lead.fill(engineer="长沙工程师")
    lead.page.get_by_role("button", name="完成", exact=True).dblclick()
    expect(lead.page.locator(".empty-state")).to_contain_text("已完成：指派工程师上门")
    lead.go("/inbox?view=done")
    expect(lead.page.locator(".row-link")).to_have_count(1)


def test_back_button_after_completing_shows_that_it_is_done(person: People) -> None:
    lead = person("lead.changsha")
    lead.start("in_warranty", **REPORT)
    lead.open("指派工程师上门", view="groups")
    lead.complete(engineer="长沙工程师")
    lead.page.go_back()
    expect(lead.page.locator("body")).to_contain_text("长沙服务部负责人 已于")


def test_overtaken_colleague_reads_who_was_quicker_and_keeps_the_words(person: People) -> None:
    lead, admin = person("lead.changsha"), person("admin")
    lead.start("in_warranty", **REPORT)
    lead.open("指派工程师上门", view="groups")
    admin.open("指派工程师上门", view="groups")
    admin.complete(engineer="长沙工程师")
    lead.fill(engineer="长沙工程师二", assignment_note="先打电话")
    lead.page.get_by_role("button", name="完成", exact=True).click()
    expect(lead.page.locator(".notice-danger")).to_contain_text("系统管理员")
    expect(lead.page.locator("main")).to_contain_text("先打电话")


def test_diagram_shows_where_the_reader_is(person: People) -> None:
    lead = person("lead.changsha", width=1440)
    lead.start("in_warranty", **REPORT)
    lead.open("指派工程师上门", view="groups")
    expect(lead.page.locator(".diagram-badge-here")).to_have_text("您在这里")
    expect(lead.page.locator('[data-element-id="assign_visit"].is-here')).to_have_count(1)
    expect(lead.page.locator('[data-element-id="open_repair_order"].is-done')).to_have_count(1)


def test_inbox_works_by_keyboard_alone(person: People) -> None:
    lead = person("lead.changsha", width=1440)
    lead.start("in_warranty", **REPORT)
    lead.go("/inbox?view=groups")
    lead.page.keyboard.press("Tab")
    expect(lead.page.locator(".skip-link")).to_be_focused()
    for _ in range(30):
        lead.page.keyboard.press("Tab")
        if lead.page.evaluate("document.activeElement.classList.contains('row-link')"):
            break
    lead.page.keyboard.press("Enter")
    lead.sees("指派工程师上门")


def test_inbox_ships_less_than_60_kb_of_script(person: People) -> None:
    lead = person("lead.changsha")
    assert script_bytes(lead, "/inbox") < 60_000


def kept(someone: Person) -> list[str]:
    """The forms of which the browser keeps what was typed."""
    found: list[str] = someone.page.evaluate("Object.keys(sessionStorage).filter((key) => key.startsWith('typed:'))")
    return found


@pytest.fixture
def many_cases(company: ProcessEngine) -> None:
    """So many cases that the group's list has two pages."""
    with company.reading(SYSTEM) as uow:
        lead = identity.actor(uow, "lead.changsha")
    for _ in range(PAGE + 3):
        with company.transaction(lead) as uow:
            instances.start(uow, "in_warranty", form_values=FORM)
    jobs.run_all(company)


@pytest.mark.usefixtures("many_cases")
def test_more_rows_come_without_leaving_the_page(person: People) -> None:
    lead = person("lead.changsha")
    lead.go("/inbox?view=groups")
    expect(lead.page.locator(".row-link")).to_have_count(PAGE)
    lead.page.get_by_role("link", name="显示更多").click()
    expect(lead.page.locator(".row-link")).to_have_count(PAGE + 3)
    expect(lead.page).to_have_url(re.compile("view=groups$"))


def script_bytes(someone: Person, path: str) -> int:
    """The compressed size of the scripts that a page loads."""
    scripts: list[Response] = []
    someone.page.on("response", lambda found: scripts.append(found) if found.request.resource_type == "script" else None)
    someone.go(path)
    someone.page.wait_for_load_state("networkidle")
    return sum(len(gzip.compress(found.body())) for found in scripts)
