"""The list by clicks and by keyboard, on a phone and at a desk: selecting, claiming, columns, filters, and what is new."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from engine import identity, instances, jobs, tasks
from engine.tables import task
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.browser.access import must_be_accessible
from tests.browser.outcome import apart
from tests.browser.person import Person

People = Callable[..., Person]
REPORT = {
    "report_source": "customer", "serial_number": "CT2026001", "product": "terminal_text", "customer": "长沙市五一路储蓄所",
    "contact": "设备科", "phone": "0731-5550101", "region": "same_city", "reported_fault": "开机无显示",
}
NAMES = ("长沙市五一路储蓄所", "岳阳楼区邮政支局", "湘潭大学图书馆", "衡阳第一人民医院")
STEP = {"zh": "指派工程师上门", "en": "Assign an engineer"}


@pytest.fixture(autouse=True)
def four(company: ProcessEngine) -> None:
    """Four tasks wait for the leads of Changsha; they come before the browser does."""
    for name in NAMES:
        start(company, name)


def start(company: ProcessEngine, customer: str) -> None:
    with company.reading(SYSTEM) as uow:
        lead = identity.actor(uow, "lead.changsha")
    with company.transaction(lead) as uow:
        instances.start(uow, "in_warranty", form_values={**REPORT, "customer": customer})
    jobs.run_all(company)


def claim_one(company: ProcessEngine, customer: str) -> None:
    with company.reading(SYSTEM) as uow:
        (found,) = uow.rows(task.select().where(task.c.customer == customer))
        admin = identity.actor(uow, "admin")
    with company.transaction(admin) as uow:
        tasks.claim(uow, found.id)


def owners(company: ProcessEngine) -> list[str | None]:
    with company.reading(SYSTEM) as uow:
        return [row.assignee for row in uow.rows(task.select().order_by(task.c.business_key))]


def row(someone: Person, customer: str):
    return someone.page.locator("#rows tr[data-id]").filter(has_text=customer)


@pytest.mark.parametrize(("width", "language"), [(390, "zh"), (1440, "en")])
def test_several_are_claimed_by_clicks(person: People, company: ProcessEngine, width: int, language: str) -> None:
    lead = person("lead.changsha", width=width, language=language)
    lead.go("/inbox?view=groups")
    expect(lead.page.locator("#selected")).to_be_hidden()
    for name in NAMES[:2]:
        row(lead, name).locator("input").check()
    expect(lead.page.locator("[data-selected]")).to_have_text({"zh": "已选 2 项", "en": "2 selected"}[language])
    must_be_accessible(lead)
    lead.page.locator("#selected button[value=claim]").click()
    expect(lead.page.locator("[data-selected]")).to_have_text(
        {"zh": "已办 2 项，未办 0 项", "en": "2 done, 0 refused"}[language])
    expect(row(lead, NAMES[0])).to_contain_text({"zh": "已领取", "en": "claimed"}[language])
    assert owners(company) == ["lead.changsha", "lead.changsha", None, None]
    assert lead.script_errors == []


def test_what_a_colleague_took_is_refused_in_its_row_and_the_rest_is_done(person: People, company: ProcessEngine) -> None:
    lead = person("lead.changsha", width=1440)
    lead.page.route("**/inbox/changes*", lambda route: route.abort())  # the news would mark the row before it is sent
    lead.go("/inbox?view=groups")
    lead.page.locator("[data-pick-all]").check()
    apart(claim_one, company, NAMES[1])
    lead.page.locator("#selected button[value=claim]").click()
    expect(row(lead, NAMES[1])).to_contain_text("系统管理员 已于")
    expect(lead.page.locator("[data-selected]")).to_have_text("已办 3 项，未办 1 项")
    assert owners(company) == ["lead.changsha", "admin", "lead.changsha", "lead.changsha"]


def test_the_whole_list_works_by_keyboard_alone(person: People, company: ProcessEngine) -> None:
    lead = person("lead.changsha", width=1440)
    lead.go("/inbox")
    keys = lead.page.keyboard
    keys.press("g")
    keys.press("g")
    expect(lead.page).to_have_url(re.compile("view=groups"))
    for key in ("j", "j", "x", "ArrowDown", "x", "k"):
        keys.press(key)
    expect(lead.page.locator("#rows tr").nth(1).locator(".row-link")).to_be_focused()
    expect(lead.page.locator("[data-selected]")).to_have_text("已选 2 项")
    keys.press("c")
    expect(lead.page.locator("[data-selected]")).to_have_text("已办 2 项，未办 0 项")
    assert sum(owner == "lead.changsha" for owner in owners(company)) == 2
    keys.press("/")
    lead.page.keyboard.type("cj?")  # letters in a field are letters
    expect(lead.page.locator("#q")).to_have_value("cj?")
    lead.page.locator("#q").fill("湘潭")
    keys.press("Enter")
    expect(lead.page.locator(".chips")).to_contain_text("湘潭")


def test_shift_click_selects_a_range(person: People) -> None:
    lead = person("lead.changsha", width=1440)
    lead.go("/inbox?view=groups")
    boxes = lead.page.locator("#rows input[name=task]")
    boxes.nth(0).click()
    boxes.nth(2).click(modifiers=["Shift"])
    expect(lead.page.locator("[data-selected]")).to_have_text("已选 3 项")


def test_the_question_mark_lists_the_shortcuts_and_gives_the_focus_back(person: People) -> None:
    lead = person("lead.changsha", width=1440)
    lead.go("/inbox?view=groups")
    lead.page.keyboard.press("j")
    lead.page.keyboard.press("?")
    dialog = lead.page.get_by_role("dialog", name="键盘快捷键")
    expect(dialog).to_contain_text("领取")
    must_be_accessible(lead)
    lead.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(lead.page.locator("#rows .row-link").first).to_be_focused()


@pytest.mark.parametrize("width", [390, 1440])
def test_columns_are_chosen_and_ordered_in_a_dialog(person: People, width: int) -> None:
    lead = person("lead.changsha", width=width)
    lead.go("/inbox?view=groups")
    lead.page.get_by_role("link", name="列", exact=True).click()
    dialog = lead.page.get_by_role("dialog")
    dialog.get_by_label("办事处", exact=True).check()
    for _ in range(8):
        dialog.get_by_role("button", name="上移“办事处”").press("Enter")
    must_be_accessible(lead)
    dialog.get_by_role("button", name="保存", exact=True).last.click()
    expect(lead.page.locator("thead th").nth(1)).to_have_text("办事处")
    expect(row(lead, NAMES[0]).locator(".col-office")).to_be_visible()


def test_phone_tells_two_tasks_of_one_customer_apart(person: People) -> None:
    lead = person("lead.changsha")
    lead.go("/inbox?view=groups")
    expect(row(lead, NAMES[0]).locator(".col-case")).to_be_visible()
    expect(row(lead, NAMES[0]).locator(".col-serial")).to_be_visible()
    expect(row(lead, NAMES[0]).get_by_text("CT2026001")).to_be_in_viewport()


def test_what_is_new_is_said_and_comes_when_it_is_wanted(person: People, company: ProcessEngine) -> None:
    lead = person("lead.changsha", width=1440)
    lead.go("/inbox?view=groups")
    row(lead, NAMES[0]).locator("input").check()
    apart(start, company, "株洲市图书馆")
    apart(claim_one, company, NAMES[3])
    show = lead.page.locator("[data-show]")
    expect(show).to_have_text("新增 1 项，显示", timeout=20_000)
    expect(lead.page).to_have_title(re.compile(r"^\(1\) "))
    expect(row(lead, "株洲市图书馆")).to_have_count(0)
    expect(row(lead, NAMES[3])).to_contain_text("已不在此清单")
    show.click()
    expect(row(lead, "株洲市图书馆")).to_be_visible()
    expect(row(lead, NAMES[3])).to_have_count(0)
    expect(row(lead, NAMES[0]).locator("input")).to_be_checked()
    expect(lead.page).not_to_have_title(re.compile(r"^\("))
    assert lead.script_errors == []


def test_a_filter_is_saved_and_its_count_follows(person: People) -> None:
    lead = person("lead.changsha")
    lead.go("/inbox?view=groups&q=湘潭")
    lead.page.get_by_text("保存此筛选").click()
    lead.page.get_by_label("名称").fill("湘潭的")
    lead.page.get_by_role("button", name="保存", exact=True).click()
    lead.go("/inbox")
    chip = lead.page.get_by_role("link", name=re.compile("湘潭的"))
    expect(chip.locator(".tab-count")).to_have_text("1")
    must_be_accessible(lead)
    chip.click()
    expect(lead.page.locator("#rows tr[data-id]")).to_have_count(1)


def test_everything_works_before_or_without_scripts(person: People, company: ProcessEngine) -> None:
    lead = person("lead.changsha")
    context = lead.page.context.browser.new_context(java_script_enabled=False, locale="zh-CN")
    plain = Person(context.new_page(), lead.address, "lead.changsha")
    plain.sign_in()
    plain.go("/inbox?view=groups")
    row(plain, NAMES[2]).locator("input").check()
    plain.page.locator("#selected button[value=claim]").click()
    expect(plain.page.locator("h1")).to_have_text("1 项中已办 1 项")
    plain.page.get_by_role("link", name="返回清单").click()
    expect(plain.page.locator("#rows tr[data-id]")).to_have_count(3)
    assert owners(company)[2] == "lead.changsha"
    context.close()


def test_an_ended_session_is_said_in_the_list(person: People) -> None:
    lead = person("lead.changsha", width=1440)
    lead.go("/inbox?view=groups")
    lead.page.context.clear_cookies()
    expect(lead.page.locator("[data-news]")).to_contain_text("登录已过期", timeout=20_000)
    expect(lead.page.locator("[data-news] a")).to_have_attribute("href", re.compile("/sign-in"))
