"""The steps of a procedure in the order in which it is read, and their numbers: 1, 2, 3, 3.1 within a sub-process. Pure.

Reverse postorder of a depth-first search from the starts: whatever comes before a step in the flow stands before it, loops
aside; a branch is told to its end before the next one; what happens when a deadline passes stands right after its step.
"""

from collections.abc import Iterator

from engine.diagram.elements import CONTAINERS
from engine.diagram.model import Element, Process
from engine.diagram.supported import TASKS

EVENTS = ("intermediateCatchEvent", "intermediateThrowEvent")
STEPS = frozenset((*TASKS, "callActivity", *CONTAINERS, *EVENTS))
"""What is a step of its own in a manual; gateways, starts, ends and boundary events are told with the steps."""


def numbered(process: Process) -> dict[str, str]:
    """Element id → number, of all steps in the order in which they are read."""
    found: dict[str, str] = {}
    todo = [(process.id, "")]
    while todo:
        scope, before = todo.pop()
        steps = [element for element in ordered(process, scope) if element.type in STEPS]
        for number, element in enumerate(steps, 1):
            found[element.id] = f"{before}{number}"
        todo += [(element.id, f"{found[element.id]}.") for element in steps if element.type in CONTAINERS]
    return dict(sorted(found.items(), key=lambda each: tuple(map(int, each[1].split(".")))))


def ordered(process: Process, scope: str) -> list[Element]:
    """All flow nodes of a scope in the order in which they are read."""
    inside = {element.id: element for element in process.inside(scope)}
    after = {name: [each for each in _after(process, element) if each in inside] for name, element in inside.items()}
    order: list[str] = []
    seen: set[str] = set()
    for begins in _begins(inside, after):
        done = [each for name in reversed(begins) for each in _postorder(name, after, seen)]
        order += reversed(done)
    return [inside[name] for name in order]


def _begins(inside: dict[str, Element], after: dict[str, list[str]]) -> tuple[list[str], list[str], list[str]]:
    """Starts and what nothing leads to; then the rest, in case only a loop leads there; event sub-processes last."""
    reached = {each for following in after.values() for each in following}
    last = [name for name, element in inside.items() if element.is_event_sub_process]
    first = [name for name in inside if name not in reached and name not in last]
    starts = [name for name in first if inside[name].type == "startEvent"]
    return [*starts, *(name for name in first if name not in starts)], [name for name in inside if name not in last], last


def _postorder(begin: str, after: dict[str, list[str]], seen: set[str]) -> Iterator[str]:
    if begin in seen:
        return
    seen.add(begin)
    trail = [(begin, list(after[begin]))]
    while trail:
        name, left = trail[-1]
        if not left:
            yield name
            trail.pop()
        elif (following := left.pop()) not in seen:
            seen.add(following)
            trail.append((following, list(after[following])))


def _after(process: Process, element: Element) -> list[str]:
    """What comes after a flow node: its boundary events, its flows, the other end of a link."""
    boundary = [event.id for event in process.boundary_events(element.id)]
    link = [each.id for each in process.elements.values() if _is_other_end(element, each)]
    return [*boundary, *(flow.target for flow in process.following(element.id)), *link]


def _is_other_end(one: Element, other: Element) -> bool:
    kinds = (one.type, other.type) == ("intermediateThrowEvent", "intermediateCatchEvent")
    return kinds and all(each.event is not None and each.event.kind == "link" for each in (one, other)) and (
        one.event is not None and other.event is not None and one.event.name == other.event.name and one.scope == other.scope)
