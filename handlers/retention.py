"""The kinds of record of clause 6 and how long each is kept.

Statistics 2 years; survey forms and satisfaction reports 1 year. All others until an owner sets a period: never by default.
A period begins with the day on which the record was finished.
"""

import sqlalchemy as sa

from engine import canonical
from engine.tables import process_instance
from engine.unit_of_work import Record, RecordKind, UnitOfWork
from handlers import tables as t
from handlers.record_rows import Rows, kind

NAMED = ("customer", "contact", "phone", "address")


def _found(table: sa.Table, since: sa.ColumnElement[object], *, ref: str = "case_id", label: str = "number") -> sa.Subquery:
    """The records of a table that has a row for each."""
    return sa.select(table.c[ref].label("ref"), table.c[label].label("label"), since.label("since"), table.c.case_id).subquery()


def _by_case(rows: sa.FromClause, at: sa.ColumnElement[object]) -> sa.Subquery:
    """The rows of a case as one record, named by the case's number."""
    case = process_instance
    number = sa.func.coalesce(sa.func.max(case.c.business_key), rows.c.case_id)
    query = sa.select(rows.c.case_id.label("ref"), number.label("label"), sa.func.max(at).label("since"), rows.c.case_id)
    return query.select_from(rows.outerjoin(case, case.c.id == rows.c.case_id)).group_by(rows.c.case_id).subquery()


# ------------------------------------------------------------------ what stands elsewhere
def _unname_in_reports(uow: UnitOfWork, number: str) -> None:
    """A satisfaction report lists the complaints and opinions of its time: the number stays, who and what go."""
    report = t.satisfaction_report
    for row in uow.rows(sa.select(report.c.case_id, report.c.figures).where(report.c.figures.contains(number, autoescape=True))):
        figures = canonical.loads(row.figures)
        for heard in (*figures.get("complaints", ()), *figures.get("opinions", ())):
            if heard["number"] == number:
                heard |= {"customer": "", "handled": ""}
        uow.execute(sa.update(report).where(report.c.case_id == row.case_id).values(figures=canonical.dumps(figures)))


def _complaint_in_reports(uow: UnitOfWork, ref: str) -> None:
    for row in uow.rows(sa.select(t.complaint.c.number).where(t.complaint.c.case_id == ref)):
        _unname_in_reports(uow, row.number)


def _opinion_in_reports(uow: UnitOfWork, ref: str) -> None:
    for row in uow.rows(sa.select(t.opinion.c.number).where(t.opinion.c.case_id == ref)):
        _unname_in_reports(uow, row.number)


def _texts_of_report(uow: UnitOfWork, ref: str) -> None:
    """Of a report its figures stay, not what customers said."""
    report = t.satisfaction_report
    for row in uow.rows(sa.select(report.c.figures).where(report.c.case_id == ref)):
        figures = canonical.loads(row.figures) | {"remarks": [], "complaints": [], "opinions": []}
        uow.execute(sa.update(report).where(report.c.case_id == ref).values(figures=canonical.dumps(figures)))


def _machines_of(uow: UnitOfWork, customer: str) -> list[Record]:
    rows = uow.rows(sa.select(t.machine.c.serial).where(t.machine.c.customer == customer).order_by(t.machine.c.serial))
    return [found for row in rows if (found := MACHINES.find(uow, row.serial)) is not None]


# ------------------------------------------------------------------ the kinds
_order, _requisition, _complaint, _opinion = t.repair_order.c, t.requisition.c, t.complaint.c, t.opinion.c
_return, _month, _report = t.product_return.c, t.monthly_statistics.c, t.satisfaction_report.c
_paid = sa.union_all(sa.select(t.payment.c.case_id, t.payment.c.recorded_at.label("at")),
                     sa.select(t.invoice.c.case_id, t.invoice.c.issued_at)).subquery()
_forms = sa.select(t.survey_form.c.case_id, sa.func.coalesce(t.survey_form.c.entered_at, t.survey.c.closes_at).label("at")).join(
    t.survey, t.survey.c.case_id == t.survey_form.c.case_id).subquery()
MACHINES = Rows(
    sa.select(t.machine.c.serial.label("ref"), t.machine.c.serial.label("label"), t.warranty_record.c.ends_on.label("since"),
              sa.literal(None, sa.Text()).label("case_id")).outerjoin(
        t.warranty_record, t.warranty_record.c.serial == t.machine.c.serial).subquery(),
    ((t.warranty_record, "serial"), (t.machine, "serial")), {t.machine: NAMED})

