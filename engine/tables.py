"""The engine's tables. Unique constraints give the promises of design.md §1; locks only speed them."""

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator

NAMES = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = sa.MetaData(naming_convention=NAMES)


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC in Python; `timestamptz` on PostgreSQL, naive UTC on SQLite. A naive value is refused."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Refuse a naive value; hand SQLite naive UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value!r}")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Give back aware UTC."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _t(name: str, *items: sa.schema.SchemaItem) -> sa.Table:
    return sa.Table(name, metadata, *items)


def _c(name: str, kind: object = sa.Text, *more: object, null: bool = False, **kw: object) -> sa.Column[object]:
    return sa.Column(name, kind, *more, nullable=null, **kw)  # type: ignore[arg-type]


# ------------------------------------------------------------------ definitions
deployment = _t(
    "deployment", _c("id", primary_key=True), _c("name"), _c("source", null=True),
    _c("deployed_at", UtcDateTime), _c("deployed_by"),
)
resource = _t(  # the very bytes that were approved, never changed
    "resource", _c("sha256", primary_key=True), _c("bytes", sa.LargeBinary),
)
definition = _t(  # kind: process | form | decision | scenario (key "<process key>/<scenario name>")
    "definition", _c("id", primary_key=True), _c("kind"), _c("key"), _c("version", sa.Integer),
    _c("name"), _c("name_en"), _c("resource_name"),
    _c("sha256", sa.Text, sa.ForeignKey("resource.sha256")),
    _c("deployment_id", sa.Text, sa.ForeignKey("deployment.id")),
    # a withdrawn version starts no new case; those that run on it go on
    _c("withdrawn_at", UtcDateTime, null=True), _c("withdrawn_by", null=True), _c("withdrawn_reason", null=True),
    sa.UniqueConstraint("kind", "key", "version"),
)
bundle = _t(  # the definition ids that a case reaches, fixed at its start; id = SHA-256 of root and members
    "bundle", _c("id", primary_key=True), _c("root", sa.Text, sa.ForeignKey("definition.id")),
    _c("members"),  # JSON {"process": {key: definition id}, "form": {…}, "decision": {…}}
)
timer_start = _t(
    "timer_start", _c("process_key"), _c("element"), _c("due_at", UtcDateTime), _c("instance_id", null=True),
    sa.PrimaryKeyConstraint("process_key", "element", "due_at"),
)

