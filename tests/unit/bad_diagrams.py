"""Malformed and hostile files, each with the problem code and the element that the deploy gate must name."""

import json
from dataclasses import dataclass

from tests.unit.diagram_builder import FORM, ROOTS, chain, definitions, event, node, process, properties, timer, when

S, E = event("startEvent", "s"), event("endEvent", "e")
ERROR, ESCALATION = '<bpmn:errorEventDefinition errorRef="{}"/>', '<bpmn:escalationEventDefinition escalationRef="{}"/>'
MESSAGE = '<bpmn:messageEventDefinition messageRef="{}"/>'
MANY = '<bpmn:multiInstanceLoopCharacteristics {}>{}</bpmn:multiInstanceLoopCharacteristics>'
FOREIGN = '<bpmn:extensionElements><v:colour xmlns:v="http://example.com/vendor"/></bpmn:extensionElements>'
SHAPE = ('<bpmndi:BPMNDiagram id="d"><bpmndi:BPMNPlane id="pl" bpmnElement="p"><bpmndi:BPMNShape id="sh" bpmnElement="{}">'
         '<dc:Bounds x="{}" y="1" width="36" height="36"/>{}</bpmndi:BPMNShape></bpmndi:BPMNPlane></bpmndi:BPMNDiagram>')


@dataclass(frozen=True)
class Bad:
    """A file and what must be said about it: `code`, the `element` it is about (None: the file)."""

    code: str
    element: str | None
    data: bytes
    file: str = "f.bpmn"


def _one(code: str, element: str | None, body: str) -> Bad:
    return Bad(code, element, definitions(process(body)).encode())


def _chain(code: str, element: str, text: str, nodes: dict[str, str] | None = None, flows: dict[str, str] | None = None, *,
           defaults: dict[str, str] | None = None) -> Bad:
    return _one(code, element, chain(text, nodes, flows, defaults))


def _user(code: str, attributes: str = 'camunda:candidateGroups="engineer"', inside: str = "") -> Bad:
    return _chain(code, "u1", "s>u1>e", {"u1": node("u1", attributes=attributes, inside=inside)})


def _node(code: str, name: str, attributes: str, inside: str = "") -> Bad:
    return _chain(code, name, f"s>{name}>e", {name: node(name, attributes=attributes, inside=inside)})


def _tag(code: str, xml: str) -> Bad:
    return _chain(code, "a", "s>a>e", {"a": xml})


def _event(code: str, tag: str, definition: str, attributes: str = "") -> Bad:
    """One event `a` of this kind in a process."""
    text = {"startEvent": "a>u1>e", "endEvent": "s>u1>a", "boundaryEvent": "s>u1>e; a>e2"}.get(tag, "s>a>e")
    attached = 'attachedToRef="u1" ' if tag == "boundaryEvent" else ""
    return _chain(code, "a", text, {"a": event(tag, "a", definition, attached + attributes)})


def _timer(code: str, kind: str, text: str) -> Bad:
    return _event(code, "intermediateCatchEvent", timer(kind, text))


def _condition(code: str, element: str, condition: str) -> Bad:
    """The condition of one flow of a gateway that has a default."""
    return _chain(code, element, "s>u1>x1>e1; x1>e2", {"u1": _decided()}, {"x1_e1": condition}, defaults={"x1": "x1_e2"})


def _decided() -> str:
    return node("u1", attributes='camunda:candidateGroups="engineer" camunda:formRef="decide"')


def _call(body: str) -> str:
    return chain("s>c1>e", {"c1": body})


def _recursive() -> bytes:
    first = process(_call('<bpmn:callActivity id="c1" calledElement="q"/>'))
    second = process(chain("s2>t2>c2>e2", {"c2": '<bpmn:callActivity id="c2" calledElement="p"/>'}), name="q")
    return definitions(first + second).encode()


def _form(**change: object) -> bytes:
    return json.dumps(FORM | change).encode()


_GOOD = definitions(process(chain("s>u1>e"))).encode()
_SUB = '<bpmn:subProcess id="sp" {}>{}</bpmn:subProcess>'
_INNER = event("startEvent", "si") + event("endEvent", "ei") + '<bpmn:sequenceFlow id="fi" sourceRef="si" targetRef="ei"/>'

