"""What audits need: who looked, signed checkpoints, searches, samples, retention; groups that audit."""

import sqlalchemy as sa
from alembic import op

revision = "engine_0004"
down_revision = "engine_0003"
branch_labels = None
depends_on = None

APPEND_ONLY = ("access_log", "checkpoint", "checkpoint_leaf", "tombstone")
AUDITORS = [("auditor", "审计员", "Auditor"), ("auditor2", "审计员二", "Auditor 2")]


def upgrade() -> None:
    _record()
    _searching()
    _samples()
    _destruction()
    op.create_index("ix_activity_process", "activity_instance", ["process_key", "started_at"])
    op.add_column("candidate_group", sa.Column("audits", sa.Boolean(), server_default=sa.false(), nullable=False))
    {"sqlite": guard_on_sqlite, "postgresql": guard_on_postgresql}[op.get_bind().dialect.name]()
    _roles()


def _record() -> None:
    op.create_table(
        "access_log",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("instance_id", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_access_log"),
    )
    op.create_index("ix_access_log_actor", "access_log", ["actor", "at"])
    op.create_index("ix_access_log_at", "access_log", ["at", "id"])
    op.create_index("ix_access_log_instance", "access_log", ["instance_id", "at"])
    op.create_table(
        "checkpoint",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_checkpoint"),
    )
    op.create_table(
        "audit_search",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("criteria", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["owner"], ["user_account.id"], name="fk_audit_search_owner"),
        sa.PrimaryKeyConstraint("id", name="pk_audit_search"),
        sa.UniqueConstraint("owner", "name", name="uq_audit_search_owner_name"),
    )
    op.create_table(
        "checkpoint_leaf",
        sa.Column("checkpoint_seq", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("chain_id", sa.Text(), nullable=False),
        sa.Column("head_seq", sa.Integer(), nullable=False),
        sa.Column("head_hash", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["checkpoint_seq"], ["checkpoint.seq"], name="fk_checkpoint_leaf_checkpoint_seq"),
        sa.PrimaryKeyConstraint("checkpoint_seq", "position", name="pk_checkpoint_leaf"),
    )
    op.create_index("ix_checkpoint_leaf_chain", "checkpoint_leaf", ["chain_id", "checkpoint_seq"])


def _searching() -> None:
    """What auditors search cases by."""
    op.create_index("ix_instance_version", "process_instance", ["process_key", "process_version", "started_at", "id"])
    op.create_index("ix_instance_office", "process_instance", ["office", "started_at", "id"])
    op.create_index("ix_instance_status", "process_instance", ["status", "started_at", "id"])
    op.create_index("ix_instance_outcome", "process_instance", ["process_key", "end_element", "started_at"])
    op.create_index("ix_activity_element", "activity_instance", ["process_key", "element", "instance_id"])
    some = (("ix_task_late", "task", ["instance_id"], "ended_at > due_at"),
            ("ix_history_intervention", "history_event", ["command", "instance_id"],
             "command IN ('resume', 'send_back', 'set_due', 'set_variable', 'skip', 'suspend', 'terminate')"),
            ("ix_history_actor", "history_event", ["actor", "instance_id"], "actor != 'system'"),
            ("ix_history_on_behalf_of", "history_event", ["on_behalf_of", "instance_id"], "on_behalf_of IS NOT NULL"))
    for name, table, columns, where in some:
        op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def _samples() -> None:
    op.create_table(
        "audit_sample",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("criteria", sa.Text(), nullable=False),
        sa.Column("strata", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("seed", sa.Text(), nullable=False),
        sa.Column("population", sa.Integer(), nullable=False),
        sa.Column("population_digest", sa.Text(), nullable=False),
        sa.Column("questions", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_audit_sample"),
    )
    op.create_index("ix_audit_sample_created", "audit_sample", ["created_at", "id"])
    op.create_table(
        "audit_sample_item",
        sa.Column("sample_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("instance_id", sa.Text(), nullable=False),
        sa.Column("stratum", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("answers", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finding_case", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instance.id"], name="fk_audit_sample_item_instance_id"),
        sa.ForeignKeyConstraint(["sample_id"], ["audit_sample.id"], name="fk_audit_sample_item_sample_id"),
        sa.PrimaryKeyConstraint("sample_id", "position", name="pk_audit_sample_item"),
    )
    op.create_index("ix_audit_sample_item_instance", "audit_sample_item", ["instance_id"])


def _destruction() -> None:
    op.create_table(
        "destruction",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("first_by", sa.Text(), nullable=True),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("second_by", sa.Text(), nullable=True),
        sa.Column("second_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_destruction"),
    )
    op.create_index("ix_destruction_status", "destruction", ["status", "proposed_at"])
    op.create_table(
        "retention_period",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("months", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("kind", name="pk_retention_period"),
    )
    op.create_table(
        "destruction_item",
        sa.Column("destruction_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("instance_id", sa.Text(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("digest", sa.Text(), nullable=True),
        sa.Column("destroyed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("kept", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["destruction_id"], ["destruction.id"], name="fk_destruction_item_destruction_id"),
        sa.PrimaryKeyConstraint("destruction_id", "kind", "ref", name="pk_destruction_item"),
    )
    op.create_index("ix_destruction_item_ref", "destruction_item", ["kind", "ref"])
    op.create_index("ix_destruction_item_instance", "destruction_item", ["instance_id"])
    op.create_table(
        "tombstone",
        sa.Column("instance_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("body_digest", sa.Text(), nullable=False),
        sa.Column("destruction_id", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["destruction_id"], ["destruction.id"], name="fk_tombstone_destruction_id"),
        sa.PrimaryKeyConstraint("instance_id", "seq", name="pk_tombstone"),
    )


def guard_on_sqlite() -> None:
    """Nothing is changed or removed; a body of the record goes only where its tombstone stands."""
    for table in APPEND_ONLY:
        for change in ("UPDATE", "DELETE"):
            op.execute(f"CREATE TRIGGER {table}_refuses_{change.lower()} BEFORE {change} ON {table} "
                       f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END")
    op.execute("DROP TRIGGER history_body_refuses_delete")
    op.execute("CREATE TRIGGER history_body_refuses_delete BEFORE DELETE ON history_body WHEN NOT EXISTS "
               "(SELECT 1 FROM tombstone WHERE instance_id = OLD.instance_id AND seq = OLD.seq) "
               "BEGIN SELECT RAISE(ABORT, 'history_body is append-only'); END")


def guard_on_postgresql() -> None:
    """The same; whoever owns the tables stays able to, which the checkpoints show."""
    for table in APPEND_ONLY:
        op.execute(f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
                   "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()")
    op.execute("DROP TRIGGER history_body_append_only ON history_body")
    op.execute("CREATE TRIGGER history_body_append_only BEFORE UPDATE OR TRUNCATE ON history_body "
               "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()")
    op.execute("CREATE FUNCTION refuse_body_without_tombstone() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
               "IF NOT EXISTS (SELECT 1 FROM tombstone WHERE instance_id = OLD.instance_id AND seq = OLD.seq) THEN "
               "RAISE EXCEPTION 'history_body is append-only'; END IF; RETURN OLD; END $$")
    op.execute("CREATE TRIGGER history_body_needs_tombstone BEFORE DELETE ON history_body "
               "FOR EACH ROW EXECUTE FUNCTION refuse_body_without_tombstone()")


def _roles() -> None:
    """The company's groups that audit, and the demonstration's auditors (only there)."""
    connection = op.get_bind()
    op.execute("UPDATE candidate_group SET audits = true WHERE id IN ('management_representative', 'quality')")
    connection.execute(sa.text(
        "INSERT INTO candidate_group (id, name, name_en, by_office, leads, models, approves, audits) "
        "SELECT 'auditor', '审计员', 'Auditor', false, false, false, false, true FROM candidate_group "
        "WHERE id = 'management_representative' AND NOT EXISTS (SELECT 1 FROM candidate_group WHERE id = 'auditor')"))
    for user, name, name_en in AUDITORS:
        connection.execute(sa.text(
            "INSERT INTO user_account (id, name, name_en, email, password_hash, is_admin, sees_all, acts_everywhere, language, "
            "is_active, revision) SELECT CAST(:user AS TEXT), CAST(:name AS TEXT), CAST(:name_en AS TEXT), CAST(:email AS TEXT), password_hash, false, true, false, 'zh', true, 1 "
            "FROM user_account WHERE id = 'management_representative' AND email = 'management_representative@fuwuflow.example' "
            "AND NOT EXISTS (SELECT 1 FROM user_account WHERE id = :user)"),
            {"user": user, "name": name, "name_en": name_en, "email": f"{user}@fuwuflow.example"})
        connection.execute(sa.text(
            "INSERT INTO membership (user_id, group_id, office) SELECT id, 'auditor', '' FROM user_account "
            "WHERE id = :user AND email = :email AND NOT EXISTS "
            "(SELECT 1 FROM membership WHERE user_id = :user AND group_id = 'auditor')"),
            {"user": user, "email": f"{user}@fuwuflow.example"})
