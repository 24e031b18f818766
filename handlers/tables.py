"""The company's tables (`procedure.md` §4). Money is int cents, days are dates in China, instants are aware UTC.

`case_id` is the id of the process instance; it is no foreign key: the company's record outlives the engine's tables.
"""

import sqlalchemy as sa

from engine.tables import NAMES, UtcDateTime

metadata = sa.MetaData(naming_convention=NAMES)


def _t(name: str, *items: sa.schema.SchemaItem) -> sa.Table:
    return sa.Table(name, metadata, *items)


def _c(name: str, kind: object = sa.Text, *more: object, null: bool = False, **kw: object) -> sa.Column[object]:
    return sa.Column(name, kind, *more, nullable=null, **kw)  # type: ignore[arg-type]  # SQLAlchemy's overloads cannot see through *more


# ------------------------------------------------------------------ catalogue
product = _t(
    "product", _c("id", primary_key=True), _c("name"), _c("name_en"),
    _c("warranty_months", sa.Integer, default=12),  # 5.1.15 n5 states no length: ours
)
symptom = _t("symptom", _c("id", primary_key=True), _c("name"), _c("name_en"))
part = _t(
    "part", _c("id", primary_key=True), _c("name"), _c("name_en"),
    _c("is_main", sa.Boolean),  # a main defective part goes back to the parts keeper (5.1.11)
)

# ------------------------------------------------------------------ machines and their warranty (5.1.15 n5)
machine = _t(
    "machine", _c("serial", primary_key=True), _c("product_id", sa.Text, sa.ForeignKey("product.id")),
    _c("production_date", sa.Date, null=True), _c("customer"), _c("contact", null=True), _c("phone", null=True),
    _c("address", null=True), _c("office"),
)
sa.Index("ix_machine_customer", machine.c.customer)
warranty_record = _t(  # the term that a service department keeps: both days included
    "warranty_record", _c("serial", sa.Text, sa.ForeignKey("machine.serial"), primary_key=True),
    _c("starts_on", sa.Date), _c("ends_on", sa.Date), _c("recorded_by"), _c("recorded_at", UtcDateTime),
)

# ------------------------------------------------------------------ prices (5.1.16 n1)
price_list = _t(
    "price_list", _c("id", primary_key=True), _c("name"), _c("valid_from", sa.Date),
    _c("approved_by", null=True), _c("approved_at", UtcDateTime, null=True),  # only an approved list is quoted from
)
price = _t(  # kind: labour | part | other; id of a part's price = the part's id
    "price", _c("list_id", sa.Text, sa.ForeignKey("price_list.id")), _c("id"), _c("kind"), _c("name"), _c("name_en"),
    _c("amount_cents", sa.Integer), sa.PrimaryKeyConstraint("list_id", "id"),
)
quote = _t(  # a revised quote is a new row; state: offered | accepted | rejected | confirmed | superseded
    "quote", _c("case_id"), _c("revision", sa.Integer), _c("list_id", sa.Text, sa.ForeignKey("price_list.id")),
    _c("total_cents", sa.Integer), _c("state"), _c("quoted_by", null=True), _c("quoted_at", UtcDateTime),
    _c("answered_at", UtcDateTime, null=True), _c("reason", null=True), sa.PrimaryKeyConstraint("case_id", "revision"),
)
quote_line = _t(
    "quote_line", _c("case_id"), _c("revision", sa.Integer), _c("line", sa.Integer), _c("price_id"), _c("kind"),
    _c("quantity", sa.Integer), _c("amount_cents", sa.Integer),  # of the line: quantity times price
    sa.PrimaryKeyConstraint("case_id", "revision", "line"),
    sa.ForeignKeyConstraint(["case_id", "revision"], ["quote.case_id", "quote.revision"]),
)
price_confirmation = _t(  # 价格确认, 5.1.16 n2
    "price_confirmation", _c("case_id"), _c("revision", sa.Integer), _c("total_cents", sa.Integer), _c("pay_by", sa.Date),
    _c("confirmed_by"), _c("received_by", null=True), _c("received_at", UtcDateTime),
    sa.PrimaryKeyConstraint("case_id", "revision"),
)
payment = _t(
    "payment", _c("case_id"), _c("number", sa.Integer), _c("amount_cents", sa.Integer), _c("method"), _c("paid_on", sa.Date),
    _c("collected_by", null=True), _c("recorded_at", UtcDateTime), sa.PrimaryKeyConstraint("case_id", "number"),
)
invoice = _t(  # 发票, 5.1.16 n4
    "invoice", _c("case_id"), _c("number"), _c("title"), _c("amount_cents", sa.Integer),
    _c("issued_by", null=True), _c("issued_at", UtcDateTime), sa.PrimaryKeyConstraint("case_id", "number"),
)

