"""Event definitions of a BPMN file as `EventDefinition` rows."""

import re
from collections.abc import Mapping
from typing import Literal

from engine.diagram.model import EventDefinition
from engine.diagram.names import Node, child, children, is_true, local, properties, reference, text

EVENT_TAGS = ("startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent")
MESSAGE_TASKS = ("sendTask", "receiveTask")
_SUFFIX = "EventDefinition"
_TIMERS: dict[str, Literal["date", "duration", "cycle"]] = {
    "timeDate": "date", "timeDuration": "duration", "timeCycle": "cycle",
}
_FEEL_LANGUAGES = re.compile(r"feel|https?://www\.omg\.org/spec/(DMN/\d+/)?FEEL/?(\d+/?)?", re.IGNORECASE)


def is_feel(node: Node) -> bool:
    """Whether an expression is marked as FEEL, by `language` or by a leading `=`."""
    return _FEEL_LANGUAGES.fullmatch(node.get("language", "").strip()) is not None or text(node).startswith("=")


def condition_text(node: Node | None) -> str | None:
    """The FEEL of a condition without its mark; None where there is no condition."""
    return text(node).removeprefix("=").strip() if node is not None else None


def value_text(node: Node | None) -> str | None:
    """A value elsewhere than in a condition: a literal, `${name}` or `= FEEL`; `language="feel"` becomes `= …`."""
    if node is None:
        return None
    return f"= {condition_text(node)}" if is_feel(node) else text(node)


def correlation_keys(written: str) -> dict[str, str]:
    """The property `correlation`: `key = value` separated by `;`. A key alone stands for the variable of its name.

    >>> correlation_keys("serial; order = ${order_number}")
    {'serial': '${serial}', 'order': '${order_number}'}
    """
    pairs = (part.partition("=") for part in written.split(";") if part.strip())
    return {key.strip(): value.strip() or f"${{{key.strip()}}}" for key, _, value in pairs}


def definitions(node: Node) -> list[Node]:
    """The event definitions that stand in an event."""
    return [c for c in children(node) if local(c).endswith(_SUFFIX)]


def kind_of(definition: Node) -> str:
    """`timer` of a `timerEventDefinition`; compensation is called `compensation`."""
    kind = local(definition).removesuffix(_SUFFIX)
    return "compensation" if kind == "compensate" else kind


def event_of(node: Node, roots: Mapping[str, Node]) -> EventDefinition | None:
    """What the event or message task waits for or throws; `roots` has the file's messages, errors … by id.

    Several definitions give the kind `multiple`, which is not executed.
    """
    if local(node) in MESSAGE_TASKS:
        return _message(node, node, roots) if node.get("messageRef") else None
    if local(node) not in EVENT_TAGS:
        return None
    found = definitions(node)
    if len(found) != 1:
        return EventDefinition("multiple" if found or children(node, "eventDefinitionRef") else "none")
    return _single(node, found[0], roots)


def _single(node: Node, definition: Node, roots: Mapping[str, Node]) -> EventDefinition:
    kind = kind_of(definition)
    if kind == "timer":
        return _timer(definition)
    if kind == "message":
        return _message(node, definition, roots)
    target = roots.get(reference(definition.get(f"{kind}Ref")) or "")
    if kind in ("error", "escalation"):
        code = target.get(f"{kind}Code") or None if target is not None else None
        return EventDefinition(kind, name=target.get("name") if target is not None else None, code=code, name_en=_english(target))
    if kind == "signal":
        return EventDefinition(kind, name=target.get("name") if target is not None else None, name_en=_english(target))
    return EventDefinition(kind, name=definition.get("name"))


def _timer(definition: Node) -> EventDefinition:
    for tag, kind in _TIMERS.items():
        written = child(definition, tag)
        if written is not None:
            return EventDefinition("timer", timer=kind, text=value_text(written))
    return EventDefinition("timer")


def _message(node: Node, definition: Node, roots: Mapping[str, Node]) -> EventDefinition:
    message = roots.get(reference(definition.get("messageRef")) or "")
    name = message.get("name") if message is not None else None
    return EventDefinition("message", name=name, name_en=_english(message),
                           correlation=correlation_keys(properties(node).get("correlation", "")))


def _english(root: Node | None) -> str:
    """The English name of a message, error, escalation or signal: its property `name_en`."""
    return properties(root).get("name_en", "") if root is not None else ""


def is_interrupting(node: Node) -> bool:
    """Whether a boundary event, or the start of an event sub-process, ends what it is attached to."""
    name = "cancelActivity" if local(node) == "boundaryEvent" else "isInterrupting"
    return is_true(node.get(name), absent=True)
