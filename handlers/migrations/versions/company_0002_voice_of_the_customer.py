"""The voice of the customer: settings, complaints, returns, opinions, statistics, surveys."""

import sqlalchemy as sa
from alembic import op

revision = "company_0002"
down_revision = "company_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "company_setting",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_company_setting"),
    )
    op.create_table(
        "complaint",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("office", sa.Text(), nullable=False),
        sa.Column("received_by", sa.Text(), nullable=True),
        sa.Column("customer", sa.Text(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("product_id", sa.Text(), nullable=True),
        sa.Column("serial", sa.Text(), nullable=True),
        sa.Column("complaint_text", sa.Text(), nullable=False),
        sa.Column("is_serious", sa.Boolean(), nullable=False),
        sa.Column("severity_reason", sa.Text(), nullable=True),
        sa.Column("accepted_by", sa.Text(), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cause", sa.Text(), nullable=True),
        sa.Column("is_human_factor", sa.Boolean(), nullable=True),
        sa.Column("quality_level", sa.Text(), nullable=True),
        sa.Column("details", sa.Text(), nullable=True),
        sa.Column("complained_about", sa.Text(), nullable=True),
        sa.Column("remedy", sa.Text(), nullable=True),
        sa.Column("remedy_result", sa.Text(), nullable=True),
        sa.Column("solution", sa.Text(), nullable=True),
        sa.Column("solution_result", sa.Text(), nullable=True),
        sa.Column("responsible", sa.Text(), nullable=True),
        sa.Column("penalty", sa.Text(), nullable=True),
        sa.Column("improvement", sa.Text(), nullable=True),
        sa.Column("improvement_finding", sa.Text(), nullable=True),
        sa.Column("handling_record", sa.Text(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("case_id", name="pk_complaint"),
    )
    op.create_index("ix_complaint_accepted", "complaint", ["accepted_at"])
    op.create_index("ix_complaint_customer", "complaint", ["customer"])
    op.create_table(
        "monthly_statistics",
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("figures", sa.Text(), nullable=False),
        sa.Column("analysis", sa.Text(), nullable=True),
        sa.Column("drafted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("month", name="pk_monthly_statistics"),
    )
    op.create_table(
        "opinion",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("office", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=True),
        sa.Column("customer", sa.Text(), nullable=False),
        sa.Column("product_id", sa.Text(), nullable=True),
        sa.Column("serial", sa.Text(), nullable=True),
        sa.Column("opinion", sa.Text(), nullable=False),
        sa.Column("problem_level", sa.Text(), nullable=False),
        sa.Column("level_reason", sa.Text(), nullable=True),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("case_id", name="pk_opinion"),
    )
    op.create_index("ix_opinion_filed", "opinion", ["filed_at"])
    op.create_table(
        "product_return",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("office", sa.Text(), nullable=False),
        sa.Column("customer", sa.Text(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("product_id", sa.Text(), nullable=True),
        sa.Column("serial", sa.Text(), nullable=True),
        sa.Column("shipped_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("condition", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=True),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finding", sa.Text(), nullable=True),
        sa.Column("is_confirmed", sa.Boolean(), nullable=True),
        sa.Column("signed_by", sa.Text(), nullable=True),
        sa.Column("ruling", sa.Text(), nullable=True),
        sa.Column("ruling_reason", sa.Text(), nullable=True),
        sa.Column("ruled_by", sa.Text(), nullable=True),
        sa.Column("ruled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("new_serial", sa.Text(), nullable=True),
        sa.Column("stock_receipt", sa.Text(), nullable=True),
        sa.Column("informed_how", sa.Text(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("case_id", name="pk_product_return"),
    )
    op.create_index("ix_product_return_registered", "product_return", ["registered_at"])
    op.create_table(
        "survey",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("handed_out", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("times_extended", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", name="pk_survey"),
    )
    op.create_index("ix_survey_opened", "survey", ["opened_at"])
    op.create_table(
        "opinion_case",
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["repair_order.case_id"], name="fk_opinion_case_order_id"),
        sa.PrimaryKeyConstraint("order_id", name="pk_opinion_case"),
    )
    op.create_table(
        "rejected_solution",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("solution", sa.Text(), nullable=False),
        sa.Column("told_how", sa.Text(), nullable=True),
        sa.Column("objection", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["complaint.case_id"], name="fk_rejected_solution_case_id"),
        sa.PrimaryKeyConstraint("case_id", "round", name="pk_rejected_solution"),
    )
    op.create_table(
        "satisfaction_report",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("is_valid", sa.Boolean(), nullable=False),
        sa.Column("figures", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("analysis", sa.Text(), nullable=True),
        sa.Column("grievances", sa.Text(), nullable=True),
        sa.Column("written_by", sa.Text(), nullable=True),
        sa.Column("released_by", sa.Text(), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["survey.case_id"], name="fk_satisfaction_report_case_id"),
        sa.PrimaryKeyConstraint("case_id", name="pk_satisfaction_report"),
    )
    op.create_table(
        "survey_form",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("products", sa.Text(), nullable=False),
        sa.Column("q2", sa.Text(), nullable=True),
        sa.Column("q3", sa.Text(), nullable=True),
        sa.Column("q4", sa.Text(), nullable=True),
        sa.Column("q5", sa.Text(), nullable=True),
        sa.Column("q6", sa.Text(), nullable=True),
        sa.Column("q7", sa.Text(), nullable=True),
        sa.Column("q8", sa.Text(), nullable=True),
        sa.Column("other_product", sa.Text(), nullable=True),
        sa.Column("remark", sa.Text(), nullable=True),
        sa.Column("filled_in_by", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("postcode", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("organisation", sa.Text(), nullable=True),
        sa.Column("entered_by", sa.Text(), nullable=True),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["survey.case_id"], name="fk_survey_form_case_id"),
        sa.PrimaryKeyConstraint("case_id", "number", name="pk_survey_form"),
    )
