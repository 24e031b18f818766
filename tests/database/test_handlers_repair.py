"""Repairs (5.1.15, 5.1.16) from the report to the returned part or the invoice: who is asked, and what is recorded."""

from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from engine import identity, tasks
from engine.errors import InvalidForm
from engine.unit_of_work import SYSTEM, ProcessEngine
from handlers import prices, tables
from tests.conftest import MONDAY, Clock
from tests.database.acting import Case, row, start

LEAD, ENGINEER, KEEPER, MANAGER = "lead.changsha", "engineer.changsha", "parts_keeper", "manager"
REPORT = {"report_source": "customer", "serial_number": "CT2026001", "product": "terminal_text", "customer": "长沙市五一路储蓄所",
          "contact": "设备科", "phone": "0731", "region": "same_city", "reported_fault": "无显示"}
AGREED = {"confirmed_fault": "黑屏", "agreed_visit_at": "2026-03-02T14:00+08:00", "visit_in_time": "yes"}
VISIT = {"arrived_at": "2026-03-02T14:00+08:00", "met_contact": "设备科", "work_place": "柜台", "customer_consents": True,
         "serial_number": "CT2026001", "customer_fault": "no"}
MAIN_PART = [{"part": "board_main", "quantity": 1, "serial": "M-2"}, {"part": "fuse", "quantity": 2}]
ORDER = {"symptom": "no_display", "found_fault": "主板损坏", "work_done": "更换主板", "finished_at": "2026-03-02T16:00+08:00",
         "is_cleaned": True, "is_fixed": "yes", "satisfaction": "satisfied", "self_check_passed": "yes"}
QUOTE = {"quote_labour": "labour_visit", "quote_hours": 2, "quote_parts": [{"price": "board_main", "quantity": 1}]}


def assigned(company: ProcessEngine, **report: Any) -> Case:
    return start(company, LEAD, "in_warranty", **{**REPORT, **report}).do(LEAD, "assign_visit", engineer=ENGINEER)


def visited(company: ProcessEngine, **visit: Any) -> Case:
    case = assigned(company).do(ENGINEER, "confirm_fault", **AGREED).do(ENGINEER, "prepare_parts", parts_needed="no")
    return case.do(ENGINEER, "visit_customer", **{**VISIT, **visit})


def serving(company: ProcessEngine) -> Case:
    return visited(company).do(ENGINEER, "confirm_warranty", in_warranty="yes")


def charged(company: ProcessEngine) -> Case:
    case = visited(company, customer_fault="yes", customer_fault_reason="进水").do(ENGINEER, "confirm_warranty", in_warranty="no")
    return case.do(ENGINEER, "explain_charge", charge_explained=True, agrees_to_pay_answer="yes")


def confirmed(case: Case, pay_by: str = "2026-03-03", **quote: Any) -> Case:
    case.do(ENGINEER, "prepare_quote", **{**QUOTE, **quote}).do(ENGINEER, "offer_quote", quote_answer="accepted")
    case.do(ENGINEER, "request_confirmation", pay_by=pay_by)
    return case.do(ENGINEER, "receive_confirmation", price_confirmed="yes", confirmed_by="王先生")


def signed(case: Case, parts: list[dict[str, Any]] | None = None) -> Case:
    case.do(ENGINEER, "repair_on_site", work_progress="已检修", service_result="solved")
    case.do(ENGINEER, "fill_in_order", **ORDER, parts_used=parts or [])
    return case.do(ENGINEER, "customer_signs", customer_signed="yes", signed_by="王先生")


def drawn(case: Case, part: str) -> Case:
    case.do(ENGINEER, "fill_in_requisition", parts_requested=[{"part": part, "quantity": 1}])
    return case.do(KEEPER, "issue_parts", issued_as_listed=True).do(ENGINEER, "receive_parts", received_as_listed=True)


