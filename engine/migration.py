"""A case goes to another version of its definitions: what a mapping would be, what it would do, and doing it.

`examine` runs the very code of `move` and keeps nothing. The event `migrate` of the record has both bundles, the mapping
and the reason, so that a recomputation takes the same way; `restore` is the way back of a case that has not gone on since.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from engine import activities, bundles, canonical, execution, history, migration_rows, migration_tasks, search, step
from engine.bundles import Bundle
from engine.change import Change
from engine.diagram.model import Element, Process
from engine.errors import Conflict, EngineError, InvalidValue, StepRefused
from engine.execution import Command
from engine.migration_rows import Move, Timer, Waits
from engine.migration_tasks import TaskChange
from engine.spiff.mapping import Elements, Mapped, inverse
from engine.spiff.steps import State
from engine.tables import task
from engine.unit_of_work import UnitOfWork
from engine.variables import ScopedVariables

REASON_LENGTH = 1_000
EVENTS = ("boundaryEvent", "intermediateCatchEvent", "startEvent")
_RENAME = sa.update(task).where(task.c.id == sa.bindparam("task")).values(element=sa.bindparam("to"))
Row = sa.Row[Any]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a case can move; if not the `reasons` (code, element before), else what becomes of its timers and tasks.

    `process` is that of the reason's element. A change is `{kind, process, element, before, after}`, see `migration_words`.
    """

    is_possible: bool
    reasons: tuple[tuple[str, str | None], ...]
    changes: tuple[Mapping[str, Any], ...]
    process: str = ""


