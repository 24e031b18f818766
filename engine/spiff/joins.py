"""Gateways. Joins count the tokens of each sequence flow; SpiffWorkflow's look at ancestors, which is wrong in a loop."""

from collections import Counter
from collections.abc import Mapping
from typing import ClassVar

from SpiffWorkflow.bpmn.specs import defaults as bpmn
from SpiffWorkflow.bpmn.specs.event_definitions.multiple import MultipleEventDefinition
from SpiffWorkflow.specs.base import TaskSpec

from engine.diagram.model import Element
from engine.spiff.node import WAITING, FlowNode, Outgoing, ScopeSpec, Token
from engine.spiff.steps import Kind

ANY_FLOW = "*"
"""In `got`: a token put before the gateway by hand, which stands for any flow."""


class ExclusiveGateway(FlowNode, bpmn.ExclusiveGateway):
    """The first flow in document order whose condition is true, else the default."""

    def taken(self, token: Token) -> list[Outgoing]:
        """One flow (BPMN 2.0 §13.4.2)."""
        return super().taken(token)[:1]


class EventBasedGateway(FlowNode, bpmn.EventBasedGateway):
    """One waiting token; the event that happens first names the flow. SpiffWorkflow would move the targets' events here."""

    kind: ClassVar[Kind | None] = "choice"
    connect = TaskSpec.connect

    def __init__(self, scope: ScopeSpec, name: str, element: Element) -> None:
        super().__init__(scope, name, element, event_definition=MultipleEventDefinition())

    def taken(self, token: Token) -> list[Outgoing]:
        """The flow to the event that happened."""
        return [token.chosen] if token.chosen else []

    def _update_hook(self, my_task: Token) -> bool:
        if my_task.chosen is None:
            my_task._set_state(WAITING)
        return my_task.chosen is not None


class Join(FlowNode):
    """A gateway that takes arriving tokens into one waiting row: `got` has the flow of each."""

    kind: ClassVar[Kind | None] = "join"

    def is_full(self, got: list[str]) -> bool:
        """Whether a token has come through every incoming flow."""
        missing = Counter(self.incoming) - Counter(got)
        return missing.total() <= got.count(ANY_FLOW)

    def perform(self, token: Token) -> None:
        """Consume one token of each flow that has one; those beyond stay (BPMN 2.0 §13.4.1)."""
        rest = Counter(token.got) - Counter(self.incoming)
        del rest[ANY_FLOW]
        token.got = []
        if rest:
            token.instance.gather(token.workflow, self, sorted(rest.elements()))

    def _update_hook(self, my_task: Token) -> bool:
        my_task.got.sort()
        if self.is_full(my_task.got):
            return True
        my_task._set_state(WAITING)
        return False


class ParallelGateway(Join, bpmn.ParallelGateway):
    """Waits for one token of each incoming flow, then takes all outgoing flows."""


class InclusiveGateway(Join, bpmn.InclusiveGateway):
    """Takes every flow whose condition is true. Its join is looked at when nothing else can run."""

    reach: Mapping[str, frozenset[str]]
    """Element id → the incoming flows that a token there can still come through without passing this gateway."""

    def is_enabled(self, token: Token) -> bool:
        """No other token can reach an empty incoming flow, unless it can reach a filled one too (BPMN 2.0 table 13.3)."""
        got = set(token.got)
        return not any(self._is_awaited(other, got) for other in token.workflow.live())

    def _is_awaited(self, other: Token, got: set[str]) -> bool:
        if other.task_spec is self and other.past != "element":
            return False
        reached = self.reach.get(other.task_spec.name, frozenset())
        return bool(reached - got) and not reached & got

    def is_full(self, got: list[str]) -> bool:
        """A gateway with one incoming flow has nothing to wait for."""
        return len(self.incoming) < 2 or super().is_full(got)
