"""A customer is forgotten on request: nothing of the person is left anywhere, the record still verifies."""

import hashlib
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine import canonical, destruction, documents, filters, jobs, uploads
from engine.audit import deciding, erasure, recomputation, searches, verification
from engine.audit.criteria import Criteria
from engine.errors import AlreadyChanged, Conflict, Forbidden, InvalidValue
from engine.tables import (
    audit_sample,
    audit_sample_item,
    audit_search,
    document,
    document_content,
    history_body,
    history_event,
    process_instance,
    record_chain,
    saved_filter,
    substitution,
    tombstone,
)
from engine.tables import destruction as decision
from engine.unit_of_work import SYSTEM, ProcessEngine
from engine.worklist import Criteria as Worklist
from handlers import tables
from handlers.retention import RECORD_KINDS
from tests.conftest import Clock
from tests.database import acting
from tests.database.behind import behind
from tests.database.destroying import (
    ADDRESS,
    CONTACT,
    CUSTOMER,
    LEAD,
    PHONE,
    REPORT,
    as_,
    complaint,
    decided,
    headers,
    holding,
    items,
    photo,
    repair,
)

PERSONAL = (CUSTOMER, CONTACT, PHONE, ADDRESS)


def asked(company: ProcessEngine, who: str = "auditor", **about: object) -> str:
    return str(as_(company, who, erasure.propose, reason="顾客来信要求", **about))


def findings(company: ProcessEngine) -> list[tuple[str, str]]:
    with company.reading(SYSTEM) as uow:
        return [(each.kind, each.detail) for each in verification.verify(uow)]


def seen(company: ProcessEngine, destruction_id: str) -> str:
    with company.reading(SYSTEM) as uow:
        return deciding.seen(uow, deciding.get(uow, destruction_id))


def bodies(company: ProcessEngine, case: acting.Case) -> list[tuple[int, bytes, bytes]]:
    with company.reading(SYSTEM) as uow:
        return [(row.seq, bytes(row.salt), bytes(row.body)) for row in uow.rows(
            sa.select(history_body).where(history_body.c.instance_id == case.id).order_by(history_body.c.seq))]


# ------------------------------------------------------------------ asking
def test_two_who_ask_at_once_do_not_propose_the_same(company: ProcessEngine) -> None:
    complaint(company)
    who = as_(company, "auditor", lambda uow: uow.actor), as_(company, "auditor2", lambda uow: uow.actor)
    ask = partial(erasure.propose, customer=CUSTOMER, reason="顾客来信要求")
    with pytest.raises(Conflict, match="erasure_held"):
        behind(company, who[0], ask, who[1], ask)


def test_who_decides_does_not_name_the_customer_of_a_case_that_was_asked_for_by_number(company: ProcessEngine) -> None:
    destruction_id = asked(company, numbers=[number(company, complaint(company))])
    for verb, more in ((deciding.confirm, {"seen_digest": seen(company, destruction_id)}), (deciding.reject, {})):
        with pytest.raises(InvalidValue, match="erasure_names_customer"):
            as_(company, "auditor2", verb, destruction_id, reason=f"{CUSTOMER}的信是真的", **more)


def test_more_numbers_than_one_request_may_have_are_refused_and_none_is_left_out(company: ProcessEngine) -> None:
    with pytest.raises(InvalidValue, match="erasure_numbers"):
        asked(company, numbers=[f"BX-{each:06}" for each in range(erasure.MOST + 1)])


def test_photo_that_another_case_gets_just_now_stays(company: ProcessEngine) -> None:
    gone, other = complaint(company), acting.start(company, LEAD, "in_warranty", **REPORT)
    destruction_id, who = asked(company, numbers=[number(company, gone)]), as_(company, LEAD, lambda uow: uow.actor)
    for user in ("auditor2", "admin"):
        as_(company, user, deciding.confirm, destruction_id, seen_digest=seen(company, destruction_id), reason="按规定")
    behind(company, who, lambda uow: documents.add(uow, other.id, photo("同一张.jpg")),
           SYSTEM, lambda uow: destruction._destroy_next(uow, destruction_id))
    with company.reading(SYSTEM) as uow:
        kept, = documents.listing(uow, other.id)
        assert documents.content(uow, kept.id).data == photo().data
    assert findings(company) == []


# ------------------------------------------------------------------ what goes and what stays
def test_nothing_of_the_person_is_left_in_any_table(company: ProcessEngine) -> None:
    cases = [complaint(company), repair(company)]
    assert len(holding(company, *PERSONAL)) > 20
    before = [headers(company, case) for case in cases]
    assert decided(company, asked(company, customer=CUSTOMER)) == "destroyed"
    assert holding(company, *PERSONAL) == []
    assert [headers(company, case) for case in cases] == before
    assert findings(company) == []


