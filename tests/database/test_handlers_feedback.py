"""The month's repair orders: collected on the 25th, counted, approved, sent; a case for every opinion (5.1.8, 5.1.10, 5.1.17)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from engine import jobs
from engine.canonical import loads
from engine.errors import Forbidden
from engine.unit_of_work import SYSTEM, ProcessEngine
from handlers.tables import monthly_statistics, opinion, part_used, repair_order
from tests.conftest import Clock
from tests.database.acting import Case, cases_of, row

CLERK, MANAGER = "clerk", "manager"
OFFICES = ("changsha", "guangzhou", "head", "wulumuqi", "yueyang")
THE_25TH = datetime(2026, 3, 25, 1, 0, tzinfo=UTC)  # a Wednesday, 09:00 in China


def order(company: ProcessEngine, number: str, **given: Any) -> None:
    finished = given.pop("finished_at", datetime(2026, 3, 10, 6, 0, tzinfo=UTC))
    row = {"case_id": f"case-{number}", "number": number, "office": "changsha", "state": "signed", "customer": "长沙某银行",
           "product_id": "pin_pad", "serial": f"S{number}", "symptom_id": "no_power",
           "reported_at": finished - timedelta(hours=9), "arrived_at": finished - timedelta(hours=2), "finished_at": finished,
           "is_charged": False, "charge_cents": 0,
           "satisfaction": "satisfied"} | given
    with company.transaction(SYSTEM) as uow:
        uow.execute(sa.insert(repair_order).values(row))


def part(company: ProcessEngine, number: str, part_id: str, quantity: int = 1) -> None:
    with company.transaction(SYSTEM) as uow:
        uow.execute(sa.insert(part_used).values(case_id=f"case-{number}", line=1, part_id=part_id, quantity=quantity,
                                                is_main=False, defective="kept"))


def month(company: ProcessEngine, clock: Clock) -> Case:
    clock.set(THE_25TH)
    jobs.run_all(company)
    return cases_of(company, "customer_feedback")[-1].run()


def months(company: ProcessEngine) -> list[str]:
    return [case.run().variables["month"] for case in cases_of(company, "customer_feedback")]


def handed_in(case: Case, offices: tuple[str, ...] = OFFICES) -> Case:
    for office in offices:
        case.do(f"engineer.{office}", "submit_repair_orders", office=office, orders_are_complete=True)
    return case


def test_clerk_reads_each_service_points_orders_and_those_without_a_signature(company: ProcessEngine, clock: Clock) -> None:
    order(company, "WX-1")
    order(company, "WX-2", office="yueyang")
    order(company, "WX-3", state="filled_in")
    order(company, "WX-4", state="declined")
    order(company, "WX-5", state="open", finished_at=datetime(2026, 3, 26, 6, 0, tzinfo=UTC))
    case = handed_in(month(company, clock))
    lines = case.variables["orders_text"].splitlines()
    assert lines[0] == "- **长沙办事处**：已上交 1 (WX-1)；还没有签字 1 (WX-3)"
    assert case.variables["orders_text_en"].splitlines()[-1] == "- **Yueyang office**: handed in 1 (WX-2); not signed yet 0"
    assert len(lines) == len(OFFICES)


def test_collection_starts_by_itself_on_the_25th_once(company: ProcessEngine, clock: Clock) -> None:
    case = month(company, clock)
    assert case.offered == ["submit_repair_orders"] * len(OFFICES)
    assert (case.variables["period_from"], case.variables["period_to"]) == ("2026-02-26", "2026-03-25")
    clock.move(minutes=10)
    jobs.run_all(company)
    assert months(company).count("2026-03") == 1


def test_25th_on_a_weekend_is_collected_on_the_workday_before(company: ProcessEngine, clock: Clock) -> None:
    clock.set(datetime(2026, 4, 24, 0, 59, tzinfo=UTC))  # 25 April 2026 is a Saturday
    jobs.run_all(company)
    assert "2026-04" not in months(company)
    clock.move(minutes=1)
    jobs.run_all(company)
    assert "2026-04" in months(company)


def test_each_office_sees_its_own_task_only(company: ProcessEngine, clock: Clock) -> None:
    case = month(company, clock)
    with pytest.raises(Forbidden):
        case.do("engineer.yueyang", "submit_repair_orders", office="changsha", orders_are_complete=True)


def test_month_is_counted_approved_and_sent(company: ProcessEngine, clock: Clock) -> None:
    order(company, "1")
    order(company, "2", serial="S1", finished_at=datetime(2026, 3, 20, 6, 0, tzinfo=UTC), symptom_id="keyboard")
    order(company, "3", office="yueyang", product_id="printer_hccpr2", is_charged=True)
    order(company, "4", state="open")  # not over: not in the batch
    part(company, "1", "board_main", 2)
    case = handed_in(month(company, clock)).do(CLERK, "check_off_orders", orders_complete="yes")
    case.do(CLERK, "complete_statistics", statistics_analysis="密码键盘不通电较多")
    case.do(MANAGER, "approve_statistics", statistics_approved="no", approval_remark="补充")
    case.do(CLERK, "complete_statistics", statistics_analysis="密码键盘不通电最多")
    case.do(MANAGER, "approve_statistics", statistics_approved="yes")
    assert case.ended_at == "month_closed"
    assert {to for to, _ in case.told()} == {"quality", "technical_manager", "technical_support", "manufacturing"}
    filed = row(company, monthly_statistics, case.id)
    assert (filed.month, filed.number, filed.approved_by) == ("2026-03", "TJ-2026-03", MANAGER)
    assert filed.analysis == "密码键盘不通电最多"
    found = loads(filed.figures)
    assert (found["orders"], found["charged"], found["repeat_repairs"], found["mean_hours_to_repair"]) == (3, 1, 1, 2.0)
    assert found["by_part"] == [{"id": "board_main", "count": 2}]
    assert found["by_product"] == [{"id": "pin_pad", "count": 2}, {"id": "printer_hccpr2", "count": 1}]


def test_who_completed_the_statistics_does_not_approve_them(company: ProcessEngine, clock: Clock) -> None:
    case = handed_in(month(company, clock)).do(CLERK, "check_off_orders", orders_complete="yes")
    case.do(CLERK, "complete_statistics", statistics_analysis="无")
    with pytest.raises(Forbidden):
        case.do(CLERK, "approve_statistics", statistics_approved="yes")


def test_missing_office_hands_in_again(company: ProcessEngine, clock: Clock) -> None:
    case = handed_in(month(company, clock)).do(CLERK, "check_off_orders", orders_complete="no", offices_to_submit=["yueyang"])
    assert [case.task("submit_repair_orders").office] == ["yueyang"]
    assert handed_in(case, ("yueyang",)).offered == ["check_off_orders"]


def test_office_that_is_late_is_chased_and_still_awaited(company: ProcessEngine, clock: Clock) -> None:
    case = handed_in(month(company, clock), OFFICES[:4])
    clock.move(hours=24)
    assert case.run().offered == ["chase_missing", "submit_repair_orders"]
    case.do(CLERK, "chase_missing", chase_note="已电话联系")
    assert handed_in(case, OFFICES[4:]).offered == ["check_off_orders"]


def test_every_suggestion_or_dissatisfaction_becomes_a_case_once(company: ProcessEngine, clock: Clock) -> None:
    order(company, "1", satisfaction="suggestion", opinion="希望电话预约")
    order(company, "2", satisfaction="dissatisfied", opinion="等太久", office="yueyang")
    order(company, "3")
    case = handed_in(month(company, clock)).do(CLERK, "check_off_orders", orders_complete="yes")
    opened = cases_of(company, "customer_opinion")
    told = sorted((c.variables["opinion"], c.variables["office"]) for c in opened)
    assert told == [("希望电话预约", "changsha"), ("等太久", "yueyang")]
    assert case.variables["opinion_cases"] == 2


@pytest.mark.parametrize(("level", "recipients"), [
    ("none", []), ("quality", ["terminal_division_gm"]),
    ("serious", ["management_representative", "quality", "terminal_division_gm"])])
def test_opinion_is_reported_handled_and_filed(company: ProcessEngine, clock: Clock, level: str, recipients: list[str]) -> None:
    order(company, "1", satisfaction="suggestion", opinion="希望电话预约")
    handed_in(month(company, clock)).do(CLERK, "check_off_orders", orders_complete="yes")
    case = cases_of(company, "customer_opinion")[0].do(CLERK, "report_opinion", opinion_summary="预约")
    case.do(MANAGER, "find_out", opinion_facts="属实", problem_level=level, level_reason="已核实")
    case.do(MANAGER, "handle_opinion", opinion_measure="改进预约").do(CLERK, "record_opinion", opinion_record="已回访")
    assert case.ended_at == "opinion_handled"
    assert sorted(to for to, _ in case.told()) == recipients
    filed = row(company, opinion, case.id)
    assert (filed.order_id, filed.opinion, filed.problem_level, filed.record) == ("case-1", "预约", level, "已回访")
