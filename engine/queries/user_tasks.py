"""Open user tasks by filter. A task in a called process belongs to that one, not to the case that calls it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine import bundles, canonical, execution, identity, step
from engine.queries import called
from engine.queries.called import process_id
from engine.queries.paging import EVERYTHING, Paging, Sorting, count_of, cut, like, order, section
from engine.tables import bundle, process_instance, task, task_candidate
from engine.unit_of_work import UnitOfWork
from engine.variables import ROOT, ScopedVariables

row = task.c
SORTS: dict[str, sa.ColumnElement[Any]] = {
    "id": row.id, "name": row.name, "created": row.created_at, "dueDate": row.due_at, "followUpDate": row.follow_up_at,
    "priority": row.priority, "assignee": row.assignee, "instanceId": row.instance_id, "inbox": row.sort_due,
}
INBOX: Sorting = (("inbox", "asc"),)
_OPEN = sa.select(
    task, process_instance.c.tokens, process_instance.c.bundle_id, process_instance.c.status.label("case_status"),
).join(process_instance, process_instance.c.id == row.instance_id).where(row.state == "open")


@dataclass(frozen=True, slots=True)
class TaskQuery:
    """Filters of open user tasks; None: any."""

    task_id: str | None = None
    task_id_in: tuple[str, ...] | None = None
    process_instance_id: str | None = None
    process_instance_id_in: tuple[str, ...] | None = None
    process_instance_business_key: str | None = None
    process_instance_business_key_like: str | None = None
    process_definition_key: str | None = None
    process_definition_key_in: tuple[str, ...] | None = None
    process_definition_id: str | None = None
    task_definition_key: str | None = None
    task_definition_key_in: tuple[str, ...] | None = None
    task_definition_key_like: str | None = None
    name: str | None = None
    name_like: str | None = None
    assignee: str | None = None
    assignee_in: tuple[str, ...] | None = None
    assigned: bool | None = None
    unassigned: bool | None = None
    candidate_group: str | None = None
    candidate_groups: tuple[str, ...] | None = None
    candidate_user: str | None = None
    include_assigned_tasks: bool | None = None
    with_candidate_groups: bool | None = None
    without_candidate_groups: bool | None = None
    priority: int | None = None
    min_priority: int | None = None
    max_priority: int | None = None
    due_after: datetime | None = None
    due_before: datetime | None = None
    without_due_date: bool | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    active: bool | None = None
    suspended: bool | None = None


@dataclass(frozen=True, slots=True)
class UserTask:
    """A row of `task` with the process instance and the definition it belongs to, and its form's key."""

    row: sa.Row[Any]
    process_instance_id: str
    definition_id: str
    form_key: str | None
    description: str | None
    is_suspended: bool


def page(uow: UnitOfWork, query: TaskQuery, paging: Paging = EVERYTHING) -> list[UserTask]:
    """The open tasks that the actor may see, in the order of the inbox if nothing else is said."""
    sorting = order(SORTS, Paging(sorting=paging.sorting or INBOX))
    statement = _select(uow, query).order_by(*sorting)
    wanted = _processes(query)
    if wanted is None:
        return [_view(uow, found) for found in uow.rows(section(statement, paging))]
    return cut([each for found in uow.rows(statement) if (each := _view(uow, found)).process_instance_id in wanted], paging)


def count(uow: UnitOfWork, query: TaskQuery) -> int:
    """How many there are."""
    return int(uow.scalar(count_of(_select(uow, query)))) if _processes(query) is None else len(page(uow, query))


def one(uow: UnitOfWork, task_id: str) -> UserTask | None:
    """An open task that the actor may see."""
    return next(iter(page(uow, TaskQuery(task_id=task_id))), None)


def variables(uow: UnitOfWork, found: UserTask) -> dict[str, Any]:
    """Every variable that the task sees."""
    held = _held(uow, found)
    return held[0].visible(held[1])


def variables_of_process(uow: UnitOfWork, found: UserTask) -> dict[str, Any]:
    """The variables of the process instance it belongs to, also when that has ended."""
    return _held(uow, found)[0].local(called.split(found.process_instance_id)[1])


def _held(uow: UnitOfWork, found: UserTask) -> tuple[ScopedVariables, int]:
    case = uow.rows(sa.select(process_instance).where(process_instance.c.id == found.row.instance_id))[0]
    state = canonical.loads(case.tokens)
    scoped = execution.load_variables(uow, case.id, bundles.load(uow, case.bundle_id), state)
    places = step.places(state)
    return scoped, places[found.row.token].scope if found.row.token in places else ROOT


