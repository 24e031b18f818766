"""The base of all elements: a SpiffWorkflow specification that knows its sequence flows, and the token that runs through it.

SpiffWorkflow's life cycle stays (`_update` → WAITING, READY or STARTED; `run` → `_run_hook` → COMPLETED → `_on_complete`).
Ours: nothing is predicted, no data is copied from task to task, and a task's successors appear when it leaves.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol

from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.specs.base import TaskSpec
from SpiffWorkflow.specs.StartTask import StartTask
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.diagram.model import Element
from engine.spiff.environment import Environment
from engine.spiff.steps import Kind

FUTURE: int = TaskState.FUTURE
WAITING: int = TaskState.WAITING
READY: int = TaskState.READY
STARTED: int = TaskState.STARTED
COMPLETED: int = TaskState.COMPLETED
CANCELLED: int = TaskState.CANCELLED


class NoFlow(Exception):
    """No condition of an element's flows is true and it has no default flow."""


class Uncaught(Exception):
    """Nobody catches an error or escalation of this code."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A sequence flow seen from its source. A link throw event has one without id that leads to its catch event."""

    id: str
    target: str
    is_conditional: bool
    is_default: bool


class ScopeSpec(BpmnProcessSpec):
    """What stands in one process, sub-process or event sub-process. `task_specs` has its elements by id."""

    def __init__(self, name: str, process: str) -> None:
        super().__init__(name)
        self.process = process
        # SpiffWorkflow puts "Start", "End" and "<name>.EndJoin" here; those ids belong to the modeller.
        self.task_specs: dict[str, FlowNode] = {}
        self.start = Root(self, "#root", Element(name, "process", "", "", process, ""))
        self.task_specs.clear()
        self.entries: tuple[str, ...] = ()
        self.event_sub_processes: tuple[str, ...] = ()
        self.has_inclusive_joins = False


class Level(Protocol):
    """One running scope: the case's process, or what runs inside the token `host`."""

    host: "Token"
    spec: ScopeSpec

    def live(self) -> list["Token"]:
        """The tokens directly in it, oldest first."""


class Running(Protocol):
    """What an element may ask of the instance that it runs in."""

    environment: Environment
    queue: deque["Token"]

    def open_scope(self, host: "Token", scope: ScopeSpec) -> None:
        """Begin a scope inside `host`: a token before each of its entries."""

    def open_child(self, body: "Token", index: int) -> None:
        """Begin one instance of a multi-instance activity."""

    def require_room(self, number: int, element: str) -> None:
        """Raise `LimitExceeded` if this step may not enter `number` more elements."""

    def gather(self, level: Level, node: "FlowNode", got: list[str]) -> None:
        """Tokens come to `node` through the flows `got`: into the row that waits there, or as a new row."""

    def require_catcher(self, thrower: "Token") -> None:
        """Raise `Uncaught` unless somebody catches what this throw or end event throws."""

    def throw(self, level: Level, event: "FlowNode") -> bool:
        """Deliver what a throw or end event in `level` throws; whether that interrupted the thrower's scope."""

    def empty(self, level: Level) -> None:
        """Cancel every token in a scope."""

    def scope_spec(self, name: str) -> ScopeSpec | None:
        """A scope of the bundle, by process key or `<key>/<sub-process>`."""