def test_searches_that_people_keep_by_the_customers_name_go_and_others_stay(company: ProcessEngine) -> None:
    complaint(company)
    as_(company, "lead.changsha", filters.save, "投诉", view="office", criteria=Worklist(search=CUSTOMER))
    as_(company, "lead.changsha", filters.save, CUSTOMER, view="office", criteria=Worklist())
    as_(company, "lead.changsha", filters.save, "全部", view="office", criteria=Worklist())
    as_(company, "auditor", searches.save, "一位顾客", Criteria(customer=CUSTOMER))
    as_(company, "auditor", searches.save, "投诉", Criteria(process="complaint"))
    decided(company, asked(company, customer=CUSTOMER))
    with company.reading(SYSTEM) as uow:
        assert [row.name for row in uow.rows(sa.select(saved_filter))] == ["全部"]
        assert [row.name for row in uow.rows(sa.select(audit_search))] == ["投诉"]
    assert holding(company, CUSTOMER) == []


def test_figures_stay_without_the_person(company: ProcessEngine) -> None:
    repair(company)
    decided(company, asked(company, customer=CUSTOMER))
    with company.reading(SYSTEM) as uow:
        (order,) = uow.rows(sa.select(tables.repair_order))
        (machine,) = uow.rows(sa.select(tables.machine).where(tables.machine.c.serial == "CT2026777"))
        (case,) = uow.rows(sa.select(process_instance))
    assert (order.product_id, order.symptom_id, order.satisfaction, order.is_fixed, order.serial) == (
        "terminal_text", "no_display", "satisfied", True, "CT2026777")
    assert (machine.product_id, machine.customer, machine.phone) == ("terminal_text", "", None)
    assert (case.customer, case.serial, case.product) == (None, "CT2026777", "terminal_text")


def test_digests_are_those_of_what_was_there(company: ProcessEngine) -> None:
    case = complaint(company)
    was = {seq: hashlib.sha256(salt + body).hexdigest() for seq, salt, body in bodies(company, case)}
    with company.reading(SYSTEM) as uow:
        record = canonical.digest(canonical.dumps(RECORD_KINDS["complaint"].read(uow, case.id)))
    destruction_id = asked(company, numbers=[number(company, case)])
    decided(company, destruction_id)
    with company.reading(SYSTEM) as uow:
        stones = {row.seq: row.body_digest for row in uow.rows(sa.select(tombstone))}
        event = uow.row(sa.select(history_body.c.body).join(history_event, sa.and_(
            history_event.c.instance_id == history_body.c.instance_id, history_event.c.seq == history_body.c.seq)).where(
            history_event.c.command == "destroy"))
    assert stones == was
    told = canonical.loads(bytes(event.body))["after"]
    (item,) = items(company, destruction_id)
    assert told["records"] == {f"complaint:{case.id}": record}
    assert told["bodies_digest"] == canonical.digest(canonical.dumps([[seq, digest] for seq, digest in sorted(was.items())]))
    assert item.digest == told["digest"] == canonical.digest(canonical.dumps(
        {name: told[name] for name in ("bodies", "bodies_digest", "documents", "records")}))
    assert told["deciders"] == ["auditor2", "admin"]


def number(company: ProcessEngine, case: acting.Case) -> str:
    with company.reading(SYSTEM) as uow:
        return str(uow.scalar(sa.select(process_instance.c.business_key).where(process_instance.c.id == case.id)))


def test_the_decision_itself_names_nobody(company: ProcessEngine) -> None:
    complaint(company)
    with pytest.raises(InvalidValue) as refused:
        as_(company, "auditor", erasure.propose, customer=CUSTOMER, reason=f"{CUSTOMER}来信")
    assert refused.value.code == "erasure_names_customer"
    destruction_id = asked(company, customer=CUSTOMER)
    with company.reading(SYSTEM) as uow:
        digest = deciding.seen(uow, deciding.get(uow, destruction_id))
    with pytest.raises(InvalidValue) as refused:
        as_(company, "admin", deciding.confirm, destruction_id, seen_digest=digest, reason=f"同意删除{CUSTOMER}")
    assert refused.value.code == "erasure_names_customer"
    as_(company, "admin", deciding.reject, destruction_id, reason="先核实身份")
    with company.reading(SYSTEM) as uow:
        assert deciding.get(uow, destruction_id).subject == ""


