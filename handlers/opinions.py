"""Customers' opinions from the repair orders (5.1.17 n2): a case for each suggestion or dissatisfaction, filed when handled."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from engine.job_rows import enqueue
from engine.unit_of_work import JobContext, UnitOfWork
from handlers.tables import opinion, opinion_case, repair_order

OPEN_A_CASE = ("suggestion", "dissatisfied")


def open_cases(uow: UnitOfWork, context: JobContext) -> Mapping[str, Any]:
    """Queue a case `customer_opinion` for every order of the month whose opinion asks for one and has none yet."""
    has_case = sa.exists().where(opinion_case.c.order_id == repair_order.c.case_id)
    asked = (repair_order.c.period == context.variables["month"], repair_order.c.satisfaction.in_(OPEN_A_CASE), ~has_case)
    orders = uow.rows(sa.select(repair_order).where(*asked).order_by(repair_order.c.number))
    for order in orders:
        enqueue(uow, "start", process_key="customer_opinion", instance_id=context.instance_id,
                arguments={"variables": _told(order), "office": order.office})
        uow.execute(sa.insert(opinion_case).values(order_id=order.case_id, opened_at=context.now))
    return {"opinion_cases": len(orders)}


def _told(order: sa.Row[Any]) -> dict[str, Any]:
    return {"order_id": order.case_id, "order_number": order.number, "customer": order.customer, "contact": order.contact,
            "phone": order.phone, "product": order.product_id, "serial_number": order.serial,
            "opinion_kind": order.satisfaction, "opinion": order.opinion or ""}


def file(uow: UnitOfWork, context: JobContext) -> None:
    """File an opinion with what was done about it."""
    said = context.variables
    uow.execute(sa.insert(opinion).values(
        case_id=context.instance_id, number=context.business_key, office=context.office, order_id=said.get("order_id"),
        customer=said["customer"], product_id=said.get("product"), serial=said.get("serial_number"),
        opinion=said.get("opinion_summary") or said.get("opinion") or "", problem_level=said["problem_level"],
        level_reason=said.get("level_reason"), measure=said["opinion_measure"], record=said["opinion_record"],
        filed_at=context.now))
