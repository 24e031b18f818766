"""Process instances that run or ran, by filter: Camunda 7's historic process instances."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from engine import bundles, identity
from engine.queries import called
from engine.queries.activities import Structure, structures
from engine.queries.called import process_id
from engine.queries.paging import EVERYTHING, Paging, count_of, cut, is_like, like, order, section
from engine.tables import activity_instance, process_instance
from engine.unit_of_work import UnitOfWork
from engine.variables import ROOT

case = process_instance.c
SORTS: dict[str, sa.ColumnElement[Any]] = {
    "id": case.id, "instanceId": case.id, "definitionId": case.definition_id, "definitionKey": case.process_key,
    "businessKey": case.business_key, "startTime": case.started_at, "endTime": case.ended_at,
}
LAST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class PastQuery:
    """Filters of process instances that run or ran; None: any."""

    process_instance_id: str | None = None
    process_instance_ids: tuple[str, ...] | None = None
    process_definition_id: str | None = None
    process_definition_key: str | None = None
    process_definition_key_in: tuple[str, ...] | None = None
    process_instance_business_key: str | None = None
    process_instance_business_key_like: str | None = None
    super_process_instance_id: str | None = None
    root_process_instance_id: str | None = None
    root_process_instances: bool | None = None
    finished: bool | None = None
    unfinished: bool | None = None
    active: bool | None = None
    suspended: bool | None = None
    completed: bool | None = None
    externally_terminated: bool | None = None
    started_by: str | None = None
    started_after: datetime | None = None
    started_before: datetime | None = None
    finished_after: datetime | None = None
    finished_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class PastInstance:
    """A process instance that runs or ran; `state` is ACTIVE, SUSPENDED, COMPLETED or EXTERNALLY_TERMINATED."""

    id: str
    instance_id: str
    key: str
    definition_id: str
    name: str
    version: int
    business_key: str | None
    started_at: datetime
    ended_at: datetime | None
    started_by: str | None
    start_element: str | None
    caller: str | None
    state: str


SORT_KEYS: dict[str, Callable[[PastInstance], Any]] = {
    "id": lambda each: each.id, "instanceId": lambda each: each.id, "definitionId": lambda each: each.definition_id,
    "definitionKey": lambda each: each.key, "businessKey": lambda each: each.business_key or "",
    "startTime": lambda each: each.started_at, "endTime": lambda each: each.ended_at or LAST,
}


def page(uow: UnitOfWork, query: PastQuery, paging: Paging = EVERYTHING) -> list[PastInstance]:
    """The process instances that the actor may see, by id if nothing else is said."""
    begin = Paging(0, paging.end, paging.sorting)
    rows = uow.rows(section(_select_cases(uow, query).order_by(*order(SORTS, begin)), begin))
    found = [*(_case(uow, row) for row in rows), *_called(uow, query)]
    for name, way in reversed(paging.sorting or (("id", "asc"),)):
        found.sort(key=SORT_KEYS[name], reverse=way == "desc")
    return cut(found, paging)


def count(uow: UnitOfWork, query: PastQuery) -> int:
    """How many there are."""
    return int(uow.scalar(count_of(_select_cases(uow, query)))) + sum(1 for _ in _called(uow, query))


def _select_cases(uow: UnitOfWork, query: PastQuery) -> sa.Select[Any]:
    entered = activity_instance.c
    begun = sa.select(entered.element).where(entered.instance_id == case.id, entered.type == "startEvent").order_by(entered.seq)
    columns = (process_instance, begun.limit(1).scalar_subquery().label("begun"))
    statement = sa.select(*columns).where(*_of_any(uow, query), *_of_cases(query))
    asked = _ids(query)
    return statement if asked is None else statement.where(case.id.in_(asked))


def _ids(query: PastQuery) -> frozenset[str] | None:
    sets = [frozenset(each) for each in (query.process_instance_ids, query.process_instance_id and (query.process_instance_id,))
            if each is not None]
    return frozenset.intersection(*sets) if sets else None


def _of_any(uow: UnitOfWork, query: PastQuery) -> list[sa.ColumnElement[bool]]:
    """What holds for a case and all that it called."""
    found = [identity.seen_cases(uow.actor)]
    if query.root_process_instance_id is not None:
        found.append(case.id == query.root_process_instance_id)
    return found


def _of_cases(query: PastQuery) -> list[sa.ColumnElement[bool]]:
    equal = {case.definition_id: query.process_definition_id, case.process_key: query.process_definition_key,
             case.business_key: query.process_instance_business_key, case.started_by: query.started_by}
    found = [column == value for column, value in equal.items() if value is not None]
    if query.process_definition_key_in is not None:
        found.append(case.process_key.in_(query.process_definition_key_in))
    if query.process_instance_business_key_like is not None:
        found.append(like(case.business_key, query.process_instance_business_key_like))
    if query.super_process_instance_id is not None:
        found.append(sa.false())
    return [*found, *_states(query), *_times(query)]


def _states(query: PastQuery) -> list[sa.ColumnElement[bool]]:
    asked = ((query.finished, case.ended_at.is_not(None)), (query.unfinished, case.ended_at.is_(None)),
             (query.active, case.status == "active"), (query.suspended, case.status == "suspended"),
             (query.completed, case.status == "completed"), (query.externally_terminated, case.status == "terminated"))
    return [condition for is_asked, condition in asked if is_asked]


def _times(query: PastQuery) -> list[sa.ColumnElement[bool]]:
    found = [column >= after for column, after in ((case.started_at, query.started_after), (case.ended_at, query.finished_after))
             if after is not None]
    return found + [column <= before for column, before in (
        (case.started_at, query.started_before), (case.ended_at, query.finished_before)) if before is not None]


def _case(uow: UnitOfWork, row: sa.Row[Any]) -> PastInstance:
    process = bundles.load(uow, row.bundle_id).processes[row.process_key]
    state = {"active": "ACTIVE", "suspended": "SUSPENDED", "completed": "COMPLETED"}.get(row.status, "EXTERNALLY_TERMINATED")
    return PastInstance(row.id, row.id, row.process_key, row.definition_id, process.name, row.process_version, row.business_key,
                        row.started_at, row.ended_at, row.started_by, row.begun, None, state)


# ------------------------------------------------------------------ called processes
def _called(uow: UnitOfWork, query: PastQuery) -> Iterator[PastInstance]:
    if query.root_process_instances or query.started_by is not None:
        return
    asked = [*(_ids(query) or ()), *filter(None, (query.super_process_instance_id,))]
    made = sa.exists().where(activity_instance.c.instance_id == case.id, activity_instance.c.type == "callActivity")
    statement = sa.select(process_instance).where(made, *_of_any(uow, query))
    if asked or _ids(query) is not None:
        statement = statement.where(case.id.in_({called.split(each)[0] for each in asked}))
    rows = uow.rows(statement.order_by(case.id))
    built = structures(uow, (row.id for row in rows))
    for row in rows:
        yield from (each for each in _all_of(uow, row, built[row.id]) if _fits(each, query))


def _all_of(uow: UnitOfWork, row: sa.Row[Any], structure: Structure) -> Iterator[PastInstance]:
    query = sa.select(activity_instance).where(
        activity_instance.c.instance_id == row.id, activity_instance.c.token.in_(structure.called))
    for activity in uow.rows(query.order_by(activity_instance.c.seq)):
        yield _of(uow, row, structure, activity)


def _of(uow: UnitOfWork, row: sa.Row[Any], structure: Structure, activity: sa.Row[Any]) -> PastInstance:
    past, token = bundles.Past(uow, row.id, row.bundle_id), activity.token
    key = structure.processes[token]
    kept = past.having(key)
    process = kept.processes[key]
    has_key = any(mapping.is_business_key for mapping in past.element(activity.process_key, activity.element).inputs)
    begun = next((each.element for each in structure.rows.values() if each.scope == token and each.type == "startEvent"), None)
    state = {None: "ACTIVE", "cancelled": "EXTERNALLY_TERMINATED"}.get(activity.end_state, "COMPLETED")
    return PastInstance(
        process_id(row.id, token), row.id, key, kept.members["process"][key], process.name, kept.versions[key],
        row.business_key if has_key else None, activity.started_at, activity.ended_at, None, begun,
        process_id(row.id, structure.home(token) if token != ROOT else ROOT),
        "SUSPENDED" if state == "ACTIVE" and row.status == "suspended" else state)


def _fits(found: PastInstance, query: PastQuery) -> bool:
    ids = _ids(query)
    checks = (
        ids is None or found.id in ids,
        query.process_definition_id in (None, found.definition_id),
        query.process_definition_key in (None, found.key),
        query.process_definition_key_in is None or found.key in query.process_definition_key_in,
        query.process_instance_business_key in (None, found.business_key),
        query.process_instance_business_key_like is None or is_like(found.business_key, query.process_instance_business_key_like),
        query.super_process_instance_id in (None, found.caller),
    )
    return all(checks) and _is_in_state(found, query) and _is_in_time(found, query)


def _is_in_state(found: PastInstance, query: PastQuery) -> bool:
    is_over = found.ended_at is not None
    asked = ((query.finished, is_over), (query.unfinished, not is_over), (query.active, found.state == "ACTIVE"),
             (query.suspended, found.state == "SUSPENDED"), (query.completed, found.state == "COMPLETED"),
             (query.externally_terminated, found.state == "EXTERNALLY_TERMINATED"))
    return all(holds for is_asked, holds in asked if is_asked)


def _is_in_time(found: PastInstance, query: PastQuery) -> bool:
    ended = found.ended_at
    return ((query.started_after is None or found.started_at >= query.started_after)
            and (query.started_before is None or found.started_at <= query.started_before)
            and (query.finished_after is None or (ended is not None and ended >= query.finished_after))
            and (query.finished_before is None or (ended is not None and ended <= query.finished_before)))