def test_a_photo_that_another_case_has_too_keeps_its_bytes(company: ProcessEngine) -> None:
    case, other = complaint(company), repair(company)
    own = photo("x.jpg")
    as_(company, LEAD, documents.add, other.id, own)
    decided(company, asked(company, numbers=[number(company, case)]))
    with company.reading(SYSTEM) as uow:
        assert uow.scalar(sa.select(sa.func.count()).select_from(document_content)) == 1
    decided(company, asked(company, numbers=[number(company, other)]))
    with company.reading(SYSTEM) as uow:
        assert uow.rows(sa.select(document_content)) == []
        assert {(row.name, row.sha256, row.removed_reason) for row in uow.rows(sa.select(document))} == {
            ("", own.sha256, "按规定")}


def test_the_same_photo_can_be_added_again_elsewhere(company: ProcessEngine) -> None:
    case = complaint(company)
    decided(company, asked(company, numbers=[number(company, case)]))
    other = acting.start(company, LEAD, "complaint", received_by="phone", customer="另一家", complaint_text="慢")
    added: uploads.Upload = photo("y.jpg")
    document_id = as_(company, LEAD, documents.add, other.id, added)
    with company.reading(SYSTEM) as uow:
        assert documents.content(uow, document_id).data == added.data


def test_what_was_deleted_is_overwritten_in_the_file(company: ProcessEngine) -> None:
    if not company.is_sqlite:
        pytest.skip("PostgreSQL's vacuum gives the space back in its time")
    complaint(company)
    path = Path(company.database.url.database or "")
    decided(company, asked(company, customer=CUSTOMER))
    company.close()
    stored = b"".join(each.read_bytes() for each in (path, path.with_name(f"{path.name}-wal")) if each.exists())
    assert [text for text in PERSONAL if text.encode() in stored] == []


# ------------------------------------------------------------------ who, and when not
def test_two_people_decide_and_neither_is_the_proposer(company: ProcessEngine) -> None:
    case = complaint(company)
    destruction_id = asked(company, "admin", customer=CUSTOMER)
    with company.reading(SYSTEM) as uow:
        digest = deciding.seen(uow, deciding.get(uow, destruction_id))
    sure = {"seen_digest": digest, "reason": "按规定"}
    for user in ("admin", LEAD, "process_owner"):
        with pytest.raises(Forbidden):
            as_(company, user, deciding.confirm, destruction_id, **sure)
    assert as_(company, "auditor", deciding.confirm, destruction_id, **sure) == "confirmed"
    with pytest.raises(Forbidden):
        as_(company, "auditor", deciding.confirm, destruction_id, **sure)
    jobs.run_all(company)
    assert len(bodies(company, case)) > 5
    assert as_(company, "management_representative", deciding.confirm, destruction_id, **sure) == "decided"
    jobs.run_all(company)
    assert bodies(company, case) == []


def test_who_stands_in_for_somebody_decides_only_as_themselves(company: ProcessEngine) -> None:
    complaint(company)
    destruction_id = asked(company, customer=CUSTOMER)
    with company.reading(SYSTEM) as uow:
        digest = deciding.seen(uow, deciding.get(uow, destruction_id))
    now = company.now()
    with company.transaction(SYSTEM) as uow:
        uow.execute(sa.insert(substitution).values(
            id="s", user_id="auditor2", substitute_id=LEAD, from_at=now, until_at=now + timedelta(days=3), reason="出差",
            created_by="admin", created_at=now))
    with pytest.raises(Forbidden):
        as_(company, LEAD, deciding.confirm, destruction_id, seen_digest=digest, reason="代")


def test_an_open_case_stops_the_request_and_is_named(company: ProcessEngine) -> None:
    complaint(company)
    still = acting.start(company, LEAD, "complaint", received_by="phone", customer=CUSTOMER, complaint_text="慢")
    found = as_(company, "auditor", erasure.find, customer=CUSTOMER)
    assert (found.number, found.held, found.is_possible) == (2, {still.id: "open_case"}, False)
    with pytest.raises(Conflict) as refused:
        asked(company, customer=CUSTOMER)
    assert refused.value.facts["cases"] == number(company, still)


def test_a_case_of_an_open_audit_sample_stays(company: ProcessEngine, clock: Clock) -> None:
    case = complaint(company)
    destruction_id = asked(company, customer=CUSTOMER)
    with company.transaction(SYSTEM) as uow:
        uow.execute(sa.insert(audit_sample).values(
            id="s", title="抽样", criteria="{}", strata="[]", size=1, seed="1", population=1, population_digest="",
            questions="[]", created_by="auditor", created_at=clock()))
        uow.execute(sa.insert(audit_sample_item).values(
            sample_id="s", position=1, instance_id=case.id, stratum="", status="open", answers="{}", note="", revision=1))
    decided(company, destruction_id)
    assert [(item.kept, item.destroyed_at) for item in items(company, destruction_id)] == [("sample", None)]
    assert len(bodies(company, case)) > 5


