"""Finding tasks by clicks: search, filters kept and shared, pages, files, office lists, what is empty, partial, slow or gone."""

import csv
import re
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import Locator, expect

from engine import worklist
from engine.tables import saved_filter, task, task_candidate
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.browser.access import must_be_accessible
from tests.browser.outcome import apart
from tests.browser.person import Person
from tests.database import acting
from tests.database.acting import Case

LEAD, OTHER_LEAD = "lead.changsha", "lead.yueyang"
ENGINEER, COLLEAGUE = "engineer.changsha", "engineer2.changsha"
REPORT = {
    "report_source": "customer", "serial_number": "CT2026001", "product": "terminal_text", "customer": "长沙市五一路储蓄所",
    "contact": "设备科", "phone": "0731-5550101", "region": "same_city", "reported_fault": "开机无显示",
}
CUSTOMERS = ("长沙市五一路储蓄所", "湘潭大学图书馆", "衡阳第一人民医院")
DESK, PHONE = 1440, 390
SIGHTS = [(PHONE, "zh"), (PHONE, "en"), (DESK, "zh"), (DESK, "en")]
STEP = "指派工程师上门"
People = Callable[..., Person]


@pytest.fixture(autouse=True)
def three(company: ProcessEngine) -> list[Case]:
    """Three repairs wait for the lead of Changsha; the last is of another machine. They come before the browser does."""
    serials = ("CT2026001", "CT2026001", "YT2026004")
    return [acting.start(company, LEAD, "in_warranty", **(REPORT | {"customer": name, "serial_number": serial}))
            for name, serial in zip(CUSTOMERS, serials, strict=True)]


def rows(someone: Person) -> Locator:
    return someone.page.locator("#rows tr[data-id]")


def key_of(company: ProcessEngine, case: Case) -> str:
    with company.reading(SYSTEM) as uow:
        return str(uow.scalar(sa.select(task.c.business_key).where(task.c.instance_id == case.id)))


# ------------------------------------------------------------------ search and filters
@pytest.mark.parametrize("width", [PHONE, DESK])
def test_search_finds_by_two_characters_number_serial_and_product(
        person: People, company: ProcessEngine, three: list[Case], width: int) -> None:
    lead = person(LEAD, width=width)
    lead.go("/inbox?view=groups")
    for words, found in (("湘潭", CUSTOMERS[1:2]), (key_of(company, three[0]), CUSTOMERS[:1]), ("yt2026004", CUSTOMERS[2:]),
                         ("terminal_text", CUSTOMERS)):
        lead.page.locator("#q").fill(words)
        lead.page.keyboard.press("Enter")
        expect(lead.page.locator(".chips").first).to_contain_text(words)
        expect(rows(lead)).to_have_count(len(found))
        for customer in found:
            expect(rows(lead).filter(has_text=customer)).to_have_count(1)
    lead.page.locator("#q").fill("株洲")
    lead.page.keyboard.press("Enter")
    expect(lead.page.locator("main")).to_contain_text("没有同时符合")
    lead.page.get_by_role("link", name=re.compile("株洲")).last.click()
    expect(rows(lead)).to_have_count(3)


@pytest.mark.parametrize(("width", "language"), SIGHTS)
def test_filters_stand_in_the_address_and_outlive_task_and_back_button(person: People, width: int, language: str) -> None:
    lead = person(LEAD, width=width, language=language)
    lead.go("/inbox?view=groups")
    lead.page.get_by_text({"zh": "筛选", "en": "Filter"}[language], exact=True).click()
    lead.page.locator("#by-process").select_option("in_warranty")
    lead.page.locator("#by-due").select_option("week")
    must_be_accessible(lead)
    lead.page.get_by_role("button", name={"zh": "应用", "en": "Apply"}[language]).click()
    expect(lead.page).to_have_url(re.compile(r"process=in_warranty.*due=week|due=week.*process=in_warranty"))
    expect(lead.page.locator(".chips").first.locator(".chip:not(.chip-quiet)")).to_have_count(2)
    narrowed = lead.page.url
    rows(lead).first.locator(".row-link").click()
    expect(lead.page.locator("h1.question")).to_be_visible()
    lead.page.go_back()
    expect(lead.page).to_have_url(narrowed)
    expect(rows(lead)).to_have_count(3)
    lead.page.locator(".chips").first.locator(".chip").first.click()
    expect(lead.page).not_to_have_url(re.compile("process="))


