"""`/task`: open user tasks by filter; claim, unclaim, complete."""

from typing import Any

from flask import Blueprint, Response

from engine import tasks
from engine.errors import AlreadyChanged, Forbidden, InvalidValue, NotFound
from engine.queries import user_tasks
from engine.queries.user_tasks import TaskQuery, UserTask
from engine.unit_of_work import UnitOfWork
from web.rest import parameters, values
from web.rest.basic import unit_of_work
from web.rest.operation import operation
from web.rest.refusals import RestRefusal, cannot
from web.rest.replies import moment, nothing, reply

pages = Blueprint("tasks", __name__)


@operation(pages, "GET", "/task", query=TaskQuery, is_paged=True, reply=["Task"])
@operation(pages, "POST", "/task", query=TaskQuery, is_paged=True, reply=["Task"])
def listing() -> Response:
    """Open tasks by filter, in the order of the inbox if no other is asked for."""
    query, paging = parameters.query(TaskQuery)
    with unit_of_work(writes=False) as uow:
        try:
            return reply([as_json(found) for found in user_tasks.page(uow, query, paging)])
        except InvalidValue as problem:
            raise parameters.sort_refused(problem) from problem


@operation(pages, "GET", "/task/count", query=TaskQuery, reply="Count")
@operation(pages, "POST", "/task/count", query=TaskQuery, reply="Count")
def count() -> Response:
    """How many open tasks match."""
    query, _ = parameters.query(TaskQuery)
    with unit_of_work(writes=False) as uow:
        return reply({"count": user_tasks.count(uow, query)})


@operation(pages, "GET", "/task/<task_id>", reply="Task")
def one(task_id: str) -> Response:
    """An open task."""
    with unit_of_work(writes=False) as uow:
        found = user_tasks.one(uow, task_id)
    if found is None:
        raise RestRefusal(404, f"No matching task with id {task_id}")
    return reply(as_json(found))


@operation(pages, "POST", "/task/<task_id>/claim", body="User", status=204)
def claim(task_id: str) -> Response:
    """Take a task for a user: whoever calls, or another whom the caller may assign it to."""
    user = parameters.text(parameters.body("userId"), "userId")
    with unit_of_work(writes=True) as uow:
        if user is None:
            tasks.release(uow, task_id)
        elif user == uow.actor.id:
            tasks.claim(uow, task_id)
        else:
            _claim_for(uow, task_id, user)
    return nothing()


@operation(pages, "POST", "/task/<task_id>/unclaim", status=204)
def unclaim(task_id: str) -> Response:
    """Give a task back to its candidate groups."""
    with unit_of_work(writes=True) as uow:
        tasks.release(uow, task_id)
    return nothing()


@operation(pages, "POST", "/task/<task_id>/assignee", body="User", status=204)
def assign(task_id: str) -> Response:
    """Give a task to a user, whoever has it now; no user: back to its candidate groups."""
    user = parameters.text(parameters.body("userId"), "userId")
    with unit_of_work(writes=True) as uow:
        if user is None:
            tasks.release(uow, task_id)
        else:
            _assign(uow, task_id, user)
    return nothing()


@operation(pages, "POST", "/task/<task_id>/complete", body="CompleteTask", reply="Variables", may_be_empty=True)
def complete(task_id: str) -> Response:
    """Complete a task with variables; 204 unless the variables are asked for in return."""
    given = parameters.body("variables", "withVariablesInReturn")
    wants_variables = parameters.flag(given, "withVariablesInReturn")
    with cannot(f"Cannot complete task {task_id}"), unit_of_work(writes=True) as uow:
        found = user_tasks.one(uow, task_id) if wants_variables else None
        tasks.complete(uow, task_id, variables=values.parse(given.get("variables")))
        if found is not None:
            return reply(values.typed(user_tasks.variables_of_process(uow, found)))
    return nothing()


@operation(pages, "GET", "/task/<task_id>/variables", reply="Variables", parameters=("deserializeValues",))
def variables(task_id: str) -> Response:
    """The variables that a task sees."""
    with unit_of_work(writes=False) as uow:
        return reply(values.typed(_variables(uow, task_id)))


@operation(pages, "GET", "/task/<task_id>/form-variables", reply="Variables", parameters=("variableNames", "deserializeValues"))
def form_variables(task_id: str) -> Response:
    """The variables that a task sees, or those named."""
    parameters.only({"variableNames"})
    names = parameters.names("variableNames")
    with unit_of_work(writes=False) as uow:
        found = _variables(uow, task_id)
    return reply(values.typed({name: value for name, value in found.items() if names is None or name in names}))


@operation(pages, "GET", "/task/<task_id>/variables/<name>", reply="Variable", parameters=("deserializeValue",))
def variable(task_id: str, name: str) -> Response:
    """One variable that a task sees."""
    with unit_of_work(writes=False) as uow:
        found = _variables(uow, task_id)
    if name not in found:
        raise RestRefusal(404, f"task variable with name {name} does not exist")
    return reply(values.one(found[name]))


def as_json(found: UserTask) -> dict[str, Any]:
    """An open task as Camunda 7 shows it; its execution is its token."""
    row = found.row
    return {
        "id": row.id, "name": row.name, "assignee": row.assignee, "created": moment(row.created_at), "due": moment(row.due_at),
        "followUp": moment(row.follow_up_at), "lastUpdated": moment(row.claimed_at), "delegationState": None,
        "description": found.description, "executionId": row.id, "owner": row.owner, "parentTaskId": None,
        "priority": row.priority, "processDefinitionId": found.definition_id, "processInstanceId": found.process_instance_id,
        "taskDefinitionKey": row.element, "caseExecutionId": None, "caseInstanceId": None, "caseDefinitionId": None,
        "suspended": found.is_suspended, "formKey": found.form_key, "camundaFormRef": None, "operatonFormRef": None,
        "tenantId": None, "taskState": "Created",
    }


def _claim_for(uow: UnitOfWork, task_id: str, user: str) -> None:
    row = tasks.row_of(uow, task_id)
    if row.assignee == user:
        return
    if row.assignee is not None:
        raise AlreadyChanged("task_claimed", who=row.assignee, at=row.claimed_at, what="claim", task=task_id)
    _assign(uow, task_id, user)


def _assign(uow: UnitOfWork, task_id: str, user: str) -> None:
    try:
        tasks.assign(uow, task_id, assignee=user)
    except (InvalidValue, Forbidden) as problem:
        if isinstance(problem, Forbidden) and problem.code != "no_such_user":
            raise
        raise RestRefusal(400, f"User {user} may not work on task {task_id}") from problem


def _variables(uow: UnitOfWork, task_id: str) -> dict[str, Any]:
    found = user_tasks.one(uow, task_id)
    if found is None:
        raise NotFound(kind="task", id=task_id)
    return user_tasks.variables(uow, found)
