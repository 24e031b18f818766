"""A case over `/engine-rest`: deploy, start, look, claim, complete, look back, as clients of Camunda 7 do."""

from tests.database.rest_client import Rest, typed
from tests.diagram_text import diagram, end, flow_if, flows, message, messages, node, properties, start, user
from tests.small_company import Small

ONE = diagram(start(), user("work"), end(), flows("begin", "work", "done"))
LOOP = diagram(
    start(), user("work"), node("exclusiveGateway", "solved", default="solved_to_work"), end(), flows("begin", "work", "solved"),
    flow_if("solved", "done", "ready = true"), flows("solved", "work"))
OFFICES = diagram(start(), user("visit", "engineers"), end(), flows("begin", "visit", "done"))


# ------------------------------------------------------------------ deployments and definitions
def test_a_deployment_tells_what_it_made(rest: Rest) -> None:
    made = rest.deploy(ONE, name="first").get_json()
    assert (made["name"], made["links"][0]["rel"]) == ("first", "self")
    [(key, definition)] = made["deployedProcessDefinitions"].items()
    assert (definition["id"], definition["key"], definition["version"]) == (key, "case", 1)
    assert definition["deploymentId"] == made["id"]
    assert rest.get(f"/deployment/{made['id']}")["name"] == "first"
    assert [each["id"] for each in rest.get("/deployment")] == [made["id"]]


def test_the_same_file_again_is_no_new_version(rest: Rest) -> None:
    rest.deploy(ONE)
    assert rest.deploy(ONE).get_json()["deployedProcessDefinitions"] is None
    assert rest.get("/process-definition/count?key=case") == {"count": 1}


def test_the_latest_version_is_found_by_key_and_each_by_id(rest: Rest) -> None:
    rest.deploy(ONE)
    rest.deploy(LOOP)
    assert rest.get("/process-definition/key/case")["version"] == 2
    versions = rest.get("/process-definition?key=case&sortBy=version&sortOrder=desc")
    assert [each["version"] for each in versions] == [2, 1]
    assert rest.get(f"/process-definition/{versions[1]['id']}") == versions[1]
    assert [each["version"] for each in rest.get("/process-definition?latestVersion=true")] == [2]
    assert rest.get("/process-definition?keyLike=ca%25&version=1&maxResults=5")[0]["version"] == 1


def test_the_diagram_comes_back_as_it_was_deployed(rest: Rest) -> None:
    rest.deploy(ONE)
    found = rest.get("/process-definition/key/case/xml")
    assert found["bpmn20Xml"].encode() == ONE
    assert rest.get(f"/process-definition/{found['id']}/xml") == found


def test_a_case_of_an_older_version_can_be_started(rest: Rest) -> None:
    first = next(iter(rest.deploy(ONE).get_json()["deployedProcessDefinitions"]))
    rest.deploy(LOOP)
    started = rest.post(f"/process-definition/{first}/start", {"businessKey": "K1"})
    assert (started["definitionId"], started["businessKey"], started["ended"]) == (first, "K1", False)


# ------------------------------------------------------------------ cases and variables
def test_every_kind_of_value_comes_back_as_it_was_sent(rest: Rest) -> None:
    rest.deploy(ONE)
    sent = {
        "text": {"type": "String", "value": "王五", "valueInfo": {}}, "yes": {"type": "Boolean", "value": True, "valueInfo": {}},
        "few": {"type": "Integer", "value": -7, "valueInfo": {}}, "many": {"type": "Long", "value": 2**40, "valueInfo": {}},
        "part": {"type": "Double", "value": 0.25, "valueInfo": {}}, "none": {"type": "Null", "value": None, "valueInfo": {}},
        "list": {"type": "Json", "value": '[1,{"a":"b"}]', "valueInfo": {}},
        "when": {"type": "Date", "value": "2026-03-02T01:00:00.000+0000", "valueInfo": {}},
    }
    case = rest.post("/process-definition/key/case/start", {"variables": sent})["id"]
    found = rest.get(f"/process-instance/{case}/variables")
    assert {name: found[name] for name in sent} == sent
    assert rest.get(f"/process-instance/{case}/variables/few") == sent["few"]


