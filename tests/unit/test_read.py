"""What `read` makes of a file, and what it refuses."""

import pytest

from engine.diagram.read import read, tree
from engine.errors import DeploymentRefused

HEAD = ('<?xml version="1.0" encoding="UTF-8"?><bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
        'xmlns:camunda="http://camunda.org/schema/1.0/bpmn" xmlns:di="http://www.omg.org/spec/BPMN/20100524/DI" '
        'xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" xmlns:dd="http://www.omg.org/spec/DD/20100524/DI" '
        'targetNamespace="http://example.org/">')


def bpmn(body: str) -> bytes:
    return f"{HEAD}{body}</bpmn:definitions>".encode()


def process(body: str, roots: str = "") -> bytes:
    return bpmn(f'{roots}<bpmn:process id="p" isExecutable="true">{body}</bpmn:process>')


def elements(body: str, roots: str = ""):
    return read(process(body, roots), "f.bpmn").processes["p"].elements


def codes(data: bytes) -> list[str]:
    with pytest.raises(DeploymentRefused) as refusal:
        read(data, "f.bpmn")
    return [p.code for p in refusal.value.problems]


LINE = ('<bpmn:startEvent id="s"/><bpmn:userTask id="a" name="甲"/><bpmn:endEvent id="e"/>'
        '<bpmn:sequenceFlow id="f1" sourceRef="s" targetRef="a"/><bpmn:sequenceFlow id="f2" sourceRef="a" targetRef="e"/>')


def test_nodes_keep_the_order_of_the_file_and_know_their_flows() -> None:
    found = elements(LINE)
    assert list(found) == ["s", "a", "e"]
    assert (found["a"].incoming, found["a"].outgoing) == (("f1",), ("f2",))
    assert found["a"].name == "甲"
    assert found["s"].event is not None
    assert found["s"].event.kind == "none"
    assert found["a"].event is None


def test_digest_is_of_the_bytes_received() -> None:
    assert read(process(LINE), "f").sha256 != read(process(LINE) + b"\n", "f").sha256


def test_camunda_and_operaton_attributes_and_properties_are_read_alike() -> None:
    found = elements('<bpmn:userTask id="a" camunda:candidateGroups="g"><bpmn:documentation>做</bpmn:documentation>'
                     '<bpmn:extensionElements><camunda:properties><camunda:property name="name_en" value="Do"/>'
                     '<camunda:property name="clause" value="5.1.9"/></camunda:properties></bpmn:extensionElements>'
                     '</bpmn:userTask>'
                     '<bpmn:userTask id="b" xmlns:o="http://operaton.org/schema/1.0/bpmn" o:candidateGroups="h"/>')
    assert found["a"].attributes == {"candidateGroups": "g"}
    assert found["a"].properties == {"name_en": "Do", "clause": "5.1.9"}
    assert (found["a"].name_en, found["a"].documentation) == ("Do", "做")
    assert found["b"].attributes == {"candidateGroups": "h"}


@pytest.mark.parametrize("written", [
    '<bpmn:conditionExpression language="feel">x &gt; 1</bpmn:conditionExpression>',
    '<bpmn:conditionExpression language="https://www.omg.org/spec/DMN/20191111/FEEL/">x &gt; 1</bpmn:conditionExpression>',
    '<bpmn:conditionExpression>= x &gt; 1</bpmn:conditionExpression>',
    '<bpmn:conditionExpression language="feel"> = x &gt; 1 </bpmn:conditionExpression>',
])
def test_condition_is_kept_without_its_mark(written: str) -> None:
    body = LINE.replace('targetRef="e"/>', f'targetRef="e">{written}</bpmn:sequenceFlow>')
    assert read(process(body), "f").processes["p"].flows["f2"].condition == "x > 1"


