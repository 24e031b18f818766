"""From draft to effect: nobody decides on their own, what runs is what was approved, and every step is on the record."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa

from engine import bundles, canonical, instances, jobs
from engine.audit import verification
from engine.diagram.check import File
from engine.errors import AlreadyChanged, Conflict, DeploymentRefused, Forbidden, InvalidValue
from engine.modeling import approvals, checks, drafts, library
from engine.tables import (
    candidate_group,
    definition,
    history_body,
    history_event,
    incident,
    job,
    model_file,
    notice,
    process_instance,
)
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.database.behind import behind
from tests.database.test_model_drafts import NAME, SHIPPED, Owners, changed

APPROVER = "management_representative"


@pytest.fixture
def owners(company: ProcessEngine) -> Owners:
    return Owners(company)


def submitted(owners: Owners, mark: str = "一", user: str = "process_owner") -> tuple[str, str]:
    draft = owners.draft(user)
    owners.save(user, draft, changed(mark))
    return draft, owners.do(user, approvals.submit, draft)


def newest(company: ProcessEngine, key: str = "parts_issue") -> Any:
    with company.reading(SYSTEM) as uow:
        return bundles.latest(uow, "process", key)


def state(company: ProcessEngine, draft: str) -> str:
    with company.reading(SYSTEM) as uow:
        return str(drafts.get(uow, draft).status)


def commands(company: ProcessEngine, draft: str) -> list[str]:
    with company.reading(SYSTEM) as uow:
        return [row.command for row in uow.rows(sa.select(history_event.c.command).where(
            history_event.c.element == f"draft:{draft}").order_by(history_event.c.seq))]


def notices_of(company: ProcessEngine, user: str) -> list[str]:
    with company.reading(SYSTEM) as uow:
        return sorted(row.kind for row in uow.rows(sa.select(notice.c.kind).where(notice.c.user_id == user)))


# ------------------------------------------------------------------ who
@pytest.mark.parametrize("user", ["process_owner", "admin"])
def test_nobody_approves_what_they_submitted(owners: Owners, company: ProcessEngine, user: str) -> None:
    draft, digest = submitted(owners, user=user)
    with pytest.raises(Forbidden, match="may_not_approve"):
        owners.do(user, approvals.approve, draft, seen=digest)
    assert state(company, draft) == "submitted"


def test_who_saved_one_file_once_does_not_approve_it_though_an_administrator(owners: Owners) -> None:
    draft = owners.draft()
    owners.save("admin", draft, changed("零"))
    owners.save("process_owner", draft, changed("一"))
    digest = owners.do("process_owner", approvals.submit, draft)
    with pytest.raises(Forbidden, match="may_not_approve"):
        owners.do("admin", approvals.approve, draft, seen=digest)
    assert owners.do(APPROVER, approvals.approve, draft, seen=digest) == "effective"


def test_who_does_not_approve_decides_on_nothing(owners: Owners) -> None:
    draft, digest = submitted(owners)
    for user in ("process_owner2", "clerk", "manager", "api"):
        with pytest.raises(Forbidden):
            owners.do(user, approvals.approve, draft, seen=digest)
        with pytest.raises(Forbidden):
            owners.do(user, approvals.reject, draft, reason="不合适")


# ------------------------------------------------------------------ submit
def test_submission_needs_files_a_reason_and_a_difference(owners: Owners) -> None:
    with pytest.raises(InvalidValue, match="model_empty"):
        owners.do("process_owner", approvals.submit, owners.draft(definitions=[]))
    with pytest.raises(InvalidValue, match="reason_missing"):
        owners.do("process_owner", approvals.submit, owners.draft(reason=" "))
    with pytest.raises(Conflict, match="model_unchanged"):
        owners.do("process_owner", approvals.submit, owners.draft())


def test_draft_with_an_error_is_not_submitted(owners: Owners, company: ProcessEngine) -> None:
    draft = owners.draft()
    owners.save("process_owner", draft, changed("一").replace(b'candidateGroups="parts_keeper"', b'candidateGroups="nobody"'))
    with pytest.raises(DeploymentRefused) as refused:
        owners.do("process_owner", approvals.submit, draft)
    assert "group_unknown" in {each.code for each in refused.value.problems}
    assert state(company, draft) == "draft"


def test_submitted_draft_is_frozen(owners: Owners) -> None:
    draft, _ = submitted(owners)
    with pytest.raises(Conflict, match="model_frozen"):
        owners.save("process_owner", draft, changed("二"))
    with pytest.raises(Conflict, match="model_frozen"):
        owners.do("process_owner", drafts.remove, draft, NAME, revision=2)


def test_approvers_are_told_of_a_submission_and_authors_of_the_decision(owners: Owners, company: ProcessEngine) -> None:
    draft, _ = submitted(owners)
    assert "submitted" in notices_of(company, APPROVER)
    owners.do(APPROVER, approvals.reject, draft, reason="请补充英文名称")
    assert "rejected" in notices_of(company, "process_owner")
    with company.reading(SYSTEM) as uow:
        row = drafts.get(uow, draft)
    assert (row.status, row.decision_reason, row.decided_by) == ("draft", "请补充英文名称", APPROVER)


def test_submission_taken_back_is_a_draft_again(owners: Owners, company: ProcessEngine) -> None:
    draft, digest = submitted(owners)
    owners.do("process_owner2", approvals.take_back, draft, reason="还要改")
    owners.save("process_owner2", draft, changed("三"))
    with pytest.raises(Conflict):
        owners.do(APPROVER, approvals.approve, draft, seen=digest)


# ------------------------------------------------------------------ effect
def test_approved_draft_is_the_version_that_new_cases_start_on(owners: Owners, company: ProcessEngine) -> None:
    draft, digest = submitted(owners)
    owners.do(APPROVER, approvals.approve, draft, seen=digest)
    row = newest(company)
    assert (row.version, row.sha256) == (2, canonical.digest(changed("一")))
    with company.reading(SYSTEM) as uow:
        made = library.versions(uow, "process", "parts_issue")
    assert [(each.row.version, each.draft.id if each.draft else None, each.is_current) for each in made] == [
        (2, draft, True), (1, None, False)]
    assert "effective" in notices_of(company, "process_owner")


def test_every_step_is_on_the_chained_record(owners: Owners, company: ProcessEngine) -> None:
    draft, digest = submitted(owners)
    owners.do(APPROVER, approvals.reject, draft, reason="再看看")
    owners.do("process_owner", approvals.submit, draft)
    owners.do(APPROVER, approvals.approve, draft, seen=digest)
    assert commands(company, draft) == ["create_draft", "submit_draft", "reject_draft", "submit_draft", "approve_draft",
                                        "put_draft_into_effect"]
    with company.reading(SYSTEM) as uow:
        assert list(verification.verify(uow)) == []
        bodies = [canonical.loads(row.body) for row in uow.rows(sa.select(history_body.c.body).join(history_event, sa.and_(
            history_event.c.instance_id == history_body.c.instance_id, history_event.c.seq == history_body.c.seq)).where(
            history_event.c.command == "approve_draft"))]
    assert [body["after"]["digest"] for body in bodies] == [digest]


def test_only_what_was_seen_is_approved(owners: Owners, company: ProcessEngine) -> None:
    draft, digest = submitted(owners)
    owners.do("process_owner", approvals.take_back, draft, reason="漏了一处")
    owners.save("process_owner", draft, changed("二"))
    owners.do("process_owner", approvals.submit, draft)
    with pytest.raises(Conflict, match="model_seen"):
        owners.do(APPROVER, approvals.approve, draft, seen=digest)
    assert newest(company).version == 1


def tamper(company: ProcessEngine, draft: str) -> None:
    """Change the stored bytes below the application, digest of the row and all but the draft's included."""
    data = changed("假")
    with company.transaction(SYSTEM) as uow:
        uow.execute(sa.update(model_file).where(model_file.c.draft_id == draft).values(bytes=data, sha256=canonical.digest(data)))