# ------------------------------------------------------------------ the repair order (产品维修单, 5.1.8, 5.1.9)
repair_order = _t(  # state: open | in_service | filled_in | signed | submitted | archived | declined
    "repair_order", _c("case_id", primary_key=True), _c("number"), _c("office"), _c("state"), _c("source", null=True),
    _c("customer"), _c("contact", null=True), _c("phone", null=True), _c("address", null=True), _c("region", null=True),
    _c("product_id", null=True), _c("serial", null=True), _c("production_date", sa.Date, null=True),
    _c("reported_fault", null=True), _c("reported_at", UtcDateTime),
    _c("response_due_at", UtcDateTime, null=True), _c("arrived_at", UtcDateTime, null=True),
    _c("is_charged", sa.Boolean, default=False), _c("warranty_status", null=True),  # in_warranty | expired | customer_fault …
    _c("warranty_reason", null=True), _c("decline_reason", null=True),
    _c("engineer", null=True), _c("symptom_id", null=True), _c("found_fault", null=True), _c("work_done", null=True),
    _c("finished_at", UtcDateTime, null=True), _c("self_check_passed", sa.Boolean, null=True),
    _c("is_fixed", sa.Boolean, null=True), _c("satisfaction", null=True),  # satisfied | suggestion | dissatisfied
    _c("opinion", null=True), _c("dissatisfaction_handling", null=True),
    _c("signed_by", null=True), _c("signed_at", UtcDateTime, null=True),
    _c("charge_cents", sa.Integer, default=0), _c("submitted_at", UtcDateTime, null=True),
    _c("period", null=True),  # YYYY-MM of the batch of the 25th (26th to 25th, 5.1.8)
)
sa.Index("ix_repair_order_period", repair_order.c.period, repair_order.c.office)
sa.Index("ix_repair_order_serial", repair_order.c.serial)
part_used = _t(  # defective: kept (none to return) | to_return | sent | received
    "part_used", _c("case_id", sa.Text, sa.ForeignKey("repair_order.case_id")), _c("line", sa.Integer),
    _c("part_id", sa.Text, sa.ForeignKey("part.id")), _c("quantity", sa.Integer), _c("serial", null=True),
    _c("is_main", sa.Boolean), _c("defective"), _c("received_at", UtcDateTime, null=True),
    sa.PrimaryKeyConstraint("case_id", "line"),
)
sa.Index("ix_part_used_part", part_used.c.part_id)
requisition = _t(  # 维修点领用配件表, 5.1.11; a case may have several
    "requisition", _c("number", primary_key=True), _c("case_id"), _c("office"), _c("requested_by", null=True),
    _c("requested_at", UtcDateTime), _c("issued_by", null=True), _c("issued_at", UtcDateTime, null=True),
    _c("received_by", null=True), _c("received_at", UtcDateTime, null=True), _c("note", null=True),
)
sa.Index("ix_requisition_case", requisition.c.case_id)
requisition_line = _t(
    "requisition_line", _c("number", sa.Text, sa.ForeignKey("requisition.number")), _c("line", sa.Integer),
    _c("part_id", sa.Text, sa.ForeignKey("part.id")), _c("quantity", sa.Integer),
    sa.PrimaryKeyConstraint("number", "line"),
)
defective_return = _t(  # the main defective parts of a case, sent to the parts keeper and received (5.1.11)
    "defective_return", _c("case_id", primary_key=True), _c("sent_on", sa.Date, null=True), _c("waybill", null=True),
    _c("sent_by", null=True), _c("received_on", sa.Date), _c("received_by", null=True), _c("note", null=True),
)
missed_deadline = _t(  # kind: response (5.1.6) | payment (5.1.16 n2) | measure (5.7)
    "missed_deadline", _c("case_id"), _c("kind"), _c("due_at", UtcDateTime), _c("noted_at", UtcDateTime),
    sa.PrimaryKeyConstraint("case_id", "kind", "due_at"),
)
response_exception = _t(  # 5.1.6: decided by the manager, with a reason
    "response_exception", _c("case_id"), _c("number", sa.Integer), _c("moved_from", UtcDateTime),
    _c("moved_to", UtcDateTime), _c("is_granted", sa.Boolean), _c("reason"),
    _c("granted_by", null=True), _c("granted_at", UtcDateTime),
    sa.PrimaryKeyConstraint("case_id", "number"),
)
reclassification = _t(  # 5.1.7: the customer's fault came to light while serving, or the price rose
    "reclassification", _c("case_id"), _c("number", sa.Integer), _c("reason"), _c("engineer", null=True),
    _c("at", UtcDateTime), sa.PrimaryKeyConstraint("case_id", "number"),
)

