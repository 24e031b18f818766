"""Elements with something inside: sub-processes, call activities, event sub-processes, multi-instance activities."""

from typing import ClassVar

from SpiffWorkflow.bpmn.specs import defaults as bpmn

from engine.diagram.model import Element, EventDefinition
from engine.errors import InvalidValue, LimitExceeded, NotFound
from engine.spiff.node import STARTED, FlowNode, ScopeSpec, Token
from engine.spiff.steps import Kind


class Scope(FlowNode):
    """STARTED while a token is inside."""

    kind: ClassVar[Kind | None] = "scope"

    def inner(self, token: Token) -> ScopeSpec:
        """The scope that runs inside `token`."""
        raise NotImplementedError

    def perform(self, token: Token) -> None:
        """The inside is done: close it."""
        token.instance.environment.closed(token.number, token.outer, self.element.process, self.element.id, token.index)

    def _update_hook(self, my_task: Token) -> bool:
        scope = self.inner(my_task)
        my_task.instance.environment.opened(
            my_task.number, my_task.outer, self.element.process, self.element.id, my_task.index)
        my_task._set_state(STARTED)
        my_task.instance.open_scope(my_task, scope)
        return False


class SubProcess(Scope, bpmn.SubWorkflowTask):
    """An embedded sub-process."""

    def __init__(self, scope: ScopeSpec, name: str, element: Element) -> None:
        super().__init__(scope, name, element, subworkflow_spec=f"{element.process}/{element.id}")

    def inner(self, token: Token) -> ScopeSpec:
        """Compiled with the process that it stands in."""
        return _scope(token, self.spec)


class EventSubProcess(SubProcess):
    """Exists only once its start event has happened (`Instance.fire`)."""

    start: Element
    definition: EventDefinition
    is_interrupting: bool


class CallActivity(Scope, bpmn.CallActivity):
    """Runs another process of the bundle; the row keeps which (`calls`)."""

    def __init__(self, scope: ScopeSpec, name: str, element: Element) -> None:
        super().__init__(scope, name, element, subworkflow_spec=element.called or "")

    def inner(self, token: Token) -> ScopeSpec:
        """The process that `calledElement` names, or the environment."""
        if token.calls is None:
            token.calls = self.called(token)
        return _scope(token, token.calls)

    def called(self, token: Token) -> str:
        """The key to call."""
        if self.element.called and token.instance.scope_spec(self.element.called) is not None:
            return self.element.called
        return token.instance.environment.called(self.element.process, self.element.id, token.scope)


def _scope(token: Token, name: str) -> ScopeSpec:
    scope = token.instance.scope_spec(name)
    if scope is None:
        raise NotFound(kind="process", id=name)
    return scope


class MultiInstance(FlowNode, bpmn.ParallelMultiInstanceTask):
    """The body of a multi-instance activity: STARTED while instances run. `child` specifies one instance."""

    kind: ClassVar[Kind | None] = "multi"

    def __init__(self, scope: ScopeSpec, name: str, element: Element, child: FlowNode) -> None:
        super().__init__(scope, name, element, task_spec=child.name)
        self.child = child
        self.is_sequential = element.loop is not None and element.loop.is_sequential
        self.has_condition = element.loop is not None and element.loop.completion_condition is not None

    def _update_hook(self, my_task: Token) -> bool:
        my_task.total = self.instances(my_task)
        if my_task.total == 0:
            return True
        my_task._set_state(STARTED)
        for index in range(1 if self.is_sequential else my_task.total):
            my_task.instance.open_child(my_task, index)
        return False

    def instances(self, body: Token) -> int:
        """How many instances to run, within the limits."""
        environment = body.instance.environment
        number = environment.instances(self.element.process, self.element.id, body.scope, body.number)
        if isinstance(number, bool) or not isinstance(number, int) or number < 0:
            raise InvalidValue(field="instances", value=number, element=self.element.id)
        if number > environment.max_children:
            raise LimitExceeded(limit="max_children", element=self.element.id, value=number)
        body.instance.require_room(0 if self.is_sequential else number, self.element.id)
        return number

    def is_complete(self, body: Token) -> bool:
        """Whether the instances that still run can be left out, the one that ends now counted as done."""
        environment = body.instance.environment
        return self.has_condition and environment.is_complete(
            self.element.process, self.element.id, body.number, body.done + 1, body.total)
