"""Leads and administrators change a case's course by clicks: the effect is shown first, the reason asked, the record flagged."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from playwright.sync_api import Locator, expect

from engine.interventions import COMMANDS
from engine.tables import history_body, history_event, job, process_instance, task
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.browser.access import must_be_accessible
from tests.browser.outcome import must_be_proven
from tests.browser.person import Person
from tests.database import acting
from tests.database.acting import Case

LEAD, ENGINEER = "lead.changsha", "engineer.changsha"
REPORT = {
    "report_source": "customer", "serial_number": "CT2026001", "product": "terminal_text", "customer": "长沙市五一路储蓄所",
    "contact": "设备科", "phone": "0731-5550101", "region": "same_city", "reported_fault": "开机无显示",
}
DESK, PHONE = 1440, 390
People = Callable[..., Person]


@pytest.fixture(autouse=True)
def case(company: ProcessEngine) -> Case:
    """A repair whose engineer has asked for parts; it comes before the browser does."""
    found = acting.start(company, LEAD, "in_warranty", **REPORT)
    return found.do(LEAD, "assign_visit", engineer=ENGINEER, assignment_note="先打电话")


# ------------------------------------------------------------------ held and cancelled
def test_case_is_held_and_goes_on_with_what_that_means_shown_first(person: People, company: ProcessEngine, case: Case) -> None:
    lead = person(LEAD, width=DESK)
    lead.go(f"/cases/{case.id}")
    lead.page.get_by_role("link", name="暂停工单").click()
    expect(lead.page.locator(".effects")).to_contain_text("等待：确认故障、约定上门时间")
    drawn(lead)
    must_be_accessible(lead)
    confirm(lead, "暂停工单", "")
    expect(lead.page.locator("#reason")).to_have_js_property("validity.valueMissing", True)
    confirm(lead, "暂停工单", "顾客停业")
    told = lead.page.locator(".notice-warning").first
    expect(told).to_contain_text("此工单已暂停")
    expect(told).to_contain_text("原因：顾客停业")
    assert standing(company, case) == "suspended"

    told.get_by_role("link", name="恢复工单").click()
    expect(lead.page.locator(".effects")).to_contain_text("继续办理：确认故障、约定上门时间")
    confirm(lead, "恢复工单", "顾客复业")
    expect(lead.page.locator(".notice-warning")).to_have_count(0)
    assert standing(company, case) == "active"
    on_the_record(lead, case, "恢复", "顾客复业")
    assert recorded(company, case) == [("suspend", "顾客停业"), ("resume", "顾客复业")]
    must_be_proven(company)


def test_cancelled_case_has_no_task_left_and_says_who_and_why(person: People, company: ProcessEngine, case: Case) -> None:
    lead = person(LEAD)
    lead.go(f"/cases/{case.id}")
    fold(lead, "干预")
    lead.page.get_by_role("link", name="撤销工单").click()
    expect(lead.page.locator(".effects")).to_contain_text("撤回：确认故障、约定上门时间")
    expect(lead.page.locator(".effects")).to_contain_text("工单结束")
    expect(at(drawn(lead), "confirm_fault")).to_have_class(re.compile("is-going"))
    confirm(lead, "撤销工单", "重复登记")
    expect(lead.page.locator(".notice-warning").first).to_contain_text("撤销")
    on_the_record(lead, case, "撤销", "重复登记")
    assert case.offered == []
    must_be_proven(company)


# ------------------------------------------------------------------ another course
def test_step_is_sent_back_to_an_earlier_one(person: People, company: ProcessEngine, case: Case) -> None:
    admin = person("admin", width=DESK, language="en")
    admin.go(f"/cases/{case.id}")
    admin.page.get_by_role("link", name="Send back", exact=True).click()
    admin.page.get_by_label("Assign an on-site visit").check()
    admin.page.get_by_role("button", name="Show the effect").click()
    expect(admin.page.locator(".effects")).to_contain_text("Withdrawn: ")
    expect(admin.page.locator(".effects")).to_contain_text("Begins: Assign an on-site visit")
    expect(at(drawn(admin), "confirm_fault")).to_have_class(re.compile("is-going"))
    expect(at(drawn(admin), "assign_visit")).to_have_class(re.compile("is-coming"))
    must_be_accessible(admin)
    assert case.offered == ["confirm_fault"]
    confirm(admin, "Send back to an earlier step", "Wrong engineer")
    expect(admin.page.locator(".notice-success")).to_contain_text("Done: Send back to an earlier step")
    assert case.offered == ["assign_visit"]
    on_the_record(admin, case, "Sent back", "Wrong engineer", language="en")
    must_be_proven(company)


def test_decision_is_skipped_with_the_answer_that_the_lead_chose(person: People, company: ProcessEngine, case: Case) -> None:
    lead = person(LEAD, width=DESK)
    lead.go(f"/cases/{case.id}")
    lead.page.get_by_role("link", name="跳过", exact=True).click()
    lead.page.locator("input[name=answer]").first.check()
    lead.page.get_by_role("button", name="查看影响").click()
    expect(lead.page.locator(".effects")).to_contain_text("不填表单即完成：确认故障、约定上门时间")
    expect(drawn(lead).locator(".is-coming")).not_to_have_count(0)
    confirm(lead, "跳过这一步", "电话里已经约好")
    expect(lead.page.locator(".notice-success")).to_be_visible()
    assert "confirm_fault" not in case.offered
    on_the_record(lead, case, "跳过", "电话里已经约好")
    must_be_proven(company)


def test_due_date_is_painted_where_it_moves_before_it_does(person: People, company: ProcessEngine, case: Case) -> None:
    lead = person(LEAD, width=DESK)
    lead.go(f"/cases/{case.id}")
    lead.page.get_by_role("link", name="期限", exact=True).click()
    due_at = lead.page.locator("#due_at")
    due_at.fill("2026-03-01T09:00")
    lead.page.get_by_role("button", name="查看影响").click()
    expect(lead.page.get_by_role("alert")).to_contain_text("已经过去")
    due_at.fill("2026-03-05T17:00")
    lead.page.get_by_role("button", name="查看影响").click()
    expect(lead.page.locator(".effects")).to_contain_text("确认故障、约定上门时间：期限改为 2026-03-05 17:00")
    expect(drawn(lead).get_by_text("03-05 17:00").first).to_be_visible()
    must_be_accessible(lead)
    confirm(lead, "更改期限", "顾客要求改期")
    expect(lead.page.locator(".notice-success")).to_be_visible()
    with company.reading(SYSTEM) as uow:
        kept = uow.scalar(sa.select(task.c.due_at).where(task.c.instance_id == case.id, task.c.state == "open"))
        timers = uow.rows(sa.select(job.c.due_at).where(job.c.instance_id == case.id, job.c.kind == "timer"))
    assert kept == datetime(2026, 3, 5, 9, tzinfo=UTC)
    assert kept in [row.due_at for row in timers]
    on_the_record(lead, case, "更改了期限", "顾客要求改期")
    must_be_proven(company)


# ------------------------------------------------------------------ what is known
def test_entry_is_changed_by_its_own_field(person: People, company: ProcessEngine, case: Case) -> None:
    lead = person(LEAD)
    lead.go(f"/cases/{case.id}")
    fold(lead, "已知信息")
    lead.page.get_by_role("link", name="更改“顾客离维修点”").click()
    lead.page.locator("#entry").select_option(label="省内（三天内到场）")
    lead.page.get_by_role("button", name="查看影响").click()
    expect(lead.page.locator(".before-after")).to_have_text(["市内（一天内到场）", "省内（三天内到场）"])
    confirm(lead, "更改填写的内容", "在外市")
    expect(lead.page.locator(".notice-success")).to_be_visible()
    assert case.variables["region"] == "in_province"
    on_the_record(lead, case, "更改了内容", "在外市")


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_list_is_changed_line_by_line(person: People, company: ProcessEngine, case: Case, width: int) -> None:
    lead = person(LEAD, width=width)
    lead.go(f"/cases/{case.id}/intervene/set_variable?name=parts_requested&scope=1")
    lines = lead.page.locator(".line-table tbody tr")
    must_be_accessible(lead)
    first = lines.nth(0)
    first.locator("select").select_option(index=1)
    lead.page.get_by_role("button", name="查看影响").click()
    expect(lead.page.get_by_role("alert")).to_contain_text("第 1 行，数量：")
    first.locator("input[inputmode]").fill("3")
    lines.nth(1).locator("select").select_option(index=2)
    lines.nth(1).locator("input[inputmode]").fill("1")
    lead.page.get_by_role("button", name="查看影响").click()
    after = lead.page.locator(".before-after").nth(1)
    expect(after).to_contain_text("数量 3")
    confirm(lead, "更改填写的内容", "电话补充")
    expect(lead.page.locator(".notice-success")).to_be_visible()
    assert [row["quantity"] for row in case.variables["parts_requested"]] == [3, 1]

    lead.go(f"/cases/{case.id}/intervene/set_variable?name=parts_requested&scope=1")
    lead.page.get_by_label("删除第 1 行").check()
    lead.page.get_by_role("button", name="查看影响").click()
    confirm(lead, "更改填写的内容", "第一种有库存")
    expect(lead.page.locator(".notice-success")).to_be_visible()
    assert [row["quantity"] for row in case.variables["parts_requested"]] == [1]
    must_be_proven(company)


def test_who_does_not_lead_is_offered_none(person: People, case: Case) -> None:
    engineer = person(ENGINEER, width=DESK)
    engineer.go(f"/cases/{case.id}")
    expect(engineer.page.locator('a[href*="/intervene/"]')).to_have_count(0)
    engineer.go(f"/cases/{case.id}/intervene/terminate")
    expect(engineer.page.locator("h1.refusal-words")).to_be_visible()


# ------------------------------------------------------------------ what people do and see
def confirm(someone: Person, button: str, reason: str) -> None:
    """Give the reason and do it."""
    someone.page.locator("#reason").fill(reason)
    someone.page.get_by_role("button", name=button, exact=True).click()


def drawn(someone: Person) -> Locator:
    """The diagram with the effect, once it is painted."""
    found = someone.page.locator("[data-diagram]").first
    found.scroll_into_view_if_needed()
    expect(found).to_have_class(re.compile("is-drawn"))
    return found


def at(diagram: Locator, element: str) -> Locator:
    """An element of the diagram."""
    return diagram.locator(f'[data-element-id="{element}"]')


def fold(someone: Person, title: str) -> None:
    """Open a part of the case page that a phone folds up."""
    part = someone.page.locator("details.fold").filter(has=someone.page.get_by_role("heading", name=title))
    if part.get_attribute("open") is None:
        part.locator("summary").first.click()


def on_the_record(someone: Person, case: Case, what: str, reason: str, *, language: str = "zh") -> None:
    """The timeline marks it as an intervention, with the reason."""
    someone.go(f"/cases/{case.id}?show=intervention#timeline")
    event = someone.page.locator(".event-intervention").first
    expect(event).to_contain_text({"zh": "干预", "en": "Intervention"}[language])
    expect(event).to_contain_text(what)
    expect(event).to_contain_text(reason)


def standing(company: ProcessEngine, case: Case) -> str:
    with company.reading(SYSTEM) as uow:
        return str(uow.scalar(sa.select(process_instance.c.status).where(process_instance.c.id == case.id)))


def recorded(company: ProcessEngine, case: Case) -> list[tuple[str, str]]:
    """The interventions of a case with their reasons, as the record has them."""
    with company.reading(SYSTEM) as uow:
        rows = uow.rows(sa.select(history_event.c.command, history_body.c.body).join(history_body, sa.and_(
            history_body.c.instance_id == history_event.c.instance_id, history_body.c.seq == history_event.c.seq)).where(
            history_event.c.instance_id == case.id).order_by(history_event.c.seq))
    return [(row.command, json.loads(bytes(row.body))["inputs"]["reason"]) for row in rows if row.command in COMMANDS]
