"""From draft to effect: submitted, decided by somebody else, deployed as it was approved, withdrawn. All of it is on the record.

What is submitted is frozen under a digest over all its files. The approver decides on that digest, and what is deployed must
still have it, at once or on the day that was set: then a job does it, and what stands in its way becomes an incident.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from engine import bundles, canonical, deployments, history, identity, ids, job_rows, notices, timer_starts
from engine.diagram.check import File
from engine.errors import AlreadyChanged, Conflict, DeploymentRefused, EngineError, Forbidden, InvalidValue
from engine.modeling import checks, drafts, saves
from engine.tables import candidate_group, definition, incident, job, membership, model_author, model_draft, user_account
from engine.unit_of_work import UnitOfWork

LONGEST_REASON = drafts.LONGEST_REASON
FARTHEST = timedelta(days=3650)
Row = sa.Row[Any]


def digest(files: Sequence[File]) -> str:
    """SHA-256 of the canonical JSON `{file name: SHA-256 of its bytes}`."""
    return canonical.digest(canonical.dumps({file.name: canonical.digest(file.data) for file in files}))


# ------------------------------------------------------------------ submit
def submit(uow: UnitOfWork, draft_id: str) -> str:
    """Freeze a draft and ask for a decision; returns its digest.

    Refused without files, without a reason, with nothing different (`Conflict`, `InvalidValue`), or with an error
    (`DeploymentRefused`).
    """
    row = _for_authors(uow, draft_id, "draft")
    files = drafts.as_files(uow, draft_id)
    if not files:
        raise InvalidValue("model_empty", field="files", value="")
    if not row.reason:
        raise InvalidValue("reason_missing", field="reason", value="")
    if not drafts.changed(uow, row):
        raise Conflict("model_unchanged")
    found = checks.problems(uow, files)
    if checks.has_errors(found):
        raise DeploymentRefused(found)
    sealed = digest(files)
    _set(uow, draft_id, status="submitted", submitted_by=uow.actor.id, submitted_at=uow.now, digest=sealed, decided_by=None,
         decided_at=None, decision_reason=None, effective_from=None)
    uow.add_once(model_author, draft_id=draft_id, user_id=uow.actor.id)
    _record(uow, "submit_draft", row, {"status": "submitted", "digest": sealed, "files": saves.manifest(uow, draft_id),
                                       "authors": drafts.authors(uow, draft_id)}, row.reason)
    for user in approvers(uow, draft_id):
        _tell(uow, row, user, "submitted")
    return sealed


def take_back(uow: UnitOfWork, draft_id: str, *, reason: str) -> None:
    """Make a submitted draft, or an approved one that is not in effect yet, a draft again; who approves may do that too."""
    row = drafts.lock(uow, draft_id)
    if not (identity.may_model(uow.actor) or identity.may_decide(uow.actor)):
        raise Forbidden("may_not_model")
    _must_be(row, "submitted", "approved")
    why = _reason(reason)
    if row.status == "approved":
        _cancel_job(uow, row)
    _set(uow, draft_id, status="draft", digest=None, effective_from=None)
    _record(uow, "take_back_draft", row, {"status": "draft"}, why)
    _tell_authors(uow, row, "rejected", what="taken_back", reason=why)


def discard(uow: UnitOfWork, draft_id: str, *, reason: str = "") -> None:
    """Give a draft up. Its files stay where the record can show them; nobody works on it any more."""
    row = _for_authors(uow, draft_id, "draft")
    _set(uow, draft_id, status="discarded")
    _record(uow, "discard_draft", row, {"status": "discarded"}, reason.strip()[:LONGEST_REASON])


# ------------------------------------------------------------------ decide
def reject(uow: UnitOfWork, draft_id: str, *, reason: str) -> None:
    """Give a submission back to its authors, who learn why."""
    row, why = _to_decide(uow, draft_id), _reason(reason)
    _set(uow, draft_id, status="draft", decided_by=uow.actor.id, decided_at=uow.now, decision_reason=why, digest=None)
    _record(uow, "reject_draft", row, {"status": "draft", "digest": row.digest}, why)
    _tell_authors(uow, row, "rejected", reason=why)


def approve(uow: UnitOfWork, draft_id: str, *, seen: str, effective_from: datetime | None = None, reason: str = "") -> str:
    """Approve what has the digest `seen`; returns the status: `effective` at once, or `approved` until `effective_from`.

    `Forbidden("may_not_approve")` for its authors and submitter, `Conflict` when it is not what was seen or submitted.
    """
    row = _to_decide(uow, draft_id)
    if seen != row.digest:
        raise Conflict("model_seen", id=draft_id)
    _must_fit(uow, row)
    day = _day(uow, effective_from)
    _set(uow, draft_id, status="approved", decided_by=uow.actor.id, decided_at=uow.now, effective_from=day,
         decision_reason=reason.strip()[:LONGEST_REASON])
    _record(uow, "approve_draft", row, {"status": "approved", "digest": row.digest, "effective_from": history.iso(day)},
            reason.strip()[:LONGEST_REASON])
    if day <= uow.now:
        take_effect(uow, draft_id)
        return "effective"
    job_rows.enqueue(uow, "effective", job_id=_job_id(drafts.get(uow, draft_id)), due_at=day, arguments={"draft": draft_id},
                     process_key=row.process_key)
    _tell_authors(uow, row, "approved", at=day)
    return "approved"


def take_effect(uow: UnitOfWork, draft_id: str) -> deployments.Deployed:
    """Deploy an approved draft: the same bytes, through the gate once more. `Conflict` when they are others by now."""
    row = drafts.lock(uow, draft_id)
    _must_be(row, "approved")
    files = _must_fit(uow, row)
    deployed = deployments.deploy(uow, files, name=row.title, source=f"draft:{draft_id}")
    _set(uow, draft_id, status="effective", deployment_id=deployed.id, effective_from=uow.now)
    made = [each.id for each in deployed.definitions if each.deployment_id == deployed.id]
    _record(uow, "put_draft_into_effect", row, {"status": "effective", "digest": row.digest, "definitions": made}, row.reason)
    _tell_authors(uow, row, "effective")
    return deployed


def tell_of_failure(uow: UnitOfWork, draft_id: str) -> None:
    """An approved draft could not be put into effect: its authors, its approver and the administrators should know."""
    row = drafts.get(uow, draft_id)
    for user in sorted({*drafts.authors(uow, draft_id), row.submitted_by, row.decided_by, *_administrators(uow)} - {None}):
        _tell(uow, row, user, "effective", what="failed")


def why(error: EngineError) -> str:
    """What stood in the way of a deployment, for the incident that tells of it."""
    if not isinstance(error, DeploymentRefused):
        return str(error)
    found = [each for each in error.problems if each.severity == "error"]
    return " ".join(f"[{each.code}] {each.zh} {each.en}" for each in found[:5])


def incident_of(uow: UnitOfWork, draft: Row) -> Row | None:
    """The open incident of an approved draft that could not be put into effect, None if there is none."""
    if draft.status != "approved":
        return None
    return uow.row(sa.select(incident).where(incident.c.job_id == _job_id(draft), incident.c.resolved_at.is_(None)))


def approvers(uow: UnitOfWork, draft_id: str) -> list[str]:
    """Who may decide on a draft: the active members of the groups that approve, else administrators, without its authors."""
    rows = uow.rows(sa.select(user_account.c.id).join(membership, membership.c.user_id == user_account.c.id).join(
        candidate_group, sa.and_(candidate_group.c.id == membership.c.group_id, candidate_group.c.approves)).where(
        user_account.c.is_active).distinct().order_by(user_account.c.id))
    authors = drafts.authors(uow, draft_id)
    return [row.id for row in rows if row.id not in authors] or [each for each in _administrators(uow) if each not in authors]


# ------------------------------------------------------------------ withdraw
def withdraw(uow: UnitOfWork, definition_id: str, *, reason: str) -> None:
    """Take a version out of effect: no case starts on it any more, those on it go on; the one before it is in effect again.

    `Conflict("definition_needed")` when none would be left of something that a process in effect uses.
    """
    if not identity.may_decide(uow.actor):
        raise Forbidden("may_not_withdraw")
    why_ = _reason(reason)
    history.lock_changes(uow)  # two who withdraw at once do not take the last two versions
    row = uow.row(sa.select(definition).where(definition.c.id == definition_id).with_for_update())
    row = row or deployments.definition_row(uow, definition_id)
    if row.withdrawn_at is not None:
        raise AlreadyChanged("version_withdrawn", who=row.withdrawn_by, at=row.withdrawn_at, what=definition_id)
    _must_leave_one(uow, row)
    uow.execute(sa.update(definition).where(definition.c.id == definition_id).values(
        withdrawn_at=uow.now, withdrawn_by=uow.actor.id, withdrawn_reason=why_))
    history.record_change(uow, "withdraw_version", subject=f"definition:{definition_id}", reason=why_,
                          before={"withdrawn": False}, after={"withdrawn": True})
    if row.kind == "process":
        _renew_timers(uow, row.key)
    _follow_withdrawal(uow, row.deployment_id)


def _must_leave_one(uow: UnitOfWork, row: Row) -> None:
    others = uow.scalar(sa.select(sa.func.count()).select_from(definition).where(
        definition.c.kind == row.kind, definition.c.key == row.key, definition.c.id != row.id,
        definition.c.withdrawn_at.is_(None)))
    users = [] if others or row.kind == "scenario" else _users(uow, row)
    if users:
        raise Conflict("definition_needed", by=", ".join(users))


def _users(uow: UnitOfWork, row: Row) -> list[str]:
    """The keys of other processes in effect that name this definition."""
    rows = uow.rows(sa.select(definition).where(definition.c.kind == "process", definition.c.withdrawn_at.is_(None)).order_by(
        definition.c.version))
    newest = {each.key: each for each in rows if each.key != row.key or row.kind != "process"}
    return sorted(key for key, each in newest.items()
                  if row.key in bundles.references(bundles.model(uow, each.sha256, each.resource_name).processes[key])[row.kind])


def _renew_timers(uow: UnitOfWork, key: str) -> None:
    newest = bundles.latest(uow, "process", key)
    if newest is None:
        timer_starts.cancel(uow, key)
    else:
        timer_starts.renew(uow, [newest])


def _follow_withdrawal(uow: UnitOfWork, deployment_id: str) -> None:
    """A draft of which nothing is in effect any more is withdrawn itself."""
    left = uow.scalar(sa.select(sa.func.count()).select_from(definition).where(
        definition.c.deployment_id == deployment_id, definition.c.withdrawn_at.is_(None)))
    if not left:
        uow.execute(sa.update(model_draft).where(model_draft.c.deployment_id == deployment_id).values(status="withdrawn"))


# ------------------------------------------------------------------ inside
def _administrators(uow: UnitOfWork) -> list[str]:
    rows = uow.rows(sa.select(user_account.c.id).where(user_account.c.is_admin, user_account.c.is_active))
    return sorted(row.id for row in rows)


def _for_authors(uow: UnitOfWork, draft_id: str, *statuses: str) -> Row:
    if not identity.may_model(uow.actor):
        raise Forbidden("may_not_model")
    row = drafts.lock(uow, draft_id)
    _must_be(row, *statuses)
    return row


def _to_decide(uow: UnitOfWork, draft_id: str) -> Row:
    row = drafts.lock(uow, draft_id)
    if not identity.may_approve(uow, row):
        raise Forbidden("may_not_approve")
    _must_be(row, "submitted")
    return row


def _must_be(row: Row, *statuses: str) -> None:
    if row.status not in statuses:
        raise Conflict("model_status", id=row.id, status=row.status)


def _must_fit(uow: UnitOfWork, row: Row) -> list[File]:
    """The files, which still are what was submitted: counted over the stored bytes, not over what the rows say of them."""
    files = drafts.as_files(uow, row.id)
    if digest(files) != row.digest:
        raise Conflict("model_digest", id=row.id)
    return files


def _day(uow: UnitOfWork, wanted: datetime | None) -> datetime:
    if wanted is None:
        return uow.now
    if wanted <= uow.now:
        raise InvalidValue("effective_past", field="effective_from", value=wanted)
    if wanted > uow.now + FARTHEST:
        raise InvalidValue("due_too_far", field="effective_from", value=wanted)
    return wanted


def _reason(text: str) -> str:
    found = text.strip()
    if not found:
        raise InvalidValue("reason_missing", field="reason", value="")
    return found[:LONGEST_REASON]


def _job_id(row: Row) -> str:
    return f"{row.id}-{ids.first(row.decided_at)}"


def _cancel_job(uow: UnitOfWork, row: Row) -> None:
    uow.execute(sa.update(job).where(job.c.id == _job_id(row), job.c.state.in_(("open", "failed"))).values(
        state="cancelled", ended_at=uow.now))
    job_rows.resolve_incidents(uow, job_rows.resolved(incident.c.job_id == sa.bindparam("of_job")), [{"of_job": _job_id(row)}])


def _set(uow: UnitOfWork, draft_id: str, **values: Any) -> None:
    uow.execute(sa.update(model_draft).where(model_draft.c.id == draft_id).values(values))


def _record(uow: UnitOfWork, command: str, row: Row, after: dict[str, Any], reason: str) -> None:
    history.record_change(uow, command, subject=f"draft:{row.id}", before={"status": row.status}, reason=reason,
                          after={"title": row.title, **after})


def _tell(uow: UnitOfWork, row: Row, user: str, kind: str, **arguments: Any) -> None:
    notices.tell(uow, user, kind, subject=f"draft:{row.id}:{ids.first(uow.now)}", draft=row.id, title=row.title, **arguments)


def _tell_authors(uow: UnitOfWork, row: Row, kind: str, **arguments: Any) -> None:
    for user in sorted({*drafts.authors(uow, row.id), *filter(None, [row.submitted_by])}):
        _tell(uow, row, user, kind, **arguments)
