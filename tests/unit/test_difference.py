"""Differences of diagrams, forms and decisions: nothing for the same, each injected change once, in whole sentences."""

import copy
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from engine import decisions, forms
from engine.diagram import decision_difference, difference, form_difference
from engine.diagram.change_words import Change, Names, time_words
from engine.diagram.model import Diagram, Element, EventDefinition, Shape
from engine.diagram.read import read

BPMN = Path(__file__).parents[2] / "bpmn"
DIAGRAMS = sorted(BPMN.glob("*.bpmn"))
FORMS = sorted((BPMN / "forms").glob("*.form"))
TABLE = BPMN / "decisions" / "warranty.dmn"
NAMES = Names(groups={"sales": ("办事处销售", "Office sales"), "service_engineer": ("维修工程师", "Service engineer")})


def diagram(name: str = "out_of_warranty") -> Diagram:
    path = BPMN / f"{name}.bpmn"
    return read(path.read_bytes(), path.name)


def edited(change: Callable[[str], str], name: str = "out_of_warranty") -> tuple[Change, ...]:
    """The changes after an edit of the file's text."""
    text = (BPMN / f"{name}.bpmn").read_text("utf-8")
    new = change(text)
    assert new != text
    return difference.compare(diagram(name), read(new.encode(), f"{name}.bpmn"), NAMES)


def swap(old: str, new: str) -> Callable[[str], str]:
    return lambda text: text.replace(old, new, 1)


def must_be_whole(found: tuple[Change, ...]) -> None:
    for each in found:
        assert set(each.words) == {"zh", "en"}
        for words in each.words.values():
            assert words.strip()
            assert not re.search(r"None|(?<!\$)\{|\bDuration\b|Element\(", words), words


@pytest.mark.parametrize("path", DIAGRAMS, ids=lambda p: p.stem)
def test_a_diagram_does_not_differ_from_itself(path: Path) -> None:
    one = read(path.read_bytes(), path.name)
    assert difference.compare(one, one) == ()


@pytest.mark.parametrize("path", DIAGRAMS, ids=lambda p: p.stem)
def test_each_changed_field_of_each_element_is_told_once(path: Path) -> None:
    one = read(path.read_bytes(), path.name)
    for process in one.processes.values():
        for element in process.elements.values():
            for name, new in CHANGES.items():
                changed = {**process.elements, element.id: replace(element, **{name: new(element)})}
                found = difference.compare(one, replace(one, processes={process.id: replace(process, elements=changed)}))
                assert [each.element for each in found] == [element.id], (name, found)
                must_be_whole(found)


CHANGES: dict[str, Callable[[Element], object]] = {
    "name": lambda e: e.name + "改", "name_en": lambda e: e.name_en + " changed", "documentation": lambda e: "先打电话。",
    "type": lambda e: "manualTask" if e.type != "manualTask" else "userTask", "is_interrupting": lambda e: not e.is_interrupting,
    "properties": lambda e: {**e.properties, "clause": "9.9.9"}, "attributes": lambda e: {**e.attributes, "formRef": "other"},
    "event": lambda e: EventDefinition("message", name="新消息"), "called": lambda e: "another", "script": lambda e: "1 + 1",
}


def test_an_added_step_is_one_sentence_with_role_and_deadline() -> None:
    found = difference.compare(diagram(), with_step())
    assert [(c.kind, c.type) for c in found] == [("added", "userTask"), ("added", "boundaryEvent"), ("added", "endEvent")]
    told = difference.compare(diagram(), with_step(), NAMES)[0]
    assert told.words["zh"] == "新增步骤“通知顾客报价”（办事处销售，2 个工作日）。"
    assert told.words["en"] == "Step “Notify customer of the quote” (Office sales, 2 working days) added."


def with_step() -> Diagram:
    """A step put into the flow from the quote's calculation, with a deadline of two working days."""
    text = (BPMN / "out_of_warranty.bpmn").read_text("utf-8")
    flow = re.search(r'<bpmn:sequenceFlow id="prepare_quote__calculate_quote"[^>]*?/>', text)
    assert flow
    step = '''<bpmn:userTask id="notify_quote" name="通知顾客报价" camunda:candidateGroups="sales"><bpmn:extensionElements>
      <camunda:properties><camunda:property name="name_en" value="Notify customer of the quote"/></camunda:properties>
      </bpmn:extensionElements></bpmn:userTask>
      <bpmn:boundaryEvent id="quote_late" attachedToRef="notify_quote" cancelActivity="false"><bpmn:extensionElements>
      <camunda:properties><camunda:property name="calendar" value="default"/></camunda:properties></bpmn:extensionElements>
      <bpmn:timerEventDefinition><bpmn:timeDuration>P2D</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:boundaryEvent>
      <bpmn:endEvent id="quote_late_end"/>
      <bpmn:sequenceFlow id="n1" sourceRef="prepare_quote" targetRef="notify_quote"/>
      <bpmn:sequenceFlow id="n2" sourceRef="notify_quote" targetRef="calculate_quote"/>
      <bpmn:sequenceFlow id="n3" sourceRef="quote_late" targetRef="quote_late_end"/>'''
    text = text.replace(flow.group(), step, 1)
    text = text.replace("<bpmn:outgoing>prepare_quote__calculate_quote</bpmn:outgoing>", "")
    return read(text.replace("<bpmn:incoming>prepare_quote__calculate_quote</bpmn:incoming>", "").encode(), "a.bpmn")


def test_a_removed_step_is_one_sentence_and_back_again() -> None:
    found = difference.compare(with_step(), diagram())
    assert [(c.kind, c.type) for c in found] == [("removed", "userTask"), ("removed", "boundaryEvent"), ("removed", "endEvent")]


