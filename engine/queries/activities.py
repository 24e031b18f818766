"""The elements that cases entered, by filter: Camunda 7's historic activity instances."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine import bundles, canonical, identity
from engine.diagram.model import Element
from engine.queries import called
from engine.queries.called import process_id
from engine.queries.paging import EVERYTHING, Paging, Sorting, count_of, cut, like, order, section
from engine.tables import activity_instance, bundle, process_instance, task
from engine.unit_of_work import UnitOfWork
from engine.variables import ROOT

row = activity_instance.c
SORTS: dict[str, sa.ColumnElement[Any]] = {
    "id": row.id, "activityInstanceId": row.id, "instanceId": row.instance_id, "activityId": row.element,
    "activityName": row.name, "activityType": row.type, "startTime": row.started_at, "endTime": row.ended_at,
    "occurrence": row.seq, "case": row.instance_id,
}
AS_IT_RAN: Sorting = (("case", "asc"), ("occurrence", "asc"))
BODY = "#multiInstanceBody"


@dataclass(frozen=True, slots=True)
class ActivityQuery:
    """Filters of what cases entered; None: any."""

    activity_instance_id: str | None = None
    process_instance_id: str | None = None
    process_definition_id: str | None = None
    activity_id: str | None = None
    activity_name: str | None = None
    activity_name_like: str | None = None
    activity_type: str | None = None
    task_assignee: str | None = None
    finished: bool | None = None
    unfinished: bool | None = None
    canceled: bool | None = None
    started_after: datetime | None = None
    started_before: datetime | None = None
    finished_after: datetime | None = None
    finished_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Activity:
    """A row of `activity_instance`, the ids of the instance and the scope it is in, and its element.

    `is_body` is the whole of a multi-instance activity; `calls` is the id of the process instance it called.
    """

    row: sa.Row[Any]
    process_instance_id: str
    scope_id: str
    definition_id: str
    element: Element
    is_body: bool
    calls: str | None
    assignee: str | None


def page(uow: UnitOfWork, query: ActivityQuery, paging: Paging = EVERYTHING) -> list[Activity]:
    """What the cases that the actor may see entered, in the order in which it happened if nothing else is said."""
    statement = _select(uow, query).order_by(*order(SORTS, Paging(sorting=paging.sorting or AS_IT_RAN)))
    if query.process_instance_id is None and query.activity_type is None:
        return _views(uow, uow.rows(section(statement, paging)))
    return cut([each for each in _views(uow, uow.rows(statement)) if _fits(each, query)], paging)


def count(uow: UnitOfWork, query: ActivityQuery) -> int:
    """How many there are."""
    if query.process_instance_id is None and query.activity_type is None:
        return int(uow.scalar(count_of(_select(uow, query))))
    return len(page(uow, query))


def type_of(found: Activity) -> str:
    """The kind of activity in Camunda 7's words."""
    element = found.element
    kind = element.event.kind if element.event else "none"
    return "multiInstanceBody" if found.is_body else EVENTS.get((element.type, kind)) or PLAIN.get(element.type, element.type)


PLAIN = {"endEvent": "noneEndEvent"}
EVENTS = {
    ("startEvent", "timer"): "startTimerEvent", ("startEvent", "message"): "messageStartEvent",
    ("startEvent", "error"): "errorStartEvent", ("startEvent", "escalation"): "escalationStartEvent",
    ("boundaryEvent", "timer"): "boundaryTimer", ("boundaryEvent", "message"): "boundaryMessage",
    ("boundaryEvent", "error"): "boundaryError", ("boundaryEvent", "escalation"): "boundaryEscalation",
    ("intermediateCatchEvent", "timer"): "intermediateTimer", ("intermediateCatchEvent", "message"): "intermediateMessageCatch",
    ("intermediateCatchEvent", "link"): "intermediateLinkCatch",
    ("intermediateThrowEvent", "none"): "intermediateNoneThrowEvent",
    ("intermediateThrowEvent", "message"): "intermediateMessageThrowEvent",
    ("intermediateThrowEvent", "escalation"): "intermediateEscalationThrowEvent",
    ("endEvent", "message"): "messageEndEvent", ("endEvent", "error"): "errorEndEvent",
    ("endEvent", "escalation"): "escalationEndEvent", ("endEvent", "terminate"): "terminateEndEvent",
}


