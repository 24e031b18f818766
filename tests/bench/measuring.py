"""Rounds, medians and the table. Rounds of what is compared are interleaved, so that a busy moment hits both."""

import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

PACKAGES = ("SpiffWorkflow", "SQLAlchemy", "psycopg", "Flask", "waitress")


@dataclass(slots=True)
class Table:
    """The rows of one run, printed as they come."""

    rows: list[tuple[str, str, str, str]] = field(default_factory=list)

    def add(self, what: str, where: str, value: str, note: str = "") -> None:
        """One row: what was measured, where, the median, and what it is compared with."""
        self.rows.append((what, where, value, note))
        print(f"{what:<58} {where:<11} {value:>22}  {note}", flush=True)

    def aim(self, what: str, where: str, value: float, most: float, unit: str) -> None:
        """A row with an aim: `value` should be at most `most`."""
        self.add(what, where, f"{value:.3f} {unit}", f"aim ≤ {most:g}: {'met' if value <= most else 'MISSED'}")


def medians(rounds: int, measured: Mapping[str, Callable[[], float]]) -> dict[str, float]:
    """The median of each over `rounds` interleaved rounds, after one that does not count."""
    found: dict[str, list[float]] = {name: [] for name in measured}
    for number in range(rounds + 1):
        for name, measure in measured.items():
            value = measure()
            if number:
                found[name].append(value)
    return {name: statistics.median(values) for name, values in found.items()}


def wall(times: int, act: Callable[[], object]) -> float:
    """Milliseconds of wall time of one `act`, over `times` in a row."""
    begin = time.perf_counter()
    for _ in range(times):
        act()
    return (time.perf_counter() - begin) / times * 1000


def processor(times: int, act: Callable[[], object]) -> float:
    """Milliseconds of this thread's processor time of one `act`, over `times` in a row."""
    begin = time.thread_time()
    for _ in range(times):
        act()
    return (time.thread_time() - begin) / times * 1000


def machine() -> Sequence[tuple[str, str]]:
    """What it ran on."""
    cpu = [line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    memory = next((line.split()[1] for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), "0")
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in PACKAGES)
    return [("processor", f"{len(cpu)} × {cpu[0] if cpu else platform.processor()}"),
            ("memory", f"{int(memory) // 1_000_000} GB"),
            ("system", platform.platform()), ("python", f"{platform.python_version()}, {versions}"),
            ("load before", next((line.split()[0] for line in _lines("/proc/loadavg")), "?"))]


def _lines(path: str) -> list[str]:
    return Path(path).read_text("utf-8").splitlines() if Path(path).exists() else []
