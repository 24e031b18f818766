"""The token game of BPMN 2.0 (§13), abstracted from data and time, and whether a diagram allows what a case once did.

Every answer of a decision is possible, messages and timers may come at any time, a call activity is one step that may end
normally or by any event on it, a multi-instance activity is one step that hides what happens inside. `could_produce` replays
a log over sets of markings with silent gateways, as conformance checking does (Rozinat, van der Aalst 2008, "Conformance
checking of processes based on monitoring real behavior", Information Systems 33(1)).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, combinations
from typing import Protocol

from engine.diagram.graph import links
from engine.diagram.model import Element, Process
from engine.diagram.supported import TASKS

Marking = tuple[str, ...]
"""Sorted: an element's id for each token at it (a sub-process: that it runs), a flow's id for each that waits for a join."""
MOST_MARKINGS, MOST_ORDERS = 4_000, 2_000
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


# ------------------------------------------------------------------ what a case did


class Visit(Protocol):
    """A row of `activity_instance`."""

    token: int
    scope: int
    process_key: str
    element: str
    type: str
    ended_at: datetime | None
    end_state: str | None
    seq: int


@dataclass(frozen=True, slots=True)
class Done:
    """One step that a case did: the element, and its BPMN tag then. Steps of one `moment` may have been in any order."""

    element: str
    type: str
    moment: object = None


@dataclass(frozen=True, slots=True)
class Trace:
    """What one run of one process did, in order. `has_ended`: it came to its end (a called process may be cancelled)."""

    process: str
    steps: tuple[Done, ...]
    has_ended: bool = True


@dataclass(frozen=True, slots=True)
class Fit:
    """`is_possible`: None = too many ways to tell. If not: `at` is the number of steps that fit, `element` the first that
    does not (None: all fit, but the diagram has not come to its end there)."""

    is_possible: bool | None
    at: int | None = None
    element: str | None = None


def traces(visits: Sequence[Visit]) -> list[Trace]:
    """What a finished case did, one trace for its own process and for each run of a called one.

    What happened inside a multi-instance activity is left out: its body is one step.
    """
    rows = {row.token: row for row in visits}
    runs: dict[int, list[Visit]] = {}
    for row in visits:
        home = None if row.scope == row.token else _home(rows, row)
        if home is not None:
            runs.setdefault(home, []).append(row)
    return [_trace(run, rows.get(home)) for home, run in runs.items()]


def _home(rows: Mapping[int, Visit], row: Visit) -> int | None:
    """The token of the run that a row belongs to; None: inside one instance of a multi-instance activity."""
    while (outer := rows.get(row.scope)) is not None and outer.type != "callActivity":
        if outer.scope == outer.token:
            return None
        row = outer
    return row.scope


def _trace(run: Sequence[Visit], caller: Visit | None) -> Trace:
    done = sorted((row for row in run if row.end_state == "left" and row.ended_at), key=lambda r: (r.ended_at, r.seq))
    return Trace(run[0].process_key, tuple(Done(row.element, row.type, row.ended_at) for row in done),
                 caller is None or caller.end_state == "left")


def could_produce(process: Process, trace: Trace, *, renamed: Mapping[str, str | None] | None = None) -> Fit:
    """Whether `process` allows what `trace` did. `renamed`: element then → element now, None = given up on purpose."""
    game, names = Game(process), renamed or {}
    steps = [(number, names.get(step.element, step.element), step) for number, step in enumerate(trace.steps)
             if _counts(game, names, step)]
    markings = game.settled(game.start())
    for moment in _moments(steps):
        done = _together(game, moment, markings)
        if isinstance(done, Fit):
            return done
        markings = done
    if markings is None:
        return Fit(None)
    is_over = not trace.has_ended or () in markings
    return Fit(is_possible=True) if is_over else Fit(is_possible=False, at=len(trace.steps))


Step = tuple[int, str | None, Done]


def _moments(steps: Sequence[Step]) -> Iterator[list[Step]]:
    """The steps in order, those of one moment together."""
    group: list[Step] = []
    for step in steps:
        if group and (step[2].moment is None or step[2].moment != group[0][2].moment):
            yield group
            group = []
        group.append(step)
    if group:
        yield group


def _together(game: Game, moment: Sequence[Step], markings: set[Marking] | None) -> set[Marking] | Fit:
    """The markings after all steps of one moment, in the recorded order or, if that does not fit, in another."""
    if markings is None:
        return Fit(None)
    todo = [(tuple(range(len(moment))), frozenset(markings), 0)]
    seen, stuck = set[tuple[object, object]](), (len(moment) + 1, 0)
    while todo:
        left, now, turn = todo.pop()
        if not left:
            return set(now)
        if turn == 0 and (left, now) in seen:
            continue
        seen.add((left, now))
        if len(seen) > MOST_ORDERS:
            return Fit(None)
        if turn < len(left):
            todo.append((left, now, turn + 1))  # this one later, another first
            after = _next(game, moment[left[turn]], now)
            if after is None:
                return Fit(None)
            if after:
                todo.append((left[:turn] + left[turn + 1:], frozenset(after), 0))
        stuck = min(stuck, (len(left), left[0]))
    number, _name, step = moment[stuck[1]]
    return Fit(is_possible=False, at=number, element=step.element)


def _next(game: Game, step: Step, now: frozenset[Marking]) -> set[Marking] | None:
    """The markings after one step; empty if it cannot be, None if there are too many."""
    name = step[1]
    if name is None or name not in game.process.elements:
        return set()
    return game.settled(new for marking in now for new in game.happen(marking, name))


def _counts(game: Game, names: Mapping[str, str | None], step: Done) -> bool:
    """Whether a step must be found again: gateways, plain events and ends of scopes are silent, then as now."""
    name = names.get(step.element, step.element)
    if name is None:
        return False
    element = game.process.elements.get(name)
    if element is not None and game.is_seen(element):
        return True
    return step.type in SEEN or (step.type == "intermediateCatchEvent" and element is None)
