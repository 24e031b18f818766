"""The cases that a sample is drawn from: those that fit the criteria and were there at the cut-off time.

Criteria are a JSON mapping: `process` (key), `office` (id), `since` and `until` (days in China on which the case began, both
included, YYYY-MM-DD), `standing` (finished | completed | terminated | all), `cut_off` (ISO 8601); what is missing is not asked.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from engine.audit import selection
from engine.durations import YEARS
from engine.errors import InvalidValue
from engine.tables import process_instance
from engine.unit_of_work import UnitOfWork

CHINA = ZoneInfo("Asia/Shanghai")
STANDINGS = ("finished", "completed", "terminated", "all")
STRATA = ("none", "process", "office", "month")
"""What a population can be split by; a month is that of the case's beginning."""
WHOLE = ""
"""The one stratum of a population that is not split."""
_case = process_instance.c


@dataclass(frozen=True, slots=True)
class Population:
    """The case ids by stratum."""

    strata: Mapping[str, list[str]]

    @property
    def sizes(self) -> dict[str, int]:
        """How many cases each stratum has, by name."""
        return {stratum: len(self.strata[stratum]) for stratum in sorted(self.strata)}

    @property
    def count(self) -> int:
        """How many cases there are in all."""
        return sum(map(len, self.strata.values()))

    @property
    def digest(self) -> str:
        """The digest over all case ids."""
        return selection.digest(case_id for case_ids in self.strata.values() for case_id in case_ids)


def criteria(*, cut_off: datetime, process: str = "", office: str = "", since: str = "", until: str = "",
             standing: str = "finished") -> dict[str, str]:
    """Checked criteria as they are kept. `InvalidValue` naming the field for a bad day or standing."""
    if standing not in STANDINGS:
        raise InvalidValue("sample_criteria", field="standing", value=standing)
    for name, value in (("since", since), ("until", until)):
        _day(name, value)
    if since and until and since > until:
        raise InvalidValue("sample_period", field="until", value=until)
    given = {"process": process, "office": office, "since": since, "until": until}
    return {name: value for name, value in given.items() if value} | {"standing": standing, "cut_off": cut_off.isoformat()}


def find(uow: UnitOfWork, asked: Mapping[str, str], by: str) -> Population:
    """The population of checked criteria, split by one of `STRATA`."""
    columns = {"process": _case.process_key, "office": _case.office, "month": _case.started_at}
    split: sa.ColumnElement[Any] = columns[by] if by in columns else sa.literal(WHOLE)
    strata: dict[str, list[str]] = defaultdict(list)
    for row in uow.rows(sa.select(_case.id, split.label("stratum")).where(*_fitting(asked))):
        value = row.stratum
        strata[f"{value.astimezone(CHINA):%Y-%m}" if isinstance(value, datetime) else str(value)].append(row.id)
    return Population(dict(strata))


def _fitting(asked: Mapping[str, str]) -> list[sa.ColumnElement[bool]]:
    cut_off, standing = datetime.fromisoformat(asked["cut_off"]), asked["standing"]
    found = [_case.started_at <= cut_off if standing == "all" else _case.ended_at <= cut_off]
    if standing in ("completed", "terminated"):
        found.append(_case.status == standing)
    if asked.get("process"):
        found.append(_case.process_key == asked["process"])
    if asked.get("office"):
        found.append(_case.office == asked["office"])
    if since := _day("since", asked.get("since", "")):
        found.append(_case.started_at >= since)
    if until := _day("until", asked.get("until", "")):
        found.append(_case.started_at < until + timedelta(days=1))
    return found


def _day(name: str, value: str) -> datetime | None:
    """The beginning of a day in China; None for "". `InvalidValue` for what is no day."""
    if not value:
        return None
    try:
        day = date.fromisoformat(value)
    except ValueError:
        raise InvalidValue("sample_criteria", field=name, value=value[:50]) from None
    if day.year not in YEARS:
        raise InvalidValue("sample_criteria", field=name, value=value[:50])
    return datetime.combine(day, datetime.min.time(), CHINA)
