"""Rows beside the record, from which pages and figures are made, cannot be changed by the database's owner without a word."""

import random
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from engine.audit import retention, verification
from engine.tables import (
    activity_instance,
    bundle,
    comment,
    definition,
    document,
    document_content,
    process_instance,
    resource,
    retention_period,
    task,
)
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests import tampering
from tests.conftest import Clock, open_engine
from tests.database import destroying
from tests.database.acting import Case

EARLY = datetime(2026, 1, 5, 9, tzinfo=UTC)
LATE = (task, task.c.element == "accept_complaint")
FIND = (activity_instance, activity_instance.c.element == "find_cause")
ENDED = (process_instance, process_instance.c.process_key == "complaint")
WORDS, PHOTO = (comment, sa.true()), (document, sa.true())


@pytest.fixture
def case(company: ProcessEngine) -> Case:
    return destroying.complaint(company)


def found(engine: ProcessEngine) -> list[tuple[str, str, bool]]:
    with engine.reading(SYSTEM) as uow:
        return [(each.kind, each.instance_id, each.seq is not None) for each in verification.verify(uow)]


@pytest.mark.parametrize(("kind", "where", "values"), [
    ("task", LATE, {"completed_by": "clerk"}),
    ("task", LATE, {"completed_for": "manager"}),
    ("task", LATE, {"ended_at": EARLY}),
    ("task", LATE, {"state": "cancelled"}),
    ("activity", FIND, {"actor": "clerk"}),
    ("activity", FIND, {"started_at": EARLY}),
    ("activity", FIND, {"end_state": "cancelled"}),
    ("case", ENDED, {"customer": "另一个顾客"}),
    ("case", ENDED, {"status": "terminated"}),
    ("case", ENDED, {"ended_at": EARLY}),
    ("case", ENDED, {"office": "beijing"}),
    ("case", ENDED, {"business_key": "TS-999999"}),
    ("comment", WORDS, {"text": "没有意见"}),
    ("comment", WORDS, {"author": "clerk"}),
    ("document", PHOTO, {"sha256": "0" * 64}),
    ("document", PHOTO, {"removed_by": "clerk"}),
], ids=lambda each: each if isinstance(each, str) else None)
def test_a_changed_row_is_named_with_the_event_that_says_otherwise(
        company: ProcessEngine, case: Case, kind: str, where: Any, values: dict[str, Any]) -> None:
    assert found(company) == []
    with company.transaction(SYSTEM) as uow:
        assert uow.execute(sa.update(where[0]).where(where[0].c[_owner(where[0])] == case.id, where[1]).values(**values)).rowcount
    assert (kind, case.id, True) in found(company)


@pytest.mark.parametrize(("kind", "table"), [("activity", activity_instance), ("comment", comment), ("document", document)])
def test_a_row_that_is_gone_is_named(company: ProcessEngine, case: Case, kind: str, table: sa.Table) -> None:
    with company.transaction(SYSTEM) as uow:
        last = uow.scalar(sa.select(sa.func.max(table.c.id)).where(table.c.instance_id == case.id))
        uow.execute(sa.delete(table).where(table.c.id == last))
    assert (kind, case.id, True) in found(company)


def test_a_comment_that_nobody_wrote_is_named(company: ProcessEngine, case: Case) -> None:
    with company.transaction(SYSTEM) as uow:
        row = uow.rows(sa.select(comment))[0]
        uow.execute(sa.insert(comment).values({**row._asdict(), "id": "forged"}))
    assert found(company) == [("comment", case.id, False)]


def test_a_photo_with_other_bytes_is_named(company: ProcessEngine, case: Case) -> None:
    with company.transaction(SYSTEM) as uow:
        uow.execute(sa.update(document_content).values(bytes=b"another picture"))
    assert found(company) == [("document_bytes", "", False)]


@pytest.mark.parametrize("table", [bundle, definition])
def test_what_cases_ran_on_and_is_gone_is_a_finding_and_stops_nothing(
        company: ProcessEngine, case: Case, clock: Clock, table: sa.Table) -> None:
    del case
    with tampering.as_owner(company.settings.database_url) as connection:
        connection.execute(sa.delete(table))
    again = open_engine(company.settings.database_url, clock)
    assert found(again) == [("definition", "", False)]
    again.close()


def test_a_changed_diagram_is_a_finding_and_stops_nothing(company: ProcessEngine, case: Case, clock: Clock) -> None:
    del case
    with company.transaction(SYSTEM) as uow:
        uow.execute(sa.update(resource).values(bytes=b"<no diagram"))
    again = open_engine(company.settings.database_url, clock)
    assert {kind for kind, _chain, _seq in found(again)} == {"resource"}
    again.close()


def test_a_period_changed_beside_the_record_is_named(company: ProcessEngine) -> None:
    destroying.as_(company, "admin", retention.set_period, "repair_order", 24, reason="两年")
    assert found(company) == []
    with company.transaction(SYSTEM) as uow:
        uow.execute(sa.update(retention_period).values(months=1))
    assert found(company) == [("retention", "organization", True)]


def _owner(table: sa.Table) -> str:
    return "id" if table is process_instance else "instance_id"


@pytest.mark.parametrize("body", [b"{}", b"[]", b"null", b"no JSON", b'{"inputs": [], "trace": [{}]}'])
def test_a_body_that_no_command_wrote_is_named_though_the_chain_was_made_to_fit(
        company: ProcessEngine, case: Case, body: bytes) -> None:
    with tampering.as_owner(company.settings.database_url) as connection:
        forger = tampering.Forger(connection, random.Random(1))
        events = forger.events(case.id)
        at = next(number for number, event in enumerate(events) if event["command"] == "complete")
        events[at]["body"] = body
        forger.put(case.id, events, rehash=True)
    with company.reading(SYSTEM) as uow:
        first = next(verification.verify(uow))
    assert (first.kind, first.instance_id, first.seq) == ("chain", case.id, at + 1)


@pytest.mark.parametrize("kind", tampering.KINDS)
def test_verification_reads_whatever_was_forged_to_its_end(company: ProcessEngine, case: Case, clock: Clock, kind: str) -> None:
    tampering.keep_record(company, clock, stories=2)
    tampering.tamper(company.settings.database_url, kind, random.Random(kind))
    with company.reading(SYSTEM) as uow:
        for finding in verification.verify(uow):
            assert finding.detail
