"""`advance`: load a case, apply one step, write back what changed, record it. Calls no verb and never commits.

A step that waits is mirrored in rows: user tasks, jobs, timers, message subscriptions, incidents (`engine/waiting.py`)
and in the projection of activities (`engine/activities.py`). All of it, the state and the history row are one commit.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from engine import activities, bundles, canonical, history, search, step, waiting
from engine.bundles import Bundle
from engine.change import Change
from engine.errors import Conflict
from engine.evaluation import CaseEnvironment, Limits
from engine.spiff.steps import State, Step
from engine.step import Applied
from engine.tables import process_instance, variable
from engine.unit_of_work import UnitOfWork
from engine.variables import ROOT, Key, ScopedVariables, Stored

NOTES = frozenset({"comment", "add_document", "remove_document"})
"""Commands that only add to the record: taken on a suspended case and on one that is over, too."""
WHILE_SUSPENDED = frozenset({"resume", "terminate", "recount"})
"""Commands that a suspended case takes: its deadlines follow the calendar, though none fires."""
SHORT = 2_000
"""Values up to this many characters are read with the names; longer ones only when an expression asks for them."""

_length = sa.func.length(variable.c.value).label("length")
_text = sa.case((_length <= SHORT, variable.c.value)).label("text")
_VARIABLES = sa.select(variable.c.scope, variable.c.name, variable.c.digest, _length, _text).where(
    variable.c.instance_id == sa.bindparam("instance"))
_VARIABLES_OF_MANY = sa.select(
    variable.c.instance_id, variable.c.scope, variable.c.name, variable.c.digest, _length, _text).where(
    variable.c.instance_id.in_(sa.bindparam("instances", expanding=True)))
_REMOVE_VARIABLE = sa.delete(variable).where(
    variable.c.instance_id == sa.bindparam("instance"), variable.c.scope == sa.bindparam("at"),
    variable.c.name == sa.bindparam("called"))
_ADD_VARIABLE = sa.insert(variable)
_SET_INSTANCE = sa.update(process_instance).where(
    process_instance.c.id == sa.bindparam("instance"), process_instance.c.version == sa.bindparam("expected"))


@dataclass(frozen=True, slots=True)
class Command:
    """What somebody asked of a case: the step it means, the variables it sets, and all its inputs for the record."""

    name: str
    step: Step | None = None
    element: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    scope: int = ROOT
    inputs: Mapping[str, Any] = field(default_factory=dict)
    status: str | None = None  # the instance's status afterwards, where the tokens do not say it


def advance(uow: UnitOfWork, row: sa.Row[Any], command: Command) -> Applied:
    """Apply one command to the locked instance `row`. `Conflict` if the case is suspended or over."""
    change = tried(uow, row, command)
    activities.project(change)
    waiting.mirror(change)
    write(change, command)
    return change.applied


def write(change: Change, command: Command) -> None:
    """Keep a change of a case, whose rows are brought in line already: variables, record, tokens, and its bundle."""
    _save_variables(change.uow, change.row.id, change.variables)
    _save_instance(change, command, _record(change, command))


def tried(uow: UnitOfWork, row: sa.Row[Any], command: Command) -> Change:
    """What a command would do to the case, nothing written. `Conflict` if the case is suspended or over."""
    _refuse_inactive(row, command)
    bundle = bundles.load(uow, row.bundle_id)
    before: State = canonical.loads(row.tokens)
    variables = load_variables(uow, row.id, bundle, before)
    for name, value in command.variables.items():
        variables.write(command.scope, name, value)
    environment = environment_of(uow, row, bundle, variables)
    applied = step.apply(bundle.spec, before, command.step, environment)
    return Change(uow, row, bundle, before, applied, environment, search.copies(bundle, variables))


def environment_of(uow: UnitOfWork, row: sa.Row[Any], bundle: Bundle, variables: ScopedVariables) -> CaseEnvironment:
    """What the step asks of this case."""
    settings = uow.engine.settings
    return CaseEnvironment(bundle.processes, bundle.decisions, variables, uow.now, row.business_key,
                           Limits(settings.max_steps, settings.max_children))


def load_variables(uow: UnitOfWork, instance_id: str, bundle: Bundle, state: State) -> ScopedVariables:
    """The variables of a case with their scopes; long values stay in the database until something reads them."""
    variables = scoped(uow, instance_id, uow.rows(_VARIABLES, instance=instance_id))
    step.open_scopes(bundle.spec, state, variables)
    return variables


def variables_of(uow: UnitOfWork, instance_ids: Collection[str]) -> dict[str, ScopedVariables]:
    """The variables of many cases, read at once; their scopes are not open yet."""
    found: dict[str, list[sa.Row[Any]]] = {each: [] for each in instance_ids}
    for row in uow.rows(_VARIABLES_OF_MANY, instances=list(instance_ids)):
        found[row.instance_id].append(row)
    return {each: scoped(uow, each, rows) for each, rows in found.items()}


def scoped(uow: UnitOfWork, instance_id: str, rows: Iterable[sa.Row[Any]]) -> ScopedVariables:
    """Variables from their rows, no scope open yet."""
    def fetch(keys: Collection[Key]) -> dict[Key, str]:
        here = sa.tuple_(variable.c.scope, variable.c.name).in_(list(keys))
        found = uow.rows(sa.select(variable.c.scope, variable.c.name, variable.c.value).where(
            variable.c.instance_id == instance_id, here))
        return {(row.scope, row.name): row.value for row in found}

    stored = {(row.scope, row.name): Stored(row.text, row.digest, row.length) for row in rows}
    return ScopedVariables(stored, limit=uow.engine.settings.max_variable_bytes, fetch=fetch)


def _refuse_inactive(row: sa.Row[Any], command: Command) -> None:
    if command.name in NOTES:
        return
    if row.ended_at is not None:
        raise Conflict("case_ended", id=row.id, business_key=row.business_key, ended_at=row.ended_at, status=row.status)
    if row.status == "suspended" and command.name not in WHILE_SUSPENDED:
        raise Conflict("case_suspended", id=row.id, business_key=row.business_key)


def _save_variables(uow: UnitOfWork, instance_id: str, variables: ScopedVariables) -> None:
    changed, gone = variables.changed, variables.replaced
    if gone:
        uow.later(_REMOVE_VARIABLE, [{"instance": instance_id, "at": scope, "called": name} for scope, name in gone])
    if changed:
        uow.later(_ADD_VARIABLE, [
            {"instance_id": instance_id, "scope": scope, "name": name, "value": row.text, "digest": row.digest}
            for (scope, name), row in changed.items()])


def _record(change: Change, command: Command) -> history.Head:
    row, applied = change.row, change.applied
    body = {
        "now": history.iso(change.uow.now), "command": command.name, "step": step.as_json(command.step),
        "set": dict(command.variables), "scope": command.scope, "inputs": dict(command.inputs),
        "trace": [step.as_json(entry) for entry in applied.trace],
        "changed": [[scope, name, canonical.loads(stored.text or "null")]
                    for (scope, name), stored in change.variables.changed.items()],
        "removed": [list(key) for key in change.variables.removed],
        "engine": step.VERSION, "digest": applied.digest,
    }
    return history.record(change.uow, row.id, history.Head(row.head_seq, row.head_hash), command=command.name,
                          element=command.element, bundle_id=change.bundle.id, body=body)


def _save_instance(change: Change, command: Command, head: history.Head) -> None:
    row, state = change.row, change.applied.state
    has_ended = not state["tokens"] and row.ended_at is None
    if row.head_seq == 0 or search.are_touched(change.bundle, change.variables):
        texts = [row.business_key, *change.copies.values()]
        search.index(change.uow, row.id, texts, is_new=row.head_seq == 0)
    values = {
        "instance": row.id, "expected": row.version,
        "tokens": canonical.dumps(state), "version": row.version + 1, "head_seq": head.seq, "head_hash": head.hash,
        **change.copies,
    }
    if change.bundle.id != row.bundle_id:
        root = change.bundle.root
        values |= {"bundle_id": change.bundle.id, "definition_id": change.bundle.members["process"][root],
                   "process_version": change.bundle.versions[root]}
    if has_ended:
        end = change.applied.outcome.end_element
        values |= {"ended_at": change.uow.now, "status": command.status or "completed", "end_element": end}
    elif command.status:
        values["status"] = command.status
    if change.uow.execute(_SET_INSTANCE, [values]).rowcount != 1:
        raise Conflict("version", id=row.id)  # the lock makes this impossible; the version proves it
