"""What runs is let through: our constructs, foreign files, complete decisions, long chains."""

import dataclasses
import json

import pytest

from engine.diagram.check import check as check_files
from engine.diagram.read import read
from engine.diagram.sources import File
from engine.spiff.compile import compile_processes
from tests.unit.diagram_builder import FORM, chain, check, check_chain, definitions, errors, event, known, node, process, when
from tests.unit.good_diagrams import COMPLETE, DOCUMENTED, FOREIGN, GOOD, INCOMPLETE, decision

MESSAGE = '<bpmn:messageEventDefinition messageRef="paid"/>'


@pytest.mark.parametrize("name", GOOD)
def test_what_the_engine_runs_has_no_error(name: str) -> None:
    assert errors(check(GOOD[name])) == []


@pytest.mark.parametrize("name", GOOD)
def test_what_has_no_error_compiles(name: str) -> None:
    processes = read(GOOD[name], "f").processes
    assert set(compile_processes(processes).processes) == set(processes)


def test_documented_diagram_has_no_problem_at_all() -> None:
    assert check(DOCUMENTED) == []


def test_diagram_of_another_tool_that_can_run_has_warnings_only() -> None:
    found = check(FOREIGN)
    assert errors(found) == []
    assert {"foreign_extension", "nobody", "schema_lenient", "schema_picture", "no_name_en"} <= {p.code for p in found}
    model = read(FOREIGN, "f").processes["order"]
    assert (model.name, model.elements["check"].lane) == ("Shop", "Sales")
    assert model.starts()[0].event is not None
    assert model.starts()[0].event.name == "Order"


@pytest.mark.parametrize("name", COMPLETE)
def test_complete_conditions_need_no_default(name: str) -> None:
    assert errors(check(decision(*COMPLETE[name]))) == []


@pytest.mark.parametrize("name", INCOMPLETE)
def test_incomplete_conditions_need_a_default(name: str) -> None:
    assert errors(check(decision(*INCOMPLETE[name]))) == [("no_default", "x1")]


@pytest.mark.parametrize("change", [
    {"validate": {}}, {"disabled": True}, {"readonly": True}, {"conditional": {"hide": "= solved"}}, {"valuesKey": "products"},
])
def test_field_that_may_hold_something_else_proves_nothing(change: dict[str, object]) -> None:
    fields = [dict(FORM["components"][0]) | change, *FORM["components"][1:]]
    forms = {"decide": FORM | {"components": fields}}
    assert errors(check(decision(*COMPLETE["every option of a choice"]), forms=forms)) == [("no_default", "x1")]


def test_form_and_decision_of_the_same_deployment_are_found() -> None:
    form = File("quote.form", json.dumps(FORM | {"id": "quote"}).encode())
    body = chain("s>u1>e", {"u1": node("u1", attributes='camunda:candidateGroups="engineer" camunda:formRef="quote"')})
    diagram = File("p.bpmn", definitions(process(body)).encode())
    assert errors(check_files([diagram], known())) == [("form_unknown", "u1")]
    assert errors(check_files([diagram, form], known())) == []


def test_called_process_of_the_same_deployment_is_found() -> None:
    calling = chain("s>c1>e", {"c1": '<bpmn:callActivity id="c1" calledElement="q"/>'})
    caller = File("p.bpmn", definitions(process(calling)).encode())
    called = File("q.bpmn", definitions(process(chain("s2>u2>e2"), name="q")).encode())
    assert errors(check_files([caller], known())) == [("called_unknown", "c1")]
    assert errors(check_files([caller, called], known())) == []


def test_error_that_the_caller_catches_is_no_warning() -> None:
    thrower = File("q.bpmn", definitions(process(chain(
        "s2>u2>e2", {"e2": event("endEvent", "e2", '<bpmn:errorEventDefinition errorRef="broken"/>')}), name="q")).encode())
    caller = File("p.bpmn", definitions(process(chain("s>c1>e; b>e", {
        "c1": '<bpmn:callActivity id="c1" calledElement="q"/>',
        "b": event("boundaryEvent", "b", '<bpmn:errorEventDefinition errorRef="broken"/>', 'attachedToRef="c1"')}))).encode())
    assert "error_not_caught" in {p.code for p in check_files([thrower], known())}
    assert "error_not_caught" not in {p.code for p in check_files([thrower, caller], known())}