def rows(company: ProcessEngine, table: sa.Table, case: Case) -> list[Any]:
    with company.reading(SYSTEM) as uow:
        return uow.rows(sa.select(table).where(table.c.case_id == case.id).order_by(*table.primary_key.columns))


# ------------------------------------------------------------------ 5.1.15
def test_a_repair_in_warranty_ends_with_the_signature_when_no_main_part_was_replaced(company: ProcessEngine) -> None:
    case = signed(serving(company), [{"part": "fuse", "quantity": 1}])
    order = row(company, tables.repair_order, case.id)
    assert case.ended_at == "served_without_return"
    assert (order.state, order.period, order.signed_by, order.is_charged) == ("submitted", "2026-03", "王先生", False)
    assert (order.symptom_id, order.engineer, order.satisfaction) == ("no_display", ENGINEER, "satisfied")


def test_main_defective_parts_go_back_to_the_keeper_and_others_stay(company: ProcessEngine) -> None:
    case = signed(serving(company), MAIN_PART)
    assert case.offered == ["return_defective_parts"]
    case.do(ENGINEER, "return_defective_parts", returned_on="2026-03-03", waybill="SF-1")
    case.do(KEEPER, "receive_defective_parts", received_on="2026-03-05", received_complete=True)
    assert case.ended_at == "served"
    assert [(p.part_id, p.is_main, p.defective) for p in rows(company, tables.part_used, case)] == [
        ("board_main", True, "received"), ("fuse", False, "kept")]
    back = row(company, tables.defective_return, case.id)
    assert (back.waybill, back.sent_by, back.received_by, back.received_on) == ("SF-1", ENGINEER, KEEPER, date(2026, 3, 5))


def test_parts_are_issued_only_against_the_requisition(company: ProcessEngine) -> None:
    case = assigned(company).do(ENGINEER, "confirm_fault", **AGREED).do(ENGINEER, "prepare_parts", parts_needed="yes")
    assert case.offered == ["fill_in_requisition"]
    drawn(case, "board_comm")
    (form,) = rows(company, tables.requisition, case)
    assert (form.requested_by, form.issued_by, form.received_by) == (ENGINEER, KEEPER, ENGINEER)
    with company.reading(SYSTEM) as uow:
        asked = uow.rows(sa.select(tables.requisition_line).where(tables.requisition_line.c.number == form.number))
    assert [(line.part_id, line.quantity) for line in asked] == [("board_comm", 1)]
    assert case.offered == ["visit_customer"]


def test_the_support_loop_goes_through_the_department_and_the_centre(company: ProcessEngine) -> None:
    case = serving(company).do(ENGINEER, "repair_on_site", work_progress="不明", service_result="needs_support")
    case.do(ENGINEER, "request_support", support_kind="parts", support_question="缺主板", customer_informed=True,
            support_from="service_department")
    case.do(LEAD, "answer_at_department", passed_on="yes")
    case.do(MANAGER, "answer_at_center", support_answer="parts", may_leave="no", support_advice="换主板")
    assert drawn(case, "board_main").offered == ["repair_on_site"]
    assert signed(case).ended_at == "served_without_return"


def test_another_engineer_is_sent_by_the_answer(company: ProcessEngine) -> None:
    case = serving(company).do(ENGINEER, "repair_on_site", work_progress="不明", service_result="needs_support")
    case.do(ENGINEER, "request_support", support_kind="technical", support_question="不会", customer_informed=True,
            support_from="service_department")
    case.do(LEAD, "answer_at_department", passed_on="no", support_answer="another_engineer", engineer="engineer2.changsha",
            may_leave="yes", support_advice="换人")
    assert case.task("repair_on_site").assignee == "engineer2.changsha"


