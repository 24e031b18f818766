"""A scope of a process as workflow graphs: what joins, what splits, what ends, abstracted from data and time.

The mapping follows Dijkman, Dumas, Ouyang (2008), "Semantics and analysis of business process models in BPMN", Information
and Software Technology 50(12). Choices of ours: every scope is judged by itself, a sub-process or call activity is one step
of the scope around it (it ends normally or by a boundary event that can fire); a branch of a non-interrupting boundary event
that meets nothing of the main course is a graph of its own, because it may run as often as the event comes; event
sub-processes are graphs of their own and cure no fault of the scope that they guard; tokens that have nothing before them
but merges and plain ends have ended (implicit termination, Kiepuszewski, ter Hofstede, van der Aalst 2003).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from engine.diagram.graph import links, reached
from engine.diagram.model import Element, Process

Gate = Literal["xor", "and", "or"]
When = Literal["always", "condition", "default"]
BEGIN, START, NOWHERE = "/begin", "/start", "/nowhere"
GATES: dict[str, Gate] = {"parallelGateway": "and", "inclusiveGateway": "or"}
THROWERS = ("userTask", "serviceTask", "callActivity", "sendTask", "businessRuleTask", "receiveTask")
"""Activities that may end with an error of any code (a worker's or a person's answer)."""


@dataclass(slots=True)
class Node:
    """A place where tokens join and then split. `end`: `end` takes a token out, `clear` every token of the scope."""

    element: str
    join: Gate = "xor"
    split: Gate = "and"
    end: Literal["", "end", "clear"] = ""


@dataclass(slots=True)
class Arc:
    """A way for one token. `path`: the flows and elements that it stands for; `inside`: all that happens if it is taken.

    `works`: whether anything but passing happens on it. `when` says how a splitting `or` takes it.
    """

    source: str
    target: str
    path: tuple[str, ...] = ()
    when: When = "always"
    inside: set[str] = field(default_factory=set)
    works: bool = False


@dataclass(slots=True)
class WorkflowGraph:
    """Nodes by id and arcs by number; `ins` and `outs` have the numbers of a node's arcs in document order."""

    scope: str
    nodes: dict[str, Node] = field(default_factory=dict)
    arcs: dict[int, Arc] = field(default_factory=dict)
    ins: dict[str, list[int]] = field(default_factory=dict)
    outs: dict[str, list[int]] = field(default_factory=dict)
    elements: frozenset[str] = frozenset()
    made: int = 0

    def node(self, name: str, node: Node) -> None:
        """Add a node."""
        self.nodes[name], self.ins[name], self.outs[name] = node, [], []

    def arc(self, arc: Arc) -> int:
        """Add an arc between two nodes; its number."""
        number, self.made = self.made, self.made + 1
        self.arcs[number] = arc
        self.outs[arc.source].append(number)
        self.ins[arc.target].append(number)
        return number

    def remove(self, number: int) -> Arc:
        """Take an arc out."""
        arc = self.arcs.pop(number)
        self.outs[arc.source].remove(number)
        self.ins[arc.target].remove(number)
        return arc

    def leads(self, source: str, target: str) -> bool:
        """Whether a token that leaves `source` can come to `target`."""
        seen, todo = set[str](), [source]
        while todo:
            new = {self.arcs[number].target for number in self.outs[todo.pop()]} - seen
            seen |= new
            todo += new
        return target in seen


def workflow_graphs(process: Process) -> list[WorkflowGraph]:
    """The graphs of every scope of `process`: of what starts it, and of each event branch that stands by itself."""
    inner = [e.id for e in process.elements.values() if e.type == "subProcess"]
    return [graph for scope in (process.id, *inner) if process.inside(scope) for graph in _scope(process, scope)]


def _scope(process: Process, scope: str) -> Iterator[WorkflowGraph]:
    drawn = Scope(process, scope)
    todo, seen = [drawn.sources()], set[str]()
    while todo:
        gate, sources = todo.pop(0)
        course, branches = drawn.course(sources)
        yield Builder(drawn, course, branches).graph(gate, sources)
        apart = [e.id for name in sorted(course) for e in drawn.boundaries(name) if not e.is_interrupting]
        new = [name for name in apart if name not in branches and name not in course and name not in seen]
        seen.update(new)
        todo += [("xor", (name,)) for name in new]


def may_fire(process: Process, event: Element) -> bool:
    """Whether a boundary event can happen at all: an error or escalation needs something inside its host that throws it."""
    host = process.elements.get(event.attached_to or "")
    kind = event.event.kind if event.event else "none"
    if kind not in ("error", "escalation") or host is None or host.type != "subProcess":
        return True
    code = event.event.code if event.event else None
    return any(_throws(inner, kind, code) for inner in _within(process, host.id))