FILES = [
    Bad("xml_malformed", None, b""),
    Bad("xml_malformed", None, _GOOD[:-30]),
    Bad("xml_malformed", None, b"<a>" * 400),
    Bad("xml_not_utf8", None, b"\x89PNG\r\n\x1a\n\0\0"),
    Bad("xml_not_utf8", None, _GOOD.decode().encode("utf-16")),
    Bad("xml_not_utf8", None, _GOOD.replace(b'encoding="UTF-8"', b'encoding="UTF-7"')),
    Bad("xml_not_utf8", None, definitions(process(chain("s>u1>e"), attributes='name="维修"')).encode("gbk")),
    Bad("xml_doctype", None, _GOOD.replace(b"?>", b'?><!DOCTYPE a [<!ENTITY x "y">]>', 1)),
    Bad("xml_doctype", None, _GOOD.replace(b"?>", b'?><!DOCTYPE a SYSTEM "http://127.0.0.1:1/x">', 1)),
    Bad("xml_too_large", None, _GOOD + b" " * 2_000_000),
    Bad("xml_too_many_elements", None, definitions(process("<bpmn:textAnnotation/>" * 5_000)).encode()),
    Bad("not_bpmn", None, b"<html><body/></html>"),
    Bad("not_bpmn", None, _GOOD.replace(b"20100524/MODEL", b"20100501/MODEL")),
    Bad("file_kind", None, b"a,b", "table.csv"),
    Bad("form_malformed", None, b"{", "a.form"),
    Bad("form_malformed", None, b"[" * 100_000, "a.form"),
    Bad("form_malformed", None, b'{"components": NaN}', "a.form"),
    Bad("decision_malformed", None, b"<a/>", "a.dmn"),
    Bad("scenario_malformed", None, b"{", "a.scenario"),
    Bad("list_unknown", "decide", _form(components=[
        {"id": "f", "type": "select", "key": "part", "label": "配件", "valuesKey": "partz"}]), "decide.form"),
    Bad("schema", "u1", definitions(process(chain(
        "s>u1>e", {"u1": '<bpmn:userTask id="u1"><bpmn:nonsense/></bpmn:userTask>'}))).encode()),
    Bad("schema_lenient", "u1_e", _GOOD.replace(
        b'targetRef="e">', b'targetRef="e"><bpmn:conditionExpression language="feel">true</bpmn:conditionExpression>')),
    Bad("schema_picture", "s", definitions(process(chain("s>u1>e")) + SHAPE.format("s", "1", "<dc:Bounds/>")).encode()),
    Bad("picture_number", "s", definitions(process(chain("s>u1>e")) + SHAPE.format("s", "NaN", "")).encode()),
    Bad("picture_number", "s", definitions(process(chain("s>u1>e")) + SHAPE.format("s", "abc", "")).encode()),
    Bad("shape_missing", "u1", definitions(process(chain("s>u1>e")) + SHAPE.format("s", "1", "")).encode()),
    Bad("picture_missing", None, _GOOD),
    Bad("no_executable_process", None, _GOOD.replace(b'isExecutable="true"', b'isExecutable="false"')),
    Bad("recursion_without_wait", "c1", definitions(process(_call('<bpmn:callActivity id="c1" calledElement="p"/>'))).encode()),
    Bad("recursion_without_wait", "c2", _recursive()),
    Bad("message_start_taken", "s2", definitions(
        process(chain("s1>u1>e1", {"s1": event("startEvent", "s1", MESSAGE.format("paid"))}))
        + process(chain("s2>u2>e2", {"s2": event("startEvent", "s2", MESSAGE.format("paid"))}), name="q")).encode()),
    Bad("foreign_extension", None, definitions(process(chain("s>u1>e", {"u1": node("u1", inside=FOREIGN)}))).encode()),
]

