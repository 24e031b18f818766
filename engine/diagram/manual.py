"""A process as the table of steps of a manual: who does what, until when, with which form and record, and where it leads. Pure.

The columns are those that a service procedure under ISO 9001:2015, 8.5.1 has to give: responsibility, time, instruction, record.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from engine.diagram.change_words import groups_words, kind_of
from engine.diagram.model import Element, Flow, Process
from engine.diagram.procedure_order import STEPS, numbered
from engine.diagram.procedure_words import VARIABLE, Vocabulary, condition, moment, when

AUTOMATIC = ("serviceTask", "businessRuleTask", "sendTask", "scriptTask")
EVENTS = ("intermediateCatchEvent", "intermediateThrowEvent")


@dataclass(frozen=True, slots=True)
class Step:
    """One row. `number` is `3` or `3.1`; `ways` are (condition, where it leads), the condition empty where there is no choice."""

    number: str
    id: str
    kind: str
    name: str
    who: str
    deadlines: tuple[str, ...]
    form: str
    record: str
    instruction: str
    clause: str
    ways: tuple[tuple[str, str], ...]
    events: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]  # what may happen meanwhile, and the ways from there


def steps(process: Process, words: Vocabulary) -> list[Step]:
    """The steps of a process in the order in which they are read, sub-processes after the step that holds them."""
    numbers = numbered(process)
    return [_step(process, process.elements[name], number, numbers, words) for name, number in numbers.items()]


def starts(process: Process, words: Vocabulary) -> list[tuple[str, tuple[tuple[str, str], ...]]]:
    """What begins a case, and the way from there."""
    numbers = numbered(process)
    return [(_event(element, words), tuple(_ways(process, element, numbers, words))) for element in process.starts()]


def _step(process: Process, element: Element, number: str, numbers: Mapping[str, str], words: Vocabulary) -> Step:
    meanwhile = process.boundary_events(element.id)
    due = element.attributes.get("dueDate")
    timers = [each for each in meanwhile if each.event is not None and "deadline" in each.properties]
    deadlines = [*([moment(due, words)] if due else []), *(_event(each, words) for each in timers)]
    form = element.attributes.get("formRef", "")
    return Step(
        number, element.id, words.pick(kind_of(element.type)), element.words(words.language), _who(element, words),
        tuple(deadlines), _form(form, words), _property(element, "record", words),
        _instruction(element, words), element.properties.get("clause", ""), tuple(_ways(process, element, numbers, words)),
        tuple((_event(each, words), tuple(_ways(process, each, numbers, words))) for each in meanwhile))


def _who(element: Element, words: Vocabulary) -> str:
    if element.type in AUTOMATIC:
        return words.pick(("系统", "the system"))
    groups = words.pick(groups_words(element.attributes.get("candidateGroups", ""), words.names.groups))
    if assignee := element.attributes.get("assignee"):
        match = VARIABLE.fullmatch(assignee)
        person = words.variable(match[1] or match[2]) if match else words.quoted(assignee)
        named = words.pick((f"{person}所指的人", f"the person in {person}"))
        return f"{named} ({groups})" if groups else named
    return groups or (words.language == "en" and element.lane_en) or element.lane or ""


def _form(key: str, words: Vocabulary) -> str:
    """What a form is called; one without a name of its own goes by its step."""
    named = words.names.forms.get(key, ("", ""))
    return "" if named[0] == key else words.pick(named)


def _property(element: Element, name: str, words: Vocabulary) -> str:
    english = element.properties.get(f"{name}_en", "") if words.language == "en" else ""
    return english or element.properties.get(name, "")


def _instruction(element: Element, words: Vocabulary) -> str:
    english = element.properties.get("instruction_en", "") if words.language == "en" else ""
    called = element.called and words.pick(words.names.processes.get(element.called, (element.called, element.called)))
    calls = words.pick((f"按“{called}”办理。", f"As “{called}” says. ")) if called else ""
    return calls + (english or element.documentation)


def _event(element: Element, words: Vocabulary) -> str:
    """What an event is called, and what it waits for."""
    name = element.words(words.language)
    told = when(element.event, element.properties, words) if element.event is not None and element.event.kind != "none" else ""
    colon = words.pick(("：", ": "))
    return f"{name}{colon}{told}" if told and told != name else name


# ------------------------------------------------------------------ where it leads
def _ways(process: Process, element: Element, numbers: Mapping[str, str], words: Vocabulary) -> Iterator[tuple[str, str]]:
    for flow in process.following(element.id):
        said = _choice(element, flow, words) if flow.condition else ""
        yield from _followed(process, flow, said, numbers, words, frozenset())


def _followed(process: Process, flow: Flow, said: str, numbers: Mapping[str, str],  # noqa: PLR0917 - what is carried along
              words: Vocabulary, seen: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Through gateways to the next steps; each way with all that has to be so on it."""
    target = process.elements[flow.target]
    if target.type in STEPS or target.type == "endEvent" or target.id in seen:
        yield said, _place(target, numbers, words)
        return
    gap = words.pick(("；", "; "))
    for each in process.following(target.id):
        more = _choice(target, each, words)
        yield from _followed(process, each, gap.join(filter(None, (said, more))), numbers, words, seen | {target.id})


def _choice(gateway: Element, flow: Flow, words: Vocabulary) -> str:
    """What has to be so for a flow to be taken: its label beside the question, else its condition in words."""
    if len(gateway.outgoing) == 1 and not flow.condition:
        return ""
    if gateway.type == "parallelGateway":
        return words.pick(("同时", "at the same time"))
    label = (flow.name_en if words.language == "en" else flow.name) or flow.name
    question = (gateway.name_en if words.language == "en" else gateway.name) or gateway.name
    if not label:
        label = words.pick(("否则", "otherwise")) if flow.id == gateway.default or not flow.condition else condition(
            flow.condition, words)
    return f"{question} {label}" if question and "Gateway" in gateway.type else label


def _place(element: Element, numbers: Mapping[str, str], words: Vocabulary) -> str:
    name = element.words(words.language)
    if element.id in numbers:
        return f"{numbers[element.id]} {name}"
    if element.type == "endEvent":
        return words.pick((f"结束：{name}", f"end: {name}"))
    return name
