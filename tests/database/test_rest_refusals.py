"""What `/engine-rest` refuses, and with which status and body; who may call."""

import tomllib

from sqlalchemy import select

from engine import passwords
from engine.settings import ROOT
from engine.tables import sign_in_failure
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.conftest import Clock
from tests.database.rest_client import Rest, typed
from tests.diagram_text import diagram, end, flows, start, user
from tests.small_company import Small
from web.rest import openapi

ONE = diagram(start(), user("work"), end(), flows("begin", "work", "done"))
OFFICES = diagram(start(), user("visit", "engineers"), end(), flows("begin", "visit", "done"))


# ------------------------------------------------------------------ who
def test_without_credentials_the_answer_is_a_challenge(rest: Rest) -> None:
    response = rest.client.get("/engine-rest/task")
    assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, 'Basic realm="default"')


def test_a_malformed_credential_is_refused(rest: Rest) -> None:
    for header in ("Basic", "Basic !!!", "Basic YXBp", "Bearer abc", "Basic " + "QQ" * 20, "Basic \xff"):
        assert rest.client.get("/engine-rest/task", headers={"Authorization": header}).status_code == 401, header


def test_a_wrong_password_is_refused_and_only_that_is_counted(rest: Rest, small: Small) -> None:
    for _ in range(30):
        rest.get("/version")
    assert small.rows(select(sign_in_failure)) == []
    for _ in range(10):
        rest.refused(401, "GET", "/version", user="ann", password="wrong")
    assert rest.refused(429, "GET", "/version", user="ann")["type"] == "AuthenticationException"
    rest.get("/version")


def test_the_limit_on_failures_ends(rest: Rest, clock: Clock) -> None:
    for _ in range(10):
        rest.refused(401, "GET", "/version", user="ann", password="wrong")
    clock.move(minutes=6)
    rest.get("/version", user="ann")


def test_a_changed_password_ends_the_old_credential_at_once(rest: Rest, engine: ProcessEngine) -> None:
    rest.get("/version", user="ann")
    changed = passwords.hash_password("another")
    with engine.transaction(SYSTEM) as uow:
        passwords.set_password(uow, "ann", changed)
    rest.refused(401, "GET", "/version", user="ann")
    rest.get("/version", user="ann", password="another")


def test_an_account_whose_row_changed_is_looked_at_again(rest: Rest, engine: ProcessEngine, sesame: str) -> None:
    rest.get("/version", user="ann")
    with engine.transaction(SYSTEM) as uow:
        passwords.set_password(uow, "ann", sesame)
    rest.get("/version", user="ann")


def test_a_remembered_credential_is_checked_again_after_five_minutes(rest: Rest, engine: ProcessEngine, clock: Clock) -> None:
    rest.get("/version", user="ann")
    known = rest.client.application.extensions["fuwuflow.credentials"]
    digest = known.digest("ann", Rest.PASSWORD)
    assert known.find(digest, clock.now) is not None
    clock.move(minutes=5)
    assert known.find(digest, clock.now) is None
    rest.get("/version", user="ann")


def test_what_is_remembered_is_not_the_password(rest: Rest) -> None:
    rest.get("/version", user="ann")
    known = rest.client.application.extensions["fuwuflow.credentials"]
    assert Rest.PASSWORD not in repr(known)
    assert all(len(digest) == 32 for digest in known.known)


def test_another_site_cannot_use_a_browsers_credential(rest: Rest) -> None:
    rest.refused(403, "POST", "/message", {"messageName": "x"}, headers={"Origin": "https://elsewhere.example"})


def test_an_office_sees_and_does_what_is_its_own(rest: Rest) -> None:
    rest.deploy(OFFICES)
    north, south = (rest.start(variables={"office": place}) for place in ("north", "south"))
    assert [each["processInstanceId"] for each in rest.get("/task", user="eva")] == [north]
    assert [each["id"] for each in rest.get("/process-instance", user="eva")] == [north]
    assert {each["rootProcessInstanceId"] for each in rest.get("/history/activity-instance", user="eva")} == {north}
    assert rest.get("/history/process-instance/count", user="eva") == {"count": 1}
    rest.refused(404, "GET", f"/process-instance/{south}", user="eva")
    task = rest.get(f"/task?processInstanceId={south}")[0]["id"]
    rest.refused(404, "GET", f"/task/{task}", user="eva")
    assert rest.refused(403, "POST", f"/task/{task}/complete", {}, user="eva")["type"] == "AuthorizationException"


