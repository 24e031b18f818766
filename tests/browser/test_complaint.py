"""5.1.18 at a desk, both columns: 8 working hours pass, the manager is told and acts, and the work goes on."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from engine.unit_of_work import SYSTEM, ProcessEngine
from handlers import complaints
from handlers.tables import complaint, rejected_solution
from tests.browser import outcome
from tests.browser.person import Person
from tests.conftest import Clock
from tests.database.acting import row

DESK = 1440
RECEIVED = {"received_by": "电话", "customer": "长沙市五一路储蓄所", "product": "密码键盘", "serial_number": "PP-7",
            "complaint_text": "约好上门，两次没有来"}
Company = Callable[..., Person]


@pytest.fixture
def people(person: Company) -> dict[str, Person]:
    """Those who handle a complaint of the Changsha office, each at a desk."""
    return {user: person(user, width=DESK) for user in ("sales.changsha", "lead.changsha", "manager")}


def test_human_factor_whose_remedy_is_late_is_remedied_and_penalised(
        people: dict[str, Person], company: ProcessEngine, clock: Clock) -> None:
    lead, manager = people["lead.changsha"], people["manager"]
    accept(people)
    lead.answer("是", cause="工程师失约", is_quality_problem="否")
    lead.sees("了解事件详细情况")
    lead.complete(details="工程师两次改约没有告知顾客", complained_about="长沙工程师二")
    lead.sees("与顾客协商补救措施")
    let_a_working_day_pass(people, clock)
    manager.open("督办超时的补救", view="groups")
    manager.complete(late_remedy_reason="联系不上顾客", late_remedy_action="今日必须上门")
    lead.open("与顾客协商补救措施", view="groups")
    lead.complete(remedy="负责人致歉，当日上门检修", remedy_agreed_by="设备科")
    lead.sees("实施补救措施")
    lead.complete(remedy_result="已上门修好")
    lead.sees("对责任人进行处罚")
    lead.complete(penalty="扣发当月奖金")
    lead.sees("通报顾客")
    lead.answer("否", informed_note="已说明处理情况")
    finish(lead)

    case = outcome.only_case(company, "complaint")
    filed = row(company, complaint, case.id)
    assert case.ended_at == "complaint_handled"
    assert (filed.is_human_factor, filed.complained_about, filed.penalty) == (True, "engineer2.changsha", "扣发当月奖金")
    assert [to for to, _ in case.told()] == ["manager"]
    with company.reading(SYSTEM) as uow:
        shown = complaints.for_customer(uow, case.id)
    assert shown is not None
    assert "扣发当月奖金" not in repr(shown)
    outcome.must_be_proven(company)


def test_other_cause_whose_solution_is_late_and_once_rejected_is_solved(
        people: dict[str, Person], company: ProcessEngine, clock: Clock) -> None:
    lead, manager = people["lead.changsha"], people["manager"]
    accept(people)
    lead.answer("否", {"quality_reason": "同批三台都这样"}, cause="接口件批次不良", is_quality_problem="是")
    lead.sees("向总部申请支持")
    lead.complete(support_request="请给出更换办法")
    let_a_working_day_pass(people, clock)
    manager.open("督办超时的方案", view="groups")
    manager.complete(late_solution_reason="等技术部答复", late_solution_action="今日答复顾客")
    solve(people, "修理", agrees="否", objection="要求换新机")
    solve(people, "换新机", agrees="是")
    lead.sees("实施解决方案")
    lead.answer("否", solution_result="已换新机")
    finish(lead)

    case = outcome.only_case(company, "complaint")
    filed = row(company, complaint, case.id)
    assert case.ended_at == "complaint_handled"
    assert (filed.is_human_factor, filed.quality_level, filed.solution) == (False, "quality", "换新机")
    assert sorted(to for to, _ in case.told()) == ["manager", "terminal_division_gm"]
    with company.reading(SYSTEM) as uow:
        kept = uow.rows(sa.select(rejected_solution).where(rejected_solution.c.case_id == case.id))
    assert [(r.round, r.solution, r.objection) for r in kept] == [(1, "修理", "要求换新机")]
    outcome.must_be_proven(company)


def accept(people: dict[str, Person]) -> None:
    """Receive the complaint, judge and accept it; the lead is then asked for its cause."""
    lead = people["lead.changsha"]
    people["sales.changsha"].start("complaint", **RECEIVED)
    lead.open("判断是否为客户投诉", view="groups")
    lead.answer("是", judge_reason="服务失约")
    lead.sees("受理投诉")
    lead.complete(severity="一般投诉", severity_reason="没有造成损失")
    lead.sees("了解投诉原因")


def let_a_working_day_pass(people: dict[str, Person], clock: Clock) -> None:
    """A day later, with everybody at their desks again: sessions have ended over night."""
    clock.move(hours=24)
    for someone in people.values():
        someone.sign_in()


def solve(people: dict[str, Person], solution: str, *, agrees: str, **objection: str) -> None:
    """The centre gives a solution, the customer is told and answers."""
    lead, manager = people["lead.changsha"], people["manager"]
    manager.open("取得解决方案", view="groups")
    manager.complete(customer_consulted="是", solution=solution, solution_due_on="2026-03-12")
    lead.open("通知顾客解决方案", view="groups")
    lead.complete(told_how="电话")
    lead.sees("确定负责人")
    lead.answer(agrees, responsible="长沙工程师", **objection)


def finish(lead: Person) -> None:
    """Record what was done, which closes the case."""
    lead.sees("记录处理过程")
    lead.complete(handling_record="已处理，顾客满意")
    assert lead.script_errors == []
