"""The user tasks of a case that goes to another version: role, form, names and due date are as the target says.

Who has claimed a task keeps it if they still may do it; else it goes back to its group. What a person has set stays.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa

from engine import calendar, canonical, duties, identity, timers
from engine.bundles import Bundle
from engine.diagram.model import Element
from engine.migration_rows import Move, Row, Timer
from engine.step import Offer
from engine.tables import history_event, task, task_candidate
from engine.unit_of_work import UnitOfWork
from engine.waiting import announce, candidate_rows

HELD = ("assignee", "owner", "claimed_at", "completed_for")
"""What says who has a task."""
_SET = sa.update(task).where(task.c.id == sa.bindparam("task"))


@dataclass(frozen=True, slots=True)
class TaskChange:
    """What becomes of one open task: the columns that change, and whether its form is another one."""

    row: Row
    element: Element
    old: Element
    values: Mapping[str, Any]
    is_new_form: bool

    @property
    def is_nothing(self) -> bool:
        """Whether the task stays as it is."""
        return not self.values and not self.is_new_form


def plan(move: Move, planned: Sequence[Timer]) -> list[TaskChange]:
    """What becomes of the open tasks, nothing written."""
    old = _deadlines(move, move.source, [(each, each.row.due_at) for each in planned if each.row is not None])
    new = _deadlines(move, move.change.bundle, [(each, each.due_at) for each in planned if each.kind != "removed"])
    was = {row["id"]: row["in"] for row in move.change.before["tokens"]}
    now = {row["id"]: row["in"] for row in move.change.applied.state["tokens"]}
    rows, found = {row.token: row for row in move.waits.tasks}, []
    for offer in move.change.applied.offers:
        row = rows.get(offer.token)
        if row is not None:
            due = _due(move, offer, row, (_earliest(was, old, row.token), _earliest(now, new, row.token)))
            found.append(_planned(move, offer, row, due))
    return [each for each in found if not each.is_nothing]


def mirror(move: Move, planned: Iterable[TaskChange]) -> list[dict[str, Any]]:
    """Write it; gives what the record says of the tasks."""
    told = []
    for each in planned:
        uow, now = move.change.uow, each.row._asdict() | dict(each.values)
        uow.later(_SET, [{"task": each.row.id, **each.values, "revision": each.row.revision + 1}])
        uow.later(sa.delete(task_candidate).where(task_candidate.c.task_id == each.row.id))
        candidates = [] if now["assignee"] else candidate_rows(uow, now)
        if candidates:
            uow.later(sa.insert(task_candidate), candidates)
        announce(uow, move.change.row, [each.row._asdict(), now])
        told.append({"task": each.row.id, "changed": sorted(each.values), "form": each.is_new_form,
                     "released": each.row.assignee if each.row.assignee and not now["assignee"] else None})
    return told


def snapshot(planned: Iterable[TaskChange]) -> dict[str, Any]:
    """What an undo must know of the tasks: token → due date before and after, who had it."""
    return {str(each.row.token): {
        "due_at": _text(each.row.due_at), "after": _text(each.values.get("due_at", each.row.due_at)),
        **{name: _text(getattr(each.row, name)) for name in HELD}} for each in planned}


# ------------------------------------------------------------------ due dates
def _deadlines(move: Move, bundle: Bundle, due: Iterable[tuple[Timer, datetime | None]]) -> dict[int, datetime]:
    """Token → its earliest deadline; those of the source by what its diagrams say."""
    found: dict[int, datetime] = {}
    for each, at in due:
        is_old = bundle is move.source and each.row is not None
        element = bundle.element(each.row.process_key, each.row.element) if is_old and each.row else bundle.element(
            each.process, each.element)
        if at and at != timers.NEVER and element.properties.get("deadline", "false") != "false":
            found[each.token] = min(at, found.get(each.token, at))
    return found


def _earliest(outer: Mapping[int, int], deadlines: Mapping[int, datetime], token: int) -> datetime | None:
    found = []
    while token:
        found += [deadlines[token]] if token in deadlines else []
        token = outer.get(token, 0)
    return min(found, default=None)


def _due(move: Move, offer: Offer, row: Row, deadlines: tuple[datetime | None, datetime | None]) -> datetime | None:
    """A task's due date: its own text, else the earliest deadline around it; unchanged reasons leave it where it is."""
    kept: datetime | None = row.due_at
    earlier = move.earlier.get("tasks", {}).get(str(row.token))
    if earlier is not None:
        return _moment_of(earlier["due_at"]) if _text(kept) == earlier["after"] else kept
    then = move.before[row.token]
    before = move.source.element(then.process, then.element).attributes.get("dueDate")
    after = move.change.element(row.token).attributes.get("dueDate")
    if before == after and (after or deadlines[0] == deadlines[1]):
        return kept
    if (before or after) and _is_set_by_hand(move.change.uow, row):
        return kept
    return _moment(offer.due, row.created_at) if after else deadlines[1]


