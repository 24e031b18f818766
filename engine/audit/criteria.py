"""What cases are searched by. Its JSON is what a saved search keeps and what an export says of itself."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Literal, get_args

from engine import canonical, interventions
from engine.errors import InvalidValue

LONGEST = 100
YEARS = range(1970, 2200)
Lateness = Literal["late", "late_now", "on_time"]
STATUSES = ("active", "suspended", "completed", "terminated")
ANY = "any"
CHOICES: Mapping[str, tuple[str, ...]] = {"lateness": get_args(Lateness), "intervention": (ANY, *sorted(interventions.COMMANDS))}
DAYS = ("since", "until")
NAMING = ("customer", "search")


@dataclass(frozen=True, slots=True)
class Criteria:
    """Conditions that all hold; None is no condition.

    `process`, `version`: of the case's own process. `role`: a step of this candidate group was reached. `person`: acted on the
    case's record, by themselves or through a substitute. `serial`, `customer`, `search`: a piece of it. `clause`: an element
    that names it (or a part of it) in any version was reached. `since`, `until`: days of the start in China, both included.
    `outcome`: a status, or `<process>/<end event>`. `lateness`: a task ended after it was due or is open past it (late), is so
    now (late_now), or none (on_time). `intervention`: a command of `interventions.COMMANDS`, or any.
    """

    process: str | None = None
    version: int | None = None
    office: str | None = None
    role: str | None = None
    person: str | None = None
    serial: str | None = None
    customer: str | None = None
    clause: str | None = None
    since: date | None = None
    until: date | None = None
    outcome: str | None = None
    lateness: Lateness | None = None
    intervention: str | None = None
    search: str | None = None

    def as_json(self) -> dict[str, str | int]:
        """The conditions that there are; days as `2026-03-02`."""
        found = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: str(value) if isinstance(value, date) else value for name, value in found.items() if value is not None}

    def as_record(self) -> dict[str, str | int]:
        """The same for the record, which is kept for ever: what may name a customer stands there as its digest only."""
        return {name: f"sha256:{canonical.digest(str(value))}" if name in NAMING else value
                for name, value in self.as_json().items()}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Criteria":
        """The criteria that `as_json` wrote. `InvalidValue` names the field that is unknown or has an impossible value."""
        known = {each.name for each in fields(cls)}
        for name in value:
            if name not in known:
                raise InvalidValue("criterion", field=name, value=value[name])
        return cls(**{name: _value(name, given) for name, given in value.items()})


def _value(name: str, given: Any) -> Any:
    """A value as the field has it."""
    if given is None:
        return None
    found = _day(given) if name in DAYS else given
    if not _is_possible(name, found):
        raise InvalidValue("criterion", field=name, value=str(given)[:LONGEST])
    return found


def _is_possible(name: str, value: Any) -> bool:
    if name in DAYS:
        return value is not None
    if name == "version":
        return type(value) is int and 0 < value < 2**31
    is_text = isinstance(value, str) and bool(value.strip()) and len(value) <= LONGEST
    return is_text and value in CHOICES.get(name, (value,)) and (name != "outcome" or _is_outcome(value))


def _day(given: Any) -> date | None:
    try:
        found = date.fromisoformat(given) if isinstance(given, str) else None
    except ValueError:
        return None
    return found if found and found.year in YEARS else None


def _is_outcome(value: str) -> bool:
    process, separator, end = value.partition("/")
    return value in STATUSES or bool(process and separator and end)