def _throws(element: Element, kind: str, code: str | None) -> bool:
    if element.type in (THROWERS if kind == "error" else ("callActivity",)):
        return True
    return _thrown(element, kind) and (code is None or (element.event is not None and element.event.code == code))


def _thrown(element: Element, kind: str) -> bool:
    is_thrower = element.type in ("endEvent", "intermediateThrowEvent")
    return is_thrower and element.event is not None and element.event.kind == kind


def _within(process: Process, scope: str) -> Iterator[Element]:
    for element in process.inside(scope):
        yield element
        if element.type == "subProcess":
            yield from _within(process, element.id)


def _is_cut_off(process: Process, element: Element) -> bool:
    """Whether throwing this escalation ends the scope: the nearest catcher interrupts (BPMN 2.0 §10.5.1)."""
    code, scope, thrower = (element.event.code if element.event else None), element.scope, element.scope
    while True:
        handlers = [process.starts(e.id) for e in process.inside(scope) if e.is_event_sub_process and e.id != thrower]
        caught = [*(s[0] for s in handlers if s), *process.boundary_events(scope)]
        fitting = [e for e in caught if e.event and e.event.kind == "escalation" and e.event.code in (code, None)]
        if fitting:
            return min(fitting, key=lambda e: (caught.index(e) >= len(handlers), e.event is None or e.event.code is None)
                       ).is_interrupting
        if scope not in process.elements:
            return False
        thrower, scope = scope, process.elements[scope].scope


class Scope:
    """The flow nodes that stand directly in one scope, and where tokens go from each."""

    def __init__(self, process: Process, scope: str) -> None:
        self.process, self.id = process, scope
        self.nodes = {e.id: e for e in process.inside(scope) if not e.is_event_sub_process}
        self.catching = links(self.nodes, "intermediateCatchEvent")
        self.hosted: dict[str, list[Element]] = {}
        for element in self.nodes.values():
            if element.type == "boundaryEvent" and element.attached_to and may_fire(process, element):
                self.hosted.setdefault(element.attached_to, []).append(element)
        self.tail = self._tail()

    def sources(self) -> tuple[Gate, tuple[str, ...]]:
        """The start events (one of them begins), or where there is none all that nothing leads to (together)."""
        starts = tuple(name for name, e in self.nodes.items() if e.type == "startEvent")
        links_in = {name for names in self.catching.values() for name in names}
        roots = (name for name, e in self.nodes.items()
                 if not e.incoming and e.type != "boundaryEvent" and name not in links_in)
        return ("xor", starts) if starts else ("and", tuple(roots))

    def boundaries(self, host: str) -> list[Element]:
        """The boundary events on `host` that can fire."""
        return self.hosted.get(host, [])

    def targets(self, name: str) -> list[str]:
        """Where a token goes from an element: its flows, or a link's other half."""
        element = self.nodes[name]
        if element.event and element.event.kind == "link" and element.type == "intermediateThrowEvent":
            return self.catching.get(element.event.name or "", [])[:1]
        if not self.completes(element):
            return []
        return [self.process.flows[f].target for f in element.outgoing if self.process.flows[f].target in self.nodes]

    def completes(self, element: Element) -> bool:
        """Whether an activity can end normally: not if all that a sub-process comes to is an error."""
        inside = [e for e in self.process.inside(element.id) if not e.outgoing] if element.type == "subProcess" else []
        return not inside or not all(_thrown(e, "error") for e in inside)

    def course(self, sources: Iterable[str]) -> tuple[set[str], set[str]]:
        """All that tokens from `sources` can come to, and the non-interrupting boundary events that belong to it."""
        course, branches = self._closure(sources), set[str]()
        while True:
            open_events = [e.id for name in sorted(course) for e in self.boundaries(name)
                           if not e.is_interrupting and e.id not in branches]
            met = next((b for b in open_events if b not in course and (self._closure([b]) & course) - self.tail), None)
            if met is None:
                return course, branches
            branches.add(met)
            course |= self._closure([met])

    def _closure(self, sources: Iterable[str]) -> set[str]:
        todo = list(sources)
        seen = set(todo)
        while todo:
            name = todo.pop()
            ways = [*self.targets(name), *(e.id for e in self.boundaries(name) if e.is_interrupting)]
            new = set(ways) - seen
            seen |= new
            todo += new
        return seen

    def _tail(self) -> set[str]:
        """Plain ends, and the exclusive gateways and empty throw events after which there are only such."""
        tail = {name for name, e in self.nodes.items() if e.type == "endEvent" and not self.clears(e)}
        while True:
            more = {name for name, e in self.nodes.items() if name not in tail and self._passes(e)
                    and e.outgoing and all(t in tail for t in self.targets(name)) and self.targets(name)}
            if not more:
                return tail
            tail |= more

    def clears(self, element: Element) -> bool:
        """Whether a token that comes here ends all others of the scope."""
        kind = element.event.kind if element.event else "none"
        if kind == "escalation" and element.type in ("endEvent", "intermediateThrowEvent"):
            return _is_cut_off(self.process, element)
        return element.type == "endEvent" and kind in ("terminate", "error")

    @staticmethod
    def _passes(element: Element) -> bool:
        is_empty = element.type == "intermediateThrowEvent" and (element.event is None or element.event.kind == "none")
        return is_empty or element.type == "exclusiveGateway"


