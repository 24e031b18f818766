"""One deviation from the procedure in effect, and how each kind is found in what a case left behind.

| kind | what it is |
| --- | --- |
| skipped | somebody counted a step as done without its form |
| forced | a case was sent back, moved to another version or ended, or a variable or due date was set, by hand |
| late | a task ended after its due date or is open past it; a deadline fired where no such task tells |
| wrong_role | who completed a task was then in none of its candidate groups in its office, and stood in for nobody who was |
| out_of_order | what was done does not fit the diagram: the first step that does not |

Suspending and resuming are no deviations: a pause keeps its deadlines' time. Administrators and technical accounts who
complete a task without being in its groups are in the wrong role. A step whose performer the diagram names has no wrong one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from engine import canonical
from engine.audit import procedures
from engine.audit.roles import Memberships
from engine.diagram.model import Element, Process

Kind = Literal["skipped", "forced", "late", "wrong_role", "out_of_order"]
KINDS: tuple[Kind, ...] = ("skipped", "forced", "late", "wrong_role", "out_of_order")
BY_HAND = frozenset({"skip", "send_back", "set_variable", "set_due", "terminate", "migrate"})
"""Commands on the record that lead a case beside its diagram."""
Row = Any


@dataclass(frozen=True, slots=True)
class Deviation:
    """`element` is where, None for what concerns the case as a whole; `clauses` are those of the procedure in effect.

    `justification` is what was written as the reason of the deed, or (`is_comment`) a comment at the task that was late;
    "" where nothing is. `seq` is the event of the record that tells of it, `activity` the execution that deviated.
    """

    kind: Kind
    case: Row
    process: str
    element: Element | None
    clauses: tuple[str, ...]
    at: datetime
    who: str | None
    on_behalf_of: str | None = None
    justification: str = ""
    is_comment: bool = False
    seq: int | None = None
    activity: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> tuple[Any, ...]:
        """Newest first, and always in the same order."""
        place = self.element.id if self.element else ""
        return (-self.at.timestamp(), self.case.id, KINDS.index(self.kind), place, self.seq or 0, self.activity or "")


@dataclass(slots=True)
class Past:
    """All that a case left behind, as far as deviations are in it; rows in order. `judged`: the processes it is judged by,
    `own`: those that it ran on."""

    case: Row
    judged: Mapping[str, Process]
    own: Mapping[str, Process]
    visits: Sequence[Row] = ()
    tasks: Sequence[Row] = ()
    events: Sequence[Row] = ()
    deeds: Sequence[tuple[Row, Mapping[str, Any]]] = ()
    comments: Mapping[str, str] = field(default_factory=dict)

    def element(self, process: str, name: str | None) -> Element | None:
        """An element as the procedure says that the case is judged by, else as the version says that it ran on."""
        for each in (self.judged, self.own):
            if name and process in each and name in each[process].elements:
                return each[process].elements[name]
        return None

    def seq(self, at: datetime, element: str) -> int | None:
        """The event of a moment, rather one about this element."""
        found = [row for row in self.events if row.at == at]
        named = next((row for row in found if row.element == element), found[0] if found else None)
        return named.seq if named is not None else None

    def at_hand(self, at: datetime) -> Row | None:
        """The task of a person that was open at a moment, the first of several; rather not one that was completed just then."""
        found = [row for row in self.visits if row.type == "userTask" and row.started_at <= at
                 and (row.ended_at is None or row.ended_at >= at)]
        return min(found, key=lambda row: (row.end_state == "left" and row.ended_at == at, row.seq), default=None)

    def deviation(self, kind: Kind, process: str, name: str | None, **told: Any) -> Deviation:
        """A deviation of this case."""
        element = self.element(process, name)
        return Deviation(kind, self.case, process, element, procedures.clauses(element) if element else (), **told)


# ------------------------------------------------------------------ by hand
def by_hand(past: Past) -> Iterator[Deviation]:
    """What people did beside the diagram, with the reason that they wrote."""
    for event, body in past.deeds:
        inputs = body.get("inputs", {})
        process, element, activity = _place(past, event, inputs)
        yield past.deviation(
            "skipped" if event.command == "skip" else "forced", process, element, at=event.at, who=event.actor,
            on_behalf_of=event.on_behalf_of, justification=str(inputs.get("reason") or "").strip(), seq=event.seq,
            activity=activity, detail={"command": event.command, **_told(past, event, inputs)})


def _place(past: Past, event: Row, inputs: Mapping[str, Any]) -> tuple[str, str | None, str | None]:
    """Process, element and execution that were dealt with; of the case as a whole, the task at hand."""
    visits = {row.token: row for row in past.visits}
    visit = visits.get(inputs["token"]) if "token" in inputs else past.at_hand(event.at)
    if visit is None:
        return past.case.process_key, None, None
    return visit.process_key, visit.element, visit.id


def _told(past: Past, event: Row, inputs: Mapping[str, Any]) -> dict[str, Any]:
    if event.command == "send_back":
        target = past.element(inputs.get("process", ""), event.element)
        return {"to": target} if target else {}
    if event.command == "set_variable":
        return {"variable": inputs.get("variable", "")}
    return {}


# ------------------------------------------------------------------ late
def late(past: Past, now: datetime) -> Iterator[Deviation]:
    """Tasks past their due date; deadlines that fired while no such task was open."""
    tasks = [row for row in past.tasks if row.due_at is not None and (row.ended_at or now) > row.due_at]
    for row in tasks:
        yield past.deviation(
            "late", row.process_key, row.element, at=row.ended_at or row.due_at, who=row.completed_by or row.assignee,
            on_behalf_of=row.completed_for, activity=row.id,
            justification=past.comments.get(row.id, ""), is_comment=row.id in past.comments,
            seq=past.seq(row.ended_at, row.element) if row.ended_at else None,
            detail={"due_at": row.due_at, "is_open": row.ended_at is None})
    for visit in past.visits:
        if _is_fired_deadline(past, visit) and not any(_tells(row, visit) for row in tasks):
            host = _host(past, visit)
            yield past.deviation(
                "late", visit.process_key, visit.element, at=visit.started_at, who=None, activity=host.id if host else None,
                seq=past.seq(visit.started_at, visit.element), detail={"is_deadline": True})


def _is_fired_deadline(past: Past, visit: Row) -> bool:
    if visit.type not in ("boundaryEvent", "startEvent", "intermediateCatchEvent") or visit.end_state != "left":
        return False
    element = past.element(visit.process_key, visit.element)
    return (element is not None and element.event is not None and element.event.kind == "timer"
            and element.properties.get("deadline", "false") != "false")


def _tells(row: Row, visit: Row) -> bool:
    """Whether a late task was open when the deadline fired: then the task tells of it."""
    is_open = row.created_at <= visit.started_at and (row.ended_at is None or row.ended_at >= visit.started_at)
    return bool(is_open and row.due_at <= visit.started_at)


def _host(past: Past, visit: Row) -> Row | None:
    """The activity that a boundary event stands on."""
    element = past.element(visit.process_key, visit.element)
    return next((row for row in past.visits if element is not None and row.element == element.attached_to
                 and row.started_at <= visit.started_at and (row.ended_at is None or row.ended_at >= visit.started_at)), None)


# ------------------------------------------------------------------ role
def wrong_role(past: Past, memberships: Memberships) -> Iterator[Deviation]:
    """Completed tasks whose performer was no candidate then, and acted for nobody who was."""
    for row in past.tasks:
        if row.state != "completed" or _is_named(past, row):
            continue
        groups: list[str] = canonical.loads(row.candidate_groups)
        people = [user for user in (row.completed_by, row.completed_for) if user]
        if groups and not any(memberships.is_candidate(user, groups, row.office, row.ended_at) for user in people):
            yield past.deviation(
                "wrong_role", row.process_key, row.element, at=row.ended_at, who=row.completed_by,
                on_behalf_of=row.completed_for, seq=past.seq(row.ended_at, row.element), activity=row.id,
                justification=past.comments.get(row.id, ""), is_comment=row.id in past.comments,
                detail={"groups": tuple(groups), "office": row.office})


def _is_named(past: Past, row: Row) -> bool:
    """Whether the version that offered the task names who does it."""
    process = past.own.get(row.process_key)
    element = process.elements.get(row.element) if process else None
    return element is not None and bool(element.attributes.get("assignee"))
