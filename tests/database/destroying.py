"""Cases of the demonstration company that are over, and people who decide that they go."""

import io
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from PIL import Image

from engine import comments, documents, drafts, identity, jobs, uploads
from engine.audit import deciding
from engine.tables import destruction_item, history_event, metadata
from engine.unit_of_work import SYSTEM, ProcessEngine
from handlers.tables import metadata as company_tables
from tests.database import acting
from tests.database.acting import Case

LEAD, MANAGER, ENGINEER, CLERK = "lead.changsha", "manager", "engineer.changsha", "clerk"
CUSTOMER, CONTACT, PHONE, ADDRESS = "长沙市蔡锷路代办所", "欧阳设备", "0731-84400019", "五一大道一百一十九号"
REPORT = {"report_source": "customer", "serial_number": "CT2026777", "product": "terminal_text", "customer": CUSTOMER,
          "contact": CONTACT, "phone": PHONE, "address": ADDRESS, "region": "same_city", "reported_fault": f"{CONTACT}说无显示"}


def as_(engine: ProcessEngine, user: str, verb: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """Let a user do something, in a transaction of its own."""
    with engine.reading(SYSTEM) as uow:
        actor = identity.actor(uow, user)
    with engine.transaction(actor) as uow:
        return verb(uow, *arguments, **named)


def complaint(engine: ProcessEngine) -> Case:
    """A complaint that was handled, with every sort of text that people leave."""
    case = acting.start(engine, "sales.changsha", "complaint", received_by="phone", customer=CUSTOMER, contact=CONTACT,
                        phone=PHONE, product="terminal_text", serial_number="CT2026777", complaint_text=f"{CONTACT}说约好没有来")
    row = case.task("judge_complaint")
    as_(engine, LEAD, drafts.save, row.id, {"note": CONTACT})
    case.do(LEAD, "judge_complaint", is_complaint="yes")
    case.do(LEAD, "accept_complaint", severity="serious", severity_reason=f"{CUSTOMER}停业")
    add_words(engine, case)
    case.do(LEAD, "find_cause", cause=f"{CONTACT}不在", human_factor="yes", is_quality_problem="no")
    case.do(LEAD, "learn_details", details=f"{ADDRESS}两次未到", complained_about=ENGINEER)
    case.do(LEAD, "agree_remedy", remedy="致歉", remedy_agreed_by=CONTACT)
    case.do(LEAD, "carry_out_remedy", remedy_result="已上门").do(LEAD, "penalise", penalty="扣发奖金")
    case.do(LEAD, "inform_customer", informed_note="已通报", improvement_needed="no")
    return case.do(LEAD, "record_handling", handling_record=f"{CUSTOMER}满意")


def add_words(engine: ProcessEngine, case: Case) -> None:
    """A comment that mentions somebody, and a photo."""
    as_(engine, LEAD, comments.add, case.id, f"@manager 请看：{CONTACT} {PHONE}")
    as_(engine, LEAD, documents.add, case.id, photo())


def photo(name: str = f"{CONTACT}的机器.jpg") -> uploads.Upload:
    """A picture whose name names somebody."""
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "white").save(out, "JPEG")
    return uploads.examine(name, out.getvalue(), limit=1_000_000)


def repair(engine: ProcessEngine) -> Case:
    """A repair in warranty whose order is submitted; the machine stands in the register with its customer."""
    case = acting.start(engine, LEAD, "in_warranty", **REPORT).do(LEAD, "assign_visit", engineer=ENGINEER)
    case.do(ENGINEER, "confirm_fault", confirmed_fault="黑屏", agreed_visit_at="2026-03-02T14:00+08:00", visit_in_time="yes")
    case.do(ENGINEER, "prepare_parts", parts_needed="no")
    case.do(ENGINEER, "visit_customer", arrived_at="2026-03-02T14:00+08:00", met_contact=CONTACT, work_place=ADDRESS,
            customer_consents=True, serial_number="CT2026777", customer_fault="no")
    case.do(ENGINEER, "confirm_warranty", in_warranty="yes")
    case.do(ENGINEER, "repair_on_site", work_progress="已检修", service_result="solved")
    case.do(ENGINEER, "fill_in_order", symptom="no_display", found_fault="主板损坏", work_done=f"为{CONTACT}更换主板",
            finished_at="2026-03-02T16:00+08:00", is_cleaned=True, is_fixed="yes", satisfaction="satisfied",
            self_check_passed="yes", parts_used=[{"part": "fuse", "quantity": 1}])
    return case.do(ENGINEER, "customer_signs", customer_signed="yes", signed_by=CONTACT)


def survey(engine: ProcessEngine) -> Case:
    """A survey that was reported, with one form that a person filled in."""
    case = acting.start(engine, CLERK, "satisfaction_survey", survey_kind="mailing", survey_name="2026年第一次调查",
                        closing_date="2026-03-20")
    case.do(CLERK, "hand_out_forms", handed_out=1)
    case.do(CLERK, "enter_form", **{f"q{q}": "satisfied" for q in range(2, 9)}, products=["pin_pad"], filled_in_by=CONTACT,
            phone=PHONE, address=ADDRESS, organisation=CUSTOMER, remark=f"{CONTACT}很好", collection="end")
    case.do(CLERK, "write_report", report_analysis="总体满意", report_grievances="无")
    return case.do(MANAGER, "release_report", report_released="yes")


def decided(engine: ProcessEngine, destruction_id: str, *people: str, reason: str = "按规定") -> str:
    """Let these people confirm, and the worker destroy; gives the status."""
    for user in people or ("auditor2", "admin"):
        with engine.reading(SYSTEM) as uow:
            digest = deciding.seen(uow, deciding.get(uow, destruction_id))
        as_(engine, user, deciding.confirm, destruction_id, seen_digest=digest, reason=reason)
    jobs.run_all(engine)
    with engine.reading(SYSTEM) as uow:
        return str(deciding.get(uow, destruction_id).status)


def items(engine: ProcessEngine, destruction_id: str) -> list[sa.Row[Any]]:
    """What became of each."""
    with engine.reading(SYSTEM) as uow:
        return uow.rows(sa.select(destruction_item).where(destruction_item.c.destruction_id == destruction_id).order_by(
            destruction_item.c.kind, destruction_item.c.ref))


def headers(engine: ProcessEngine, case: Case) -> list[Any]:
    """The headers of a case's record, whole."""
    with engine.reading(SYSTEM) as uow:
        return [tuple(row) for row in uow.rows(sa.select(history_event).where(
            history_event.c.instance_id == case.id).order_by(history_event.c.seq))]


def holding(engine: ProcessEngine, *texts: str) -> list[str]:
    """`table.column` of every cell in the whole database that contains one of the texts, as text or in bytes."""
    found = set()
    with engine.reading(SYSTEM) as uow:
        for table in (*metadata.sorted_tables, *company_tables.sorted_tables):
            for row in uow.rows(sa.select(table)):
                for name, value in row._mapping.items():
                    cell = value if isinstance(value, bytes | memoryview) else str(value).encode()
                    if any(text.encode() in bytes(cell) for text in texts):
                        found.add(f"{table.name}.{name}")
    return sorted(found)