# ------------------------------------------------------------------ changing definitions
model_draft = _t(  # status: draft | submitted | approved | effective | withdrawn | discarded; see engine/modeling
    "model_draft", _c("id", primary_key=True), _c("title"), _c("process_key", null=True), _c("status"), _c("reason"),
    _c("based_on"),  # JSON {file name: definition id}
    _c("created_by"), _c("created_at", UtcDateTime), _c("edited_by"), _c("edited_at", UtcDateTime),
    _c("submitted_by", null=True), _c("submitted_at", UtcDateTime, null=True),
    _c("decided_by", null=True), _c("decided_at", UtcDateTime, null=True), _c("decision_reason", null=True),
    _c("effective_from", UtcDateTime, null=True),
    _c("digest", null=True),  # SHA-256 of canonical JSON {file name: sha256}: what was submitted, approved and runs
    _c("deployment_id", sa.Text, sa.ForeignKey("deployment.id"), null=True), _c("revision", sa.Integer),
)
sa.Index("ix_model_draft_status", model_draft.c.status, model_draft.c.edited_at)
sa.Index("ix_model_draft_deployment", model_draft.c.deployment_id)
model_file = _t(  # kind: process | form | decision | scenario
    "model_file", _c("draft_id", sa.Text, sa.ForeignKey("model_draft.id")), _c("name"), _c("kind"),
    _c("bytes", sa.LargeBinary), _c("sha256"), _c("revision", sa.Integer), _c("saved_by"), _c("saved_at", UtcDateTime),
    sa.PrimaryKeyConstraint("draft_id", "name"),
)
model_save = _t(  # the way back: what each save left, `sha256` null where it removed the file, `bytes` too where it is forgotten
    "model_save", _c("draft_id", sa.Text, sa.ForeignKey("model_draft.id")), _c("name"), _c("revision", sa.Integer),
    _c("session"), _c("bytes", sa.LargeBinary, null=True), _c("sha256", null=True), _c("saved_by"),
    _c("saved_at", UtcDateTime), sa.PrimaryKeyConstraint("draft_id", "name", "revision"),
)
sa.Index("ix_model_save_session", model_save.c.session)
model_session = _t(  # a sitting of one person at a draft; manifest: JSON {file name: sha256} at its opening
    "model_session", _c("id", primary_key=True), _c("draft_id", sa.Text, sa.ForeignKey("model_draft.id")), _c("user_id"),
    _c("opened_at", UtcDateTime), _c("seen_at", UtcDateTime), _c("manifest"),
)
sa.Index("ix_model_session_draft", model_session.c.draft_id, model_session.c.seen_at)
model_author = _t(  # whoever saved a file once: an author approves nothing of this draft
    "model_author", _c("draft_id", sa.Text, sa.ForeignKey("model_draft.id")), _c("user_id"),
    sa.PrimaryKeyConstraint("draft_id", "user_id"),
)
migration_plan = _t(  # status: planned | running | paused | done | undoing | undone
    "migration_plan", _c("id", primary_key=True), _c("process_key"),
    _c("source", sa.Text, sa.ForeignKey("definition.id")), _c("target", sa.Text, sa.ForeignKey("definition.id")),
    _c("mapping"),  # JSON {"process key": {"element": "element" | null}}
    _c("options"),  # JSON
    _c("created_by"), _c("created_at", UtcDateTime), _c("status"), _c("reason"),
    _c("started_at", UtcDateTime, null=True), _c("ended_at", UtcDateTime, null=True),
)
sa.Index("ix_migration_plan_process", migration_plan.c.process_key, migration_plan.c.created_at)

# ------------------------------------------------------------------ cases
process_instance = _t(  # status: active | suspended | completed | terminated
    "process_instance", _c("id", primary_key=True),
    _c("definition_id", sa.Text, sa.ForeignKey("definition.id")), _c("process_key"), _c("process_version", sa.Integer),
    _c("bundle_id", sa.Text, sa.ForeignKey("bundle.id")), _c("business_key"), _c("status"), _c("office"),
    _c("started_by"), _c("started_at", UtcDateTime), _c("ended_at", UtcDateTime, null=True), _c("end_element", null=True),
    _c("came_from", null=True),  # the case that started this one
    _c("customer", null=True), _c("serial", null=True), _c("product", null=True),  # copies, for search
    _c("version", sa.Integer), _c("tokens"),  # JSON, see engine/spiff
    _c("head_seq", sa.Integer), _c("head_hash"),
    _c("watchers", sa.Integer, default=0, server_default="0"),  # how many people watch it: most steps need not ask who
)
sa.Index("ix_instance_key", process_instance.c.process_key, process_instance.c.started_at)
sa.Index("ix_instance_business_key", process_instance.c.business_key)
sa.Index("ix_instance_serial", process_instance.c.serial)
sa.Index("ix_instance_customer", process_instance.c.customer)
_followed = process_instance.c.came_from.is_not(None)
sa.Index("ix_instance_came_from", process_instance.c.came_from, postgresql_where=_followed, sqlite_where=_followed)
sa.Index("ix_instance_started", process_instance.c.started_at, process_instance.c.id)
_running = process_instance.c.ended_at.is_(None)
sa.Index("ix_instance_open", process_instance.c.definition_id, process_instance.c.bundle_id, process_instance.c.id,
         postgresql_where=_running, sqlite_where=_running)
# what auditors search by: written when a case begins or ends, not at its steps
sa.Index("ix_instance_version", process_instance.c.process_key, process_instance.c.process_version, process_instance.c.started_at,
         process_instance.c.id)
