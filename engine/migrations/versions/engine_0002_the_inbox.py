"""The inbox for the whole day: drafts, comments, documents, filters, notices, substitutes."""

import sqlalchemy as sa
from alembic import op

revision = "engine_0002"
down_revision = "engine_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "chore",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_chore"),
    )
    op.create_table(
        "document_content",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("bytes", sa.LargeBinary(), nullable=True),
        sa.Column("thumbnail", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("sha256", name="pk_document_content"),
    )
    op.create_table(
        "record_chain",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("head_seq", sa.Integer(), nullable=False),
        sa.Column("head_hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_record_chain"),
    )
    op.create_table(
        "worklist_change",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_worklist_change"),
    )
    op.create_index("ix_worklist_change", "worklist_change", ["audience", "id"])
    op.create_table(
        "draft",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("entries", sa.Text(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name="fk_draft_user_id"),
        sa.PrimaryKeyConstraint("user_id", "subject", name="pk_draft"),
    )
    op.create_table(
        "notice",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("instance_id", sa.Text(), nullable=True),
        sa.Column("task_id", sa.Text(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.Column("arguments", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name="fk_notice_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_notice"),
        sa.UniqueConstraint("user_id", "kind", "subject", name="uq_notice_user_id_kind_subject"),
    )
    op.create_index("ix_notice_unseen", "notice", ["user_id", "id"], postgresql_where=sa.text("seen_at IS NULL"), sqlite_where=sa.text("seen_at IS NULL"))
    op.create_index("ix_notice_user", "notice", ["user_id", "created_at", "id"])
    op.create_table(
        "saved_filter",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("view", sa.Text(), nullable=False),
        sa.Column("criteria", sa.Text(), nullable=False),
        sa.Column("group_id", sa.Text(), nullable=True),
        sa.Column("office", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["owner"], ["user_account.id"], name="fk_saved_filter_owner"),
        sa.PrimaryKeyConstraint("id", name="pk_saved_filter"),
    )
    op.create_index("ix_saved_filter_group", "saved_filter", ["group_id", "office"])
    op.create_index("ix_saved_filter_owner", "saved_filter", ["owner"])
    op.create_table(
        "substitution",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("substitute_id", sa.Text(), nullable=False),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["substitute_id"], ["user_account.id"], name="fk_substitution_substitute_id"),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name="fk_substitution_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_substitution"),
    )
    op.create_index("ix_substitution_substitute", "substitution", ["substitute_id", "until_at"])
    op.create_index("ix_substitution_user", "substitution", ["user_id", "until_at"])
    op.create_table(
        "user_setting",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name="fk_user_setting_user_id"),
        sa.PrimaryKeyConstraint("user_id", "name", name="pk_user_setting"),
    )
    op.create_table(
        "comment",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("instance_id", sa.Text(), nullable=False),
        sa.Column("task_id", sa.Text(), nullable=True),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("mentions", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instance.id"], name="fk_comment_instance_id"),
        sa.PrimaryKeyConstraint("id", name="pk_comment"),
    )
    op.create_index("ix_comment_instance", "comment", ["instance_id", "written_at", "id"])
    op.create_table(
        "document",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("instance_id", sa.Text(), nullable=False),
        sa.Column("task_id", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_by", sa.Text(), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removed_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instance.id"], name="fk_document_instance_id"),
        sa.PrimaryKeyConstraint("id", name="pk_document"),
    )
    op.create_index("ix_document_instance", "document", ["instance_id", "added_at", "id"])
    op.create_table(
        "watch",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("instance_id", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instance.id"], name="fk_watch_instance_id"),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name="fk_watch_user_id"),
        sa.PrimaryKeyConstraint("user_id", "instance_id", name="pk_watch"),
    )
    op.create_index("ix_watch_instance", "watch", ["instance_id"])
    op.add_column("office", sa.Column("is_active", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.add_column("process_instance", sa.Column("watchers", sa.Integer(), server_default="0", nullable=False))
    op.create_index("ix_instance_came_from", "process_instance", ["came_from"], postgresql_where=sa.text("came_from IS NOT NULL"), sqlite_where=sa.text("came_from IS NOT NULL"))
    op.add_column("task", sa.Column("root_key", sa.Text(), server_default="", nullable=False))
    op.add_column("task", sa.Column("product", sa.Text(), nullable=True))
    op.add_column("task", sa.Column("completed_for", sa.Text(), nullable=True))
    op.add_column("task", sa.Column("handed_by", sa.Text(), nullable=True))
    op.add_column("task", sa.Column("handed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("task", sa.Column("handed_reason", sa.Text(), nullable=True))
    op.create_index("ix_task_office", "task", ["office", "sort_due", "id"], postgresql_where=sa.text("state = 'open'"), sqlite_where=sa.text("state = 'open'"))
    op.create_index("ix_task_office_process", "task", ["office", "root_key", "sort_due", "id"], postgresql_where=sa.text("state = 'open'"), sqlite_where=sa.text("state = 'open'"))
    op.add_column("task_candidate", sa.Column("root_key", sa.Text(), server_default="", nullable=False))
    op.create_index("ix_task_candidate_process", "task_candidate", ["group_id", "office", "root_key", "sort_due", "task_id"])
    op.execute("UPDATE task SET root_key = c.process_key, product = c.product FROM process_instance c WHERE c.id = task.instance_id")
    op.execute("UPDATE task_candidate SET root_key = t.root_key FROM task t WHERE t.id = task_candidate.task_id")