def test_a_started_case_tells_its_variables_when_asked(rest: Rest) -> None:
    rest.deploy(ONE)
    started = rest.post("/process-definition/key/case/start", {"variables": typed({"a": 1}), "withVariablesInReturn": True})
    assert started["variables"]["a"] == {"type": "Integer", "value": 1, "valueInfo": {}}
    assert started["links"][0]["href"].endswith(f"/engine-rest/process-instance/{started['id']}")


def test_a_case_is_gone_from_the_running_ones_when_it_ends_and_stays_in_history(rest: Rest) -> None:
    rest.deploy(ONE)
    case = rest.start(businessKey="K7")
    assert rest.get("/process-instance?businessKey=K7")[0]["id"] == case
    assert rest.get("/process-instance/count?processDefinitionKey=case") == {"count": 1}
    rest.complete("work", note="done")
    rest.refused(404, "GET", f"/process-instance/{case}")
    past = rest.get(f"/history/process-instance/{case}")
    assert (past["state"], past["businessKey"]) == ("COMPLETED", "K7")
    assert (past["startUserId"], past["startActivityId"]) == ("api", "begin")
    assert rest.get("/history/process-instance/count?finished=true") == {"count": 1}


def test_cases_come_in_pages(rest: Rest) -> None:
    rest.deploy(ONE)
    all_of_them = sorted(rest.start() for _ in range(5))
    pages = [rest.get(f"/process-instance?firstResult={i}&maxResults=2") for i in (0, 2, 4)]
    assert [each["id"] for page in pages for each in page] == all_of_them
    newest = rest.post("/process-instance", {"sorting": [{"sortBy": "instanceId", "sortOrder": "desc"}]})
    assert [each["id"] for each in newest] == all_of_them[::-1]


# ------------------------------------------------------------------ tasks
def test_a_case_runs_over_rest_to_its_end(rest: Rest) -> None:
    rest.deploy(LOOP)
    case = rest.start()
    for ready in (False, False, True):
        [found] = rest.get(f"/task?processInstanceId={case}")
        assert (found["taskDefinitionKey"], found["processInstanceId"], found["assignee"]) == ("work", case, None)
        rest.post(f"/task/{found['id']}/complete", {"variables": typed({"ready": ready})})
    assert rest.get(f"/task?processInstanceId={case}") == []
    entered = [each["activityId"] for each in rest.get(f"/history/activity-instance?processInstanceId={case}")]
    assert entered == ["begin", *["work", "solved"] * 3, "done"]


def test_completing_tells_the_variables_when_asked(rest: Rest) -> None:
    rest.deploy(ONE)
    rest.start(variables={"a": "b"})
    body = {"variables": typed({"c": 1}), "withVariablesInReturn": True}
    found = rest.post(f"/task/{rest.task('work')['id']}/complete", body)
    assert (found["a"]["value"], found["c"]["value"]) == ("b", 1)


def test_a_task_is_claimed_and_given_back(rest: Rest) -> None:
    rest.deploy(ONE)
    rest.start()
    path = f"/task/{rest.task('work')['id']}"
    assert rest.get("/task?candidateGroup=staff&unassigned=true")
    rest.post(f"{path}/claim", {"userId": "ann"})
    assert rest.get(path)["assignee"] == "ann"
    assert (rest.get("/task?candidateGroup=staff"), len(rest.get("/task?assignee=ann"))) == ([], 1)
    assert len(rest.get("/task?candidateGroup=staff&includeAssignedTasks=true")) == 1
    rest.post(f"{path}/unclaim")
    assert rest.get(path)["assignee"] is None
    assert rest.get("/task/count?unassigned=true") == {"count": 1}


def test_a_task_claimed_by_one_is_refused_to_another(rest: Rest) -> None:
    rest.deploy(ONE)
    rest.start()
    path = f"/task/{rest.task('work')['id']}/claim"
    rest.post(path, {"userId": "ann"}, user="ann")
    rest.post(path, {"userId": "ann"}, user="ann")
    refusal = rest.refused(500, "POST", path, {"userId": "bob"}, user="bob")
    assert refusal["type"] == "TaskAlreadyClaimedException"


def test_a_user_who_may_not_work_on_a_task_is_not_given_it(rest: Rest) -> None:
    rest.deploy(OFFICES)
    rest.start(variables={"office": "north"})
    path = f"/task/{rest.task('visit')['id']}/assignee"
    assert "eli" in rest.refused(400, "POST", path, {"userId": "eli"})["message"]
    assert "nobody" in rest.refused(400, "POST", path, {"userId": "nobody"})["message"]
    rest.post(path, {"userId": "eva"})
    assert rest.task("visit")["assignee"] == "eva"


