"""`activity_instance`: one row for each element a case entered. A projection: the history's bodies can rebuild it."""

from typing import Any

import sqlalchemy as sa

from engine import canonical
from engine.change import Change
from engine.spiff.steps import Trace
from engine.tables import activity_instance

_ADD = sa.insert(activity_instance)
_SET = sa.update(activity_instance).where(activity_instance.c.id == sa.bindparam("activity"))


def project(change: Change) -> None:
    """Write what the step entered, left, cancelled or could not enter."""
    made: dict[str, dict[str, Any]] = {}
    for entry in change.applied.trace:
        if entry.kind == "entered":
            row = _entered(change, entry)
            made[row["id"]] = row
        else:
            _ended(change, entry, made)
    if made:
        change.uow.later(_ADD, list(made.values()))


def activity_id(instance_id: str, token: int) -> str:
    """An activity's id embeds its case's; a user task has the same id as its activity."""
    return f"{instance_id}.{token}"


def _entered(change: Change, entry: Trace) -> dict[str, Any]:
    return {
        "id": activity_id(change.row.id, entry.token), "instance_id": change.row.id, "token": entry.token, "scope": entry.scope,
        "process_key": entry.process, "element": entry.element, "type": entry.type,
        "name": change.bundle.element(entry.process, entry.element).name, "started_at": change.uow.now, "ended_at": None,
        "end_state": None, "flows": None, "seq": entry.token, "actor": None,
    }


def _ended(change: Change, entry: Trace, made: dict[str, dict[str, Any]]) -> None:
    row_id = activity_id(change.row.id, entry.token)
    values: dict[str, Any] = {"end_state": entry.kind, "actor": change.uow.actor.id}
    if entry.kind != "incident":
        values |= {"ended_at": change.uow.now, "flows": canonical.dumps(list(entry.flows)) if entry.flows else None}
    if row_id in made:
        made[row_id] |= values
    else:
        change.uow.later(_SET, [{"activity": row_id, **values}])
