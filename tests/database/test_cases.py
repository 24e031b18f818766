"""One case and one task as the pages show them."""

import json

import pytest

from engine import cases, tasks
from engine.diagram.check import File
from engine.errors import Forbidden, NotFound
from tests.conftest import Clock
from tests.diagram_text import boundary, diagram, end, flow_if, flows, node, service, start, timer, user
from tests.small_company import Small

FORM = {"type": "default", "id": "ask", "components": [
    {"type": "radio", "key": "agrees", "label": "同意吗", "validate": {"required": True}, "values": [
        {"value": "yes", "label": "同意", "label_en": "Agrees"}, {"value": "no", "label": "不同意", "label_en": "Declines"}]}]}
ASK = File("ask.form", json.dumps(FORM).encode())
QUESTION = diagram(
    start(), user("ask", camunda_formRef="ask"), node("exclusiveGateway", "agreed"), user("serve", "engineers", name="服务"),
    end(), flows("begin", "ask", "agreed"), flow_if("agreed", "serve", 'agrees = "yes"'),
    flow_if("agreed", "done", 'agrees = "no"'),
    flows("serve", "done"))
CALLED = diagram(start(), user("inner"), end(), flows("begin", "inner", "done"), key="part")
CALLER = diagram(start(), user("first"), node("callActivity", "call", calledElement="part"), end(),
                 flows("begin", "first", "call", "done"))


@pytest.fixture
def asked(small: Small) -> str:
    """A case that waits at a question."""
    small.deploy(File("case.bpmn", QUESTION), ASK)
    return small.start(office="north", variables={"customer": "甲"})


# ------------------------------------------------------------------ case
def test_a_case_shows_its_path_and_its_tokens(small: Small, asked: str):
    small.do("ann", tasks.complete, small.task("ask").id, values={"agrees": "yes"})
    found = small.do("ann", cases.case, asked)
    [part] = found.processes
    assert part.process.id == "case"
    assert dict(part.tokens) == {"serve": 1}
    assert part.done == {"begin", "ask", "agreed"}
    assert part.flows == {"begin_to_ask", "ask_to_agreed", "agreed_to_serve"}
    assert [(row.element, row.state) for row in found.tasks] == [("ask", "completed"), ("serve", "open")]


def test_a_called_process_is_a_part_of_its_own(small: Small):
    small.deploy(CALLED, CALLER)
    case = small.start()
    assert [part.process.id for part in small.do("ann", cases.case, case).processes] == ["case"]
    small.complete("first")
    outer, inner = small.do("ann", cases.case, case).processes
    assert (outer.process.id, dict(outer.tokens)) == ("case", {"call": 1})
    assert (inner.process.id, dict(inner.tokens)) == ("part", {"inner": 1})
    assert small.do("ann", cases.diagram, inner.definition_id) == CALLED


def test_instances_of_a_multi_instance_task_are_counted(small: Small):
    loop = node("multiInstanceLoopCharacteristics", "loop", "<bpmn:loopCardinality>3</bpmn:loopCardinality>")
    small.deploy(diagram(start(), user("work", inner=loop), end(), flows("begin", "work", "done")))
    [part] = small.do("ann", cases.case, small.start()).processes
    assert dict(part.tokens) == {"work": 3}


def test_an_incident_is_shown_where_it_stands(small: Small):
    small.deploy(diagram(
        start(), user("first"), node("exclusiveGateway", "which", default="which_to_b"), end("a"), end("b"),
        flows("begin", "first", "which", "b"), flow_if("which", "a", "x > 1")))
    case = small.start()
    small.complete("first")
    found = small.do("ann", cases.case, case)
    assert found.processes[0].incidents == {"which"}
    assert [row.element for row in found.incidents] == ["which"]


def test_another_offices_case_is_not_shown(small: Small, asked: str):
    for look in (cases.case, cases.timeline, cases.variables, cases.instance):
        with pytest.raises(Forbidden):
            small.do("eli", look, asked)
    with pytest.raises(Forbidden):
        small.do("eli", cases.task, small.task("ask").id)


def test_what_does_not_exist_is_not_found(small: Small, asked: str):
    strangers = [(cases.case, "nothing"), (cases.task, f"{asked}.99"), (cases.diagram, "case:9:0"), (cases.diagram, "form.ask:1")]
    for look, name in strangers:
        with pytest.raises(NotFound):
            small.do("root", look, name)


def test_variables_are_shown_where_they_live(small: Small, asked: str):
    known = {(each.scope, each.name): each.value for each in small.do("ann", cases.variables, asked)}
    assert known == {(1, "customer"): "甲", (1, "office"): "north", (1, "starter"): "ann"}