IDS = [
    _one("duplicate_id", "u1", chain("s>u1>e") + '<bpmn:scriptTask id="u1"/>'),
    _one("duplicate_id", "s_u1", chain("s>u1>e") + '<bpmn:sequenceFlow id="s_u1" sourceRef="s" targetRef="e"/>'),
    _one("missing_id", None, chain("s>u1>e") + "<bpmn:task/>"),
    _one("bad_id", "u 1", S + E + '<bpmn:userTask id="u 1"/>'),
    _one("bad_id", "u" * 300, S + E + f'<bpmn:userTask id="{"u" * 300}"/>'),
    _user("text_too_long", inside="<bpmn:documentation>" + "长" * 20_001 + "</bpmn:documentation>"),
    _one("unresolved", "f", S + E + '<bpmn:sequenceFlow id="f" sourceRef="s" targetRef="gone"/>'),
    _one("unresolved", "f", S + E + '<bpmn:sequenceFlow id="f" sourceRef="gone" targetRef="e"/>'),
    _chain("unresolved", "a", "s>u1>e; a>e2", {"a": event(
        "boundaryEvent", "a", timer("timeDuration", "PT1H"), 'attachedToRef="gone"')}),
    _event("unresolved", "intermediateCatchEvent", MESSAGE.format("gone")),
    _event("unresolved", "endEvent", ERROR.format("gone")),
    _event("unresolved", "endEvent", ESCALATION.format("gone")),
    _event("wrong_reference", "endEvent", ERROR.format("paid")),
    _chain("unresolved", "x1", "s>x1>e1", defaults={"x1": "gone"}),
    _chain("default_not_outgoing", "x1", "s>x1>e1", defaults={"x1": "s_x1"}),
    _one("lane_unresolved", "l", '<bpmn:laneSet id="ls"><bpmn:lane id="l"><bpmn:flowNodeRef>gone</bpmn:flowNodeRef></bpmn:lane>'
         "</bpmn:laneSet>" + chain("s>u1>e")),
    _chain("unresolved", "sp", "s>sp>e", {"sp": _SUB.format(
        "", '<bpmn:dataInputAssociation id="di"><bpmn:sourceRef>gone</bpmn:sourceRef><bpmn:targetRef>gone</bpmn:targetRef>'
        "</bpmn:dataInputAssociation>" + _INNER)}),
    _chain("unresolved", "sp", "s>sp>e", {
        "sp": _SUB.format("", _INNER + '<bpmn:dataObjectReference id="dr" dataObjectRef="gone"/>')}),
    _chain("flow_crosses_scope", "s_si", "s>sp>e; s>si", {"sp": _SUB.format("", _INNER), "si": " "}),
    _chain("boundary_other_scope", "a", "s>sp>e; a>e2", {"sp": _SUB.format("", chain("s3>u3>e3")), "a": event(
        "boundaryEvent", "a", timer("timeDuration", "PT1H"), 'attachedToRef="u3"')}),
]

NOT_EXECUTED = [
    *(_tag("not_executed", f'<bpmn:{tag} id="a"/>') for tag in (
        "complexGateway", "transaction", "adHocSubProcess", "callChoreography")),
    _tag("not_executed", '<bpmn:globalTask id="a"/>'),
    *(_event("not_executed", "intermediateThrowEvent", f"<bpmn:{kind}EventDefinition/>") for kind in ("signal", "compensate")),
    _event("not_executed", "boundaryEvent", "<bpmn:compensateEventDefinition/>"),
    _event("not_executed", "endEvent", "<bpmn:cancelEventDefinition/>"),
    _event("not_executed", "intermediateCatchEvent",
           "<bpmn:conditionalEventDefinition><bpmn:condition>= true</bpmn:condition></bpmn:conditionalEventDefinition>"),
    _event("not_executed", "intermediateThrowEvent", MESSAGE.format("paid") + '<bpmn:signalEventDefinition signalRef="sig"/>'),
    _user("not_executed", inside='<bpmn:standardLoopCharacteristics loopMaximum="1000000"/>'),
    _node("not_executed", "m1", 'messageRef="paid" instantiate="true"'),
    _user("not_executed", 'camunda:candidateGroups="engineer" isForCompensation="true"'),
    _user("not_executed", 'camunda:candidateGroups="engineer" startQuantity="2"'),
    _chain("not_executed", "v1", "s>v1>n1>e; v1>m1>e", {"v1": '<bpmn:eventBasedGateway id="v1" eventGatewayType="Parallel"/>'}),
    _user("listener", inside='<bpmn:extensionElements><camunda:taskListener event="create" class="x.Y"/>'
                             '</bpmn:extensionElements>'),
    _user("listener", inside='<bpmn:extensionElements><camunda:executionListener event="start" expression="${x.y()}"/>'
                             '</bpmn:extensionElements>'),
    *(_node("java_not_executed", "w1", f'camunda:{field}="x"') for field in ("class", "expression", "delegateExpression")),
    _node("java_not_executed", "w1", "", "<bpmn:extensionElements><camunda:connector/></bpmn:extensionElements>"),
    _user("io_mapping_not_executed", inside='<bpmn:extensionElements><camunda:inputOutput/></bpmn:extensionElements>'),
    _user("binding_not_executed", 'camunda:formRef="decide" camunda:formRefBinding="version"'),
    _user("form_key_ignored", 'camunda:formKey="embedded:app:form.html"'),
    _user("extension_ignored", 'camunda:candidateUsers="someone"'),
]

