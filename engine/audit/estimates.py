"""How large a sample should be, and what it says of the population. Pure; the formulas and their sources.

Size: discovery sampling for attributes (H. Arkin, Handbook of Sampling for Auditing and Accounting; AICPA, Audit Sampling):
the least n for which a sample without replacement from N cases, of which ⌈rate·N⌉ do not conform, contains none of those with
a probability of at most 1 - confidence (hypergeometric).

Rate: the exact interval of Clopper and Pearson (Biometrika 26, 1934, 404-413), two-sided, found by bisection on the binomial
distribution. It takes the sample for simple random; a proportional stratified one is at least as good, a small population too.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, comb

CONFIDENCE = 0.95
HALVINGS = 60
"""A bisection so often halved is exact to 1e-18, beyond a float."""


@dataclass(frozen=True, slots=True)
class Rate:
    """`found` of `looked_at`, with the bounds between which the rate of the population lies."""

    found: int
    looked_at: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """The rate in the sample, 0 to 1."""
        return self.found / self.looked_at if self.looked_at else 0.0


def sample_size(population: int, confidence: float, tolerable: float) -> int:
    """The least number of cases that, without a finding, shows with `confidence` that fewer than `tolerable` do not conform."""
    bad = min(population, ceil(round(tolerable * population, 9)))
    if population <= 0 or bad <= 0:
        return max(population, 0)
    none_found, size = 1.0, 0
    while none_found > 1 - confidence + 1e-12 and size < population:
        none_found *= max(0, population - bad - size) / (population - size)
        size += 1
    return size


def rate(found: int, looked_at: int, confidence: float = CONFIDENCE) -> Rate:
    """The rate with its interval; from 0 to 1 where nothing was looked at."""
    tail = (1 - confidence) / 2
    low = _where(lambda p: 1 - _at_most(found - 1, looked_at, p) >= tail) if found else 0.0
    high = _where(lambda p: _at_most(found, looked_at, p) <= tail) if found < looked_at else 1.0
    return Rate(found, looked_at, low, high)


def _at_most(most: int, n: int, p: float) -> float:
    """The probability of at most `most` hits in `n` trials of chance `p`."""
    return sum(comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(most + 1))


def _where(is_there: Callable[[float], bool]) -> float:
    """The least p between 0 and 1 from which on `is_there` holds."""
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if is_there(middle) else (middle, high)
    return high