def test_a_failed_self_check_and_a_refused_signature_lead_back_to_serving(company: ProcessEngine) -> None:
    case = serving(company).do(ENGINEER, "repair_on_site", work_progress="已修", service_result="solved")
    case.do(ENGINEER, "fill_in_order", **{**ORDER, "self_check_passed": "no"})
    assert case.offered == ["repair_on_site"]
    case.do(ENGINEER, "repair_on_site", work_progress="再修", service_result="solved").do(ENGINEER, "fill_in_order", **ORDER)
    case.do(ENGINEER, "customer_signs", customer_signed="no", refusal_reason="仍有闪烁")
    assert case.offered == ["repair_on_site"]
    assert row(company, tables.repair_order, case.id).signed_at is None
    assert signed(case).ended_at == "served_without_return"


def test_a_board_taken_along_comes_back_to_the_site(company: ProcessEngine) -> None:
    case = serving(company).do(ENGINEER, "repair_on_site", work_progress="主板坏", service_result="workshop",
                               workshop_consent="王先生", board_number="B-1")
    case.do(ENGINEER, "repair_in_workshop", workshop_result="已修", board_returned_at="2026-03-04T10:00+08:00")
    assert case.offered == ["repair_on_site"]


# ------------------------------------------------------------------ 5.1.6
def test_the_region_sets_the_response_deadline(company: ProcessEngine) -> None:
    found = {region: row(company, tables.repair_order, start(company, LEAD, "in_warranty", **{**REPORT, "region": region}).id)
             for region in ("same_city", "in_province", "other_province")}
    assert {region: order.response_due_at - MONDAY for region, order in found.items()} == {
        "same_city": timedelta(days=1), "in_province": timedelta(days=3), "other_province": timedelta(days=7)}


def test_a_missed_response_goes_to_the_lead_then_to_the_manager(company: ProcessEngine, clock: Clock) -> None:
    case = assigned(company).do(ENGINEER, "confirm_fault", **AGREED)
    clock.move(hours=23, minutes=59)
    assert case.run().offered == ["prepare_parts"]
    clock.move(minutes=1)
    assert case.run().offered == ["prepare_parts", "press_for_it"]
    clock.move(days=1)
    assert case.run().offered == ["prepare_parts", "press_for_it", "step_in"]
    case.do(ENGINEER, "prepare_parts", parts_needed="no").do(ENGINEER, "visit_customer", **VISIT)
    case.do(LEAD, "press_for_it", delay_reason="路远", delay_measure="已催").do(MANAGER, "step_in", intervention="已过问")
    assert case.offered == ["confirm_warranty"]
    assert [(m.kind, m.due_at) for m in rows(company, tables.missed_deadline, case)] == [("response", MONDAY + timedelta(days=1))]


def test_an_assignment_that_waits_too_long_is_escalated_once(company: ProcessEngine, clock: Clock) -> None:
    case = start(company, LEAD, "in_warranty", **REPORT)
    clock.move(days=1)
    assert case.run().offered == ["assign_visit", "press_for_it"]
    case.do(LEAD, "assign_visit", engineer=ENGINEER)
    assert case.offered == ["confirm_fault", "press_for_it"]


def test_only_an_exception_of_the_manager_moves_the_deadline(company: ProcessEngine, clock: Clock) -> None:
    late = {**AGREED, "agreed_visit_at": "2026-03-04T09:00+08:00", "visit_in_time": "no", "exception_request": "顾客出差"}
    case = assigned(company).do(ENGINEER, "confirm_fault", **late)
    case.do(MANAGER, "grant_exception", exception_granted="no", exception_reason="不急于一时")
    assert case.task("confirm_fault").due_at == MONDAY + timedelta(days=1)
    case.do(ENGINEER, "confirm_fault", **late)
    case.do(MANAGER, "grant_exception", exception_granted="yes", exception_days=2, exception_reason="顾客要求")
    assert case.task("confirm_fault").due_at == MONDAY + timedelta(days=3)
    clock.move(days=2)
    assert case.run().offered == ["confirm_fault"]
    clock.move(days=1)
    assert case.run().offered == ["confirm_fault", "press_for_it"]
    assert [(e.is_granted, e.reason, e.granted_by) for e in rows(company, tables.response_exception, case)] == [
        (False, "不急于一时", MANAGER), (True, "顾客要求", MANAGER)]


