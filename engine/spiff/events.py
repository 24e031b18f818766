"""Who listens: boundary events of a token, event sub-processes of a scope, and the way an error or escalation goes outwards."""

from collections.abc import Iterator
from dataclasses import dataclass

from engine.diagram.model import Element, EventDefinition
from engine.spiff.elements import BoundaryEvent, CatchEvent
from engine.spiff.joins import EventBasedGateway
from engine.spiff.node import FUTURE, WAITING, FlowNode, Level, Token
from engine.spiff.scopes import EventSubProcess
from engine.spiff.steps import Subscription

TOLD = ("timer", "message")
"""Events that come from outside the case; errors and escalations are thrown inside it."""


@dataclass(frozen=True, slots=True)
class Listener:
    """`token` listens for the event `element`; the token of `event` (it, or its event sub-process) would stand in `level`."""

    token: Token
    event: FlowNode
    element: Element
    definition: EventDefinition
    level: Level
    scope: int
    is_interrupting: bool = True

    @property
    def key(self) -> str:
        """Its name in the token's `fired`: a call activity's boundary and a start event in what it calls may share an id."""
        process, name = self.element.process, self.element.id
        return name if process == self.token.task_spec.element.process else f"{process}/{name}"

    @property
    def fired(self) -> int:
        """How often it has happened, where it does not interrupt."""
        return self.token.fired.get(self.key, 0)

    @property
    def is_spent(self) -> bool:
        """A date or duration happens once, also where it does not interrupt."""
        return self.fired > 0 and self.definition.kind == "timer" and self.definition.timer != "cycle"


def boundary_events(token: Token) -> Iterator[Listener]:
    """The boundary events of a token that is at work, in document order."""
    if token.is_in(FUTURE):
        return
    for name in token.activity.task_spec.boundary:
        event = token.workflow.spec.task_specs[name]
        if isinstance(event, BoundaryEvent) and event.element.event is not None:
            host = token.activity
            yield Listener(host, event, event.element, event.element.event, host.workflow, host.scope, event.is_interrupting)


def event_sub_processes(level: Level) -> Iterator[Listener]:
    """The event sub-processes of a running scope; none once an interrupting one has taken it over."""
    if level.host.cut is not None:
        return
    for name in level.spec.event_sub_processes:
        event = level.spec.task_specs[name]
        if isinstance(event, EventSubProcess):
            yield Listener(level.host, event, event.start, event.definition, level, level.host.number, event.is_interrupting)


def listeners(token: Token) -> Iterator[Listener]:
    """Everything that this very token listens for."""
    if token.index is None:
        yield from boundary_events(token)
    if token.inside is not None:
        yield from event_sub_processes(token.inside)
    if token.is_in(WAITING):
        yield from _awaited(token)


def _awaited(token: Token) -> Iterator[Listener]:
    node, targets = token.task_spec, token.workflow.spec.task_specs
    caught: list[FlowNode] = [node] if isinstance(node, CatchEvent) else []
    if isinstance(node, EventBasedGateway):
        caught = list({flow.target: targets[flow.target] for flow in node.flows}.values())
    for event in caught:
        if event.element.event is not None:
            yield Listener(token, event, event.element, event.element.event, token.workflow, token.scope)


def subscription(listener: Listener) -> Subscription:
    """The row for who must tell the case."""
    element = listener.element
    return Subscription(listener.token.number, listener.scope, element.process, element.id, listener.definition,
                        listener.fired, listener.is_interrupting)


def told(token: Token) -> Iterator[Listener]:
    """The timers and messages that this token waits for."""
    return (x for x in listeners(token) if x.definition.kind in TOLD and not x.is_spent)


def catcher(level: Level, kind: str, code: str | None, *, activity: Token | None = None) -> Listener | None:
    """Who catches an error or escalation thrown in `level`: the innermost, and there the exact code before "any".

    On the way outwards: boundary events of the `activity` that throws it, then for each scope its event sub-processes
    and the boundary events of the activity that it runs in (BPMN 2.0 §10.5.6). What is thrown inside an event
    sub-process is not caught by that same one.
    """
    for group in _outwards(level, activity):
        caught = [x for x in group if x.definition.kind == kind and x.definition.code in (None, code)]
        if caught:
            return min(caught, key=lambda x: x.definition.code is None)
    return None


def _outwards(level: Level, activity: Token | None) -> Iterator[list[Listener]]:
    if activity is not None:
        yield list(boundary_events(activity))
    inner: str | None = None
    while True:
        yield [x for x in event_sub_processes(level) if x.event.name != inner]
        host = level.host
        if host.inside is host.workflow:
            return
        yield list(boundary_events(host))
        level, inner = host.workflow, host.task_spec.name