FILTERS = {
    "processDefinitionKey=case": True, "processDefinitionKey=other": False, "taskDefinitionKeyIn=a,visit": True,
    "nameLike=%25isits": False, "candidateGroups=leads,engineers": True, "candidateUser=eva": True,
    "candidateUser=eli": False, "withoutCandidateGroups=true": False, "assigned=true": False, "minPriority=51": False,
    "priority=50": True, "createdBefore=2026-03-02T09:00:00.001%2B0800": True,
    "createdAfter=2026-03-02T01:00:00.000+0000": False, "processInstanceBusinessKeyLike=K%25": True,
    "withoutDueDate=true": True, "suspended=true": False, "active=true": True,
}


def test_tasks_are_found_by_filter(rest: Rest) -> None:
    rest.deploy(OFFICES)
    rest.start(variables={"office": "north"}, businessKey="K1")
    assert {each: bool(rest.get(f"/task?{each}")) for each in FILTERS} == FILTERS
    assert {each: bool(rest.get(f"/task/count?{each}")["count"]) for each in FILTERS} == FILTERS


def test_tasks_are_found_by_definition_id_and_by_post(rest: Rest) -> None:
    rest.deploy(ONE)
    definition = rest.get("/process-definition/key/case")["id"]
    ids = {rest.start() for _ in range(3)}
    assert len(rest.get(f"/task?processDefinitionId={definition}")) == 3
    assert rest.get("/task?processDefinitionId=case:9:ab") == []
    found = rest.post("/task?maxResults=2", {"processInstanceIdIn": sorted(ids)[:2], "assigned": False})
    assert {each["processInstanceId"] for each in found} == set(sorted(ids)[:2])


def test_a_task_shows_the_variables_that_it_sees(rest: Rest) -> None:
    rest.deploy(ONE)
    rest.start(variables={"a": "b", "c": [1]})
    path = f"/task/{rest.task('work')['id']}"
    found = rest.get(f"{path}/variables")
    assert (found["a"]["value"], found["c"]["value"], found["c"]["type"]) == ("b", "[1]", "Json")
    assert rest.get(f"{path}/form-variables?variableNames=a").keys() == {"a"}
    assert rest.get(f"{path}/variables/a")["value"] == "b"


# ------------------------------------------------------------------ called processes
CALLED = diagram(start("open"), user("inside"), end("shut"), flows("open", "inside", "shut"), key="called")
MAPPED = ('<bpmn:extensionElements><camunda:in businessKey="#{execution.processBusinessKey}" /><camunda:in variables="all" />'
          '<camunda:out source="x" target="x" /></bpmn:extensionElements>')
CALLER = diagram(start(), node("callActivity", "call", MAPPED, calledElement="called"), user("after"), end(),
                 flows("begin", "call", "after", "done"))


def test_a_called_process_is_an_instance_with_tasks_of_its_own(rest: Rest) -> None:
    rest.deploy(CALLED, CALLER)
    case = rest.start(businessKey="K1", variables={"a": 1})
    [inner] = rest.get(f"/process-instance?superProcessInstance={case}")
    assert inner["id"].startswith(f"{case}.")
    assert (inner["definitionKey"], inner["businessKey"], inner["ended"]) == ("called", "K1", False)
    assert inner["definitionId"] == rest.get("/process-definition/key/called")["id"]
    assert rest.get(f"/process-instance/{inner['id']}") == inner
    assert rest.get(f"/process-instance?subProcessInstance={inner['id']}")[0]["id"] == case
    assert rest.get(f"/task?processInstanceId={case}") == []
    [found] = rest.get(f"/task?processInstanceId={inner['id']}")
    assert (found["taskDefinitionKey"], found["processInstanceId"], found["processDefinitionId"]) == (
        "inside", inner["id"], inner["definitionId"])
    assert rest.get(f"/process-instance/{inner['id']}/variables")["a"]["value"] == 1