def test_filter_shared_with_a_group_is_found_by_its_members_with_their_own_count(
        person: People, company: ProcessEngine, three: list[Case]) -> None:
    apart(partial(three[0].do, LEAD, "assign_visit", engineer=ENGINEER))
    apart(partial(three[1].do, LEAD, "assign_visit", engineer=COLLEAGUE))
    apart(partial(three[2].do, LEAD, "assign_visit", engineer=ENGINEER))
    engineer, colleague, lead = person(ENGINEER, width=DESK), person(COLLEAGUE), person(LEAD)
    engineer.go("/inbox?q=CT2026001")
    engineer.page.get_by_text("保存此筛选").click()
    engineer.page.get_by_label("名称").fill("老机器")
    engineer.page.locator("#filter-share").select_option("service_engineer@changsha")
    engineer.page.get_by_role("button", name="保存", exact=True).click()
    for someone, customer in ((engineer, CUSTOMERS[0]), (colleague, CUSTOMERS[1])):
        someone.go("/inbox")
        chip = someone.page.locator(".saved .chip", has_text="老机器")
        expect(chip).to_contain_text("共享")
        expect(chip.locator(".tab-count")).to_have_text("1")
        chip.click()
        expect(rows(someone)).to_have_count(1)
        expect(rows(someone)).to_contain_text(customer)
    colleague.page.get_by_role("link", name="管理", exact=True).click()
    expect(colleague.page.get_by_role("button", name="删除")).to_have_count(0)
    lead.go("/inbox/filters")
    expect(lead.page.locator("main")).not_to_contain_text("老机器")
    with company.reading(SYSTEM) as uow:
        assert uow.scalar(sa.select(saved_filter.c.group_id)) == "service_engineer"


# ------------------------------------------------------------------ several at once
@pytest.mark.parametrize(("width", "language"), [(PHONE, "en"), (DESK, "zh")])
def test_several_are_given_a_due_date_and_a_person_with_a_result_in_each_row(
        person: People, company: ProcessEngine, width: int, language: str) -> None:
    lead = person(LEAD, width=width, language=language)
    lead.go("/inbox?view=groups")
    for customer in CUSTOMERS[:2]:
        rows(lead).filter(has_text=customer).locator("input").check()
    bar = lead.page.locator("#selected")
    bar.locator("summary", has_text={"zh": "设定时限…", "en": "Set due …"}[language]).click()
    bar.locator("#due-at").fill("2026-03-06T17:00")
    bar.locator("#due-reason").fill("顾客改期")
    must_be_accessible(lead)
    bar.locator("button[value=due]").click()
    for customer in CUSTOMERS[:2]:
        expect(rows(lead).filter(has_text=customer)).to_contain_text({"zh": "时限已设定", "en": "due date set"}[language])
    with company.reading(SYSTEM) as uow:
        due = uow.rows(sa.select(task.c.due_at).where(task.c.customer.in_(CUSTOMERS[:2])))
    assert {row.due_at.isoformat() for row in due} == {"2026-03-06T09:00:00+00:00"}
    rows(lead).filter(has_text=CUSTOMERS[2]).locator("input").check()
    bar.locator("summary[data-assign]").click()
    bar.locator("#to-whom").select_option(LEAD)
    bar.locator("button[value=assign]").click()
    expect(rows(lead).filter(has_text=CUSTOMERS[2])).to_contain_text({"zh": "已指派", "en": "assigned"}[language])
    with company.reading(SYSTEM) as uow:
        owner = uow.scalar(sa.select(task.c.assignee).where(task.c.customer == CUSTOMERS[2]))
    assert owner == LEAD
    assert lead.script_errors == []


