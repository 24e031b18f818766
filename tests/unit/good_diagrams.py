"""Files that run: every construct of the engine, and what other tools write around it."""

from tests.unit.diagram_builder import chain, definitions, event, node, process, properties, timer, when

ERROR = '<bpmn:errorEventDefinition errorRef="broken"/>'
MESSAGE = '<bpmn:messageEventDefinition messageRef="paid"/>'
ESCALATION = '<bpmn:escalationEventDefinition escalationRef="late"/>'
TERMINATE = "<bpmn:terminateEventDefinition/>"
LINK = '<bpmn:linkEventDefinition name="L"/>'
SUB = '<bpmn:subProcess id="{}" {}>{}</bpmn:subProcess>'
MANY = '<bpmn:multiInstanceLoopCharacteristics {}>{}</bpmn:multiInstanceLoopCharacteristics>'
COUNT = "<bpmn:loopCardinality>3</bpmn:loopCardinality>"


def _file(text: str, nodes: dict[str, str] | None = None, flows: dict[str, str] | None = None,
          defaults: dict[str, str] | None = None) -> bytes:
    return definitions(process(chain(text, nodes, flows, defaults))).encode()


def _boundary(name: str, definition: str, attributes: str = "") -> str:
    return event("boundaryEvent", name, definition, f'attachedToRef="u1" {attributes}')


def _asked(field: str = "verdict") -> str:
    return node("u1", attributes='camunda:candidateGroups="engineer" camunda:formRef="decide"', inside=properties(field=field))


GOOD = {
    "a user task": _file("s>u1>e"),
    "a loop with a person in it": _file("s>u1>x1>e; x1>u1", flows={"x1_u1": when("not(solved)")}, defaults={"x1": "x1_e"}),
    "a loop with work in it": _file("s>x0>k1>x1>e; x1>x0", flows={"x1_x0": when("r < 3")}, defaults={"x1": "x1_e"}),
    "a parallel block": _file("s>p1>u1>p2>e; p1>u2>p2"),
    "an inclusive block": _file("s>i1>u1>i2>e; i1>u2>i2", flows={"i1_u1": when("amount > 3")}, defaults={"i1": "i1_u2"}),
    "an event gateway": _file("s>v1>n1>e; v1>m1>e"),
    "conditions behind a task": _file("s>u1>u2>e; u1>e", flows={"u1_u2": when("amount > 3")}, defaults={"u1": "u1_e"}),
    "links": _file("s>u1>a; b>u2>e", {
        "a": event("intermediateThrowEvent", "a", LINK), "b": event("intermediateCatchEvent", "b", LINK)}),
    "boundary events": _file("s>u1>e; b1>u2>e; b2>e; b3>e", {
        "b1": _boundary("b1", timer("timeDuration", "PT8H"), 'cancelActivity="false"'), "b2": _boundary("b2", MESSAGE),
        "b3": _boundary("b3", timer("timeCycle", "R3/PT1H"), 'cancelActivity="false"')}),
    "an error caught on a sub-process": _file("s>sp>e; b>e", {
        "sp": SUB.format("sp", "", chain("s2>u2>e2", {"e2": event("endEvent", "e2", ERROR)})),
        "b": event("boundaryEvent", "b", ERROR, 'attachedToRef="sp"')}),
    "event sub-processes": definitions(process(chain("s>u1>e") + SUB.format("es", 'triggeredByEvent="true"', chain(
        "s2>u2>e2", {"s2": event("startEvent", "s2", ESCALATION, 'isInterrupting="false"')})) + SUB.format(
        "em", 'triggeredByEvent="true"', chain("s3>u3>e3", {"s3": event("startEvent", "s3", MESSAGE)})))).encode(),
    "multi-instance": _file("s>u1>u2>c1>e", {
        "u1": node("u1", inside=MANY.format("", COUNT)),
        "u2": node("u2", inside=MANY.format(
            'isSequential="true" camunda:collection="offices" camunda:elementVariable="office"', "")),
        "c1": node("c1", inside=MANY.format('camunda:collection="= [1, 2]"', ""))}),
    "ends of every kind": _file("s>p1>u1>e1; p1>u2>e2; p1>u3>e3", {
        "e1": event("endEvent", "e1", TERMINATE), "e2": event("endEvent", "e2", MESSAGE),
        "e3": event("endEvent", "e3", ESCALATION)}),
    "starts of several kinds": _file("s>u1>e; s2>u1; s3>u1", {
        "s2": event("startEvent", "s2", MESSAGE),
        "s3": event("startEvent", "s3", timer("timeCycle", "R/2026-01-25T08:30:00+08:00/P1M"))}),
    "elements named as an engine's own": _file("s>u1>e", {}).replace(b'"u1"', b'"End"').replace(b'"s"', b'"Start"'),
    "every task": _file("s>t1>k1>w1>w2>a>b>c1>e", {
        "a": '<bpmn:businessRuleTask id="a" camunda:decisionRef="warranty" camunda:resultVariable="free" '
             'camunda:mapDecisionResult="singleEntry"/>',
        "b": '<bpmn:sendTask id="b" messageRef="paid"/>',
        "w2": '<bpmn:sendTask id="w2" camunda:type="external" camunda:topic="erp"/>'}),
    "a process that calls itself behind a person": _file("s>u1>c1>e", {"c1": '<bpmn:callActivity id="c1" calledElement="p"/>'}),
    "a process that calls itself behind a choice": _file(
        "s>x1>c1>e; x1>e", {"c1": '<bpmn:callActivity id="c1" calledElement="p"/>'}, {"x1_c1": when("depth < 3")},
        {"x1": "x1_e"}),
    "no events at all": _file("u1>u2"),
}

