"""Which cases a sample takes, so that anybody can draw it again with a hash function and pencil. Pure.

Within a stratum the cases stand in the order of SHA-256(seed ‖ case id), both UTF-8, the digest in hexadecimal
(`printf '%s%s' SEED CASE | sha256sum`); the first n are taken. How many each stratum gives is proportional to its size, by
the largest remainder (Hamilton), and at least one where the sample is large enough.
"""

import hashlib
from collections.abc import Iterable, Mapping
from fractions import Fraction


def rank(seed: str, case_id: str) -> str:
    """Where a case stands in the order of `seed`: 64 hexadecimal digits."""
    return hashlib.sha256(f"{seed}{case_id}".encode()).hexdigest()


def ordered(seed: str, case_ids: Iterable[str]) -> list[str]:
    """The cases in the order of `seed`, whatever order they come in."""
    return sorted(case_ids, key=lambda case_id: (rank(seed, case_id), case_id))


def digest(case_ids: Iterable[str]) -> str:
    """SHA-256 over the sorted case ids, each followed by a line feed: the population in one number."""
    return hashlib.sha256("".join(f"{case_id}\n" for case_id in sorted(case_ids)).encode()).hexdigest()


def allocate(sizes: Mapping[str, int], size: int) -> dict[str, int]:
    """How many of `size` each stratum gives; together `size`, or all there are. No stratum gives more than it has."""
    total = sum(sizes.values())
    size = min(size, total)
    if size <= 0:
        return dict.fromkeys(sizes, 0)
    quotas = {stratum: Fraction(size * count, total) for stratum, count in sizes.items()}
    given = {stratum: int(quota) for stratum, quota in quotas.items()}
    by_remainder = sorted(sizes, key=lambda stratum: (given[stratum] - quotas[stratum], stratum))
    for stratum in by_remainder[: size - sum(given.values())]:
        given[stratum] += 1
    return _with_at_least_one(given, sizes, quotas, size)


def _with_at_least_one(given: dict[str, int], sizes: Mapping[str, int], quotas: Mapping[str, Fraction],
                       size: int) -> dict[str, int]:
    """One for every stratum that has cases, taken from where most is given above its share; if there is enough for all."""
    with_cases = [stratum for stratum in sorted(sizes) if sizes[stratum]]
    if size < len(with_cases):
        return given
    for stratum in with_cases:
        if not given[stratum]:
            giver = max((each for each in with_cases if given[each] > 1), key=lambda each: (given[each] - quotas[each], each))
            given[giver] -= 1
            given[stratum] = 1
    return given


def select(seed: str, strata: Mapping[str, Iterable[str]], size: int) -> list[tuple[str, str]]:
    """The sample as (stratum, case id), strata in the order of their names, cases in the order of the seed."""
    cases = {stratum: list(case_ids) for stratum, case_ids in strata.items()}
    numbers = allocate({stratum: len(case_ids) for stratum, case_ids in cases.items()}, size)
    return [(stratum, case_id) for stratum in sorted(cases) for case_id in ordered(seed, cases[stratum])[: numbers[stratum]]]