class Token(Task):
    """One SpiffWorkflow task of the tree = one row of the state, with the row's id as its own."""

    workflow: Any
    task_spec: Any

    def __init__(self, workflow: Any, spec: Any, parent: Task | None, state: int, number: int) -> None:
        self.got: list[str] = []
        self.fired: dict[str, int] = {}
        self.cut: str | None = None
        self.failure: str | None = None
        self.past: Literal["inside", "element"] | None = None
        self.index: int | None = None
        self.done = 0
        self.total = 0
        self.calls: str | None = None
        self.has_happened = False
        self.chosen: Outgoing | None = None
        super().__init__(workflow, spec, parent, state, number)

    @property
    def number(self) -> int:
        """The token's id."""
        return int(self.id)

    @property
    def instance(self) -> Running:
        """The case."""
        running: Running = self.workflow.top_workflow
        return running

    @property
    def body(self) -> "Token | None":
        """The multi-instance body of which this is one instance."""
        return None if self.index is None else self.workflow.tasks[self._parent]

    @property
    def activity(self) -> "Token":
        """The token that boundary events are attached to: the body for an instance of a multi-instance activity."""
        return self.body or self

    @property
    def inside(self) -> Level | None:
        """What runs inside the token."""
        top = self.workflow.top_workflow
        level: Level | None = top if self is top.host else top.subprocesses.get(self.id)
        return level

    @property
    def outer(self) -> int:
        """The scope or body that the token stands in."""
        return self.workflow.host.number if self.index is None else int(self._parent)

    @property
    def scope(self) -> int:
        """The scope whose variables the token sees."""
        return self.workflow.host.number if self.index is None else self.number

    def _set_state(self, value: int) -> None:
        """Without SpiffWorkflow's log line, whose facts cost a third of a step even when nobody logs."""
        self._state = value

    def is_in(self, state: int) -> bool:
        """Whether SpiffWorkflow's state of the task is `state`."""
        return bool(self._state == state)


class FlowNode(TaskSpec):
    """Mixed into every element's specification. Without more it passes its token on at once."""

    kind: ClassVar[Kind | None] = None
    element: Element
    flows: tuple[Outgoing, ...] = ()
    incoming: tuple[str, ...] = ()
    boundary: tuple[str, ...] = ()

    def __init__(self, scope: ScopeSpec, name: str, element: Element, **more: Any) -> None:
        super().__init__(scope, name, **more)
        self.element = element

    def perform(self, token: Token) -> None:
        """The element's own work; an exception here is an incident before it."""

    def taken(self, token: Token) -> list[Outgoing]:
        """The flows to take: those without condition or whose condition is true, or else the default (BPMN 2.0 §8.3.13)."""
        true = self.true_flows(token)
        return true if true or not self.flows else [self.default_flow()]

    def true_flows(self, token: Token) -> list[Outgoing]:
        """The flows without condition and those whose condition holds, the default left out; one call for all."""
        asked = [f.id for f in self.flows if f.is_conditional]
        if not asked:
            return [f for f in self.flows if not f.is_default]
        answers = token.instance.environment.choose(self.element.process, token.scope, asked)
        false = {flow for flow, holds in zip(asked, answers, strict=True) if not holds}
        return [f for f in self.flows if not f.is_default and f.id not in false]

    def default_flow(self) -> Outgoing:
        """The default flow; raises `NoFlow`."""
        for flow in self.flows:
            if flow.is_default:
                return flow
        raise NoFlow(f"no condition is true at {self.element.id} and it has no default flow")

    def departed(self, level: Level) -> bool:
        """What happens once the token has left; whether its flows are still to be taken."""
        return True

    def _predict(self, my_task: Token, *_more: Any, **_named: Any) -> None:
        """Nothing: prediction doubles with each parallel block and loops for ever in a loop."""

    def test(self) -> None:
        """Nothing: the checks of a deployment have more to say than SpiffWorkflow's."""

    def _update_hook(self, my_task: Token) -> bool:
        return True

    def _on_ready_hook(self, my_task: Token) -> None:
        if not self.manual:
            my_task.instance.queue.append(my_task)

    def _run_hook(self, my_task: Token) -> bool:
        if my_task.past != "element":
            self.perform(my_task)
            if my_task.index is not None:
                close = my_task.instance.environment.child_closed
                close(self.element.process, self.element.id, my_task.outer, my_task.number)
            my_task.past = "element"
        return True

    def _on_complete(self, my_task: Token) -> None:
        my_task.workflow.top_workflow.leave(my_task)


class Root(FlowNode, StartTask):
    """What the tokens of a scope hang under in SpiffWorkflow's tree; of the case's own scope it is the row `process`."""

    kind: ClassVar[Kind | None] = "process"


Scopes = Mapping[str, ScopeSpec]
"""All scopes of a bundle by name: a process key, or `<key>/<sub-process id>`."""