# ------------------------------------------------------------------ timeline
def test_the_timeline_tells_who_did_what(small: Small, asked: str, clock: Clock):
    clock.move(minutes=5)
    small.do("ann", tasks.complete, small.task("ask").id, values={"agrees": "no"})
    begun, done = small.do("ann", cases.timeline, asked)
    assert (begun.seq, begun.actor, begun.command, begun.entered, begun.left) == (1, "ann", "start", ("begin", "ask"), ("begin",))
    assert (done.seq, done.command, done.element, done.left) == (2, "complete", "ask", ("ask", "agreed", "done"))
    assert done.at == clock.now
    assert [each.seq for each in small.do("ann", cases.timeline, asked, after=1)] == [2]


# ------------------------------------------------------------------ what follows
def test_a_case_is_busy_while_a_job_is_due(small: Small):
    small.operation("note", lambda _uow, _context: None)
    small.deploy(diagram(start(), service("noted", "note"), user("work"), end(), flows("begin", "noted", "work", "done")))
    case = small.start()
    assert small.do("ann", cases.is_busy, case)
    small.run()
    assert not small.do("ann", cases.is_busy, case)


def test_a_deadline_that_is_not_due_does_not_make_a_case_busy(small: Small, clock: Clock):
    small.deploy(diagram(start(), user("work"), boundary("late", "work", timer("PT1H"), interrupts=False), end(), end("told"),
                         flows("begin", "work", "done"), flows("late", "told")))
    case = small.start()
    assert not small.do("ann", cases.is_busy, case)
    clock.move(hours=2)
    assert small.do("ann", cases.is_busy, case)


def test_the_next_task_is_mine_before_one_that_i_may_claim(small: Small):
    small.deploy(diagram(start(), node("parallelGateway", "fork"), user("one"), user("two"), user("other", "engineers"), end(),
                         flows("begin", "fork", "one", "done"), flows("fork", "two", "done"), flows("fork", "other", "done")))
    case = small.start(office="north")
    assert small.do("ann", cases.next_task, case).element == "one"
    small.do("ann", tasks.claim, small.task("two").id)
    assert small.do("ann", cases.next_task, case).element == "two"
    assert small.do("eva", cases.next_task, case).element == "other"
    assert small.do("lea", cases.next_task, case) is None


# ------------------------------------------------------------------ task
def test_a_task_comes_with_its_form_its_answers_and_its_rights(small: Small, asked: str):
    view = small.do("ann", cases.task, small.task("ask").id)
    assert (view.process.id, view.element.id, view.form["id"]) == ("case", "ask", "ask")
    assert [(each.value, each.name, each.leads_to) for each in view.buttons] == [
        ("yes", "同意", "服务"), ("no", "不同意", "结束")]
    assert view.variables["customer"] == "甲"
    assert (view.may_work, view.may_assign, [row.id for row in view.candidates]) == (True, False, ["ann", "bob"])


def test_who_leads_the_office_sees_to_whom_a_task_can_be_given(small: Small, asked: str):
    small.do("ann", tasks.complete, small.task("ask").id, values={"agrees": "yes"})
    view = small.do("lea", cases.task, small.task("serve").id)
    assert (view.may_work, view.may_assign, [row.id for row in view.candidates]) == (False, True, ["eva"])


def test_a_task_that_is_over_can_be_looked_at(small: Small, asked: str):
    done = small.task("ask").id
    small.do("ann", tasks.complete, done, values={"agrees": "no"})
    view = small.do("ann", cases.task, done)
    assert (view.row.state, view.may_work, view.may_assign) == ("completed", False, False)
    assert view.variables["agrees"] == "no"


def test_a_task_sees_the_variables_of_its_scope(small: Small):
    loop = ('<bpmn:multiInstanceLoopCharacteristics camunda:collection="places" camunda:elementVariable="place"/>')
    small.deploy(diagram(start(), user("work", inner=loop), end(), flows("begin", "work", "done")))
    case = small.start(variables={"places": ["a", "b"]})
    rows = small.do("ann", cases.case, case).tasks
    assert [small.do("ann", cases.task, row.id).variables["place"] for row in rows] == ["a", "b"]


# ------------------------------------------------------------------ start
def test_the_start_form_is_the_newest(small: Small):
    begin = start(camunda_formRef="ask")
    small.deploy(File("case.bpmn", diagram(begin, user("work"), end(), flows("begin", "work", "done"))), ASK)
    assert small.do("ann", cases.start_form, "case").form["components"][0]["label"] == "同意吗"
    small.deploy(File("ask.form", ASK.data.replace(json.dumps("同意吗").encode(), json.dumps("好吗").encode())))
    assert small.do("ann", cases.start_form, "case").form["components"][0]["label"] == "好吗"


def test_the_start_form_is_for_those_who_may_start(small: Small, asked: str):
    assert small.do("ann", cases.start_form, "case").form is None
    with pytest.raises(Forbidden):
        small.do("eva", cases.start_form, "case")
    with pytest.raises(NotFound):
        small.do("ann", cases.start_form, "nothing")
