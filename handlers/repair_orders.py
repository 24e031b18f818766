"""The repair order (产品维修单): opened at the report, filled in on site, signed by the customer, submitted (5.1.8, 5.1.9)."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from engine.unit_of_work import JobContext, UnitOfWork
from handlers import machines, parts, prices
from handlers.days import batch_of, day_of
from handlers.given import completed_by, day, is_yes, moment, text
from handlers.tables import payment, price_confirmation, reclassification, repair_order

RESPONSE_TIME = {  # from the report to the arrival (5.1.6)
    "same_city": timedelta(days=1),
    "in_province": timedelta(days=3),
    "other_province": timedelta(days=7),
}
WIDEST_REGION = "other_province"
CHARGED_VERDICTS = ("expired", "customer_fault")  # of `bpmn/decisions/warranty.dmn`
SHOWN = ("customer", "contact", "phone", "address", "serial_number", "product", "production_date", "reported_fault", "engineer")

Variables = Mapping[str, Any]


def open_order(uow: UnitOfWork, context: JobContext) -> Variables:
    """Open the order and set the response deadline; what the register knows of the machine fills what was left open."""
    given = {**_registered(uow, text(context.variables, "serial_number")), **_filled(context.variables)}
    region = text(given, "region")
    region = region if region in RESPONSE_TIME else WIDEST_REGION
    due = context.now + RESPONSE_TIME[region]
    _insert(uow, context, given, region=region, response_due_at=due)
    return {**_known(given), "region": region, "response_due_at": due.isoformat(), **_number(context)}


def open_charged(uow: UnitOfWork, context: JobContext) -> Variables:
    """Mark the order of a case as charged; a case that starts with charged service gets one without a response deadline."""
    given = {**_registered(uow, text(context.variables, "serial_number")), **_filled(context.variables)}
    _insert(uow, context, given, region=text(given, "region"))
    if not _is_charged(uow, context):
        verdict = text(given, "warranty_verdict")
        _update(uow, context, is_charged=True, warranty_status=verdict if verdict in CHARGED_VERDICTS else "charged",
                warranty_reason=text(given, "override_reason") or text(given, "customer_fault_reason"))
    return {**_known(given), **_number(context)}


def look_up_warranty(uow: UnitOfWork, context: JobContext) -> Variables:
    """Note the arrival, and what is known of the machine's warranty: term, where it is known from, a sentence on it."""
    given = context.variables
    serial, product, made = text(given, "serial_number"), text(given, "product"), day(given, "production_date")
    if serial and product:
        customer = text(given, "customer") or ""
        machines.register(uow, serial, product, production_date=made, customer=customer, office=context.office)
    term = machines.warranty(uow, serial, product, made)
    _update(uow, context, serial=serial, production_date=made or term.production_date,
            arrived_at=moment(given, "arrived_at") or context.now)
    return {
        "warranty_basis": term.basis, "warranty_evidence": term.evidence("zh"), "warranty_evidence_en": term.evidence("en"),
        "warranty_starts_on": term.starts_on.isoformat() if term.starts_on else None,
        "warranty_ends_on": term.ends_on.isoformat() if term.ends_on else None,
        "customer_fault": "yes" if is_yes(given, "customer_fault") else "no",
    }


def begin_service(uow: UnitOfWork, context: JobContext) -> Variables:
    """Note who serves, and why it is free of charge or not."""
    given = context.variables
    _insert(uow, context, given, region=text(given, "region"))
    values: dict[str, Any] = {"state": "in_service", "engineer": text(given, "engineer")}
    if text(given, "in_warranty") == "yes" and not _is_charged(uow, context):
        values |= {"warranty_status": "in_warranty", "warranty_reason": text(given, "override_reason")}
    _update(uow, context, **values)
    return {"engineer": text(given, "engineer") or "", "has_main_defective": "no", **_number(context)}


def fill_in(uow: UnitOfWork, context: JobContext) -> Variables:
    """Store what was found, done and replaced, and the customer's opinion; say whether main defective parts go back."""
    given = context.variables
    _update(uow, context, state="filled_in", symptom_id=text(given, "symptom"), found_fault=text(given, "found_fault"),
            work_done=text(given, "work_done"), finished_at=moment(given, "finished_at") or context.now,
            engineer=completed_by(uow, context, "fill_in_order") or text(given, "engineer"),
            self_check_passed=is_yes(given, "self_check_passed"), is_fixed=is_yes(given, "is_fixed"),
            satisfaction=text(given, "satisfaction"), opinion=text(given, "opinion"),
            dissatisfaction_handling=text(given, "dissatisfaction_handling"))
    return parts.replace_used(uow, context)


