"""Corrective and preventive action forms (纠正与预防措施建议表; 5.6, 5.7; QG/PLA 08.04 is not in our hands)."""

from collections.abc import Mapping
from datetime import datetime, time
from typing import Any

import sqlalchemy as sa

from engine.audit import sampling
from engine.unit_of_work import JobContext, UnitOfWork
from handlers.days import CHINA, end_of
from handlers.given import day, is_yes, text
from handlers.performers import performed
from handlers.tables import corrective_action, corrective_measure


def register(uow: UnitOfWork, context: JobContext) -> Mapping[str, Any]:
    """Register a finding; the item of the audit sample that it came from learns the number of its case."""
    said = context.variables
    uow.execute(sa.insert(corrective_action).values(
        case_id=context.instance_id, number=context.business_key, office=context.office, source=said["finding_source"],
        audited_case=text(said, "audited_case"), clause=text(said, "finding_clause"), finding=said["finding"],
        seriousness=said["seriousness"], found_by=text(said, "found_by") or context.started_by, found_at=context.now))
    sampling.link_finding(uow, context.instance_id, said)
    return {"measure_round": 1}


def decline(uow: UnitOfWork, context: JobContext) -> None:
    """Keep why no action is taken."""
    judged = performed(uow, context.instance_id, "judge_finding")
    _update(uow, context, judged_by=judged.by, judged_at=judged.at, no_action_reason=context.variables.get("no_action_reason"),
            closed_at=context.now)


def plan(uow: UnitOfWork, context: JobContext) -> Mapping[str, Any]:
    """Register a measure: it is due by the end of its day, and checked from the beginning of the check date.

    Sets `measure_due_at` and `check_at`, for the deadline and the timer.
    """
    said, case = context.variables, context.instance_id
    judged, planned = performed(uow, case, "judge_finding"), performed(uow, case, "plan_measure")
    due_on, check_on = day(said, "measure_due_on") or context.now.date(), day(said, "check_on") or context.now.date()
    _update(uow, context, judged_by=judged.by, judged_at=judged.at, kind=said.get("action_kind"),
            responsible=said.get("responsible_department"), cause=said["root_cause"], other_cases=text(said, "other_cases"))
    uow.execute(sa.insert(corrective_measure).values(
        case_id=case, round=said["measure_round"], measure=said["measure"], owner=said["measure_owner"], due_on=due_on,
        check_on=check_on, planned_by=planned.by, planned_at=planned.at or context.now))
    return {"measure_due_at": end_of(due_on).isoformat(),
            "check_at": datetime.combine(check_on, time(), CHINA).isoformat()}


def verify(uow: UnitOfWork, context: JobContext) -> Mapping[str, Any]:
    """Keep what was done and what the verification found; an effective measure closes the form, else a new round begins."""
    said, case = context.variables, context.instance_id
    done, verified = performed(uow, case, "carry_out_measure"), performed(uow, case, "verify_effectiveness")
    is_effective = is_yes(said, "is_measure_effective")
    here = (corrective_measure.c.case_id == case, corrective_measure.c.round == said["measure_round"])
    uow.execute(sa.update(corrective_measure).where(*here).values(
        result=said["measure_result"], carried_out_on=day(said, "carried_out_on"), done_by=done.by, done_at=done.at,
        verification=said["verification_finding"], is_effective=is_effective, verified_by=verified.by, verified_at=verified.at))
    if is_effective:
        _update(uow, context, closed_at=context.now)
    return {"measure_round": said["measure_round"] + 1}


def _update(uow: UnitOfWork, context: JobContext, **values: Any) -> None:
    uow.execute(sa.update(corrective_action).where(corrective_action.c.case_id == context.instance_id).values(values))
