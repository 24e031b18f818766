"""Every marking of a (reduced) workflow graph, breadth first: one token on an arc at most, beyond that it is cut."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from itertools import combinations
from typing import Literal

from engine.diagram.workflow_graph import BEGIN, Node, WorkflowGraph

Marking = frozenset[int]
"""The arcs that hold a token."""
Fired = tuple[str, Marking, Marking]
"""A node that took tokens from arcs and gave tokens to arcs."""
Fault = Literal["deadlock", "livelock", "join_never", "join_twice"]
MOST_OUTCOMES = 12
"""Ways out of a splitting inclusive gateway, of which every choice is tried; beyond that the exploration gives up."""


PLUNGE = 2_000
"""Markings looked at by going deep once the exploration gave up."""


class StateSpace:
    """Explores on creation. `before`: each marking → how it was first reached; `alive`: ids that can happen."""

    def __init__(self, graph: WorkflowGraph, most_states: int) -> None:
        self.graph, self.gave_up = graph, False
        first = frozenset(graph.outs[BEGIN])
        self.before: dict[Marking, tuple[Marking, Fired] | None] = {first: None}
        self.after: dict[Marking, list[Marking]] = {}
        self.twice: dict[str, tuple[Marking, Fired]] = {}
        self.fired, self.marked = set[str](), set[int](first)
        self._explore(first, most_states)

    @property
    def is_cut(self) -> bool:
        """Whether something that can happen may not have been seen."""
        return self.gave_up or bool(self.twice)

    @property
    def alive(self) -> set[str]:
        """The ids of elements and flows that can happen."""
        inside = (arc.inside | set(arc.path) for number, arc in self.graph.arcs.items() if number in self.marked)
        ends = (self.graph.nodes[self.graph.arcs[number].target] for number in self.marked)
        return {self.graph.nodes[name].element for name in self.fired}.union(*inside) | {n.element for n in ends if n.end}

    # ------------------------------------------------------------ exploring

    def _explore(self, first: Marking, most_states: int) -> None:
        todo = deque([first])
        while todo:
            marking = todo.popleft()
            ways = self.after[marking] = []
            for fired in self._enabled(marking):
                if new := self._result(marking, fired):
                    ways.append(new[0])
                    if new[0] not in self.before:
                        self.before[new[0]] = (marking, fired)
                        todo.append(new[0])
            if len(self.before) > most_states:
                self.gave_up = True
                self._plunge(first)
                return

    def _plunge(self, first: Marking) -> None:
        """Where there is too much to see all: one node after the other instead of every order, for what is stuck at the end."""
        todo, seen = [first], {first}
        while todo and len(seen) < PLUNGE:
            marking = todo.pop()
            name = ""
            for fired in self._enabled(marking):
                if name and fired[0] != name:
                    break
                name = fired[0]
                new = self._result(marking, fired)
                if new and new[0] not in seen:
                    seen.add(new[0])
                    self.before.setdefault(new[0], (marking, fired))
                    todo.append(new[0])
            if not name:
                self.after[marking] = []

    def _result(self, marking: Marking, fired: Fired) -> tuple[Marking] | None:
        """The marking after; None where an arc would hold two tokens."""
        name, taken, given = fired
        node = self.graph.nodes[name]
        self.fired.add(name)
        self.marked |= given
        if node.end == "clear":
            return (frozenset(),)
        rest = marking - taken
        if rest & given:
            self.twice.setdefault(name, (marking, fired))
            return None
        return (rest | {n for n in given if not self._is_over(n)},)

    def _is_over(self, number: int) -> bool:
        """Whether a token on this arc has ended: nothing but plain ends before it."""
        arc = self.graph.arcs[number]
        return not arc.works and self.graph.nodes[arc.target].end == "end"

    def _enabled(self, marking: Marking) -> Iterator[Fired]:
        for name in dict.fromkeys(self.graph.arcs[number].target for number in sorted(marking)):
            node = self.graph.nodes[name]
            for taken in self._taken(name, node, marking):
                for given in self._outcomes(name):
                    yield name, taken, given

    def _taken(self, name: str, node: Node, marking: Marking) -> Iterable[Marking]:
        ins = self.graph.ins[name]
        filled = marking.intersection(ins)
        if node.join == "and":
            return [filled] if len(filled) == len(ins) else []
        if node.join == "or" and len(ins) > 1:
            return [] if any(self._is_awaited(number, name, filled) for number in marking - filled) else [filled]
        return [frozenset((number,)) for number in sorted(filled)]

    def _is_awaited(self, number: int, join: str, filled: Marking) -> bool:
        """Whether a token reaches an empty flow of the join, and no filled one (BPMN 2.0 table 13.3)."""
        reached = self._reach[join].get(self.graph.arcs[number].target, frozenset())
        return bool(reached - filled) and not reached & filled

    @cached_property
    def _reach(self) -> dict[str, dict[str, frozenset[int]]]:
        """Inclusive join → node → the ways into the join that a token at the node can come by without passing the join."""
        joins = [n for n, node in self.graph.nodes.items() if node.join == "or" and len(self.graph.ins[n]) > 1]
        return {join: self._reaching(join) for join in joins}

    def _reaching(self, join: str) -> dict[str, frozenset[int]]:
        found: dict[str, set[int]] = {}
        for number in self.graph.ins[join]:
            todo, seen = [self.graph.arcs[number].source], {join}
            while todo:
                name = todo.pop()
                if name not in seen:
                    seen.add(name)
                    found.setdefault(name, set()).add(number)
                    todo += [self.graph.arcs[n].source for n in self.graph.ins[name]]
        return {name: frozenset(numbers) for name, numbers in found.items()}

    def _outcomes(self, name: str) -> list[Marking]:
        if name not in self._given:
            self._given[name] = list(self._ways_out(name))
        return self._given[name]

    @cached_property
    def _given(self) -> dict[str, list[Marking]]:
        return {}

    def _ways_out(self, name: str) -> Iterator[Marking]:
        node, outs = self.graph.nodes[name], self.graph.outs[name]
        if node.split == "xor" and outs:
            yield from (frozenset((number,)) for number in outs)
        elif node.split == "and" or len(outs) < 2:
            yield frozenset(outs)
        else:
            yield from self._chosen(outs)

    def _chosen(self, outs: list[int]) -> Iterator[Marking]:
        """Every choice of an inclusive gateway: all that has no condition, any of the others, or else the default."""
        kind = {number: self.graph.arcs[number].when for number in outs}
        sure = frozenset(n for n in outs if kind[n] == "always")
        open_ways, default = [n for n in outs if kind[n] == "condition"], frozenset(n for n in outs if kind[n] == "default")
        self.gave_up |= len(open_ways) > MOST_OUTCOMES
        for size in range(min(len(open_ways), MOST_OUTCOMES) + 1):
            for some in combinations(open_ways[:MOST_OUTCOMES], size):
                if some or sure or default:
                    yield sure.union(some) or default

    # ------------------------------------------------------------ what is wrong

    def findings(self) -> Iterator[tuple[Fault, str, tuple[str, ...]]]:
        """(what, element, path of flow and element ids), the nearest first."""
        yield from self._doubled()
        stuck = [m for m, ways in self.after.items() if m and not ways and not any(self._enabled(m))]
        if not self.twice:  # else what is stuck may be the one token too many
            yield from self._deadlocks(stuck)
        if not self.gave_up:
            yield from self._livelock(stuck)

    def _doubled(self) -> Iterator[tuple[Fault, str, tuple[str, ...]]]:
        """Where ways meet; a node with one way in only passes on what was doubled before it, as do merges behind one."""
        meeting = [name for name in self.twice if len(self.graph.ins[name]) > 1] or list(self.twice)[:1]
        far = {name: self._path(*self.twice[name]) for name in meeting}
        for name in sorted(meeting, key=lambda n: len(far[n])):
            if not any(self.graph.leads(other, name) and len(far[other]) < len(far[name]) for other in meeting if other != name):
                yield "join_twice", self._element(name), far[name]

    def _deadlocks(self, stuck: list[Marking]) -> Iterator[tuple[Fault, str, tuple[str, ...]]]:
        told = set[str]()
        for marking in stuck:
            name = self._root({self.graph.arcs[number].target: None for number in sorted(marking)})
            if name not in told:
                told.add(name)
                never = name not in self.fired and not self.is_cut
                yield "join_never" if never else "deadlock", self._element(name), self._path(marking, None)

    def _root(self, waiting: Mapping[str, None]) -> str:
        """The join that others wait for: one that no other waiting join comes to on a shorter way than back."""
        away = {name: self._distances(name) for name in waiting}
        far = len(self.graph.nodes)
        free = (n for n in waiting if not any(away[o].get(n, far) < away[n].get(o, far) for o in waiting if o != n))
        return next(free, next(iter(waiting)))

    def _distances(self, name: str) -> dict[str, int]:
        found, todo = {name: 0}, deque([name])
        while todo:
            here = todo.popleft()
            for number in self.graph.outs[here]:
                if self.graph.arcs[number].target not in found:
                    found[self.graph.arcs[number].target] = found[here] + 1
                    todo.append(self.graph.arcs[number].target)
        return found

    def _livelock(self, stuck: list[Marking]) -> Iterator[tuple[Fault, str, tuple[str, ...]]]:
        """The nearest marking from which neither an end nor a deadlock (told already) nor anything cut can be reached."""
        before: dict[Marking, list[Marking]] = {}
        for marking, ways in self.after.items():
            for way in ways:
                before.setdefault(way, []).append(marking)
        cut = [marking for marking in self.after if self.twice and self._is_doubling(marking)]
        todo = [*(m for m in self.after if not m), *stuck, *cut]
        well = set(todo)
        while todo:
            new = set(before.get(todo.pop(), ())) - well
            well |= new
            todo += new
        if lost := next((m for m in self.after if m not in well), None):
            yield "livelock", self._element(self.graph.arcs[min(lost)].target), self._path(lost, None)

    def _is_doubling(self, marking: Marking) -> bool:
        return any((marking - taken) & given and self.graph.nodes[name].end != "clear"
                   for name, taken, given in self._enabled(marking))

    def _element(self, name: str) -> str:
        return self.graph.nodes[name].element

    def _path(self, marking: Marking, fired: Fired | None) -> tuple[str, ...]:
        """The ids on the way to `marking`, each once; `fired` is one more step."""
        steps = [] if fired is None else [fired]
        while (came := self.before[marking]) is not None:
            marking = came[0]
            steps.append(came[1])
        return tuple(dict.fromkeys(self._passed(reversed(steps))))

    def _passed(self, steps: Iterable[Fired]) -> Iterator[str]:
        for number in sorted(self.graph.outs[BEGIN]):
            yield from self.graph.arcs[number].path
        for name, _, given in steps:
            if element := self._element(name):
                yield element
            for number in sorted(given):
                yield from self.graph.arcs[number].path