# ------------------------------------------------------------------ the file
@pytest.mark.parametrize(("width", "language"), [(DESK, "zh"), (PHONE, "en")])
def test_downloaded_file_is_what_stands_on_the_screen(person: People, tmp_path: Path, width: int, language: str) -> None:
    lead = person(LEAD, width=width, language=language)
    lead.go("/inbox?view=groups&q=CT2026001")
    lead.page.locator("summary", has_text="CSV").click()
    with lead.page.expect_download() as begun:
        lead.page.get_by_role("link", name={"zh": "下载 CSV", "en": "Download CSV"}[language]).click()
    file = tmp_path / "inbox.csv"
    begun.value.save_as(file)
    table = list(csv.reader(file.read_text("utf-8-sig").splitlines()))
    assert table[0] == lead.page.locator("thead th:not(.pick)").all_text_contents()
    names = [name.strip() for name in lead.page.locator("#rows .row-link").all_text_contents()]
    assert [line[0] for line in table[1:]] == names
    keys = lead.page.locator("#rows .col-case").all_text_contents()
    assert [line[table[0].index({"zh": "工单号", "en": "Case number"}[language])] for line in table[1:]] == keys


# ------------------------------------------------------------------ leads
@pytest.mark.parametrize(("width", "language"), SIGHTS)
def test_lead_sees_who_has_what_in_the_office_and_nothing_of_another(
        person: People, company: ProcessEngine, three: list[Case], width: int, language: str) -> None:
    lead = person(LEAD, width=width, language=language)
    with company.reading(SYSTEM) as uow:
        assert uow.scalar(sa.select(sa.func.count()).select_from(task)) == len(three)
    lead.go("/inbox?view=groups")
    lead.page.locator('[data-tab="office"]').click()
    expect(rows(lead)).to_have_count(3)
    must_be_accessible(lead)
    lead.page.get_by_text({"zh": "筛选", "en": "Filter"}[language], exact=True).click()
    lead.page.locator("#by-assignee").select_option("-")
    lead.page.get_by_role("button", name={"zh": "应用", "en": "Apply"}[language]).click()
    expect(lead.page).to_have_url(re.compile("assignee=-"))
    expect(rows(lead)).to_have_count(3)
    foreign = person(OTHER_LEAD, width=width, language=language)
    foreign.go("/inbox?view=office")
    expect(rows(foreign)).to_have_count(0)


def test_engineer_who_leads_no_office_is_offered_no_list_of_one(person: People) -> None:
    engineer = person(ENGINEER)
    expect(engineer.page.locator('[data-tab="office"]')).to_have_count(0)
    engineer.go("/inbox?view=office")
    expect(engineer.page.locator("main")).to_contain_text("负责人")
    expect(rows(engineer)).to_have_count(0)


def test_head_office_sees_the_tasks_of_all_offices_and_narrows_to_one(person: People, company: ProcessEngine) -> None:
    manager = person("manager", width=DESK)
    manager.go("/inbox?view=office")
    expect(rows(manager)).to_have_count(3)
    manager.page.get_by_text("筛选", exact=True).click()
    manager.page.locator("#by-office").select_option("yueyang")
    manager.page.get_by_role("button", name="应用").click()
    expect(rows(manager)).to_have_count(0)
    del company


# ------------------------------------------------------------------ empty, long, slow
@pytest.mark.parametrize(("width", "language"), SIGHTS)
def test_first_visit_to_an_empty_list_says_where_work_comes_from(person: People, width: int, language: str) -> None:
    lead = person(LEAD, width=width, language=language)
    lead.go("/inbox")
    expect(lead.page.locator("main")).to_contain_text({"zh": "您手上没有待办", "en": "Nothing waits for you"}[language])
    must_be_accessible(lead)
    lead.page.locator("main").get_by_role("link", name={"zh": "小组待领取", "en": "My groups"}[language]).last.click()
    expect(rows(lead)).to_have_count(3)
    fresh = person("sales.wulumuqi", width=width, language=language)
    expect(fresh.page.locator("main")).to_contain_text({"zh": "都办完了", "en": "All done"}[language])
    must_be_accessible(fresh)