def test_tampered_file_is_not_approved(owners: Owners, company: ProcessEngine) -> None:
    draft, digest = submitted(owners)
    tamper(company, draft)
    with pytest.raises(Conflict, match="model_digest"):
        owners.do(APPROVER, approvals.approve, draft, seen=digest)
    assert newest(company).version == 1


def test_file_tampered_with_before_its_day_is_an_incident_and_nothing_runs(owners: Owners, company: ProcessEngine, clock: Any,
                                                                           ) -> None:
    draft, digest = submitted(owners)
    owners.do(APPROVER, approvals.approve, draft, seen=digest, effective_from=clock.now + timedelta(days=1))
    tamper(company, draft)
    clock.move(days=1, minutes=1)
    jobs.run_all(company)
    assert (newest(company).version, state(company, draft)) == (1, "approved")
    with company.reading(SYSTEM) as uow:
        row = uow.row(sa.select(incident).where(incident.c.resolved_at.is_(None)))
        assert row is not None
        assert "model_digest" in row.message
        found = approvals.incident_of(uow, drafts.get(uow, draft))
        assert found is not None
        assert found.id == row.id
    assert "effective" in notices_of(company, "admin")
    assert "effective" in notices_of(company, "process_owner")
    owners.do("process_owner", approvals.take_back, draft, reason="文件有误")
    with company.reading(SYSTEM) as uow:
        assert uow.scalar(sa.select(sa.func.count()).select_from(incident).where(incident.c.resolved_at.is_(None))) == 0


