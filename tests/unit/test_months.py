"""Which days a month's batch has, which month a collection is for, and when a survey's report is due (5.1.8, 5.1.17 n4e)."""

from datetime import date, datetime

import pytest

from handlers import feedback, surveys


@pytest.mark.parametrize(("month", "first", "last"), [
    ("2026-03", "2026-02-26", "2026-03-25"), ("2026-01", "2025-12-26", "2026-01-25")])
def test_period_runs_from_the_26th_to_the_25th(month: str, first: str, last: str) -> None:
    assert feedback.period(month) == (date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize(("now", "month"), [("2026-03-25T00:30:00+08:00", "2026-03"), ("2026-03-24T23:30:00+08:00", "2026-02"),
                                            ("2026-01-05T09:00:00+08:00", "2025-12"), ("2026-03-31T09:00:00+08:00", "2026-03")])
def test_collection_by_hand_is_for_the_last_month_that_is_over(now: str, month: str) -> None:
    assert feedback.month_of(None, datetime.fromisoformat(now)) == month


@pytest.mark.parametrize(("closed", "due"), [
    ("2026-03-31T23:59:59+08:00", "2026-04-04"), ("2026-12-01T00:00:00+08:00", "2027-01-04"),
    ("2026-01-31T12:00:00+08:00", "2026-02-04")])
def test_report_is_due_in_the_month_after_the_survey(closed: str, due: str) -> None:
    assert surveys.report_due(datetime.fromisoformat(closed)).isoformat() == f"{due}T23:59:59+08:00"
