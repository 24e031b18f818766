"""How the flow nodes of a scope hang together: a start, an end, nothing unreachable, no loop that never stops."""

from collections.abc import Iterator

from engine.diagram.graph import Graph, cyclic, graphs, is_passive, reached
from engine.diagram.model import Element
from engine.diagram.sources import Source
from engine.errors import Problem

NO_ENTRY = ("startEvent", "boundaryEvent")


def problems(source: Source) -> Iterator[Problem]:
    """The structure of every scope of the executable processes."""
    for process in source.processes:
        for graph in graphs(process):
            yield from _ends(source, graph)
            yield from _dangling(source, graph)
            yield from _unreachable(source, graph)
            yield from _loops(source, graph)


def _ends(source: Source, graph: Graph) -> Iterator[Problem]:
    outer = graph.process.elements.get(graph.scope)
    if outer is None or not outer.is_event_sub_process:  # `event_rules` judges the start of an event sub-process
        yield from _beginning(source, graph, outer)
    if graph.nodes and not any(e.type == "endEvent" for e in graph.nodes.values()):
        yield source.problem("no_end", graph.scope)


def _beginning(source: Source, graph: Graph, outer: Element | None) -> Iterator[Problem]:
    """Without a start event all flow nodes that nothing leads to begin at once (BPMN 2.0 §10.4.2)."""
    plain = [name for name in graph.starts if (event := graph.nodes[name].event) and event.kind == "none"]
    if len(plain if outer is None else graph.starts) > 1:
        yield source.problem("several_starts", graph.scope, count=len(plain if outer is None else graph.starts))
    is_beside_others = outer is not None or any(process.elements for process in source.processes)
    if not graph.nodes and is_beside_others:
        yield source.problem("nothing_inside", graph.scope)
    elif not graph.starts:
        yield source.problem("no_start" if _roots(graph) else "no_beginning", graph.scope)


def has_no_entry(element: Element) -> bool:
    """Events and event sub-processes that no sequence flow may enter."""
    is_link = element.event is not None and element.event.kind == "link" and element.type == "intermediateCatchEvent"
    return element.type in NO_ENTRY or element.is_event_sub_process or is_link


def has_no_exit(element: Element) -> bool:
    """Flow nodes that no sequence flow may leave."""
    is_link = element.event is not None and element.event.kind == "link" and element.type == "intermediateThrowEvent"
    return element.type == "endEvent" or element.is_event_sub_process or is_link


def _dangling(source: Source, graph: Graph) -> Iterator[Problem]:
    has_end = any(e.type == "endEvent" for e in graph.nodes.values())
    for element in graph.nodes.values():
        if has_no_entry(element):
            yield from (source.problem("incoming_not_allowed", element.id, flow=flow) for flow in element.incoming)
        elif not element.incoming and graph.starts:
            yield source.problem("no_incoming", element.id)
        if has_no_exit(element):
            yield from (source.problem("outgoing_not_allowed", element.id, flow=flow) for flow in element.outgoing)
        elif not element.outgoing and has_end:
            yield source.problem("no_outgoing", element.id)


def _roots(graph: Graph) -> list[str]:
    """What stands without a way in: where a start event is needed it is reported itself, not everything after it."""
    return [name for name, e in graph.nodes.items() if not e.incoming and not graph.before[name] and not e.is_event_sub_process]


def _unreachable(source: Source, graph: Graph) -> Iterator[Problem]:
    seen = reached(graph.after, [*graph.starts, *_roots(graph)])
    for name, element in graph.nodes.items():
        if name not in seen and not element.is_event_sub_process:
            yield source.problem("unreachable", name)


def _loops(source: Source, graph: Graph) -> Iterator[Problem]:
    gateways = {name for name, e in graph.nodes.items() if is_passive(e) and (e.type.endswith("Gateway") or e.event)}
    endless = cyclic(graph, gateways)
    if endless:
        yield source.problem("gateway_loop", endless[0])
    idle = cyclic(graph, {name for name, e in graph.nodes.items() if is_passive(e)})
    if idle and not endless:
        yield source.problem("idle_loop", idle[0])