def test_draft_approved_for_a_day_takes_effect_on_that_day(owners: Owners, company: ProcessEngine, clock: Any) -> None:
    draft, digest = submitted(owners)
    day = clock.now + timedelta(days=3)
    assert owners.do(APPROVER, approvals.approve, draft, seen=digest, effective_from=day) == "approved"
    clock.move(days=2, hours=23)
    jobs.run_all(company)
    assert newest(company).version == 1
    clock.move(hours=2)
    jobs.run_all(company)
    assert (newest(company).version, state(company, draft)) == (2, "effective")
    jobs.run_all(company)
    assert newest(company).version == 2


def test_what_the_gate_refuses_on_the_day_is_an_incident(owners: Owners, company: ProcessEngine, clock: Any) -> None:
    """A group that the diagram names is gone by then."""
    with company.transaction(SYSTEM) as uow:
        uow.execute(sa.insert(candidate_group).values(id="helpers", name="帮手", name_en="Hands", by_office=False, leads=False))
    draft = owners.draft()
    owners.save("process_owner", draft, changed("一").replace(b'candidateGroups="parts_keeper"', b'candidateGroups="helpers"'))
    digest = owners.do("process_owner", approvals.submit, draft)
    owners.do(APPROVER, approvals.approve, draft, seen=digest, effective_from=clock.now + timedelta(hours=1))
    with company.transaction(SYSTEM) as uow:
        uow.execute(sa.delete(candidate_group).where(candidate_group.c.id == "helpers"))
    clock.move(hours=2)
    jobs.run_all(company)
    with company.reading(SYSTEM) as uow:
        row = approvals.incident_of(uow, drafts.get(uow, draft))
    assert row is not None
    assert "group_unknown" in row.message
    assert newest(company).version == 1


def test_approval_taken_back_before_its_day_never_takes_effect(owners: Owners, company: ProcessEngine, clock: Any) -> None:
    draft, digest = submitted(owners)
    owners.do(APPROVER, approvals.approve, draft, seen=digest, effective_from=clock.now + timedelta(days=1))
    owners.do(APPROVER, approvals.take_back, draft, reason="推迟")
    clock.move(days=2)
    jobs.run_all(company)
    assert (newest(company).version, state(company, draft)) == (1, "draft")
    with company.reading(SYSTEM) as uow:
        assert [row.state for row in uow.rows(sa.select(job.c.state).where(job.c.kind == "effective"))] == ["cancelled"]


def test_version_that_is_not_what_was_approved_is_found_by_verification(owners: Owners, company: ProcessEngine) -> None:
    draft, digest = submitted(owners)
    owners.do(APPROVER, approvals.approve, draft, seen=digest)
    old = newest(company).sha256
    with company.transaction(SYSTEM) as uow:
        first = uow.scalar(sa.select(definition.c.sha256).where(definition.c.key == "parts_issue", definition.c.version == 1))
        uow.execute(sa.update(definition).where(definition.c.sha256 == old).values(sha256=first))
    with company.reading(SYSTEM) as uow:
        assert [(each.kind, draft in each.detail) for each in verification.verify(uow)] == [("approval", True)]


def test_without_a_group_that_approves_administrators_are_told(owners: Owners, company: ProcessEngine) -> None:
    with company.transaction(SYSTEM) as uow:
        uow.execute(sa.update(candidate_group).values(approves=False))
    submitted(owners)
    assert notices_of(company, "admin") == ["submitted"]


def test_day_in_the_past_is_refused(owners: Owners, clock: Any) -> None:
    draft, digest = submitted(owners)
    with pytest.raises(InvalidValue, match="effective_past"):
        owners.do(APPROVER, approvals.approve, draft, seen=digest, effective_from=clock.now - timedelta(minutes=1))


def test_draft_says_when_its_base_is_no_longer_the_newest(owners: Owners, company: ProcessEngine) -> None:
    late = owners.draft("process_owner2")
    draft, digest = submitted(owners)
    owners.do(APPROVER, approvals.approve, draft, seen=digest)
    with company.reading(SYSTEM) as uow:
        found = checks.of_draft(uow, drafts.get(uow, late))
    assert ("base_outdated", NAME) in [(each.code, each.file) for each in found]