class Structure:
    """Which process instance each activity of one case was in, from all its activities."""

    def __init__(self, rows: Iterable[sa.Row[Any]]) -> None:
        self.rows = {each.token: each for each in rows}
        self.processes = {each.scope: each.process_key for each in self.rows.values() if each.scope != each.token}
        self.called = frozenset(token for token, key in self.processes.items() if self._is_called(token))

    def home(self, token: int) -> int:
        """The token of the process instance in which `token` was."""
        scope = self.outer(token)
        return scope if scope == ROOT or scope in self.called else self.home(scope)

    def outer(self, token: int) -> int:
        """The scope around `token`; an instance of a multi-instance activity is in its body."""
        mine = self.rows.get(token)
        if mine is None:
            return ROOT
        return int(mine.scope) if mine.scope != token else self._body(mine)

    def is_body(self, token: int) -> bool:
        """Whether `token` is the whole of a multi-instance activity, not one of its instances."""
        return bool(self.rows[token].scope != token)

    def _body(self, child: sa.Row[Any]) -> int:
        """The nearest earlier row of the same element: bodies are entered before their instances."""
        earlier = (t for t, each in self.rows.items() if t < child.token and each.scope != t
                   and (each.element, each.process_key) == (child.element, child.process_key))
        return max(earlier, default=ROOT)

    def _is_called(self, token: int) -> bool:
        return token in self.rows and self.rows[token].type == "callActivity"


def structures(uow: UnitOfWork, instance_ids: Iterable[str]) -> Mapping[str, Structure]:
    """The structures of cases that called something; the others need none."""
    ids = sorted(set(instance_ids))
    calling = sa.select(row.instance_id).where(row.instance_id.in_(ids), row.type == "callActivity").distinct()
    columns = (row.instance_id, row.token, row.scope, row.process_key, row.element, row.type)
    found: dict[str, list[sa.Row[Any]]] = {}
    for each in uow.rows(sa.select(*columns).where(row.instance_id.in_(calling)).order_by(row.seq)):
        found.setdefault(each.instance_id, []).append(each)
    return {instance_id: Structure(rows) for instance_id, rows in found.items()}


def _views(uow: UnitOfWork, rows: list[sa.Row[Any]]) -> list[Activity]:
    built = structures(uow, (each.instance_id for each in rows))
    people = {each.id: each.assignee for each in uow.rows(sa.select(task.c.id, task.c.assignee).where(
        task.c.id.in_([each.id for each in rows if each.type == "userTask"])))} if rows else {}
    return [_view(uow, each, built.get(each.instance_id), people.get(each.id)) for each in rows]


def _view(uow: UnitOfWork, found: sa.Row[Any], structure: Structure | None, assignee: str | None) -> Activity:
    kept = bundles.Past(uow, found.instance_id, found.bundle_id).bundle(found.process_key, found.element)
    element = kept.element(found.process_key, found.element)
    home = structure.home(found.token) if structure else ROOT
    scope = structure.outer(found.token) if structure else found.scope if found.scope != found.token else ROOT
    is_body = element.loop is not None and found.scope != found.token
    calls = process_id(found.instance_id, found.token) if structure and found.token in structure.called else None
    return Activity(found, process_id(found.instance_id, home), process_id(found.instance_id, scope),
                    kept.members["process"][found.process_key], element, is_body, calls, assignee)


def _fits(found: Activity, query: ActivityQuery) -> bool:
    is_there = query.process_instance_id in (None, found.process_instance_id)
    return is_there and query.activity_type in (None, type_of(found))


def _select(uow: UnitOfWork, query: ActivityQuery) -> sa.Select[Any]:
    case = process_instance.c
    statement = sa.select(activity_instance, case.bundle_id).join(process_instance, case.id == row.instance_id)
    equal = {row.id: query.activity_instance_id, row.name: query.activity_name,
             row.element: query.activity_id and query.activity_id.removesuffix(BODY)}
    statement = statement.where(*(column == value for column, value in equal.items() if value is not None))
    if query.process_instance_id is not None:
        statement = statement.where(row.instance_id == called.split(query.process_instance_id)[0])
    if query.activity_name_like is not None:
        statement = statement.where(like(row.name, query.activity_name_like))
    if query.process_definition_id is not None:
        named = bundle.c.members.contains(canonical.dumps(query.process_definition_id), autoescape=True)
        statement = statement.where(row.process_key == query.process_definition_id.rsplit(":", 2)[0],
                                    case.bundle_id.in_(sa.select(bundle.c.id).where(named)))
    if query.task_assignee is not None:
        statement = statement.where(sa.exists().where(task.c.id == row.id, task.c.assignee == query.task_assignee))
    return statement.where(identity.seen_cases(uow.actor), *_times(query))


def _times(query: ActivityQuery) -> list[sa.ColumnElement[bool]]:
    bounds = ((row.started_at, query.started_after, query.started_before),
              (row.ended_at, query.finished_after, query.finished_before))
    found = [column >= after for column, after, _ in bounds if after is not None]
    found += [column <= before for column, _, before in bounds if before is not None]
    flags = ((query.finished, row.ended_at.is_not(None)), (query.unfinished, row.ended_at.is_(None)),
             (query.canceled, row.end_state == "cancelled"))
    return found + [condition for is_asked, condition in flags if is_asked]