def test_inner_lane_wins_and_sub_process_elements_inherit_it() -> None:
    found = elements(
        '<bpmn:laneSet id="ls"><bpmn:lane id="l1" name="外"><bpmn:flowNodeRef>a</bpmn:flowNodeRef><bpmn:flowNodeRef>sp'
        '</bpmn:flowNodeRef><bpmn:childLaneSet id="cs"><bpmn:lane id="l2" name="内"><bpmn:flowNodeRef>sp</bpmn:flowNodeRef>'
        '</bpmn:lane></bpmn:childLaneSet></bpmn:lane></bpmn:laneSet><bpmn:task id="a"/><bpmn:subProcess id="sp">'
        '<bpmn:subProcess id="deep"><bpmn:task id="b"/></bpmn:subProcess></bpmn:subProcess><bpmn:task id="c"/>')
    assert {i: e.lane for i, e in found.items()} == {"a": "外", "sp": "内", "c": None, "deep": "内", "b": "内"}
    assert (found["b"].scope, found["deep"].scope, found["sp"].scope) == ("deep", "sp", "p")


def test_events_know_their_definition() -> None:
    found = elements(
        '<bpmn:startEvent id="s"><bpmn:extensionElements><camunda:properties><camunda:property name="correlation" '
        'value="serial; order = ${order_no}"/></camunda:properties></bpmn:extensionElements>'
        '<bpmn:messageEventDefinition messageRef="m"/></bpmn:startEvent><bpmn:userTask id="a"/>'
        '<bpmn:boundaryEvent id="t" attachedToRef="a" cancelActivity="false"><bpmn:timerEventDefinition>'
        '<bpmn:timeDuration>PT8H</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:boundaryEvent>'
        '<bpmn:boundaryEvent id="x" attachedToRef="a"><bpmn:errorEventDefinition errorRef="err"/></bpmn:boundaryEvent>'
        '<bpmn:boundaryEvent id="any" attachedToRef="a"><bpmn:errorEventDefinition/></bpmn:boundaryEvent>'
        '<bpmn:intermediateThrowEvent id="l"><bpmn:linkEventDefinition name="L"/></bpmn:intermediateThrowEvent>'
        '<bpmn:endEvent id="e"><bpmn:terminateEventDefinition/></bpmn:endEvent>'
        '<bpmn:endEvent id="two"><bpmn:terminateEventDefinition/><bpmn:escalationEventDefinition/></bpmn:endEvent>'
        '<bpmn:receiveTask id="r" messageRef="m"/>',
        '<bpmn:message id="m" name="Paid"/><bpmn:error id="err" name="E" errorCode="E1"/>')
    event = {i: e.event for i, e in found.items() if e.event}
    assert (event["s"].kind, event["s"].name) == ("message", "Paid")
    assert event["s"].correlation == {"serial": "${serial}", "order": "${order_no}"}
    assert (event["t"].timer, event["t"].text) == ("duration", "PT8H")
    assert (found["t"].is_interrupting, found["t"].attached_to) == (False, "a")
    assert (event["x"].kind, event["x"].code, found["x"].is_interrupting) == ("error", "E1", True)
    assert event["any"].code is None
    assert (event["l"].name, event["e"].kind, event["two"].kind) == ("L", "terminate", "multiple")
    assert event["r"].name == "Paid"


def test_loops_calls_and_scripts() -> None:
    found = elements(
        '<bpmn:callActivity id="c" calledElement="tns:other"><bpmn:extensionElements><camunda:in source="a" target="b"/>'
        '<camunda:in variables="all"/><camunda:out sourceExpression="${x}" target="y"/><camunda:in businessKey="${k}"/>'
        '</bpmn:extensionElements></bpmn:callActivity><bpmn:userTask id="m"><bpmn:multiInstanceLoopCharacteristics '
        'isSequential="true" camunda:collection="offices" camunda:elementVariable="office"><bpmn:completionCondition '
        'language="feel">nrOfCompletedInstances &gt; 1</bpmn:completionCondition></bpmn:multiInstanceLoopCharacteristics>'
        '</bpmn:userTask><bpmn:userTask id="n"><bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality language="feel">'
        'n + 1</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics></bpmn:userTask>'
        '<bpmn:scriptTask id="s" scriptFormat="feel" camunda:resultVariable="r"><bpmn:script>= 1 + 1</bpmn:script>'
        '</bpmn:scriptTask>')
    call, many = found["c"], found["m"].loop
    assert call.called == "other"
    assert [(m.source, m.target, m.is_all, m.is_business_key) for m in call.inputs] == [
        ("a", "b", False, False), (None, None, True, False), (None, None, False, True)]
    assert (call.outputs[0].expression, call.outputs[0].target) == ("${x}", "y")
    assert many is not None
    assert (many.is_sequential, many.collection, many.element_variable) == (True, "offices", "office")
    assert many.completion_condition == "nrOfCompletedInstances > 1"
    assert found["n"].loop is not None
    assert found["n"].loop.cardinality == "= n + 1"
    assert (found["s"].script, found["s"].attributes["resultVariable"]) == ("1 + 1", "r")