def test_draft_says_when_a_file_defines_something_else_than_what_it_began_with(owners: Owners, company: ProcessEngine) -> None:
    draft = owners.draft()
    owners.save("process_owner", draft, SHIPPED.replace(b'"parts_issue"', b'"parts_issued"'))
    with company.reading(SYSTEM) as uow:
        found = checks.of_draft(uow, drafts.get(uow, draft))
        told = [(each.code, each.file) for each in found if each.code in {"key_changed", "base_outdated"}]
    assert told == [("key_changed", NAME)]
    assert "“parts_issue”" in next(each.zh for each in found if each.code == "key_changed")
    owners.save("process_owner", draft, SHIPPED)
    with company.reading(SYSTEM) as uow:
        assert not checks.of_draft(uow, drafts.get(uow, draft))


# ------------------------------------------------------------------ withdraw
def start(company: ProcessEngine) -> Any:
    with company.transaction(SYSTEM) as uow:
        case = instances.start(uow, "customer_feedback", checks_rights=False, office="head")
        return uow.row(sa.select(process_instance).where(process_instance.c.id == case))


def test_withdrawn_version_starts_no_case_and_the_one_before_is_in_effect_again(owners: Owners, company: ProcessEngine) -> None:
    draft, digest = submitted(owners)
    owners.do(APPROVER, approvals.approve, draft, seen=digest)
    second = newest(company)
    owners.do(APPROVER, approvals.withdraw, second.id, reason="办事处反馈有误")
    assert newest(company).version == 1
    assert state(company, draft) == "withdrawn"
    with pytest.raises(Conflict, match="definition_withdrawn"), company.transaction(SYSTEM) as uow:
        instances.start(uow, "parts_issue", version=2, checks_rights=False, office="head")
    with pytest.raises(AlreadyChanged, match="version_withdrawn"):
        owners.do(APPROVER, approvals.withdraw, second.id, reason="再来一次")


def test_number_of_a_withdrawn_version_is_never_given_again(owners: Owners, company: ProcessEngine) -> None:
    draft, digest = submitted(owners)
    owners.do(APPROVER, approvals.approve, draft, seen=digest)
    owners.do(APPROVER, approvals.withdraw, newest(company).id, reason="有误")
    again, digest = submitted(owners, "二")
    owners.do(APPROVER, approvals.approve, again, seen=digest)
    assert newest(company).version == 3


def test_last_version_of_what_others_call_is_not_withdrawn(owners: Owners, company: ProcessEngine) -> None:
    with company.reading(SYSTEM) as uow:
        form = next(row for row in uow.rows(sa.select(definition).where(definition.c.kind == "form"))
                    if approvals._users(uow, row))
    with pytest.raises(Conflict, match="definition_needed"):
        owners.do(APPROVER, approvals.withdraw, form.id, reason="不用了")


def test_last_two_versions_are_not_withdrawn_at_once(owners: Owners, company: ProcessEngine) -> None:
    first = newest(company)
    draft, digest = submitted(owners)
    owners.do(APPROVER, approvals.approve, draft, seen=digest)
    who = owners.do(APPROVER, lambda uow: uow.actor)
    with pytest.raises(Conflict, match="definition_needed"):
        behind(company, who, partial(approvals.withdraw, definition_id=first.id, reason="有误"),
               who, partial(approvals.withdraw, definition_id=newest(company).id, reason="有误"))
    assert newest(company).version == first.version + 1


def test_only_approvers_withdraw_and_say_why(owners: Owners, company: ProcessEngine) -> None:
    with pytest.raises(Forbidden, match="may_not_withdraw"):
        owners.do("process_owner", approvals.withdraw, newest(company).id, reason="有误")
    with pytest.raises(InvalidValue, match="reason_missing"):
        owners.do(APPROVER, approvals.withdraw, newest(company).id, reason=" ")


def test_library_counts_the_open_cases_of_each_version(owners: Owners, company: ProcessEngine) -> None:
    assert start(company) is not None
    with company.reading(SYSTEM) as uow:
        shown = {each.version.row.key: each for each in library.entries(uow) if each.version.row.kind == "process"}
    assert shown["customer_feedback"].open_cases == 1
    assert shown["parts_issue"].open_cases == 0


def test_scenario_is_deployed_with_its_process(owners: Owners, company: ProcessEngine) -> None:
    draft = owners.draft(files=[File("usual.scenario", '{"process": "parts_issue", "name": "平常"}'.encode())])
    digest = owners.do("process_owner", approvals.submit, draft)
    owners.do(APPROVER, approvals.approve, draft, seen=digest)
    with company.reading(SYSTEM) as uow:
        row = bundles.latest(uow, "scenario", "parts_issue/平常")
        assert row is not None
        process = bundles.latest(uow, "process", "parts_issue")
        assert process is not None
        assert row.id in library.parts(uow, process)
