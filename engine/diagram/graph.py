"""One scope as a graph: where a token can go from each flow node. No recursion, so a long diagram is no problem."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from engine.diagram.model import Element, Process

Edges = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Graph:
    """The flow nodes of a scope by id, and the ids that follow and precede each: flows, boundary events, links."""

    process: Process
    scope: str
    nodes: Mapping[str, Element]
    after: Edges
    before: Edges

    @property
    def starts(self) -> list[str]:
        """The start events of the scope."""
        return [name for name, e in self.nodes.items() if e.type == "startEvent"]


def graphs(process: Process) -> list[Graph]:
    """The graph of the process, and of each of its sub-processes, outer before inner."""
    scopes: dict[str, dict[str, Element]] = {process.id: {}}
    scopes |= {e.id: {} for e in process.elements.values() if e.type == "subProcess"}
    for element in process.elements.values():
        scopes.setdefault(element.scope, {})[element.id] = element
    return [_graph(process, scope, nodes) for scope, nodes in scopes.items()]


def _graph(process: Process, scope: str, nodes: Mapping[str, Element]) -> Graph:
    """The graph of one scope; a flow that leaves the scope is left out."""
    after: dict[str, list[str]] = {name: [] for name in nodes}
    before: dict[str, list[str]] = {name: [] for name in nodes}
    for source, target in _edges(process, nodes):
        if source in nodes and target in nodes:
            after[source].append(target)
            before[target].append(source)
    return Graph(process, scope, nodes, _frozen(after), _frozen(before))


def reached(edges: Edges, start: Iterable[str]) -> set[str]:
    """Every node that can be reached along `edges`, the starting ones included."""
    todo = list(start)
    seen = set(todo)
    while todo:
        new = set(edges[todo.pop()]) - seen
        seen |= new
        todo.extend(new)
    return seen


def cyclic(graph: Graph, allowed: set[str]) -> list[str]:
    """The nodes among `allowed` that stand on (or between) loops of `allowed` nodes only, in document order."""
    left = set(allowed)
    for outward, inward in ((graph.after, graph.before), (graph.before, graph.after)):
        open_ways = {name: sum(other in left for other in outward[name]) for name in left}
        todo = [name for name, count in open_ways.items() if not count]
        while todo:
            name = todo.pop()
            left.discard(name)
            for other in left.intersection(inward[name]):
                open_ways[other] -= 1
                if not open_ways[other]:
                    todo.append(other)
    return [name for name in graph.nodes if name in left]


def links(nodes: Mapping[str, Element], kind: str) -> dict[str, list[str]]:
    """Link name → ids of the throwing or catching (`intermediateThrowEvent`, `intermediateCatchEvent`) link events."""
    found: dict[str, list[str]] = {}
    for element in nodes.values():
        if element.type == kind and element.event and element.event.kind == "link":
            found.setdefault(element.event.name or "", []).append(element.id)
    return found


def _edges(process: Process, nodes: Mapping[str, Element]) -> Iterator[tuple[str, str]]:
    for element in nodes.values():
        for flow in element.outgoing:
            yield element.id, process.flows[flow].target
        if element.attached_to:
            yield element.attached_to, element.id
    throwing, catching = links(nodes, "intermediateThrowEvent"), links(nodes, "intermediateCatchEvent")
    for name, sources in throwing.items():
        yield from ((source, target) for source in sources for target in catching.get(name, ())[:1])


def _frozen(edges: Mapping[str, list[str]]) -> Edges:
    return {name: tuple(dict.fromkeys(others)) for name, others in edges.items()}


def waits(element: Element) -> bool:
    """Whether a token that enters stays there until something happens outside."""
    if element.type == "intermediateCatchEvent":
        return element.event is not None and element.event.kind in ("timer", "message")
    return element.type in ("userTask", "serviceTask", "receiveTask", "eventBasedGateway")


def is_passive(element: Element) -> bool:
    """Whether a token passes at once and nothing changes: plain tasks, throwing nothing, gateways, links."""
    if element.type in ("task", "manualTask", "exclusiveGateway", "inclusiveGateway", "parallelGateway"):
        return True
    return element.event is not None and element.event.kind in ("none", "link") and element.type != "startEvent"
