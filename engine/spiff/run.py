"""One step: place the tokens, apply it, run until every token waits, read the tokens back."""

from typing import assert_never

from engine.errors import StepRefused
from engine.spiff import events, moves, tokens
from engine.spiff.compile import Spec
from engine.spiff.elements import BoundaryEvent
from engine.spiff.environment import Environment
from engine.spiff.instance import Instance
from engine.spiff.node import READY, FlowNode, Token
from engine.spiff.place import place
from engine.spiff.scopes import EventSubProcess
from engine.spiff.steps import Cancel, Complete, Move, Outcome, Retry, Start, State, Step, ThrowError, Trigger


def run(spec: Spec, state: State, step: Step, environment: Environment) -> Outcome:
    """Apply one step. `state` is not changed; what it holds for `Start` does not matter.

    Raises `StepRefused` with `reason`, `token`, `element`: `gone` (no such token), `not_ready` (not a task or job),
    `not_waiting` (does not listen for this event), `not_incident`, `no_start_event`, or what `place` and `moves.move` refuse.
    """
    instance = begin(spec, step) if isinstance(step, Start) else place(spec, state)
    apply(instance, step, environment)
    return outcome(instance)


def begin(spec: Spec, step: Start) -> Instance:
    """An instance without tokens, for `Start`."""
    if step.process not in spec.processes:
        raise StepRefused(reason="no_process", token=None, element=step.process)
    return Instance(spec.scopes, step.process, 2)


def apply(instance: Instance, step: Step, environment: Environment) -> None:
    """Apply one step to a placed instance and run it."""
    instance.environment, instance.steps, instance.trace, instance.end_element = environment, 0, [], None
    match step:
        case Start():
            _start(instance, step)
        case Complete(token=number):
            _complete(_ready(instance, number))
        case Trigger():
            _trigger(instance, step)
        case ThrowError(token=number, code=code):
            instance.throw_error(_ready(instance, number), code)
        case Retry(token=number):
            _retry(instance, number)
        case Move():
            moves.move(instance, step)
        case Cancel():
            instance.empty(instance)
        case _:
            assert_never(step)
    instance.run()


def outcome(instance: Instance) -> Outcome:
    """What to store and show after a step."""
    state, subscriptions, waiting = tokens.read(instance)
    end_element = None if state["tokens"] else instance.end_element
    return Outcome(state, tuple(instance.trace), tuple(subscriptions), tuple(waiting), end_element)


def _start(instance: Instance, step: Start) -> None:
    entries = (step.event,) if step.event is not None else instance.spec.entries
    nodes: list[FlowNode] = [instance.spec.task_specs[name] for name in entries if name in instance.spec.task_specs]
    if not nodes or (step.event is not None and nodes[0].element.type != "startEvent"):
        raise StepRefused(reason="no_start_event", token=None, element=step.event or step.process)
    instance.environment.opened(1, 0, step.process, None, None)
    for node in nodes:
        instance.enter(instance.new_token(instance, node))


def _token(instance: Instance, number: int) -> Token:
    token = instance.by_id.get(number)
    if token is None:
        raise StepRefused(reason="gone", token=number, element=None)
    return token


def _ready(instance: Instance, number: int) -> Token:
    token = _token(instance, number)
    if token.task_spec.kind not in ("task", "job") or not token.is_in(READY):
        raise StepRefused(reason="not_ready", token=number, element=token.task_spec.element.id)
    return token


def _complete(token: Token) -> None:
    token.workflow.top_workflow.run_token(token)


def _retry(instance: Instance, number: int) -> None:
    token = _token(instance, number)
    if token.failure is None:
        raise StepRefused(reason="not_incident", token=number, element=token.task_spec.element.id)
    instance.retry(token)


def _trigger(instance: Instance, step: Trigger) -> None:
    token = _token(instance, step.token)
    listener = next((x for x in events.told(token) if x.element.id == step.event
                     and step.process in (None, x.element.process)), None)
    if listener is None:
        raise StepRefused(reason="not_waiting", token=step.token, element=step.event)
    if isinstance(listener.event, BoundaryEvent | EventSubProcess):
        instance.fire(listener, step.times)
        return
    if listener.event is token.task_spec:
        token.has_happened = True
    else:
        token.chosen = next(flow for flow in token.task_spec.flows if flow.target == step.event)
    token.task_spec._update(token)
