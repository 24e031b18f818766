"""A scenario: how a case starts, what people answer, how time passes, and where that should lead. A `.scenario` file is its JSON.

    {"process": "complaint", "name": "投诉属实", "name_en": "Complaint is justified", "begin": "2026-03-02T01:00:00+00:00",
     "start": {"values": {…}, "office": "changsha", "by": "lead.changsha"},
     "steps": [{"do": "complete", "element": "accept", "values": {…}}, {"do": "wait", "until": "…"}, {"do": "wait"},
               {"do": "message", "name": "…"}, {"do": "action", "element": "…"}],
     "expected": {"path": ["begin", "accept", …], "end": "closed"}}
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from engine import canonical
from engine.durations import YEARS
from engine.errors import InvalidValue

Deed = Literal["complete", "wait", "message", "action"]
MOST_STEPS = 300
NAMED = {"complete": "element", "action": "element", "message": "name"}
"""What a step must name."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happens: a task is completed (`at`: the how many-th open one of its element, from 0), a message comes,
    an action is taken, or time passes `until` a moment (None: until the next timer of the case is due)."""

    do: Deed
    element: str = ""
    name: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    at: int = 0
    until: datetime | None = None
    by: str = ""


@dataclass(frozen=True, slots=True)
class Expected:
    """The elements in the order in which they should be entered (of called processes as `process/element`), and the end event."""

    path: tuple[str, ...]
    end: str | None


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is tried. `begin`: what the clock shows when the case starts; `by`, `office`: who starts it, where.

    `values` go through the start form; `variables` are typed already, for a case that another one or a message starts;
    `event` is the start event where it is not the plain one.
    """

    process: str
    name: str
    begin: datetime
    values: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)
    event: str = ""
    office: str = ""
    by: str = ""
    steps: tuple[Step, ...] = ()
    expected: Expected | None = None
    name_en: str = ""


def read(data: bytes) -> Scenario:
    """A scenario from its file. `InvalidValue("scenario", field=…)` names what is wrong."""
    try:
        found = canonical.loads(data.decode())
    except (UnicodeDecodeError, ValueError) as problem:
        raise InvalidValue("scenario", field="file", value=str(problem)[:200]) from problem
    return parse(found)


def parse(found: Any) -> Scenario:
    """A scenario from JSON that was read."""
    if not isinstance(found, Mapping):
        raise _wrong("file", found)
    start, steps = _mapping(found, "start"), found.get("steps", [])
    if not isinstance(steps, Sequence) or isinstance(steps, str) or len(steps) > MOST_STEPS:
        raise _wrong("steps", len(steps) if isinstance(steps, Sequence) else steps)
    return Scenario(
        process=_text(found, "process", needed=True), name=_text(found, "name", needed=True), name_en=_text(found, "name_en"),
        begin=moment(found.get("begin"), "begin"), values=_mapping(start, "values"),
        variables=_mapping(start, "variables"), event=_text(start, "event"), office=_text(start, "office"),
        by=_text(start, "by"), steps=tuple(_step(each, number) for number, each in enumerate(steps, 1)),
        expected=_expected(found.get("expected")))


def write(scenario: Scenario) -> bytes:
    """The file of a scenario: canonical JSON."""
    return canonical.dumps(as_json(scenario)).encode()


def as_json(scenario: Scenario) -> dict[str, Any]:
    """A scenario as JSON."""
    expected = scenario.expected
    return {
        "process": scenario.process, "name": scenario.name, "name_en": scenario.name_en, "begin": scenario.begin.isoformat(),
        "start": {"values": dict(scenario.values), "office": scenario.office, "by": scenario.by,
                  **({"variables": dict(scenario.variables)} if scenario.variables else {}),
                  **({"event": scenario.event} if scenario.event else {})},
        "steps": [_step_json(step) for step in scenario.steps],
        **({"expected": {"path": list(expected.path), "end": expected.end}} if expected else {}),
    }


def file_name(scenario: Scenario) -> str:
    """`<process>.<name>.scenario`, with what a file name cannot have replaced."""
    name = "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in scenario.name)
    return f"{scenario.process}.{name[:80]}.scenario"


def accepted(scenario: Scenario, path: Sequence[str], end: str | None) -> Scenario:
    """The scenario that expects this path from now on."""
    return replace(scenario, expected=Expected(tuple(path), end))


# ------------------------------------------------------------------ inside
def _step(found: Any, number: int) -> Step:
    place = f"steps[{number}]"
    if not isinstance(found, Mapping) or found.get("do") not in get_args(Deed):
        raise _wrong(place, found)
    named = NAMED.get(found["do"])
    if named and not _text(found, named):
        raise _wrong(f"{place}.{named}", "")
    until = found.get("until")
    at = found.get("at", 0)
    if not isinstance(at, int) or isinstance(at, bool) or at < 0:
        raise _wrong(f"{place}.at", at)
    return Step(found["do"], _text(found, "element"), _text(found, "name"), _mapping(found, "values"), at,
                moment(until, f"{place}.until") if until else None, _text(found, "by"))


def _step_json(step: Step) -> dict[str, Any]:
    kept: dict[str, Any] = {"do": step.do}
    for name, value in (("element", step.element), ("name", step.name), ("at", step.at), ("by", step.by)):
        if value:
            kept[name] = value
    if step.values:
        kept["values"] = dict(step.values)
    if step.until:
        kept["until"] = step.until.isoformat()
    return kept


def _expected(found: Any) -> Expected | None:
    if found is None:
        return None
    path = found.get("path") if isinstance(found, Mapping) else None
    if not isinstance(path, Sequence) or isinstance(path, str) or not all(isinstance(each, str) for each in path):
        raise _wrong("expected.path", path)
    end = found.get("end")
    return Expected(tuple(path), end if isinstance(end, str) else None)


def _text(found: Mapping[str, Any], name: str, *, needed: bool = False) -> str:
    value = found.get(name, "")
    if not isinstance(value, str) or (needed and not value.strip()) or len(value) > 200:
        raise _wrong(name, value)
    return value.strip()


def _mapping(found: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = found.get(name, {})
    if not isinstance(value, Mapping):
        raise _wrong(name, value)
    return value


def moment(value: Any, name: str) -> datetime:
    """A moment with its offset as UTC, of a year that a calendar has. `InvalidValue` names what it is of."""
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError) as problem:
        raise _wrong(name, value) from problem
    if found.tzinfo is None or found.year not in YEARS:
        raise _wrong(name, value)
    return found.astimezone(UTC)


def _wrong(name: str, value: Any) -> InvalidValue:
    return InvalidValue("scenario", field=name, value=str(value)[:200])
