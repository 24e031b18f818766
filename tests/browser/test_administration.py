"""The administrator by clicks: users, groups, offices, import with its errors, incidents, mail, jobs; all on record."""

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, expect

from engine import calendars, identity, interventions
from engine.interventions import Skip
from engine.tables import incident, membership, office, user_account
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.browser.access import must_be_accessible
from tests.browser.outcome import apart
from tests.browser.person import Person
from tests.database import acting
from tests.database.acting import Case

LEAD = "lead.changsha"
RECEIVED = {"received_by": "phone", "customer": "长沙市五一路储蓄所", "complaint_text": "约好上门没有来"}
DESK = 1440
People = Callable[..., Person]


@pytest.fixture(autouse=True)
def case(company: ProcessEngine) -> Case:
    """A complaint that waits for its cause; it comes before the browser does."""
    found = acting.start(company, LEAD, "complaint", **RECEIVED).do(LEAD, "judge_complaint", is_complaint="yes")
    return found.do(LEAD, "accept_complaint", severity="ordinary", severity_reason="轻微")


# ------------------------------------------------------------------ users, groups, offices
@pytest.mark.parametrize("width", [390, DESK])
def test_user_is_added_signs_in_with_the_password_shown_once_and_is_closed(
        person: People, chromium: Browser, company: ProcessEngine, width: int) -> None:
    admin = person("admin", width=width)
    admin.go("/admin/people")
    admin.page.get_by_role("link", name="新增用户").click()
    admin.page.locator("#user").fill("engineer3.changsha")
    admin.page.locator("#name").fill("长沙工程师三")
    admin.page.get_by_role("group", name="工程师", exact=True).get_by_label("长沙办事处").check()
    admin.page.get_by_role("button", name="新增并显示密码").click()
    given = admin.page.locator("[data-password]").inner_text()
    must_be_accessible(admin)

    newcomer = chromium.new_context(locale="zh-CN").new_page()
    newcomer.goto(f"{admin.address}/sign-in")
    newcomer.locator("#user").fill("engineer3.changsha")
    newcomer.locator("#password").fill(given)
    newcomer.locator(".sign-in-card button").click()
    expect(newcomer).to_have_url(re.compile("/inbox"))

    admin.go("/admin/people?search=engineer3")
    admin.page.locator(".row-link").click()
    admin.page.locator("#why").fill("离职")
    admin.page.get_by_role("button", name="停用账号").click()
    expect(admin.page.get_by_role("status")).to_contain_text("停用")
    newcomer.reload()
    expect(newcomer).to_have_url(re.compile("/sign-in"))
    newcomer.context.close()
    admin.page.get_by_role("link", name="变更记录").first.click()
    expect(admin.page.locator("tbody")).to_contain_text("离职")
    with company.reading(SYSTEM) as uow:
        assert uow.scalar(sa.select(user_account.c.is_active).where(user_account.c.id == "engineer3.changsha")) is False


def test_office_and_group_are_added_and_stand_in_the_lists(person: People, company: ProcessEngine) -> None:
    admin = person("admin", width=DESK)
    admin.go("/admin/offices")
    for name, text in (("id", "zhuzhou"), ("name", "株洲办事处"), ("name_en", "Zhuzhou office")):
        admin.page.locator(f"#{name}").fill(text)
    admin.page.get_by_role("button", name="新增办事处").click()
    expect(admin.page.get_by_role("status")).to_be_visible()
    expect(admin.page.locator("details.panel").filter(has_text="株洲办事处")).to_have_count(1)
    admin.go("/admin/groups")
    for name, text in (("id", "callers"), ("name", "回访员"), ("name_en", "Callers")):
        admin.page.locator(f"#{name}").fill(text)
    admin.page.get_by_role("button", name="新增人群").click()
    expect(admin.page.locator("details.panel").filter(has_text="回访员")).to_contain_text("无人")
    must_be_accessible(admin)
    admin.page.locator("#id").fill("callers")
    for name in ("name", "name_en"):
        admin.page.locator(f"#{name}").fill("x")
    admin.page.get_by_role("button", name="新增人群").click()
    expect(admin.page.get_by_role("alert")).to_contain_text("“callers”已被使用")
    with company.reading(SYSTEM) as uow:
        assert uow.scalar(sa.select(office.c.name_en).where(office.c.id == "zhuzhou")) == "Zhuzhou office"


def test_import_shows_each_fault_by_line_and_takes_a_file_whole(
        person: People, company: ProcessEngine, tmp_path: Path) -> None:
    wrong, right = tmp_path / "wrong.csv", tmp_path / "right.csv"
    rows = "user,name,memberships\nengineer4,工程师四,service_engineer@changsha\nengineer5,工程师五,"
    wrong.write_text(f"{rows}no_group@changsha\n", "utf-8")
    right.write_text(f"{rows}quality\n", "gbk")
    admin = person("admin", width=DESK)
    admin.go("/admin/people/import")
    admin.page.locator("#file").set_input_files(wrong)
    admin.page.get_by_role("button", name="检查文件").click()
    fault = admin.page.locator("tbody tr").nth(1)
    expect(fault).to_contain_text("没有人群“no_group”")
    expect(admin.page.get_by_role("button", name="导入这些用户")).to_have_count(0)
    must_be_accessible(admin)
    assert users(company, "engineer4", "engineer5") == 0
    admin.page.locator("#file").set_input_files(right)
    admin.page.get_by_role("button", name="检查文件").click()
    expect(admin.page.locator("tbody")).to_contain_text("工程师五")
    admin.page.get_by_role("button", name="导入这些用户").click()
    expect(admin.page.locator("main")).to_contain_text("engineer5")
    assert users(company, "engineer4", "engineer5") == 2
    with company.reading(SYSTEM) as uow:
        assert uow.scalar(sa.select(membership.c.group_id).where(membership.c.user_id == "engineer5")) == "quality"


