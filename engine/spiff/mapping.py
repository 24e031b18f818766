"""The tokens of a case on another version of its diagrams: each goes to the element that a mapping names, or all stay.

A sub-process that now stands around a token is opened for it, one that no longer does is dissolved. What cannot be kept
exactly is refused with a reason; no token is ever lost or made twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.diagram.model import Element, Process
from engine.errors import StepRefused
from engine.spiff.compile import Spec, came_from, reach
from engine.spiff.joins import ANY_FLOW, ParallelGateway
from engine.spiff.node import Level
from engine.spiff.place import place
from engine.spiff.steps import Row, State
from engine.spiff.tokens import tokens

Elements = Mapping[str, Mapping[str, str | None]]
"""Process key → element before → element after; None: a token there refuses the move. An element not named keeps its id."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """The state on the target, and the tokens of the sub-processes that were opened and dissolved for it."""

    state: State
    opened: tuple[int, ...]
    dissolved: tuple[int, ...]


def mapped(source: Spec, target: Spec, state: State, mapping: Elements) -> Mapped:
    """The state of a case of `source` on `target`.

    Raises `StepRefused` with `reason`, `token` and `element` (before): `step_removed` (the mapping says so), `no_element`,
    `other_type` (another kind of element), `other_loop`, `other_called`, `other_trigger` (another way to interrupt),
    `leaves_scope` and `splits_scope` (only part of a sub-process would move), `into_scope` (into one that runs already, or
    cannot be opened by hand), `no_flow` (what waits at a join came through a flow that is gone), `join_waits` (a join would
    wait for ever), and what `place` refuses.
    """
    carry = _Carry(source, target, state, mapping)
    for row in state["tokens"]:
        carry.take(row)
    moved = carry.state()
    instance = place(target, moved)
    for level in (instance, *instance.subprocesses.values()):
        _require_joins(level)
    return Mapped(tokens(instance), tuple(carry.opened), tuple(carry.dissolved))


def restored(target: Spec, state: State, earlier: State) -> Mapped:
    """The state before a move, of `target`, for a case that has not gone on since; what was dissolved is opened anew.

    No id is used twice: an opened sub-process gets a new one. Raises `StepRefused` as `place` does.
    """
    here, then = {row["id"] for row in state["tokens"]}, {row["id"] for row in earlier["tokens"]}
    new = {row["id"]: state["next"] + n for n, row in enumerate(each for each in earlier["tokens"] if each["id"] not in here)}
    rows: list[Row] = []
    for row in earlier["tokens"]:
        again = row.copy()
        again["id"], again["in"] = new.get(row["id"], row["id"]), new.get(row["in"], row["in"])
        rows.append(again)
    found: State = {"next": state["next"] + len(new), "tokens": rows}
    return Mapped(tokens(place(target, found)), tuple(new.values()), tuple(sorted(here - then)))


def inverse(source: Mapping[str, Process], target: Mapping[str, Process], mapping: Elements) -> Elements:
    """Where each element of the target came from: None for one that nothing of the source goes to."""
    found: dict[str, dict[str, str | None]] = {key: dict.fromkeys(process.elements) for key, process in target.items()}
    for key, process in source.items():
        for element in process.elements:
            name = renamed(mapping, key, element)
            if name is not None and name in found.get(key, {}):
                found[key][name] = found[key][name] or element
    return found


def renamed(mapping: Elements, process: str, element: str) -> str | None:
    """Where the mapping sends an element."""
    return mapping.get(process, {}).get(element, element)


@dataclass(frozen=True, slots=True)
class _Spot:
    """A row with its element before and after; the anchor is the row around it that no token leaves."""

    row: Row
    before: Element | None
    after: Element | None


class _Carry:
    """One case on its way: rows in, rows out."""

    def __init__(self, source: Spec, target: Spec, state: State, mapping: Elements) -> None:
        self.source, self.target, self.mapping = source, target, mapping
        self.spots: dict[int, _Spot] = {}
        self.processes: dict[int, str] = {}  # row → the process of what is inside it
        self.rows = {row["id"]: row for row in state["tokens"]}
        self.children: dict[int, list[Row]] = {}
        self.out: dict[int, Row] = {}
        self.next = state["next"]
        self.opened: list[int] = []
        self.dissolved: list[int] = []
        self.open_in: dict[tuple[int, str], int] = {}
        for row in state["tokens"]:
            self.children.setdefault(row["in"], []).append(row)
            self._read(row)

    def _read(self, row: Row) -> None:
        if row["is"] == "process":
            self.processes[row["id"]] = row["at"]
            self.spots[row["id"]] = _Spot(row, None, None)
            return
        process = self.processes[row["in"]]
        self.processes[row["id"]] = str(row.get("calls") or process)
        before = self.source.processes[process].elements[row["at"]]
        name = renamed(self.mapping, process, row["at"])
        known = self.target.processes.get(process)
        self.spots[row["id"]] = _Spot(row, before, known.elements.get(name) if known and name else None)

    # --- one row
    def take(self, row: Row) -> None:
        """Put one row where it goes; those it is in were taken before."""
        if row["is"] == "process":
            self._put(row, row["in"], row["at"])
            return
        if self._is_dissolved(row):
            self._require_plain(row)
            self.dissolved.append(row["id"])
            return
        after = self._compared(row)
        parent = row["in"] if "i" in row else self._home(row, after)
        self._put(row, parent, after.id)

    def _put(self, row: Row, parent: int, at: str) -> None:
        new = row.copy()
        new["in"], new["at"] = parent, at
        if "got" in row:
            new["got"] = sorted(self._flow(row, flow, at) for flow in row["got"])
        if "fired" in row:
            new["fired"] = self._fired(row, row["fired"])
        if "cut" in row:
            new["cut"] = self._cut(row)
        self.out[row["id"]] = new

    def _compared(self, row: Row) -> Element:
        spot = self.spots[row["id"]]
        before, after = spot.before, spot.after
        if before is None or after is None:
            removed = renamed(self.mapping, self.processes[row["in"]], row["at"]) is None
            raise _refused("step_removed" if removed else "no_element", row)
        if (before.type, before.is_event_sub_process) != (after.type, after.is_event_sub_process):
            raise _refused("other_type", row)
        if _loop(before) != _loop(after):
            raise _refused("other_loop", row)
        if "calls" in row and before.called != after.called:
            raise _refused("other_called", row)
        if before.is_event_sub_process and self._interrupts(self.source, before) != self._interrupts(self.target, after):
            raise _refused("other_trigger", row)
        return after

    def _interrupts(self, spec: Spec, element: Element) -> tuple[bool, ...]:
        return tuple(start.is_interrupting for start in spec.processes[element.process].starts(element.id))

    # --- scopes
    def _is_embedded(self, row: Row) -> bool:
        """A sub-process that can be opened and dissolved around its tokens."""
        before = self.spots[row["id"]].before
        return (row["is"] == "scope" and "i" not in row and "calls" not in row and before is not None
                and before.type == "subProcess" and not before.is_event_sub_process)

    def _is_dissolved(self, row: Row) -> bool:
        """Its element is gone, or all that is in it goes to elements outside."""
        if not self._is_embedded(row):
            return False
        after = self.spots[row["id"]].after
        return after is None or not any(self._stays(inner, after) for inner in self.children.get(row["id"], ()))

    def _stays(self, row: Row, scope: Element) -> bool:
        """Whether a row, or for a dissolved sub-process something in it, goes to an element inside `scope`."""
        after = self.spots[row["id"]].after
        if after is not None and not (self._is_embedded(row) and self._is_dissolved(row)):
            return scope.id in self._around(after)
        return any(self._stays(inner, scope) for inner in self.children.get(row["id"], ()))

    def _require_plain(self, row: Row) -> None:
        if "cut" in row:
            raise _refused("leaves_scope", row)

    def _around(self, element: Element) -> list[str]:
        """The sub-processes around an element of the target, innermost first, and its process."""
        process: Process = self.target.processes[element.process]
        found = [element.scope]
        while found[-1] in process.elements:
            found.append(process.elements[found[-1]].scope)
        return found

    def _home(self, row: Row, after: Element) -> int:
        """The row that a token is in on the target: sub-processes are left, entered and opened for it."""
        left = self.rows[row["in"]]
        passed: list[Row] = []
        while self._is_embedded(left):
            passed.append(left)
            left = self.rows[left["in"]]
        anchor = self._scope_of(left)
        around = self._around(after)
        if anchor not in around:
            raise _refused("leaves_scope", row)
        wanted = list(reversed(around[:around.index(anchor)]))
        kept = {self.out[each["id"]]["at"]: each["id"] for each in passed if each["id"] in self.out}
        if not kept.keys() <= set(wanted):
            raise _refused("splits_scope", row)
        parent = left["id"]
        for name in wanted:
            scope = self.target.processes[after.process].elements[name]
            parent = kept[name] if name in kept else self._opened(parent, scope, row)
        return parent

    def _scope_of(self, row: Row) -> str:
        """The name of the scope inside a row that stays, on the target."""
        if row["is"] == "process" or "calls" in row:
            return self.processes[row["id"]]
        return self.out[row["id"]]["at"]

    def _opened(self, parent: int, scope: Element, row: Row) -> int:
        key = (parent, scope.id)
        if key not in self.open_in:
            runs = any(r["at"] == scope.id and r["in"] == parent for r in self.out.values())
            if scope.loop is not None or scope.is_event_sub_process or runs:
                raise _refused("into_scope", row)
            self.open_in[key] = self.next
            self.out[self.next] = {"id": self.next, "in": parent, "at": scope.id, "is": "scope"}
            self.opened.append(self.next)
            self.next += 1
        return self.open_in[key]

    # --- what a row remembers
    def _flow(self, row: Row, flow: str, at: str) -> str:
        """The flow of the join on the target through which a token that came through `flow` would have come."""
        if flow == ANY_FLOW:
            return flow
        process = self.processes[row["in"]]
        old, new = self.source.processes[process], self.target.processes[process]
        incoming = new.elements[at].incoming
        origin = renamed(self.mapping, process, old.flows[flow].source)
        same = [f for f in incoming if new.flows[f].source == origin]
        if flow in same or (flow in incoming and origin not in new.elements):
            return flow
        found = same or [f for f in incoming if origin in new.elements and f in self._reached(process, at, str(origin))]
        if len(found) != 1:
            raise _refused("no_flow", row)
        return found[0]

    def _reached(self, process: str, join: str, origin: str) -> frozenset[str]:
        scope = self.target.processes[process].elements[join].scope
        spec = self.target.scopes[process if scope == process else f"{process}/{scope}"]
        return reach(spec, spec.task_specs[join], came_from(spec)).get(origin, frozenset())

    def _fired(self, row: Row, fired: Mapping[str, int]) -> dict[str, int]:
        """How often events happened, under their new names; one that is gone keeps its own: it may come back."""
        home = self.processes[row["in"]] if row["in"] else row["at"]
        found, gone = dict[str, int](), dict[str, int]()
        for key, times in fired.items():
            process, _, element = key.rpartition("/")
            name = renamed(self.mapping, process or home, element)
            known = self.target.processes.get(process or home)
            is_there = name is not None and known is not None and name in known.elements
            into = found if is_there else gone
            into[f"{process}/{name}" if process and is_there else str(name) if is_there else key] = times
        return gone | found

    def _cut(self, row: Row) -> str:
        process = self.processes[row["id"]]
        name = renamed(self.mapping, process, row["cut"])
        if name is None:
            raise _refused("step_removed", row)
        return name

    # --- the whole
    def state(self) -> State:
        """All rows, each after the one it is in."""
        inside: dict[int, list[Row]] = {}
        for row in sorted(self.out.values(), key=lambda r: r["id"]):
            inside.setdefault(row["in"], []).append(row)
        found: list[Row] = []
        todo = list(inside.get(0, ()))
        while todo:
            found.append(todo.pop())
            todo += reversed(inside.get(found[-1]["id"], []))
        return {"next": self.next, "tokens": found}


def _loop(element: Element) -> bool | None:
    return element.loop.is_sequential if element.loop else None


def _require_joins(level: Level) -> None:
    """Every parallel join that a token of the level waits at or comes to gets a token of each of its flows."""
    live: list[Any] = level.live()
    sources = came_from(level.spec)
    for join in level.spec.task_specs.values():
        if not isinstance(join, ParallelGateway) or len(join.incoming) < 2:
            continue
        got = {flow for token in live if token.task_spec is join for flow in token.got}
        can_come = reach(level.spec, join, sources)
        coming = {flow for token in live for flow in can_come.get(token.task_spec.name.removesuffix("#"), ())}
        if (got or coming) and ANY_FLOW not in got and not got | coming >= set(join.incoming):
            raise StepRefused(reason="join_waits", token=None, element=join.name)


def _refused(reason: str, row: Row) -> StepRefused:
    return StepRefused(reason=reason, token=row["id"], element=row["at"])
