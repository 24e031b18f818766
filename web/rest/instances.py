"""`/process-instance`: cases and the processes they call, their variables."""

from typing import Any

from flask import Blueprint, Response

from engine.audit import access_log
from engine.errors import InvalidValue
from engine.queries import process_instances
from engine.queries.process_instances import InstanceQuery, ProcessInstance
from engine.unit_of_work import UnitOfWork
from web.access import engine
from web.rest import parameters, values
from web.rest.basic import unit_of_work
from web.rest.operation import operation
from web.rest.refusals import RestRefusal
from web.rest.replies import reply

pages = Blueprint("instances", __name__)


@operation(pages, "GET", "/process-instance", query=InstanceQuery, is_paged=True, reply=["ProcessInstance"])
@operation(pages, "POST", "/process-instance", query=InstanceQuery, is_paged=True, reply=["ProcessInstance"])
def listing() -> Response:
    """Running process instances by filter; a called process has the id `<instance>.<token>`."""
    query, paging = parameters.query(InstanceQuery)
    with unit_of_work(writes=False) as uow:
        try:
            return reply([{**as_json(found), "links": []} for found in process_instances.page(uow, query, paging)])
        except InvalidValue as problem:
            raise parameters.sort_refused(problem) from problem


@operation(pages, "GET", "/process-instance/count", query=InstanceQuery, reply="Count")
@operation(pages, "POST", "/process-instance/count", query=InstanceQuery, reply="Count")
def count() -> Response:
    """How many running process instances match."""
    query, _ = parameters.query(InstanceQuery)
    with unit_of_work(writes=False) as uow:
        return reply({"count": process_instances.count(uow, query)})


@operation(pages, "GET", "/process-instance/<instance_id>", reply="ProcessInstance")
def one(instance_id: str) -> Response:
    """A running process instance."""
    with unit_of_work(writes=False) as uow:
        found, actor = _running(uow, instance_id), uow.actor
    access_log.note(engine(), actor, "look", found.business_key or found.id, instance_id=found.instance_id,
                    detail={"path": "/process-instance"})
    return reply({**as_json(found), "links": []})


@operation(pages, "GET", "/process-instance/<instance_id>/variables", reply="Variables", parameters=("deserializeValues",))
def variables(instance_id: str) -> Response:
    """The variables of a process instance."""
    with unit_of_work(writes=False) as uow:
        return reply(values.typed(_variables(uow, instance_id)))


@operation(pages, "GET", "/process-instance/<instance_id>/variables/<name>", reply="Variable", parameters=("deserializeValue",))
def variable(instance_id: str, name: str) -> Response:
    """One variable of a process instance."""
    with unit_of_work(writes=False) as uow:
        found = _variables(uow, instance_id)
    if name not in found:
        raise RestRefusal(404, f"process instance variable with name {name} does not exist")
    return reply(values.one(found[name]))


def as_json(found: ProcessInstance) -> dict[str, Any]:
    """A process instance as Camunda 7 shows it; its `links` depend on where it is shown."""
    return {"id": found.id, "definitionId": found.definition_id, "definitionKey": found.key, "businessKey": found.business_key,
            "caseInstanceId": None, "ended": found.is_ended, "suspended": found.is_suspended, "tenantId": None}


def _running(uow: UnitOfWork, instance_id: str) -> ProcessInstance:
    found = process_instances.one(uow, instance_id)
    if found is None:
        raise RestRefusal(404, f"Process instance with id {instance_id} does not exist")
    return found


def _variables(uow: UnitOfWork, instance_id: str) -> dict[str, Any]:
    found = process_instances.one(uow, instance_id)
    if found is None:
        raise RestRefusal(500, f"Cannot get process instance variables of {instance_id}: execution {instance_id} doesn't exist: "
                               "execution is null", "NullValueException", code=0)
    return process_instances.variables(uow, found)