def test_who_may_not_start_or_deploy_is_told_so(rest: Rest) -> None:
    rest.deploy(ONE)
    refusal = rest.refused(403, "POST", "/process-definition/key/case/start", {}, user="eva")
    assert (refusal["type"], refusal["userId"]) == ("AuthorizationException", "eva")
    assert rest.deploy(ONE, user="ann").status_code == 403


def test_the_technical_account_is_on_the_record_as_itself(rest: Rest) -> None:
    rest.deploy(OFFICES)
    rest.start(variables={"office": "south"})
    rest.complete("visit")
    assert rest.get("/history/activity-instance?activityId=visit")[0]["assignee"] == "api"


# ------------------------------------------------------------------ what
REFUSED = [
    (404, "RestException", "GET", "/process-definition/key/none", None),
    (404, "RestException", "POST", "/process-definition/key/none/start", {}),
    (404, "InvalidRequestException", "GET", "/process-definition/none:1:x", None),
    (404, "InvalidRequestException", "GET", "/process-definition/none:1:x/xml", None),
    (404, "InvalidRequestException", "GET", "/process-instance/none", None),
    (404, "InvalidRequestException", "GET", "/process-instance/none.x", None),
    (500, "NullValueException", "GET", "/process-instance/none/variables", None),
    (404, "InvalidRequestException", "GET", "/task/none", None),
    (500, "NullValueException", "POST", "/task/none/claim", {"userId": "api"}),
    (500, "NullValueException", "POST", "/task/none/unclaim", {}),
    (500, "RestException", "POST", "/task/none/complete", {}),
    (404, "InvalidRequestException", "GET", "/history/process-instance/none", None),
    (404, "InvalidRequestException", "GET", "/history/activity-instance/none", None),
    (404, "InvalidRequestException", "GET", "/deployment/none", None),
    (404, "NotFoundException", "GET", "/nowhere", None),
    (405, "NotAllowedException", "DELETE", "/version", None),
    (400, "InvalidRequestException", "POST", "/message", {}),
    (400, "InvalidRequestException", "POST", "/message", {"messageName": "x", "all": True}),
    (400, "InvalidRequestException", "POST", "/message", {"messageName": "x", "variablesInResultEnabled": True}),
    (400, "InvalidRequestException", "GET", "/task?sortBy=name", None),
    (400, "InvalidRequestException", "GET", "/task?sortBy=colour&sortOrder=asc", None),
    (400, "InvalidRequestException", "GET", "/task?sortBy=name&sortOrder=up", None),
    (400, "InvalidRequestException", "GET", "/task?priority=high", None),
    (400, "InvalidRequestException", "GET", "/task?unassigned=maybe", None),
    (400, "InvalidRequestException", "GET", "/task?dueBefore=tomorrow", None),
    (400, "InvalidRequestException", "GET", "/task?processVariables=a_eq_b", None),
    (400, "InvalidRequestException", "GET", "/task?maxResults=-1", None),
    (400, "InvalidRequestException", "POST", "/task", {"candidateGroups": "staff"}),
    (400, "InvalidRequestException", "POST", "/task", ["staff"]),
]


def test_refusals_have_the_status_and_type_of_camunda(rest: Rest) -> None:
    for status, kind, method, path, body in REFUSED:
        refusal = rest.refused(status, method, path, body)
        assert (refusal["type"], bool(refusal["message"])) == (kind, True), (method, path)


UNFIT = [
    {"type": "Integer", "value": "many"}, {"type": "Integer", "value": 2**31}, {"type": "Integer", "value": 1.5},
    {"type": "Long", "value": 2**60}, {"type": "Boolean", "value": "yes"}, {"type": "Date", "value": "2026-03-02"},
    {"type": "Json", "value": {"a": 1}}, {"type": "Json", "value": "{"}, {"type": "Double", "value": "NaN"},
    {"type": "Object", "value": "{}"}, {"type": "String", "value": ["a"]}, {"type": "Json", "value": "[" * 100_000},
    {"kind": "String"}, "text",
]


def test_a_value_that_does_not_fit_its_type_starts_nothing(rest: Rest) -> None:
    rest.deploy(ONE)
    for value in UNFIT:
        refusal = rest.refused(400, "POST", "/process-definition/key/case/start", {"variables": {"amount": value}})
        assert refusal["message"].startswith("Cannot instantiate process definition case:1:"), value
    assert rest.get("/process-instance/count") == {"count": 0}


UNREADABLE = [
    (b"{", "application/json", 400), (b"\xff", "application/json", 400), (b'{"variables": NaN}', "application/json", 400),
    (b"[" * 200_000, "application/json", 400), (b'{"varables": {}}', "application/json", 400), (b"a=b", "text/plain", 415),
    (b" " * 2_100_000, "application/json", 413),
]


