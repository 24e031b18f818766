"""One case during one step: the queue of the tokens that can run, how they come and go, and the record of it."""

from collections import deque
from typing import Any, Literal

from engine.errors import BpmnError, LimitExceeded, NotFound
from engine.spiff import events
from engine.spiff.elements import EndEvent
from engine.spiff.environment import Environment
from engine.spiff.joins import ANY_FLOW, InclusiveGateway
from engine.spiff.node import (
    CANCELLED,
    FUTURE,
    READY,
    STARTED,
    WAITING,
    FlowNode,
    Level,
    Outgoing,
    Scopes,
    ScopeSpec,
    Token,
    Uncaught,
)
from engine.spiff.scopes import EventSubProcess, MultiInstance
from engine.spiff.steps import Trace
from engine.spiff.tree import Tree

ERROR_LENGTH = 500
"""Characters of an exception that a row keeps."""


class Instance(Tree):
    """The case. `environment` is set for a step; `trace` and `steps` are the step's own."""

    environment: Environment

    def __init__(self, scopes: Scopes, process: str, next_id: int) -> None:
        self.queue: deque[Token] = deque()
        self.fresh: list[Token] = []
        self.trace: list[Trace] = []
        self.steps = 0
        self.end_element: str | None = None
        super().__init__(scopes, process, next_id)

    # --- running

    def run(self) -> None:
        """Until every token waits."""
        for token in self.fresh:
            self.start_over(token)
        self.fresh = []
        self.emptied |= {level.host.number: level.host for level in self.subprocesses.values() if not level.live()}
        while self.queue or self._settle():
            token = self.queue.popleft()
            if self.has(token) and token.is_in(READY):
                self.run_token(token)

    def run_token(self, token: Token) -> None:
        """Let the element do its work and leave it. What fails stays as an incident; a BPMN error goes to its catcher."""
        try:
            token.run()
        except BpmnError as error:
            self.throw_error(token, error.error_code, error.message)
        except Exception as error:
            self.park(token, error)

    def _settle(self) -> bool:
        """Nothing is ready: scopes without tokens end; failing that, the oldest enabled inclusive join goes on."""
        hosts = [host for _, host in sorted(self.emptied.items()) if self._is_done(host)]
        self.emptied = {}
        for host in hosts:
            host.past = "inside"
            host._ready()
        return bool(hosts) or self._pass_inclusive_join()

    def _is_done(self, host: Token) -> bool:
        return self.has(host) and host.is_in(STARTED) and host.inside is not None and not host.inside.live()

    def _pass_inclusive_join(self) -> bool:
        levels = [level for level in (self, *self.subprocesses.values()) if level.spec.has_inclusive_joins]
        enabled = [token for level in levels for token in level.live() if _is_enabled_inclusive(token)]
        if enabled:
            min(enabled, key=lambda t: t.number)._ready()
        return bool(enabled)

    # --- coming

    def arrive(self, level: Level, flow: Outgoing, *, has_happened: bool) -> None:
        """A token comes through `flow`; `has_happened` for the event that an event gateway waited for."""
        node = level.spec.task_specs[flow.target]
        if has_happened:
            token = self.new_token(level, node)
            token.has_happened = True
            self.enter(token)
        else:
            self.gather(level, node, [flow.id])

    def gather(self, level: Level, node: FlowNode, got: list[str]) -> None:
        """Tokens come to `node` through the flows `got`: into the row that waits there, or as a new row."""
        token = _waiting_join(level, node)
        if token is not None:
            token.got += got
            node._update(token)
            return
        token = self.new_token(level, node)
        token.got = got
        self.enter(token)

    def enter(self, token: Token) -> None:
        """A new token is before its element."""
        self._note("entered", token)
        self.begin(token)

    def begin(self, token: Token) -> None:
        """Let the element take the token in; a failure parks it."""
        try:
            self.require_room(1, token.task_spec.element.id)
            self.steps += 1
            if token.body is not None and token.index is not None:
                element = token.task_spec.element
                self.environment.child_opened(element.process, element.id, token.outer, token.number, token.index)
            token.task_spec._update(token)
        except Exception as error:
            self.park(token, error)

    def start_over(self, token: Token) -> None:
        """A token that was put before its element by hand."""
        if _waiting_join(token.workflow, token.task_spec) is None:
            token.got = [ANY_FLOW]
            self.enter(token)
            return
        self.remove(token)
        self.gather(token.workflow, token.task_spec, [ANY_FLOW])

    def retry(self, token: Token) -> None:
        """Run an incident again, from where it failed."""
        token.failure = None
        if token.past is not None:
            token._set_state(READY)
            self.queue.append(token)
        elif _waiting_join(token.workflow, token.task_spec) is None:
            self.begin(token)
        else:
            self._left(token, [])
            self.gather(token.workflow, token.task_spec, token.got)

    def require_room(self, number: int, element: str) -> None:
        """Raise `LimitExceeded` if this step may not enter `number` more elements."""
        if self.steps + number > self.environment.max_steps:
            raise LimitExceeded(limit="max_steps", element=element, value=self.environment.max_steps)

    def open_scope(self, host: Token, scope: ScopeSpec) -> None:
        """Begin a scope inside `host`."""
        if not scope.entries:
            raise NotFound(kind="start_event", id=scope.name)
        level = self.open_level(host, scope)
        for name in scope.entries:
            self.enter(self.new_token(level, scope.task_specs[name]))

    def open_child(self, body: Token, index: int) -> None:
        """Begin one instance of a multi-instance activity."""
        child = self.new_token(body.workflow, body.task_spec.child, body=body)
        child.index = index
        self.enter(child)

    # --- going

    def leave(self, token: Token) -> None:
        """The element's work is done: choose the flows, then end the token and let new ones come through them."""
        if token.body is not None:
            self._leave_child(token, token.body)
            return
        node: FlowNode = token.task_spec
        level, taken = token.workflow, node.taken(token)
        self._left(token, taken)
        if isinstance(node, EndEvent):
            self._note_end(level, node)
        if node.departed(level):
            for flow in taken:
                self.arrive(level, flow, has_happened=token.chosen is not None)

    def _leave_child(self, child: Token, body: Token) -> None:
        node: MultiInstance = body.task_spec
        is_complete = node.is_complete(body)
        self._left(child, [])
        body.done += 1
        if is_complete:
            for other in self.within(body):
                self.cancel(other)
        elif node.is_sequential and body.done < body.total:
            self.open_child(body, body.done)
        if not body.children:
            body._ready()

    def _left(self, token: Token, taken: list[Outgoing]) -> None:
        self._note("left", token, flows=tuple(flow.id for flow in taken if flow.id))
        self.remove(token)

    def _note_end(self, level: Any, node: FlowNode) -> None:
        """The process's own end event, or that of an event sub-process of the process."""
        host = level.host
        if level is self or (isinstance(host.task_spec, EventSubProcess) and host.workflow is self):
            self.end_element = node.element.id

    def cancel(self, token: Token) -> None:
        """Take a token out, with all inside it."""
        for gone in self.everything(token):
            self._note("cancelled", gone)
            gone._set_state(CANCELLED)
            self.remove(gone)

    def empty(self, level: Level) -> None:
        """Cancel every token in a scope."""
        for token in level.live():
            self.cancel(token)

    def park(self, token: Token, error: Exception) -> None:
        """Keep the token as an incident; what had begun inside it is cancelled."""
        if not self.has(token):  # it left already: only a fault of ours can raise after that, and it must not be swallowed
            raise error
        for inner in self.within(token):
            self.cancel(inner)
        self.subprocesses.pop(token.id, None)
        token.calls = None
        token.failure = f"{type(error).__name__}: {error}"[:ERROR_LENGTH]
        token._set_state(FUTURE)
        self._note("incident", token, error=token.failure)

    # --- events

    def fire(self, listener: events.Listener, times: int = 1) -> None:
        """The event of a boundary event or event sub-process happened."""
        host, key = listener.token, listener.key
        if not listener.is_interrupting:
            host.fired[key] = host.fired.get(key, 0) + times
        elif isinstance(listener.event, EventSubProcess):
            host.cut = listener.event.name
            self.empty(listener.level)
        else:
            self.cancel(host)
        self.enter(self.new_token(listener.level, listener.event))

    def throw_error(self, token: Token, code: str, message: str = "") -> None:
        """The work of an activity ended with a BPMN error."""
        listener = events.catcher(token.workflow, "error", code, activity=token)
        if listener is None:
            self.park(token, Uncaught(f"nobody catches error {code} {message}".strip()))
        else:
            self.fire(listener)

    def require_catcher(self, thrower: Token) -> None:
        """Raise `Uncaught` unless somebody catches what this throw or end event throws."""
        if self._catcher(thrower.workflow, thrower.task_spec) is None:
            event = thrower.task_spec.element.event
            raise Uncaught(f"nobody catches {event.kind} {event.code or event.name or ''}".strip())

    def throw(self, level: Level, event: FlowNode) -> bool:
        """Deliver what `event` in `level` throws; whether that interrupted its scope."""
        listener = self._catcher(level, event)
        if listener is not None:
            self.fire(listener)
        return listener is not None and listener.is_interrupting

    def _catcher(self, level: Level, event: FlowNode) -> events.Listener | None:
        definition = event.element.event
        return events.catcher(level, definition.kind, definition.code) if definition is not None else None

    # --- the record

    def _note(self, kind: Literal["entered", "left", "cancelled", "incident"], token: Token, *,
              flows: tuple[str, ...] = (), error: str | None = None) -> None:
        element = token.task_spec.element
        body = token.outer if token.index is not None else None
        self.trace.append(Trace(kind, element.id, element.process, token.scope, token.number, element.type, flows,
                                error, token.index, body))


def _waiting_join(level: Level, node: FlowNode) -> Token | None:
    """The row that takes arriving tokens in, if `node` is a join where some wait already."""
    if node.kind != "join":
        return None
    return next((t for t in level.live() if t.task_spec is node and t.is_in(WAITING)), None)


def _is_enabled_inclusive(token: Token) -> bool:
    node = token.task_spec
    return isinstance(node, InclusiveGateway) and token.is_in(WAITING) and node.is_enabled(token)
