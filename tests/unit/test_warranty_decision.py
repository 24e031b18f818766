"""`bpmn/decisions/warranty.dmn`: what is free of charge (5.1.7)."""

from datetime import UTC, datetime

import pytest

from engine import decisions
from engine.settings import ROOT

TODAY = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
FILE = ROOT / "bpmn" / "decisions" / "warranty.dmn"


@pytest.mark.parametrize(("customer_fault", "ends_on", "verdict"), [
    ("no", "2026-03-02", "in_warranty"),  # the last day counts
    ("no", "2026-03-01", "expired"),
    ("no", None, "unknown"),
    ("yes", "2027-01-01", "customer_fault"),
    ("yes", "2020-01-01", "customer_fault"),
    ("yes", None, "customer_fault"),
])
def test_the_verdict(customer_fault: str, ends_on: str | None, verdict: str) -> None:
    (table,) = decisions.parse(FILE.read_bytes(), FILE.name)
    given = {"customer_fault": customer_fault, "warranty_ends_on": ends_on}
    assert decisions.evaluate(table, given, TODAY) == {"warranty_verdict": verdict}


def test_a_day_begins_in_china() -> None:
    (table,) = decisions.parse(FILE.read_bytes(), FILE.name)
    given = {"customer_fault": "no", "warranty_ends_on": "2026-03-02"}
    late = datetime(2026, 3, 2, 16, 0, tzinfo=UTC)  # already the 3rd in China
    assert decisions.evaluate(table, given, late) == {"warranty_verdict": "expired"}