def test_process_takes_the_name_of_its_pool() -> None:
    data = bpmn('<bpmn:collaboration id="c"><bpmn:participant id="pool" name="客户服务" processRef="p"/></bpmn:collaboration>'
                '<bpmn:process id="p"/>')
    found = read(data, "f").processes["p"]
    assert (found.name, found.is_executable) == ("客户服务", False)


def test_picture_leaves_out_what_is_no_number() -> None:
    data = bpmn('<bpmn:process id="p"/><di:BPMNDiagram><di:BPMNPlane bpmnElement="p">'
                '<di:BPMNShape bpmnElement="a"><dc:Bounds x="1" y="2" width="100" height="80"/><di:BPMNLabel>'
                '<dc:Bounds x="3" y="4" width="5" height="6"/></di:BPMNLabel></di:BPMNShape>'
                '<di:BPMNShape bpmnElement="b"><dc:Bounds x="NaN" y="2" width="abc" height="80"/></di:BPMNShape>'
                '<di:BPMNEdge bpmnElement="f"><dd:waypoint x="1" y="2"/><dd:waypoint x="inf" y="2"/></di:BPMNEdge>'
                '</di:BPMNPlane></di:BPMNDiagram>')
    shapes = read(data, "f").shapes
    assert (shapes["a"].bounds, shapes["a"].label) == ((1, 2, 100, 80), (3, 4, 5, 6))
    assert shapes["b"].bounds is None
    assert shapes["f"].waypoints == ((1, 2),)


def test_as_many_tasks_in_a_row_as_the_limit_allows_are_read() -> None:
    tasks = "".join(f'<bpmn:task id="t{i}"/>' for i in range(2400))
    flows = "".join(f'<bpmn:sequenceFlow id="f{i}" sourceRef="t{i}" targetRef="t{i + 1}"/>' for i in range(2399))
    assert len(elements(tasks + flows)) == 2400


def test_two_hundred_nested_sub_processes_are_read() -> None:
    assert len(elements("".join(f'<bpmn:subProcess id="s{i}">' for i in range(200)) + "</bpmn:subProcess>" * 200)) == 200


@pytest.mark.parametrize(("data", "code"), [
    (b"", "xml_malformed"), (b"<a/>", "not_bpmn"), (process(LINE).decode().encode("utf-16"), "xml_not_utf8"),
    (b"<!DOCTYPE a>" + b"<a/>", "xml_doctype"), (process(" " * 2_000_000), "xml_too_large"),
    (process('<bpmn:task id="t"/>' + '<bpmn:textAnnotation/>' * 5000), "xml_too_many_elements"),
    (process(LINE).replace(b"20100524/MODEL", b"19990101/MODEL"), "not_bpmn"),
    (process('<bpmn:task id="t"/><bpmn:userTask id="t"/>'), "duplicate_id"),
    (process('<bpmn:task/>'), "missing_id"), (bpmn("<bpmn:process/>"), "missing_id"),
])
def test_a_file_without_a_model_is_refused_with_its_code(data: bytes, code: str) -> None:
    assert codes(data) == [code]


def test_every_repeated_id_is_reported() -> None:
    assert codes(process('<bpmn:task id="t"/><bpmn:task id="t"/><bpmn:task id="u"/><bpmn:task id="u"/>')) == ["duplicate_id"] * 2


def test_tree_is_the_definitions_element() -> None:
    assert tree(process(LINE), "f").tag.endswith("}definitions")
