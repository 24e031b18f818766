"""A second opinion on soundness: every marking of one scope, drawn flow by flow, nothing folded. For small diagrams.

Written from the rules alone and sharing no code with `engine/diagram`: tokens stand on sequence flows and inside flow nodes;
each flow node takes and gives them in steps of its own, in every order.
"""

from collections import deque
from dataclasses import dataclass, field
from itertools import chain, combinations

from engine.diagram.model import Element, Process

State = tuple[str, ...]
"""Sorted places that hold a token; `on f` a flow, `in e` a flow node at work."""


class TooLargeError(Exception):
    """More markings than a test has time for."""


@dataclass
class Verdict:
    """What plain exploration saw: elements where two tokens met, where tokens are stuck, that never happened."""

    doubled: set[str] = field(default_factory=set)
    stuck: list[set[str]] = field(default_factory=list)
    has_livelock: bool = False
    dead: set[str] = field(default_factory=set)

    @property
    def is_sound(self) -> bool:
        return not (self.doubled or self.stuck or self.has_livelock or self.dead)


class Naive:
    """One scope of a process without event sub-processes; only interrupting boundary events, or such that meet nothing."""

    def __init__(self, process: Process, most: int = 3_000) -> None:
        self.process, self.most = process, most
        self.nodes = process.elements
        self.happened: set[str] = set()
        self.harmless = self._harmless()
        self.verdict = Verdict()

    def judge(self) -> Verdict:
        """Explore from the start event, then from each non-interrupting event."""
        for source in [e.id for e in self.nodes.values() if e.type == "startEvent" or self._is_apart(e)]:
            self._explore((f"in {source}",))
        self.verdict.dead = set() if self.verdict.doubled else set(self.nodes) - self.happened
        return self.verdict

    @staticmethod
    def _is_apart(element: Element) -> bool:
        return element.type == "boundaryEvent" and not element.is_interrupting

    def _harmless(self) -> set[str]:
        """Where only ends and exclusive gateways follow: several tokens there do nothing twice."""
        found = {e.id for e in self.nodes.values() if e.type == "endEvent" and not self._kills(e)}
        before = -1
        while len(found) != before:
            before = len(found)
            for e in self.nodes.values():
                empty = e.type == "exclusiveGateway" or (e.type == "intermediateThrowEvent" and self._kind(e) == "none")
                if empty and e.outgoing and all(self.process.flows[f].target in found for f in e.outgoing):
                    found.add(e.id)
        return found

    @staticmethod
    def _kind(e: Element) -> str:
        return e.event.kind if e.event else "none"

    def _kills(self, e: Element) -> bool:
        return e.type == "endEvent" and self._kind(e) in ("terminate", "error")

    def _explore(self, first: State) -> None:
        after: dict[State, list[State]] = {}
        cut: set[State] = set()
        todo = deque([first])
        while todo:
            state = todo.popleft()
            if state in after:
                continue
            after[state] = []
            if len(after) > self.most:
                raise TooLargeError
            for name, new in self._steps(state):
                self.happened.add(name)
                if twice := {p for p in new if new.count(p) > 1 and not self._is_harmless(p)}:
                    self.verdict.doubled |= {name}
                    cut.add(state)
                    assert twice
                else:
                    settled = tuple(sorted(set(new))) if any(self._is_harmless(p) for p in new) else tuple(sorted(new))
                    after[state].append(settled)
                    todo.append(settled)
        self._judge(after, cut)

    def _is_harmless(self, place: str) -> bool:
        kind, _, name = place.partition(" ")
        return (self.process.flows[name].target if kind == "on" else name) in self.harmless

    def _judge(self, after: dict[State, list[State]], cut: set[State]) -> None:
        stuck = [s for s, ways in after.items() if s and not ways and s not in cut]
        self.verdict.stuck += [{self.process.flows[p[3:]].target for p in s if p.startswith("on ")} for s in stuck]
        fine = {s for s in after if not s} | set(stuck) | cut
        grown = True
        while grown:
            more = {s for s, ways in after.items() if s not in fine and any(w in fine for w in ways)}
            fine |= more
            grown = bool(more)
        self.verdict.has_livelock |= len(fine) < len(after)

    def _steps(self, state: State) -> list[tuple[str, State]]:
        found: list[tuple[str, State]] = []
        for name in {self.process.flows[p[3:]].target for p in state if p.startswith("on ")}:
            found += [(name, self._moved(state, took, [f"in {name}"])) for took in self._takes(self.nodes[name], state)]
        for place in state:
            if place.startswith("in "):
                name = place[3:]
                if self._kills(self.nodes[name]):
                    found.append((name, ()))
                else:
                    found += [(name, self._moved(state, [place], given)) for given in self._gives(self.nodes[name])]
        return found

    @staticmethod
    def _moved(state: State, took: list[str], given: list[str]) -> State:
        rest = list(state)
        for place in took:
            rest.remove(place)
        return tuple(sorted([*rest, *given]))

    def _takes(self, e: Element, state: State) -> list[list[str]]:
        here = [f"on {f}" for f in e.incoming if f"on {f}" in state]
        if e.type == "parallelGateway":
            return [here] if len(here) == len(e.incoming) else []
        if e.type == "inclusiveGateway" and len(e.incoming) > 1:
            return [here] if self._may_go_on(e, state, {p[3:] for p in here}) else []
        return [[place] for place in here]

    def _may_go_on(self, e: Element, state: State, filled: set[str]) -> bool:
        for place in state:
            kind, _, name = place.partition(" ")
            if kind == "on" and self.process.flows[name].target == e.id:
                continue
            can = self._comes_by(name if kind == "in" else self.process.flows[name].target, e)
            if can - filled and not can & filled:
                return False
        return True

    def _comes_by(self, name: str, join: Element) -> set[str]:
        seen, todo, found = set[str](), [name], set[str]()
        while todo:
            here = todo.pop()
            if here in seen or here == join.id:
                continue
            seen.add(here)
            for flow in self.nodes[here].outgoing:
                found |= {flow} & set(join.incoming)
                todo.append(self.process.flows[flow].target)
            todo += [b.id for b in self.process.boundary_events(here)] + self._linked(self.nodes[here])
        return found

    def _linked(self, e: Element) -> list[str]:
        if e.type != "intermediateThrowEvent" or self._kind(e) != "link":
            return []
        return [c.id for c in self.nodes.values() if c.type == "intermediateCatchEvent" and c.event == e.event]

    def _gives(self, e: Element) -> list[list[str]]:
        ways: list[list[str]] = [[f"in {b.id}"] for b in self.process.boundary_events(e.id) if b.is_interrupting]
        outs = [f"on {f}" for f in e.outgoing]
        if linked := self._linked(e):
            return [[f"in {linked[0]}"]]
        if e.type in ("exclusiveGateway", "eventBasedGateway"):
            return [[out] for out in outs]
        if e.type == "inclusiveGateway":
            return self._subsets(e)
        return [*ways, outs]

    def _subsets(self, e: Element) -> list[list[str]]:
        sure = [f"on {f}" for f in e.outgoing if f != e.default and not self.process.flows[f].condition]
        free = [f"on {f}" for f in e.outgoing if f != e.default and self.process.flows[f].condition]
        some = chain.from_iterable(combinations(free, n) for n in range(len(free) + 1))
        found = [[*sure, *each] for each in some if sure or each]
        return found if sure or not e.default else [*found, [f"on {e.default}"]]
