"""The answers of a decision are read from the diagram, and only where it leaves no doubt."""

import pytest

from engine.buttons import Button, buttons
from engine.diagram import read
from tests.diagram_text import boundary, diagram, end, flow_if, flows, node, start, user

ANSWER = {"type": "radio", "key": "agrees", "values": [
    {"value": "yes", "label": "同意", "label_en": "Agrees"}, {"value": "no", "label": "不同意", "label_en": "Declines"}]}
FORM = {"type": "default", "components": [ANSWER, {"type": "textfield", "key": "reason", "label": "原因"}]}


def found(data: bytes, *, schema: dict | None = FORM, others: tuple[bytes, ...] = ()) -> list[Button]:
    processes = {}
    for each in (data, *others):
        processes |= read.read(each, "case.bpmn").processes
    return buttons(processes, processes["case"].elements["ask"], schema)


def gateway(inner: str = "", element: str = "agreed", **attributes: str) -> str:
    return node("exclusiveGateway", element, inner, **attributes)


def asked(*parts: str, **attributes: str) -> bytes:
    """A question, a gateway, and what is given."""
    return diagram(start(), user("ask"), gateway(**attributes), flows("begin", "ask", "agreed"), *parts)


def leads(each: list[Button]) -> list[tuple[str, str]]:
    return [(one.value, one.leads_to) for one in each]


SERVE = user("serve", name="服务")
YES = flow_if("agreed", "serve", 'agrees = "yes"')
NO = flow_if("agreed", "done", 'agrees = "no"')


def test_a_button_per_flow_says_where_it_leads():
    each = found(asked(SERVE, end(), YES, NO, flows("serve", "done")))
    assert leads(each) == [("yes", "服务"), ("no", "结束")]
    assert [(one.field, one.name, one.name_en) for one in each] == [
        ("agrees", "同意", "Agrees"), ("agrees", "不同意", "Declines")]
    assert each[1].leads_to_en == "ends"


def test_the_default_flow_is_the_option_that_remains():
    each = found(asked(SERVE, end(), YES, flows("agreed", "done"), flows("serve", "done"), default="agreed_to_done"))
    assert leads(each) == [("yes", "服务"), ("no", "结束")]


def test_a_default_flow_for_two_options_is_no_button():
    third = {**ANSWER, "values": [*ANSWER["values"], {"value": "later", "label": "以后"}]}
    data = asked(SERVE, end(), YES, flows("agreed", "done"), flows("serve", "done"), default="agreed_to_done")
    assert found(data, schema={"type": "default", "components": [third]}) == []


@pytest.mark.parametrize("condition", [
    'agrees = "yes" and reason = "x"', 'agrees != "no"', 'reason = "yes"', 'other = "yes"', 'agrees = reason',
    'agrees = "maybe"'])
def test_any_other_condition_is_a_plain_submit(condition: str):
    assert found(asked(SERVE, end(), flow_if("agreed", "serve", condition), NO, flows("serve", "done"))) == []


def test_without_a_form_or_its_field_there_is_a_plain_submit():
    data = asked(SERVE, end(), YES, NO, flows("serve", "done"))
    assert found(data, schema=None) == []
    assert found(data, schema={"type": "default", "components": []}) == []


def test_a_checkbox_is_answered_by_yes_and_no():
    data = asked(SERVE, end(), flow_if("agreed", "serve", "agrees = true"), flow_if("agreed", "done", "agrees = false"),
                 flows("serve", "done"))
    box = {"type": "default", "components": [{"type": "checkbox", "key": "agrees", "label": "同意"}]}
    assert [(one.value, one.name) for one in found(data, schema=box)] == [("true", "是"), ("false", "否")]


def test_gateways_on_the_way_are_skipped():
    fork = node("parallelGateway", "fork") + user("one", name="甲") + user("two", name="乙")
    data = asked(fork, end(), flow_if("agreed", "fork", 'agrees = "yes"'), NO,
                 flows("fork", "one", "done"), flows("fork", "two", "done"))
    assert leads(found(data)) == [("yes", "甲 / 乙"), ("no", "结束")]


def test_a_loop_of_gateways_ends_the_search():
    again = gateway(element="again")
    data = asked(SERVE, end(), again, flow_if("agreed", "again", 'agrees = "yes"'), NO, flows("again", "agreed"),
                 flows("again", "serve", "done"))
    assert leads(found(data)) == [("yes", "结束 / 服务"), ("no", "结束")]


def test_an_end_with_a_name_says_it():
    data = asked(SERVE, node("endEvent", "done", name="不付费"), YES, NO, flows("serve", "done"))
    assert [(one.leads_to, one.leads_to_en) for one in found(data)][1] == ("结束（不付费）", "ends (不付费)")


def test_the_end_of_a_sub_process_leads_on_behind_it():
    inner = "".join((start("in"), user("ask"), gateway(), user("serve", name="服务"), end("out"), flows("in", "ask", "agreed"),
                     YES, flow_if("agreed", "out", 'agrees = "no"'), flows("serve", "out")))
    data = diagram(start(), node("subProcess", "part", inner), user("bill", name="开票"), end(),
                   flows("begin", "part", "bill", "done"))
    assert leads(found(data)) == [("yes", "服务"), ("no", "开票")]


def test_the_end_of_a_called_process_leads_on_in_its_caller():
    caller = diagram(start(), node("callActivity", "call", calledElement="case"), user("bill", name="开票"), end(),
                     flows("begin", "call", "bill", "done"), key="outer")
    data = asked(SERVE, end(), YES, NO, flows("serve", "done"))
    assert leads(found(data, others=(caller,))) == [("yes", "服务"), ("no", "开票")]


def test_an_error_end_leads_to_where_it_is_caught():
    error = '<bpmn:errorEventDefinition errorRef="e_paid"/>'
    inner = "".join((start("in"), user("ask"), gateway(), node("endEvent", "out", error), end("fine"),
                     flows("in", "ask", "agreed"), flow_if("agreed", "out", 'agrees = "no"'),
                     flow_if("agreed", "fine", 'agrees = "yes"')))
    data = diagram(start(), node("subProcess", "part", inner), boundary("caught", "part", error), user("bill", name="开票"),
                   end(), flows("begin", "part", "done"), flows("caught", "bill", "done"),
                   more='<bpmn:error id="e_paid" errorCode="paid"/>')
    assert leads(found(data)) == [("no", "开票"), ("yes", "结束")]


def test_instances_of_a_multi_instance_task_do_not_decide_alone():
    loop = node("multiInstanceLoopCharacteristics", "loop", "<bpmn:loopCardinality>2</bpmn:loopCardinality>")
    data = diagram(start(), user("ask", inner=loop), gateway(), SERVE, end(), flows("begin", "ask", "agreed"), YES, NO,
                   flows("serve", "done"))
    assert found(data) == []
