"""Return request forms (退库产品申请单, 5.5): registered before the ruling, filed after it was carried out."""

from datetime import date

import sqlalchemy as sa

from engine.unit_of_work import JobContext, UnitOfWork
from handlers.performers import performed
from handlers.tables import product_return


def register(uow: UnitOfWork, context: JobContext) -> None:
    """Register a submitted form: under condition (b) already verified, confirmed and signed (5.5.1)."""
    said, by_quality = context.variables, context.variables["return_condition"] == "b"
    shipped_on = said.get("shipped_on")
    uow.execute(sa.insert(product_return).values(
        case_id=context.instance_id, number=context.business_key, office=context.office, customer=said["customer"],
        contact=said.get("contact"), phone=said.get("phone"), product_id=said.get("product"), serial=said.get("serial_number"),
        shipped_on=date.fromisoformat(shipped_on) if shipped_on else None, reason=said["return_reason"],
        condition=said["return_condition"], registered_at=context.now,
        requested_by=performed(uow, context.instance_id, "fill_in_return_request").by,
        finding=said.get("finding") if by_quality else None,
        is_confirmed=said.get("is_confirmed") == "yes" if by_quality else None,
        signed_by=said.get("confirmed_signature") if by_quality else None))


def close(uow: UnitOfWork, context: JobContext) -> None:
    """File the ruling (exchange, return to stock, refuse) and how it was carried out (5.5.2)."""
    said, ruling = context.variables, performed(uow, context.instance_id, "rule_on_return")
    uow.execute(sa.update(product_return).where(product_return.c.case_id == context.instance_id).values(
        ruling=said["ruling"], ruling_reason=said.get("ruling_reason"), ruled_by=ruling.by, ruled_at=ruling.at,
        new_serial=said.get("new_serial") if said["ruling"] == "exchange" else None,
        stock_receipt=said.get("stock_receipt") if said["ruling"] == "stock" else None,
        informed_how=said.get("informed_how"), closed_at=context.now))