sa.Index("ix_instance_office", process_instance.c.office, process_instance.c.started_at, process_instance.c.id)
sa.Index("ix_instance_status", process_instance.c.status, process_instance.c.started_at, process_instance.c.id)
sa.Index("ix_instance_outcome", process_instance.c.process_key, process_instance.c.end_element, process_instance.c.started_at)
migration_item = _t(  # a case of a plan; status: waiting | moved | refused | undone | kept
    "migration_item", _c("plan_id", sa.Text, sa.ForeignKey("migration_plan.id")),
    _c("instance_id", sa.Text, sa.ForeignKey("process_instance.id")), _c("status"), _c("reason", null=True),  # JSON
    _c("before", null=True),  # JSON: what undoing needs
    _c("after_version", sa.Integer, null=True), _c("moved_at", UtcDateTime, null=True),
    sa.PrimaryKeyConstraint("plan_id", "instance_id"),
)
sa.Index("ix_migration_item_status", migration_item.c.plan_id, migration_item.c.status, migration_item.c.instance_id)
sa.Index("ix_migration_item_instance", migration_item.c.instance_id)
business_key_sequence = _t("business_key_sequence", _c("process_key", primary_key=True), _c("last", sa.Integer))

variable = _t(  # one per scope and name; the value is canonical JSON
    "variable", _c("instance_id", sa.Text, sa.ForeignKey("process_instance.id")), _c("scope", sa.Integer), _c("name"),
    _c("value"), _c("digest"), sa.PrimaryKeyConstraint("instance_id", "scope", "name"),
)
task = _t(  # a user task that was offered; id = "<instance>.<token>"
    "task", _c("id", primary_key=True), _c("instance_id", sa.Text, sa.ForeignKey("process_instance.id")),
    _c("token", sa.Integer), _c("process_key"), _c("element"), _c("name"), _c("name_en"), _c("business_key"),
    _c("customer", null=True), _c("serial", null=True),
    _c("office"), _c("candidate_groups"),  # JSON list, as the diagram has it
    _c("root_key", server_default=""), _c("product", null=True),  # the case's own process and product, to filter and search by
    # owner: who delegated it and gets it back (WS-HumanTask 4.8)
    _c("assignee", null=True), _c("owner", null=True), _c("priority", sa.Integer, default=50),
    _c("created_at", UtcDateTime), _c("due_at", UtcDateTime, null=True), _c("follow_up_at", UtcDateTime, null=True),
    _c("claimed_at", UtcDateTime, null=True), _c("revision", sa.Integer, default=1),
    _c("state", default="open"),  # open | completed | cancelled
    _c("ended_at", UtcDateTime, null=True), _c("completed_by", null=True),
    _c("completed_for", null=True),  # the absent person whom `completed_by` stands in for; set by the claim already
    # the last hand-over: by whom, when, why
    _c("handed_by", null=True), _c("handed_at", UtcDateTime, null=True), _c("handed_reason", null=True),
    # sort key of every inbox page: a task without a due date comes last
    _c("sort_due", UtcDateTime),
)
_open = task.c.state == "open"
sa.Index("ix_task_mine", task.c.assignee, task.c.sort_due, task.c.id, postgresql_where=_open, sqlite_where=_open)
sa.Index("ix_task_open", task.c.sort_due, task.c.id, postgresql_where=_open, sqlite_where=_open)
sa.Index("ix_task_office", task.c.office, task.c.sort_due, task.c.id, postgresql_where=_open, sqlite_where=_open)
sa.Index("ix_task_office_process", task.c.office, task.c.root_key, task.c.sort_due, task.c.id, postgresql_where=_open,
         sqlite_where=_open)