# ------------------------------------------------------------------ what goes wrong, what comes
def test_incident_is_read_corrected_and_tried_again(company: ProcessEngine, case: Case, person: People) -> None:
    apart(stop, company, case)
    admin = person("admin", width=DESK)
    admin.go("/admin/incidents")
    told = admin.page.locator("main")
    expect(told).to_contain_text("is_quality_problem")
    must_be_accessible(admin)
    admin.go(f"/cases/{case.id}")
    expect(admin.page.get_by_role("alert").first).to_contain_text("停在")
    admin.go(f"/cases/{case.id}/intervene/set_variable?name=is_quality_problem&scope=1")
    admin.page.locator("#entry").select_option("no")
    admin.page.get_by_role("button", name="查看影响").click()
    admin.page.locator("#reason").fill("电话核实")
    admin.page.get_by_role("button", name="更改填写的内容", exact=True).click()
    expect(admin.page.locator(".notice-success")).to_be_visible()
    admin.go("/admin/incidents")
    admin.page.get_by_role("button", name="重试").first.click()
    expect(admin.page.locator("main")).not_to_contain_text("is_quality_problem")
    with company.reading(SYSTEM) as uow:
        assert uow.scalar(sa.select(incident.c.resolved_by).where(incident.c.instance_id == case.id)) == "admin"
    admin.go("/admin/changes")
    expect(admin.page.locator("tbody")).to_contain_text("重试")


def test_jobs_show_what_comes_and_lead_to_the_case(person: People, case: Case) -> None:
    admin = person("admin", width=DESK)
    admin.go("/admin/jobs")
    link = admin.page.locator(f'a[href="/cases/{case.id}"]').first
    expect(link).to_be_visible()
    must_be_accessible(admin)
    link.click()
    expect(admin.page.locator("h1")).to_contain_text("工单")


def test_letters_are_found_by_state_and_words(person: People, case: Case) -> None:
    admin = person("admin")
    admin.go("/admin/mail")
    rows = admin.page.locator("tbody tr")
    admin.page.locator("input[type=search]").fill("没有这封信")
    admin.page.locator("input[type=search]").press("Enter")
    expect(rows).to_have_count(0)
    must_be_accessible(admin)


# ------------------------------------------------------------------ what happens beside
def stop(company: ProcessEngine, case: Case) -> None:
    """Let the complaint run into an incident: a step is skipped whose answer the next gateway asks for."""
    with company.reading(SYSTEM) as uow:
        lead = identity.actor(uow, LEAD)
    with company.transaction(lead) as uow:
        interventions.intervene(uow, case.id, Skip(case.task("find_cause").token, "no"), reason="原因不明")


def users(company: ProcessEngine, *names: str) -> int:
    """How many of these users there are."""
    with company.reading(SYSTEM) as uow:
        return len(uow.rows(sa.select(user_account.c.id).where(user_account.c.id.in_(names))))


# ------------------------------------------------------------------ the working calendar
@pytest.mark.parametrize(("width", "language"), [(390, "zh"), (DESK, "en")])
def test_free_day_is_seen_with_its_effect_before_it_is_set(
        person: People, company: ProcessEngine, width: int, language: str) -> None:
    admin = person("admin", width=width, language=language)
    admin.go("/admin/calendar?year=2026&day=2026-03-06")
    admin.page.locator("input[name=name]").fill("停电")
    admin.page.locator("form", has=admin.page.locator("input[name=name]")).get_by_role("button").click()
    expect(admin.page.locator("main")).to_contain_text({"zh": "尚未保存", "en": "Nothing has been saved yet"}[language])
    assert is_working(company, date(2026, 3, 6))
    must_be_accessible(admin)
    admin.page.locator("button.btn-primary").click()
    expect(admin.page.locator("td[title='停电']")).to_have_count(1)
    assert not is_working(company, date(2026, 3, 6))


def test_days_of_a_file_are_previewed_corrected_and_set(person: People, company: ProcessEngine, tmp_path: Path) -> None:
    wrong, right = tmp_path / "wrong.csv", tmp_path / "right.csv"
    wrong.write_text("day,kind,name\n2026-02-30,休,高温假\n2026-07-06,休,高温假\n", "utf-8")
    right.write_text("day,kind,name\n2026-07-06,休,高温假\n2026-07-11,班,高温假\n", "utf-8")
    admin = person("admin", width=DESK)
    admin.go("/admin/calendar/import")
    admin.page.locator("#file").set_input_files(wrong)
    admin.page.get_by_role("button", name="检查文件").click()
    expect(admin.page.get_by_role("alert")).to_be_visible()
    expect(admin.page.locator("main")).to_contain_text("“2026-02-30”不是日期")
    must_be_accessible(admin)
    admin.page.locator("#file").set_input_files(right)
    admin.page.get_by_role("button", name="检查文件").click()
    assert is_working(company, date(2026, 7, 6))
    admin.page.locator("button.btn-lg").click()
    expect(admin.page).to_have_url(re.compile("/admin/calendar"))
    assert (is_working(company, date(2026, 7, 6)), is_working(company, date(2026, 7, 11))) == (False, True)


def is_working(company: ProcessEngine, day: date) -> bool:
    with company.reading(SYSTEM) as uow:
        return calendars.load(uow).is_working(day)
