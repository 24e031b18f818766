"""A waiting token goes back to an activity of its scope or of one around it.

What the activity's token led to is withdrawn; what runs beside it stays, and so does what came to a join from there.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from engine.errors import StepRefused
from engine.spiff.compile import Spec, came_from, reach
from engine.spiff.instance import Instance
from engine.spiff.joins import ANY_FLOW, Join, ParallelGateway
from engine.spiff.node import FlowNode, Level, ScopeSpec, Token
from engine.spiff.place import place
from engine.spiff.scopes import EventSubProcess
from engine.spiff.steps import Move, State

ACTIVITIES = frozenset({
    "task", "manualTask", "userTask", "serviceTask", "scriptTask", "businessRuleTask", "sendTask", "receiveTask",
    "subProcess", "callActivity",
})
"""Where a token can be sent back to: what does something. Gateways and events would only pass it on."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """What one token at an element can come to by itself: a join only where it fills every incoming flow."""

    elements: frozenset[str]
    flows: frozenset[str]


@dataclass(frozen=True, slots=True)
class Way:
    """A step that can be taken: scope and activity to enter, what has to go, whether an event sub-process had taken over."""

    level: Level
    node: FlowNode
    gone: Collection[Token]
    ahead: Ahead
    was_cut: bool


def move(instance: Instance, step: Move) -> None:
    """Take out what came after the target, and enter the target anew. Raises `StepRefused` as `way` does."""
    found = way(instance, step)
    level = found.level
    _withdraw(instance, found)
    level.host.cut = None if found.was_cut else level.host.cut
    instance.enter(instance.new_token(level, found.node))


def way(instance: Instance, step: Move) -> Way:
    """How the token gets to the target, nothing changed yet.

    Raises `StepRefused` with `reason`: `gone` (no such token), `not_enclosing` (the scope is not around it), `no_element`,
    `not_an_activity`, `in_multi_instance` (leaves an instance of a multi-instance activity other than for that activity as
    a whole), `not_before` (the token did not come from there, or only together with others), `join_waits` (a join after the
    target would wait for ever, because another of its branches is through it already).
    """
    token, level, crosses = _climb(instance, step)
    node = _target(level, step)
    if crosses and node is not token.task_spec:
        raise _refused("in_multi_instance", step)
    was_cut = isinstance(token.task_spec, EventSubProcess) and level.host.cut == token.task_spec.name
    ahead = _ahead(level.spec, node)
    if not was_cut and token.task_spec.name not in ahead.elements:
        raise _refused("not_before", step)
    gone = [each for each in level.live() if each is token or each.task_spec.name in ahead.elements]
    _require_joins(level, ahead, [each for each in level.live() if each not in gone], step)
    return Way(level, node, gone, ahead, was_cut)


def is_possible(spec: Spec, state: State, step: Move) -> bool:
    """Whether a stored case can take the step."""
    try:
        way(place(spec, state), step)
    except StepRefused:
        return False
    return True


def _climb(instance: Instance, step: Move) -> tuple[Token, Level, bool]:
    """What holds the token in the target's scope, that scope, and whether it leaves an instance of a multi-instance activity."""
    token = instance.by_id.get(step.token)
    if token is None or token is instance.host:
        raise _refused("gone", step)
    crosses = False
    while True:
        crosses, token, level = crosses or token.body is not None, token.activity, token.workflow
        if level.host.number == step.scope:
            return token, level, crosses
        if level is instance:
            raise _refused("not_enclosing", step)
        token = level.host


def _target(level: Level, step: Move) -> FlowNode:
    node = level.spec.task_specs.get(step.target)
    if node is None or node.element.id != step.target:
        raise _refused("no_element", step)
    if node.element.type not in ACTIVITIES or isinstance(node, EventSubProcess):
        raise _refused("not_an_activity", step)
    return node


def _ahead(spec: ScopeSpec, start: FlowNode) -> Ahead:
    elements: set[str] = set()
    flows: set[str] = set()
    todo = [start.name]
    while todo:
        node = spec.task_specs[todo.pop()]
        if node.name in elements or (isinstance(node, Join) and not flows >= set(node.incoming)):
            continue
        elements.add(node.name)
        flows |= {flow.id for flow in node.flows}
        todo += [*(flow.target for flow in node.flows), *node.boundary]
    return Ahead(frozenset(elements), frozenset(flows))


def _require_joins(level: Level, ahead: Ahead, staying: Collection[Token], step: Move) -> None:
    """Every parallel join that the target leads to must get, or have, a token of each of its other flows too."""
    sources = came_from(level.spec)
    for join in _half_reached(level.spec, ahead):
        got = {flow for each in staying if each.task_spec is join for flow in each.got}
        can_come = reach(level.spec, join, sources)
        coming = {flow for each in staying for flow in can_come[each.task_spec.name]}
        if ANY_FLOW not in got and not got | coming | ahead.flows >= set(join.incoming):
            raise _refused("join_waits", step)


def _half_reached(spec: ScopeSpec, ahead: Ahead) -> Iterator[FlowNode]:
    return (node for node in spec.task_specs.values() if isinstance(node, ParallelGateway)
            and node.name not in ahead.elements and not ahead.flows.isdisjoint(node.incoming))


def _withdraw(instance: Instance, found: Way) -> None:
    for token in found.gone:
        instance.cancel(token)
    for token in [each for each in found.level.live() if not found.ahead.flows.isdisjoint(each.got)]:
        token.got = [flow for flow in token.got if flow not in found.ahead.flows]
        if not token.got:
            instance.cancel(token)


def _refused(reason: str, step: Move) -> StepRefused:
    return StepRefused(reason=reason, token=step.token, element=step.target)