def test_a_body_that_cannot_be_read_is_refused(rest: Rest) -> None:
    rest.deploy(ONE)
    for data, kind, status in UNREADABLE:
        rest.refused(status, "POST", "/process-definition/key/case/start", data=data, content_type=kind)


def test_a_completed_task_is_not_completed_twice(rest: Rest) -> None:
    rest.deploy(ONE)
    rest.start()
    path = f"/task/{rest.task('work')['id']}/complete"
    rest.post(path)
    refusal = rest.refused(500, "POST", path, {})
    assert (refusal["type"], refusal["message"].startswith("Cannot complete task")) == ("RestException", True)
    rest.refused(400, "POST", path, {"variables": {"a": {"type": "Integer", "value": "x"}}})


def test_an_unknown_office_is_refused(rest: Rest) -> None:
    rest.deploy(ONE)
    refusal = rest.refused(400, "POST", "/process-definition/key/case/start", {"variables": typed({"office": "moon"})})
    assert "office" in refusal["message"]


def test_a_deployment_with_errors_is_refused_whole_with_every_problem(rest: Rest) -> None:
    bad = diagram(start(), user("work", "nobodies"), end(), flows("begin", "work"))
    response = rest.deploy(bad)
    body = response.get_json()
    assert (response.status_code, body["type"]) == (400, "ParseException")
    errors = body["details"]["file0.bpmn"]["errors"]
    assert len(errors) >= 2
    assert "work" in {each["mainElementId"] for each in errors}
    assert rest.get("/process-definition/count") == {"count": 0}


def test_a_form_without_files_is_refused(rest: Rest) -> None:
    for form in ({}, {"deployment-name": "x"}, {"data": "no file name"}, {"deployment-activation-time": "now"}):
        response = rest.call("POST", "/deployment/create", data=form, content_type="multipart/form-data")
        assert (response.status_code, response.get_json()["type"]) == (400, "InvalidRequestException"), form


def test_the_document_has_every_route_and_no_other(rest: Rest) -> None:
    app = rest.client.application
    routes = {(rule.rule.removeprefix(openapi.PREFIX).replace("<", "{").replace(">", "}"), method.lower())
              for rule in app.url_map.iter_rules() if rule.rule.startswith(openapi.PREFIX) for method in rule.methods or ()
              if method not in ("HEAD", "OPTIONS")}
    assert {(path, method) for path, each in rest.document["paths"].items() for method in each} == routes
    assert ("/deployment/create", "post") in routes


def test_every_shape_of_the_document_is_there(rest: Rest) -> None:
    text = rest.call("GET", "/openapi.json").text
    named = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert named <= rest.document["components"]["schemas"].keys()


def test_the_version_is_that_of_the_project(rest: Rest) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert rest.get("/version") == {"version": project["version"]}
    assert rest.get("/engine") == [{"name": "default"}]


# ------------------------------------------------------------------ what no database keeps
def test_text_that_a_database_cannot_keep_is_refused_by_name(rest: Rest, small: Small) -> None:
    small.deploy(ONE)
    start = "/process-definition/key/case/start"
    assert "businessKey" in rest.refused(400, "POST", start, {"businessKey": "a\0b"})["message"]
    assert "variables" in rest.refused(400, "POST", start, {"variables": typed({"note": "a\0b"})})["message"]
    told = {"note": {"value": '["a\\u0000b"]', "type": "Json"}}
    assert "note" in rest.refused(400, "POST", start, {"variables": told})["message"]
    assert rest.refused(400, "GET", "/task?assignee=a%00b")["message"].count("assignee") == 1
    rest.refused(404, "GET", "/task/a%00b")
    rest.refused(401, "GET", "/version", user="a\0b")
    assert rest.get("/process-instance/count") == {"count": 0}


def test_numbers_and_moments_beyond_any_calendar_are_refused(rest: Rest, small: Small) -> None:
    small.deploy(ONE)
    rest.refused(400, "GET", "/history/process-instance?startedAfter=0001-01-01T00:00:00.000%2B1400")
    for name in ("maxResults", "firstResult", "priority"):
        message = rest.refused(400, "GET", f"/task?{name}=99999999999999999999")["message"]
        assert f"Cannot set query parameter '{name}'" in message
    rest.refused(400, "POST", "/task", {"priority": 99999999999999999999})


def test_a_foreign_origin_that_cannot_be_read_is_refused(rest: Rest) -> None:
    rest.refused(403, "GET", "/task", headers={"Origin": "http://[::1"})
