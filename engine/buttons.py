"""The answers of a decision, read from the diagram: a button per flow that says where it leads. Pure.

A user task followed by an exclusive gateway whose conditions all read `field = literal` on one field of the task's form
is answered by buttons; the default flow is the option that remains (details.md, Expressions and dialect).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine import forms
from engine.diagram.model import Element, Flow, Process

EQUALS = re.compile(r'\s*(?P<field>[^\W\d]\w*)\s*=\s*(?:"(?P<text>[^"\\]*)"|(?P<word>true|false|-?\d+(?:\.\d+)?))\s*')
GATEWAYS = frozenset({"exclusiveGateway", "inclusiveGateway", "parallelGateway", "eventBasedGateway"})
SCOPES = frozenset({"subProcess", "callActivity"})
ENDS = ("结束", "ends")


@dataclass(frozen=True, slots=True)
class Button:
    """One answer: what it sets (`value` as the form would send it), its words, and the words of where it leads."""

    field: str
    value: str
    name: str
    name_en: str
    leads_to: str
    leads_to_en: str


def buttons(processes: Mapping[str, Process], element: Element, schema: Mapping[str, Any] | None) -> list[Button]:
    """The buttons of a user task in the order of the diagram; empty where a plain submit is right."""
    process = processes[element.process]
    flows = _decision(process, element)
    if not flows or schema is None:
        return []
    field = next((each for each in forms.fields(schema) if each.key == _asked(process, flows)), None)
    if field is None:
        return []
    options = _options(field)
    values = _values(process, flows, list(options))
    if values is None:
        return []
    return [Button(field.key, value, *_answer(flow, options[value]), words_of_target(processes, flow, process, "zh"),
                   words_of_target(processes, flow, process, "en")) for flow, value in zip(flows, values, strict=True)]


def words_of_target(processes: Mapping[str, Process], flow: Flow, process: Process, language: str) -> str:
    """What follows along `flow`, skipping gateways: the names of the next elements, or that it ends there."""
    found = [_words(element, language) for element in _targets(processes, process, flow, set())]
    return " / ".join(dict.fromkeys(found)) or ENDS[language == "en"]


def _decision(process: Process, element: Element) -> Sequence[Flow]:
    """The flows of the exclusive gateway that decides right after `element`, else none."""
    following = process.following(element.id)
    if element.type != "userTask" or element.loop is not None or len(following) != 1:
        return ()
    gateway = process.elements[following[0].target]
    flows = process.following(gateway.id)
    return flows if gateway.type == "exclusiveGateway" and len(flows) > 1 else ()


def _asked(process: Process, flows: Sequence[Flow]) -> str | None:
    """The one field that all conditions compare with a literal, or None."""
    fields = set()
    for flow in flows:
        if flow.id != process.elements[flow.source].default:
            match = EQUALS.fullmatch(flow.condition or "")
            fields.add(match["field"] if match else None)
    return fields.pop() if len(fields) == 1 else None


def _values(process: Process, flows: Sequence[Flow], options: Sequence[str]) -> list[str] | None:
    """The value that leads along each flow; None where the default flow does not stand for exactly one option."""
    default = process.elements[flows[0].source].default
    named = {flow.id: _literal(flow) for flow in flows if flow.id != default}
    if any(value not in options for value in named.values()) or len(set(named.values())) != len(named):
        return None
    left = [value for value in options if value not in named.values()]
    if default is not None and len(left) != 1:
        return None
    return [named[flow.id] if flow.id in named else left[0] for flow in flows]


def _literal(flow: Flow) -> str:
    match = EQUALS.fullmatch(flow.condition or "")
    return "" if match is None else match["text"] if match["text"] is not None else match["word"]


def _options(field: forms.Field) -> dict[str, tuple[str, str]]:
    """What a field can be: value → words in Chinese and English."""
    if field.type == "checkbox":
        return {"true": ("是", "Yes"), "false": ("否", "No")}
    if field.type not in ("radio", "select"):
        return {}
    return {_text(choice.value): (choice.label, choice.label_en) for choice in field.options}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _answer(flow: Flow, option: tuple[str, str]) -> tuple[str, str]:
    """The words of an answer: the flow's name, else the option's."""
    zh, en = option
    return flow.name or zh, flow.name_en or (en if not flow.name else "") or flow.name or zh


# ------------------------------------------------------------------ where a flow leads
def _targets(processes: Mapping[str, Process], process: Process, flow: Flow, seen: set[tuple[str, str]]) -> Iterator[Element]:
    """The next elements that mean something to a reader, in order of the diagram."""
    if (process.id, flow.id) in seen:
        return
    seen.add((process.id, flow.id))
    target = process.elements[flow.target]
    if target.type in GATEWAYS:
        for each in process.following(target.id):
            yield from _targets(processes, process, each, seen)
    elif target.type == "endEvent" and (around := _around(processes, process, target)):
        for where, each in around:
            yield from _targets(processes, where, each, seen)
    else:
        yield target


def _around(processes: Mapping[str, Process], process: Process, end: Element) -> list[tuple[Process, Flow]]:
    """The flows that go on when a sub-process or a called process ends at `end`; none when the case ends there."""
    if end.event is not None and end.event.kind == "terminate":
        return []
    if end.scope != process.id:
        return _leaving(process, process.elements[end.scope], end)
    callers = [(each, element) for each in processes.values() for element in each.elements.values()
               if element.type == "callActivity" and element.called == process.id]
    return [found for where, host in callers for found in _leaving(where, host, end)]


def _leaving(process: Process, host: Element, end: Element) -> list[tuple[Process, Flow]]:
    """How the process goes on after `host`: by the boundary event that catches the end's error, else by its own flows."""
    error = end.event if end.event is not None and end.event.kind in ("error", "escalation") else None
    if error is not None:
        catching = [event for event in process.boundary_events(host.id)
                    if event.event is not None and event.event.kind == error.kind and event.event.code in (None, error.code)]
        return [(process, flow) for event in catching for flow in process.following(event.id)]
    return [(process, flow) for flow in process.following(host.id)]


def _words(element: Element, language: str) -> str:
    if element.type != "endEvent":
        return element.words(language)
    ends = ENDS[language == "en"]
    if not (element.name or element.name_en):
        return ends
    return f"{ends} ({element.words(language)})" if language == "en" else f"{ends}（{element.words(language)}）"
