"""Small BPMN files for tests, written as chains of ids: `"s>u1>x1>e1; x1>u1"`. The first letter says the type.

s startEvent, e endEvent, u userTask, t task, x exclusive, p parallel, i inclusive, v event-based gateway, w serviceTask,
c callActivity, k script task, n catching timer, m receive task. The flow from `s` to `u1` is called `s_u1`.
"""

from collections.abc import Mapping
from itertools import pairwise

from engine.decisions import Decision
from engine.diagram.check import File, Known
from engine.diagram.check import check as check_files
from engine.errors import Problem

TYPES = {"s": "startEvent", "e": "endEvent", "u": "userTask", "t": "task", "x": "exclusiveGateway", "p": "parallelGateway",
         "i": "inclusiveGateway", "v": "eventBasedGateway", "w": "serviceTask", "c": "callActivity", "k": "scriptTask",
         "n": "intermediateCatchEvent", "m": "receiveTask"}
ATTRIBUTES = {"u": 'camunda:candidateGroups="engineer"', "w": 'camunda:type="external" camunda:topic="case.note"',
              "c": 'calledElement="other"', "k": 'scriptFormat="feel" camunda:resultVariable="r"', "m": 'messageRef="paid"'}
INSIDE = {"k": "<bpmn:script>1 + 1</bpmn:script>",
          "n": "<bpmn:timerEventDefinition><bpmn:timeDuration>PT1H</bpmn:timeDuration></bpmn:timerEventDefinition>"}
ROOTS = ('<bpmn:message id="paid" name="Paid"/><bpmn:message id="silent"/>'
         '<bpmn:error id="broken" name="Broken" errorCode="broken"/><bpmn:error id="codeless" name="Codeless"/>'
         '<bpmn:escalation id="late" name="Late" escalationCode="late"/><bpmn:signal id="sig" name="Sig"/>')
HEAD = ('<?xml version="1.0" encoding="UTF-8"?><bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
        'xmlns:camunda="http://camunda.org/schema/1.0/bpmn" xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" '
        'xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" xmlns:di="http://www.omg.org/spec/DD/20100524/DI" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" targetNamespace="http://example.org/">')

FORM = {"id": "decide", "type": "default", "schemaVersion": 16, "components": [
    {"id": "f1", "type": "select", "key": "verdict", "label": "结论", "properties": {"label_en": "Verdict"},
     "validate": {"required": True}, "values": [{"label": "是", "value": "yes", "label_en": "Yes"},
                                                {"label": "否", "value": "no", "label_en": "No"}]},
    {"id": "f2", "type": "number", "key": "amount", "label": "金额", "properties": {"label_en": "Amount"}},
    {"id": "f3", "type": "checkbox", "key": "solved", "label": "解决", "properties": {"label_en": "Solved"}}]}


def definitions(body: str, roots: str = ROOTS, head: str = HEAD) -> str:
    """A whole file around its processes."""
    return f"{head}{roots}{body}</bpmn:definitions>"


def process(body: str, name: str = "p", attributes: str = "") -> str:
    """One executable process around its flow elements."""
    return f'<bpmn:process id="{name}" isExecutable="true" {attributes}>{body}</bpmn:process>'


def chain(text: str, nodes: Mapping[str, str] | None = None, flows: Mapping[str, str] | None = None,
          defaults: Mapping[str, str] | None = None) -> str:
    """The flow elements of chains; `nodes` replaces a node's XML, `flows` gives a flow's content, `defaults` a default flow."""
    nodes, flows, defaults = nodes or {}, flows or {}, defaults or {}
    names: dict[str, None] = {}
    edges: dict[str, tuple[str, str]] = {}
    for part in text.split(";"):
        ids = [name.strip() for name in part.split(">") if name.strip()]
        names |= dict.fromkeys(ids)
        edges |= {f"{a}_{b}": (a, b) for a, b in pairwise(ids)}
    drawn = "".join(nodes.get(name) or node(name, defaults.get(name)) for name in names)
    drawn += "".join(xml for name, xml in nodes.items() if name not in names)
    return drawn + "".join(f'<bpmn:sequenceFlow id="{f}" sourceRef="{a}" targetRef="{b}">{flows.get(f, "")}</bpmn:sequenceFlow>'
                           for f, (a, b) in edges.items())


def node(name: str, default: str | None = None, attributes: str | None = None, inside: str | None = None) -> str:
    """A flow node of the type that its first letter says."""
    kind = TYPES[name[0]]
    given = ATTRIBUTES.get(name[0], "") if attributes is None else attributes
    content = INSIDE.get(name[0], "") if inside is None else inside
    written = f' default="{default}"' if default else ""
    return f'<bpmn:{kind} id="{name}" {given}{written}>{content}</bpmn:{kind}>'


def when(condition: str) -> str:
    """A condition in FEEL."""
    text = condition.replace("&", "&amp;").replace("<", "&lt;")
    return (f'<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression" language="feel">{text}</bpmn:conditionExpression>')


def event(tag: str, name: str, definition: str = "", attributes: str = "") -> str:
    """An event: `definition` is the XML of its event definition."""
    return f'<bpmn:{tag} id="{name}" {attributes}>{definition}</bpmn:{tag}>'


def timer(kind: str, text: str) -> str:
    """A timer definition: kind timeDate, timeDuration or timeCycle."""
    written = f'<bpmn:{kind} xsi:type="bpmn:tFormalExpression">{text}</bpmn:{kind}>'
    return f"<bpmn:timerEventDefinition>{written}</bpmn:timerEventDefinition>"


def properties(**values: str) -> str:
    """`camunda:properties` inside extensionElements."""
    inside = "".join(f'<camunda:property name="{name}" value="{value}"/>' for name, value in values.items())
    return f"<bpmn:extensionElements><camunda:properties>{inside}</camunda:properties></bpmn:extensionElements>"


def known(**changes: object) -> Known:
    """What the diagrams of the tests may refer to."""
    decision = Decision("warranty", "Warranty", "U", None, (), (), ())
    given: dict[str, object] = {
        "groups": frozenset({"engineer", "service_lead"}), "operations": frozenset({"case.note"}), "topics": frozenset({"erp"}),
        "lists": frozenset({"products"}), "processes": {"other": None}, "forms": {"decide": FORM},
        "decisions": {"warranty": decision}, "calendars": frozenset({"default"})}
    return Known(**{**given, **changes})  # type: ignore[arg-type]  # the keys are those of Known


def check(body: str | bytes, name: str = "f.bpmn", **changes: object) -> list[Problem]:
    """The problems of one file."""
    data = body if isinstance(body, bytes) else body.encode()
    return check_files([File(name, data)], known(**changes))


def check_chain(text: str, nodes: Mapping[str, str] | None = None, flows: Mapping[str, str] | None = None,
                defaults: Mapping[str, str] | None = None) -> list[Problem]:
    """The problems of one process written as chains."""
    return check(definitions(process(chain(text, nodes, flows, defaults))))


def errors(problems: list[Problem]) -> list[tuple[str, str | None]]:
    """(code, element) of the errors."""
    return [(each.code, each.element) for each in problems if each.severity == "error"]
