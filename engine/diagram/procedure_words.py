"""A procedure's conditions, times and variables in words, as a manual says them. Pure.

A variable is called what the form that asks for it calls it, a value what its option is called. A condition that is more than
comparisons joined by `and` and `or` is shown as it is written: nothing is left out or guessed.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from engine.diagram.change_words import Names, event_words, quoted, time_words
from engine.diagram.model import EventDefinition
from engine.durations import ZONE, parse_cycle, parse_date, parse_duration
from engine.errors import InvalidValue
from engine.forms import Field

Language = Literal["zh", "en"]
COMPARISON = re.compile(r'\s*(?P<name>[^\W\d][\w.]*)\s*(?P<sign>!=|>=|<=|=|<|>)\s*'
                        r'(?:"(?P<text>[^"\\]*)"|(?P<word>true|false|null|-?\d+(?:\.\d+)?))\s*')
NAME = re.compile(r"\s*([^\W\d][\w.]*)\s*")
VARIABLE = re.compile(r"\$\{\s*([^\W\d][\w.]*)\s*\}|=\s*([^\W\d][\w.]*)")
JOINED = re.compile(r'\s+(and|or)\s+(?=(?:[^"]*"[^"]*")*[^"]*$)')
SIGNS = {"=": ("为", "is"), "!=": ("不为", "is not"), ">": ("大于", "is more than"), ">=": ("不小于", "is at least"),
         "<": ("小于", "is less than"), "<=": ("不大于", "is at most")}
WORDS = {"yes": ("是", "yes"), "no": ("否", "no"), "true": ("是", "yes"), "false": ("否", "no"), "null": ("空", "empty")}
JOINTS = {"and": ("且", "and"), "or": ("，或", ", or")}


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What ids and variables are called: `fields` are the form fields by variable."""

    language: Language
    names: Names = field(default_factory=Names)
    fields: Mapping[str, Field] = field(default_factory=dict)

    def pick(self, words: tuple[str, str]) -> str:
        """The one of a pair in Chinese and English."""
        return words[self.language == "en"]

    def quoted(self, zh: str, en: str = "") -> str:
        """A name between quotation marks."""
        return self.pick(quoted(zh, en or None))

    def variable(self, name: str) -> str:
        """What a variable is called, between quotation marks; its id where no form asks for it."""
        found = self.fields.get(name)
        return self.quoted(found.label or name, found.label_en) if found is not None else self.quoted(name)

    def value(self, name: str, written: str) -> str:
        """What a value of a variable is called."""
        found = self.fields.get(name)
        for option in found.options if found is not None else ():
            if _text(option.value) == written:
                return self.quoted(option.label, option.label_en)
        if found is not None and found.is_money and written.lstrip("-").isdigit():
            return self.pick((f"{int(written) / 100:.2f} 元", f"CNY {int(written) / 100:.2f}"))
        return self.quoted(*WORDS[written]) if written in WORDS else written if _is_number(written) else self.quoted(written)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _is_number(written: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?", written) is not None


# ------------------------------------------------------------------ conditions
def condition(written: str, words: Vocabulary) -> str:
    """A FEEL condition in words.

    >>> condition('quote_answer = "accepted"', Vocabulary("en"))
    '“quote_answer” is “accepted”'
    """
    parts = JOINED.split(" ".join(written.split()))
    said = [_comparison(part, words) for part in parts[::2]]
    if any(each is None for each in said):
        return words.quoted(written)
    gap = " " if words.language == "en" else ""
    found = str(said[0])
    for joint, each in zip(parts[1::2], said[1:], strict=True):
        between = words.pick(JOINTS[joint])
        found += f"{between if between.startswith(',') else gap + between}{gap}{each}"
    return found


def _comparison(written: str, words: Vocabulary) -> str | None:
    if plain := NAME.fullmatch(written):
        return _said(plain[1], "=", "true", words)
    match = COMPARISON.fullmatch(written)
    if match is None:
        return None
    return _said(match["name"], match["sign"], match["word"] if match["text"] is None else match["text"], words)


def _said(name: str, sign: str, value: str, words: Vocabulary) -> str:
    gap = " " if words.language == "en" else ""
    return gap.join((words.variable(name), words.pick(SIGNS[sign]), words.value(name, value)))


# ------------------------------------------------------------------ times
def when(event: EventDefinition, properties: Mapping[str, str], words: Vocabulary) -> str:
    """What an event waits for or throws: a time, a message, an error."""
    if event.kind != "timer":
        return words.pick(event_words(event, properties))
    text = (event.text or "").strip()
    found = _computed(text, words) or (_fixed(text, words) if event.timer != "duration" else None)
    said = found or words.pick(time_words(event, properties))
    if properties.get("roll") == "before":
        said += words.pick(("（遇假日提前到前一个工作日）", " (on a free day: the working day before)"))
    return said


def moment(text: str, words: Vocabulary) -> str:
    """A due date: `${name}`, a date, or a time from now on (`P2D`)."""
    kind: Literal["date", "duration"] = "duration" if text.startswith("P") else "date"
    return when(EventDefinition("timer", timer=kind, text=text), {}, words)


def _computed(text: str, words: Vocabulary) -> str | None:
    match = VARIABLE.fullmatch(text)
    if match is None:
        return None
    name = words.variable(match[1] or match[2])
    return words.pick((f"{name}所记的时间", f"the time in {name}"))


def _fixed(text: str, words: Vocabulary) -> str | None:
    """A moment, or rounds from one on: `R/2026-01-25T09:00:00+08:00/P1M`."""
    try:
        if not text.startswith("R"):
            return _local(parse_date(text))
        cycle = parse_cycle(text)
        if cycle.start is None:
            return None
        every = words.pick(time_words(EventDefinition("timer", timer="cycle", text=_without_start(text)), {}))
        return words.pick((f"自 {_local(cycle.start)} 起，{every}", f"{every}, from {_local(cycle.start)} on"))
    except InvalidValue:
        return None


def _without_start(text: str) -> str:
    first, _start, duration = text.split("/")
    return f"{first}/{duration}"


def _local(value: datetime) -> str:
    return value.astimezone(ZoneInfo(ZONE)).strftime("%Y-%m-%d %H:%M")


def retention(text: str, words: Vocabulary) -> str:
    """How long records are kept (`historyTimeToLive`): whole years as years, a bare number is days."""
    written = f"P{text}D" if text.isdigit() else text
    try:
        found = parse_duration(written)
    except InvalidValue:
        days = re.fullmatch(r"P(\d+)D", written)
        return _days(int(days[1]), words) if days else text
    if found.days and not found.months and not found.seconds:
        return _days(found.days, words)
    return words.pick(time_words(EventDefinition("timer", timer="duration", text=written), {}))


def _days(days: int, words: Vocabulary) -> str:
    if days and days % 365 == 0:
        return words.pick((f"{days // 365} 年", f"{days // 365} year{'' if days == 365 else 's'}"))
    return words.pick((f"{days} 天", f"{days} days"))
