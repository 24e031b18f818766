"""A customer is forgotten by the clicks of an auditor and of two people who decide; a record falls due and is decided on."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from engine.audit import verification
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.browser.access import must_be_accessible
from tests.browser.person import PHONE, Person
from tests.conftest import Clock
from tests.database import destroying
from tests.database.acting import Case
from tests.database.destroying import ADDRESS, CONTACT, CUSTOMER

People = Callable[..., Person]
PHONE_NUMBER = destroying.PHONE
AT_THE_END = datetime(2027, 3, 3, 1, tzinfo=UTC)


@pytest.fixture
def over(company: ProcessEngine) -> Case:
    """A complaint that was handled; to be asked for before `person`, whose server has a worker."""
    return destroying.complaint(company)


@pytest.fixture
def due(company: ProcessEngine, clock: Clock) -> Case:
    """A survey whose forms and report are due."""
    case = destroying.survey(company)
    clock.set(AT_THE_END)
    return case


def decide(who: Person, path: str, typed: str) -> None:
    """Confirm on the page of a destruction."""
    who.go(path)
    page = who.page
    page.get_by_label(re.compile("为什么可以销毁|Why it may go")).fill("身份已核实")
    page.get_by_label(re.compile("为防止误操作|To be sure")).fill("999")
    page.get_by_role("button", name=re.compile("同意|Decide as")).click()
    expect(page.get_by_role("alert")).to_contain_text(typed)
    expect(page.get_by_label(re.compile("为什么可以销毁|Why it may go"))).to_have_value("身份已核实")
    page.get_by_label(re.compile("为防止误操作|To be sure")).fill(typed)
    page.get_by_role("button", name=re.compile("同意|Decide as")).click()


@pytest.mark.parametrize(("width", "language"), [(1440, "zh"), (PHONE, "en")])
def test_a_customer_is_forgotten_by_clicks(over: Case, person: People, company: ProcessEngine, width: int, language: str) -> None:
    auditor = person("auditor", width=width, language=language)
    auditor.go("/audit/retention")
    page = auditor.page
    page.get_by_role("link", name=re.compile("删除个人信息|Erase personal data")).click()
    page.get_by_label(re.compile("顾客名称|Customer, exactly")).fill(CUSTOMER)
    page.get_by_role("button", name=re.compile("查看有哪些内容|Look what is there")).click()
    expect(page.get_by_role("heading", name=re.compile("删除什么|What goes"))).to_be_visible()
    must_be_accessible(auditor)
    page.get_by_label(re.compile("理由|Reason, such")).fill("2026-03-01 来信")
    page.get_by_role("button", name=re.compile("提议删除 1 项|Propose to erase 1 item")).click()
    expect(page.get_by_text(re.compile("要由别人决定|others have to decide"))).to_be_visible()
    path = page.url.removeprefix(auditor.address)
    number = page.locator("#progress tbody td.num").first.inner_text().split()[0]

    decide(person("management_representative", width=width, language=language), path, number)
    expect(page.get_by_text(re.compile("等两个人决定|waits for two people"))).to_be_visible()
    second = person("admin", width=width, language=language)
    decide(second, path, number)
    expect(second.page.locator("#progress")).to_contain_text(re.compile("已销毁|destroyed on"), timeout=20_000)
    must_be_accessible(second)

    second.go(f"/cases/{over.id}")
    expect(second.page.get_by_text(re.compile("这张工单的内容已于|What this case held was destroyed"))).to_be_visible()
    assert not any(text in second.page.content() for text in (CUSTOMER, CONTACT, PHONE_NUMBER, ADDRESS))
    must_be_accessible(second)
    assert second.script_errors == auditor.script_errors == []
    with company.reading(SYSTEM) as uow:
        assert list(verification.verify(uow)) == []


def test_what_falls_due_stands_on_the_bar_and_is_decided_on(due: Case, person: People, company: ProcessEngine) -> None:
    quality = person("quality", width=1440)
    quality.go("/audit/retention")
    page = quality.page
    for _ in range(20):  # the worker proposes by itself
        if page.get_by_role("link", name="用户满意度调查表").count():
            break
        page.wait_for_timeout(250)
        page.reload()
    expect(page.locator("#survey_form .due-now")).to_have_text(re.compile(r"1\s*到期"))
    page.get_by_role("link", name="用户满意度调查表").click()
    expect(page.get_by_text("原因：保存期已满。")).to_be_visible()
    path = page.url.removeprefix(quality.address)
    number = page.locator("#progress tbody td.num").first.inner_text().split()[0]
    decide(quality, path, number)
    expect(page.get_by_text("等第二个人决定").first).to_be_visible()
    second = person("auditor", width=1440)
    decide(second, path, number)
    expect(second.page.locator("#progress")).to_contain_text("已销毁", timeout=20_000)
    second.go("/audit/retention")
    expect(second.page.locator("#survey_form .due-now")).to_have_text(re.compile(r"0\s*到期"))
    assert due.ended_at == "survey_done"


def test_an_owner_sets_a_period_on_a_phone(person: People) -> None:
    owner = person("management_representative")
    owner.go("/audit/retention")
    page = owner.page
    page.locator("#complaint summary").click()
    page.locator("#months-complaint").fill("sixty")
    page.locator("#reason-complaint").fill("管理评审")
    page.get_by_role("button", name="保存这么久").locator("visible=true").click()
    expect(page.get_by_role("alert")).to_contain_text("整月数")
    expect(page.locator("#reason-complaint")).to_have_value("管理评审")
    page.locator("#months-complaint").fill("60")
    page.get_by_role("button", name="保存这么久").locator("visible=true").click()
    expect(page.locator("#complaint")).to_contain_text("保存 60 个月")
    must_be_accessible(owner)
