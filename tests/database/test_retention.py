"""Clause 6: a record is kept for its period, then proposed, decided by two people and destroyed; none by default."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa

from engine import canonical, chores, destruction, jobs
from engine.audit import deciding, retention, verification
from engine.errors import Conflict, Forbidden, InvalidValue, NotFound
from engine.tables import audit_sample, audit_sample_item, history_body, history_event, notice, tombstone, variable
from engine.unit_of_work import SYSTEM, ProcessEngine, UnitOfWork
from handlers import tables
from handlers.retention import RECORD_KINDS
from tests.conftest import Clock
from tests.database import acting
from tests.database.destroying import (
    ADDRESS,
    CONTACT,
    CUSTOMER,
    PHONE,
    as_,
    complaint,
    decided,
    headers,
    holding,
    items,
    repair,
    survey,
)

YEAR_LATER = datetime(2027, 3, 3, 1, tzinfo=UTC)
"""The records of Monday, 2 March 2026, are kept through 2 March 2027."""


def over(engine: ProcessEngine) -> list[tuple[str, date, str | None]]:
    with engine.reading(SYSTEM) as uow:
        today = destruction.today(uow)
        return [(each.kind.id, each.due_on, each.held) for each in retention.due(uow) if each.due_on <= today]


def proposals(engine: ProcessEngine) -> list[tuple[str, str, str]]:
    with engine.reading(SYSTEM) as uow:
        return sorted((row.subject, row.status, row.proposed_by) for row in deciding.listing(uow, "proposed", "confirmed"))


# ------------------------------------------------------------------ periods
def test_the_source_gives_three_periods_and_all_others_are_kept(company: ProcessEngine) -> None:
    with company.reading(SYSTEM) as uow:
        known = {each.kind.id: each.months for each in retention.periods(uow)}
    assert {kind: months for kind, months in known.items() if months} == {
        "statistics": 24, "survey_form": 12, "satisfaction_report": 12}
    assert len(known) == 12


@pytest.mark.parametrize(("since", "months", "first_day_after"), [
    (date(2026, 3, 2), 12, date(2027, 3, 3)),
    (date(2026, 1, 31), 1, date(2026, 3, 1)),  # through 28 February
    (date(2024, 2, 29), 12, date(2025, 3, 1)),
    (date(2023, 12, 31), 24, date(2026, 1, 1)),
])
def test_a_period_is_of_calendar_months_and_its_last_day_counts(since: date, months: int, first_day_after: date) -> None:
    assert destruction.due_on(since, months) == first_day_after


def test_a_record_is_due_the_day_after_its_period_in_china(company: ProcessEngine, clock: Clock) -> None:
    survey(company)
    clock.set(datetime(2027, 3, 2, 15, 59, tzinfo=UTC))
    assert over(company) == []
    clock.set(datetime(2027, 3, 2, 16, 0, tzinfo=UTC))  # midnight in Shanghai
    assert [kind for kind, *_ in over(company)] == ["satisfaction_report", "survey_form"]


def test_what_will_fall_due_is_told_ninety_days_before(company: ProcessEngine, clock: Clock) -> None:
    survey(company)
    with company.reading(SYSTEM) as uow:
        assert retention.due(uow) == []
    clock.set(datetime(2026, 12, 10, tzinfo=UTC))
    with company.reading(SYSTEM) as uow:
        assert {each.due_on for each in retention.due(uow)} == {date(2027, 3, 3)}


def test_nothing_is_destroyed_by_default(company: ProcessEngine, clock: Clock) -> None:
    complaint(company)
    repair(company)
    clock.set(datetime(2076, 3, 2, tzinfo=UTC))
    assert over(company) == []
    as_(company, "auditor", retention.propose_due)
    assert proposals(company) == []
    with pytest.raises(Conflict) as refused:
        as_(company, "auditor", retention.propose, "complaint", reason="旧了")
    assert refused.value.code == "nothing_due"


def test_owners_set_a_period_and_take_it_back_on_the_record(company: ProcessEngine, clock: Clock) -> None:
    complaint(company)
    clock.set(YEAR_LATER)
    as_(company, "management_representative", retention.set_period, "complaint", 12, reason="管理评审决定")
    assert over(company) == [("complaint", date(2027, 3, 3), None)]
    as_(company, "admin", retention.set_period, "complaint", None, reason="长期保存")
    assert over(company) == []
    with company.reading(SYSTEM) as uow:
        told = [canonical.loads(bytes(row.body)) for row in uow.rows(sa.select(history_body.c.body).join(history_event, sa.and_(
            history_event.c.instance_id == history_body.c.instance_id, history_event.c.seq == history_body.c.seq)).where(
            history_event.c.command == "set_retention").order_by(history_event.c.seq))]
    assert [(each["before"]["months"], each["after"]["months"], each["reason"]) for each in told] == [
        (None, 12, "管理评审决定"), (12, None, "长期保存")]


def test_only_owners_set_periods_and_only_such_as_can_be(company: ProcessEngine) -> None:
    for user in ("auditor", "lead.changsha", "clerk"):
        with pytest.raises(Forbidden):
            as_(company, user, retention.set_period, "complaint", 12, reason="x")
    for months in (0, -1, 1_201):
        with pytest.raises(InvalidValue):
            as_(company, "admin", retention.set_period, "complaint", months, reason="x")
    with pytest.raises(InvalidValue):
        as_(company, "admin", retention.set_period, "complaint", 12, reason=" ")
    with pytest.raises(NotFound):
        as_(company, "admin", retention.set_period, "nothing", 12, reason="x")


# ------------------------------------------------------------------ proposals
def test_what_fell_due_is_proposed_once_by_itself(company: ProcessEngine, clock: Clock) -> None:
    survey(company)
    chores.run_due(company)
    assert proposals(company) == []
    clock.set(YEAR_LATER)
    assert "retention" in chores.run_due(company)
    wanted = [("satisfaction_report", "proposed", "system"), ("survey_form", "proposed", "system")]
    assert proposals(company) == wanted
    assert {held for *_, held in over(company)} == {"pending"}
    clock.move(days=1)
    chores.run_due(company)
    assert proposals(company) == wanted


def test_what_people_rejected_only_people_propose_again(company: ProcessEngine, clock: Clock) -> None:
    survey(company)
    clock.set(YEAR_LATER)
    chores.run_due(company)
    with company.reading(SYSTEM) as uow:
        made = [row.id for row in deciding.listing(uow, "proposed")]
    for destruction_id in made:
        as_(company, "auditor", deciding.reject, destruction_id, reason="等内审结束")
    clock.move(days=1)
    chores.run_due(company)
    assert proposals(company) == []
    as_(company, "auditor", retention.propose, "survey_form", reason="内审已结束")
    assert proposals(company) == [("survey_form", "proposed", "auditor")]


def test_a_record_of_an_open_case_is_never_due(company: ProcessEngine, clock: Clock) -> None:
    case = acting.start(company, "lead.changsha", "complaint", received_by="phone", customer=CUSTOMER, complaint_text="慢")
    case.do("lead.changsha", "judge_complaint", is_complaint="yes")
    case.do("lead.changsha", "accept_complaint", severity="ordinary", severity_reason="无")
    as_(company, "admin", retention.set_period, "complaint", 1, reason="试")
    clock.set(YEAR_LATER)
    assert [held for *_, held in over(company)] == ["open_case"]
    with pytest.raises(Conflict):
        as_(company, "auditor", retention.propose, "complaint", reason="x")


def test_a_record_of_an_open_audit_sample_is_never_due(company: ProcessEngine, clock: Clock) -> None:
    case = survey(company)
    with company.transaction(SYSTEM) as uow:
        uow.execute(sa.insert(audit_sample).values(
            id="s", title="抽样", criteria="{}", strata="[]", size=1, seed="1", population=1, population_digest="",
            questions="[]", created_by="auditor", created_at=clock()))
        uow.execute(sa.insert(audit_sample_item).values(
            sample_id="s", position=1, instance_id=case.id, stratum="", status="open", answers="{}", note="", revision=1))
    clock.set(YEAR_LATER)
    assert {held for *_, held in over(company)} == {"sample"}
    as_(company, "auditor", retention.propose_due)
    assert proposals(company) == []
    with company.transaction(SYSTEM) as uow:
        uow.execute(sa.update(audit_sample).values(closed_at=clock(), closed_by="auditor"))
    as_(company, "auditor", retention.propose_due)
    assert len(proposals(company)) == 2


# ------------------------------------------------------------------ destroyed
def test_what_two_decided_is_destroyed_and_its_digest_stays(company: ProcessEngine, clock: Clock) -> None:
    case = survey(company)
    with company.reading(SYSTEM) as uow:
        was = canonical.digest(canonical.dumps(RECORD_KINDS["survey_form"].read(uow, case.id)))
    clock.set(YEAR_LATER)
    destruction_id = as_(company, "auditor", retention.propose, "survey_form", reason="保存期已满")
    assert decided(company, destruction_id) == "destroyed"
    (item,) = items(company, destruction_id)
    assert (item.ref, item.due_on, item.digest) == (case.id, date(2027, 3, 3), was)
    with company.reading(SYSTEM) as uow:
        assert uow.rows(sa.select(tables.survey_form)) == []
        assert len(uow.rows(sa.select(tables.satisfaction_report))) == 1
        assert list(verification.verify(uow)) == []


def test_what_a_case_holds_goes_with_the_last_of_its_records(company: ProcessEngine, clock: Clock) -> None:
    case = survey(company)
    before = headers(company, case)
    clock.set(YEAR_LATER)
    decided(company, as_(company, "auditor", retention.propose, "survey_form", reason="保存期已满"))
    with company.reading(SYSTEM) as uow:
        assert uow.rows(sa.select(tombstone)) == []
    decided(company, as_(company, "auditor", retention.propose, "satisfaction_report", reason="保存期已满"))
    with company.reading(SYSTEM) as uow:
        assert len(uow.rows(sa.select(tombstone))) == len(before)
        assert uow.rows(sa.select(variable).where(variable.c.instance_id == case.id)) == []
        assert list(verification.verify(uow)) == []
        assert set(destruction.of_records(uow, case.id)) == {"survey_form", "satisfaction_report"}
    assert headers(company, case) == before
    assert holding(company, CUSTOMER, CONTACT, PHONE, ADDRESS) == []


def test_a_failure_in_the_middle_leaves_all_whole_and_the_next_try_goes_on(company: ProcessEngine, clock: Clock) -> None:
    survey(company)
    clock.set(YEAR_LATER)
    destruction_id = as_(company, "auditor", retention.propose, "survey_form", reason="保存期已满")
    whole = company.records["survey_form"]

    def half(uow: UnitOfWork, ref: str) -> None:
        whole.destroy(uow, ref)
        raise OSError("the disk is full")
    company.records["survey_form"] = replace(whole, destroy=half)
    assert decided(company, destruction_id) == "decided"
    with company.reading(SYSTEM) as uow:
        assert len(uow.rows(sa.select(tables.survey_form))) == 1
        assert list(verification.verify(uow)) == []
    assert [(item.destroyed_at, item.kept) for item in items(company, destruction_id)] == [(None, None)]
    company.records["survey_form"] = whole
    clock.move(minutes=1)
    jobs.run_all(company)
    assert [item.destroyed_at for item in items(company, destruction_id)] == [clock()]


def test_a_period_made_longer_after_the_proposal_keeps_the_record(company: ProcessEngine, clock: Clock) -> None:
    survey(company)
    clock.set(YEAR_LATER)
    destruction_id = as_(company, "auditor", retention.propose, "survey_form", reason="保存期已满")
    as_(company, "admin", retention.set_period, "survey_form", 36, reason="诉讼")
    decided(company, destruction_id, "auditor2", "management_representative")
    assert [(item.kept, item.digest) for item in items(company, destruction_id)] == [("not_due", None)]
    with company.reading(SYSTEM) as uow:
        assert len(uow.rows(sa.select(tables.survey_form))) == 1


def test_the_system_proposes_and_still_two_people_decide(company: ProcessEngine, clock: Clock) -> None:
    survey(company)
    clock.set(YEAR_LATER)
    chores.run_due(company)
    with company.reading(SYSTEM) as uow:
        (row,) = [each for each in deciding.listing(uow, "proposed") if each.subject == "survey_form"]
        digest = deciding.seen(uow, row)
    sure = {"seen_digest": digest, "reason": "已到期"}
    assert as_(company, "admin", deciding.confirm, row.id, **sure) == "confirmed"
    with pytest.raises(Forbidden):
        as_(company, "admin", deciding.confirm, row.id, **sure)
    jobs.run_all(company)
    with company.reading(SYSTEM) as uow:
        assert len(uow.rows(sa.select(tables.survey_form))) == 1
    assert as_(company, "quality", deciding.confirm, row.id, **sure) == "decided"
    jobs.run_all(company)
    with company.reading(SYSTEM) as uow:
        assert uow.rows(sa.select(tables.survey_form)) == []


def test_who_may_decide_next_is_told_that_a_decision_waits(company: ProcessEngine, clock: Clock) -> None:
    survey(company)
    clock.set(YEAR_LATER)
    destruction_id = as_(company, "auditor", retention.propose, "survey_form", reason="保存期已满")
    assert waits(company) == {"admin", "auditor2", "management_representative", "quality"}
    with company.reading(SYSTEM) as uow:
        digest = deciding.seen(uow, deciding.get(uow, destruction_id))
    as_(company, "auditor2", deciding.confirm, destruction_id, seen_digest=digest, reason="已到期")
    assert waits(company) == {"admin", "management_representative", "quality"}
    as_(company, "admin", deciding.confirm, destruction_id, seen_digest=digest, reason="已到期")
    assert waits(company) == set()


def waits(company: ProcessEngine) -> set[str]:
    """Who has an unseen notice that a decision waits."""
    with company.reading(SYSTEM) as uow:
        return {row.user_id for row in uow.rows(sa.select(notice).where(
            notice.c.kind == "destruction", notice.c.seen_at.is_(None)))}


def test_a_missing_event_of_a_destroyed_record_is_reported(company: ProcessEngine, clock: Clock) -> None:
    survey(company)
    clock.set(YEAR_LATER)
    destruction_id = as_(company, "auditor", retention.propose, "survey_form", reason="保存期已满")
    with company.transaction(SYSTEM) as uow:
        uow.execute(sa.text("UPDATE destruction_item SET destroyed_at = '2027-03-03 00:00:00', digest = 'x'"))
    with company.reading(SYSTEM) as uow:
        found = list(verification.verify(uow))
    assert [(each.kind, destruction_id in each.detail) for each in found] == [("destruction", True)]


@pytest.mark.parametrize("kind", RECORD_KINDS)
def test_every_kind_is_found_read_erased_and_destroyed(company: ProcessEngine, kind: str) -> None:
    survey(company)
    complaint(company)
    case, what = repair(company), RECORD_KINDS[kind]
    with company.transaction(SYSTEM) as uow:
        for table, values in beside(case.id, company.now()).items():
            uow.execute(sa.insert(table).values(values))
        uow.execute(sa.insert(tables.warranty_record).values(
            serial="CT2026777", starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31), recorded_by="x", recorded_at=uow.now))
        found = what.before(uow, date(2099, 1, 1))
        assert found
        for record in found:
            assert what.find(uow, record.ref) == record
            assert any(what.read(uow, record.ref).values())
            assert record.case_id is None or record in what.of_case(uow, record.case_id)
            what.erase(uow, record.ref)
            assert not any(word in str(what.read(uow, record.ref)) for word in (CUSTOMER, CONTACT, PHONE, ADDRESS))
            what.destroy(uow, record.ref)
            assert what.find(uow, record.ref) is None
            assert not any(what.read(uow, record.ref).values())


def beside(case_id: str, at: datetime) -> dict[sa.Table, dict[str, object]]:
    """A row of each kind that the played cases leave none of."""
    of = {"case_id": case_id}
    return {
        tables.monthly_statistics: {**of, "month": "2026-02", "number": "TJ-2026-02", "figures": "{}", "drafted_at": at},
        tables.requisition: {**of, "number": "L1", "office": "changsha", "requested_at": at, "note": CONTACT},
        tables.requisition_line: {"number": "L1", "line": 1, "part_id": "fuse", "quantity": 1},
        tables.defective_return: {**of, "received_on": at.date(), "note": CONTACT},
        tables.price_list: {"id": "P", "name": "P", "valid_from": at.date()},
        tables.quote: {**of, "revision": 1, "list_id": "P", "total_cents": 1, "state": "confirmed", "quoted_at": at,
                       "reason": CONTACT},
        tables.quote_line: {**of, "revision": 1, "line": 1, "price_id": "x", "kind": "part", "quantity": 1, "amount_cents": 1},
        tables.price_confirmation: {**of, "revision": 1, "total_cents": 1, "pay_by": at.date(), "confirmed_by": CONTACT,
                                    "received_at": at},
        tables.payment: {**of, "number": 1, "amount_cents": 1, "method": "cash", "paid_on": at.date(), "recorded_at": at},
        tables.invoice: {**of, "number": "F1", "title": CUSTOMER, "amount_cents": 1, "issued_at": at},
        tables.opinion: {**of, "number": "Y1", "office": "changsha", "customer": CUSTOMER, "opinion": CONTACT,
                         "problem_level": "none", "measure": "x", "record": CONTACT, "filed_at": at},
        tables.product_return: {**of, "number": "T1", "office": "changsha", "customer": CUSTOMER, "phone": PHONE,
                                "reason": CONTACT, "condition": "a", "registered_at": at},
    }