# ------------------------------------------------------------------ voice of the customer (5.1.13, 5.1.14, 5.1.17, 5.1.18, 5.5)
company_setting = _t(  # figures that the procedure leaves open; without a row the default in `handlers/company_settings.py` holds
    "company_setting", _c("key", primary_key=True), _c("value"),  # canonical JSON
    _c("changed_by", null=True), _c("changed_at", UtcDateTime),
)
complaint = _t(  # 5.1.18; received_by: written | phone | other; quality_level: none | quality | serious
    "complaint", _c("case_id", primary_key=True), _c("number"), _c("office"), _c("received_by", null=True),
    _c("customer"), _c("contact", null=True), _c("phone", null=True), _c("product_id", null=True), _c("serial", null=True),
    _c("complaint_text"), _c("is_serious", sa.Boolean), _c("severity_reason", null=True),
    _c("accepted_by", null=True), _c("accepted_at", UtcDateTime), _c("cause", null=True),
    _c("is_human_factor", sa.Boolean, null=True), _c("quality_level", null=True), _c("details", null=True),
    _c("complained_about", null=True), _c("remedy", null=True), _c("remedy_result", null=True),
    _c("solution", null=True), _c("solution_result", null=True), _c("responsible", null=True),
    _c("penalty", null=True),  # never shown to the customer
    _c("improvement", null=True), _c("improvement_finding", null=True), _c("handling_record", null=True),
    _c("closed_at", UtcDateTime, null=True),
)
sa.Index("ix_complaint_accepted", complaint.c.accepted_at)
sa.Index("ix_complaint_customer", complaint.c.customer)
rejected_solution = _t(  # a solution the customer did not agree to; the clock of 5.1.18 n3 ran on
    "rejected_solution", _c("case_id", sa.Text, sa.ForeignKey("complaint.case_id")), _c("round", sa.Integer),
    _c("solution"), _c("told_how", null=True), _c("objection", null=True), _c("recorded_at", UtcDateTime),
    sa.PrimaryKeyConstraint("case_id", "round"),
)
product_return = _t(  # 退库产品申请单, 5.5; condition: a | b | neither; ruling: exchange | stock | refuse
    "product_return", _c("case_id", primary_key=True), _c("number"), _c("office"), _c("customer"), _c("contact", null=True),
    _c("phone", null=True), _c("product_id", null=True), _c("serial", null=True), _c("shipped_on", sa.Date, null=True),
    _c("reason"), _c("condition"), _c("requested_by", null=True), _c("registered_at", UtcDateTime),
    _c("finding", null=True), _c("is_confirmed", sa.Boolean, null=True), _c("signed_by", null=True),
    _c("ruling", null=True), _c("ruling_reason", null=True), _c("ruled_by", null=True), _c("ruled_at", UtcDateTime, null=True),
    _c("new_serial", null=True), _c("stock_receipt", null=True), _c("informed_how", null=True),
    _c("closed_at", UtcDateTime, null=True),
)
sa.Index("ix_product_return_registered", product_return.c.registered_at)
opinion = _t(  # 5.1.17 n2; order_id: the case of the repair order whose opinion column it stood in
    "opinion", _c("case_id", primary_key=True), _c("number"), _c("office"), _c("order_id", null=True), _c("customer"),
    _c("product_id", null=True), _c("serial", null=True), _c("opinion"), _c("problem_level"), _c("level_reason", null=True),
    _c("measure"), _c("record"), _c("filed_at", UtcDateTime),
)
sa.Index("ix_opinion_filed", opinion.c.filed_at)
opinion_case = _t(  # which repair orders have had their case opened: once each
    "opinion_case", _c("order_id", sa.Text, sa.ForeignKey("repair_order.case_id"), primary_key=True),
    _c("opened_at", UtcDateTime),
)
monthly_statistics = _t(  # 统计分析表, 5.1.10; figures: canonical JSON of `handlers/statistics.py`
    "monthly_statistics", _c("month", primary_key=True), _c("number"), _c("case_id"), _c("figures"), _c("analysis", null=True),
    _c("drafted_at", UtcDateTime), _c("approved_by", null=True), _c("approved_at", UtcDateTime, null=True),
    _c("sent_at", UtcDateTime, null=True),
)
survey = _t(  # 5.1.17 n3; kind: mailing | touring
    "survey", _c("case_id", primary_key=True), _c("number"), _c("kind"), _c("name"), _c("handed_out", sa.Integer),
    _c("opened_at", UtcDateTime), _c("closes_at", UtcDateTime), _c("times_extended", sa.Integer, default=0),
)
sa.Index("ix_survey_opened", survey.c.opened_at)
survey_form = _t(  # 湘计算机用户满意度调查表: products is question 1, JSON; q2 … q8: satisfied | fairly | average | dissatisfied
    "survey_form", _c("case_id", sa.Text, sa.ForeignKey("survey.case_id")), _c("number", sa.Integer), _c("products"),
    *(_c(f"q{question}", null=True) for question in range(2, 9)),  # q6 also: did_not_attend
    _c("other_product", null=True), _c("remark", null=True), _c("filled_in_by", null=True), _c("phone", null=True),
    _c("postcode", null=True), _c("address", null=True), _c("organisation", null=True),
    _c("entered_by", null=True), _c("entered_at", UtcDateTime), sa.PrimaryKeyConstraint("case_id", "number"),
)
satisfaction_report = _t(  # 顾客满意度分析报告, 5.1.17 n4e; figures: canonical JSON of `handlers/satisfaction.py`
    "satisfaction_report", _c("case_id", sa.Text, sa.ForeignKey("survey.case_id"), primary_key=True), _c("number"),
    _c("is_valid", sa.Boolean), _c("figures"), _c("due_at", UtcDateTime), _c("analysis", null=True), _c("grievances", null=True),
    _c("written_by", null=True), _c("released_by", null=True), _c("submitted_at", UtcDateTime, null=True),
)