sa.Index("ix_task_instance", task.c.instance_id, task.c.state)
_done = task.c.state == "completed"
sa.Index("ix_task_done", task.c.completed_by, task.c.ended_at, task.c.id, postgresql_where=_done, sqlite_where=_done)
_ended_late = task.c.ended_at > task.c.due_at
sa.Index("ix_task_late", task.c.instance_id, postgresql_where=_ended_late, sqlite_where=_ended_late)
task_candidate = _t(  # one row per open, unclaimed task and candidate group: the group inbox reads only this index
    "task_candidate", _c("group_id"), _c("office"),  # office "" when the group is not by office
    _c("sort_due", UtcDateTime), _c("task_id", sa.Text, sa.ForeignKey("task.id")), _c("root_key", server_default=""),
    sa.PrimaryKeyConstraint("group_id", "office", "sort_due", "task_id"),
)
sa.Index("ix_task_candidate_process", task_candidate.c.group_id, task_candidate.c.office, task_candidate.c.root_key,
         task_candidate.c.sort_due, task_candidate.c.task_id)
sa.Index("ix_task_candidate_task", task_candidate.c.task_id)
search_gram = _t(  # bigrams of case number, customer and serial of cases: two-character Chinese names are found
    "search_gram", _c("gram"), _c("instance_id", sa.Text, sa.ForeignKey("process_instance.id")),
    sa.PrimaryKeyConstraint("gram", "instance_id"),
)
sa.Index("ix_search_gram_instance", search_gram.c.instance_id)

worklist_change = _t(  # insert-only, for a day: whose lists changed; "user:<id>", "group:<group>@<office>", "office:<office>"
    "worklist_change", _c("id", primary_key=True), _c("audience"),
)
sa.Index("ix_worklist_change", worklist_change.c.audience, worklist_change.c.id)

# ------------------------------------------------------------------ what people write beside the forms
draft = _t(  # what is typed and not sent yet; subject: a task's id, or "start:<process key>"
    "draft", _c("user_id", sa.Text, sa.ForeignKey("user_account.id")), _c("subject"), _c("entries"), _c("saved_at", UtcDateTime),
    sa.PrimaryKeyConstraint("user_id", "subject"),
)
comment = _t(
    "comment", _c("id", primary_key=True), _c("instance_id", sa.Text, sa.ForeignKey("process_instance.id")),
    _c("task_id", null=True), _c("author"), _c("written_at", UtcDateTime), _c("text"), _c("mentions"),  # JSON list of users
)
sa.Index("ix_comment_instance", comment.c.instance_id, comment.c.written_at, comment.c.id)
document = _t(  # a photo or file of a case; its bytes are under `sha256`, once
    "document", _c("id", primary_key=True), _c("instance_id", sa.Text, sa.ForeignKey("process_instance.id")),
    _c("task_id", null=True), _c("name"), _c("media_type"), _c("size", sa.Integer), _c("sha256"),
    _c("width", sa.Integer, null=True), _c("height", sa.Integer, null=True), _c("added_by"), _c("added_at", UtcDateTime),
    _c("removed_by", null=True), _c("removed_at", UtcDateTime, null=True), _c("removed_reason", null=True),
)
sa.Index("ix_document_instance", document.c.instance_id, document.c.added_at, document.c.id)
document_content = _t(  # bytes are null where an object store has them; the thumbnail is always here
    "document_content", _c("sha256", primary_key=True), _c("bytes", sa.LargeBinary, null=True),
    _c("thumbnail", sa.LargeBinary, null=True),
)
watch = _t(
    "watch", _c("user_id", sa.Text, sa.ForeignKey("user_account.id")),
    _c("instance_id", sa.Text, sa.ForeignKey("process_instance.id")), _c("since", UtcDateTime),
    sa.PrimaryKeyConstraint("user_id", "instance_id"),
)
sa.Index("ix_watch_instance", watch.c.instance_id)
saved_filter = _t(  # shared with a group where `group_id` is set, in one office unless ""
    "saved_filter", _c("id", primary_key=True), _c("owner", sa.Text, sa.ForeignKey("user_account.id")), _c("name"),
    _c("view"), _c("criteria"),  # JSON, see engine/worklist.py
    _c("group_id", null=True), _c("office", server_default=""), _c("created_at", UtcDateTime),
)
sa.Index("ix_saved_filter_owner", saved_filter.c.owner)
sa.Index("ix_saved_filter_group", saved_filter.c.group_id, saved_filter.c.office)
user_setting = _t(  # what a person chose: columns, favourites, which notices are mailed; the value is JSON
    "user_setting", _c("user_id", sa.Text, sa.ForeignKey("user_account.id")), _c("name"), _c("value"),
    sa.PrimaryKeyConstraint("user_id", "name"),
)
notice = _t(  # what somebody should know; kind: see engine/notice_words.py
    "notice", _c("id", primary_key=True), _c("user_id", sa.Text, sa.ForeignKey("user_account.id")), _c("kind"), _c("subject"),
    _c("instance_id", null=True), _c("task_id", null=True), _c("actor", null=True), _c("arguments"),  # JSON
    _c("created_at", UtcDateTime), _c("seen_at", UtcDateTime, null=True),
    sa.UniqueConstraint("user_id", "kind", "subject"),
)
sa.Index("ix_notice_user", notice.c.user_id, notice.c.created_at, notice.c.id)
_unseen = notice.c.seen_at.is_(None)
sa.Index("ix_notice_unseen", notice.c.user_id, notice.c.id, postgresql_where=_unseen, sqlite_where=_unseen)