RECORD_KINDS: dict[str, RecordKind] = {each.id: each for each in (
    kind("statistics", ("统计分析表", "Monthly statistics"), "5.1.10", Rows(
        _found(t.monthly_statistics, sa.func.coalesce(_month.sent_at, _month.approved_at, _month.drafted_at), ref="month"),
        ((t.monthly_statistics, "month"),), {t.monthly_statistics: ("analysis",)}), months=24),
    kind("survey_form", ("用户满意度调查表", "Survey forms"), "5.1.17", Rows(
        _by_case(_forms, _forms.c.at), ((t.survey_form, "case_id"),),
        {t.survey_form: ("other_product", "remark", "filled_in_by", "phone", "postcode", "address", "organisation")}), months=12),
    kind("satisfaction_report", ("顾客满意度分析报告", "Satisfaction reports"), "5.1.17", Rows(
        _found(t.satisfaction_report, sa.func.coalesce(_report.submitted_at, _report.due_at)),
        ((t.satisfaction_report, "case_id"),), {t.satisfaction_report: ("analysis", "grievances")}, _texts_of_report), months=12),
    kind("repair_order", ("产品维修单", "Repair orders"), "5.1.8", Rows(
        _found(t.repair_order, sa.func.coalesce(_order.submitted_at, _order.finished_at, _order.reported_at)),
        ((t.part_used, "case_id"), (t.opinion_case, "order_id"), (t.missed_deadline, "case_id"),
         (t.response_exception, "case_id"), (t.reclassification, "case_id"), (t.repair_order, "case_id")),
        {t.repair_order: (*NAMED, "reported_fault", "warranty_reason", "decline_reason", "found_fault", "work_done", "opinion",
                          "dissatisfaction_handling", "signed_by"),
         t.response_exception: ("reason",), t.reclassification: ("reason",)})),
    kind("requisition", ("维修点领用配件表", "Parts requisitions"), "5.1.11", Rows(
        _found(t.requisition, sa.func.coalesce(_requisition.received_at, _requisition.issued_at, _requisition.requested_at),
               ref="number"),
        ((t.requisition_line, "number"), (t.requisition, "number")), {t.requisition: ("note",)})),
    kind("defective_return", ("主要损坏件送还记录", "Returns of main defective parts"), "5.1.11", Rows(
        sa.select(t.defective_return.c.case_id.label("ref"),
                  sa.func.coalesce(process_instance.c.business_key, t.defective_return.c.case_id).label("label"),
                  t.defective_return.c.received_on.label("since"), t.defective_return.c.case_id).outerjoin(
            process_instance, process_instance.c.id == t.defective_return.c.case_id).subquery(),
        ((t.defective_return, "case_id"),), {t.defective_return: ("note", "waybill")})),
    kind("price_confirmation", ("报价和价格确认", "Quotes and price confirmations"), "5.1.16", Rows(
        _by_case(t.quote, sa.func.coalesce(t.quote.c.answered_at, t.quote.c.quoted_at)),
        ((t.quote_line, "case_id"), (t.quote, "case_id"), (t.price_confirmation, "case_id")),
        {t.quote: ("reason",), t.price_confirmation: ("confirmed_by",)})),
    kind("invoice", ("收款和发票", "Payments and invoices"), "5.1.16", Rows(
        _by_case(_paid, _paid.c.at), ((t.payment, "case_id"), (t.invoice, "case_id")), {t.invoice: ("title",)})),
    kind("opinion", ("顾客意见处理记录", "Opinions and their handling"), "5.1.17", Rows(
        _found(t.opinion, _opinion.filed_at), ((t.opinion, "case_id"),),
        {t.opinion: ("customer", "opinion", "level_reason", "measure", "record")}, _opinion_in_reports)),
    kind("complaint", ("投诉处理记录", "Complaints and their handling"), "5.1.18", Rows(
        _found(t.complaint, sa.func.coalesce(_complaint.closed_at, _complaint.accepted_at)),
        ((t.rejected_solution, "case_id"), (t.complaint, "case_id")),
        {t.complaint: ("customer", "contact", "phone", "complaint_text", "severity_reason", "cause", "details", "remedy",
                       "remedy_result", "solution", "solution_result", "improvement", "improvement_finding", "penalty",
                       "handling_record"),
         t.rejected_solution: ("solution", "told_how", "objection")}, _complaint_in_reports)),
    kind("return_form", ("退库产品申请单", "Return requests"), "5.5", Rows(
        _found(t.product_return, sa.func.coalesce(_return.closed_at, _return.registered_at)), ((t.product_return, "case_id"),),
        {t.product_return: ("customer", "contact", "phone", "reason", "finding", "signed_by", "ruling_reason")})),
    kind("machine", ("机器台账和保修期限记录", "Machines and their warranty terms"), "5.1.15", MACHINES,
         of_customer=_machines_of),
)}