def test_called_processes_are_counted_and_found_by_key(rest: Rest) -> None:
    rest.deploy(CALLED, CALLER)
    cases = [rest.start() for _ in range(2)]
    assert rest.get("/process-instance/count") == {"count": 4}
    assert rest.get("/process-instance/count?rootProcessInstances=true") == {"count": 2}
    found = rest.get("/process-instance?processDefinitionKey=called")
    assert [each["id"].partition(".")[0] for each in found] == sorted(cases)
    assert rest.get(f"/process-instance?superProcessInstance={found[0]['id']}") == []


def test_history_tells_called_processes_apart(rest: Rest) -> None:
    rest.deploy(CALLED, CALLER)
    case = rest.start()
    inner = rest.get(f"/process-instance?superProcessInstance={case}")[0]["id"]
    rest.complete("inside", x=5)
    outside = rest.get(f"/history/activity-instance?processInstanceId={case}")
    assert [each["activityId"] for each in outside] == ["begin", "call", "after"]
    assert outside[1]["calledProcessInstanceId"] == inner
    inside = rest.get(f"/history/activity-instance?processInstanceId={inner}")
    assert [each["activityType"] for each in inside] == ["startEvent", "userTask", "noneEndEvent"]
    assert {each["parentActivityInstanceId"] for each in inside} == {inner}
    [past] = rest.get(f"/history/process-instance?superProcessInstanceId={case}")
    assert (past["id"], past["state"]) == (inner, "COMPLETED")
    assert (past["processDefinitionKey"], past["startActivityId"]) == ("called", "open")
    assert rest.get("/history/process-instance/count") == {"count": 2}
    assert rest.get(f"/process-instance/{case}/variables")["x"]["value"] == 5


# ------------------------------------------------------------------ messages
WAITS = diagram(
    start(), node("intermediateCatchEvent", "wait", properties(correlation="order=${order}") + message("paid")), user("after"),
    end(), flows("begin", "wait", "after", "done"), more=messages(["paid"]))
BEGINS = diagram(start("hear", message("call_in")), user("answer"), end(), flows("hear", "answer", "done"),
                 more=messages(["call_in"]))


def test_a_message_moves_the_case_that_waits_before_it_answers(rest: Rest) -> None:
    rest.deploy(WAITS)
    rest.start(variables={"order": 1}, businessKey="A")
    second = rest.start(variables={"order": 2}, businessKey="B")
    answer = rest.call("POST", "/message", {"messageName": "paid", "businessKey": "B", "processVariables": typed({"amount": 5})})
    assert (answer.status_code, answer.data) == (204, b"")
    assert rest.task("after")["processInstanceId"] == second
    assert rest.get(f"/process-instance/{second}/variables")["amount"]["value"] == 5


def test_a_message_is_correlated_by_variables(rest: Rest) -> None:
    rest.deploy(WAITS)
    first = rest.start(variables={"order": 1})
    rest.start(variables={"order": 2})
    [result] = rest.post("/message", {"messageName": "paid", "correlationKeys": typed({"order": 1}), "resultEnabled": True})
    assert (result["resultType"], result["execution"]["processInstanceId"]) == ("Execution", first)


def test_a_message_can_begin_a_case(rest: Rest) -> None:
    rest.deploy(BEGINS)
    [result] = rest.post("/message", {"messageName": "call_in", "businessKey": "M1", "resultEnabled": True,
                                      "variablesInResultEnabled": True, "processVariables": typed({"from": "x"})})
    assert (result["resultType"], result["processInstance"]["businessKey"]) == ("ProcessDefinition", "M1")
    assert result["variables"]["from"]["value"] == "x"


def test_a_message_for_none_or_several_is_refused(rest: Rest) -> None:
    rest.deploy(WAITS)
    nobody = rest.refused(400, "POST", "/message", {"messageName": "paid"})
    assert "No process definition or execution matches the parameters" in nobody["message"]
    rest.start(variables={"order": 1})
    rest.start(variables={"order": 1})
    several = rest.refused(400, "POST", "/message", {"messageName": "paid"})
    assert (several["type"], "2 executions match" in several["message"]) == ("RestException", True)


# ------------------------------------------------------------------ many hands
def test_both_the_pages_verbs_and_rest_see_one_truth(rest: Rest, small: Small) -> None:
    rest.deploy(ONE)
    case = rest.start()
    small.complete("work", "ann")
    assert rest.get(f"/history/process-instance/{case}")["state"] == "COMPLETED"
    assert rest.get(f"/history/activity-instance?processInstanceId={case}&activityType=userTask")[0]["assignee"] == "ann"