# ------------------------------------------------------------------ 5.1.7
def test_the_verdict_shows_its_evidence(company: ProcessEngine) -> None:
    case = visited(company)
    assert case.variables["warranty_verdict"] == "in_warranty"
    assert "保修期限记录" in case.variables["warranty_evidence"]


def test_a_machine_past_its_term_is_charged(company: ProcessEngine) -> None:
    assert visited(company, serial_number="CT2024017").variables["warranty_verdict"] == "expired"


def test_without_a_record_the_term_counts_from_the_production_date_plus_three_months(company: ProcessEngine) -> None:
    def verdict(made: str) -> str:
        return str(visited(company, serial_number="NEW-1", production_date=made).variables["warranty_verdict"])

    assert verdict("2024-12-03") == "in_warranty"  # 3 March 2025 for 12 months: until 2 March 2026, today
    assert verdict("2024-12-02") == "expired"


def test_a_machine_nobody_knows_is_left_to_the_engineer_and_then_registered(company: ProcessEngine) -> None:
    case = visited(company, serial_number="NEW-2")
    assert case.variables["warranty_verdict"] == "unknown"
    with company.reading(SYSTEM) as uow:
        assert uow.scalar(sa.select(tables.machine.c.customer).where(tables.machine.c.serial == "NEW-2")) == REPORT["customer"]


def test_a_customers_fault_is_charged_even_within_the_term(company: ProcessEngine) -> None:
    case = charged(company)
    order = row(company, tables.repair_order, case.id)
    assert (order.is_charged, order.warranty_status, order.warranty_reason) == (True, "customer_fault", "进水")


def test_a_verdict_can_be_overruled_with_a_reason(company: ProcessEngine) -> None:
    case = visited(company, serial_number="CT2024017")
    case.do(ENGINEER, "confirm_warranty", in_warranty="yes", override_reason="上次维修的返修")
    order = row(company, tables.repair_order, case.id)
    assert (order.warranty_status, order.warranty_reason) == ("in_warranty", "上次维修的返修")


def test_a_customers_fault_that_comes_to_light_while_serving_makes_it_charged_service(company: ProcessEngine) -> None:
    case = serving(company)
    case.do(ENGINEER, "repair_on_site", work_progress="拆开", service_result="charge_needed", charge_reason="进水")
    assert case.offered == ["explain_charge"]
    order = row(company, tables.repair_order, case.id)
    assert (order.is_charged, order.warranty_status) == (True, "customer_fault")
    assert [r.reason for r in rows(company, tables.reclassification, case)] == ["进水"]


# ------------------------------------------------------------------ 5.1.16
def test_whoever_does_not_agree_to_pay_is_not_served_and_the_reason_is_kept(company: ProcessEngine) -> None:
    case = start(company, LEAD, "out_of_warranty", **REPORT)
    case.do(ENGINEER, "explain_charge", charge_explained=True, agrees_to_pay_answer="no", decline_reason="太旧")
    order = row(company, tables.repair_order, case.id)
    assert (case.ended_at, order.state, order.decline_reason) == ("customer_declined", "declined", "太旧")


def test_a_quote_comes_from_the_approved_list_and_every_revision_is_kept(company: ProcessEngine) -> None:
    case = charged(company).do(ENGINEER, "prepare_quote", **QUOTE).do(ENGINEER, "offer_quote", quote_answer="revise")
    case.do(ENGINEER, "prepare_quote", **{**QUOTE, "quote_hours": 1, "quote_fees": [{"price": "travel_city", "quantity": 2}]})
    case.do(ENGINEER, "offer_quote", quote_answer="rejected", decline_reason="太贵")
    assert case.ended_at == "charged_service_ended"
    assert [(q.list_id, q.total_cents, q.state) for q in rows(company, tables.quote, case)] == [
        ("approved", 2 * 8000 + 88000, "superseded"), ("approved", 8000 + 88000 + 2 * 3000, "rejected")]
    assert row(company, tables.repair_order, case.id).decline_reason == "太贵"


