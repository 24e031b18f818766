"""Times: ISO 8601 in timer events and due dates, working calendars, and what may be computed."""

from collections.abc import Callable, Iterator, Mapping

from engine import expressions
from engine.calendar import parse_cycle, parse_date, parse_duration
from engine.diagram.completeness import MOMENT
from engine.diagram.model import Element
from engine.diagram.sources import Known, Source
from engine.errors import EngineError, ExpressionError, InvalidValue, Problem

PARSERS: Mapping[str, Callable[[str], object]] = {"date": parse_date, "duration": parse_duration, "cycle": parse_cycle}
EXAMPLES = {"date": "2026-10-25T08:30:00+08:00", "duration": "PT8H", "cycle": "R/2026-01-25T08:30:00+08:00/P1M"}
DATES = ("dueDate", "followUpDate")
PROPERTIES = {"roll": ("before",), "deadline": ("true", "false")}


def problems(source: Source, known: Known) -> Iterator[Problem]:
    """Timers without a usable time, due dates that are none, unknown calendars."""
    for element in source.elements():
        yield from _timer(source, element)
        yield from _due(source, element)
        yield from _properties(source, element, known)
    for process in source.processes:
        yield from _calendar(source, process.id, process.properties, known)


def _timer(source: Source, element: Element) -> Iterator[Problem]:
    event = element.event
    if event is None or event.kind != "timer":
        return
    if not event.timer or not event.text:
        yield source.problem("timer_missing", element.id, "timerEventDefinition")
    elif _is_process_start(source, element) and _reads_variables(event.text):
        yield source.problem("timer_start_variable", element.id, f"timer {event.timer}", text=event.text)
    elif reason := _unusable(event.timer, event.text):
        yield source.problem("timer_value", element.id, f"timer {event.timer}", text=event.text, reason=reason,
                             example=EXAMPLES[event.timer])


def _is_process_start(source: Source, element: Element) -> bool:
    return element.type == "startEvent" and element.scope == source.process(element).id


def _reads_variables(text: str) -> bool:
    try:
        return bool(expressions.value_names(text))
    except ExpressionError:
        return False  # `feel` reports it


def _due(source: Source, element: Element) -> Iterator[Problem]:
    for field in DATES:
        text = element.attributes.get(field, "").strip()
        kind = "duration" if text.startswith("P") else "date"
        if text and (reason := _unusable(kind, text)):
            yield source.problem("timer_value", element.id, field, text=text, reason=reason, example=EXAMPLES["date"])


def _unusable(kind: str, text: str) -> str | None:
    """Why the time cannot be used; None if it can, or if it is known only when the case runs."""
    try:
        if expressions.value_names(text):
            return None
        value = expressions.value(text, {}, MOMENT)
    except ExpressionError:
        return None  # `feel` reports it
    try:
        PARSERS[kind](str(value))
    except InvalidValue as problem:
        return reason_of(problem)
    return None


def reason_of(problem: EngineError) -> str:
    """The words of a refused value for a sentence."""
    facts = ", ".join(f"{name} {fact}" for name, fact in problem.facts.items() if name != "value")
    return f"{problem.code}: {facts}" if facts else problem.code


def _properties(source: Source, element: Element, known: Known) -> Iterator[Problem]:
    yield from _calendar(source, element.id, element.properties, known)
    for name, choices in PROPERTIES.items():
        found = element.properties.get(name)
        if found is not None and found not in choices:
            yield source.problem("property_value", element.id, name, found=found, choices=", ".join(choices))


def _calendar(source: Source, name: str, properties: Mapping[str, str], known: Known) -> Iterator[Problem]:
    found = properties.get("calendar")
    if found is not None and found not in known.calendars:
        choices = ", ".join(sorted(known.calendars)) or "–"
        yield source.problem("calendar_unknown", name, "calendar", found=found, choices=choices)
