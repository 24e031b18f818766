"""People by clicks: an absence and what the substitute does in it, notices under the bell, what is mailed, the password."""

import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from playwright.sync_api import expect

from engine import chores, deployments
from engine.diagram.sources import File
from engine.tables import history_event, mail, substitution
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.browser.access import must_be_accessible
from tests.browser.outcome import apart, must_be_proven
from tests.browser.person import PASSWORD, Person
from tests.conftest import Clock
from tests.database import acting
from tests.database.acting import Case
from tests.diagram_text import diagram, end, flows, properties, start, user

LEAD, ENGINEER, COLLEAGUE = "lead.changsha", "engineer.changsha", "engineer2.changsha"
REPORT = {
    "report_source": "customer", "serial_number": "CT2026001", "product": "terminal_text", "customer": "长沙市五一路储蓄所",
    "contact": "设备科", "phone": "0731-5550101", "region": "same_city", "reported_fault": "开机无显示",
}
STEP = "确认故障、约定上门时间"
DESK = 1440
People = Callable[..., Person]


@pytest.fixture(autouse=True)
def case(company: ProcessEngine) -> Case:
    """A repair that the lead gave to the engineer; it comes before the browser does."""
    return acting.start(company, LEAD, "in_warranty", **REPORT).do(LEAD, "assign_visit", engineer=ENGINEER)


# ------------------------------------------------------------------ absence
def test_substitute_does_the_task_and_the_record_says_for_whom(person: People, company: ProcessEngine, case: Case) -> None:
    engineer, colleague = person(ENGINEER), person(COLLEAGUE)
    colleague.go("/inbox")
    expect(colleague.page.locator("#rows tr[data-id]")).to_have_count(0)
    absent(engineer, "2026-03-02T09:00", "2026-03-04T17:30")
    expect(engineer.page.get_by_role("status")).to_contain_text("已通知代理人")
    must_be_accessible(engineer)

    colleague.go("/inbox")
    colleague.page.locator(".bell summary").click()
    expect(colleague.page.locator(".bell .is-unseen").first).to_contain_text("长沙工程师")
    colleague.open(STEP)
    expect(colleague.page.locator(".why, .task-facts").first).to_contain_text("长沙工程师")
    must_be_accessible(colleague)
    colleague.answer("是", confirmed_fault="电源灯亮，屏幕不亮", agreed_visit_at="2026-03-02 14:00")
    colleague.go(f"/cases/{case.id}")
    expect(colleague.page.locator(".timeline")).to_contain_text("长沙工程师二（代 长沙工程师）")
    with company.reading(SYSTEM) as uow:
        rows = uow.rows(sa.select(history_event.c.actor, history_event.c.on_behalf_of).where(
            history_event.c.instance_id == case.id, history_event.c.element == "confirm_fault",
            history_event.c.command == "complete"))
    assert [(row.actor, row.on_behalf_of) for row in rows] == [(COLLEAGUE, ENGINEER)]
    must_be_proven(company)


def test_absence_that_is_called_off_gives_nothing_away(person: People, company: ProcessEngine) -> None:
    engineer, colleague = person(ENGINEER), person(COLLEAGUE)
    absent(engineer, "2026-03-02T09:00", "2026-03-04T17:30")
    absent(engineer, "2026-03-03T09:00", "2026-03-05T17:30")
    expect(engineer.page.get_by_role("alert")).to_be_visible()
    expect(engineer.page.locator("#until")).to_have_value("2026-03-05T17:30")
    engineer.page.get_by_role("button", name="现在结束").click()
    expect(engineer.page.get_by_role("status")).to_be_visible()
    colleague.go("/inbox")
    expect(colleague.page.locator("#rows tr[data-id]")).to_have_count(0)
    with company.reading(SYSTEM) as uow:
        assert uow.scalar(sa.select(sa.func.count()).select_from(substitution)) == 1


def test_lead_enters_the_absence_of_who_is_led(person: People) -> None:
    lead, engineer = person(LEAD, width=DESK), person(ENGINEER)
    lead.go("/me/absence")
    lead.page.locator("#whose").select_option(ENGINEER)
    lead.page.get_by_role("button", name="选择", exact=True).click()
    enter(lead, "2026-03-02T09:00", "2026-03-04T17:30", COLLEAGUE)
    expect(lead.page.get_by_role("heading", name="我负责的人员")).to_be_visible()
    must_be_accessible(lead)
    engineer.go("/me/absence")
    expect(engineer.page.locator(".plain-rows")).to_contain_text("长沙工程师二")


# ------------------------------------------------------------------ notices, mail, password
def test_notice_leads_to_the_task_and_is_seen_by_that(person: People, case: Case) -> None:
    lead, engineer = person(LEAD, width=DESK), person(ENGINEER)
    lead.go(f"/tasks/{case.task('confirm_fault').id}")
    say(lead, f"@{ENGINEER} 顾客下午在")
    engineer.go("/notices")
    told = engineer.page.locator(".notice-list .is-unseen")
    expect(told).to_have_count(2)  # assigned by the diagram, and mentioned: both lead to the task
    must_be_accessible(engineer)
    told.first.get_by_role("link").click()
    engineer.sees(STEP)
    engineer.go("/notices")
    expect(engineer.page.locator(".notice-list .is-unseen")).to_have_count(0)


