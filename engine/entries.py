"""What was entered at the start and at the earlier tasks of a case: forms as they were filled, read from the record."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine import bundles, canonical
from engine.diagram.model import Element
from engine.tables import history_body, history_event, task
from engine.tasks import form_of
from engine.unit_of_work import UnitOfWork

SHOWN = 12
"""So many earlier tasks are shown; the newest count."""


@dataclass(frozen=True, slots=True)
class Entered:
    """A completed task with its form (None if it had none) and what was sent through it; `is_same`: an earlier round."""

    row: sa.Row[Any]
    element: Element
    form: Mapping[str, Any] | None
    values: Mapping[str, Any]
    is_same: bool


def earlier(uow: UnitOfWork, case: sa.Row[Any], row: sa.Row[Any]) -> list[Entered]:
    """The tasks of the case that were completed before `row`, newest first, those of the same element before the others.

    One whose body was destroyed by retention is left out.
    """
    past = bundles.Past(uow, case.id, case.bundle_id)
    query = sa.select(task).where(task.c.instance_id == case.id, task.c.state == "completed", task.c.id != row.id)
    order = ((task.c.element == row.element).desc(), task.c.ended_at.desc(), task.c.token.desc())
    rows = uow.rows(query.order_by(*order).limit(SHOWN))
    sent = _sent(uow, case.id, {each.element for each in rows})
    if any(each.id not in sent for each in rows):  # moved to another version, the record has the names they had
        sent |= _sent(uow, case.id)
    return [Entered(each, element, form_of(bundle, element), sent[each.id], each.element == row.element)
            for each in rows if each.id in sent
            for bundle in [past.bundle(each.process_key, each.element)]
            for element in [bundle.element(each.process_key, each.element)]]


@dataclass(frozen=True, slots=True)
class Begun:
    """What was typed to start a case: by whom and when (`actor`, `at`), at which start event, through which form."""

    actor: str
    at: datetime
    element: Element
    form: Mapping[str, Any] | None
    values: Mapping[str, Any]


def begun(uow: UnitOfWork, case: sa.Row[Any]) -> Begun | None:
    """What was typed to start the case; None if nothing was, or if it was destroyed by retention."""
    body = sa.and_(history_body.c.instance_id == history_event.c.instance_id, history_body.c.seq == history_event.c.seq)
    query = sa.select(history_event, history_body.c.body).select_from(history_event).join(history_body, body).where(
        history_event.c.instance_id == case.id, history_event.c.command == "start")
    row = uow.row(query.order_by(history_event.c.seq).limit(1))
    values = canonical.loads(row.body)["inputs"].get("form") if row else None
    if not row or not values:
        return None
    past = bundles.Past(uow, case.id, case.bundle_id)
    bundle = past.bundle(case.process_key, row.element)
    element = bundle.element(case.process_key, row.element)
    return Begun(row.actor, row.at, element, form_of(bundle, element), values)


def done_by_actor(uow: UnitOfWork, instance_id: str, elements: Collection[str]) -> frozenset[str]:
    """Which of these elements of the case the actor completed, or a substitute for them."""
    query = sa.select(task.c.element).where(
        task.c.instance_id == instance_id, task.c.state == "completed", task.c.element.in_(elements),
        sa.or_(task.c.completed_by == uow.actor.id, task.c.completed_for == uow.actor.id))
    return frozenset(row.element for row in uow.rows(query))


def _sent(uow: UnitOfWork, instance_id: str, elements: set[str] | None = None) -> dict[str, Mapping[str, Any]]:
    """Task id → the values of its form, of the tasks at `elements` or of all."""
    body = sa.and_(history_body.c.instance_id == history_event.c.instance_id, history_body.c.seq == history_event.c.seq)
    query = sa.select(history_body.c.body).select_from(history_event).join(history_body, body).where(
        history_event.c.instance_id == instance_id, history_event.c.command == "complete",
        history_event.c.element.in_(elements) if elements is not None else sa.true())
    inputs = (canonical.loads(found.body)["inputs"] for found in uow.rows(query))
    return {each["task"]: each.get("form") or {} for each in inputs}