@dataclass(frozen=True, slots=True)
class Read:
    """What is read of a case before it can move: so many cases at once, or one."""

    variables: ScopedVariables
    waits: Waits


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a move will write: computed first, so that what refuses refuses before anything is written."""

    move: Move
    timers: list[Timer]
    messages: list[dict[str, Any]] | None
    tasks: list[TaskChange]


# ------------------------------------------------------------------ the mapping
def propose(source: Bundle, target: Bundle) -> dict[str, dict[str, str | None]]:
    """For each process of the source: its elements by id where the kind is the same, else by type, name and surroundings.

    None where nothing fits: a token there refuses the move.
    """
    return {key: _proposed(process, target.processes[key]) if key in target.processes else dict.fromkeys(process.elements)
            for key, process in source.processes.items()}


def choices(source: Bundle, target: Bundle) -> dict[str, dict[str, list[str]]]:
    """For each element of the source the elements of the target that it may go to: those of the same kind."""
    return {key: {name: [each.id for each in target.processes[key].elements.values() if _kind(each) == _kind(element)]
                  if key in target.processes else [] for name, element in process.elements.items()}
            for key, process in source.processes.items()}


def check(source: Bundle, target: Bundle, mapping: Elements) -> None:
    """`InvalidValue("migration_mapping")` for a process or element that is not there, or one of another kind."""
    offered = choices(source, target)
    for key, names in mapping.items():
        for name, to in names.items():
            is_known = name in offered.get(key, {})
            if not is_known or (to is not None and to not in offered[key][name]):
                raise InvalidValue("migration_mapping", field="mapping", element=name, value=to, process=key)


def shortened(mapping: Elements) -> dict[str, dict[str, str | None]]:
    """What is not said keeps its id."""
    return {key: kept for key, names in mapping.items() if (kept := {a: b for a, b in names.items() if a != b})}


def _proposed(source: Process, target: Process) -> dict[str, str | None]:
    found: dict[str, str | None] = {
        name: name for name, element in source.elements.items()
        if name in target.elements and _kind(element) == _kind(target.elements[name])}
    free = {name: element for name, element in target.elements.items() if name not in found}
    for name, element in source.elements.items():
        if name not in found:
            found[name] = _alike(source, target, element, free)
            free.pop(found[name] or "", None)
    return {name: found[name] for name in source.elements}


def _kind(element: Element) -> tuple[Any, ...]:
    event = element.event.kind if element.event is not None and element.type in EVENTS else None
    return element.type, element.is_event_sub_process, element.loop.is_sequential if element.loop else None, event


def _alike(source: Process, target: Process, element: Element, free: Mapping[str, Element]) -> str | None:
    """The one new element of the target with the same kind and name; else the one between the same neighbours."""
    same = [each for each in free.values() if _kind(each) == _kind(element)]
    named = [each.id for each in same if element.name and each.name == element.name]
    if len(named) == 1:
        return named[0]
    placed = [each.id for each in same if _neighbours(target, each) == _neighbours(source, element)]
    return placed[0] if len(placed) == 1 else None


def _neighbours(process: Process, element: Element) -> tuple[Any, ...]:
    before = sorted(process.flows[flow].source for flow in element.incoming)
    after = sorted(process.flows[flow].target for flow in element.outgoing)
    return element.attached_to, before, after


# ------------------------------------------------------------------ one case
def read(uow: UnitOfWork, instance_ids: Collection[str]) -> dict[str, Read]:
    """What cases need to be moved or examined, in three queries."""
    variables, waits = execution.variables_of(uow, instance_ids), migration_rows.read(uow, instance_ids)
    return {each: Read(variables[each], waits[each]) for each in instance_ids}


def examine(uow: UnitOfWork, row: Row, target: Bundle, mapping: Elements, *, seen: Read | None = None,
            known: dict[str, Mapped] | None = None) -> Verdict:
    """What a move of the case `row` would do. The target may be one that is only compiled; nothing is written.

    `seen` is what was read of it already, `known` what cases of the same bundle have in common (`step.migrate`).
    """
    try:
        found = _planned(uow, row, target, mapping, seen, known)
    except EngineError as problem:
        code, element = why(problem)
        return Verdict(is_possible=False, reasons=((code, element),), changes=(), process=process_of(row, problem))
    return Verdict(is_possible=True, reasons=(), changes=tuple(_changes(found)))


def why(problem: EngineError) -> tuple[str, str | None]:
    """The code of a refusal, and the element that it is about."""
    is_step = isinstance(problem, StepRefused)
    return str(problem.facts.get("reason") if is_step else problem.code), problem.facts.get("element")


def process_of(row: Row, problem: Exception) -> str:
    """The process of the element that a refusal of the case `row` is about."""
    facts = problem.facts if isinstance(problem, EngineError) else {}
    spot = step.places(canonical.loads(row.tokens)).get(facts.get("token") or 0)
    return spot.process if spot else str(row.process_key)


def move(uow: UnitOfWork, row: Row, target: Bundle, mapping: Elements, *, reason: str, inputs: Mapping[str, Any] | None = None,
         known: dict[str, Mapped] | None = None) -> dict[str, Any]:
    """Take the locked case `row`, which may be suspended, to the stored bundle `target`; all of it is one event.

    Gives what `restore` needs. Raises `StepRefused` where it cannot be kept exactly, `Conflict` when it is over,
    `InvalidValue` without a reason.
    """
    told = checked_reason(reason)
    found = _planned(uow, row, target, mapping, None, known)
    _write(found, {"mapping": shortened(mapping), "reason": told, **(inputs or {})})
    change = found.move.change
    return {"bundle": row.bundle_id, "tokens": change.before, "after": canonical.digest(canonical.dumps(change.applied.state)),
            "completed": _renamed_before(found.move),
            "timers": migration_rows.snapshot(found.timers), "tasks": migration_tasks.snapshot(found.tasks)}


def restore(uow: UnitOfWork, row: Row, before: Mapping[str, Any], mapping: Elements, *, reason: str,
            inputs: Mapping[str, Any] | None = None) -> None:
    """Take the locked case `row` back to where `move` found it; `before` is what that gave, `mapping` the one it had.

    `Conflict("moved_on")` when it has gone on since. Entries, comments and files that came since stay.
    """
    told = checked_reason(reason)
    if canonical.digest(row.tokens) != before["after"]:
        raise Conflict("moved_on", id=row.id)
    now, then = bundles.load(uow, row.bundle_id), bundles.load(uow, before["bundle"])
    back, earlier = inverse(then.processes, now.processes, mapping), before["tokens"]
    seen = read(uow, [row.id])[row.id]
    _refuse_ended(row)
    environment = execution.environment_of(uow, row, then, seen.variables)
    applied = step.restore(then.spec, canonical.loads(row.tokens), earlier, environment)
    found = _with_rows(Move(_change(uow, row, then, applied, environment), now, back, seen.waits, before))
    _write(found, {"mapping": shortened(back), "reason": told, "earlier": earlier, **(inputs or {})})
    _rename(uow, before["completed"])


def checked_reason(text: str) -> str:
    """A reason as it is kept. `InvalidValue` when there is none or it is too long."""
    if not text.strip() or len(text) > REASON_LENGTH:
        raise InvalidValue("reason_missing" if not text.strip() else "reason_long", field="reason", value=text[:50],
                           limit=REASON_LENGTH)
    return text.strip()


# ------------------------------------------------------------------ inside
def _planned(uow: UnitOfWork, row: Row, target: Bundle, mapping: Elements, seen: Read | None,  # noqa: PLR0917 - one case's parts
             known: dict[str, Mapped] | None) -> Plan:
    _refuse_ended(row)
    source, before = bundles.load(uow, row.bundle_id), canonical.loads(row.tokens)
    seen = seen or read(uow, [row.id])[row.id]
    environment = execution.environment_of(uow, row, target, seen.variables)
    applied = step.migrate(source.spec, target.spec, before, mapping, environment, known=known)
    return _with_rows(Move(_change(uow, row, target, applied, environment), source, mapping, seen.waits))


def _change(uow: UnitOfWork, row: Row, target: Bundle, applied: step.Applied, environment: Any) -> Change:
    before: State = canonical.loads(row.tokens)
    return Change(uow, row, target, before, applied, environment, search.copies(target, environment.variables))


def _with_rows(found: Move) -> Plan:
    planned = migration_rows.plan_timers(found)
    return Plan(found, planned, migration_rows.plan_messages(found), migration_tasks.plan(found, planned))


def _refuse_ended(row: Row) -> None:
    if row.ended_at is not None:
        raise Conflict("case_ended", id=row.id, business_key=row.business_key, ended_at=row.ended_at, status=row.status)


def _write(found: Plan, inputs: Mapping[str, Any]) -> None:
    change = found.move.change
    activities.project(change)
    migration_rows.mirror(found.move, found.timers, found.messages)
    tasks = migration_tasks.mirror(found.move, found.tasks)
    _copies(change)
    execution.write(change, Command("migrate", inputs={
        "source": change.row.bundle_id, "target": change.bundle.id, "tasks": tasks,
        "timers": [_told(each) for each in found.timers if each.kind != "kept"], **inputs}))


def _renamed_before(found: Move) -> dict[str, str]:
    """Tasks that were completed go by the name that the target has for them: `not_by` of the target must find who did them.

    Gives their names before, by task.
    """
    new = {(process, old): to for process, names in shortened(found.mapping).items() for old, to in names.items() if to}
    if not new:
        return {}
    uow = found.change.uow
    rows = [row for row in uow.rows(sa.select(task.c.id, task.c.process_key, task.c.element).where(
        task.c.instance_id == found.change.row.id, task.c.state != "open")) if (row.process_key, row.element) in new]
    _rename(uow, {row.id: new[row.process_key, row.element] for row in rows})
    return {row.id: row.element for row in rows}


def _rename(uow: UnitOfWork, names: Mapping[str, str]) -> None:
    if names:
        uow.later(_RENAME, [{"task": each, "to": name} for each, name in names.items()])


def _copies(change: Change) -> None:
    """The target may name other variables to search by."""
    row, uow = change.row, change.uow
    if any(getattr(row, name) != value for name, value in change.copies.items()):
        search.index(uow, row.id, [row.business_key, *change.copies.values()], is_new=False)
        uow.later(sa.update(task).where(task.c.instance_id == row.id, task.c.state == "open").values(**change.copies))


def _told(each: Timer) -> dict[str, Any]:
    before = history.iso(each.row.due_at) if each.row is not None else None
    return {"kind": each.kind, "element": each.element, "process": each.process, "token": each.token, "before": before,
            "after": history.iso(each.due_at) if each.due_at else None}


def _changes(found: Plan) -> Iterator[dict[str, Any]]:
    change, before = found.move.change, found.move.before
    for entry in change.applied.trace:
        yield _said("scope_opened" if entry.kind == "entered" else "scope_dissolved", entry.process, entry.element)
    for token, spot in change.places.items():
        if token in before and before[token].element != spot.element:
            yield _said("step_moved", spot.process, spot.element, before[token].element, spot.element)
    for each in found.timers:
        if each.kind != "kept":
            told = _told(each)
            yield _said(f"timer_{each.kind}", each.process, each.element, told["before"], told["after"])
    for changed in found.tasks:
        yield from _of_task(changed)


def _of_task(each: TaskChange) -> Iterator[dict[str, Any]]:
    where = each.row.process_key, each.element.id
    if each.is_new_form:
        yield _said("form_changed", *where)
    if "candidate_groups" in each.values:
        groups = (canonical.loads(text) for text in (each.row.candidate_groups, each.values["candidate_groups"]))
        yield _said("groups_changed", *where, *(",".join(named) for named in groups))
    if "assignee" in each.values and each.values["assignee"] is None:
        yield _said("released", *where, each.row.assignee)
    if "due_at" in each.values:
        yield _said("due_changed", *where, *(history.iso(at) if at else None for at in (each.row.due_at, each.values["due_at"])))


def _said(kind: str, process: str, element: str, before: str | None = None, after: str | None = None) -> dict[str, Any]:
    return {"kind": kind, "process": process, "element": element, "before": before, "after": after}
