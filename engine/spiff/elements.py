"""Tasks and events: our subclasses of SpiffWorkflow's specifications."""

from typing import ClassVar

from SpiffWorkflow.bpmn.specs import defaults as bpmn
from SpiffWorkflow.bpmn.specs.event_definitions.simple import NoneEventDefinition

from engine.diagram.model import Element
from engine.spiff.node import WAITING, FlowNode, Level, ScopeSpec, Token
from engine.spiff.steps import Kind


class PlainTask(FlowNode, bpmn.NoneTask):
    """`task` and `manualTask`: nothing for a computer to wait for."""

    def __init__(self, scope: ScopeSpec, name: str, element: Element) -> None:
        super().__init__(scope, name, element)
        self.manual = False


class UserTask(FlowNode, bpmn.UserTask):
    """READY until a person completes it."""

    kind: ClassVar[Kind | None] = "task"


class Job(FlowNode, bpmn.UserTask):
    """A service task, or another with an external worker: READY until somebody reports its result."""

    kind: ClassVar[Kind | None] = "job"


class ScriptTask(FlowNode, bpmn.ScriptTask):
    """FEEL, run by the environment; SpiffWorkflow never sees its text."""

    def __init__(self, scope: ScopeSpec, name: str, element: Element) -> None:
        super().__init__(scope, name, element, script="")

    def perform(self, token: Token) -> None:
        """Run the script."""
        token.instance.environment.script(self.element.process, self.element.id, token.scope)


class BusinessRuleTask(FlowNode, bpmn.ServiceTask):
    """A decision, made at once."""

    def perform(self, token: Token) -> None:
        """Make the decision."""
        token.instance.environment.decide_rule(self.element.process, self.element.id, token.scope)


class SendTask(FlowNode, bpmn.NoneTask):
    """Sends its message at once."""

    def __init__(self, scope: ScopeSpec, name: str, element: Element) -> None:
        super().__init__(scope, name, element)
        self.manual = False

    def perform(self, token: Token) -> None:
        """Send the message."""
        send(self, token)


def send(node: FlowNode, token: Token) -> None:
    """Send the message of `node`."""
    token.instance.environment.send(node.element.process, node.element.id, token.scope, token.number)


class Event(FlowNode):
    """Any event. What it waits for or throws is in the diagram's row; SpiffWorkflow gets an empty definition."""

    def __init__(self, scope: ScopeSpec, name: str, element: Element, **more: bool) -> None:
        super().__init__(scope, name, element, event_definition=NoneEventDefinition(), **more)

    @property
    def is_catchable(self) -> bool:
        """Whether what it throws must be caught by somebody: an error or an escalation."""
        return self.element.event is not None and self.element.event.kind in ("error", "escalation")


class StartEvent(Event, bpmn.StartEvent):
    """Who began the scope has seen the event already."""


class CatchEvent(Event, bpmn.IntermediateCatchEvent):
    """WAITING until told that its event happened. A link catch event has nothing to wait for."""

    kind: ClassVar[Kind | None] = "event"

    def _update_hook(self, my_task: Token) -> bool:
        has_happened = my_task.has_happened or (self.element.event is not None and self.element.event.kind == "link")
        if not has_happened:
            my_task._set_state(WAITING)
        return has_happened


class ReceiveTask(CatchEvent):
    """A task that waits for its message: the same as a catching event."""


class BoundaryEvent(Event, bpmn.BoundaryEvent):
    """Exists only once it has fired (`Instance.fire`)."""

    def __init__(self, scope: ScopeSpec, name: str, element: Element) -> None:
        is_error = element.event is not None and element.event.kind == "error"
        super().__init__(scope, name, element, cancel_activity=element.is_interrupting or is_error)

    @property
    def is_interrupting(self) -> bool:
        """Whether firing cancels the host; an error always does (BPMN 2.0 §10.5.4)."""
        return bool(self.cancel_activity)


class ThrowEvent(Event, bpmn.IntermediateThrowEvent):
    """Sends a message or throws an escalation; a link jumps, an empty one passes."""

    def perform(self, token: Token) -> None:
        """Send the message; refuse what nobody would catch."""
        if self.is_catchable:
            token.instance.require_catcher(token)
        elif self.element.event is not None and self.element.event.kind == "message":
            send(self, token)

    def departed(self, level: Level) -> bool:
        """Throw after leaving, so that an interrupting catcher finds the thrower gone."""
        return not self.is_catchable or not level.host.instance.throw(level, self)


class EndEvent(ThrowEvent, bpmn.EndEvent):
    """As a throw event, and ends its token. Terminate ends all tokens of its scope, and of its scope only."""

    def departed(self, level: Level) -> bool:
        """Throw, or terminate."""
        if self.element.event is not None and self.element.event.kind == "terminate":
            level.host.instance.empty(level)
        return super().departed(level)
