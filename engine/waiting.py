"""What a case waits for, mirrored in rows: user tasks, jobs, timers, message subscriptions, incidents.

The tokens are the truth; a row is made when a token starts to wait and closed when it stops, in the same commit.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine import calendar, canonical, notices, search, timers, worklist_changes
from engine.change import Change
from engine.evaluation import Sent
from engine.job_rows import add_incident, enqueue, resolve_incidents, resolved
from engine.step import Offer
from engine.tables import candidate_group, incident, job, task, task_candidate
from engine.timers import NEVER, Deadlines
from engine.unit_of_work import UnitOfWork

_OFFER = sa.insert(task)
_NAMED = sa.select(task).where(task.c.id.in_(sa.bindparam("tasks", expanding=True)))
_ADD_CANDIDATES = sa.insert(task_candidate)
_REMOVE_CANDIDATES = sa.delete(task_candidate).where(task_candidate.c.task_id == sa.bindparam("task"))
_WITHDRAW = sa.update(task).where(task.c.id == sa.bindparam("task"), task.c.state == "open").values(
    state="cancelled", ended_at=sa.bindparam("now"), revision=task.c.revision + 1)
_SET_OPEN_TASKS = sa.update(task).where(task.c.instance_id == sa.bindparam("instance"), task.c.state == "open")
_CANCEL_SERVICE = sa.update(job).where(
    job.c.instance_id == sa.bindparam("instance"), job.c.token == sa.bindparam("at"), job.c.kind == "service",
    job.c.state.in_(["open", "failed"])).values(state="cancelled", ended_at=sa.bindparam("now"))
_GONE_INCIDENT = resolved(incident.c.instance_id == sa.bindparam("instance"), incident.c.token == sa.bindparam("at"),
                          incident.c.kind == sa.bindparam("of"))


def mirror(change: Change) -> None:
    """Bring the rows in line with the tokens."""
    armed = timers.mirror(change)
    _close_tasks(change)
    _open_tasks(change, armed)
    _jobs(change)
    _incidents(change)
    for message in change.applied.sent:
        _send(change, message)
    if change.row.watchers:
        _tell_watchers(change)


def task_id(instance_id: str, token: int) -> str:
    """A task's id embeds its case's."""
    return f"{instance_id}.{token}"


def candidate_rows(uow: UnitOfWork, row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows by which the members of a task's candidate groups find it; `row` has the columns of `task`."""
    named: list[str] = canonical.loads(row["candidate_groups"])
    by_office = groups(uow, named)
    return [{"group_id": group, "office": row["office"] if by_office.get(group) else "", "sort_due": row["sort_due"],
             "task_id": row["id"], "root_key": row["root_key"]} for group in named]


def groups(uow: UnitOfWork, named: Collection[str]) -> Mapping[str, bool]:
    """Candidate group → whether it acts within an office; read again when a new one is `named`."""
    known = uow.engine.candidate_groups
    if not known.keys() >= set(named):
        known.update({r.id: r.by_office for r in uow.rows(sa.select(candidate_group.c.id, candidate_group.c.by_office))})
    return known


def announce(uow: UnitOfWork, case: sa.Row[Any], rows: Collection[Mapping[str, Any]]) -> None:
    """Say that the tasks `rows` appear, change or go: to whoever finds them in a list, and to those who watch the case."""
    by_office = groups(uow, [group for row in rows for group in canonical.loads(row["candidate_groups"])])
    found = (worklist_changes.audiences(row, by_office) for row in rows)
    worklist_changes.announce(uow, worklist_changes.watchers(uow, case).union(*found))


def _close_tasks(change: Change) -> None:
    uow, gone = change.uow, [task_id(change.row.id, token) for token in change.gone("task")]
    if gone:
        uow.later(_REMOVE_CANDIDATES, [{"task": each} for each in gone])
    withdrawn = [task_id(change.row.id, token) for token in change.gone("task") if token not in _left(change)]
    if withdrawn:
        announce(uow, change.row, [row._asdict() for row in uow.rows(_NAMED, tasks=withdrawn)])
        uow.later(_WITHDRAW, [{"task": each, "now": uow.now} for each in withdrawn])
    if search.are_touched(change.bundle, change.variables):
        uow.later(_SET_OPEN_TASKS, [{
            "instance": change.row.id, "customer": change.copies["customer"], "serial": change.copies["serial"],
            "product": change.copies["product"]}])


def _left(change: Change) -> set[int]:
    """The tokens whose work was done: the verb that completed a task has closed its row."""
    return {entry.token for entry in change.applied.trace if entry.kind == "left"}


