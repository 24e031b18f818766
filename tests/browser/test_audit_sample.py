"""An auditor draws a sample, finds something at a case, and it comes to an effective measure: by clicks and keys, in Chinese."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from engine import identity, instances
from engine.unit_of_work import SYSTEM, ProcessEngine
from handlers.tables import corrective_action, corrective_measure
from tests.browser import outcome
from tests.browser.access import must_be_accessible
from tests.browser.person import Person
from tests.conftest import Clock
from tests.database.acting import cases_of, row, start

DESK = 1440
LEAD, ENGINEER = "lead.changsha", "engineer.changsha"
REPORT = {"report_source": "customer", "customer": "五一路储蓄所", "contact": "设备科", "phone": "0731-5550101",
          "region": "same_city", "serial_number": "CT-1", "product": "terminal_text", "reported_fault": "黑屏"}


@pytest.fixture
def finished(company: ProcessEngine) -> list[str]:
    """The numbers of two finished cases. To be asked for before `person`, whose server has a worker."""
    cases = [start(company, LEAD, "in_warranty", **REPORT) for _ in range(2)]
    with company.reading(SYSTEM) as uow:
        admin = identity.actor(uow, "admin")
    for case in cases:
        with company.transaction(admin) as uow:
            instances.terminate(uow, case.id, reason="重复登记")
    return ["BN-000001", "BN-000002"]


def draw(auditor: Person) -> None:
    """From the empty page to a sample of both cases."""
    page = auditor.page
    auditor.go("/audit/samples")
    expect(page.get_by_role("heading", name="还没有抽样")).to_be_visible()
    page.get_by_role("link", name="抽取样本").click()
    expect(page.locator("#preview")).to_contain_text("2 件工单符合条件")
    page.get_by_label("流程", exact=True).select_option(label="退货处理流程")
    expect(page.locator("#preview")).to_contain_text("没有可抽的工单")
    page.get_by_label("流程", exact=True).select_option(label="保内服务流程")
    expect(page.locator("#preview")).to_contain_text("2 件工单符合条件")
    expect(page.locator("[name=question_zh]").nth(3)).to_have_value("顾客是否验证后在维修单上签字？")
    page.get_by_label("标题").fill("第一季度保内服务")
    page.get_by_label("种子").fill("2026-Q1")
    page.get_by_role("button", name="抽取样本").click()
    expect(page.locator(".sample-progress")).to_contain_text("0 / 2")
    must_be_accessible(auditor)


def check(auditor: Person) -> None:
    """The first case by keys: the customer did not sign; the second by clicks: all is well."""
    page = auditor.page
    page.locator("[data-next]").click()
    expect(page.locator("[data-question]")).to_have_count(7)
    page.keyboard.press("Tab")
    for key in "yyynyxy":
        page.keyboard.press(key)
    expect(page.locator("#note")).to_be_focused()
    page.keyboard.type("维修单上没有签字")
    expect(page.get_by_role("button", name="不符合，启动纠正措施")).to_be_visible()
    must_be_accessible(auditor)
    page.keyboard.press("Control+Enter")
    expect(page).to_have_url(re.compile("/2$"))
    for question in page.locator("[data-question]").all():
        question.get_by_label("是", exact=True).check()
    page.get_by_role("button", name="符合，保存并继续", exact=True).click()
    expect(page.locator(".sample-progress")).to_contain_text("2 / 2")
    for _ in range(20):
        if page.get_by_role("link", name="JZ-000001").count():
            break
        page.wait_for_timeout(200)  # the worker starts the case
        page.reload()


def test_finding_of_a_sample_comes_to_an_effective_measure(
        finished: list[str], person: Callable[..., Person], company: ProcessEngine, clock: Clock) -> None:
    auditor, quality, engineer = person("auditor", width=DESK), person("quality", width=DESK), person(ENGINEER)
    draw(auditor)
    check(auditor)
    auditor.page.get_by_role("link", name="JZ-000001").click()
    expect(auditor.page.locator("main")).to_contain_text("JZ-000001")
    expect(auditor.page.get_by_role("link", name=re.compile("|".join(finished))).first).to_be_visible()

    quality.open("判定是否采取措施", view="groups", case="JZ-000001")
    expect(quality.page.locator("main")).to_contain_text("维修单上没有签字")
    quality.answer("是", {"action_kind": "纠正（已经发生）", "responsible_department": "所在办事处服务部"})
    lead = person(LEAD)
    lead.open("服务部查明原因", view="groups", case="JZ-000001")
    lead.complete(root_cause="新人不知道要签字")
    lead.sees("制定措施")
    lead.complete(measure="上门前再讲一遍", measure_owner="长沙工程师", measure_due_on="2026-03-06", check_on="2026-03-20")
    engineer.open("实施措施", case="JZ-000001")
    expect(engineer.page.locator("main")).to_contain_text("上门前再讲一遍")
    engineer.complete(measure_result="已讲，签到表已存档", carried_out_on="2026-03-03")

    clock.move(days=18)
    quality = person("quality", width=DESK)
    quality.open("验证措施效果", view="groups", case="JZ-000001")
    quality.complete(verification_finding="抽查十份，都有签字", is_measure_effective="是")

    case, = cases_of(company, "corrective_action")
    assert case.run().ended_at == "action_effective"
    filed, measure = row(company, corrective_action, case.id), row(company, corrective_measure, case.id)
    assert (filed.audited_case in finished, filed.clause, filed.found_by, filed.office) == (True, "5.1.9", "auditor", "changsha")
    assert (measure.owner, measure.done_by, measure.verified_by, measure.is_effective) == (ENGINEER, ENGINEER, "quality", True)
    outcome.must_be_proven(company)
    for someone in (auditor, quality, engineer, lead):
        assert someone.script_errors == []


def test_sample_is_closed_by_a_click_and_another_auditor_is_told_that_it_stands(
        finished: list[str], person: Callable[..., Person]) -> None:
    del finished
    auditor, other = person("auditor", width=DESK), person("auditor2")
    draw(auditor)
    other.go("/audit/samples")
    other.page.get_by_role("link", name="第一季度保内服务").click()
    other.page.locator("[data-next]").click()
    check(auditor)
    for question in other.page.locator("[data-question]").all():
        question.get_by_label("是", exact=True).check()
    other.page.get_by_role("button", name="符合，保存并继续", exact=True).click()
    expect(other.page.get_by_role("alert")).to_contain_text("审计员 已于")
    auditor.go(re.sub(r"/\d+$", "", other.page.url).removeprefix(other.address))
    auditor.page.get_by_role("button", name="结束抽样").click()
    expect(auditor.page.locator("main")).to_contain_text("不再改动")
    auditor.page.get_by_role("link", name="打印结果").click()
    expect(auditor.page.locator("main")).to_contain_text("Clopper–Pearson")
