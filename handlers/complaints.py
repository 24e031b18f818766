"""Complaints (5.1.18): accepted, answered with a solution or a remedy, filed. The penalty is never shown to the customer."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from engine.unit_of_work import JobContext, UnitOfWork
from handlers.performers import performed
from handlers.tables import complaint, rejected_solution

YES = "yes"
HIDDEN_FROM_CUSTOMER = frozenset({"penalty", "complained_about", "improvement_finding"})
"""Columns that nothing shown or sent to a customer may contain (5.1.18: the penalty is an internal matter)."""


def accept(uow: UnitOfWork, context: JobContext) -> Mapping[str, Any]:
    """Record an accepted complaint; sets the variables by which its deadlines ask how far it is (5.1.18 n2 to n4)."""
    said, acceptance = context.variables, performed(uow, context.instance_id, "accept_complaint")
    accepted_at = acceptance.at or context.now
    uow.execute(sa.insert(complaint).values(
        case_id=context.instance_id, number=context.business_key, office=context.office, received_by=said.get("received_by"),
        customer=said["customer"], contact=said.get("contact"), phone=said.get("phone"), product_id=said.get("product"),
        serial=said.get("serial_number"), complaint_text=said["complaint_text"], is_serious=said.get("severity") == "serious",
        severity_reason=said.get("severity_reason"), accepted_by=acceptance.by, accepted_at=accepted_at))
    return {"accepted_at": accepted_at.isoformat(), "human_factor": "unknown", "told_how": "none", "solution_round": 1}


def reject_solution(uow: UnitOfWork, context: JobContext) -> Mapping[str, Any]:
    """Keep a solution that the customer did not agree to; the next one is still owed within the first 8 working hours."""
    said = context.variables
    uow.execute(sa.insert(rejected_solution).values(
        case_id=context.instance_id, round=said["solution_round"], solution=said.get("solution") or "",
        told_how=said.get("told_how"), objection=said.get("objection"), recorded_at=context.now))
    return {"told_how": "none", "solution_round": said["solution_round"] + 1}


def close(uow: UnitOfWork, context: JobContext) -> None:
    """File how the complaint was handled."""
    said = context.variables
    texts = ("cause", "details", "complained_about", "remedy", "remedy_result", "solution", "solution_result", "responsible",
             "penalty", "handling_record")
    uow.execute(sa.update(complaint).where(complaint.c.case_id == context.instance_id).values(
        {name: said.get(name) for name in texts} | {
            "is_human_factor": said.get("human_factor") == YES, "quality_level": quality_level(said),
            "improvement": said.get("improvement_measure"), "improvement_finding": said.get("supervision_finding"),
            "closed_at": context.now}))


def quality_level(said: Mapping[str, Any]) -> str:
    """none | quality | serious: what the finder of the cause decided (5.1.14)."""
    if said.get("human_factor") == YES or said.get("is_quality_problem") != YES:
        return "none"
    return "serious" if said.get("is_quality_serious") == YES else "quality"


def for_customer(uow: UnitOfWork, case_id: str) -> dict[str, Any] | None:
    """What the customer may be told of their complaint: everything but `HIDDEN_FROM_CUSTOMER`."""
    row = uow.row(sa.select(complaint).where(complaint.c.case_id == case_id))
    return None if row is None else {k: v for k, v in row._mapping.items() if k not in HIDDEN_FROM_CUSTOMER}
