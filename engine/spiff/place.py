"""State → instance: one pass over the rows, one SpiffWorkflow task each, in the state of its kind."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from engine.errors import StepRefused
from engine.spiff import tokens
from engine.spiff.compile import Spec
from engine.spiff.instance import Instance
from engine.spiff.joins import ANY_FLOW, Join
from engine.spiff.node import FUTURE, READY, STARTED, WAITING, FlowNode, Token
from engine.spiff.scopes import CallActivity, MultiInstance, Scope
from engine.spiff.steps import Kind, Row, State, Subscription, Waiting

STATES: Mapping[Kind, int] = MappingProxyType({
    "scope": STARTED, "multi": STARTED, "task": READY, "job": READY, "event": WAITING, "choice": WAITING, "join": WAITING,
    "new": FUTURE, "incident": FUTURE,
})
"""Kind of a row → SpiffWorkflow's state of its task."""


def place(spec: Spec, state: State) -> Instance:
    """The instance that `state` describes.

    Raises `StepRefused` where the diagram has no such element (`no_element`), another kind (`other_kind`), no longer a
    flow that a join has a token of (`no_flow`), or the bundle no such process (`no_process`); `ended` without tokens.
    """
    if not state["tokens"]:
        raise StepRefused(reason="ended", token=None, element=None)
    root, *rows = state["tokens"]
    if root["at"] not in spec.processes:
        raise _refused("no_process", root)
    instance = Instance(spec.scopes, root["at"], state["next"])
    _listened(instance.host, root)
    for row in rows:
        _put(instance, row)
    return instance


def subscriptions(spec: Spec, state: State) -> list[Subscription]:
    """The timers and messages that a stored case waits for."""
    return tokens.subscriptions(place(spec, state)) if state["tokens"] else []


def waiting(spec: Spec, state: State) -> list[Waiting]:
    """The tasks, jobs and incidents of a stored case."""
    return tokens.waiting(place(spec, state)) if state["tokens"] else []


def _put(instance: Instance, row: Row) -> None:
    up = instance.by_id.get(row["in"])
    if up is None:
        raise _refused("gone", row)
    is_child = "i" in row
    level: Any = up.workflow if is_child else up.inside
    node = _node(up, level, row)
    token = instance.put(level, node, row["id"], state=STATES[row["is"]], parent=up if is_child else None)
    token.index, token.failure, token.past = row.get("i"), row.get("error"), row.get("past")
    token.got = list(row.get("got", ()))
    _listened(token, row)
    if row["is"] == "new":
        instance.fresh.append(token)
    elif row["is"] == "multi":
        token.total, token.done = row["n"], row["done"]
    elif row["is"] == "scope":
        _open(instance, token, row)


def _listened(token: Token, row: Row) -> None:
    token.fired, token.cut = dict(row.get("fired", {})), row.get("cut")


def _node(up: Token, level: Any, row: Row) -> FlowNode:
    node: FlowNode | None = None
    if "i" not in row:
        node = level.spec.task_specs.get(row["at"]) if level is not None else None
    elif isinstance(up.task_spec, MultiInstance) and up.task_spec.element.id == row["at"]:
        node = up.task_spec.child
    if node is None:
        raise _refused("no_element", row)
    if row["is"] not in ("new", "incident") and node.kind != row["is"]:
        raise _refused("other_kind", row)
    if isinstance(node, Join) and set(row.get("got", ())) - {*node.incoming, ANY_FLOW}:
        raise _refused("no_flow", row)
    return node


def _open(instance: Instance, token: Token, row: Row) -> None:
    node = token.task_spec
    token.calls = row.get("calls") if isinstance(node, CallActivity) else None
    name = token.calls if isinstance(node, CallActivity) else node.spec
    scope = instance.scope_spec(name) if name and isinstance(node, Scope) else None
    if scope is None:
        raise _refused("no_process", row)
    instance.open_level(token, scope)


def _refused(reason: str, row: Row) -> StepRefused:
    return StepRefused(reason=reason, token=row["id"], element=row["at"])