def _view(uow: UnitOfWork, found: sa.Row[Any]) -> UserTask:
    home = called.homes(found.tokens).get(found.token, ROOT)
    kept = bundles.Past(uow, found.instance_id, found.bundle_id).bundle(found.process_key, found.element)
    element = kept.element(found.process_key, found.element)
    return UserTask(found, process_id(found.instance_id, home), kept.members["process"][found.process_key],
                    element.attributes.get("formRef") or element.attributes.get("formKey"), element.documentation or None,
                    found.case_status == "suspended")


def _processes(query: TaskQuery) -> frozenset[str] | None:
    """The process instances asked for; None: any."""
    asked = [query.process_instance_id_in, None if query.process_instance_id is None else (query.process_instance_id,)]
    sets = [frozenset(each) for each in asked if each is not None]
    return frozenset.intersection(*sets) if sets else None


def _select(uow: UnitOfWork, query: TaskQuery) -> sa.Select[Any]:
    case, statement = process_instance.c, _OPEN
    wanted = _processes(query)
    if wanted is not None:
        statement = statement.where(row.instance_id.in_({called.split(each)[0] for each in wanted}))
    if query.active or query.suspended:
        statement = statement.where(case.status == ("suspended" if query.suspended else "active"))
    return statement.where(identity.seen_cases(uow.actor), *_plain(query), *_people(uow, query), *_dates(query))


def _plain(query: TaskQuery) -> list[sa.ColumnElement[bool]]:
    equal = {row.id: query.task_id, row.process_key: query.process_definition_key, row.element: query.task_definition_key,
             row.name: query.name, row.business_key: query.process_instance_business_key, row.priority: query.priority}
    among = {row.id: query.task_id_in, row.process_key: query.process_definition_key_in,
             row.element: query.task_definition_key_in}
    alike = {row.element: query.task_definition_key_like, row.name: query.name_like,
             row.business_key: query.process_instance_business_key_like}
    found = [column == value for column, value in equal.items() if value is not None]
    found += [column.in_(values) for column, values in among.items() if values is not None]
    found += [like(column, value) for column, value in alike.items() if value is not None]
    if query.process_definition_id is not None:
        found += _of_definition(query.process_definition_id)
    return found


def _of_definition(definition_id: str) -> list[sa.ColumnElement[bool]]:
    key = definition_id.rsplit(":", 2)[0]
    named = bundle.c.members.contains(canonical.dumps(definition_id), autoescape=True)
    return [row.process_key == key, process_instance.c.bundle_id.in_(sa.select(bundle.c.id).where(named))]


def _people(uow: UnitOfWork, query: TaskQuery) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if query.assignee is not None:
        found.append(row.assignee == query.assignee)
    if query.assignee_in is not None:
        found.append(row.assignee.in_(query.assignee_in))
    if query.assigned:
        found.append(row.assignee.is_not(None))
    if query.unassigned:
        found.append(row.assignee.is_(None))
    if query.with_candidate_groups:
        found.append(row.candidate_groups != "[]")
    if query.without_candidate_groups:
        found.append(row.candidate_groups == "[]")
    return [*found, *_candidates(uow, query)]


def _candidates(uow: UnitOfWork, query: TaskQuery) -> list[sa.ColumnElement[bool]]:
    """Whose candidate a task is; a claimed one is nobody's, unless `includeAssignedTasks` is asked for."""
    held = None
    if query.candidate_user is not None:
        known = identity.account(uow, query.candidate_user)
        held = known[0].memberships if known else frozenset()
    groups: list[tuple[str, ...]] = [] if query.candidate_group is None else [(query.candidate_group,)]
    groups += [] if query.candidate_groups is None else [query.candidate_groups]
    if query.include_assigned_tasks:
        names = [*groups, *([] if held is None else [tuple(group for group, _ in held)])]
        return [sa.or_(*(row.candidate_groups.contains(canonical.dumps(name), autoescape=True) for name in each), sa.false())
                for each in names]
    found = [_is_candidate(task_candidate.c.group_id.in_(each)) for each in groups]
    return found if held is None else [*found, _is_candidate(sa.tuple_(
        task_candidate.c.group_id, task_candidate.c.office).in_(sorted(held)))]


def _is_candidate(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    return sa.exists().where(task_candidate.c.task_id == row.id, condition)


def _dates(query: TaskQuery) -> list[sa.ColumnElement[bool]]:
    bounds = ((row.priority, query.min_priority, query.max_priority), (row.due_at, query.due_after, query.due_before),
              (row.created_at, query.created_after, query.created_before))
    found = [column >= low if column is row.priority else column > low for column, low, _ in bounds if low is not None]
    found += [column <= high if column is row.priority else column < high for column, _, high in bounds if high is not None]
    return [*found, row.due_at.is_(None)] if query.without_due_date else found
