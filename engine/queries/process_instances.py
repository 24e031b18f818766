"""Running process instances by filter: cases, and the processes that they call now."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from engine import bundles, canonical, execution, identity
from engine.queries import called
from engine.queries.called import Called, process_id
from engine.queries.paging import EVERYTHING, Paging, count_of, cut, is_like, like, order, section
from engine.tables import incident, process_instance
from engine.unit_of_work import UNLOCKED, UnitOfWork
from engine.variables import ROOT

case = process_instance.c
SORTS: dict[str, sa.ColumnElement[Any]] = {
    "id": case.id, "instanceId": case.id, "definitionKey": case.process_key, "definitionId": case.definition_id,
    "businessKey": case.business_key,
}


@dataclass(frozen=True, slots=True)
class InstanceQuery:
    """Filters of running process instances; None: any."""

    process_instance_ids: tuple[str, ...] | None = None
    process_definition_key: str | None = None
    process_definition_key_in: tuple[str, ...] | None = None
    process_definition_id: str | None = None
    business_key: str | None = None
    business_key_like: str | None = None
    super_process_instance: str | None = None
    sub_process_instance: str | None = None
    root_process_instance_id: str | None = None
    root_process_instances: bool | None = None
    active: bool | None = None
    suspended: bool | None = None
    with_incident: bool | None = None


@dataclass(frozen=True, slots=True)
class ProcessInstance:
    """A case or a process called in it: `token` is 1 or the call's; `caller` is the id of the calling one, None for a case."""

    id: str
    instance_id: str
    token: int
    key: str
    definition_id: str
    business_key: str | None
    is_suspended: bool
    is_ended: bool
    caller: str | None


SORT_KEYS: dict[str, Callable[[ProcessInstance], str]] = {
    "id": lambda each: each.id, "instanceId": lambda each: each.id, "definitionKey": lambda each: each.key,
    "definitionId": lambda each: each.definition_id, "businessKey": lambda each: each.business_key or "",
}


def page(uow: UnitOfWork, query: InstanceQuery, paging: Paging = EVERYTHING) -> list[ProcessInstance]:
    """The running process instances, by id if nothing else is said."""
    begin = Paging(0, paging.end, paging.sorting)
    found = [*_cases(uow, query, begin), *_called(uow, query)]
    for name, way in reversed(paging.sorting or (("id", "asc"),)):
        found.sort(key=SORT_KEYS[name], reverse=way == "desc")
    return cut(found, paging)


def count(uow: UnitOfWork, query: InstanceQuery) -> int:
    """How many there are."""
    return int(uow.scalar(count_of(_select_cases(uow, query)))) + sum(1 for _ in _called(uow, query))


def one(uow: UnitOfWork, found: str, *, is_running: bool = True) -> ProcessInstance | None:
    """The process instance with this id, if the actor may see it; `is_running=False`: also a case that has ended."""
    instance_id, token = called.split(found)
    row = uow.row(UNLOCKED, instance=instance_id)
    if row is None or not identity.may_see(uow, row) or (is_running and row.ended_at is not None):
        return None
    if token == ROOT:
        return _case(row)
    return next((_of(uow, row, each) for each in called.running(row.tokens) if each.token == token), None)


def is_new(uow: UnitOfWork, instance_id: str) -> bool:
    """Whether nothing has happened to a case but its start."""
    return bool(uow.scalar(sa.select(case.head_seq).where(case.id == instance_id)) == 1)


def variables(uow: UnitOfWork, found: ProcessInstance) -> dict[str, Any]:
    """The variables that live in a process instance itself."""
    row = uow.row(sa.select(case.bundle_id, case.tokens).where(case.id == found.instance_id))
    if row is None:
        return {}
    bundle = bundles.load(uow, row.bundle_id)
    return execution.load_variables(uow, found.instance_id, bundle, canonical.loads(row.tokens)).local(found.token)


def _cases(uow: UnitOfWork, query: InstanceQuery, paging: Paging) -> Iterator[ProcessInstance]:
    statement = _select_cases(uow, query)
    return (_case(row) for row in uow.rows(section(statement.order_by(*order(SORTS, paging)), paging)))


def _case(row: sa.Row[Any]) -> ProcessInstance:
    return ProcessInstance(row.id, row.id, ROOT, row.process_key, row.definition_id, row.business_key,
                           row.status == "suspended", row.ended_at is not None, None)


