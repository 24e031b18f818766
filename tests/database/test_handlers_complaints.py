"""Complaints (5.1.18) from receipt to file, both columns, their deadlines, and who is told."""

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from engine.errors import Forbidden
from engine.unit_of_work import SYSTEM, ProcessEngine
from handlers import complaints
from handlers.tables import complaint, rejected_solution
from tests.conftest import Clock
from tests.database.acting import Case, row, start

LEAD, MANAGER = "lead.changsha", "manager"
RECEIVED = {"received_by": "phone", "customer": "长沙某银行", "product": "pin_pad", "serial_number": "PP1",
            "complaint_text": "服务态度差"}
FRIDAY_AT_FOUR = datetime(2026, 3, 6, 8, 0, tzinfo=UTC)


def accepted(company: ProcessEngine, severity: str = "ordinary") -> Case:
    case = start(company, "sales.changsha", "complaint", **RECEIVED)
    case.do(LEAD, "judge_complaint", is_complaint="yes")
    return case.do(LEAD, "accept_complaint", severity=severity, severity_reason="按规定")


def human(company: ProcessEngine) -> Case:
    case = accepted(company).do(LEAD, "find_cause", cause="工程师失约", human_factor="yes", is_quality_problem="no")
    return case.do(LEAD, "learn_details", details="两次未到", complained_about="engineer.changsha")


def other_cause(company: ProcessEngine, **quality: str) -> Case:
    given = {"is_quality_problem": "no", **quality}
    case = accepted(company).do(LEAD, "find_cause", cause="接口损坏", human_factor="no", **given)
    return case.do(LEAD, "ask_head_office", support_request="请给出方案")


def told(case: Case, customer_agrees: str) -> Case:
    case.do(MANAGER, "obtain_solution", customer_consulted="yes", solution="更换", solution_due_on="2026-03-12")
    case.do(LEAD, "tell_solution", told_how="phone")
    return case.do(LEAD, "appoint_person", responsible="engineer.changsha", customer_agrees=customer_agrees)


def finished(case: Case) -> Case:
    return case.do(LEAD, "record_handling", handling_record="已处理")


def test_what_is_no_complaint_becomes_a_task_of_whoever_receives_it(company: ProcessEngine) -> None:
    case = start(company, "sales.changsha", "complaint", **RECEIVED).do(LEAD, "judge_complaint", is_complaint="no")
    case.do(LEAD, "hand_over", receiver="engineer2.changsha", hand_over_note="请上门检修")
    assert case.task("receive_matter").assignee == "engineer2.changsha"
    case.do("engineer2.changsha", "receive_matter", matter_result="已检修")
    assert case.ended_at == "handed_over"


def test_human_factor_is_remedied_penalised_and_filed(company: ProcessEngine) -> None:
    case = human(company).do(LEAD, "agree_remedy", remedy="致歉并当日上门", remedy_agreed_by="王先生")
    case.do(LEAD, "carry_out_remedy", remedy_result="已上门").do(LEAD, "penalise", penalty="扣发奖金")
    case.do(LEAD, "inform_customer", informed_note="已通报", improvement_needed="no")
    assert finished(case).ended_at == "complaint_handled"
    filed = row(company, complaint, case.id)
    assert (filed.is_human_factor, filed.complained_about, filed.penalty, filed.quality_level) == (
        True, "engineer.changsha", "扣发奖金", "none")
    assert (filed.accepted_by, filed.received_by, filed.office) == (LEAD, "phone", "changsha")
    assert filed.closed_at is not None


def test_customer_is_never_shown_the_penalty(company: ProcessEngine) -> None:
    case = human(company).do(LEAD, "agree_remedy", remedy="致歉", remedy_agreed_by="王先生")
    case.do(LEAD, "carry_out_remedy", remedy_result="已致歉").do(LEAD, "penalise", penalty="扣发奖金")
    finished(case.do(LEAD, "inform_customer", informed_note="已通报", improvement_needed="no"))
    with company.reading(SYSTEM) as uow:
        shown = complaints.for_customer(uow, case.id)
    assert shown is not None
    assert "扣发奖金" not in repr(shown)
    assert shown["handling_record"] == "已处理"


def test_person_complained_about_decides_no_penalty_but_the_manager_may(company: ProcessEngine) -> None:
    case = accepted(company).do(LEAD, "find_cause", cause="负责人失约", human_factor="yes", is_quality_problem="no")
    case.do(LEAD, "learn_details", details="未回电话", complained_about=LEAD)
    case.do(LEAD, "agree_remedy", remedy="致歉", remedy_agreed_by="王先生").do(LEAD, "carry_out_remedy", remedy_result="已致歉")
    with pytest.raises(Forbidden):
        case.do(LEAD, "penalise", penalty="无")
    case.do(MANAGER, "penalise", penalty="通报批评")
    assert case.offered == ["inform_customer"]


