"""The shapes of bodies and replies, for the OpenAPI document; `tests/database/test_rest_shapes.py` holds the replies to them."""

from typing import Any

TEXT, NUMBER, FLAG = {"type": "string"}, {"type": "integer"}, {"type": "boolean"}
MOMENT = {"type": "string", "format": "date-time"}


def _of(**members: dict[str, Any]) -> dict[str, Any]:
    return {"properties": members}


def _maybe(member: dict[str, Any]) -> dict[str, Any]:
    return {**member, "nullable": True}


def _many(name: str) -> dict[str, Any]:
    return {"type": "array", "items": {"$ref": f"#/components/schemas/{name}"}}


def _map(name: str) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": {"$ref": f"#/components/schemas/{name}"}}


NO_TEXT, NO_MOMENT, NO_NUMBER = _maybe(TEXT), _maybe(MOMENT), _maybe(NUMBER)
VARIABLES = _map("Variable")
LINKS = _many("Link")
_instance = {"id": TEXT, "definitionId": TEXT, "definitionKey": TEXT, "businessKey": NO_TEXT, "caseInstanceId": NO_TEXT,
             "ended": FLAG, "suspended": FLAG, "tenantId": NO_TEXT, "links": LINKS}
_deployment = {"id": TEXT, "name": NO_TEXT, "source": NO_TEXT, "deploymentTime": MOMENT, "tenantId": NO_TEXT, "links": LINKS}
_definition = {"id": TEXT, "key": TEXT, "category": NO_TEXT, "name": NO_TEXT, "version": NUMBER, "resource": TEXT,
               "deploymentId": TEXT, "tenantId": NO_TEXT, "versionTag": NO_TEXT, "historyTimeToLive": NO_NUMBER}

SHAPES: dict[str, dict[str, Any]] = {
    "Exception": {"properties": {"type": TEXT, "message": TEXT, "code": NO_NUMBER}, "additionalProperties": True},
    "Version": _of(version=TEXT),
    "Engine": _of(name=TEXT),
    "OpenApi": {"additionalProperties": True},
    "Count": _of(count=NUMBER),
    "Link": _of(method=TEXT, href=TEXT, rel=TEXT),
    "Sorting": _of(sortBy=TEXT, sortOrder={"type": "string", "enum": ["asc", "desc"]}),
    "Variable": _of(type=TEXT, value={"nullable": True}, valueInfo={"type": "object"}),
    "Variables": {"additionalProperties": {"$ref": "#/components/schemas/Variable"}},
    "User": _of(userId=NO_TEXT),
    "Xml": _of(id=TEXT, bpmn20Xml=TEXT),
    "ProcessDefinition": _of(**_definition, description=NO_TEXT, diagram=NO_TEXT, suspended=FLAG, startableInTasklist=FLAG),
    "DecisionDefinition": _of(**_definition, decisionRequirementsDefinitionId=NO_TEXT, decisionRequirementsDefinitionKey=NO_TEXT),
    "Deployment": {"properties": {
        "deployment-name": TEXT, "deployment-source": TEXT, "enable-duplicate-filtering": FLAG, "deploy-changed-only": FLAG,
        "data": {"type": "string", "format": "binary", "description": "A diagram, form or decision; as many as there are."}}},
    "DeploymentListed": _of(**_deployment),
    "DeploymentCreated": _of(
        **_deployment, deployedProcessDefinitions=_maybe(_map("ProcessDefinition")),
        deployedDecisionDefinitions=_maybe(_map("DecisionDefinition")), deployedCaseDefinitions=_maybe({"type": "object"}),
        deployedDecisionRequirementsDefinitions=_maybe({"type": "object"})),
    "StartProcessInstance": _of(variables=VARIABLES, businessKey=NO_TEXT, withVariablesInReturn=FLAG),
    "ProcessInstance": _of(**_instance),
    "ProcessInstanceStarted": _of(**_instance, variables=VARIABLES),
    "CompleteTask": _of(variables=VARIABLES, withVariablesInReturn=FLAG),
    "Task": _of(
        id=TEXT, name=NO_TEXT, assignee=NO_TEXT, created=MOMENT, due=NO_MOMENT, followUp=NO_MOMENT, lastUpdated=NO_MOMENT,
        delegationState=NO_TEXT, description=NO_TEXT, executionId=TEXT, owner=NO_TEXT, parentTaskId=NO_TEXT, priority=NUMBER,
        processDefinitionId=TEXT, processInstanceId=TEXT, taskDefinitionKey=TEXT, caseExecutionId=NO_TEXT, caseInstanceId=NO_TEXT,
        caseDefinitionId=NO_TEXT, suspended=FLAG, formKey=NO_TEXT, camundaFormRef=_maybe({"type": "object"}),
        operatonFormRef=_maybe({"type": "object"}), tenantId=NO_TEXT, taskState=TEXT),
    "CorrelationMessage": _of(
        messageName=TEXT, businessKey=NO_TEXT, processInstanceId=NO_TEXT, correlationKeys=VARIABLES,
        localCorrelationKeys=VARIABLES, processVariables=VARIABLES, resultEnabled=FLAG, variablesInResultEnabled=FLAG),
    "Execution": _of(id=TEXT, processInstanceId=TEXT, ended=FLAG, tenantId=NO_TEXT),
    "MessageCorrelationResult": _of(
        resultType=TEXT, execution=_maybe({"type": "object"}), processInstance=_maybe({"type": "object"}), variables=VARIABLES),
    "HistoricActivityInstance": _of(
        id=TEXT, parentActivityInstanceId=TEXT, activityId=TEXT, activityName=NO_TEXT, activityType=TEXT,
        processDefinitionKey=TEXT, processDefinitionId=TEXT, processInstanceId=TEXT, executionId=TEXT, taskId=NO_TEXT,
        calledProcessInstanceId=NO_TEXT, calledCaseInstanceId=NO_TEXT, assignee=NO_TEXT, startTime=MOMENT, endTime=NO_MOMENT,
        durationInMillis=NO_NUMBER,
        canceled=FLAG, completeScope=FLAG, tenantId=NO_TEXT, removalTime=NO_MOMENT, rootProcessInstanceId=TEXT),
    "HistoricProcessInstance": _of(
        id=TEXT, businessKey=NO_TEXT, processDefinitionId=TEXT, processDefinitionKey=TEXT, processDefinitionName=NO_TEXT,
        processDefinitionVersion=NUMBER, startTime=MOMENT, endTime=NO_MOMENT, removalTime=NO_MOMENT, durationInMillis=NO_NUMBER,
        startUserId=NO_TEXT, startActivityId=NO_TEXT, deleteReason=NO_TEXT, rootProcessInstanceId=TEXT,
        superProcessInstanceId=NO_TEXT,
        superCaseInstanceId=NO_TEXT, caseInstanceId=NO_TEXT, tenantId=NO_TEXT, state=TEXT, restartedProcessInstanceId=NO_TEXT),
}
