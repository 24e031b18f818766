"""Changing the definitions: drafts, approvals, migrations of open cases."""

import sqlalchemy as sa
from alembic import op

revision = "engine_0003"
down_revision = "engine_0002"
branch_labels = None
depends_on = None

OWNERS = [("process_owner", "流程负责人", "Process owner"), ("process_owner2", "流程负责人二", "Process owner 2")]


def upgrade() -> None:
    _drafts()
    _migrations()
    for column in ("withdrawn_at", "withdrawn_by", "withdrawn_reason"):
        kind = sa.DateTime(timezone=True) if column == "withdrawn_at" else sa.Text()
        op.add_column("definition", sa.Column(column, kind, nullable=True))
    for column in ("models", "approves"):
        op.add_column("candidate_group", sa.Column(column, sa.Boolean(), server_default=sa.false(), nullable=False))
    open_case = sa.text("ended_at IS NULL")
    op.create_index("ix_instance_open", "process_instance", ["definition_id", "bundle_id", "id"], postgresql_where=open_case, sqlite_where=open_case)
    _roles()


def _drafts() -> None:
    op.create_table(
        "model_draft",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("process_key", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("based_on", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("edited_by", sa.Text(), nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_by", sa.Text(), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_reason", sa.Text(), nullable=True),
        sa.Column("effective_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("digest", sa.Text(), nullable=True),
        sa.Column("deployment_id", sa.Text(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["deployment_id"], ["deployment.id"], name="fk_model_draft_deployment_id"),
        sa.PrimaryKeyConstraint("id", name="pk_model_draft"),
    )
    op.create_index("ix_model_draft_status", "model_draft", ["status", "edited_at"])
    op.create_index("ix_model_draft_deployment", "model_draft", ["deployment_id"])
    op.create_table(
        "model_file",
        sa.Column("draft_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("bytes", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("saved_by", sa.Text(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["draft_id"], ["model_draft.id"], name="fk_model_file_draft_id"),
        sa.PrimaryKeyConstraint("draft_id", "name", name="pk_model_file"),
    )
    op.create_table(
        "model_save",
        sa.Column("draft_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("session", sa.Text(), nullable=False),
        sa.Column("bytes", sa.LargeBinary(), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("saved_by", sa.Text(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["draft_id"], ["model_draft.id"], name="fk_model_save_draft_id"),
        sa.PrimaryKeyConstraint("draft_id", "name", "revision", name="pk_model_save"),
    )
    op.create_index("ix_model_save_session", "model_save", ["session"])
    op.create_table(
        "model_session",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("draft_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("manifest", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["draft_id"], ["model_draft.id"], name="fk_model_session_draft_id"),
        sa.PrimaryKeyConstraint("id", name="pk_model_session"),
    )
    op.create_index("ix_model_session_draft", "model_session", ["draft_id", "seen_at"])
    op.create_table(
        "model_author",
        sa.Column("draft_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["draft_id"], ["model_draft.id"], name="fk_model_author_draft_id"),
        sa.PrimaryKeyConstraint("draft_id", "user_id", name="pk_model_author"),
    )


def _migrations() -> None:
    op.create_table(
        "migration_plan",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("process_key", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("mapping", sa.Text(), nullable=False),
        sa.Column("options", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["source"], ["definition.id"], name="fk_migration_plan_source"),
        sa.ForeignKeyConstraint(["target"], ["definition.id"], name="fk_migration_plan_target"),
        sa.PrimaryKeyConstraint("id", name="pk_migration_plan"),
    )
    op.create_index("ix_migration_plan_process", "migration_plan", ["process_key", "created_at"])
    op.create_table(
        "migration_item",
        sa.Column("plan_id", sa.Text(), nullable=False),
        sa.Column("instance_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after_version", sa.Integer(), nullable=True),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instance.id"], name="fk_migration_item_instance_id"),
        sa.ForeignKeyConstraint(["plan_id"], ["migration_plan.id"], name="fk_migration_item_plan_id"),
        sa.PrimaryKeyConstraint("plan_id", "instance_id", name="pk_migration_item"),
    )
    op.create_index("ix_migration_item_status", "migration_item", ["plan_id", "status", "instance_id"])
    op.create_index("ix_migration_item_instance", "migration_item", ["instance_id"])


def _roles() -> None:
    """The company's group that approves, the group of process owners, and the demonstration's users of it (and only there)."""
    connection = op.get_bind()
    op.execute("UPDATE candidate_group SET approves = true WHERE id = 'management_representative'")
    connection.execute(sa.text(
        "INSERT INTO candidate_group (id, name, name_en, by_office, leads, models, approves) "
        "SELECT 'process_owner', '流程负责人', 'Process owner', false, false, true, false FROM candidate_group "
        "WHERE id = 'management_representative' AND NOT EXISTS (SELECT 1 FROM candidate_group WHERE id = 'process_owner')"))
    for user, name, name_en in OWNERS:
        connection.execute(sa.text(
            "INSERT INTO user_account (id, name, name_en, email, password_hash, is_admin, sees_all, acts_everywhere, language, "
            "is_active, revision) SELECT CAST(:user AS TEXT), CAST(:name AS TEXT), CAST(:name_en AS TEXT), CAST(:email AS TEXT), password_hash, false, false, false, 'zh', true, 1 "
            "FROM user_account WHERE id = 'management_representative' AND email = 'management_representative@fuwuflow.example' "
            "AND NOT EXISTS (SELECT 1 FROM user_account WHERE id = :user)"),
            {"user": user, "name": name, "name_en": name_en, "email": f"{user}@fuwuflow.example"})
        connection.execute(sa.text(
            "INSERT INTO membership (user_id, group_id, office) SELECT id, 'process_owner', '' FROM user_account "
            "WHERE id = :user AND email = :email AND NOT EXISTS "
            "(SELECT 1 FROM membership WHERE user_id = :user AND group_id = 'process_owner')"),
            {"user": user, "email": f"{user}@fuwuflow.example"})