STRUCTURE = [
    _chain("no_start", "p", "u1>e"),
    _one("no_beginning", "p", ""),
    _chain("no_beginning", "sp", "s>sp>e", {"sp": _SUB.format("", chain("u4>u5>u4"))}),
    _chain("nothing_inside", "sp", "s>sp>e", {"sp": _SUB.format("", "")}),
    _chain("several_starts", "p", "s1>u1>e; s2>u1"),
    _chain("several_starts", "sp", "s>sp>e", {"sp": _SUB.format("", chain("s4>u4>e4; s5>u4"))}),
    _event("event_kind", "startEvent", ERROR.format("broken")),
    _event("event_kind", "intermediateThrowEvent", timer("timeDuration", "PT1H")),
    _event("event_kind", "boundaryEvent", ""),
    _chain("event_kind", "s4", "s>sp>e", {"sp": _SUB.format("", chain("s4>u4>e4", {
        "s4": event("startEvent", "s4", timer("timeDuration", "PT1H"))}))}),
    _one("event_sub_process_start", "sp", chain("s>u1>e") + _SUB.format('triggeredByEvent="true"', chain("s4>u4>e4"))),
    _chain("no_end", "p", "s>u1"),
    _chain("no_incoming", "u2", "s>u1>e; u2>e"),
    _chain("no_outgoing", "u2", "s>p1>u1>e; p1>u2"),
    _chain("incoming_not_allowed", "s", "s>x1>e; x1>s", flows={"x1_s": when("solved")}, defaults={"x1": "x1_e"}),
    _chain("outgoing_not_allowed", "e", "s>u1>e>u2>e2"),
    _chain("unreachable", "u2", "s>u1>e; u2>u3>u2"),
    _chain("livelock", "u1", "s>u1>u2>u1; s>e"),
    _chain("gateway_loop", "x1", "s>x1>x2>x1; x2>e", flows={"x2_x1": when("solved")}, defaults={"x2": "x2_e"}),
    _chain("idle_loop", "t1", "s>t1>x2>t1; x2>e", flows={"x2_t1": when("solved")}, defaults={"x2": "x2_e"}),
    _chain("boundary_host", "a", "s>x1>u1>e; a>e2", {"a": event(
        "boundaryEvent", "a", timer("timeDuration", "PT1H"), 'attachedToRef="x1"')}),
    _chain("boundary_never_fires", "a", "s>t1>e; a>e2", {"a": event(
        "boundaryEvent", "a", timer("timeDuration", "PT1H"), 'attachedToRef="t1"')}),
    _event("error_must_interrupt", "boundaryEvent", ERROR.format("broken"), 'cancelActivity="false"'),
    _chain("event_gateway_target", "v1", "s>v1>u1>e; v1>n1>e"),
    _chain("event_gateway_few", "v1", "s>v1>n1>e"),
    _chain("link_target_missing", "a", "s>a", {
        "a": event("intermediateThrowEvent", "a", '<bpmn:linkEventDefinition name="L"/>')}),
    _chain("link_target_twice", "c2", "s>a; b>e; c2>e2", {
        "a": event("intermediateThrowEvent", "a", '<bpmn:linkEventDefinition name="L"/>'),
        "b": event("intermediateCatchEvent", "b", '<bpmn:linkEventDefinition name="L"/>'),
        "c2": event("intermediateCatchEvent", "c2", '<bpmn:linkEventDefinition name="L"/>')}),
    _node("message_missing", "m1", ""),
    _event("message_missing", "intermediateThrowEvent", "<bpmn:messageEventDefinition/>"),
    _event("message_missing", "intermediateCatchEvent", MESSAGE.format("silent")),
    Bad("message_name_computed", "m1", definitions(
        process(chain("s>m1>e")), ROOTS.replace('name="Paid"', 'name="Paid ${order}"')).encode()),
    _event("code_missing", "endEvent", ERROR.format("codeless")),
    _event("code_missing", "intermediateThrowEvent", "<bpmn:escalationEventDefinition/>"),
    _event("error_not_caught", "endEvent", ERROR.format("broken")),
    _chain("join_never", "p1", "s>x1>u1>p1>e; x1>u2>p1", flows={"x1_u1": when("solved")}, defaults={"x1": "x1_u2"}),
    _chain("join_twice", "x1", "s>p1>u1>x1>u3>e; p1>u2>x1"),
]

