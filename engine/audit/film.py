"""The film of a case: its record folded into frames, one an event, each with what moved, what changed and who intervened.

No engine runs here (`recomputation` does that): what a body says is taken as it is. A jump to any event folds from a keyframe.
An event whose body is gone stays a frame; what moved is then taken from `activity_instance`, as far as that tells it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

import sqlalchemy as sa

from engine import bundles, canonical, cases
from engine.audit import intervened, lost, standing
from engine.audit.intervened import Fact
from engine.audit.lost import Gone, Lost
from engine.audit.standing import Changed, Move, Standing
from engine.audit.working_clock import laid_out
from engine.diagram.model import Process
from engine.tables import history_body, history_event
from engine.unit_of_work import UnitOfWork

KEYFRAME = 200
"""So many events are folded at most to come to any other."""
CASES = 16
"""The keyframes of so many cases are kept by a process."""
Loss = Literal["", "destroyed", "missing"]


_HEAD = tuple(history_event.c[name] for name in ("seq", "at", "actor", "on_behalf_of", "command", "element", "bundle_id"))
_same = sa.and_(history_body.c.instance_id == history_event.c.instance_id, history_body.c.seq == history_event.c.seq)


class Head(NamedTuple):
    """The header of an event; `is_kept`: its body is there."""

    seq: int
    at: datetime
    actor: str
    on_behalf_of: str | None
    command: str
    element: str | None
    bundle_id: str
    is_kept: bool


@dataclass(frozen=True, slots=True)
class Frame:
    """One event. `loss`: its body was destroyed by a decision, or is missing without one; then only its head is certain.

    `after` is where the case stands behind an event that did to tokens what its moves do not tell (retry, other version).
    """

    seq: int
    at: datetime
    actor: str
    on_behalf_of: str | None
    command: str
    element: str | None
    bundle_id: str
    moves: tuple[Move, ...]
    changed: tuple[Changed, ...]
    facts: tuple[Fact, ...]
    reason: str
    loss: Loss = ""
    after: Standing | None = None

    @property
    def is_intervention(self) -> bool:
        """Whether somebody intervened."""
        return self.command in intervened.COMMANDS


@dataclass(frozen=True)
class Version:
    """A process as a case ran on it: its definition, the number of its version, its model."""

    id: str
    number: int
    process: Process


@dataclass(frozen=True, slots=True)
class Reel:
    """Frames in a row, and where the case stood before the first of them."""

    before: Standing
    frames: tuple[Frame, ...]


def frames(uow: UnitOfWork, case_id: str, after: int = 0, limit: int = KEYFRAME) -> list[Frame]:
    """At most `limit` events behind number `after`. `NotFound`, `Forbidden` as `cases.instance`."""
    return list(reel(uow, case_id, after, limit).frames)


def reel(uow: UnitOfWork, case_id: str, after: int = 0, limit: int = KEYFRAME) -> Reel:
    """The same with the standing before; what a jump into the middle needs."""
    cases.instance(uow, case_id)
    gone = lost.find(uow, case_id)
    known = _keyframes(uow, case_id, len(gone))
    begin = max(seq for seq in known if seq <= after)
    now, before, found = known[begin].copy(), None, []
    for event in _events(uow, case_id, begin, after + limit):
        if before is None and event.seq > after:
            before = now.copy()
        frame = _frame(event, now, gone)
        if event.seq % KEYFRAME == 0:
            known[event.seq] = now.copy()
        if event.seq > after:
            found.append(frame)
    return Reel(before or now, tuple(found))


def heads(uow: UnitOfWork, case_id: str, after: int = 0, limit: int | None = None) -> list[Head]:
    """The headers of events behind number `after`. Refused as `cases.instance`."""
    cases.instance(uow, case_id)
    query = sa.select(*_HEAD, history_body.c.seq.is_not(None).label("is_kept")).outerjoin(history_body, _same)
    found = query.where(history_event.c.instance_id == case_id, history_event.c.seq > after).order_by(history_event.c.seq)
    return [Head._make(row) for row in uow.rows(found.limit(limit))]


def definitions(uow: UnitOfWork, bundle_id: str) -> dict[str, Version]:
    """Process key → the version that a bundle has of it."""
    found = bundles.load(uow, bundle_id)
    return {key: Version(found.members["process"][key], found.versions[key], process)
            for key, process in found.processes.items()}


def is_deadline(uow: UnitOfWork, bundle_id: str, element: str | None) -> bool:
    """Whether a timer at an element that went off stands beside what it watches: a deadline was missed."""
    found = bundles.load(uow, bundle_id).processes.values()
    elements = (process.elements.get(element or "") for process in found)
    return any(each is not None and each.type != "intermediateCatchEvent" for each in elements)


def working_minutes(uow: UnitOfWork, moments: Sequence[datetime]) -> list[int]:
    """For rising moments, the whole minutes of working time from the first to each, by the calendar as it is now."""
    clock = laid_out(uow, moments[0], moments[-1]) if moments else None
    return [int(clock.between(moments[0], moment) // 60) if clock else 0 for moment in moments]


# ------------------------------------------------------------------ folding
def _events(uow: UnitOfWork, case_id: str, after: int, until: int) -> Iterator[sa.Row[Any]]:
    """Events with their bodies, some hundreds at once: a long case is never in memory as a whole."""
    query = sa.select(*_HEAD, history_body.c.body).outerjoin(history_body, _same)
    for begin in range(after, until, KEYFRAME):
        end = min(begin + KEYFRAME, until)
        rows = uow.rows(query.where(history_event.c.instance_id == case_id, history_event.c.seq > begin,
                                    history_event.c.seq <= end).order_by(history_event.c.seq))
        if not rows:
            return
        yield from rows


def _keyframes(uow: UnitOfWork, case_id: str, losses: int) -> dict[int, Standing]:
    """Standings by sequence number. The record only grows; when a body goes, what was made of it goes, too."""
    kept: dict[tuple[str, int], dict[int, Standing]] = uow.engine.keyframes
    found = kept.pop((case_id, losses), None) or {0: Standing()}
    for other in [key for key in kept if key[0] == case_id] + list(kept)[:max(len(kept) - CASES + 1, 0)]:
        kept.pop(other, None)
    kept[case_id, losses] = found  # the newest last
    return found


def _frame(event: sa.Row[Any], now: Standing, gone: Lost) -> Frame:
    """The frame of an event; `now` is folded on."""
    head = (event.seq, event.at, event.actor, event.on_behalf_of, event.command, event.element, event.bundle_id)
    if event.body is None:
        known = gone.get(event.seq, Gone(is_destroyed=False, moves=()))
        now.go(known.moves)
        now.is_certain = False
        return Frame(*head, known.moves, (), (), "", "destroyed" if known.is_destroyed else "missing")
    body = canonical.loads(bytes(event.body).decode())
    inputs = body["inputs"]
    told = intervened.facts(event.command, event.element, inputs, now)
    moved = standing.moves(body["trace"])
    _prepare(now, event.command, body)
    now.go(moved)
    changed = now.know(((scope, name, value) for scope, name, value in body["changed"]),
                       ((scope, name) for scope, name in body["removed"]))
    after = now.copy() if event.command in ("retry", "migrate") else None
    return Frame(*head, moved, changed, told, str(inputs.get("reason") or ""), after=after)


def _prepare(now: Standing, command: str, body: Mapping[str, Any]) -> None:
    """What an event does to tokens that its trace does not tell."""
    inputs = body["inputs"]
    if command == "retry":
        now.tried_again(body["step"]["token"])
    elif "earlier" in inputs:
        now.put_back(inputs["earlier"])
    elif command == "migrate":
        now.renamed(inputs["mapping"])