COMPLETE = {
    "every option of a choice": ('verdict = "yes"', 'verdict = "no"'),
    "an option and all others": ('verdict = "yes"', 'verdict != "yes"'),
    "options in a list": ('verdict in ("yes", "no")', 'verdict = "maybe"'),
    "a checkbox and its opposite": ("solved", "not(solved)"),
    "both values of a checkbox": ("solved = true", "solved = false"),
    "below and from a limit": ("amount < 300", "amount >= 300"),
}
INCOMPLETE = {
    "one option of two": ('verdict = "yes"', 'verdict = "maybe"'),
    "a hole between limits": ("amount < 300", "amount > 300"),
    "a number field": ("amount = 1", "amount = 2"),
    "two fields": ('verdict = "yes"', "not(solved)"),
}


def decision(first: str, second: str) -> bytes:
    """A gateway without default behind a task with the form `decide`."""
    return _file("s>u1>x1>e1; x1>e2", {"u1": _asked()}, {"x1_e1": when(first), "x1_e2": when(second)})


FOREIGN = b"""<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<semantic:definitions id="_1" name="Order" exporter="Some Modeller" exporterVersion="9" targetNamespace="http://example.com/order"
    xmlns:semantic="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI"
    xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" xmlns:di="http://www.omg.org/spec/DD/20100524/DI"
    xmlns:tns="http://example.com/order" xmlns:vendor="http://example.com/vendor" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <semantic:message id="m1" name="Order"/>
  <semantic:itemDefinition id="item" structureRef="string"/>
  <semantic:collaboration id="c1">
    <semantic:participant id="customer" name="Customer"/>
    <semantic:participant id="shop" name="Shop" processRef="tns:order"/>
    <semantic:messageFlow id="mf1" name="order" sourceRef="customer" targetRef="received"/>
  </semantic:collaboration>
  <semantic:process id="order" isExecutable="true" processType="Private">
    <semantic:extensionElements><vendor:colour value="red"/></semantic:extensionElements>
    <semantic:ioSpecification><semantic:inputSet/><semantic:outputSet/></semantic:ioSpecification>
    <semantic:laneSet id="ls"><semantic:lane id="l1" name="Sales"><semantic:flowNodeRef>received</semantic:flowNodeRef>
      <semantic:flowNodeRef>check</semantic:flowNodeRef></semantic:lane><semantic:lane id="l2" name="Stock"/></semantic:laneSet>
    <semantic:dataObject id="do1" name="Order"/>
    <semantic:dataObjectReference id="do_ref" dataObjectRef="do1"/>
    <semantic:dataStoreReference id="ds_ref" name="Stock list"/>
    <semantic:startEvent id="received" name="Order received" vendor:shape="round">
      <semantic:outgoing>tns:f1</semantic:outgoing><semantic:messageEventDefinition messageRef="tns:m1"/></semantic:startEvent>
    <semantic:userTask id="check" name="Check stock" implementation="##unspecified">
      <semantic:incoming>tns:f1</semantic:incoming><semantic:outgoing>tns:f2</semantic:outgoing>
      <semantic:dataOutputAssociation id="da"/>
    </semantic:userTask>
    <semantic:manualTask id="pack" name="Pack"/>
    <semantic:endEvent id="sent" name="Sent"/>
    <semantic:sequenceFlow id="f1" sourceRef="received" targetRef="check"/>
    <semantic:sequenceFlow id="f2" sourceRef="check" targetRef="pack"/>
    <semantic:sequenceFlow id="f3" sourceRef="pack" targetRef="sent"/>
    <semantic:textAnnotation id="note"><semantic:text>Ask first</semantic:text></semantic:textAnnotation>
    <semantic:association id="as1" sourceRef="tns:check" targetRef="tns:note"/>
    <semantic:group id="g1"/>
  </semantic:process>
  <bpmndi:BPMNDiagram id="d1"><bpmndi:BPMNPlane id="pl1" bpmnElement="tns:c1">
    <bpmndi:BPMNShape id="sh1" bpmnElement="tns:check"><dc:Bounds x="10.5" y="20" width="100" height="80"/></bpmndi:BPMNShape>
    <bpmndi:BPMNEdge id="ed1" bpmnElement="tns:f1"/>
  </bpmndi:BPMNPlane></bpmndi:BPMNDiagram>
</semantic:definitions>"""

DOCUMENTED = definitions(
    '<bpmn:process id="p" name="报价" isExecutable="true">' + properties(name_en="Quote") + chain(
        "s>u1>e", {
            "s": '<bpmn:startEvent id="s" name="开始">' + properties(name_en="Start") + "</bpmn:startEvent>",
            "u1": '<bpmn:userTask id="u1" name="准备报价" camunda:candidateGroups="engineer"><bpmn:documentation>按价目表报价。'
                  "</bpmn:documentation>" + properties(name_en="Prepare the quote", clause="5.1.16", record="quote")
                  + "</bpmn:userTask>",
            "e": '<bpmn:endEvent id="e" name="结束">' + properties(name_en="End") + "</bpmn:endEvent>",
        }) + '</bpmn:process><bpmndi:BPMNDiagram id="d"><bpmndi:BPMNPlane id="pl" bpmnElement="p">' + "".join(
        f'<bpmndi:BPMNShape id="{n}_di" bpmnElement="{n}"><dc:Bounds x="1" y="1" width="36" height="36"/></bpmndi:BPMNShape>'
        for n in ("s", "u1", "e")) + "".join(
        f'<bpmndi:BPMNEdge id="{n}_di" bpmnElement="{n}"><di:waypoint x="1" y="1"/><di:waypoint x="9" y="1"/></bpmndi:BPMNEdge>'
        for n in ("s_u1", "u1_e")) + "</bpmndi:BPMNPlane></bpmndi:BPMNDiagram>").encode()