def test_rejected_solution_is_kept_and_another_is_obtained(company: ProcessEngine) -> None:
    case = told(other_cause(company), "no")
    assert case.offered == ["obtain_solution"]
    told(case, "no")
    told(case, "yes").do(LEAD, "carry_out_solution", solution_result="已更换", improvement_needed="no")
    finished(case)
    with company.reading(SYSTEM) as uow:
        kept = uow.rows(sa.select(rejected_solution).where(rejected_solution.c.case_id == case.id).order_by("round"))
    assert [(r.round, r.solution, r.told_how) for r in kept] == [(1, "更换", "phone"), (2, "更换", "phone")]
    assert case.ended_at == "complaint_handled"


def test_improvement_without_effect_is_planned_again(company: ProcessEngine) -> None:
    case = told(other_cause(company), "yes").do(LEAD, "carry_out_solution", solution_result="已更换", improvement_needed="yes")
    for effective in ("no", "yes"):
        case.do(LEAD, "plan_improvement", improvement_measure="加强包装", improvement_owner=LEAD, improvement_due_on="2026-03-20")
        case.do(LEAD, "carry_out_improvement", improvement_result="已实施")
        case.do(LEAD, "supervise_improvement", supervision_finding="已检查", improvement_effective=effective)
    assert finished(case).ended_at == "complaint_handled"


def test_serious_complaint_goes_to_quality_and_the_management_representative_at_once(company: ProcessEngine) -> None:
    case = accepted(company, "serious")
    assert sorted(to for to, _ in case.told()) == ["management_representative", "quality"]
    assert "密码键盘" in case.letters()[0]
    assert "服务态度差" in case.letters()[0]
    assert accepted(company).told() == []


@pytest.mark.parametrize(("quality", "recipients"), [
    ({}, []),
    ({"is_quality_problem": "yes", "is_quality_serious": "no", "quality_reason": "批次"}, ["terminal_division_gm"]),
    ({"is_quality_problem": "yes", "is_quality_serious": "yes", "quality_reason": "批次"},
     ["management_representative", "quality", "terminal_division_gm"]),
])
def test_quality_problem_is_told_to_the_division_and_a_serious_one_further(
        company: ProcessEngine, quality: dict[str, str], recipients: list[str]) -> None:
    case = other_cause(company, **quality)
    assert sorted(to for to, _ in case.told()) == recipients
    assert case.offered == ["obtain_solution"]


def test_solution_is_due_eight_working_hours_after_acceptance(company: ProcessEngine, clock: Clock) -> None:
    clock.set(FRIDAY_AT_FOUR)
    due = accepted(company).task("find_cause").due_at
    assert due == datetime(2026, 3, 9, 8, 0, tzinfo=UTC)  # Monday 16:00 in China


def test_late_solution_goes_to_the_manager_and_the_work_goes_on(company: ProcessEngine, clock: Clock) -> None:
    case = other_cause(company)
    clock.move(hours=24)
    case.run()
    assert case.offered == ["act_on_late_solution", "obtain_solution"]
    assert [to for to, _ in case.told()] == ["manager"]
    case.do(MANAGER, "act_on_late_solution", late_solution_reason="忙", late_solution_action="当日答复")
    assert told(case, "yes").offered == ["carry_out_solution"]


def test_solution_told_in_time_is_not_escalated_while_the_customer_considers(company: ProcessEngine, clock: Clock) -> None:
    case = other_cause(company)
    case.do(MANAGER, "obtain_solution", customer_consulted="yes", solution="更换", solution_due_on="2026-03-12")
    case.do(LEAD, "tell_solution", told_how="phone")
    clock.move(hours=24)
    assert case.run().offered == ["appoint_person"]
    assert case.told() == []


def test_rejected_solution_does_not_restart_the_clock(company: ProcessEngine, clock: Clock) -> None:
    case = told(other_cause(company), "no")
    clock.move(hours=24)
    assert case.run().offered == ["act_on_late_solution", "obtain_solution"]


def test_late_remedy_of_a_human_factor_goes_to_the_manager(company: ProcessEngine, clock: Clock) -> None:
    case = human(company).do(LEAD, "agree_remedy", remedy="致歉", remedy_agreed_by="王先生")
    clock.move(hours=24)
    assert case.run().offered == ["act_on_late_remedy", "carry_out_remedy"]
    assert [to for to, _ in case.told()] == ["manager"]


def test_what_cannot_be_solved_is_reported_to_the_centre_at_any_step(company: ProcessEngine) -> None:
    case = accepted(company)
    for step in range(2):  # twice: the report interrupts nothing
        case.send("complaint_unsolvable").do(LEAD, "report_to_centre", unsolved_reason="无备件")
        assert len(case.told()) == step + 1
        case.do(MANAGER, "decide_at_centre", centre_measure="由中心派人")
    assert case.offered == ["find_cause"]
