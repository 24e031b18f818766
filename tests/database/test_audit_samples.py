"""Audit samples: drawn again the same, checked by one at a time, and a finding starts one case of corrective action."""

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa

from engine import canonical, comments, identity, instances, jobs
from engine.audit import population, samples, sampling, selection, verification
from engine.errors import AlreadyChanged, Conflict, Forbidden, InvalidValue
from engine.tables import audit_sample, audit_sample_item, history_event, job, process_instance
from engine.unit_of_work import SYSTEM, ProcessEngine
from handlers import audit_samples
from handlers.tables import corrective_action
from tests.conftest import Clock
from tests.database.acting import Case, cases_of, row, start

LEAD = "lead.changsha"
REPORT = {"report_source": "customer", "customer": "五一路储蓄所", "contact": "设备科", "phone": "0731-5550101",
          "region": "same_city", "serial_number": "CT-1", "product": "terminal_text", "reported_fault": "黑屏"}
COMPLAINT = {"received_by": "phone", "customer": "五一路储蓄所", "complaint_text": "来晚了"}
QUESTIONS = [{"id": "signed", "clause": "5.1.9", "zh": "顾客签字?", "en": "Signed?"},
             {"id": "in_time", "clause": "5.1.6", "zh": "准时?", "en": "In time?"}]
GOOD, BAD = {"signed": "yes", "in_time": "not_applicable"}, {"signed": "no", "in_time": "yes"}


def as_user(company: ProcessEngine, user: str, verb: Any, *arguments: Any, **named: Any) -> Any:
    with company.reading(SYSTEM) as uow:
        actor = identity.actor(uow, user)
    with company.transaction(actor) as uow:
        return verb(uow, *arguments, **named)


def finished(company: ProcessEngine, user: str, process: str, **values: Any) -> Case:
    case = start(company, user, process, **values)
    as_user(company, "admin", instances.terminate, case.id, reason="重复登记")
    return case


@pytest.fixture
def year(company: ProcessEngine) -> ProcessEngine:
    """Nine finished cases in two offices and two processes, and an open one."""
    for office, n in (("changsha", 5), ("guangzhou", 2)):
        for _ in range(n):
            finished(company, f"lead.{office}", "in_warranty", **REPORT)
    for _ in range(2):
        finished(company, LEAD, "complaint", **COMPLAINT)
    start(company, LEAD, "complaint", **COMPLAINT)
    return company


def drawn(company: ProcessEngine, *, by: str = "none", size: int = 4, seed: str = "2026", **asked: str) -> str:
    criteria = population.criteria(cut_off=company.now(), **asked)
    return str(as_user(company, "auditor", sampling.draw, title="抽查", criteria=criteria, by=by, size=size, questions=QUESTIONS,
                       seed=seed))


def items(company: ProcessEngine, sample: str) -> list[Any]:
    with company.reading(SYSTEM) as uow:
        return samples.items(uow, sample)


def decided(company: ProcessEngine, sample: str, position: int, answers: Mapping[str, str], user: str = "auditor",
            **named: Any) -> str:
    told = {"note": "见维修单" if "no" in answers.values() else "", "revision": 1} | named
    return str(as_user(company, user, audit_samples.decide, sample, position, answers=answers, **told))


# ------------------------------------------------------------------ drawing
def test_same_seed_and_population_give_the_same_sample_and_another_seed_another(year: ProcessEngine) -> None:
    def taken(seed: str) -> list[str]:
        return [each.instance_id for each in items(year, drawn(year, seed=seed))]
    assert taken("2026") == taken("2026")
    assert len({tuple(sorted(taken(str(seed)))) for seed in range(8)}) > 1


def test_sample_is_what_published_means_give(year: ProcessEngine) -> None:
    with year.reading(SYSTEM) as uow:
        everything = [each.id for each in uow.rows(sa.select(process_instance.c.id).where(
            process_instance.c.ended_at.is_not(None)).order_by(process_instance.c.id.desc()))]
    drawn_id = drawn(year)
    with year.reading(SYSTEM) as uow:
        kept = sampling.get(uow, drawn_id)
    assert [each.instance_id for each in items(year, drawn_id)] == selection.ordered("2026", everything)[:4]
    assert (kept.population, kept.population_digest) == (9, selection.digest(everything))


def test_each_stratum_is_represented_and_the_strata_sum_up(year: ProcessEngine) -> None:
    sample = drawn(year, by="office", size=4)
    with year.reading(SYSTEM) as uow:
        strata = canonical.loads(sampling.get(uow, sample).strata)
    assert strata == {"by": "office", "population": {"changsha": 7, "guangzhou": 2}, "sample": {"changsha": 3, "guangzhou": 1}}
    assert [each.stratum for each in items(year, sample)] == ["changsha"] * 3 + ["guangzhou"]
    assert {each.stratum: each.process_key for each in items(year, drawn(year, by="process"))} == {
        "complaint": "complaint", "in_warranty": "in_warranty"}
    assert {each.stratum for each in items(year, drawn(year, by="month"))} == {"2026-03"}


