"""Processes that call each other round in a circle without anything to wait for."""

from collections.abc import Iterator, Mapping

from engine.diagram.graph import Edges, graphs, waits
from engine.diagram.model import Diagram, Element, Process
from engine.diagram.sources import Known, Source
from engine.errors import Problem

CHOOSING = ("exclusiveGateway", "inclusiveGateway", "eventBasedGateway")


def problems(source: Source, known: Known) -> Iterator[Problem]:
    """Call activities that are certain to start their own process again in the same step."""
    processes = {**known.processes, **dict.fromkeys(source.diagram.processes, source.diagram)}
    for process in source.processes:
        for call in certain_calls(process):
            if path := _way_back(process.id, call.called or "", processes):
                yield source.problem("recursion_without_wait", call.id, "calledElement", path=" → ".join(path))


def certain_calls(process: Process) -> list[Element]:
    """The call activities that every case reaches before it waits or chooses."""
    scopes, found, todo = {each.scope: each for each in graphs(process)}, list[Element](), [process.id]
    while todo:
        whole = scopes[todo.pop()]
        starts = [name for name in whole.starts if len(whole.starts) == 1]
        passed = [process.elements[name] for name in _passed(process, whole.after, starts)]
        todo.extend(element.id for element in passed if element.type == "subProcess")
        found.extend(element for element in passed if element.type == "callActivity" and not element.loop)
    return found


def _passed(process: Process, after: Edges, starts: list[str]) -> list[str]:
    todo, seen = list(starts), set(starts)
    while todo:
        element = process.elements[todo.pop()]
        if not _goes_on(process, element):
            continue
        new = {name for name in after[element.id] if process.elements[name].type != "boundaryEvent"} - seen
        seen |= new
        todo.extend(new)
    return sorted(seen)


def _goes_on(process: Process, element: Element) -> bool:
    """Whether the token surely passes in the same step, by every flow."""
    has_conditions = any(flow.condition is not None for flow in process.following(element.id))
    is_join = element.type == "parallelGateway" and len(element.incoming) > 1
    stays = waits(element) or element.type in (*CHOOSING, "callActivity", "subProcess")
    return not (stays or is_join or has_conditions or element.loop)


def _way_back(home: str, called: str, processes: Mapping[str, Diagram | None]) -> list[str] | None:
    """The keys from `home` over certain calls back to it; None if there is no such way."""
    todo, seen = [[home, called]], {called}
    while todo:
        path = todo.pop()
        if path[-1] == home:
            return path
        diagram = processes.get(path[-1])
        process = diagram.processes.get(path[-1]) if diagram else None
        for call in certain_calls(process) if process else ():
            if call.called and call.called not in seen:
                seen.add(call.called)
                todo.append([*path, call.called])
    return None