# ------------------------------------------------------------------ jobs
job = _t(  # kind: service | timer | message | start | mail | recount | effective | migrate | destroy
    "job", _c("id", primary_key=True), _c("kind"), _c("instance_id", null=True), _c("token", sa.Integer, null=True),
    _c("process_key", null=True), _c("element", null=True), _c("topic", null=True), _c("arguments"),  # JSON
    _c("due_at", UtcDateTime), _c("created_at", UtcDateTime), _c("retries", sa.Integer),
    _c("lease_until", UtcDateTime, null=True), _c("fence", sa.Integer, default=0),
    _c("state", default="open"),  # open | done | cancelled | failed (an incident says why)
    _c("ended_at", UtcDateTime, null=True), _c("error", null=True),
    # a timer's own facts: when it began, its text, the calendar and revision it was counted with, who moved it by hand
    _c("timer", null=True),
)
_job_open = job.c.state == "open"
sa.Index("ix_job_due", job.c.due_at, job.c.id, postgresql_where=_job_open, sqlite_where=_job_open)
sa.Index("ix_job_instance", job.c.instance_id, job.c.state)
subscription = _t(  # a message that a case waits for
    "subscription", _c("instance_id", sa.Text, sa.ForeignKey("process_instance.id")), _c("token", sa.Integer),
    _c("element"), _c("name"), _c("correlation"),  # canonical JSON of {key: value}
    _c("business_key"), sa.PrimaryKeyConstraint("instance_id", "token", "element"),
)
sa.Index("ix_subscription_name", subscription.c.name, subscription.c.business_key)
incident = _t(
    "incident", _c("id", primary_key=True), _c("instance_id", null=True), _c("token", sa.Integer, null=True),
    _c("process_key", null=True), _c("element", null=True), _c("job_id", null=True), _c("kind"), _c("message"),
    _c("created_at", UtcDateTime), _c("resolved_at", UtcDateTime, null=True), _c("resolved_by", null=True),
)
sa.Index("ix_incident_open", incident.c.resolved_at, incident.c.created_at)
sa.Index("ix_incident_instance", incident.c.instance_id)
mail = _t(  # what was or will be sent; the job with the same id sends it
    "mail", _c("id", primary_key=True), _c("recipient"), _c("subject"), _c("body"), _c("instance_id", null=True),
    _c("created_at", UtcDateTime), _c("sent_at", UtcDateTime, null=True),
)
sa.Index("ix_mail_created", mail.c.created_at, mail.c.id)

