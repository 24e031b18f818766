"""5.1.15 that turns into 5.1.16, at a desk: the term is over, or the customer's fault comes to light while serving."""

from collections.abc import Callable
from datetime import date
from typing import Any

import sqlalchemy as sa

from engine.unit_of_work import SYSTEM, ProcessEngine
from handlers import tables
from tests.browser import outcome
from tests.browser.person import Person
from tests.database.acting import Case, row

DESK = 1440
REPORT = {"report_source": "顾客电话或传真", "contact": "值班人员", "phone": "0731-5550101", "region": "市内（一天内到场）",
          "reported_fault": "开机无显示"}


def test_expired_term_is_quoted_served_paid_invoiced_and_archived(person: Callable[..., Person], company: ProcessEngine) -> None:
    lead, engineer = person("lead.changsha", width=DESK), person("engineer.changsha", width=DESK)
    keeper = person("parts_keeper", width=DESK)
    visit(lead, engineer, "CT2024017", customer_fault="不是")
    engineer.sees("确认是否保内")
    engineer.answer("否")
    engineer.sees("向顾客说明需付费")
    engineer.answer("是", charge_explained=True)
    agree_on_the_price(engineer)
    serve(engineer)
    engineer.sees("向顾客收取费用")
    engineer.complete(amount_paid="1040.00", payment_method="转账", paid_on="2026-03-02")
    lead.open("开具发票", view="groups")
    lead.complete(invoice_number="FP-0001", invoice_title="长沙市五一路储蓄所")
    engineer.open("坏备件发客户服务中心")
    engineer.complete(returned_on="2026-03-03", waybill="YD-0002")
    keeper.open("接收损坏件", view="groups")
    keeper.complete(received_on="2026-03-05", received_complete=True)

    case = outcome.only_case(company, "in_warranty")
    assert case.ended_at == "charged_service_ended"
    must_be_paid(company, case)
    outcome.must_be_proven(company)
    for someone in (lead, engineer, keeper):
        assert someone.script_errors == []


def test_customers_fault_that_comes_to_light_is_explained_and_may_be_declined(
        person: Callable[..., Person], company: ProcessEngine) -> None:
    lead, engineer = person("lead.changsha", width=DESK), person("engineer.changsha", width=DESK)
    visit(lead, engineer, "CT2026001", customer_fault="不是")
    engineer.sees("确认是否保内")
    engineer.answer("是")
    engineer.sees("检修机器")
    engineer.answer("需收费", {"charge_reason": "机内有水渍"}, work_progress="拆机检查")
    engineer.sees("向顾客说明需付费")
    engineer.answer("否", {"decline_reason": "顾客另换新机"}, charge_explained=True)

    case = outcome.only_case(company, "in_warranty")
    assert case.ended_at == "charged_service_ended"
    order, turned = row(company, tables.repair_order, case.id), row(company, tables.reclassification, case.id)
    assert (order.state, order.is_charged, turned.reason, turned.engineer) == (
        "declined", True, "机内有水渍", "engineer.changsha")
    outcome.must_be_proven(company)


def visit(lead: Person, engineer: Person, serial: str, **found: Any) -> None:
    """From the report to the engineer at the machine."""
    lead.start("in_warranty", serial=serial, **REPORT)
    lead.open("指派工程师上门", view="groups")
    lead.complete(engineer="长沙工程师")
    engineer.open("确认故障、约定上门时间")
    engineer.answer("是", confirmed_fault="开机无显示", agreed_visit_at="2026-03-02 14:00")
    engineer.sees("准备备件")
    engineer.answer("否", parts_prepared="主板一块")
    engineer.sees("工程师上门服务")
    engineer.complete(arrived_at="2026-03-02 13:50", met_contact="值班人员", work_place="营业厅", customer_consents=True,
                      serial_number=serial, **found)


def agree_on_the_price(engineer: Person) -> None:
    """A quote from the price list that the customer wants cheaper, and the one that is accepted and confirmed."""
    engineer.sees("报价")
    engineer.fill(quote_labour="上门维修工时", quote_hours=3)
    engineer.add_row("配件费", part_price="主板")
    engineer.complete()
    engineer.sees("把报价告诉顾客")
    engineer.answer("重新报价")
    engineer.sees("报价")
    engineer.complete(quote_hours=2)
    engineer.sees("把报价告诉顾客")
    engineer.answer("是")
    engineer.sees("请顾客确认价格及付费时间")
    engineer.complete(pay_by="2026-03-09")
    engineer.sees("接收确认")
    engineer.answer("是", {"confirmed_by": "设备科科长"})


def serve(engineer: Person) -> None:
    """Repair, the repair order with a main part, the customer's signature."""
    engineer.sees("检修机器")
    engineer.answer("已解决", work_progress="更换主板")
    engineer.sees("填写维修单，清洁机器及环境")
    engineer.fill(symptom="无显示", found_fault="主板损坏", work_done="更换主板", finished_at="2026-03-02 16:00", is_cleaned=True,
                  is_fixed="是", satisfaction="满意")
    engineer.add_row(part="主板", quantity=1, serial="ZB-78")
    engineer.answer("是")
    engineer.sees("顾客验证并在维修单上签字")
    engineer.answer("是", {"signed_by": "值班人员"})


def must_be_paid(company: ProcessEngine, case: Case) -> None:
    """Order, quotes, confirmation, payment, invoice and returned part, as the clause wants them kept."""
    order = row(company, tables.repair_order, case.id)
    assert (order.state, order.is_charged, order.charge_cents, order.signed_by) == ("archived", True, 104_000, "值班人员")
    assert order.submitted_at is not None
    with company.reading(SYSTEM) as uow:
        quotes = uow.rows(sa.select(tables.quote).where(tables.quote.c.case_id == case.id).order_by(tables.quote.c.revision))
    assert [(q.revision, q.total_cents, q.state) for q in quotes] == [(1, 112_000, "superseded"), (2, 104_000, "confirmed")]
    confirmed = row(company, tables.price_confirmation, case.id)
    assert (confirmed.revision, confirmed.confirmed_by, confirmed.pay_by) == (2, "设备科科长", date(2026, 3, 9))
    paid, billed = row(company, tables.payment, case.id), row(company, tables.invoice, case.id)
    assert (paid.amount_cents, paid.method, paid.collected_by) == (104_000, "transfer", "engineer.changsha")
    assert (billed.number, billed.amount_cents, billed.issued_by) == ("FP-0001", 104_000, "lead.changsha")
    back = row(company, tables.defective_return, case.id)
    assert (back.waybill, back.received_by) == ("YD-0002", "parts_keeper")
