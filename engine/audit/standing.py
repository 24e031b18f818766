"""Where the tokens of a case are, and what it knows, folded from one recorded event to the next. Pure: no engine runs.

Only what a body says is used: what was entered, left and cancelled, which variables changed; of a move to another version
its mapping. `State by replay` (`recomputation`) asks the engine itself.
"""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any, Literal

Element = tuple[str, str]
"""(process key, element)"""
Passed = tuple[str, str, int]
"""(process key, element or flow, run)"""
OWN = 1
"""The run of the case's own process; that of a called one is the token of its call."""
Key = tuple[int, str]
"""(scope, variable)"""


@dataclass(frozen=True, slots=True)
class Move:
    """One thing that happened to a token, as `engine.spiff.steps.Trace`; `flows` are the sequence flows it took."""

    kind: Literal["entered", "left", "cancelled", "incident"]
    process: str
    element: str
    scope: int
    token: int
    type: str
    flows: tuple[str, ...] = ()
    error: str = ""
    index: int | None = None
    body: int | None = None


@dataclass(frozen=True, slots=True)
class Stand:
    """A token at an element; `error` says why it stopped there, `body` and `index` which instance of many it is.

    `run`: in which run of its process it is, as one process may be called again, or several times at once.
    """

    process: str
    element: str
    scope: int
    type: str
    error: str = ""
    index: int | None = None
    body: int | None = None
    run: int = OWN


@dataclass(frozen=True, slots=True)
class Changed:
    """A variable before and after; `is_new` and `is_gone` tell a missing one from one that holds nothing."""

    scope: int
    name: str
    before: Any
    after: Any
    is_new: bool = False
    is_gone: bool = False


@dataclass(slots=True)
class Standing:
    """A case between two events; `is_certain`: no event before it is without its body.

    `many` has the instances of each multi-instance activity that runs, and of the last that ran: token of the activity →
    its element and index → now | left | cancelled | incident. `runs`: run → the process called, in the order in which they began.
    """

    tokens: dict[int, Stand] = field(default_factory=dict)
    done: set[Passed] = field(default_factory=set)
    flows: set[Passed] = field(default_factory=set)
    many: dict[int, tuple[Element, dict[int, str]]] = field(default_factory=dict)
    variables: dict[Key, Any] = field(default_factory=dict)
    runs: dict[int, str] = field(default_factory=dict)
    is_certain: bool = True

    def copy(self) -> "Standing":
        """The same, to be folded on; values of variables are shared, as nobody changes them."""
        return Standing(dict(self.tokens), set(self.done), set(self.flows), deepcopy(self.many), dict(self.variables),
                        dict(self.runs), self.is_certain)

    def go(self, moves: Iterable[Move]) -> None:
        """Let tokens move, in order."""
        for move in moves:
            self._go(move)

    def tried_again(self, token: int) -> None:
        """The incident at a token is no more: its element is tried again."""
        if token in self.tokens:
            self.tokens[token] = replace(self.tokens[token], error="")

    def renamed(self, mapping: Mapping[str, Mapping[str, str | None]]) -> None:
        """The case is on another version: its tokens stand at what their elements are called there."""
        for token, stand in self.tokens.items():
            name = mapping.get(stand.process, {}).get(stand.element)
            if name:
                self.tokens[token] = replace(stand, element=name)
        self.done = {(key, mapping.get(key, {}).get(element) or element, run) for key, element, run in self.done}

    def put_back(self, earlier: Mapping[str, Any]) -> None:
        """The case is on the version before: its tokens stand where the state `earlier` had them."""
        for row in earlier["tokens"]:
            if row["id"] in self.tokens:
                self.tokens[row["id"]] = replace(self.tokens[row["id"]], element=row["at"])

    def know(self, changed: Iterable[tuple[int, str, Any]], removed: Iterable[Key]) -> tuple[Changed, ...]:
        """Variables got other values, others went with their scope; says what was before."""
        found = []
        for scope, name, value in changed:
            key = (scope, name)
            found.append(Changed(scope, name, self.variables.get(key), value, is_new=key not in self.variables))
            self.variables[key] = value
        for scope, name in removed:
            if (scope, name) in self.variables:
                found.append(Changed(scope, name, self.variables.pop((scope, name)), None, is_gone=True))
        return tuple(found)

    def _go(self, move: Move) -> None:
        here = (move.process, move.element)
        if move.kind == "entered":
            self._enter(move, here)
        elif move.kind == "incident":
            stand = self.tokens.get(move.token) or Stand(move.process, move.element, move.scope, move.type, run=self._run(move))
            self.tokens[move.token] = replace(stand, error=move.error or "?")
        else:
            stood = self.tokens.pop(move.token, None)
            run = stood.run if stood else self._run(move)
            if move.kind == "left":
                self.done.add((*here, run))
                self.flows.update((move.process, flow, run) for flow in move.flows)
        if move.body is not None and move.index is not None:
            _, instances = self.many.setdefault(move.body, (here, {}))
            instances[move.index] = "now" if move.kind == "entered" else move.kind

    def _enter(self, move: Move, here: Element) -> None:
        if move.body is not None and move.body not in self.many:  # only the last run of an element is kept beside those alive
            for body, (element, _) in list(self.many.items()):
                if element == here and body not in self.tokens:
                    del self.many[body]
        run = self._run(move)
        if run != OWN:
            self.runs.setdefault(run, move.process)
        self.tokens[move.token] = Stand(move.process, move.element, move.scope, move.type, "", move.index, move.body, run)

    def _run(self, move: Move) -> int:
        """The call around a token; an instance of many is its own scope, and stands in the run of the activity."""
        around = self.tokens.get(move.body or 0) if move.scope == move.token else self.tokens.get(move.scope)
        if around is None:
            return OWN
        return move.scope if around.type == "callActivity" and move.scope != move.token else around.run


def moves(trace: Iterable[Mapping[str, Any]]) -> tuple[Move, ...]:
    """The moves of a recorded body's `trace`."""
    return tuple(Move(one["kind"], one["process"], one["element"], one["scope"], one["token"], one["type"],
                      tuple(one.get("flows", ())), one.get("error") or "", one.get("index"), one.get("body"))
                 for one in trace)
