"""The token game: whether a diagram allows what a case once did on another one.

`could_produce` replays a log over sets of markings with silent gateways, as conformance checking does: Rozinat, van der
Aalst (2008), "Conformance checking of processes based on monitoring real behavior", Information Systems 33(1).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from engine.diagram.markings import SEEN, Game, Marking
from engine.diagram.model import Process

__all__ = ["Done", "Fit", "Game", "Trace", "Visit", "could_produce", "numbered", "traces"]

MOST_ORDERS = 2_000


class Visit(Protocol):
    """A row of `activity_instance`."""

    token: int
    scope: int
    process_key: str
    element: str
    type: str
    ended_at: datetime | None
    end_state: str | None
    seq: int


@dataclass(frozen=True, slots=True)
class Done:
    """One step that a case did: the element, and its BPMN tag then. Steps of one `moment` may have been in any order."""

    element: str
    type: str
    moment: object = None


@dataclass(frozen=True, slots=True)
class Trace:
    """What one run of one process did, in order. `has_ended`: it came to its end (a called process may be cancelled)."""

    process: str
    steps: tuple[Done, ...]
    has_ended: bool = True


@dataclass(frozen=True, slots=True)
class Fit:
    """`is_possible`: None = too many ways to tell. If not: `at` is the number of steps that fit, `element` the first that
    does not (None: all fit, but the diagram has not come to its end there)."""

    is_possible: bool | None
    at: int | None = None
    element: str | None = None


def traces(visits: Sequence[Visit]) -> list[Trace]:
    """What a finished case did, one trace for its own process and for each run of a called one.

    What happened inside a multi-instance activity is left out: its body is one step.
    """
    rows = {row.token: row for row in visits}
    runs: dict[int, list[Visit]] = {}
    for row in visits:
        home = None if row.scope == row.token else _home(rows, row)
        if home is not None:
            runs.setdefault(home, []).append(row)
    return [_trace(run, rows.get(home)) for home, run in runs.items()]


def _home(rows: Mapping[int, Visit], row: Visit) -> int | None:
    """The token of the run that a row belongs to; None: inside one instance of a multi-instance activity."""
    while (outer := rows.get(row.scope)) is not None and outer.type != "callActivity":
        if outer.scope == outer.token:
            return None
        row = outer
    return row.scope


def _trace(run: Sequence[Visit], caller: Visit | None) -> Trace:
    done = sorted((row for row in run if row.end_state == "left" and row.ended_at), key=lambda r: (r.ended_at, r.seq))
    return Trace(run[0].process_key, tuple(Done(row.element, row.type, row.ended_at) for row in done),
                 caller is None or caller.end_state == "left")


def numbered(trace: Trace) -> Trace:
    """The trace with its moments numbered, so that cases that did the same are the same."""
    numbers: dict[object, int] = {}
    steps = tuple(Done(each.element, each.type, numbers.setdefault(each.moment, len(numbers))) for each in trace.steps)
    return Trace(trace.process, steps, trace.has_ended)


def could_produce(process: Process, trace: Trace, *, renamed: Mapping[str, str | None] | None = None) -> Fit:
    """Whether `process` allows what `trace` did. `renamed`: element then → element now, None = given up on purpose."""
    game, names = Game(process), renamed or {}
    steps = [(number, names.get(step.element, step.element), step) for number, step in enumerate(trace.steps)
             if _counts(game, names, step)]
    markings = game.settled(game.start())
    for moment in _moments(steps):
        done = _together(game, moment, markings)
        if isinstance(done, Fit):
            return done
        markings = done
    if markings is None:
        return Fit(None)
    is_over = not trace.has_ended or () in markings
    return Fit(is_possible=True) if is_over else Fit(is_possible=False, at=len(trace.steps))


Step = tuple[int, str | None, Done]


def _moments(steps: Sequence[Step]) -> Iterator[list[Step]]:
    """The steps in order, those of one moment together."""
    group: list[Step] = []
    for step in steps:
        if group and (step[2].moment is None or step[2].moment != group[0][2].moment):
            yield group
            group = []
        group.append(step)
    if group:
        yield group


def _together(game: Game, moment: Sequence[Step], markings: set[Marking] | None) -> set[Marking] | Fit:
    """The markings after all steps of one moment, in the recorded order or, if that does not fit, in another."""
    if markings is None:
        return Fit(None)
    todo = [(tuple(range(len(moment))), frozenset(markings), 0)]
    seen, stuck = set[tuple[object, object]](), (len(moment) + 1, 0)
    while todo:
        left, now, turn = todo.pop()
        if not left:
            return set(now)
        if turn == 0 and (left, now) in seen:
            continue
        seen.add((left, now))
        if len(seen) > MOST_ORDERS:
            return Fit(None)
        if turn < len(left):
            todo.append((left, now, turn + 1))  # this one later, another first
            after = _next(game, moment[left[turn]], now)
            if after is None:
                return Fit(None)
            if after:
                todo.append((left[:turn] + left[turn + 1:], frozenset(after), 0))
        stuck = min(stuck, (len(left), left[0]))
    number, _name, step = moment[stuck[1]]
    return Fit(is_possible=False, at=number, element=step.element)


def _next(game: Game, step: Step, now: frozenset[Marking]) -> set[Marking] | None:
    """The markings after one step; empty if it cannot be, None if there are too many."""
    name = step[1]
    if name is None or name not in game.process.elements:
        return set()
    return game.settled(new for marking in now for new in game.happen(marking, name))


def _counts(game: Game, names: Mapping[str, str | None], step: Done) -> bool:
    """Whether a step must be found again: gateways, plain events and ends of scopes are silent, then as now."""
    name = names.get(step.element, step.element)
    if name is None:
        return False
    element = game.process.elements.get(name)
    if element is not None and game.is_seen(element):
        return True
    return step.type in SEEN or (step.type == "intermediateCatchEvent" and element is None)