# ------------------------------------------------------------------ corrective and preventive action (5.6, 5.7)
corrective_action = _t(  # 纠正与预防措施建议表; seriousness: observation | minor | serious; kind: corrective | preventive
    "corrective_action", _c("case_id", primary_key=True), _c("number"), _c("office"),
    _c("source"),  # audit_sample | audit | complaint | opinion | inspection | quality_information
    _c("audited_case", null=True), _c("clause", null=True), _c("finding"), _c("seriousness"), _c("found_by"),
    _c("found_at", UtcDateTime), _c("judged_by", null=True), _c("judged_at", UtcDateTime, null=True),
    _c("no_action_reason", null=True), _c("kind", null=True), _c("responsible", null=True),  # branch | centre
    _c("cause", null=True), _c("other_cases", null=True), _c("closed_at", UtcDateTime, null=True),
)
sa.Index("ix_corrective_action_found", corrective_action.c.found_at)
corrective_measure = _t(  # a measure without effect is followed by another round
    "corrective_measure", _c("case_id", sa.Text, sa.ForeignKey("corrective_action.case_id")), _c("round", sa.Integer),
    _c("measure"), _c("owner"), _c("due_on", sa.Date), _c("check_on", sa.Date), _c("planned_by", null=True),
    _c("planned_at", UtcDateTime), _c("result", null=True), _c("carried_out_on", sa.Date, null=True), _c("done_by", null=True),
    _c("done_at", UtcDateTime, null=True), _c("verification", null=True), _c("is_effective", sa.Boolean, null=True),
    _c("verified_by", null=True), _c("verified_at", UtcDateTime, null=True), sa.PrimaryKeyConstraint("case_id", "round"),
)