def _is_set_by_hand(uow: UnitOfWork, row: Row) -> bool:
    """Whether somebody gave the task its due date: a date of the task's own leaves no trace but the record's."""
    return uow.row(sa.select(history_event.c.seq).where(
        history_event.c.instance_id == row.instance_id, history_event.c.command == "set_due",
        history_event.c.element == row.element, history_event.c.at >= row.created_at).limit(1)) is not None


def _moment(text: str | None, began: datetime) -> datetime | None:
    return calendar.due_at("duration" if text.startswith("P") else "date", text, began, None, {}) if text else None


def _moment_of(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _text(value: Any) -> str | None:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value


# ------------------------------------------------------------------ one task
def _planned(move: Move, offer: Offer, row: Row, due: datetime | None) -> TaskChange:
    then = move.before[row.token]
    element, old = move.change.element(row.token), move.source.element(then.process, then.element)
    values: dict[str, Any] = {
        "process_key": offer.place.process, "element": element.id, "name": element.words("zh"), "name_en": element.words("en"),
        "candidate_groups": canonical.dumps(list(offer.groups)), "due_at": due, "sort_due": due or timers.NEVER}
    if old.attributes.get("priority") != element.attributes.get("priority"):
        values["priority"] = offer.priority
    changed = {name: value for name, value in values.items() if getattr(row, name) != value}
    changed |= _holder(move, row, changed, element, old)
    return TaskChange(row, element, old, changed, _form(move.source, old) != _form(move.change.bundle, element))


def _holder(move: Move, row: Row, changed: Mapping[str, Any], element: Element, old: Element) -> dict[str, Any]:
    """Who has the task, where that changes: nobody, who may not do it any more; after an undo, who had it before."""
    if row.assignee is None:
        earlier = move.earlier.get("tasks", {}).get(str(row.token), {})
        who = earlier.get("assignee")
        if who and _may_keep(move, row, changed, who):
            return {name: earlier[name] for name in HELD} | {"claimed_at": _moment_of(earlier["claimed_at"])}
        return {}
    is_same_rule = old.properties.get("not_by") == element.properties.get("not_by")
    if (is_same_rule and "candidate_groups" not in changed) or _may_keep(move, row, changed, row.assignee):
        return {}
    return dict.fromkeys(HELD)


def _may_keep(move: Move, row: Row, changed: Mapping[str, Any], who: str) -> bool:
    """Whether somebody may do the task as it will be, though they had not claimed it."""
    uow: UnitOfWork = move.change.uow
    task_then: Any = SimpleNamespace(**row._asdict() | dict(changed) | {"assignee": None})
    element, tokens = move.change.element(row.token), canonical.dumps(move.change.applied.state)
    return identity.is_offered_to(uow, task_then, who) and who not in duties.excluded_by(uow, task_then, element, tokens)


def _form(bundle: Bundle, element: Element) -> Any:
    """The schema of an element's form."""
    key = element.attributes.get("formRef")
    return bundle.forms.get(key or "", key)
