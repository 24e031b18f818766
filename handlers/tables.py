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
    "invoice", _c("number", primary_key=True), _c("case_id"), _c("title"), _c("amount_cents", sa.Integer),
    _c("issued_by", null=True), _c("issued_at", UtcDateTime),
)
sa.Index("ix_invoice_case", invoice.c.case_id)

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
    _c("opinion", null=True), _c("signed_by", null=True), _c("signed_at", UtcDateTime, null=True),
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
    _c("note", null=True),
)
sa.Index("ix_requisition_case", requisition.c.case_id)
requisition_line = _t(
    "requisition_line", _c("number", sa.Text, sa.ForeignKey("requisition.number")), _c("line", sa.Integer),
    _c("part_id", sa.Text, sa.ForeignKey("part.id")), _c("quantity", sa.Integer),
    sa.PrimaryKeyConstraint("number", "line"),
)
response_exception = _t(  # 5.1.6: granted by the manager, with a reason
    "response_exception", _c("case_id"), _c("number", sa.Integer), _c("moved_from", UtcDateTime),
    _c("moved_to", UtcDateTime), _c("reason"), _c("granted_by", null=True), _c("granted_at", UtcDateTime),
    sa.PrimaryKeyConstraint("case_id", "number"),
)
reclassification = _t(  # 5.1.7: the customer's fault came to light while serving, or the price rose
    "reclassification", _c("case_id"), _c("number", sa.Integer), _c("reason"), _c("engineer", null=True),
    _c("at", UtcDateTime), sa.PrimaryKeyConstraint("case_id", "number"),
)
