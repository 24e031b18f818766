"""What auditors are refused: each happens for real, says what to do, and changes nothing."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from engine import instances
from engine.audit import deciding, erasure, sampling, witness
from engine.errors import Conflict
from engine.tables import process_instance, retention_period
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.conftest import Clock
from tests.database.acting import Case, start
from tests.database.destroying import as_
from tests.database.test_web_refusals import told
from tests.web_client import Client, app_of

LEAD, CUSTOMER = "lead.changsha", "五一路储蓄所"
Signed = Callable[[str], Client]


@pytest.fixture
def over(company: ProcessEngine) -> Case:
    """A complaint that was ended."""
    case = start(company, LEAD, "complaint", received_by="phone", customer=CUSTOMER, complaint_text="来晚了")
    as_(company, "admin", instances.terminate, case.id, reason="重复登记")
    return case


@pytest.fixture
def signed(company: ProcessEngine) -> Signed:
    def sign_in(user: str) -> Client:
        client = Client(app_of(company))
        client.sign_in(user)
        return client
    return sign_in


def seen(company: ProcessEngine, destruction_id: str) -> str:
    with company.reading(SYSTEM) as uow:
        return deciding.seen(uow, deciding.get(uow, destruction_id))


def number(company: ProcessEngine, case: Case) -> str:
    with company.reading(SYSTEM) as uow:
        return str(uow.scalar(sa.select(process_instance.c.business_key).where(process_instance.c.id == case.id)))


def test_who_does_not_approve_sets_no_period(signed: Signed, company: ProcessEngine) -> None:
    auditor = signed("auditor")
    auditor.get("/audit/retention")
    kind = next(iter(company.records))
    auditor.post(f"/audit/retention/{kind}/period", {"csrf": token(auditor), "months": "3", "reason": "x"})
    told(auditor, "may_not_set_retention")
    with company.reading(SYSTEM) as uow:
        assert uow.rows(sa.select(retention_period)) == []


def test_who_proposed_does_not_decide(signed: Signed, company: ProcessEngine, over: Case) -> None:
    proposed = as_(company, "auditor", erasure.propose, numbers=[number(company, over)], reason="来信")
    auditor = signed("auditor")
    auditor.get(f"/audit/destructions/{proposed}")
    answer = {"csrf": token(auditor), "seen": seen(company, proposed), "typed": number(company, over), "reason": "x"}
    auditor.post(f"/audit/destructions/{proposed}/confirm", answer)
    told(auditor, "may_not_confirm")


def test_what_somebody_rejected_is_not_decided_again(signed: Signed, company: ProcessEngine, over: Case) -> None:
    proposed = as_(company, "auditor", erasure.propose, numbers=[number(company, over)], reason="来信")
    other = signed("auditor2")
    other.get(f"/audit/destructions/{proposed}")
    as_(company, "admin", deciding.reject, proposed, reason="身份不明")
    answer = {"csrf": token(other), "seen": seen(company, proposed), "typed": number(company, over), "reason": "x"}
    other.post(f"/audit/destructions/{proposed}/confirm", answer)
    told(other, "destruction_status")


def test_a_name_without_cases_erases_nothing(signed: Signed, over: Case) -> None:
    del over
    auditor = signed("auditor")
    auditor.get(f"/audit/erasure?customer={CUSTOMER}")
    auditor.post("/audit/erasure/propose", {"csrf": token(auditor), "customer": "无此顾客", "reason": "来信"})
    told(auditor, "erasure_nothing")


def test_a_name_with_very_many_cases_is_asked_for_in_parts(signed: Signed, company: ProcessEngine, over: Case) -> None:
    with company.transaction(SYSTEM) as uow:
        row = uow.rows(sa.select(process_instance).where(process_instance.c.id == over.id))[0]._asdict()
        copies: list[dict[str, Any]] = [{**row, "id": f"copy{at}", "business_key": f"COPY-{at}"} for at in range(erasure.MOST)]
        uow.execute(sa.insert(process_instance), copies)
    auditor = signed("auditor")
    auditor.get(f"/audit/erasure?customer={CUSTOMER}")
    told(auditor, "erasure_too_many")


def test_a_gap_is_not_answered_for_by_a_clock_that_goes_wrong(company: ProcessEngine, clock: Clock, over: Case) -> None:
    del over
    with company.transaction(SYSTEM) as uow:
        witness.acknowledge(uow, "first")
    clock.move(days=-1)
    with pytest.raises(Conflict, match="clock_behind"), company.transaction(SYSTEM) as uow:
        witness.acknowledge(uow, "second")


@pytest.mark.parametrize(("code", "typed"), [
    ("sample_seed", {"seed": "s" * (sampling.LONGEST_SEED + 1)}),
    ("sample_note_long", {"note": "字" * (sampling.LONGEST_TEXT + 1)})])
def test_what_is_too_long_for_a_sample_is_said(
        signed: Signed, company: ProcessEngine, over: Case, code: str, typed: dict[str, str]) -> None:
    del over
    auditor = signed("auditor")
    auditor.get("/audit/samples/new")
    drawn = {"title": "投诉", "process": "complaint", "standing": "finished", "by": "none", "size": "1", "seed": "s",
             "question_clause": ["5.1.18"], "question_zh": ["记录完整？"], "question_en": [""]}
    where = auditor.send("/audit/samples", **(drawn | (typed if code == "sample_seed" else {}))).location
    if code == "sample_note_long":
        auditor.get(f"{where}/1")
        asked = next(name for name in ("answer:q1", "answer:1") if f'name="{name}"' in auditor.page)
        auditor.send(f"/audit/samples/{where.rsplit('/', 1)[1]}/1", **{asked: "yes"}, **typed)
    told(auditor, code)


def token(client: Client) -> str:
    """The token of the last page's forms."""
    return client.page.split('name="csrf" value="', 1)[1].split('"', 1)[0]