@pytest.mark.parametrize(("asked", "count"), [
    ({"process": "complaint"}, 2), ({"office": "guangzhou"}, 2), ({"standing": "all"}, 10), ({"standing": "terminated"}, 9),
    ({"since": "2026-03-02", "until": "2026-03-02"}, 9)])
def test_population_is_what_the_criteria_say(year: ProcessEngine, asked: dict[str, str], count: int) -> None:
    with year.reading(SYSTEM) as uow:
        assert samples.preview(uow, population.criteria(cut_off=uow.now, **asked), "none", 3).population == count


def test_period_without_cases_makes_no_sample(year: ProcessEngine) -> None:
    with pytest.raises(Conflict, match="sample_no_cases"):
        drawn(year, until="2026-03-01")
    with pytest.raises(InvalidValue, match="sample_period"):
        drawn(year, since="2026-03-02", until="2026-03-01")
    with pytest.raises(InvalidValue, match="sample_criteria"):
        drawn(year, since="2026-02-30")


def test_cases_that_come_later_do_not_change_a_sample(year: ProcessEngine, clock: Clock) -> None:
    sample = drawn(year)
    clock.move(hours=1)
    finished(year, LEAD, "in_warranty", **REPORT)
    with year.reading(SYSTEM) as uow:
        assert samples.redraw(uow, sampling.get(uow, sample)).is_same


def test_population_that_changed_behind_the_cut_off_is_told(year: ProcessEngine, clock: Clock) -> None:
    sample = drawn(year, size=9)
    clock.move(hours=-1)  # a case that is said to have ended before the sample was drawn, but was not there
    late = finished(year, LEAD, "in_warranty", **REPORT)
    with year.reading(SYSTEM) as uow:
        again = samples.redraw(uow, sampling.get(uow, sample))
    assert (again.is_same, again.is_same_population, again.population) == (False, False, 10)
    assert len(again.lost) == len(again.gained)
    assert set(again.gained) <= {late.id}


def test_only_auditors_draw_and_decide(year: ProcessEngine) -> None:
    sample = drawn(year)
    for user in (LEAD, "manager"):
        with pytest.raises(Forbidden, match="may_not_audit"):
            as_user(year, user, sampling.close, sample)
        with pytest.raises(Forbidden, match="may_not_audit"):
            decided(year, sample, 1, GOOD, user)
    assert decided(year, sample, 1, GOOD, "quality") == "conforms"


# ------------------------------------------------------------------ deciding
def test_second_of_two_auditors_is_told_who_was_quicker(year: ProcessEngine) -> None:
    sample = drawn(year)
    decided(year, sample, 1, GOOD)
    with pytest.raises(AlreadyChanged, match="sample_item_changed") as refused:
        decided(year, sample, 1, BAD, "auditor2")
    assert refused.value.facts["who"] == "auditor"
    assert decided(year, sample, 1, GOOD, "auditor2", revision=2) == "conforms"
    assert cases_of(year, "corrective_action") == []


def test_of_auditors_who_decide_at_the_same_moment_one_wins_and_one_case_is_started(year: ProcessEngine) -> None:
    sample, gate = drawn(year), threading.Barrier(4)

    def press(user: str) -> str:
        gate.wait(10)
        try:
            return decided(year, sample, 1, BAD, user)
        except AlreadyChanged as refused:
            return str(refused.facts["who"])

    users = ["auditor", "auditor2", "quality", "admin"]
    with ThreadPoolExecutor(len(users)) as crowd:
        said = list(crowd.map(press, users))
    winner = users[said.index("finding")]
    assert sorted(said) == sorted(["finding", *[winner] * 3])
    jobs.run_all(year)
    assert len(cases_of(year, "corrective_action")) == 1


def test_question_without_an_answer_and_finding_without_words_are_refused(year: ProcessEngine) -> None:
    sample = drawn(year)
    with pytest.raises(InvalidValue, match="sample_answers"):
        decided(year, sample, 1, {"signed": "yes"})
    with pytest.raises(InvalidValue, match="sample_note"):
        decided(year, sample, 1, BAD, note=" ")
    assert {each.status for each in items(year, sample)} == {"open"}