def test_what_was_not_seen_is_not_confirmed(company: ProcessEngine) -> None:
    complaint(company)
    destruction_id = asked(company, customer=CUSTOMER)
    with pytest.raises(AlreadyChanged) as refused:
        as_(company, "admin", deciding.confirm, destruction_id, seen_digest="0" * 64, reason="按规定")
    assert refused.value.code == "destruction_seen"


def test_other_cases_that_mention_the_customer_are_named(company: ProcessEngine) -> None:
    complaint(company)
    other = acting.start(company, LEAD, "complaint", received_by="phone", customer="另一家", complaint_text=f"比{CUSTOMER}慢")
    found = as_(company, "auditor", erasure.find, customer=CUSTOMER)
    assert [row.id for row in found.others] == [other.id]


# ------------------------------------------------------------------ proof
def test_an_erased_case_says_why_it_cannot_be_recomputed(company: ProcessEngine) -> None:
    case = complaint(company)
    destruction_id = asked(company, customer=CUSTOMER)
    decided(company, destruction_id)
    with company.reading(SYSTEM) as uow:
        moments = list(recomputation.recompute(uow, case.id))
        told = destruction.of_case(uow, case.id)
    assert [(each.seq, each.error, each.is_same) for each in moments] == [(1, recomputation.GONE, False)]
    assert told is not None
    assert (told.id, told.deciders) == (destruction_id, ("auditor2", "admin"))


def test_a_body_without_tombstone_cannot_be_deleted(company: ProcessEngine) -> None:
    case = complaint(company)
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), company.transaction(SYSTEM) as uow:
        uow.execute(sa.delete(history_body).where(history_body.c.instance_id == case.id))


def test_a_tombstone_without_decision_is_reported(company: ProcessEngine, clock: Clock) -> None:
    case = complaint(company)
    with company.transaction(SYSTEM) as uow:
        forged(uow, case, clock, status="proposed", first_by=None, second_by=None)
    assert findings(company) == [("tombstone", "its tombstone names no decision")]


def test_a_decision_that_two_people_did_not_make_is_reported(company: ProcessEngine, clock: Clock) -> None:
    case = complaint(company)
    with company.transaction(SYSTEM) as uow:
        forged(uow, case, clock, status="destroyed", first_by="admin", second_by="admin")
    assert findings(company) == [("tombstone", "its tombstone names a decision that two people did not make")]


def test_a_decision_that_the_record_of_changes_does_not_know_is_reported(company: ProcessEngine, clock: Clock) -> None:
    case = complaint(company)
    with company.transaction(SYSTEM) as uow:
        forged(uow, case, clock, status="destroyed", first_by="admin", second_by="auditor")
    assert findings(company) == [("tombstone", "the record of changes does not say that its body was destroyed")]


def forged(uow, case: acting.Case, clock: Clock, **decided_by: object) -> None:  # type: ignore[no-untyped-def]
    """Somebody with the database in hand makes a body go."""
    uow.execute(sa.insert(decision).values(id="d", kind="erasure", subject="", reason="x", proposed_by="clerk",
                                           proposed_at=clock(), **decided_by))
    event = uow.row(sa.select(history_event).where(history_event.c.instance_id == case.id, history_event.c.seq == 2))
    uow.execute(sa.insert(tombstone).values(instance_id=case.id, seq=2, body_digest=event.body_digest, destruction_id="d",
                                            at=clock()))
    uow.execute(sa.delete(history_body).where(history_body.c.instance_id == case.id, history_body.c.seq == 2))


def test_every_verb_stands_on_the_record_of_changes(company: ProcessEngine) -> None:
    complaint(company)
    decided(company, asked(company, customer=CUSTOMER))
    with company.reading(SYSTEM) as uow:
        told = [(row.command, row.actor) for row in uow.rows(sa.select(history_event).where(
            history_event.c.instance_id == "organization", history_event.c.element.like("destruction:%")).order_by(
            history_event.c.seq))]
        chain = uow.row(sa.select(record_chain))
    assert told == [("propose_destruction", "auditor"), ("confirm_destruction", "auditor2"), ("confirm_destruction", "admin"),
                    ("destroy", "system")]
    assert chain.head_seq >= len(told)
