"""Where which event may stand, and what it needs (BPMN 2.0 §10.4, tables 10.84–10.90)."""

from collections.abc import Iterator

from engine.diagram.graph import graphs, links
from engine.diagram.model import Element, EventDefinition, Process
from engine.diagram.names import local
from engine.diagram.sources import Known, Source
from engine.diagram.supported import EXECUTED_EVENTS, KINDS, TASKS
from engine.errors import Problem

ALLOWED = {
    "startEvent": ("none", "timer", "message"),
    "endEvent": ("none", "message", "error", "escalation", "terminate"),
    "intermediateThrowEvent": ("none", "message", "escalation", "link"),
    "intermediateCatchEvent": ("timer", "message", "link"),
    "boundaryEvent": ("timer", "message", "error", "escalation"),
}
IN_SUB_PROCESS, IN_EVENT_SUB_PROCESS = ("none",), ("timer", "message", "error", "escalation")
HOSTS = (*TASKS, "subProcess", "callActivity", "transaction", "adHocSubProcess")
AT_ONCE = ("task", "manualTask", "scriptTask", "businessRuleTask", "sendTask")
THROWING = ("endEvent", "intermediateThrowEvent")


def problems(source: Source, known: Known) -> Iterator[Problem]:
    """Events of a kind or in a place that BPMN does not have, and events that lack what they need."""
    for process in source.processes:
        for element in process.elements.values():
            if element.event and element.type in ALLOWED:
                yield from _kind(source, process, element)
            yield from _message(source, element)
            if element.type == "boundaryEvent":
                yield from _boundary(source, process, element)
            if element.is_event_sub_process:
                yield from _event_sub_process(source, process, element)
            if element.type == "eventBasedGateway":
                yield from _event_gateway(source, process, element)
        yield from _thrown(source, process, known)
        yield from _links(source, process)


def _kind(source: Source, process: Process, element: Element) -> Iterator[Problem]:
    kind = element.event.kind if element.event else "none"
    allowed = _allowed(process, element)
    is_counted = element.type == "startEvent" and kind == "none"  # `_event_sub_process` reports it
    if kind in EXECUTED_EVENTS and kind not in allowed and not is_counted:
        facts = {"tag": element.type, "kind": kind, "kind_zh": KINDS[kind], "choices": ", ".join(allowed)}
        yield source.problem("event_kind", element.id, **facts)
    is_start_or_boundary = element.type in ("startEvent", "boundaryEvent")
    if kind == "error" and is_start_or_boundary and not element.is_interrupting:
        yield source.problem("error_must_interrupt", element.id)


def _allowed(process: Process, element: Element) -> tuple[str, ...]:
    scope = process.elements.get(element.scope)
    if element.type != "startEvent" or scope is None:
        return ALLOWED[element.type]
    return IN_EVENT_SUB_PROCESS if scope.is_event_sub_process else IN_SUB_PROCESS


def _thrown(source: Source, process: Process, known: Known) -> Iterator[Problem]:
    judged: dict[tuple[str, str, str], bool] = {}
    for element in process.elements.values():
        event = element.event
        if event is None or element.type not in THROWING or event.kind not in ("error", "escalation"):
            continue
        facts = {"kind": event.kind, "kind_zh": KINDS[event.kind]}
        if not event.code:
            yield source.problem("code_missing", element.id, **facts)
            continue
        key = (element.scope, event.kind, event.code)
        if key not in judged:
            judged[key] = _is_caught(process, element.scope, event) or _caller_catches(process, event, known)
        if not judged[key]:
            yield source.problem("error_not_caught", element.id, **facts, code_thrown=event.code)


def _is_caught(process: Process, scope: str | None, event: EventDefinition) -> bool:
    """By an event sub-process of a scope from `scope` outwards, or a boundary event on one of them."""
    catchers = _catchers(process)
    while scope:
        if any(c.kind == event.kind and c.code in (None, event.code) for c in catchers.get(scope, ())):
            return True
        scope = process.elements[scope].scope if scope in process.elements else None
    return False


def _catchers(process: Process) -> dict[str, list[EventDefinition]]:
    """What is caught around a scope or activity, by its id."""
    found: dict[str, list[EventDefinition]] = {}
    for element in process.elements.values():
        scope = process.elements.get(element.scope)
        if element.event and element.type == "boundaryEvent":
            found.setdefault(element.attached_to or "", []).append(element.event)
        elif element.event and element.type == "startEvent" and scope and scope.is_event_sub_process:
            found.setdefault(scope.scope, []).append(element.event)
    return found


def _caller_catches(process: Process, event: EventDefinition, known: Known) -> bool:
    """Whether one of the known processes that call this one, directly or over others, catches it."""
    processes = [p for d in known.processes.values() if d for p in d.processes.values()]
    callers = [(p, e) for p in processes for e in p.elements.values() if e.called]
    todo, seen = [process.id], {process.id}
    while todo:
        called = todo.pop()
        for caller, call in callers:
            if call.called == called and _is_caught(caller, call.id, event):
                return True
            if call.called == called and caller.id not in seen:
                seen.add(caller.id)
                todo.append(caller.id)
    return False


def _message(source: Source, element: Element) -> Iterator[Problem]:
    is_message = element.event is not None and element.event.kind == "message"
    if element.type == "sendTask" or not (is_message or element.type == "receiveTask"):
        return
    name = element.event.name if element.event else None
    if not name:
        yield source.problem("message_missing", element.id, "messageRef")
    elif "${" in name and element.type not in THROWING:
        yield source.problem("message_name_computed", element.id, "messageRef", found=name)


def _boundary(source: Source, process: Process, element: Element) -> Iterator[Problem]:
    host = process.elements.get(element.attached_to or "")
    if host is None:
        return
    if host.type not in HOSTS or host.is_event_sub_process:
        found = "event sub-process" if host.is_event_sub_process else local(source.node(host))
        yield source.problem("boundary_host", element.id, "attachedToRef", host=host.id, found=found)
    elif host.type in AT_ONCE and not host.loop and element.event and element.event.kind != "error":
        yield source.problem("boundary_never_fires", element.id, "attachedToRef", host=host.id)


def _event_sub_process(source: Source, process: Process, element: Element) -> Iterator[Problem]:
    starts = process.starts(element.id)
    triggered = [s for s in starts if s.event and s.event.kind != "none"]
    if len(starts) != 1 or len(triggered) != 1:
        yield source.problem("event_sub_process_start", element.id, count=len(triggered))


def _event_gateway(source: Source, process: Process, element: Element) -> Iterator[Problem]:
    if len(element.outgoing) < 2:
        yield source.problem("event_gateway_few", element.id, count=len(element.outgoing))
    for flow in process.following(element.id):
        target = process.elements.get(flow.target)
        is_event = target is not None and target.event is not None and target.event.kind in ("timer", "message")
        is_catching = target is not None and target.type in ("intermediateCatchEvent", "receiveTask")
        if target is not None and not (is_event and is_catching and len(target.incoming) == 1):
            yield source.problem("event_gateway_target", element.id, target=target.id)


def _links(source: Source, process: Process) -> Iterator[Problem]:
    for graph in graphs(process):
        throwing, catching = links(graph.nodes, "intermediateThrowEvent"), links(graph.nodes, "intermediateCatchEvent")
        for link, names in throwing.items():
            if link not in catching:
                yield from (source.problem("link_target_missing", name, link=link) for name in names)
        for link, names in catching.items():
            yield from (source.problem("link_target_twice", name, link=link) for name in names[1:])
            if link not in throwing:
                yield from (source.problem("no_incoming", name) for name in names)
