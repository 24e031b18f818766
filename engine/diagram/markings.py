"""The moves of BPMN 2.0's token game (§13) between markings of a whole process, abstracted from data and time.

Every answer of a decision is possible, messages and timers may come at any time, a call activity is one step that may end
normally or by any event on it, a multi-instance activity is one step that hides what happens inside.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, combinations

from engine.diagram.graph import links
from engine.diagram.model import Element, Process
from engine.diagram.supported import TASKS

Marking = tuple[str, ...]
"""Sorted: an element's id for each token at it (a sub-process: that it runs), a flow's id for each that waits for a join."""
MOST_MARKINGS = 4_000
JOINS = ("parallelGateway", "inclusiveGateway")
SEEN = frozenset((*TASKS, "callActivity", "boundaryEvent"))


class Game:
    """The moves of one process."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.scope_of = {e.id: e.scope for e in process.elements.values()} | {f.id: f.scope for f in process.flows.values()}
        self.hosted = {e.id: e for e in process.elements.values() if e.type == "boundaryEvent"}
        self.reach: dict[str, dict[str, frozenset[str]]] = {}

    def is_seen(self, element: Element) -> bool:
        """Whether happening of this element is a step that people see: activities and events from outside."""
        if element.type == "startEvent":
            scope = self.process.elements.get(element.scope)
            return scope is not None and scope.is_event_sub_process
        if element.type == "intermediateCatchEvent":
            return element.event is not None and element.event.kind != "link"
        return element.type in SEEN or (element.type == "subProcess" and element.loop is not None)

    def start(self) -> list[Marking]:
        """The markings that a case can begin with."""
        return self._begin(self.process.id)

    # ------------------------------------------------------------ steps that are seen

    def happen(self, marking: Marking, name: str) -> Iterator[Marking]:
        """The markings after activity or event `name` has happened; none if it cannot now."""
        element = self.process.elements[name]
        if element.type == "boundaryEvent":
            yield from self._fire(marking, element, str(element.attached_to))
        elif element.type == "startEvent":
            yield from self._trigger(marking, element)
        elif name in marking:
            yield from self._leave(_without(marking, name), element)

    def _fire(self, marking: Marking, event: Element, host: str) -> Iterator[Marking]:
        if host in marking:
            rest = _without(self._emptied(marking, host), host) if event.is_interrupting else marking
            yield from self._leave(rest, event)

    def _trigger(self, marking: Marking, start: Element) -> Iterator[Marking]:
        """The start of an event sub-process, which listens as long as its scope runs."""
        handler = self.process.elements[start.scope]
        is_running = handler.scope in marking if handler.scope in self.process.elements else bool(marking)
        if is_running:
            rest = self._emptied(marking, handler.scope) if start.is_interrupting else marking
            yield from self._leave(_with(rest, handler.id), start)

    # ------------------------------------------------------------ steps of their own accord

    def settled(self, markings: Iterable[Marking], most: int = MOST_MARKINGS) -> set[Marking] | None:
        """All markings that come by silent steps until every token waits for something seen; None: more than `most`."""
        todo, seen, found = list(markings), set[Marking](), set[Marking]()
        while todo:
            marking = todo.pop()
            if marking in seen:
                continue
            seen.add(marking)
            if len(seen) > most:
                return None
            must = self._at_once(marking)
            if must is None:
                found.add(marking)
                todo += self._perhaps(marking)
            else:
                todo += must
        return found

    def _at_once(self, marking: Marking) -> list[Marking] | None:
        """What follows from the first token that nothing holds; its moves take nothing from the others'. None: all wait."""
        for name in dict.fromkeys(marking):
            element = self.process.elements.get(name)
            if element is None:
                join = self.process.elements[self.process.flows[name].target]
                if join.type == "parallelGateway" and set(join.incoming) <= set(marking):
                    return list(self._leave(_without(marking, *join.incoming), join))
            elif not self.is_seen(element) and element.type != "subProcess" and not self._is_error(element):
                return list(self._pass(marking, element))
        return None

    def _pass(self, marking: Marking, element: Element) -> Iterator[Marking]:
        rest = _without(marking, element.id)
        kind = element.event.kind if element.event else "none"
        if kind == "terminate":
            yield self._emptied(rest, element.scope)
        elif kind == "link" and element.type == "intermediateThrowEvent":
            caught = links({e.id: e for e in self.process.inside(element.scope)}, "intermediateCatchEvent")
            for target in caught.get((element.event and element.event.name) or "", [])[:1]:
                yield _with(rest, target)
        else:
            yield from self._leave(rest, element)

    @staticmethod
    def _is_error(element: Element) -> bool:
        return element.type == "endEvent" and element.event is not None and element.event.kind == "error"

    def _perhaps(self, marking: Marking) -> Iterator[Marking]:
        """Ends of sub-processes, inclusive joins and errors that leave the process: other steps may come before them."""
        for name in dict.fromkeys(marking):
            element = self.process.elements.get(name)
            if element is None:
                yield from self._inclusive(marking, self.process.elements[self.process.flows[name].target])
            elif element.type == "subProcess" and element.loop is None and self._emptied(marking, name) == marking:
                rest = _without(marking, name)
                yield from [rest] if element.is_event_sub_process else self._leave(rest, element)
            elif self._is_error(element) and not self._is_caught(element):
                yield ()

    def _inclusive(self, marking: Marking, join: Element) -> Iterator[Marking]:
        filled = {flow for flow in join.incoming if flow in marking}
        others = (name for name in marking if name not in filled)
        if join.type == "inclusiveGateway" and not any(self._is_awaited(name, join, filled) for name in others):
            yield from self._leave(_without(marking, *sorted(filled)), join)

    def _is_awaited(self, name: str, join: Element, filled: set[str]) -> bool:
        """BPMN 2.0 table 13.3: a token reaches an empty flow, and no filled one."""
        if join.id not in self.reach:
            self.reach[join.id] = self._reaching(join)
        reach = self.reach[join.id]
        flow = self.process.flows.get(name)
        can = reach.get(flow.target if flow else name, frozenset())
        return bool(can - filled) and not can & filled

    def _reaching(self, join: Element) -> dict[str, frozenset[str]]:
        """Element → the flows into the join that a token at it, or in it, can come by without passing the join."""
        found: dict[str, set[str]] = {}
        for flow in join.incoming:
            todo, seen = [self.process.flows[flow].source], {join.id}
            while todo:
                name = todo.pop()
                if name not in seen and name in self.process.elements:
                    seen.add(name)
                    found.setdefault(name, set()).add(flow)
                    element = self.process.elements[name]
                    todo += [self.process.flows[f].source for f in element.incoming]
                    todo += [element.attached_to] if element.attached_to else []
        return {name: frozenset(flows) for name, flows in found.items()}

    def _is_caught(self, thrower: Element) -> bool:
        """Whether an event of this process catches the error; then that event, which is seen, takes the scope over."""
        code, scope = (thrower.event.code if thrower.event else None), thrower.scope
        while True:
            handlers = [s for e in self.process.inside(scope) if e.is_event_sub_process for s in self.process.starts(e.id)]
            for event in (*handlers, *self.process.boundary_events(scope)):
                if event.event and event.event.kind == "error" and event.event.code in (code, None):
                    return True
            if scope not in self.process.elements:
                return False
            scope = self.process.elements[scope].scope

    # ------------------------------------------------------------ where tokens go

    def _leave(self, rest: Marking, element: Element) -> Iterator[Marking]:
        for flows in self._outcomes(element):
            yield from self._arrive([rest], flows)

    def _arrive(self, markings: list[Marking], flows: Sequence[str]) -> list[Marking]:
        for name in flows:
            target = self.process.elements[self.process.flows[name].target]
            if target.type in JOINS and len(target.incoming) > 1:
                markings = [_with(m, name) for m in markings]
            elif target.type == "subProcess" and target.loop is None:
                markings = [_with(m, target.id, *inner) for m in markings for inner in self._begin(target.id)]
            else:
                markings = [_with(m, target.id) for m in markings]
        return markings

    def _begin(self, scope: str) -> list[Marking]:
        """One of the start events; without one, all that nothing leads to."""
        if starts := self.process.starts(scope):
            return [(start.id,) for start in starts]
        roots = [e.id for e in self.process.inside(scope)
                 if not e.incoming and not e.is_event_sub_process and e.type != "boundaryEvent"]
        plain = [name for name in roots if not self._is_link(self.process.elements[name])]
        return [tuple(sorted(plain))]

    @staticmethod
    def _is_link(element: Element) -> bool:
        return element.type == "intermediateCatchEvent" and element.event is not None and element.event.kind == "link"

    def _outcomes(self, element: Element) -> Iterator[tuple[str, ...]]:
        flows = self.process.flows
        if element.type in ("exclusiveGateway", "eventBasedGateway"):
            yield from ((flow,) for flow in element.outgoing)
            return
        free = [f for f in element.outgoing if flows[f].condition and f != element.default and len(element.outgoing) > 1]
        if element.type == "parallelGateway" or not (free or element.default):
            yield element.outgoing
            return
        sure = tuple(f for f in element.outgoing if f not in free and f != element.default)
        some = chain.from_iterable(combinations(free, size) for size in range(len(free) + 1))
        yield from ((*sure, *each) for each in some if sure or each)
        if element.default and not sure:
            yield (element.default,)

    def _emptied(self, marking: Marking, scope: str) -> Marking:
        """Without the tokens inside `scope`, at any depth; that of the scope itself stays."""
        return tuple(name for name in marking if not self._is_inside(name, scope))

    def _is_inside(self, name: str, scope: str) -> bool:
        while (name := self.scope_of.get(name, "")) and name != scope:
            pass
        return bool(name)


def _with(marking: Marking, *names: str) -> Marking:
    return tuple(sorted((*marking, *names)))


def _without(marking: Marking, *names: str) -> Marking:
    rest = list(marking)
    for name in names:
        rest.remove(name)
    return tuple(rest)