# ------------------------------------------------------------------ record
history_event = _t(  # insert-only; hash over the header and the digest of the salted body
    "history_event", _c("instance_id"), _c("seq", sa.Integer), _c("at", UtcDateTime), _c("actor"),
    _c("on_behalf_of", null=True), _c("command"), _c("element", null=True), _c("bundle_id"),
    _c("body_digest"), _c("prev"), _c("hash"), sa.PrimaryKeyConstraint("instance_id", "seq"),
)
sa.Index("ix_history_at", history_event.c.at)
INTERVENTIONS = ("resume", "send_back", "set_due", "set_variable", "skip", "suspend", "terminate")
"""The commands on the record that are interventions; what the system does is in no index of people."""
INTERVENED = history_event.c.command.in_([sa.literal_column(f"'{each}'") for each in INTERVENTIONS])
BY_PEOPLE = history_event.c.actor != sa.literal_column("'system'")
FOR_ANOTHER = history_event.c.on_behalf_of.is_not(None)
for _name, _column, _which in (("intervention", "command", INTERVENED), ("actor", "actor", BY_PEOPLE),
                               ("on_behalf_of", "on_behalf_of", FOR_ANOTHER)):
    sa.Index(f"ix_history_{_name}", history_event.c[_column], history_event.c.instance_id, postgresql_where=_which,
             sqlite_where=_which)
history_body = _t(  # apart, so that personal data can be destroyed and the chain still verifies
    "history_body", _c("instance_id"), _c("seq", sa.Integer), _c("salt", sa.LargeBinary), _c("body", sa.LargeBinary),
    sa.PrimaryKeyConstraint("instance_id", "seq"),
)
activity_instance = _t(  # a projection that can be rebuilt from the bodies
    "activity_instance", _c("id", primary_key=True), _c("instance_id"), _c("token", sa.Integer), _c("scope", sa.Integer),
    _c("process_key"), _c("element"), _c("type"), _c("name"), _c("started_at", UtcDateTime),
    _c("ended_at", UtcDateTime, null=True), _c("end_state", null=True),  # left | cancelled | incident
    _c("flows", null=True),  # JSON list of sequence flow ids taken
    _c("seq", sa.Integer),  # order within the instance
    _c("actor", null=True),
)
sa.Index("ix_activity_instance", activity_instance.c.instance_id, activity_instance.c.seq)
sa.Index("ix_activity_process", activity_instance.c.process_key, activity_instance.c.started_at)
sa.Index("ix_activity_element", activity_instance.c.process_key, activity_instance.c.element, activity_instance.c.instance_id)
record_chain = _t(  # the head of a chain that belongs to no case: what administrators change
    "record_chain", _c("id", primary_key=True), _c("head_seq", sa.Integer), _c("head_hash"),
)

