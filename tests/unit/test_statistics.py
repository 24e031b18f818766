"""Monthly statistics (5.1.10, 5.1.15 n9): worked example, repeat repairs, and what must hold of every month."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from handlers import statistics
from handlers.statistics import Repair

NOON = datetime(2026, 3, 10, 4, 0, tzinfo=UTC)
WITHIN = timedelta(days=90)


def repair(number="1", *, serial="S1", day=0, hours=2, product="pin_pad", symptom="no_power", parts=(), charged=False):
    arrived = NOON + timedelta(days=day)
    return Repair(number, "changsha", product, symptom, serial, arrived, arrived + timedelta(hours=hours), charged, tuple(parts))


REPAIR = st.builds(
    repair, number=st.text("123456789", min_size=1, max_size=3), serial=st.sampled_from(["", "S1", "S2", "S3"]),
    day=st.integers(0, 200), hours=st.integers(1, 72), product=st.sampled_from(["pin_pad", "terminal"]),
    symptom=st.sampled_from(["no_power", "keyboard"]),
    parts=st.lists(st.tuples(st.sampled_from(["board", "keys"]), st.integers(1, 3)), max_size=3), charged=st.booleans())


def test_worked_example_of_four_orders():
    found = statistics.figures([
        repair("1", parts=[("board", 2), ("keys", 1)]), repair("2", serial="S2", hours=4, charged=True),
        repair("3", serial="S3", product="terminal", symptom="keyboard", parts=[("keys", 1)]), repair("4", day=30, hours=6),
    ], [], WITHIN)
    assert (found["orders"], found["charged"], found["mean_hours_to_repair"]) == (4, 1, 3.5)
    assert found["by_product"] == [{"id": "pin_pad", "count": 3}, {"id": "terminal", "count": 1}]
    assert found["by_symptom"] == [{"id": "no_power", "count": 3}, {"id": "keyboard", "count": 1}]
    assert found["by_part"] == [{"id": "board", "count": 2}, {"id": "keys", "count": 2}]
    assert found["repeats"] == [{"number": "4", "serial": "S1"}]
    assert found["cross"][0] == {"product": "pin_pad", "symptom": "no_power", "part": "", "count": 2}


def test_month_without_orders_has_no_mean():
    found = statistics.figures([], [], WITHIN)
    assert (found["orders"], found["mean_hours_to_repair"], found["by_part"]) == (0, None, [])
    assert "—" in statistics.table(found, {})


def test_repair_of_an_earlier_month_makes_a_repeat_within_the_days_only():
    first = repair("0", day=-80)
    assert statistics.repeated([repair("1")], [first], WITHIN) == [repair("1")]
    assert statistics.repeated([repair("1")], [first], timedelta(days=30)) == []


def test_other_machine_or_unknown_machine_is_no_repeat():
    assert statistics.repeated([repair("1")], [repair("0", serial="S2", day=-1)], WITHIN) == []
    assert statistics.repeated([repair("1", serial="")], [repair("0", serial="", day=-1)], WITHIN) == []


@given(st.lists(REPAIR, max_size=15))
def test_every_order_is_counted_once_in_each_table(repairs):
    found = statistics.figures(repairs, [], WITHIN)
    for table in ("by_product", "by_symptom", "by_office"):
        assert sum(row["count"] for row in found[table]) == found["orders"] == len(repairs)
    assert sum(row["count"] for row in found["by_part"]) == sum(quantity for r in repairs for _, quantity in r.parts)
    assert found["repeat_repairs"] <= len(repairs)


@given(st.lists(REPAIR, min_size=1, max_size=15))
def test_mean_lies_between_the_shortest_and_the_longest(repairs):
    hours = [(r.finished_at - r.arrived_at) / timedelta(hours=1) for r in repairs]
    assert min(hours) <= statistics.mean_hours(repairs) + 1e-9
    assert statistics.mean_hours(repairs) <= max(hours) + 1e-9


@given(st.lists(REPAIR, max_size=15), st.integers(0, 200))
def test_a_longer_memory_never_finds_fewer_repeats(repairs, days):
    short, long = timedelta(days=days), timedelta(days=days + 10)
    assert len(statistics.repeated(repairs, [], short)) <= len(statistics.repeated(repairs, [], long))
