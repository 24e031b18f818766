"""Instance → state, and what the case waits for. Read from the tokens that are there; nothing else is kept."""

from collections.abc import Sequence
from typing import Literal

from engine.spiff import events
from engine.spiff.instance import Instance
from engine.spiff.node import FUTURE, Token
from engine.spiff.steps import Kind, Row, State, Subscription, Waiting


def tokens(instance: Instance) -> State:
    """The state to store. A row stands after the row it is in."""
    return _state(instance, everywhere(instance))


def read(instance: Instance) -> tuple[State, list[Subscription], list[Waiting]]:
    """The state, and what the case waits for: the timers and messages; the people, workers and administrators."""
    alive = everywhere(instance)
    return _state(instance, alive), _subscriptions(alive), _waiting(alive)


def subscriptions(instance: Instance) -> list[Subscription]:
    """The timers and messages that the case waits for."""
    return _subscriptions(everywhere(instance))


def waiting(instance: Instance) -> list[Waiting]:
    """The tokens that wait for a person, a worker or an administrator."""
    return _waiting(everywhere(instance))


def everywhere(instance: Instance) -> list[Token]:
    """Every token, the process first, each before those inside it."""
    found, todo = [], [instance.host]
    while todo:
        found.append(todo.pop())
        todo += reversed(instance.within(found[-1]))
    return found


def _state(instance: Instance, alive: Sequence[Token]) -> State:
    return {"next": instance.next_id, "tokens": [_row(token) for token in alive] if len(alive) > 1 else []}


def _subscriptions(alive: Sequence[Token]) -> list[Subscription]:
    return [events.subscription(x) for token in alive for x in events.told(token)] if len(alive) > 1 else []


def _waiting(alive: Sequence[Token]) -> list[Waiting]:
    return [_wait(token, kind) for token in alive if (kind := kind_of(token)) in ("task", "job", "incident")]


def kind_of(token: Token) -> Kind:
    """The kind of a token that waits."""
    if token.is_in(FUTURE):
        return "incident" if token.failure is not None else "new"
    kind: Kind | None = token.task_spec.kind
    if kind is None:
        raise AssertionError(f"{token.task_spec.element.id} does not wait")
    return kind


def _row(token: Token) -> Row:
    kind, element = kind_of(token), token.task_spec.element
    row: Row = {"id": token.number, "in": 0 if kind == "process" else token.outer, "at": element.id, "is": kind}
    if token.index is not None:
        row["i"] = token.index
    if kind == "multi":
        row["n"], row["done"] = token.total, token.done
    if token.task_spec.kind == "join" and token.got:
        row["got"] = token.got
    if token.fired:
        row["fired"] = token.fired
    return _rare(token, row)


def _rare(token: Token, row: Row) -> Row:
    if token.cut is not None:
        row["cut"] = token.cut
    if token.calls is not None:
        row["calls"] = token.calls
    if token.failure is not None:
        row["error"] = token.failure
        if token.past is not None:
            row["past"] = token.past
    return row


def _wait(token: Token, kind: Kind) -> Waiting:
    element = token.task_spec.element
    waits: Literal["task", "job", "incident"] = "task" if kind == "task" else "job" if kind == "job" else "incident"
    return Waiting(waits, element.id, element.process, token.scope, token.number, element.type, token.index,
                   token.outer if token.index is not None else None, token.failure)