# ------------------------------------------------------------------ audit
access_log = _t(  # insert-only: who looked at what; kind: look | film | document | record | export | dossier
    "access_log", _c("id", primary_key=True), _c("at", UtcDateTime), _c("actor"), _c("kind"), _c("subject"),
    _c("instance_id", null=True), _c("detail"),  # JSON
)
sa.Index("ix_access_log_at", access_log.c.at, access_log.c.id)
sa.Index("ix_access_log_instance", access_log.c.instance_id, access_log.c.at)
sa.Index("ix_access_log_actor", access_log.c.actor, access_log.c.at)
checkpoint = _t(  # insert-only: the signed statement over the heads that changed since the one before
    "checkpoint", _c("seq", sa.Integer, primary_key=True, autoincrement=False), _c("at", UtcDateTime), _c("statement"),
    _c("hash"), _c("signature"), _c("key_id"),  # hex; the first 16 digits of SHA-256 of the public key
)
checkpoint_leaf = _t(  # insert-only: the head of a chain as a checkpoint saw it
    "checkpoint_leaf", _c("checkpoint_seq", sa.Integer, sa.ForeignKey("checkpoint.seq")), _c("position", sa.Integer),
    _c("chain_id"), _c("head_seq", sa.Integer), _c("head_hash"), sa.PrimaryKeyConstraint("checkpoint_seq", "position"),
)
sa.Index("ix_checkpoint_leaf_chain", checkpoint_leaf.c.chain_id, checkpoint_leaf.c.checkpoint_seq)
retention_period = _t(  # how long an owner said to keep a kind of record, null: for ever; without a row the company's own period
    "retention_period", _c("kind", primary_key=True), _c("months", sa.Integer, null=True), _c("reason"), _c("set_by"),
    _c("set_at", UtcDateTime),
)
destruction = _t(  # kind: retention | erasure; status: proposed | confirmed (by one) | decided (by two) | destroyed | rejected
    "destruction", _c("id", primary_key=True), _c("kind"), _c("subject"), _c("reason"), _c("status"),
    _c("proposed_by"), _c("proposed_at", UtcDateTime), _c("first_by", null=True), _c("first_at", UtcDateTime, null=True),
    _c("second_by", null=True), _c("second_at", UtcDateTime, null=True), _c("decision_reason", null=True),
)
sa.Index("ix_destruction_status", destruction.c.status, destruction.c.proposed_at)
destruction_item = _t(  # one record or case of it; the digest of what was destroyed stays
    "destruction_item", _c("destruction_id", sa.Text, sa.ForeignKey("destruction.id")), _c("kind"), _c("ref"), _c("label"),
    _c("instance_id", null=True),  # the case whose record it is
    _c("due_on", sa.Date, null=True), _c("digest", null=True), _c("destroyed_at", UtcDateTime, null=True),
    _c("kept", null=True),  # why it was not destroyed after all: open_case | sample | not_due | gone
    sa.PrimaryKeyConstraint("destruction_id", "kind", "ref"),
)
sa.Index("ix_destruction_item_instance", destruction_item.c.instance_id)
sa.Index("ix_destruction_item_ref", destruction_item.c.kind, destruction_item.c.ref)
tombstone = _t(  # insert-only: the body of this event is gone, by this decision; only then may it go
    "tombstone", _c("instance_id"), _c("seq", sa.Integer), _c("body_digest"), _c("destruction_id", sa.Text,
                                                                                sa.ForeignKey("destruction.id")),
    _c("at", UtcDateTime), sa.PrimaryKeyConstraint("instance_id", "seq"),
)
audit_search = _t(  # a saved search over cases
    "audit_search", _c("id", primary_key=True), _c("owner", sa.Text, sa.ForeignKey("user_account.id")), _c("name"),
    _c("criteria"),  # JSON, see engine/audit/finding.py
    _c("created_at", UtcDateTime), sa.UniqueConstraint("owner", "name"),
)
audit_sample = _t(  # drawn from the cases that fit the criteria by a seed: the same again gives the same
    "audit_sample", _c("id", primary_key=True), _c("title"), _c("criteria"), _c("strata"),  # JSON
    _c("size", sa.Integer), _c("seed"), _c("population", sa.Integer), _c("population_digest"), _c("questions"),  # JSON
    _c("created_by"), _c("created_at", UtcDateTime), _c("closed_by", null=True), _c("closed_at", UtcDateTime, null=True),
)
sa.Index("ix_audit_sample_created", audit_sample.c.created_at, audit_sample.c.id)
audit_sample_item = _t(  # status: open | conforms | finding
    "audit_sample_item", _c("sample_id", sa.Text, sa.ForeignKey("audit_sample.id")), _c("position", sa.Integer),
    _c("instance_id", sa.Text, sa.ForeignKey("process_instance.id")), _c("stratum"), _c("status"), _c("answers"),  # JSON
    _c("note"), _c("revision", sa.Integer), _c("decided_by", null=True), _c("decided_at", UtcDateTime, null=True),
    _c("finding_case", null=True), sa.PrimaryKeyConstraint("sample_id", "position"),
)
sa.Index("ix_audit_sample_item_instance", audit_sample_item.c.instance_id)
idempotency_key = _t(
    "idempotency_key", _c("actor"), _c("key"), _c("digest"), _c("reply"), _c("created_at", UtcDateTime),
    sa.PrimaryKeyConstraint("actor", "key"),
)