def test_kind_that_is_mailed_at_once_is_mailed_and_others_are_not(person: People, company: ProcessEngine, case: Case) -> None:
    engineer, lead = person(ENGINEER), person(LEAD, width=DESK)
    engineer.go("/me")
    engineer.page.locator("#mail-mentioned").select_option("now")
    engineer.page.get_by_role("button", name="保存", exact=True).first.click()
    expect(engineer.page.get_by_role("status")).to_contain_text("邮件提醒的选择已保存")
    lead.go(f"/cases/{case.id}")
    say(lead, f"@{ENGINEER} 顾客下午在")
    with company.reading(SYSTEM) as uow:
        letters = uow.rows(sa.select(mail.c.subject).where(mail.c.recipient == f"{ENGINEER}@fuwuflow.example"))
    assert len([row for row in letters if "提到" in row.subject]) == 1


def test_changed_password_is_the_one_that_signs_in(person: People) -> None:
    engineer = person(ENGINEER)
    engineer.go("/me")
    for name, text in (("old", PASSWORD), ("new", "another-word"), ("again", "another-wird")):
        engineer.page.locator(f"#{name}").fill(text)
    engineer.page.get_by_role("button", name="更改密码").click()
    expect(engineer.page.get_by_role("alert")).to_contain_text("两次输入的新密码不一致")
    for name, text in (("old", PASSWORD), ("new", "another-word"), ("again", "another-word")):
        engineer.page.locator(f"#{name}").fill(text)
    engineer.page.get_by_role("button", name="更改密码").click()
    expect(engineer.page.get_by_role("status")).to_be_visible()
    engineer.page.context.clear_cookies()
    engineer.go("/sign-in")
    engineer.give_password()
    expect(engineer.page.get_by_role("alert")).to_contain_text("不正确")
    engineer.page.locator("#password").fill("another-word")
    engineer.page.locator(".sign-in-card button").click()
    expect(engineer.page).to_have_url(re.compile("/inbox"))


# ------------------------------------------------------------------ what people do
def say(someone: Person, text: str) -> None:
    """Comment on the case or task that is shown, with somebody's name in it."""
    someone.page.get_by_label("您的留言").fill(text)
    someone.page.get_by_label("您的留言").press("Control+Enter")
    expect(someone.page.locator(".comments .mention")).to_be_visible()


def absent(someone: Person, begin: str, until: str) -> None:
    """Enter one's own absence, with the colleague as substitute."""
    someone.go("/me/absence")
    enter(someone, begin, until, COLLEAGUE)


def enter(someone: Person, begin: str, until: str, substitute: str) -> None:
    """Fill in the absence that the page asks for."""
    someone.page.locator("#from").fill(begin)
    someone.page.locator("#until").fill(until)
    someone.page.locator("#substitute").select_option(substitute)
    someone.page.locator("#reason").fill("培训")
    someone.page.get_by_role("button", name="登记", exact=True).click()


# ------------------------------------------------------------------ separation of duties
LEADING = "service_lead,service_center_manager"
QUOTED = diagram(start(), user("quote", LEADING, name="报价"),
                 user("approve", LEADING, properties(not_by="quote"), name="批准报价"), end(),
                 flows("begin", "quote", "approve", "done"), key="discount", starters="service_lead")


@pytest.fixture
def discount(company: ProcessEngine) -> Case:
    """A price that the lead has quoted, and that somebody else has to approve. To be asked for before `person`."""
    with company.transaction(SYSTEM) as uow:
        deployments.deploy(uow, [File("discount.bpmn", QUOTED)], name="discount")
    return acting.start(company, "lead.changsha", "discount").do("lead.changsha", "quote")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_who_quoted_may_not_approve(discount: Case, person: People, company: ProcessEngine, language: str) -> None:
    task = discount.task("approve").id
    lead, manager = person("lead.changsha", language=language), person("manager", width=DESK, language=language)
    lead.go(f"/tasks/{task}")
    expect(lead.page.locator("main")).to_contain_text({"zh": "“报价”由您办理", "en": "You did “报价”"}[language])
    expect(lead.page.locator("#complete")).to_have_count(0)
    must_be_accessible(lead)
    manager.go(f"/tasks/{task}")
    manager.complete()
    assert discount.ended_at == "done"


# ------------------------------------------------------------------ the weekly digest
def test_weekly_digest_is_chosen_and_mailed_on_monday(person: People, company: ProcessEngine, clock: Clock) -> None:
    apart(chores.run_due, company)  # the first time it only begins to count
    engineer = person(ENGINEER)
    engineer.go("/me")
    engineer.page.locator("input[name=digest]").check()
    engineer.page.get_by_role("button", name="保存", exact=True).click()
    expect(engineer.page.get_by_role("status")).to_contain_text("邮件提醒的选择已保存")
    clock.move(days=7)
    apart(chores.run_due, company)
    admin = person("admin", width=DESK)
    admin.go("/admin/mail")
    expect(admin.page.locator("main")).to_contain_text("本周待办：您有 1 项任务")
    expect(admin.page.locator("main")).to_contain_text("engineer.changsha@")
