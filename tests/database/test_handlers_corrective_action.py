"""Corrective action (5.6, 5.7): no action with a reason, an effective measure, one without effect, one that is late."""

import pytest

from engine.errors import Forbidden
from engine.unit_of_work import SYSTEM, ProcessEngine
from handlers.tables import corrective_action, corrective_measure, missed_deadline
from tests.conftest import Clock
from tests.database.acting import Case, row, start

ENGINEER, QUALITY = "engineer.head", "quality"
FINDING = {"finding_source": "inspection", "audited_case": "BN-000001", "finding_clause": "5.1.9",
           "finding": "维修单没有顾客签字", "seriousness": "minor"}
MEASURE = {"measure": "派工前再讲一遍签字要求", "measure_owner": ENGINEER, "measure_due_on": "2026-03-04",
           "check_on": "2026-03-20"}
DONE = {"measure_result": "已讲", "carried_out_on": "2026-03-03"}


def judged(company: ProcessEngine, user: str = "auditor", **values: str) -> Case:
    return start(company, user, "corrective_action", **FINDING).do(QUALITY, "judge_finding", **values)


def planned(company: ProcessEngine, department: str = "branch") -> Case:
    case = judged(company, action_needed="yes", action_kind="corrective", responsible_department=department)
    finder, element = {"branch": ("lead.head", "find_cause_branch"), "centre": ("manager", "find_cause_centre")}[department]
    return case.do(finder, element, root_cause="新人不知道").do("manager", "plan_measure", **MEASURE)


def test_finding_that_needs_no_action_ends_with_its_reason_kept(company: ProcessEngine) -> None:
    case = judged(company, action_needed="no", no_action_reason="顾客事后补签")
    assert case.ended_at == "no_action"
    filed = row(company, corrective_action, case.id)
    assert (filed.no_action_reason, filed.judged_by, filed.found_by, filed.kind) == ("顾客事后补签", QUALITY, "auditor", None)
    assert filed.closed_at is not None


@pytest.mark.parametrize("department", ["branch", "centre"])
def test_effective_measure_is_carried_out_by_its_owner_verified_on_the_check_date_and_filed(
        company: ProcessEngine, clock: Clock, department: str) -> None:
    case = planned(company, department)
    assert case.task("carry_out_measure").assignee == ENGINEER
    case.do(ENGINEER, "carry_out_measure", **DONE)
    assert case.offered == []
    clock.move(days=17)
    assert case.run().offered == []
    clock.move(days=1)
    assert case.run().offered == ["verify_effectiveness"]
    case.do(QUALITY, "verify_effectiveness", verification_finding="抽查十份，都有签字", is_measure_effective="yes")
    assert case.ended_at == "action_effective"
    filed, measure = row(company, corrective_action, case.id), row(company, corrective_measure, case.id)
    assert (filed.cause, filed.kind, filed.responsible, filed.clause) == ("新人不知道", "corrective", department, "5.1.9")
    assert filed.closed_at == clock.now
    assert (measure.round, measure.owner, str(measure.due_on), str(measure.check_on)) == (1, ENGINEER, "2026-03-04", "2026-03-20")
    assert (measure.done_by, measure.result, measure.verified_by, measure.is_effective) == (ENGINEER, "已讲", QUALITY, True)


def test_measure_without_effect_is_planned_anew_and_both_rounds_are_kept(company: ProcessEngine, clock: Clock) -> None:
    case = planned(company).do(ENGINEER, "carry_out_measure", **DONE)
    clock.move(days=18)
    case.run().do(QUALITY, "verify_effectiveness", verification_finding="仍有两份没有", is_measure_effective="no")
    assert case.offered == ["plan_measure"]
    case.do("manager", "plan_measure", **{**MEASURE, "measure": "没有签字的不予结单", "measure_due_on": "2026-03-25",
                                          "check_on": "2026-03-10"})
    case.do(ENGINEER, "carry_out_measure", **DONE)
    case.do(QUALITY, "verify_effectiveness", verification_finding="都有", is_measure_effective="yes")
    assert case.ended_at == "action_effective"
    with company.reading(SYSTEM) as uow:
        rounds = uow.rows(corrective_measure.select().where(corrective_measure.c.case_id == case.id).order_by("round"))
    assert [(each.round, each.is_effective) for each in rounds] == [(1, False), (2, True)]


def test_measure_is_late_only_after_its_day_and_is_escalated_once(company: ProcessEngine, clock: Clock) -> None:
    case = planned(company)
    clock.move(days=2)
    assert case.run().offered == ["carry_out_measure"]
    clock.move(days=1)
    assert case.run().offered == ["carry_out_measure", "press_for_it"]
    assert row(company, missed_deadline, case.id).kind == "measure"
    case.do("lead.head", "press_for_it", delay_reason="人手不够", delay_measure="已催办")
    case.do(ENGINEER, "carry_out_measure", **DONE)
    assert case.offered == []


def test_who_carried_the_measure_out_does_not_verify_it(company: ProcessEngine, clock: Clock) -> None:
    case = judged(company, action_needed="yes", action_kind="preventive", responsible_department="branch")
    case.do("lead.head", "find_cause_branch", root_cause="表格不清楚")
    case.do("lead.head", "plan_measure", **{**MEASURE, "measure_owner": QUALITY, "check_on": "2026-03-02"})
    case.do(QUALITY, "carry_out_measure", **DONE)
    with pytest.raises(Forbidden):
        case.do(QUALITY, "verify_effectiveness", verification_finding="好", is_measure_effective="yes")
    case.do("management_representative", "verify_effectiveness", verification_finding="好", is_measure_effective="yes")
    assert case.ended_at == "action_effective"


def test_service_engineer_reports_no_finding(company: ProcessEngine) -> None:
    with pytest.raises(Forbidden):
        start(company, ENGINEER, "corrective_action", **FINDING)
