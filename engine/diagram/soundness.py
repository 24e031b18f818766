"""Whether a process always can come to its end: deadlock, livelock, dead elements, joins that fire never or twice.

Soundness per van der Aalst (1997), "Verification of workflow nets", ICATPN, LNCS 1248, for BPMN with implicit termination:
from every marking that can be reached the end can be reached, every element can happen, and no way ever holds two tokens.
Each scope becomes workflow graphs (`workflow_graph`); what is sound by its form is folded (`reduction`); of the rest every
marking is explored, breadth first, so that each finding has a shortest path. This order of work is that of Fahland, Favre,
Koehler, Lohmann, Völzer, Wolf (2011), "Analysis on demand: instantaneous soundness checking of industrial business process
models", Data & Knowledge Engineering 70(5). Inclusive joins wait as BPMN 2.0 table 13.3 says. Data are left out: every answer
of a decision is possible, so two decisions by the same data count as independent.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from engine.diagram.graph import graphs, reached
from engine.diagram.model import Element, Process
from engine.diagram.reduction import reduce
from engine.diagram.sources import Source
from engine.diagram.state_space import StateSpace
from engine.diagram.workflow_graph import workflow_graphs
from engine.errors import Problem

MOST_STATES = 30_000
"""States explored at most in one process before giving up; about two seconds."""
Code = Literal["deadlock", "livelock", "dead_element", "join_never", "join_twice", "soundness_unknown"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault: `element` is where to look, `path` the flow and element ids of a shortest way to it, in order.

    A `dead_element` has no path: no way leads there. `join_twice`: `element` merges (or passes on) two tokens that are under
    way at once, so what follows is done twice.
    """

    code: Code
    element: str
    path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Soundness:
    """`is_sound`: None = not known, because the exploration gave up after `states` states. Findings stand in any case."""

    is_sound: bool | None
    findings: tuple[Finding, ...]
    states: int


def explore(process: Process, *, most_states: int = MOST_STATES) -> Soundness:
    """Judge every scope of `process`. Pure; needs a diagram whose references resolve."""
    found: dict[tuple[str, str], Finding] = {}
    states, is_whole, alive, unsure = 0, True, set[str](), set[str]()
    for graph in workflow_graphs(process):
        reduce(graph)
        space = StateSpace(graph, most_states - states)
        states += len(space.before)
        is_whole &= not space.gave_up
        alive |= space.alive
        unsure |= graph.elements if space.is_cut else set()
        for code, element, path in space.findings():
            finding = Finding(code, element or _beginning(process, graph.scope), path)
            found.setdefault((code, finding.element), finding)
    for element in _dead(process, alive, unsure):
        if not any(name == element for _, name in found):
            found["dead_element", element] = Finding("dead_element", element)
    if not is_whole:
        found["soundness_unknown", process.id] = Finding("soundness_unknown", process.id)
    is_sound = None if {code for code, _ in found} == {"soundness_unknown"} else not found
    return Soundness(is_sound, tuple(found.values()), states)


def _beginning(process: Process, scope: str) -> str:
    starts = process.starts(scope)
    return starts[0].id if starts else scope


def _dead(process: Process, alive: set[str], unsure: set[str]) -> Iterator[str]:
    """The first ones only: what stands behind a dead element is dead because of it."""
    dead = {name for name, e in process.elements.items() if name not in alive | unsure and not e.is_event_sub_process}
    for name in process.elements:
        element = process.elements[name]
        if name in dead and element.scope not in dead and not _is_behind(process, element, dead):
            yield name


def _is_behind(process: Process, element: Element, dead: set[str]) -> bool:
    before = [process.flows[flow].source for flow in element.incoming]
    before += [element.attached_to] if element.attached_to else []
    return bool(before) and all(name in dead for name in before) and not _is_ring(process, element.id, dead)


def _is_ring(process: Process, name: str, dead: set[str]) -> bool:
    """Whether `name` is the first, in document order, of dead elements that only lead to each other."""
    seen, todo = {name}, [name]
    while todo:
        element = process.elements[todo.pop()]
        before = [process.flows[flow].source for flow in element.incoming]
        before += [element.attached_to] if element.attached_to else []
        if not before or any(source not in dead for source in before):
            return False
        todo += [source for source in before if source not in seen]
        seen.update(before)
    return name == next(each for each in process.elements if each in seen)


def problems(source: Source) -> Iterator[Problem]:
    """What `explore` finds in the executable processes of a file, but for what no flow leads to: `structure` says that."""
    for process in source.processes:
        if all(f.source in process.elements and f.target in process.elements for f in process.flows.values()):
            judged, led_to = explore(process), _led_to(process)
            for finding in judged.findings:
                if finding.code != "dead_element" or finding.element in led_to:
                    problem = source.problem(finding.code, finding.element, states=judged.states)
                    yield replace(problem, path=finding.path)


def _led_to(process: Process) -> set[str]:
    return set[str]().union(*(reached(graph.after, graph.starts) for graph in graphs(process)))