def _select_cases(uow: UnitOfWork, query: InstanceQuery) -> sa.Select[Any]:
    statement = sa.select(process_instance).where(*_of_any(uow, query))
    equal = {case.process_key: query.process_definition_key, case.definition_id: query.process_definition_id,
             case.business_key: query.business_key}
    statement = statement.where(*(column == value for column, value in equal.items() if value is not None))
    if query.process_definition_key_in is not None:
        statement = statement.where(case.process_key.in_(query.process_definition_key_in))
    if query.business_key_like is not None:
        statement = statement.where(like(case.business_key, query.business_key_like))
    if query.process_instance_ids is not None:
        statement = statement.where(case.id.in_(query.process_instance_ids))
    return statement.where(*_family(uow, query))


def _family(uow: UnitOfWork, query: InstanceQuery) -> list[sa.ColumnElement[bool]]:
    """A case calls what is called; nothing calls a case."""
    if query.super_process_instance is not None:
        return [sa.false()]
    if query.sub_process_instance is None:
        return []
    instance_id, token = called.split(query.sub_process_instance)
    tokens = uow.scalar(sa.select(case.tokens).where(case.id == instance_id)) or ""
    is_caller = any((each.token, each.caller) == (token, ROOT) for each in called.running(tokens))
    return [case.id == instance_id] if is_caller else [sa.false()]


def _of_any(uow: UnitOfWork, query: InstanceQuery) -> list[sa.ColumnElement[bool]]:
    """What holds for a case and all that it calls."""
    found = [case.ended_at.is_(None), identity.seen_cases(uow.actor)]
    if query.active or query.suspended:
        found.append(case.status == ("suspended" if query.suspended else "active"))
    if query.root_process_instance_id is not None:
        found.append(case.id == query.root_process_instance_id)
    if query.with_incident:
        found.append(sa.exists().where(incident.c.instance_id == case.id, incident.c.resolved_at.is_(None)))
    return found


def _called(uow: UnitOfWork, query: InstanceQuery) -> Iterator[ProcessInstance]:
    if query.root_process_instances:
        return
    statement = sa.select(process_instance).where(*_of_any(uow, query), called.calls(query.process_definition_key))
    asked = [*(query.process_instance_ids or ()), *filter(None, (query.super_process_instance, query.sub_process_instance))]
    if asked:
        statement = statement.where(case.id.in_({called.split(each)[0] for each in asked}))
    for row in uow.rows(statement.order_by(case.id)):
        yield from (each for each in _all_of(uow, row) if _fits(each, query, row))


def _all_of(uow: UnitOfWork, row: sa.Row[Any]) -> list[ProcessInstance]:
    return [_of(uow, row, each) for each in called.running(row.tokens)]


def _fits(found: ProcessInstance, query: InstanceQuery, row: sa.Row[Any]) -> bool:
    checks = (
        (query.process_instance_ids, lambda ids: found.id in ids),
        (query.process_definition_key, lambda key: found.key == key),
        (query.process_definition_key_in, lambda keys: found.key in keys),
        (query.process_definition_id, lambda definition: found.definition_id == definition),
        (query.business_key, lambda key: found.business_key == key),
        (query.business_key_like, lambda pattern: is_like(found.business_key, pattern)),
        (query.super_process_instance, lambda caller: found.caller == caller),
        (query.sub_process_instance, lambda inner: _calls(row, found, inner)),
    )
    return all(value is None or fits(value) for value, fits in checks)


def _calls(row: sa.Row[Any], found: ProcessInstance, inner: str) -> bool:
    return any(process_id(row.id, each.token) == inner and each.caller == found.token for each in called.running(row.tokens))


def _of(uow: UnitOfWork, row: sa.Row[Any], each: Called) -> ProcessInstance:
    bundle = bundles.load(uow, row.bundle_id)
    keys = {one.token: one.key for one in called.running(row.tokens)}
    activity = bundle.element(keys.get(each.caller, row.process_key), each.element)
    has_key = any(mapping.is_business_key for mapping in activity.inputs)
    return ProcessInstance(
        process_id(row.id, each.token), row.id, each.token, each.key, bundle.members["process"][each.key],
        row.business_key if has_key else None, row.status == "suspended", is_ended=False, caller=process_id(row.id, each.caller))