def test_a_charged_service_is_confirmed_served_paid_invoiced_and_archived(company: ProcessEngine) -> None:
    case = signed(confirmed(charged(company)), MAIN_PART)
    case.do(ENGINEER, "collect_payment", amount_paid="1040.00", payment_method="cash", paid_on="2026-03-02")
    case.do(LEAD, "issue_invoice", invoice_number="00012345", invoice_title="储蓄所")
    case.do(ENGINEER, "return_defective_parts", returned_on="2026-03-03", waybill="SF-2")
    case.do(KEEPER, "receive_defective_parts", received_on="2026-03-05", received_complete=True)
    order = row(company, tables.repair_order, case.id)
    assert (case.ended_at, order.state, order.charge_cents, order.period) == (
        "charged_service_ended", "archived", 104000, "2026-03")
    assert row(company, tables.invoice, case.id).amount_cents == row(company, tables.payment, case.id).amount_cents == 104000
    assert row(company, tables.price_confirmation, case.id).total_cents == 104000


def test_a_higher_price_needs_a_new_confirmation(company: ProcessEngine) -> None:
    case = confirmed(charged(company))
    case.do(ENGINEER, "repair_on_site", work_progress="电源也坏", service_result="charge_needed", charge_reason="加电源")
    assert case.offered == ["prepare_quote"]
    confirmed(case, quote_parts=[{"price": "board_main", "quantity": 1}, {"price": "power_supply", "quantity": 1}])
    assert [(c.revision, c.total_cents) for c in rows(company, tables.price_confirmation, case)] == [(1, 104000), (2, 130000)]


def test_a_customer_who_changes_mind_before_confirming_is_quoted_again(company: ProcessEngine) -> None:
    case = charged(company).do(ENGINEER, "prepare_quote", **QUOTE).do(ENGINEER, "offer_quote", quote_answer="accepted")
    case.do(ENGINEER, "request_confirmation", pay_by="2026-03-03").do(ENGINEER, "receive_confirmation", price_confirmed="no")
    assert case.offered == ["prepare_quote"]
    assert rows(company, tables.price_confirmation, case) == []


def test_a_payment_that_is_late_is_escalated_when_the_agreed_day_is_over(company: ProcessEngine, clock: Clock) -> None:
    case = signed(confirmed(charged(company), pay_by="2026-03-02"))
    clock.move(hours=14, minutes=59)  # 23:59 in China
    assert case.run().offered == ["collect_payment"]
    clock.move(minutes=1)
    assert case.run().offered == ["collect_payment", "press_for_it"]


def test_a_list_that_nobody_approved_is_not_quoted_from(company: ProcessEngine) -> None:
    with company.transaction(SYSTEM) as uow:
        uow.execute(sa.update(tables.price_list).where(tables.price_list.c.id == "approved").values(approved_at=None))
        assert prices.current_prices(uow, "labour") == []
    case = charged(company)
    with pytest.raises(InvalidForm):
        case.do(ENGINEER, "prepare_quote", **QUOTE)


def test_a_price_that_is_not_on_the_list_becomes_an_incident_that_names_it(company: ProcessEngine) -> None:
    case = charged(company)
    with company.reading(SYSTEM) as uow:
        engineer = identity.actor(uow, ENGINEER)
    with company.transaction(engineer) as uow:
        tasks.complete(uow, case.task("prepare_quote").id, variables={"quote_labour": "made_up"})
    with pytest.raises(AssertionError, match="made_up"):
        case.run()