# ------------------------------------------------------------------ people
office = _t(
    "office", _c("id", primary_key=True), _c("name"), _c("name_en"), _c("region", null=True),
    _c("is_active", sa.Boolean, default=True, server_default=sa.true()),
)
candidate_group = _t(
    "candidate_group", _c("id", primary_key=True), _c("name"), _c("name_en"), _c("by_office", sa.Boolean),
    _c("leads", sa.Boolean, default=False),  # its members assign work and intervene in cases, in their office or everywhere
    _c("models", sa.Boolean, default=False, server_default=sa.false()),  # its members change definitions, as drafts
    _c("approves", sa.Boolean, default=False, server_default=sa.false()),  # its members decide on the drafts of others
    _c("audits", sa.Boolean, default=False, server_default=sa.false()),  # its members search, replay and prove every case
)
user_account = _t(
    "user_account", _c("id", primary_key=True), _c("name"), _c("name_en"), _c("email"), _c("password_hash"),
    _c("is_admin", sa.Boolean, default=False), _c("sees_all", sa.Boolean, default=False),
    _c("acts_everywhere", sa.Boolean, default=False),  # a technical account: any task, any start, on the record as itself
    _c("language", default="zh"),
    _c("is_active", sa.Boolean, default=True), _c("revision", sa.Integer, default=1),
)
membership = _t(
    "membership", _c("user_id", sa.Text, sa.ForeignKey("user_account.id")),
    _c("group_id", sa.Text, sa.ForeignKey("candidate_group.id")), _c("office"),  # "" for a central group
    sa.PrimaryKeyConstraint("user_id", "group_id", "office"),
)
sa.Index("ix_membership_group", membership.c.group_id, membership.c.office)
substitution = _t(  # `substitute_id` stands in for `user_id` from `from_at` until `until_at`
    "substitution", _c("id", primary_key=True), _c("user_id", sa.Text, sa.ForeignKey("user_account.id")),
    _c("substitute_id", sa.Text, sa.ForeignKey("user_account.id")), _c("from_at", UtcDateTime), _c("until_at", UtcDateTime),
    _c("reason"), _c("created_by"), _c("created_at", UtcDateTime),
    _c("ended_by", null=True), _c("ended_at", UtcDateTime, null=True),
)
sa.Index("ix_substitution_substitute", substitution.c.substitute_id, substitution.c.until_at)
sa.Index("ix_substitution_user", substitution.c.user_id, substitution.c.until_at)
web_session = _t(
    "web_session", _c("token_hash", primary_key=True), _c("user_id", sa.Text, sa.ForeignKey("user_account.id")),
    _c("csrf"), _c("created_at", UtcDateTime), _c("touched_at", UtcDateTime),
)
sign_in_failure = _t(
    "sign_in_failure", _c("subject"), _c("at", UtcDateTime), _c("n", sa.Integer),
    sa.PrimaryKeyConstraint("subject", "at", "n"),
)

# ------------------------------------------------------------------ working time
calendar = _t(
    "calendar", _c("id", primary_key=True), _c("name"), _c("timezone"), _c("hours"),  # JSON, see engine/calendar.py
    _c("revision", sa.Integer),
)
calendar_day = _t(
    "calendar_day", _c("calendar_id", sa.Text, sa.ForeignKey("calendar.id")), _c("day", sa.Date),
    _c("is_working", sa.Boolean), _c("name"), _c("source"),  # holidays | admin
    sa.PrimaryKeyConstraint("calendar_id", "day"),
)
chore = _t(  # what recurs: who does it next takes the row first
    "chore", _c("name", primary_key=True), _c("due_at", UtcDateTime), _c("lease_until", UtcDateTime, null=True),
    _c("state"),  # JSON: how far it came
)