def test_finding_starts_one_case_that_knows_the_audited_one_and_is_known_to_the_item(year: ProcessEngine) -> None:
    sample = drawn(year)
    assert decided(year, sample, 2, BAD, seriousness="serious") == "finding"
    with pytest.raises(AlreadyChanged, match="sample_item_finding"):
        decided(year, sample, 2, BAD, "auditor2", revision=2)
    assert items(year, sample)[1].follow_key is None
    jobs.run_all(year)
    case, = cases_of(year, "corrective_action")
    audited = items(year, sample)[1]
    assert (audited.finding_case, audited.follow_key, audited.follow_status) == (case.id, "JZ-000001", "active")
    filed = row(year, corrective_action, case.id)
    assert (filed.audited_case, filed.clause, filed.seriousness, filed.found_by, filed.office) == (
        audited.business_key, "5.1.9", "serious", "auditor", audited.office)
    assert filed.finding == "5.1.9 顾客签字? 否\n见维修单"
    with year.reading(SYSTEM) as uow:
        assert uow.scalar(sa.select(process_instance.c.came_from).where(process_instance.c.id == case.id)) == audited.instance_id
    assert case.offered == ["judge_finding"]


def test_worker_that_loses_its_lease_starts_no_second_case(year: ProcessEngine, clock: Clock) -> None:
    sample = drawn(year)
    decided(year, sample, 1, BAD)
    with year.reading(SYSTEM) as uow:
        claimed = uow.rows(sa.select(job).where(job.c.kind == "start", job.c.state == "open"))[0]
    clock.move(minutes=6)
    jobs.run_all(year)
    jobs.run_claimed(year, claimed)  # the first worker comes back with what it had claimed
    jobs.run_all(year)
    assert len(cases_of(year, "corrective_action")) == 1
    assert items(year, sample)[0].follow_key == "JZ-000001"


def test_two_findings_at_one_case_in_two_samples_start_two_cases_each_known_to_its_own(year: ProcessEngine) -> None:
    one, other = drawn(year, seed="a"), drawn(year, seed="a")
    decided(year, one, 1, BAD)
    decided(year, other, 1, BAD)
    jobs.run_all(year)
    assert items(year, one)[0].instance_id == items(year, other)[0].instance_id
    assert {items(year, one)[0].follow_key, items(year, other)[0].follow_key} == {"JZ-000001", "JZ-000002"}


def test_case_that_only_says_it_came_from_a_sample_is_not_linked(year: ProcessEngine) -> None:
    sample = drawn(year)
    decided(year, sample, 1, BAD)
    stranger = cases_of(year, "complaint")[0].id
    with year.transaction(SYSTEM) as uow:
        assert not sampling.link_finding(uow, stranger, {"audit_sample": sample, "audit_position": 1})
    assert items(year, sample)[0].finding_case is None


# ------------------------------------------------------------------ taken back
def test_finding_by_mistake_is_withdrawn_with_a_reason_and_both_stay_on_the_record(year: ProcessEngine) -> None:
    sample = drawn(year, size=2)
    decided(year, sample, 1, BAD, note="没有签字")
    jobs.run_all(year)
    started, = cases_of(year, "corrective_action")
    as_user(year, "auditor2", audit_samples.withdraw, sample, 1, reason="签字在背面", revision=2)
    back = items(year, sample)[0]
    assert (back.status, back.answers, back.note, back.finding_case, back.revision) == ("open", "{}", "", None, 3)
    with year.reading(SYSTEM) as uow:
        kept, = samples.withdrawn(uow, sample)
        written, = comments.listing(uow, started.id)
        assert list(verification.verify(uow)) == []
    assert (kept.position, kept.found_by, kept.note, kept.by, kept.reason, kept.follow_key) == (
        1, "auditor", "没有签字", "auditor2", "签字在背面", "JZ-000001")
    assert (written.author, "签字在背面" in written.parts[0][1]) == ("auditor2", True)
    assert started.offered == ["judge_finding"]
    assert decided(year, sample, 1, GOOD, revision=3) == "conforms"


def test_withdrawn_finding_found_again_starts_a_case_of_its_own(year: ProcessEngine) -> None:
    sample = drawn(year, size=2)
    decided(year, sample, 1, BAD)
    jobs.run_all(year)
    as_user(year, "auditor", audit_samples.withdraw, sample, 1, reason="看错了", revision=2)
    decided(year, sample, 1, BAD, revision=3)
    jobs.run_all(year)
    assert items(year, sample)[0].follow_key == "JZ-000002"


@pytest.mark.parametrize(("user", "named", "problem"), [
    ("auditor", {"reason": " ", "revision": 2}, "reason_missing"),
    ("auditor", {"reason": "错", "revision": 1}, "sample_item_changed"),
    ("lead.changsha", {"reason": "错", "revision": 2}, "may_not_audit")])
