"""Monthly statistics (统计分析表, 5.1.10, 5.1.15 n9): by product, symptom and part, repeat repairs, mean time to repair. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

HOUR = timedelta(hours=1)
UNKNOWN = ""


@dataclass(frozen=True, slots=True)
class Repair:
    """What statistics need of a repair order; `parts` is (part id, quantity)."""

    number: str
    office: str
    product: str
    symptom: str
    serial: str
    arrived_at: datetime | None
    finished_at: datetime | None
    is_charged: bool
    parts: tuple[tuple[str, int], ...] = ()


def figures(repairs: Sequence[Repair], earlier: Iterable[Repair], repeat_within: timedelta) -> dict[str, Any]:
    """The month's figures as JSON: counts largest first; `mean_hours_to_repair` is None where no order has both times.

    `earlier` are finished repairs of before, among which a repeat's first repair may be.
    """
    parts = Counter[str]()
    for repair in repairs:
        for part, quantity in repair.parts:
            parts[part] += quantity
    repeats = repeated(repairs, earlier, repeat_within)
    return {
        "orders": len(repairs), "charged": sum(r.is_charged for r in repairs),
        "by_office": counted(r.office for r in repairs), "by_product": counted(r.product for r in repairs),
        "by_symptom": counted(r.symptom for r in repairs), "by_part": _sorted(parts), "cross": cross(repairs),
        "repeat_repairs": len(repeats), "repeats": [{"number": r.number, "serial": r.serial} for r in repeats],
        "repeat_days": repeat_within.days, "mean_hours_to_repair": mean_hours(repairs),
    }


def counted(values: Iterable[str]) -> list[dict[str, Any]]:
    """`[{"id", "count"}]`, most frequent first, then by id."""
    return _sorted(Counter(values))


def cross(repairs: Iterable[Repair]) -> list[dict[str, Any]]:
    """Product × symptom × part: how many orders have each combination; a repair without parts counts under part ""."""
    found = Counter((r.product, r.symptom, part) for r in repairs for part in sorted({p for p, _ in r.parts}) or [UNKNOWN])
    rows = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    return [{"product": product, "symptom": symptom, "part": part, "count": n} for (product, symptom, part), n in rows]


def repeated(repairs: Sequence[Repair], earlier: Iterable[Repair], within: timedelta) -> list[Repair]:
    """The repairs of a machine that had been repaired at most `within` before the engineer arrived."""
    finished: dict[str, list[datetime]] = {}
    for repair in (*earlier, *repairs):
        if repair.serial and repair.finished_at:
            finished.setdefault(repair.serial, []).append(repair.finished_at)
    return [r for r in repairs if r.arrived_at and any(
        r.arrived_at - within <= at <= r.arrived_at for at in finished.get(r.serial, ()) if at != r.finished_at)]


def mean_hours(repairs: Iterable[Repair]) -> float | None:
    """Mean time from arrival to finish, in hours."""
    took = [r.finished_at - r.arrived_at for r in repairs if r.arrived_at and r.finished_at]
    return sum(took, timedelta(0)) / HOUR / len(took) if took else None


def table(found: Mapping[str, Any], names: Mapping[str, Mapping[str, str]]) -> str:
    """The figures as Markdown for the form and the mail; `names` is {"product" | "symptom" | "part" | "office": {id: name}}."""
    hours = found["mean_hours_to_repair"]
    lines = [(f"维修单 {found['orders']} 张（其中保外 {found['charged']} 张）；重复维修 {found['repeat_repairs']} 台次"
              f"（{found['repeat_days']} 天内）；平均修复时间 {'—' if hours is None else f'{hours:.1f} 小时'}。")]
    for title, key, kind in (("按产品", "by_product", "product"), ("按故障现象", "by_symptom", "symptom"),
                             ("按更换器件", "by_part", "part"), ("按维修点", "by_office", "office")):
        rows = [f"- {names.get(kind, {}).get(row['id'], row['id']) or '未填写'}：{row['count']}" for row in found[key]]
        lines += ["", f"**{title}**", "", *(rows or ["- 无"])]
    return "\n".join(lines)


def _sorted(counts: Counter[str]) -> list[dict[str, Any]]:
    return [{"id": key, "count": n} for key, n in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]