_RAW = '<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">{}</bpmn:conditionExpression>'
CONDITIONS = [
    _condition("condition_unmarked", "x1_e1", _RAW.format("amount &gt; 3")),
    _condition("condition_unmarked", "x1_e1", _RAW.format("__import__('os').system('id')")),
    _condition("condition_dollar", "x1_e1", _RAW.format("${amount &gt; 3}")),
    _condition("condition_dollar", "x1_e1", when("${amount}")),
    _condition("condition_empty", "x1_e1", when("")),
    _chain("condition_not_allowed", "p1_e", "s>p1>e; p1>e2", flows={"p1_e": when("solved")}),
    _chain("condition_not_allowed", "s_e", "s>e", flows={"s_e": when("solved")}),
    _chain("condition_missing", "x1_e2", "s>x1>e; x1>e2", flows={"x1_e": when("solved")}),
    _chain("default_has_condition", "x1_e2", "s>x1>e; x1>e2", flows={"x1_e": when("solved"), "x1_e2": when("solved")},
           defaults={"x1": "x1_e2"}),
    _chain("no_default", "x1", "s>x1>e; x1>e2", flows={"x1_e": when("amount > 3"), "x1_e2": when("amount < 3")}),
    _chain("no_default", "x1", "s>u1>x1>e; x1>e2", {"u1": _decided()}, {
        "x1_e": when('verdict = "yes"'), "x1_e2": when('verdict = "maybe"')}),
    _chain("inclusive_no_default", "i1", "s>i1>e; i1>e2", flows={"i1_e": when("a"), "i1_e2": when("b")}),
    _chain("task_no_default", "u1", "s>u1>e; u1>e2", flows={"u1_e": when("a"), "u1_e2": when("b")}),
    _chain("lone_condition", "u1", "s>u1>e", flows={"u1_e": when("a")}),
    _condition("feel", "x1_e1", when("amount >")),
    _condition("feel", "x1_e1", when('amount = "3"')),
    _condition("feel", "x1_e1", when("amount + 1")),
    _condition("feel", "x1_e1", when('"no"')),
    _condition("feel", "x1_e1", when("1 / 0 > 3")),
    _condition("feel", "x1_e1", when("(" * 3_000 + "1" + ")" * 3_000)),
    _condition("feel", "x1_e1", when("__import__(&quot;os&quot;)")),
    _user("feel", 'camunda:assignee="${engineer.name()}"'),
    _user("feel", 'camunda:assignee="#{engineer}"'),
    _user("feel", 'camunda:assignee="= a b c ("'),
    _condition("unknown_variable", "x1_e1", when("amout > 3")),
]

