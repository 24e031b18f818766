"""What a sample takes and says: reproducible by published means, proportional, exact."""

import hashlib
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.audit import estimates, selection

SIZES = st.dictionaries(st.text(min_size=1, max_size=6), st.integers(0, 400), min_size=1, max_size=12)
IDS = st.lists(st.text("0123456789abcdef", min_size=24, max_size=24), unique=True, max_size=60)


def test_order_is_that_of_sha256_over_seed_and_case_id() -> None:
    cases = [f"case{n}" for n in range(20)]
    by_hand = sorted(cases, key=lambda case: hashlib.sha256(b"2026-Q1" + case.encode()).hexdigest())
    assert selection.ordered("2026-Q1", cases) == by_hand
    assert selection.rank("a", "b") == "fb8e20fc2e4c3f248c60c39bd652f3c1347298bb977b8b4d5903b85055620603"  # SHA-256 of "ab"


@given(IDS, st.text(max_size=20), st.integers(0, 80), st.randoms())
def test_the_same_seed_and_cases_give_the_same_sample_in_whatever_order_they_come(
        ids: list[str], seed: str, size: int, dice: random.Random) -> None:
    strata = {"a": ids[::2], "b": ids[1::2]}
    again = {name: dice.sample(strata[name], len(strata[name])) for name in ("b", "a")}
    drawn = selection.select(seed, strata, size)
    assert drawn == selection.select(seed, again, size)
    assert len(drawn) == len({case for _, case in drawn}) == min(size, len(ids))
    assert all(case in strata[stratum] for stratum, case in drawn)
    assert selection.digest(ids) == selection.digest(dice.sample(ids, len(ids)))


@given(SIZES, st.integers(0, 600))
def test_allocation_is_whole_within_each_stratum_and_nobody_is_left_out_where_there_is_enough(
        sizes: dict[str, int], size: int) -> None:
    taken, total = selection.allocate(sizes, size), sum(sizes.values())
    assert set(taken) == set(sizes)
    assert sum(taken.values()) == min(size, total)
    assert all(0 <= taken[each] <= sizes[each] for each in sizes)
    with_cases = [each for each in sizes if sizes[each]]
    if size >= len(with_cases):
        assert all(taken[each] >= 1 for each in with_cases)


@given(SIZES, st.integers(1, 600))
def test_allocation_is_within_one_of_the_exact_share_but_for_the_guaranteed_ones(sizes: dict[str, int], size: int) -> None:
    total = sum(sizes.values())
    size = min(size, total)
    quotas = {each: size * sizes[each] / total if total else 0 for each in sizes}
    if all(quota >= 1 or not sizes[each] for each, quota in quotas.items()):
        taken = selection.allocate(sizes, size)
        assert all(math.floor(quotas[each] + 1e-9) <= taken[each] <= math.ceil(quotas[each] - 1e-9) for each in sizes)


def test_digest_is_sha256_over_the_sorted_ids_a_line_each() -> None:
    assert selection.digest(["b", "a"]) == hashlib.sha256(b"a\nb\n").hexdigest()


@pytest.mark.parametrize(("population", "tolerable", "size"), [
    (100_000, 0.05, 59),  # the 59 of every textbook: 0.95**59 < 0.05
    (100_000, 0.10, 29), (100_000, 0.01, 298), (100, 0.05, 45), (20, 0.05, 19), (0, 0.05, 0)])
def test_size_for_95_percent_confidence_is_that_of_discovery_sampling(population: int, tolerable: float, size: int) -> None:
    assert estimates.sample_size(population, 0.95, tolerable) == size


@pytest.mark.parametrize(("found", "looked_at", "low", "high"), [
    (0, 30, 0.0, 0.1157), (1, 10, 0.0025, 0.4450), (5, 50, 0.0333, 0.2181), (10, 10, 0.6915, 1.0), (0, 0, 0.0, 1.0)])
def test_interval_is_that_of_clopper_and_pearson(found: int, looked_at: int, low: float, high: float) -> None:
    rate = estimates.rate(found, looked_at)
    assert (round(rate.low, 4), round(rate.high, 4)) == (low, high)


@given(st.integers(0, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_interval_holds_the_rate_of_the_sample(counted: tuple[int, int]) -> None:
    rate = estimates.rate(*counted)
    assert 0 <= rate.low <= rate.share <= rate.high <= 1