def test_finding_stays_where_it_cannot_be_withdrawn(
        year: ProcessEngine, user: str, named: dict[str, Any], problem: str) -> None:
    sample = drawn(year, size=2)
    decided(year, sample, 1, BAD)
    with pytest.raises(Conflict, match="sample_finding_starting"):
        as_user(year, "auditor", audit_samples.withdraw, sample, 1, reason="错", revision=2)
    jobs.run_all(year)
    with pytest.raises((AlreadyChanged, Forbidden, InvalidValue), match=problem):
        as_user(year, user, audit_samples.withdraw, sample, 1, **named)
    assert items(year, sample)[0].status == "finding"
    with pytest.raises(Conflict, match="sample_no_finding"):
        as_user(year, "auditor", audit_samples.withdraw, sample, 2, reason="错", revision=1)


def test_a_judgement_changed_beside_the_record_is_named(year: ProcessEngine) -> None:
    sample = drawn(year, size=2)
    decided(year, sample, 1, BAD)
    with year.transaction(SYSTEM) as uow:
        uow.execute(sa.update(audit_sample_item).where(audit_sample_item.c.status == "finding").values(status="conforms"))
    with year.reading(SYSTEM) as uow:
        found = list(verification.verify(uow))
    assert [(each.kind, each.instance_id, each.seq is not None) for each in found] == [("sample", sample, True)]


@pytest.mark.parametrize(("table", "values"), [
    (audit_sample, {"seed": "other"}), (audit_sample, {"population": 900}),
    (audit_sample_item, {"instance_id": sa.select(sa.func.max(process_instance.c.id)).scalar_subquery()})])
def test_a_sample_changed_beside_the_record_is_named(year: ProcessEngine, table: sa.Table, values: dict[str, Any]) -> None:
    sample = drawn(year, size=1)
    with year.transaction(SYSTEM) as uow:
        uow.execute(sa.update(table).values(**values))
    with year.reading(SYSTEM) as uow:
        found = list(verification.verify(uow))
    assert [(each.kind, each.instance_id, each.seq is not None) for each in found] == [("sample", sample, True)]


def test_a_sample_that_is_gone_is_named(year: ProcessEngine) -> None:
    sample = drawn(year, size=1)
    with year.transaction(SYSTEM) as uow:
        uow.execute(sa.delete(audit_sample_item))
        uow.execute(sa.delete(audit_sample))
    with year.reading(SYSTEM) as uow:
        assert [(each.kind, each.instance_id) for each in verification.verify(uow)] == [("sample", sample)]


# ------------------------------------------------------------------ closing
def test_sample_closes_when_all_is_decided_and_stands_from_then_on(year: ProcessEngine) -> None:
    sample = drawn(year, size=2)
    decided(year, sample, 1, GOOD)
    with pytest.raises(Conflict, match="sample_open_items") as refused:
        as_user(year, "auditor", sampling.close, sample)
    assert refused.value.facts["open"] == 1
    decided(year, sample, 2, BAD)
    as_user(year, "auditor", sampling.close, sample)
    for verb, arguments in ((sampling.close, ()), (audit_samples.decide, (1,))):
        named = {"answers": GOOD, "note": "", "revision": 2} if arguments else {}
        with pytest.raises(AlreadyChanged, match="sample_closed"):
            as_user(year, "auditor2", verb, sample, *arguments, **named)
    with year.reading(SYSTEM) as uow:
        assert sampling.counts(uow, sample) == {"open": 0, "conforms": 1, "finding": 1}


def test_every_verb_is_an_event_of_the_organizations_chain(year: ProcessEngine) -> None:
    sample = drawn(year, size=1)
    decided(year, sample, 1, GOOD)
    as_user(year, "auditor", sampling.close, sample)
    with year.reading(SYSTEM) as uow:
        said = uow.rows(sa.select(history_event.c.command, history_event.c.actor).where(
            history_event.c.element == f"sample:{sample}").order_by(history_event.c.seq))
        assert list(verification.verify(uow)) == []
    assert [tuple(each) for each in said] == [
        (verb, "auditor") for verb in ("draw_sample", "decide_sample_item", "close_sample")]


def test_list_tells_how_far_each_sample_is(year: ProcessEngine, clock: Clock) -> None:
    first = drawn(year, size=2)
    decided(year, first, 1, BAD)
    clock.move(minutes=1)
    second = drawn(year, size=3)
    with year.reading(SYSTEM) as uow:
        rows, following = samples.listing(uow, limit=1)
        older, end = samples.listing(uow, before=following or "", limit=1)
    told = [(each.id, each.items, each.decided, each.findings) for each in (*rows, *older)]
    assert told == [(second, 3, 0, 0), (first, 2, 1, 1)]
    assert (following, end) == (second, None)