class Builder:
    """One graph: the course of tokens from its sources."""

    def __init__(self, drawn: Scope, course: set[str], branches: set[str]) -> None:
        self.drawn, self.course, self.branches = drawn, course, branches
        self.made = WorkflowGraph(drawn.id, elements=frozenset(course))

    def graph(self, gate: Gate, sources: tuple[str, ...]) -> WorkflowGraph:
        """The graph that begins with one (`xor`) or all (`and`) of the sources."""
        for name, node in ((BEGIN, Node("")), (START, Node("", split=gate)), (NOWHERE, Node(""))):
            self.made.node(name, node)
        names = [name for name in self.drawn.nodes if name in self.course]
        for name in names:
            self._nodes(self.drawn.nodes[name])
        self.made.arc(Arc(BEGIN, START))
        for name in sources:
            self.made.arc(Arc(START, name))
        for name in names:
            self._arcs(self.drawn.nodes[name])
        self._nowhere()
        tail = self.drawn.tail
        after = {name: tuple(t for t in self.drawn.targets(name) if t in tail) for name in tail}
        for arc in self.made.arcs.values():
            if arc.target in tail:
                arc.inside |= reached(after, [arc.target])
        return self.made

    def _nodes(self, element: Element) -> None:
        name = element.id
        join = GATES.get(element.type, "xor")
        if name in self.drawn.tail:
            self.made.node(name, Node(name, join, end="end"))
        elif self.drawn.clears(element):
            self.made.node(name, Node(name, join, end="clear"))
        else:
            self.made.node(name, Node(name, join, "or"))
            self.made.node(f"{name}/work", Node(name, split="xor"))
            self.made.node(f"{name}/out", Node(name, split=self._split(element)))
            self.made.node(f"{name}/end", Node(name, end="end"))

    def _split(self, element: Element) -> Gate:
        if element.type in ("exclusiveGateway", "eventBasedGateway"):
            return "xor"
        has_conditions = any(self.drawn.process.flows[f].condition for f in element.outgoing)
        return "or" if element.type == "inclusiveGateway" or (has_conditions and len(element.outgoing) > 1) else "and"

    def _arcs(self, element: Element) -> None:
        name = element.id
        if self.made.nodes[name].end:
            return
        events = self.drawn.boundaries(name)
        self.made.arc(Arc(name, f"{name}/work"))
        for event in events:
            if event.is_interrupting:
                self.made.arc(Arc(f"{name}/work", event.id))
            elif event.id in self.branches:
                self.made.arc(Arc(name, event.id, when="condition"))
        targets = self.drawn.targets(name)
        if targets or self.drawn.completes(element):
            self.made.arc(Arc(f"{name}/work", f"{name}/out"))
        if not targets:
            self.made.arc(Arc(f"{name}/out", f"{name}/end"))
        if targets and not element.outgoing:
            self.made.arc(Arc(f"{name}/out", targets[0]))
        for flow in element.outgoing:
            self._flow(element, flow)

    def _flow(self, element: Element, flow: str) -> None:
        row = self.drawn.process.flows[flow]
        if row.target in self.course and self.drawn.completes(element):
            when: When = "default" if element.default == flow else "condition" if row.condition else "always"
            self.made.arc(Arc(f"{element.id}/out", row.target, (flow,), when))

    def _nowhere(self) -> None:
        """A join also waits for the flows through which nothing can come."""
        taken = {arc.path[0] for arc in self.made.arcs.values() if arc.path}
        for name in self.course:
            if self.made.nodes[name].join == "and":
                for flow in self.drawn.nodes[name].incoming:
                    if flow not in taken:
                        self.made.arc(Arc(NOWHERE, name, (flow,)))
