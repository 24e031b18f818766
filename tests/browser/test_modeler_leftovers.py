"""What the editor itself cannot read of another tool's diagram comes back on every save, unless a person took it away."""

import re
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from lxml import etree
from playwright.sync_api import expect

from engine import identity
from engine.diagram.sources import File
from engine.modeling import drafts
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.browser.person import Person

People = Callable[..., Person]
NAME = "foreign.bpmn"
FOREIGN = b"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI"
    xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" xmlns:di="http://www.omg.org/spec/DD/20100524/DI" xmlns:tool="urn:tool"
    id="all" targetNamespace="urn:made-elsewhere">
  <extension definition="tool:model"><documentation id="author">Made elsewhere</documentation></extension>
  <message id="note" name="Note"/>
  <process id="making">
    <documentation textFormat="tool/words"><tool:words lang="de">Herstellen</tool:words></documentation>
    <startEvent id="begin" name="Begin"><outgoing>first</outgoing><timerEventDefinition id="_begin:timer"/></startEvent>
    <task id="look" name="Look" startQuantity="1"><incoming>first</incoming><outgoing>second</outgoing></task>
    <subProcess id="mend" name="Mend"><incoming>second</incoming><task id="inner" name="Inner"/></subProcess>
    <sequenceFlow id="first" sourceRef="begin" targetRef="look"/>
    <sequenceFlow id="second" sourceRef="look" targetRef="mend"/>
  </process>
  <bpmndi:BPMNDiagram id="picture"><bpmndi:BPMNPlane id="plane" bpmnElement="making">
    <bpmndi:BPMNShape id="shape_note" bpmnElement="note"><dc:Bounds x="5" y="5" width="30" height="20"/></bpmndi:BPMNShape>
    <bpmndi:BPMNShape id="shape_begin" bpmnElement="begin"><dc:Bounds x="200" y="200" width="36" height="36"/>
      <bpmndi:BPMNLabel labelStyle="lost_style"><dc:Bounds x="195" y="240" width="40" height="14"/></bpmndi:BPMNLabel>
    </bpmndi:BPMNShape>
    <bpmndi:BPMNShape id="shape_look" bpmnElement="look"><dc:Bounds x="300" y="180" width="100" height="80"/></bpmndi:BPMNShape>
    <bpmndi:BPMNShape id="shape_mend" bpmnElement="mend" isExpanded="false">
      <dc:Bounds x="460" y="180" width="100" height="80"/></bpmndi:BPMNShape>
    <bpmndi:BPMNShape id="shape_inner" bpmnElement="inner"><dc:Bounds x="470" y="400" width="100" height="80"/></bpmndi:BPMNShape>
    <bpmndi:BPMNEdge id="edge_first" bpmnElement="first">
      <di:waypoint x="236" y="218"/><di:waypoint x="300" y="218"/></bpmndi:BPMNEdge>
    <bpmndi:BPMNEdge id="edge_second" bpmnElement="second">
      <di:waypoint x="400" y="218"/><di:waypoint x="460" y="218"/></bpmndi:BPMNEdge>
  </bpmndi:BPMNPlane></bpmndi:BPMNDiagram>
