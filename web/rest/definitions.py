"""`/process-definition`: list, one, its diagram, start a case."""

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response

from engine import bundles, instances
from engine.errors import InvalidValue
from engine.queries import definitions, process_instances
from engine.queries.definitions import DefinitionQuery
from engine.unit_of_work import UnitOfWork
from web.rest import parameters, values
from web.rest.basic import unit_of_work
from web.rest.instances import as_json as instance_as_json
from web.rest.operation import operation
from web.rest.refusals import REST, RestRefusal, cannot
from web.rest.replies import link, reply

pages = Blueprint("definitions", __name__)
START = ("variables", "businessKey", "withVariablesInReturn", "caseInstanceId", "skipCustomListeners", "skipIoMappings",
         "startInstructions")


@operation(pages, "GET", "/process-definition", query=DefinitionQuery, is_paged=True, reply=["ProcessDefinition"])
def listing() -> Response:
    """Process definitions by filter."""
    query, paging = parameters.query(DefinitionQuery)
    with unit_of_work(writes=False) as uow:
        try:
            return reply([as_json(uow, row) for row in definitions.page(uow, query, paging)])
        except InvalidValue as problem:
            raise parameters.sort_refused(problem) from problem


@operation(pages, "GET", "/process-definition/count", query=DefinitionQuery, reply="Count")
def count() -> Response:
    """How many process definitions match."""
    query, _ = parameters.query(DefinitionQuery)
    with unit_of_work(writes=False) as uow:
        return reply({"count": definitions.count(uow, query)})


@operation(pages, "GET", "/process-definition/key/<key>", reply="ProcessDefinition")
def by_key(key: str) -> Response:
    """The latest version of a process definition."""
    with unit_of_work(writes=False) as uow:
        return reply(as_json(uow, _latest(uow, key)))


@operation(pages, "GET", "/process-definition/<definition_id>", reply="ProcessDefinition")
def by_id(definition_id: str) -> Response:
    """One version of a process definition."""
    with unit_of_work(writes=False) as uow:
        return reply(as_json(uow, _one(uow, definition_id)))


@operation(pages, "GET", "/process-definition/key/<key>/xml", reply="Xml")
def xml_by_key(key: str) -> Response:
    """The diagram of the latest version, the very text that was deployed."""
    with unit_of_work(writes=False) as uow:
        return reply(_xml(uow, _latest(uow, key)))


@operation(pages, "GET", "/process-definition/<definition_id>/xml", reply="Xml")
def xml_by_id(definition_id: str) -> Response:
    """The diagram of one version, the very text that was deployed."""
    with unit_of_work(writes=False) as uow:
        return reply(_xml(uow, _one(uow, definition_id)))


@operation(pages, "POST", "/process-definition/key/<key>/start", body="StartProcessInstance", reply="ProcessInstanceStarted")
def start_by_key(key: str) -> Response:
    """Start a case of the latest version."""
    given = _start_body()
    with unit_of_work(writes=True) as uow:
        return _start(uow, _latest(uow, key), given)


@operation(pages, "POST", "/process-definition/<definition_id>/start", body="StartProcessInstance",
           reply="ProcessInstanceStarted")
def start_by_id(definition_id: str) -> Response:
    """Start a case of one version."""
    given = _start_body()
    with unit_of_work(writes=True) as uow:
        return _start(uow, _one(uow, definition_id), given)


def as_json(uow: UnitOfWork, row: sa.Row[Any]) -> dict[str, Any]:
    """A row of `definition` as Camunda 7 shows a process definition."""
    process = bundles.model(uow, row.sha256, row.resource_name).processes[row.key]
    kept = process.attributes.get("historyTimeToLive", "")
    return {
        "id": row.id, "key": row.key, "category": None, "description": process.documentation or None, "name": row.name,
        "version": row.version, "resource": row.resource_name, "deploymentId": row.deployment_id, "diagram": None,
        "suspended": False, "tenantId": None, "versionTag": process.attributes.get("versionTag"),
        "historyTimeToLive": int(kept) if kept.isdecimal() else None,
        "startableInTasklist": process.attributes.get("isStartableInTasklist", "true") != "false",
    }


def _latest(uow: UnitOfWork, key: str) -> sa.Row[Any]:
    row = bundles.latest(uow, "process", key)
    if row is None:
        raise RestRefusal(404, f"No matching process definition with key: {key} and no tenant-id", REST)
    return row


def _one(uow: UnitOfWork, definition_id: str) -> sa.Row[Any]:
    found = definitions.page(uow, DefinitionQuery(process_definition_id=definition_id))
    if not found:
        raise RestRefusal(404, f"No matching definition with id {definition_id}", code=0)
    return found[0]


def _xml(uow: UnitOfWork, row: sa.Row[Any]) -> dict[str, str]:
    return {"id": row.id, "bpmn20Xml": bundles.stored_bytes(uow, row.sha256).decode("utf-8-sig")}


def _start_body() -> dict[str, Any]:
    given = parameters.body(*START)
    refused = next((name for name in ("caseInstanceId", "startInstructions") if given.get(name)), None)
    if refused:
        raise RestRefusal(400, f"The field '{refused}' is not supported")
    return given


def _start(uow: UnitOfWork, row: sa.Row[Any], given: dict[str, Any]) -> Response:
    with cannot(f"Cannot instantiate process definition {row.id}"):
        instance_id = instances.start(uow, row.key, version=row.version, variables=values.parse(given.get("variables")),
                                      business_key=parameters.text(given, "businessKey"))
    found = process_instances.one(uow, instance_id, is_running=False)
    if found is None:
        raise RestRefusal(500, f"Process instance with id {instance_id} does not exist", code=0)
    told = {**instance_as_json(found), "links": link(f"/process-instance/{instance_id}")}
    if parameters.flag(given, "withVariablesInReturn"):
        told["variables"] = values.typed(process_instances.variables(uow, found))
    return reply(told)