def test_a_changed_condition_names_the_decision_and_both_texts() -> None:
    text = (BPMN / "out_of_warranty.bpmn").read_text("utf-8")
    condition = re.search(r"<bpmn:conditionExpression[^>]*>([^<]+)<", text)
    assert condition
    found = edited(swap(condition.group(), condition.group().replace(condition.group(1), "amount &gt; 5000")))
    assert [(c.kind, c.field, c.after) for c in found] == [("changed", "condition", "amount > 5000")]
    assert "amount > 5000" in found[0].words["en"]
    assert "条件" in found[0].words["zh"]


def test_a_role_is_told_by_its_name() -> None:
    found = edited(swap('candidateGroups="service_engineer"', 'candidateGroups="sales"'))
    assert len(found) == 1
    assert found[0].words["zh"].endswith("的办理角色由维修工程师改为办事处销售。")


def test_layout_is_counted_apart() -> None:
    one = diagram()
    moved = {name: replace(shape, bounds=(1.0, 2.0, 3.0, 4.0)) for name, shape in list(one.shapes.items())[:3]}
    found = difference.compare(one, replace(one, shapes={**one.shapes, **moved}))
    assert [each.kind for each in found] == ["layout"] * 3
    assert isinstance(next(iter(moved.values())), Shape)


def test_a_change_that_the_model_does_not_see_is_still_told() -> None:
    found = edited(swap("</bpmn:definitions>", "<!-- kept for the auditor --></bpmn:definitions>"))
    assert [(c.type, c.field) for c in found] == [("file", "text")]


def test_a_renamed_lane_is_one_change() -> None:
    one = diagram("complaint")
    process = one.processes["complaint"]
    lane = process.lanes[0]
    elements = {k: replace(e, lane="新名称") if e.lane == lane else e for k, e in process.elements.items()}
    lanes = tuple("新名称" if each == lane else each for each in process.lanes)
    found = difference.compare(one, replace(one, processes={"complaint": replace(process, elements=elements, lanes=lanes)}))
    assert [(c.type, c.before, c.after) for c in found] == [("lane", lane, "新名称")]


@pytest.mark.parametrize(("text", "properties", "zh", "en"), [
    ("P2D", {"calendar": "default"}, "2 个工作日", "2 working days"),
    ("PT8H", {"calendar": "default"}, "8 个工作小时", "8 working hours"),
    ("P1D", {}, "1 天", "1 day"), ("PT1H30M", {}, "1 小时 30 分钟", "1 hour 30 minutes"),
    ("${due}", {}, "${due}", "${due}"),
])
def test_deadlines_are_told_in_words(text: str, properties: dict[str, str], zh: str, en: str) -> None:
    assert time_words(EventDefinition("timer", timer="duration", text=text), properties) == (zh, en)


def test_cycles_are_told_in_words() -> None:
    event = EventDefinition("timer", timer="cycle", text="R3/PT1H")
    assert time_words(event, {}) == ("每 1 小时，共 3 次", "every 1 hour, 3 times")


# ------------------------------------------------------------------ forms


@pytest.mark.parametrize("path", FORMS, ids=lambda p: p.stem)
def test_a_form_does_not_differ_from_itself_and_each_change_is_told_once(path: Path) -> None:
    form = json.loads(path.read_text("utf-8"))
    assert form_difference.compare(form, copy.deepcopy(form)) == ()
    for number, field in enumerate(forms.fields(form)):
        changed = copy.deepcopy(form)
        component = forms.fields(changed)[number].component
        assert isinstance(component, dict)
        component["label"] = "新标签"
        must_be_one(form, changed, field.key, "label")
        component["label"] = field.component.get("label")
        component["validate"] = {**component.get("validate", {}), "required": not field.required}
        must_be_one(form, changed, field.key, "required")


def must_be_one(form: object, changed: object, key: str, name: str) -> None:
    found = form_difference.compare(form, changed)  # type: ignore[arg-type]  # read from JSON
    assert [(c.element, c.field) for c in found if c.kind != "layout"] == [(key, name)]
    must_be_whole(found)


def test_fields_added_and_removed_are_told() -> None:
    form = json.loads((BPMN / "forms" / "prepare_quote.form").read_text("utf-8"))
    changed = copy.deepcopy(form)
    changed["components"].append(
        {"id": "new", "type": "textfield", "key": "note", "label": "备注", "validate": {"required": True}})
    assert [c.words["zh"] for c in form_difference.compare(form, changed)] == ["新增字段“备注”，必填。"]
    assert [c.words["zh"] for c in form_difference.compare(changed, form)] == ["删除字段“备注”。"]


# ------------------------------------------------------------------ decisions


def test_decisions_are_told_row_by_row() -> None:
    old = decisions.parse(TABLE.read_bytes(), TABLE.name)
    assert decision_difference.compare(old, old) == ()
    one = old[0]
    rule = one.rules[0]
    changed = replace(rule, results=("\"other\"", *rule.results[1:]))
    found = decision_difference.compare([one], [replace(one, rules=(changed, *one.rules[1:]))])
    assert [(c.element, c.after) for c in found] == [(rule.id, '"other"')]
    assert found[0].words["zh"].startswith("第 1 条规则的")
    found = decision_difference.compare([one], [replace(one, rules=one.rules[1:])])
    assert [(c.kind, c.type) for c in found] == [("removed", "rule")]
    found = decision_difference.compare([one], [replace(one, rules=tuple(reversed(one.rules)))])
    assert [c.field for c in found] == ["position"]
    must_be_whole(found)