TIMES = [
    _event("timer_missing", "intermediateCatchEvent", "<bpmn:timerEventDefinition/>"),
    _timer("timer_missing", "timeDuration", ""),
    *(_timer("timer_value", "timeDuration", text) for text in (
        "P", '"P"', "PT", "1 day", "PTInfS", "PTNaNS", "PT1H30", "-PT5M", "PT٣H", "PT²M", "P999999999Y", "PT1S", "PT0S")),
    *(_timer("timer_value", "timeDate", text) for text in ("2026-02-30T10:00:00Z", "tomorrow", "99999-01-01T00:00:00Z")),
    *(_timer("timer_value", "timeCycle", text) for text in (
        "R/PT0S", "R3", "0 0 12 * * ?", "R1000000/2020-01-01T00:00:00Z/PT1S", "R9999/2020-01-01T00:00:00Z/PT1M")),
    _user("timer_value", 'camunda:dueDate="next week"'),
    _event("timer_start_variable", "startEvent", timer("timeDate", "${when}")),
    _user("calendar_unknown", inside=properties(calendar="mars")),
    _user("property_value", inside=properties(roll="after")),
    _user("property_misspelt", inside=properties(claus="5.1.9")),
    *(_event("timer_value", "intermediateCatchEvent", properties(**given) + timer(kind, text)) for kind, text, given in (
        ("timeDuration", "P1M", {"calendar": "default"}), ("timeCycle", "R/P1M", {"roll": "before"}))),
]

WORK = [
    _user("nobody", ""),
    _user("group_unknown", 'camunda:candidateGroups="enginer"'),
    Bad("group_unknown", "p", definitions(
        process(chain("s>u1>e"), attributes='camunda:candidateStarterGroups="nobody"')).encode()),
    _user("form_unknown", 'camunda:formRef="decid"'),
    _node("topic_missing", "w1", ""),
    _node("topic_unknown", "w1", 'camunda:type="external" camunda:topic="case.not"'),
    _tag("decision_missing", '<bpmn:businessRuleTask id="a"/>'),
    _tag("decision_unknown", '<bpmn:businessRuleTask id="a" camunda:decisionRef="warrantie" camunda:resultVariable="r"/>'),
    _tag("result_lost", '<bpmn:businessRuleTask id="a" camunda:decisionRef="warranty"/>'),
    _tag("property_value", '<bpmn:businessRuleTask id="a" camunda:decisionRef="warranty" camunda:mapDecisionResult="all"/>'),
    _node("script_not_feel", "k1", 'scriptFormat="python"', "<bpmn:script>import os; os.system('id')</bpmn:script>"),
    _node("script_empty", "k1", 'scriptFormat="feel"', ""),
    _node("called_missing", "c1", ""),
    _node("called_computed", "c1", 'calledElement="${which}"'),
    _node("called_unknown", "c1", 'calledElement="othr"'),
    _node("mapping_incomplete", "c1", 'calledElement="other"',
          '<bpmn:extensionElements><camunda:in source="a"/></bpmn:extensionElements>'),
    _user("multi_instance_source", inside=MANY.format("", "")),
    _user("multi_instance_source", inside=MANY.format(
        'camunda:collection="parts"', "<bpmn:loopCardinality>3</bpmn:loopCardinality>")),
    _user("too_many_instances", inside=MANY.format("", "<bpmn:loopCardinality>200000</bpmn:loopCardinality>")),
    _user("priority_value", 'camunda:priority="very high"'),
    _user("not_by_unknown", inside=properties(not_by="quotte")),
    _event("correlation_key", "intermediateCatchEvent", properties(correlation="= ; ${x}") + MESSAGE.format("paid")),
]

WORDS = [
    _user("no_name"), _user("no_clause"), _user("no_instruction"), _user("no_record"),
    _user("no_name_en", 'camunda:candidateGroups="engineer" name="报价"'),
]

_MANY_EXITS = "s>p1; p2>u0>e; " + "; ".join(f"p1>u{i}>x{i}>p2; x{i}>e{i}" for i in range(1, 17))
SOUNDNESS = [
    _chain("deadlock", "p2", "s>p1>u1>x1>p2>u3>e; p1>u2>p2; x1>e2", flows={"x1_p2": when("solved")}, defaults={"x1": "x1_e2"}),
    _chain("dead_element", "a", "s>sp>e; a>u2>e2", {
        "sp": _SUB.format("", chain("si>t1>ei")),
        "a": event("boundaryEvent", "a", ERROR.format("broken"), 'attachedToRef="sp"')}),
    _chain("soundness_unknown", "p", _MANY_EXITS),
]

BAD = [*FILES, *IDS, *NOT_EXECUTED, *STRUCTURE, *SOUNDNESS, *CONDITIONS, *TIMES, *WORK, *WORDS]