</definitions>"""


@pytest.fixture
def draft(company: ProcessEngine) -> str:
    """A draft of the diagram above."""
    with company.transaction(SYSTEM) as uow:
        owner = identity.actor(uow, "process_owner")
    with company.transaction(owner) as uow:
        return drafts.create(uow, title="别的工具", reason="试开", files=[File(NAME, FOREIGN)])


@pytest.fixture
def owner(person: People, draft: str) -> Person:
    """A process owner at this diagram."""
    return opened(person("process_owner", width=1440), draft)


def opened(owner: Person, draft: str) -> Person:
    """The editor, ready."""
    owner.go(f"/modeler/drafts/{draft}/edit?file={NAME}")
    expect(owner.page.locator("[data-editor]")).not_to_have_attribute("aria-busy", "true", timeout=30_000)
    return owner


def saving(owner: Person) -> AbstractContextManager[object]:
    """What is done inside is saved at the end, by itself."""
    return owner.page.expect_response(lambda reply: reply.request.method == "PUT" and reply.ok)


def stored(company: ProcessEngine, draft: str) -> bytes:
    """The file as the server has it."""
    with company.reading(SYSTEM) as uow:
        return drafts.content(uow, draft, NAME)


def content(data: bytes) -> Counter[str]:
    """Every element with its attributes and its text, as often as it is there."""
    return Counter(" ".join([etree.QName(node).localname, *sorted(f"{name}={value}" for name, value in node.attrib.items()),
                             (node.text or "").strip()]) for node in etree.fromstring(data).iter("{*}*"))


def changes(data: bytes) -> tuple[Counter[str], Counter[str]]:
    """What is gone since `FOREIGN`, and what is new."""
    return content(FOREIGN) - content(data), content(data) - content(FOREIGN)


def give(owner: Person, element: str, field: str, value: str) -> None:
    """Give an element another `name` or `id` in the panel."""
    owner.page.locator(f".djs-element[data-element-id={element}]").first.click()
    expect(owner.page.locator("#bio-properties-panel-id")).to_have_value(element)
    typed = owner.page.locator(f"#bio-properties-panel-{field}")
    if not typed.is_visible():
        owner.page.locator("[data-group-id=group-general] .bio-properties-panel-group-header").click()
    typed.fill(value)


def drag(owner: Person, element: str, down: int) -> None:
    """Move a shape downwards."""
    box = owner.page.locator(f".djs-element[data-element-id={element}]").first.bounding_box()
    assert box
    x, y = box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.6  # beside the badge of a problem
    owner.page.mouse.move(x, y)
    owner.page.mouse.down()
    owner.page.mouse.move(x, y + down / 2, steps=4)
    owner.page.mouse.move(x, y + down, steps=4)
    owner.page.mouse.up()


def shapes(data: bytes, element: str) -> list[tuple[float, float]]:
    """Where `element` is drawn, each time."""
    return [(float(box.get("x", 0)), float(box.get("y", 0))) for shape in etree.fromstring(data).iter("{*}BPMNShape")
            if shape.get("bpmnElement") == element for box in shape.findall("{*}Bounds")]


def test_a_second_sitting_keeps_what_the_first_kept_and_adds_nothing(
        owner: Person, company: ProcessEngine, draft: str) -> None:
    for name in ("see", "look at"):
        with saving(owner):
            give(owner, "look", "name", name)
        expect(owner.page.locator("[data-lost]")).to_be_hidden()
        gone, new = changes(stored(company, draft))
        assert list(gone) == ["task id=look name=Look startQuantity=1 "]
        new_label = "BPMNLabel "  # bpmn-js adds one to a new name
        assert new == Counter([f"task id=look name={name} startQuantity=1 ", new_label])
        opened(owner, draft)
    assert owner.script_errors == []


def test_what_a_person_deletes_takes_its_leftovers_along_and_an_undo_brings_them_back(
        owner: Person, company: ProcessEngine, draft: str) -> None:
    owner.page.locator(".djs-element[data-element-id=begin]").first.click()
    with saving(owner):
        owner.page.keyboard.press("Delete")
    text = stored(company, draft).decode()
    assert not re.search(r"begin|lost_style|edge_first", text)
    assert re.search(r'bpmnElement="note".*Made elsewhere|Made elsewhere.*bpmnElement="note"', text, re.DOTALL)
    with saving(owner):
        owner.page.get_by_role("button", name="撤销", exact=True).click()
    assert changes(stored(company, draft)) == (Counter(), Counter())


def test_a_moved_shape_keeps_its_new_place(owner: Person, company: ProcessEngine, draft: str) -> None:
    with saving(owner):
        drag(owner, "begin", 100)
    gone, _ = changes(stored(company, draft))
    (place,) = shapes(stored(company, draft), "begin")
    assert place[1] > 200
    assert not any(re.search("waypoint x=300|timer|lost_style|note|tool", each) for each in gone)
    opened(owner, draft)
    with saving(owner):
        give(owner, "look", "name", "See")
    assert shapes(stored(company, draft), "begin") == [place]


def test_an_element_with_another_id_keeps_what_was_left_out_of_it(owner: Person, company: ProcessEngine, draft: str) -> None:
    with saving(owner):
        give(owner, "begin", "id", "start")
    root = etree.fromstring(stored(company, draft))
    (event,) = root.iter("{*}startEvent")
    assert event.get("id") == "start"
    assert [each.get("id") for each in event.iter("{*}timerEventDefinition")] == ["_begin:timer"]
    assert [each.get("labelStyle") for each in root.iter("{*}BPMNLabel")] == ["lost_style"]


def test_the_inside_of_a_sub_process_stays_where_a_person_drew_it(
        owner: Person, company: ProcessEngine, draft: str) -> None:
    owner.page.locator(".djs-overlays[data-container-id=mend] .bjs-drilldown").click()
    expect(owner.page.locator(".djs-element[data-element-id=inner]").first).to_be_visible()
    with saving(owner):
        drag(owner, "inner", 150)
    (place,) = shapes(stored(company, draft), "inner")
    opened(owner, draft)
    with saving(owner):
        give(owner, "look", "name", "See")
    assert shapes(stored(company, draft), "inner") == [place]
    assert owner.script_errors == []


def change_type(owner: Person, element: str, to: str) -> None:
    """Make another kind of element of one, with the menu of the key `r`."""
    owner.page.locator(f".djs-element[data-element-id={element}]").first.click()
    expect(owner.page.locator("#bio-properties-panel-id")).to_have_value(element)
    owner.page.keyboard.press("r")
    owner.page.locator(f".djs-popup [data-id={to}]").click()


def test_a_deleted_label_stays_deleted(owner: Person, company: ProcessEngine, draft: str) -> None:
    owner.page.locator(".djs-element[data-element-id=begin_label]").click()
    with saving(owner):
        owner.page.keyboard.press("Delete")
    gone, new = changes(stored(company, draft))
    assert "BPMNLabel labelStyle=lost_style " in gone
    assert "startEvent id=begin name=Begin " in gone
    assert new == Counter(["startEvent id=begin "])
    opened(owner, draft)
    with saving(owner):
        give(owner, "look", "name", "See")
    (shape,) = (each for each in etree.fromstring(stored(company, draft)).iter("{*}BPMNShape") if each.get("id") == "shape_begin")
    assert shape.findall("{*}BPMNLabel") == []


def test_a_step_of_another_type_keeps_nothing_that_was_said_of_the_old_one(
        owner: Person, company: ProcessEngine, draft: str) -> None:
    with saving(owner):
        change_type(owner, "look", "replace-with-user-task")
    gone, new = changes(stored(company, draft))
    assert [each for each in gone if each.startswith("task")] == ["task id=look name=Look startQuantity=1 "]
    assert [each for each in new if "Task" in each] == ["userTask id=look name=Look "]
    assert owner.script_errors == []


def test_an_event_of_another_type_has_only_the_trigger_that_a_person_chose(
        owner: Person, company: ProcessEngine, draft: str) -> None:
    with saving(owner):
        change_type(owner, "begin", "replace-with-timer-start")
    (event,) = etree.fromstring(stored(company, draft)).iter("{*}startEvent")
    assert event.get("id") == "begin"
    assert [each.get("id") for each in event.findall("{*}timerEventDefinition")] != ["_begin:timer"]
    assert len(event.findall("{*}timerEventDefinition")) == 1
    assert owner.script_errors == []
