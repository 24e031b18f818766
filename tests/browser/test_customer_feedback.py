"""5.1.8, 5.1.10, 5.1.17 n1 and n2: a month from its timer to the approved statistics, and an opinion that it brought up."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from playwright.sync_api import expect

from engine import instances, jobs
from engine.canonical import loads
from engine.unit_of_work import SYSTEM, ProcessEngine
from handlers.tables import monthly_statistics, opinion, repair_order
from tests.browser import outcome
from tests.browser.person import Person
from tests.conftest import Clock
from tests.database.acting import cases_of, row

DESK = 1440
OFFICES = ("changsha", "guangzhou", "head", "wulumuqi", "yueyang")
FRIDAY = datetime(2026, 4, 24, 1, 0, tzinfo=UTC)  # 09:00; the 25th of April 2026 is a Saturday
FINISHED = datetime(2026, 4, 10, 6, 0, tzinfo=UTC)


@pytest.fixture
def april(company: ProcessEngine, clock: Clock) -> None:
    """A minute before April's collection; March's is settled; three signed orders, one with an opinion."""
    outcome.apart(settle_march, company, clock)
    clock.set(FRIDAY - timedelta(minutes=1))
    with company.transaction(SYSTEM) as uow:
        for number, more in enumerate(({"satisfaction": "dissatisfied", "opinion": "等了三天"}, {}, {"office": "yueyang"}), 1):
            uow.execute(sa.insert(repair_order).values({
                "case_id": f"order-{number}", "number": f"WX-{number}", "office": "changsha", "state": "signed",
                "customer": "长沙市五一路储蓄所", "product_id": "pin_pad", "serial": f"PP-{number}", "symptom_id": "no_power",
                "reported_at": FINISHED - timedelta(hours=9), "arrived_at": FINISHED - timedelta(hours=2),
                "finished_at": FINISHED, "is_charged": False, "charge_cents": 0, "satisfaction": "satisfied"} | more))


def settle_march(company: ProcessEngine, clock: Clock) -> None:
    """Let March's collection begin on its day and take it off the desks."""
    clock.set(datetime(2026, 3, 25, 1, 0, tzinfo=UTC))
    jobs.run_all(company)
    (march,) = cases_of(company, "customer_feedback")
    with company.transaction(SYSTEM) as uow:
        instances.terminate(uow, march.id, reason="补办")


@pytest.mark.usefixtures("april")
def test_month_begins_on_the_workday_before_a_free_25th_and_ends_with_approved_statistics(
        person: Callable[..., Person], company: ProcessEngine, clock: Clock) -> None:
    clerk, manager = person("clerk", width=DESK), person("manager", width=DESK)
    clerk.go("/inbox?view=groups")
    expect(clerk.page.locator("main")).not_to_contain_text("维修单")
    clock.move(minutes=1)
    for office in OFFICES:
        engineer = person(f"engineer.{office}")
        engineer.open("上交本期维修单", view="groups")
        engineer.complete(orders_are_complete=True)
        assert engineer.script_errors == []
    clerk.open("收集、清点维修单", view="groups")
    expect(clerk.page.locator("[data-form-host] li", has_text="长沙办事处").first).to_contain_text("已上交 2 (WX-1、WX-2)")
    clerk.answer("是")
    approve_at_the_second_go(clerk, manager)
    handle_opinion(clerk, manager)

    case, told = cases_of(company, "customer_feedback")[-1], outcome.only_case(company, "customer_opinion")
    filed, heard = row(company, monthly_statistics, case.id), row(company, opinion, told.id)
    assert (case.ended_at, told.ended_at) == ("month_closed", "opinion_handled")
    assert (filed.month, filed.approved_by, filed.analysis) == ("2026-04", "manager", "密码键盘不通电三起，集中在长沙、岳阳")
    assert {name: loads(filed.figures)[name] for name in ("orders", "by_product")} == {
        "orders": 3, "by_product": [{"id": "pin_pad", "count": 3}]}
    assert sorted(to for to, _ in case.told()) == ["manufacturing", "quality", "technical_manager", "technical_support"]
    assert (heard.order_id, heard.problem_level, heard.measure) == ("order-1", "quality", "改为预约到小时")
    assert [to for to, _ in told.told()] == ["terminal_division_gm"]
    outcome.must_be_proven(company)
    assert clerk.script_errors + manager.script_errors == []


def approve_at_the_second_go(clerk: Person, manager: Person) -> None:
    """The clerk completes the draft, the manager sends it back once."""
    clerk.sees("核对并填写统计分析表")
    expect(clerk.page.locator("[data-form-host]")).to_contain_text("密码键盘")
    clerk.complete(statistics_analysis="密码键盘不通电三起")
    manager.open("批准统计分析表", view="groups")
    manager.answer("退回", approval_remark="请写明地区")
    clerk.open("核对并填写统计分析表", view="groups")
    expect(clerk.page.locator("[data-form-host]")).to_contain_text("请写明地区")
    clerk.complete(statistics_analysis="密码键盘不通电三起，集中在长沙、岳阳")
    manager.open("批准统计分析表", view="groups")
    manager.answer("批准")


def handle_opinion(clerk: Person, manager: Person) -> None:
    """Report, find out, handle, record."""
    clerk.open("向经理汇报", view="groups")
    clerk.complete(opinion_summary="上门等候太久")
    manager.open("了解具体情况", view="groups")
    manager.answer("一般质量问题", opinion_facts="属实，同批电源不良", level_reason="三台同样故障")
    manager.sees("作出处理")
    manager.complete(opinion_measure="改为预约到小时")
    clerk.open("记录事件过程", view="groups")
    clerk.complete(opinion_record="已回访，顾客接受")
