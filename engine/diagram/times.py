"""Times: ISO 8601 in timer events and due dates, working calendars, and what may be computed."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from engine import expressions
from engine.calendar import Cycle, Duration, parse_cycle, parse_date, parse_duration
from engine.diagram.completeness import MOMENT
from engine.diagram.model import Element
from engine.diagram.sources import Known, Source
from engine.errors import ExpressionError, InvalidValue, Problem

PARSERS: Mapping[str, Callable[[str], Cycle | Duration | datetime]] = {
    "date": parse_date, "duration": parse_duration, "cycle": parse_cycle,
}
EXAMPLES = {"date": "2026-10-25T08:30:00+08:00", "duration": "PT8H", "cycle": "R/2026-01-25T08:30:00+08:00/P1M"}
REASONS = {
    "duration_malformed": ("时长应按 ISO 8601 填写", "a duration is written as in ISO 8601"),
    "duration_too_long": ("最长 10 年", "ten years at most"),
    "duration_too_short": ("最短 1 分钟", "one minute at least"),
    "date_malformed": ("日期应按 ISO 8601 填写", "a date is written as in ISO 8601"),
    "date_out_of_range": ("应在 1970 年到 2200 年之间", "between 1970 and 2200"),
    "cycle_malformed": ("周期应按 ISO 8601 填写", "a cycle is written as in ISO 8601"),
    "cycle_repeats": ("重复次数应为 1 到 1000", "1 to 1,000 repeats"),
    "months_in_working_time": ("工作日历不能按月或年计算，请用天和小时",
                               "a working calendar cannot count months or years, use days and hours"),
    "roll_without_start": ("有属性 roll 的周期要写明开始时间", "a cycle with the property roll names its start"),
}
"""Why a time is refused: the codes of `engine/durations.py` and `engine/calendar.py`."""
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
    elif reason := _unusable(event.timer, event.text, element.properties):
        yield _refused(source, element, f"timer {event.timer}", event.text, reason)


def _refused(source: Source, element: Element, field: str, text: str, reason: str) -> Problem:
    zh, en = REASONS.get(reason, (reason, reason))
    example = EXAMPLES[field.removeprefix("timer ") if field.startswith("timer ") else "date"]
    return source.problem("timer_value", element.id, field, text=text, reason_zh=zh, reason_en=en, example=example)


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
        if text and (reason := _unusable(kind, text, {})):
            yield _refused(source, element, field, text, reason)


def _unusable(kind: str, text: str, properties: Mapping[str, str]) -> str | None:
    """Why the time cannot be used; None if it can, or if it is known only when the case runs."""
    try:
        if expressions.value_names(text):
            return None
        value = expressions.value(text, {}, MOMENT)
    except ExpressionError:
        return None  # `feel` reports it
    try:
        parsed = PARSERS[kind](str(value))
    except InvalidValue as problem:
        return problem.code
    return _unfit(parsed, properties)


def _unfit(parsed: Cycle | Duration | datetime, properties: Mapping[str, str]) -> str | None:
    """What `engine/calendar.py` would refuse when the timer is armed."""
    duration = parsed.duration if isinstance(parsed, Cycle) else parsed
    if isinstance(duration, Duration) and duration.months and properties.get("calendar"):
        return "months_in_working_time"
    if isinstance(parsed, Cycle) and parsed.start is None and properties.get("roll"):
        return "roll_without_start"
    return None


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
