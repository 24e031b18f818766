"""Deadlines of a repair: exceptions that the manager decides, and deadlines that were missed (5.1.6, 5.1.16 n2)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from engine.unit_of_work import JobContext, UnitOfWork
from handlers.days import CHINA
from handlers.given import completed_by, is_yes, moment, text, whole
from handlers.tables import missed_deadline, repair_order, response_exception

WORDS = {
    "response": ("上门响应时限 {due} 已过", "The response deadline {due} has passed"),
    "measure": ("措施的完成期限 {due} 已过", "The measure was due by {due}"),
    "payment": ("约定的付费时间 {due} 已过", "The agreed time of payment {due} has passed"),
}


def decide_exception(uow: UnitOfWork, context: JobContext) -> Mapping[str, Any]:
    """Record the manager's decision and its reason; if it was granted, the response deadline moves."""
    given, case = context.variables, context.instance_id
    due = moment(given, "response_due_at") or context.now
    is_granted = is_yes(given, "exception_granted")
    moved_to = due + timedelta(days=max(0, whole(given, "exception_days"))) if is_granted else due
    number = 1 + uow.scalar(sa.select(sa.func.count()).where(response_exception.c.case_id == case))
    uow.execute(sa.insert(response_exception).values(
        case_id=case, number=number, moved_from=due, moved_to=moved_to, is_granted=is_granted,
        reason=text(given, "exception_reason") or "", granted_by=completed_by(uow, context, "grant_exception"),
        granted_at=context.now))
    uow.execute(sa.update(repair_order).where(repair_order.c.case_id == case).values(response_due_at=moved_to))
    return {"response_due_at": moved_to.isoformat()}


def note_missed(uow: UnitOfWork, context: JobContext) -> Mapping[str, Any]:
    """Note a missed deadline; one that is noted already is not escalated a second time."""
    kind = text(context.variables, "deadline_kind") or "response"
    due = moment(context.variables, "deadline_at") or context.now
    key = {"case_id": context.instance_id, "kind": kind, "due_at": due}
    is_new = uow.row(sa.select(missed_deadline).filter_by(**key)) is None
    if is_new:
        uow.execute(sa.insert(missed_deadline).values(**key, noted_at=context.now))
    zh, en = (words.format(due=_shown(due)) for words in WORDS.get(kind, WORDS["response"]))
    return {"newly_missed": "yes" if is_new else "no", "deadline_text": zh, "deadline_text_en": en}


def _shown(at: datetime) -> str:
    return f"{at.astimezone(CHINA):%Y-%m-%d %H:%M}"