def sign(uow: UnitOfWork, context: JobContext) -> None:
    """Record the customer's signature, without which no repair is over (5.1.9)."""
    _update(uow, context, state="signed", signed_by=text(context.variables, "signed_by"), signed_at=context.now)


def reclassify(uow: UnitOfWork, context: JobContext) -> None:
    """Record why a service turned out to be charged, or to cost more (5.1.7, 5.1.16 n2)."""
    number = 1 + uow.scalar(sa.select(sa.func.count()).where(reclassification.c.case_id == context.instance_id))
    uow.execute(sa.insert(reclassification).values(
        case_id=context.instance_id, number=number, reason=text(context.variables, "charge_reason") or "", at=context.now,
        engineer=completed_by(uow, context, "repair_on_site")))
    if not _is_charged(uow, context):
        _update(uow, context, is_charged=True, warranty_status="customer_fault")


def submit(uow: UnitOfWork, context: JobContext) -> None:
    """Send the order to the service centre: it belongs to the batch of the 25th of its period (5.1.8, 5.1.15 n8)."""
    mine = repair_order.c.case_id == context.instance_id
    state = sa.case((repair_order.c.state == "archived", "archived"), else_="submitted")
    uow.execute(sa.update(repair_order).where(mine).values(
        submitted_at=context.now, period=batch_of(day_of(context.now)), state=state))


def archive(uow: UnitOfWork, context: JobContext) -> Variables:
    """Archive a charged order; its charge is what was paid, and what is missing of the confirmed price is said."""
    paid = uow.scalar(sa.select(sa.func.coalesce(sa.func.sum(payment.c.amount_cents), 0)).where(
        payment.c.case_id == context.instance_id))
    confirmed = uow.scalar(sa.select(price_confirmation.c.total_cents).where(
        price_confirmation.c.case_id == context.instance_id).order_by(price_confirmation.c.revision.desc()).limit(1)) or 0
    _update(uow, context, state="archived", charge_cents=paid)
    return {"unpaid_cents": max(0, confirmed - paid)}


def decline(uow: UnitOfWork, context: JobContext) -> None:
    """Keep the reason why the customer does not pay or refuses the quote (5.1.16)."""
    prices.refuse(uow, context)
    _update(uow, context, state="declined", decline_reason=text(context.variables, "decline_reason"))


def _insert(uow: UnitOfWork, context: JobContext, given: Variables, **values: Any) -> None:
    """The order's row, if the case has none yet."""
    if uow.row(sa.select(repair_order.c.case_id).where(repair_order.c.case_id == context.instance_id)):
        return
    uow.execute(sa.insert(repair_order).values(
        case_id=context.instance_id, number=context.business_key, office=context.office, state="open",
        source=text(given, "report_source"), customer=text(given, "customer") or "", contact=text(given, "contact"),
        phone=text(given, "phone"), address=text(given, "address"), product_id=text(given, "product"),
        serial=text(given, "serial_number"), production_date=day(given, "production_date"),
        reported_fault=text(given, "reported_fault"), reported_at=context.now, **values))


def _update(uow: UnitOfWork, context: JobContext, **values: Any) -> None:
    uow.execute(sa.update(repair_order).where(repair_order.c.case_id == context.instance_id).values(**values))


def _is_charged(uow: UnitOfWork, context: JobContext) -> bool:
    return bool(uow.scalar(sa.select(repair_order.c.is_charged).where(repair_order.c.case_id == context.instance_id)))


def _registered(uow: UnitOfWork, serial: str | None) -> dict[str, Any]:
    known = machines.find(uow, serial) if serial else None
    if known is None:
        return {}
    made = known.production_date.isoformat() if known.production_date else None
    return {"product": known.product_id, "production_date": made, "customer": known.customer, "contact": known.contact,
            "phone": known.phone, "address": known.address, "serial_number": known.serial}


def _filled(given: Variables) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value not in (None, "")}


def _known(given: Variables) -> dict[str, Any]:
    """The variables that later tasks show or route by: each is there, empty if nobody knows it."""
    return {name: given.get(name) if given.get(name) is not None else "" for name in SHOWN}


def _number(context: JobContext) -> dict[str, Any]:
    return {"repair_order_number": context.business_key}
