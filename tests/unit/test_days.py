"""Days as the company counts them, and the values that a case gives an operation."""

from datetime import UTC, date, datetime

import pytest

from engine.errors import PermanentFailure
from handlers import given
from handlers.days import add_months, batch_of, day_of, end_of


@pytest.mark.parametrize(("day", "months", "later"), [
    (date(2026, 1, 31), 1, date(2026, 2, 28)), (date(2024, 1, 31), 1, date(2024, 2, 29)),
    (date(2026, 11, 15), 3, date(2027, 2, 15)),
    (date(2026, 3, 2), -3, date(2025, 12, 2)), (date(2026, 12, 1), 0, date(2026, 12, 1)),
    (date(2026, 1, 5), -1, date(2025, 12, 5)),
])
def test_months_later_is_the_same_day_or_the_months_last(day: date, months: int, later: date) -> None:
    assert add_months(day, months) == later


@pytest.mark.parametrize(("day", "batch"), [
    (date(2026, 3, 25), "2026-03"), (date(2026, 3, 26), "2026-04"), (date(2026, 12, 31), "2027-01"),
    (date(2026, 1, 31), "2026-02"),
])
def test_the_batch_runs_from_the_26th_to_the_25th(day: date, batch: str) -> None:
    assert batch_of(day) == batch


def test_a_day_is_a_day_in_china() -> None:
    assert day_of(datetime(2026, 3, 1, 16, 0, tzinfo=UTC)) == date(2026, 3, 2)
    assert end_of(date(2026, 3, 2)) == datetime(2026, 3, 2, 16, 0, tzinfo=UTC)


def test_values_are_typed() -> None:
    values = {"a": " 长沙 ", "n": 3.0, "d": "2026-03-01T23:30+00:00", "m": "2026-03-02T09:00", "r": [{"part": "x"}], "none": None}
    assert given.text(values, "a") == "长沙"
    assert given.text(values, "none") is None
    assert given.whole(values, "n") == 3
    assert given.day(values, "d") == date(2026, 3, 2)
    assert given.moment(values, "m") == datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
    assert given.rows(values, "r") == [{"part": "x"}]
    assert given.rows(values, "missing") == []


@pytest.mark.parametrize(("read", "value"), [
    (given.whole, "two"), (given.whole, 1.5), (given.whole, True), (given.day, "02.03.2026"), (given.moment, "noon"),
    (given.rows, "x"), (given.rows, ["x"]),
])
def test_a_value_of_the_wrong_type_names_its_variable(read: object, value: object) -> None:
    with pytest.raises(PermanentFailure, match="field = "):
        read({"field": value}, "field")  # type: ignore[operator]
