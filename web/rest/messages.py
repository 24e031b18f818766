"""`/message`: a message for the one case that waits for it, or for the one process that begins with it."""

from typing import Any

from flask import Blueprint, Response

from engine import instances
from engine.queries import called, process_instances
from engine.unit_of_work import UnitOfWork
from web.rest import parameters, values
from web.rest.basic import unit_of_work
from web.rest.instances import as_json
from web.rest.operation import operation
from web.rest.refusals import RestRefusal
from web.rest.replies import nothing, reply

pages = Blueprint("messages", __name__)
TAKEN = ("messageName", "businessKey", "processInstanceId", "correlationKeys", "localCorrelationKeys", "processVariables",
         "resultEnabled", "variablesInResultEnabled", "withoutTenantId")
NOT_TAKEN = ("all", "tenantId", "processVariablesLocal", "processVariablesToTriggeredScope")


@operation(pages, "POST", "/message", body="CorrelationMessage", reply=["MessageCorrelationResult"], may_be_empty=True)
def correlate() -> Response:
    """Deliver a message; the case has moved on when this answers. 204 unless the result is asked for."""
    given = _body()
    keys = {**values.parse(given.get("correlationKeys")), **values.parse(given.get("localCorrelationKeys"))}
    asked = parameters.text(given, "processInstanceId")
    with unit_of_work(writes=True) as uow:
        instance_id = instances.correlate(
            uow, str(parameters.text(given, "messageName")), business_key=parameters.text(given, "businessKey"),
            instance_id=None if asked is None else called.split(asked)[0], correlation=keys,
            variables=values.parse(given.get("processVariables")))
        if parameters.flag(given, "resultEnabled"):
            return reply([_result(uow, instance_id, with_variables=parameters.flag(given, "variablesInResultEnabled"))])
    return nothing()


def _body() -> dict[str, Any]:
    given = parameters.body(*TAKEN, *NOT_TAKEN)
    if not parameters.text(given, "messageName"):
        raise RestRefusal(400, "No message name supplied")
    refused = next((name for name in NOT_TAKEN if given.get(name)), None)
    if refused:
        raise RestRefusal(400, f"The field '{refused}' is not supported")
    if parameters.flag(given, "variablesInResultEnabled") and not parameters.flag(given, "resultEnabled"):
        raise RestRefusal(400, "Parameter 'variablesInResultEnabled' cannot be used without 'resultEnabled' set to true.")
    return given


def _result(uow: UnitOfWork, instance_id: str, *, with_variables: bool) -> dict[str, Any]:
    found = process_instances.one(uow, instance_id, is_running=False)
    if found is None:
        raise RestRefusal(500, f"Process instance with id {instance_id} does not exist", code=0)
    is_new = process_instances.is_new(uow, instance_id)
    execution = {"id": instance_id, "processInstanceId": instance_id, "ended": found.is_ended, "tenantId": None}
    told: dict[str, Any] = {
        "resultType": "ProcessDefinition" if is_new else "Execution", "execution": None if is_new else execution,
        "processInstance": {**as_json(found), "links": []} if is_new else None}
    return {**told, "variables": values.typed(process_instances.variables(uow, found))} if with_variables else told