@pytest.fixture
def many(company: ProcessEngine) -> None:
    """More copies of the first task than are examined at once; the last of them alone has a high priority."""
    with company.transaction(SYSTEM) as uow:
        row = uow.row(sa.select(task).where(task.c.customer == CUSTOMERS[0]))._asdict()
        offer = uow.row(sa.select(task_candidate).where(task_candidate.c.task_id == row["id"]))._asdict()
        copies = [{**row, "id": f"{row['id']}.{i}", "sort_due": row["sort_due"] + timedelta(minutes=i + 1)}
                  for i in range(worklist.EXAMINED + 10)]
        copies[-1] |= {"priority": 80, "customer": "排在最后的顾客"}
        uow.execute(sa.insert(task), copies)
        offers = [{**offer, "task_id": each["id"], "sort_due": each["sort_due"]} for each in copies]
        uow.execute(sa.insert(task_candidate), offers)


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize(("width", "language"), [(PHONE, "zh"), (DESK, "en")])
def test_list_that_was_not_read_to_its_end_says_so_and_goes_on(person: People, width: int, language: str) -> None:
    lead = person(LEAD, width=width, language=language)
    lead.go("/inbox?view=groups&priority=high")
    further = lead.page.get_by_role("link", name={"zh": "继续查找", "en": "Look further"}[language])
    expect(rows(lead)).to_have_count(0)
    must_be_accessible(lead)
    further.click()
    expect(rows(lead)).to_have_count(1)
    expect(rows(lead)).to_contain_text("排在最后的顾客")


@pytest.mark.usefixtures("many")
def test_more_rows_that_take_too_long_are_said_and_can_be_asked_for_again(person: People) -> None:
    lead = person(LEAD)
    lead.go("/inbox?view=groups")
    before = rows(lead).count()
    lead.page.route(re.compile("after="), lambda route: route.abort("timedout"))
    more = lead.page.get_by_role("link", name="显示更多", exact=True)
    more.click()
    expect(lead.page.get_by_role("alert")).to_contain_text("等待时间过长。")
    expect(lead.page.locator("#rows [aria-busy]")).to_have_count(0)
    lead.page.unroute_all()
    more.click()
    expect(rows(lead).nth(before)).to_be_attached()
    assert len(set(rows(lead).evaluate_all("all => all.map(row => row.dataset.id)"))) == rows(lead).count()


@pytest.mark.usefixtures("many")
def test_place_and_selection_are_kept_when_new_work_comes_in_and_by_the_back_button(
        person: People, company: ProcessEngine) -> None:
    lead = person(LEAD, width=DESK)
    lead.go("/inbox?view=groups")
    row = lead.page.locator(f'[data-id="{rows(lead).nth(30).get_attribute("data-id")}"]')
    row.scroll_into_view_if_needed()
    row.locator("input").check()
    apart(partial(acting.start, company, LEAD, "in_warranty", **(REPORT | {"customer": "株洲市图书馆"})))
    show = lead.page.locator("[data-show]")
    expect(show).to_contain_text("新增 1 项", timeout=20_000)
    before = row.bounding_box()
    show.evaluate("button => button.click()")
    expect(rows(lead).filter(has_text="株洲市图书馆")).to_have_count(1)
    after = row.bounding_box()
    expect(row.locator("input")).to_be_checked()
    assert before
    assert after
    assert abs(before["y"] - after["y"]) < 2
    row.locator(".row-link").click()
    lead.sees(STEP)
    lead.page.go_back()
    expect(row).to_be_in_viewport()


def test_double_click_on_a_task_opens_it_once_and_back_leads_to_the_list(person: People) -> None:
    lead = person(LEAD)
    lead.go("/inbox?view=groups")
    rows(lead).filter(has_text=CUSTOMERS[1]).locator(".row-link").dblclick()
    lead.sees(STEP)
    expect(lead.page.locator(".for-whom")).to_contain_text(CUSTOMERS[1])
    lead.page.go_back()
    expect(lead.page).to_have_url(re.compile("view=groups"))
    expect(rows(lead)).to_have_count(3)