def test_message_start_may_stay_when_its_process_is_deployed_again() -> None:
    data = definitions(process(chain("s>u1>e", {"s": event("startEvent", "s", MESSAGE)}))).encode()
    before = {"p": read(data, "p.bpmn")}
    assert errors(check(data, processes=before)) == []
    other = definitions(process(chain("s>u1>e", {"s": event("startEvent", "s", MESSAGE)}), name="q")).encode()
    assert errors(check(other, processes=before)) == [("message_start_taken", "s")]


def test_types_of_the_form_decide_about_a_comparison() -> None:
    asked = node("u1", attributes='camunda:candidateGroups="engineer" camunda:formRef="decide"')
    for condition, wrong in (('amount = "3"', True), ("amount = 3", False), ("verdict > 3", True), ("other > 3", False)):
        found = check_chain("s>u1>x1>e1; x1>e2", {"u1": asked}, {"x1_e1": when(condition)}, {"x1": "x1_e2"})
        assert errors(found) == ([("feel", "x1_e1")] if wrong else []), condition


def test_type_of_a_variable_that_a_task_may_change_is_open() -> None:
    asked = node("u1", attributes='camunda:candidateGroups="engineer" camunda:formRef="decide"')
    script = node("k1", attributes='scriptFormat="feel" camunda:resultVariable="amount"', inside='<bpmn:script>"3"</bpmn:script>')
    found = check_chain("s>u1>k1>x1>e1; x1>e2", {"u1": asked, "k1": script}, {"x1_e1": when('amount = "3"')}, {"x1": "x1_e2"})
    assert errors(found) == []


def test_camunda_condition_is_answered_with_its_feel() -> None:
    found = check_chain("s>x1>e1; x1>e2", flows={"x1_e1": "<bpmn:conditionExpression>${!ok &amp;&amp; kind == 'a'}"
                                                          "</bpmn:conditionExpression>"}, defaults={"x1": "x1_e2"})
    assert any('= not(ok) and kind = "a"' in p.en for p in found if p.code == "condition_dollar")


def test_timers_may_be_computed_except_before_the_start() -> None:
    later = '<bpmn:timerEventDefinition><bpmn:timeDuration>{}</bpmn:timeDuration></bpmn:timerEventDefinition>'
    for text in ("${response_time}", '= duration("PT8H")', "= response_time"):
        assert errors(check_chain("s>n1>e", {"n1": event("intermediateCatchEvent", "n1", later.format(text))})) == []


def test_as_many_tasks_in_a_row_as_a_file_may_hold_are_checked() -> None:
    found = check_chain("s>" + ">".join(f"t{i}" for i in range(2_400)) + ">e")
    assert errors(found) == []


def test_all_problems_of_a_file_are_told_at_once() -> None:
    found = check_chain("s>u1>w1>e; u9>e", {"u1": node("u1", attributes='camunda:candidateGroups="nobody"'),
                                            "w1": node("w1", attributes="")})
    assert {("group_unknown", "u1"), ("topic_missing", "w1"), ("no_incoming", "u9")} <= set(errors(found))


def test_black_box_pool_beside_a_process_is_not_judged() -> None:
    other = '<bpmn:process id="q" isExecutable="false"><bpmn:complexGateway id="g"/></bpmn:process>'
    assert errors(check(definitions(process(chain("s>u1>e")) + other))) == []


def test_problem_carries_its_facts() -> None:
    [found] = [p for p in check_chain("s>u1>e", {"u1": node("u1", attributes='camunda:candidateGroups="enginer"')})
               if p.code == "group_unknown"]
    assert dataclasses.asdict(found) | {"zh": "", "en": ""} == {
        "code": "group_unknown", "severity": "error", "file": "f.bpmn", "element": "u1", "field": "candidateGroups",
        "zh": "", "en": "",
        "facts": {"found": "enginer", "hint_zh": "（是否指 engineer？）", "hint_en": " (did you mean engineer?)"},
        "path": ()}
