"""`/history`: what cases entered, and process instances that run or ran."""

from typing import Any

from flask import Blueprint, Response

from engine.errors import InvalidValue
from engine.queries import activities, past_instances
from engine.queries.activities import BODY, Activity, ActivityQuery
from engine.queries.past_instances import PastInstance, PastQuery
from web.rest import parameters
from web.rest.basic import unit_of_work
from web.rest.operation import operation
from web.rest.refusals import RestRefusal
from web.rest.replies import milliseconds, moment, reply

pages = Blueprint("history", __name__)


@operation(pages, "GET", "/history/activity-instance", query=ActivityQuery, is_paged=True, reply=["HistoricActivityInstance"])
@operation(pages, "POST", "/history/activity-instance", query=ActivityQuery, is_paged=True, reply=["HistoricActivityInstance"])
def activity_listing() -> Response:
    """What cases entered, in the order in which it happened if no other is asked for."""
    query, paging = parameters.query(ActivityQuery)
    with unit_of_work(writes=False) as uow:
        try:
            return reply([_activity(found) for found in activities.page(uow, query, paging)])
        except InvalidValue as problem:
            raise parameters.sort_refused(problem) from problem


@operation(pages, "GET", "/history/activity-instance/count", query=ActivityQuery, reply="Count")
@operation(pages, "POST", "/history/activity-instance/count", query=ActivityQuery, reply="Count")
def activity_count() -> Response:
    """How many of them match."""
    query, _ = parameters.query(ActivityQuery)
    with unit_of_work(writes=False) as uow:
        return reply({"count": activities.count(uow, query)})


@operation(pages, "GET", "/history/activity-instance/<activity_id>", reply="HistoricActivityInstance")
def activity(activity_id: str) -> Response:
    """One of them."""
    with unit_of_work(writes=False) as uow:
        found = activities.page(uow, ActivityQuery(activity_instance_id=activity_id))
    if not found:
        raise RestRefusal(404, f"Historic activity instance with id '{activity_id}' does not exist")
    return reply(_activity(found[0]))


@operation(pages, "GET", "/history/process-instance", query=PastQuery, is_paged=True, reply=["HistoricProcessInstance"])
@operation(pages, "POST", "/history/process-instance", query=PastQuery, is_paged=True, reply=["HistoricProcessInstance"])
def instance_listing() -> Response:
    """Process instances that run or ran; a called process has the id `<instance>.<token>`."""
    query, paging = parameters.query(PastQuery)
    with unit_of_work(writes=False) as uow:
        try:
            return reply([_instance(found) for found in past_instances.page(uow, query, paging)])
        except InvalidValue as problem:
            raise parameters.sort_refused(problem) from problem


@operation(pages, "GET", "/history/process-instance/count", query=PastQuery, reply="Count")
@operation(pages, "POST", "/history/process-instance/count", query=PastQuery, reply="Count")
def instance_count() -> Response:
    """How many of them match."""
    query, _ = parameters.query(PastQuery)
    with unit_of_work(writes=False) as uow:
        return reply({"count": past_instances.count(uow, query)})


@operation(pages, "GET", "/history/process-instance/<instance_id>", reply="HistoricProcessInstance")
def instance(instance_id: str) -> Response:
    """One of them."""
    with unit_of_work(writes=False) as uow:
        found = past_instances.page(uow, PastQuery(process_instance_id=instance_id))
    if not found:
        raise RestRefusal(404, f"Historic process instance with id {instance_id} does not exist")
    return reply(_instance(found[0]))


def _activity(found: Activity) -> dict[str, Any]:
    row = found.row
    return {
        "id": row.id, "parentActivityInstanceId": found.scope_id, "activityId": row.element + (BODY if found.is_body else ""),
        "activityName": row.name or None, "activityType": activities.type_of(found), "processDefinitionKey": row.process_key,
        "processDefinitionId": found.definition_id, "processInstanceId": found.process_instance_id, "executionId": row.id,
        "taskId": row.id if row.type == "userTask" and not found.is_body else None, "calledProcessInstanceId": found.calls,
        "calledCaseInstanceId": None, "assignee": found.assignee, "startTime": moment(row.started_at),
        "endTime": moment(row.ended_at), "durationInMillis": milliseconds(row.started_at, row.ended_at),
        "canceled": row.end_state == "cancelled", "completeScope": row.type == "endEvent", "tenantId": None,
        "removalTime": None, "rootProcessInstanceId": row.instance_id,
    }


def _instance(found: PastInstance) -> dict[str, Any]:
    return {
        "id": found.id, "businessKey": found.business_key, "processDefinitionId": found.definition_id,
        "processDefinitionKey": found.key, "processDefinitionName": found.name or None, "processDefinitionVersion": found.version,
        "startTime": moment(found.started_at), "endTime": moment(found.ended_at), "removalTime": None,
        "durationInMillis": milliseconds(found.started_at, found.ended_at), "startUserId": found.started_by,
        "startActivityId": found.start_element, "deleteReason": None, "rootProcessInstanceId": found.instance_id,
        "superProcessInstanceId": found.caller, "superCaseInstanceId": None, "caseInstanceId": None, "tenantId": None,
        "state": found.state, "restartedProcessInstanceId": None,
    }