def _open_tasks(change: Change, armed: Deadlines) -> None:
    rows = [_task_row(change, offer, armed) for offer in change.applied.offers]
    if not rows:
        return
    change.uow.later(_OFFER, rows)
    announce(change.uow, change.row, rows)
    for row in rows:
        if row["assignee"] is not None:
            notices.tell(change.uow, row["assignee"], "assigned", subject=f"{row['id']}/1", instance_id=change.row.id,
                         task_id=row["id"])
    candidates = [found for row in rows if row["assignee"] is None for found in candidate_rows(change.uow, row)]
    if candidates:
        change.uow.later(_ADD_CANDIDATES, candidates)


def _task_row(change: Change, offer: Offer, armed: Deadlines) -> dict[str, Any]:
    element, uow, row = change.element(offer.token), change.uow, change.row
    due = _moment(offer.due, uow.now) or _deadline(change, offer.token, armed)
    return {
        "id": task_id(row.id, offer.token), "instance_id": row.id, "token": offer.token, "process_key": offer.place.process,
        "element": element.id, "name": element.words("zh"), "name_en": element.words("en"), "business_key": row.business_key,
        "customer": change.copies["customer"], "serial": change.copies["serial"], "product": change.copies["product"],
        "root_key": row.process_key, "office": offer.office or uow.engine.settings.head_office,
        "candidate_groups": canonical.dumps(list(offer.groups)),
        "assignee": offer.assignee, "owner": None, "priority": offer.priority, "created_at": uow.now, "due_at": due,
        "follow_up_at": _moment(offer.follow_up, uow.now), "claimed_at": uow.now if offer.assignee else None,
        "revision": 1, "state": "open", "sort_due": due or NEVER,
    }


def _deadline(change: Change, token: int, armed: Deadlines) -> datetime | None:
    """The earliest armed timer with the property `deadline` on the task or around it (details.md, Time)."""
    outer = {row["id"]: row["in"] for row in change.applied.state["tokens"]}
    around = set()
    while token:
        around.add(token)
        token = outer.get(token, 0)
    deadlines = (at for (where, event), at in armed.items() if where in around and _is_deadline(change, where, event))
    return min(deadlines, default=None)


def _is_deadline(change: Change, token: int, event: str) -> bool:
    """Whether the timer `event` that `token` waits for is one: it stands beside the token, or inside it (event sub-process)."""
    processes = {change.places[token].process, *(p.id for p in change.bundle.processes.values())}
    found = (change.bundle.processes[key].elements.get(event) for key in sorted(processes))
    return any(e is not None and e.properties.get("deadline", "false") != "false" for e in found)


def _moment(text: str | None, now: datetime) -> datetime | None:
    """A date or a duration of the diagram as a moment."""
    if not text:
        return None
    return calendar.due_at("duration" if text.startswith("P") else "date", text, now, None, {})


def _jobs(change: Change) -> None:
    uow, row, gone = change.uow, change.row, change.gone("job")
    if gone:
        uow.later(_CANCEL_SERVICE, [{"instance": row.id, "at": token, "now": uow.now} for token in gone])
        resolve_incidents(uow, _GONE_INCIDENT, [{"instance": row.id, "at": token, "of": "failedJob"} for token in gone])
    for token in change.new("job"):
        element = change.element(token)
        enqueue(uow, "service", job_id=f"{row.id}.{token}.{row.version + 1}", instance_id=row.id, token=token,
                process_key=change.places[token].process, element=element.id, topic=element.attributes.get("topic"))


def _incidents(change: Change) -> None:
    uow, gone = change.uow, change.gone("incident")
    if gone:
        resolve_incidents(uow, _GONE_INCIDENT, [{"instance": change.row.id, "at": token, "of": "failedStep"} for token in gone])
    errors = {row["id"]: row.get("error", "") for row in change.applied.state["tokens"] if row["is"] == "incident"}
    for token in change.new("incident"):
        spot = change.places[token]
        add_incident(uow, "failedStep", errors[token], instance_id=change.row.id, token=token,
                     process_key=spot.process, element=spot.element)


def _send(change: Change, message: Sent) -> None:
    enqueue(change.uow, "message", instance_id=change.row.id, token=message.token, process_key=message.process,
            element=message.element, topic=message.name,
            arguments={"correlation": dict(message.correlation), "variables": dict(message.variables)})


def _tell_watchers(change: Change) -> None:
    """An incident, the end, or new work: what else happens in a case is not worth a notice."""
    if change.new("incident"):
        notices.tell_watchers(change.uow, change.row, "incident")
    elif not change.applied.state["tokens"] and change.row.ended_at is None:
        notices.tell_watchers(change.uow, change.row, "ended")
    elif change.applied.offers:
        notices.tell_watchers(change.uow, change.row, "moved")
