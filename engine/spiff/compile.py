"""The rows of a bundle's processes → SpiffWorkflow specifications. Done once a bundle; all its cases share the result."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from engine.diagram.model import Element, EventDefinition, Flow, Process
from engine.errors import InvalidValue
from engine.spiff import elements, joins, scopes
from engine.spiff.node import FlowNode, Outgoing, Scopes, ScopeSpec

Factory = Callable[[ScopeSpec, str, Element], FlowNode]

FACTORIES: Mapping[str, Factory] = MappingProxyType({
    "task": elements.PlainTask,
    "manualTask": elements.PlainTask,
    "userTask": elements.UserTask,
    "serviceTask": elements.Job,
    "scriptTask": elements.ScriptTask,
    "businessRuleTask": elements.BusinessRuleTask,
    "sendTask": elements.SendTask,
    "receiveTask": elements.ReceiveTask,
    "startEvent": elements.StartEvent,
    "endEvent": elements.EndEvent,
    "intermediateCatchEvent": elements.CatchEvent,
    "intermediateThrowEvent": elements.ThrowEvent,
    "boundaryEvent": elements.BoundaryEvent,
    "exclusiveGateway": joins.ExclusiveGateway,
    "parallelGateway": joins.ParallelGateway,
    "inclusiveGateway": joins.InclusiveGateway,
    "eventBasedGateway": joins.EventBasedGateway,
    "subProcess": scopes.SubProcess,
    "callActivity": scopes.CallActivity,
})
"""BPMN element type → what runs it."""

UNCONDITIONAL = ("parallelGateway", "eventBasedGateway")
"""Gateways whose flows have no conditions (BPMN 2.0 §10.6.4, §10.6.6)."""


@dataclass(frozen=True, slots=True)
class Spec:
    """A bundle, ready to run. Never changed after `compile_processes`."""

    processes: Mapping[str, Process]
    scopes: Scopes


def compile_processes(processes: Mapping[str, Process]) -> Spec:
    """The specification of all processes of a bundle, by key (which is the process's id).

    Raises `InvalidValue` (`field`, `value`, `element`) for what a deployment's checks refuse with better words.
    """
    found: dict[str, ScopeSpec] = {}
    for process in processes.values():
        found.update(_process(process))
    return Spec(MappingProxyType(dict(processes)), MappingProxyType(found))


def _process(process: Process) -> dict[str, ScopeSpec]:
    inside: dict[str, list[Element]] = defaultdict(list)
    for element in process.elements.values():
        inside[element.scope].append(element)
    outer = {e.id for e in process.elements.values() if e.type == "subProcess"}
    names = {process.id: process.id} | {scope: f"{process.id}/{scope}" for scope in outer}
    specs = {name: _scope(name, process, inside[scope]) for scope, name in names.items()}
    for spec in specs.values():
        _prepare_event_sub_processes(spec, specs)
    return specs


def _scope(name: str, process: Process, inside: list[Element]) -> ScopeSpec:
    spec = ScopeSpec(name, process.id)
    for element in inside:
        _node(spec, element)
    links = {e.event.name: e.id for e in inside if e.type == "intermediateCatchEvent" and _kind(e) == "link" and e.event}
    for element in inside:
        _connect(spec, element, process, links)
    spec.entries = _entries(name, inside)
    spec.event_sub_processes = tuple(e.id for e in inside if e.is_event_sub_process)
    _prepare_inclusive_joins(spec)
    return spec


def _kind(element: Element) -> str:
    return element.event.kind if element.event else "none"


def _node(spec: ScopeSpec, element: Element) -> None:
    factory = _factory(element)
    if element.loop is None:
        factory(spec, element.id, element)
    else:
        scopes.MultiInstance(spec, element.id, element, child=factory(spec, f"{element.id}#", element))


def _factory(element: Element) -> Factory:
    if element.is_event_sub_process:
        return scopes.EventSubProcess
    if element.type not in FACTORIES:
        raise InvalidValue(field="type", value=element.type, element=element.id)
    is_external = element.attributes.get("type") == "external" or "topic" in element.attributes
    if is_external and element.type in ("sendTask", "businessRuleTask"):
        return elements.Job
    return FACTORIES[element.type]


def _connect(spec: ScopeSpec, element: Element, process: Process, links: Mapping[str | None, str]) -> None:
    node = spec.task_specs[element.id]
    node.incoming = element.incoming
    node.flows = tuple(_outgoing(element, process.flows[f], spec) for f in element.outgoing)
    if element.type == "intermediateThrowEvent" and _kind(element) == "link" and element.event:
        node.flows = (_link(element, element.event, links),)
    if element.type == "boundaryEvent":
        if element.attached_to not in spec.task_specs:
            raise InvalidValue(field="attachedToRef", value=element.attached_to, element=element.id)
        spec.task_specs[element.attached_to].boundary += (element.id,)


def _outgoing(source: Element, flow: Flow, spec: ScopeSpec) -> Outgoing:
    if flow.target not in spec.task_specs:
        raise InvalidValue(field="targetRef", value=flow.target, element=flow.id)
    has_conditions = source.type not in UNCONDITIONAL
    is_default = has_conditions and flow.id == source.default
    return Outgoing(flow.id, flow.target, has_conditions and flow.condition is not None and not is_default, is_default)


def _link(element: Element, event: EventDefinition, links: Mapping[str | None, str]) -> Outgoing:
    if event.name not in links:
        raise InvalidValue(field="link", value=event.name, element=element.id)
    return Outgoing("", links[event.name], is_conditional=False, is_default=False)


def _entries(name: str, inside: Iterable[Element]) -> tuple[str, ...]:
    """Where a scope begins: its start event without definition, else every element nothing leads to (BPMN 2.0 §13.2)."""
    starts = [e for e in inside if e.type == "startEvent"]
    if not starts:
        return tuple(e.id for e in inside if _is_unreached(e))
    plain = tuple(e.id for e in starts if _kind(e) == "none")
    if len(plain) > 1:
        raise InvalidValue(field="startEvent", value=plain, element=name)
    return plain


def _is_unreached(element: Element) -> bool:
    is_link = element.type == "intermediateCatchEvent" and _kind(element) == "link"
    return not (element.incoming or element.attached_to or element.is_event_sub_process or is_link)


def _prepare_event_sub_processes(spec: ScopeSpec, specs: Mapping[str, ScopeSpec]) -> None:
    """An event sub-process listens with the definition of its one start event, and begins there."""
    for name in spec.event_sub_processes:
        node = spec.task_specs[name]
        inner = specs[f"{spec.process}/{name}"]
        starts = [n.element for n in inner.task_specs.values() if n.element.type == "startEvent"]
        if len(starts) != 1 or starts[0].event is None or not isinstance(node, scopes.EventSubProcess):
            raise InvalidValue(field="startEvent", value=len(starts), element=name)
        node.start, node.definition = starts[0], starts[0].event
        node.is_interrupting = starts[0].is_interrupting or node.definition.kind == "error"
        inner.entries = (node.start.id,)


def _prepare_inclusive_joins(spec: ScopeSpec) -> None:
    sources = came_from(spec)
    for node in spec.task_specs.values():
        if isinstance(node, joins.InclusiveGateway):
            node.reach = reach(spec, node, sources)
            spec.has_inclusive_joins |= len(node.incoming) > 1


def came_from(spec: ScopeSpec) -> Mapping[str, list[tuple[str, str]]]:
    """For each element the (flow, source) pairs that lead to it; a boundary event is reached from its host."""
    sources: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for node in spec.task_specs.values():
        for flow in node.flows:
            sources[flow.target].append((flow.id, node.name))
        for event in node.boundary:
            sources[event].append(("", node.name))
    return sources


def reach(
    spec: ScopeSpec, join: FlowNode, sources: Mapping[str, list[tuple[str, str]]],
) -> dict[str, frozenset[str]]:
    """Element → the incoming flows of `join` that a token there can come through without passing `join` before."""
    found: dict[str, set[str]] = {name: set() for name in spec.task_specs}
    for flow, source in sources.get(join.name, []):
        todo, seen = [source], {join.name} - {source}
        while todo:
            name = todo.pop()
            if name not in seen:
                seen.add(name)
                found[name].add(flow)
                todo += [] if name == join.name else [s for _, s in sources.get(name, [])]
    return {name: frozenset(flows) for name, flows in found.items()}
