"""Small BPMN files for tests, written as one line an element, so that a test shows the diagram that it is about."""

from collections.abc import Iterable
from itertools import pairwise
from xml.etree import ElementTree

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
DI = ('xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" '
      'xmlns:di="http://www.omg.org/spec/DD/20100524/DI"')
HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:camunda="http://camunda.org/schema/1.0/bpmn" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'id="definitions" targetNamespace="http://fuwuflow/test">'
)


def node(kind: str, element: str, inner: str = "", **attributes: str) -> str:
    """`<bpmn:kind id=element …>inner</…>`; `camunda_x` becomes `camunda:x`."""
    written = "".join(f' {name.replace("camunda_", "camunda:")}="{value}"' for name, value in attributes.items())
    return f'<bpmn:{kind} id="{element}"{written}>{inner}</bpmn:{kind}>'


def properties(**values: str) -> str:
    """`camunda:properties` of an element."""
    rows = "".join(f'<camunda:property name="{name}" value="{value}"/>' for name, value in values.items())
    return f"<bpmn:extensionElements><camunda:properties>{rows}</camunda:properties></bpmn:extensionElements>"


def user(element: str, groups: str = "staff", inner: str = "", **attributes: str) -> str:
    """A user task for a candidate group."""
    return node("userTask", element, inner, camunda_candidateGroups=groups, **attributes)


def service(element: str, topic: str, inner: str = "") -> str:
    """A service task: a job for an operation."""
    return node("serviceTask", element, inner, camunda_type="external", camunda_topic=topic)


def start(element: str = "begin", inner: str = "", **attributes: str) -> str:
    """A start event."""
    return node("startEvent", element, inner, **attributes)


def end(element: str = "done", inner: str = "") -> str:
    """An end event."""
    return node("endEvent", element, inner)


def timer(text: str, kind: str = "timeDuration") -> str:
    """A timer event definition."""
    return (f'<bpmn:timerEventDefinition><bpmn:{kind} xsi:type="bpmn:tFormalExpression">{text}</bpmn:{kind}>'
            "</bpmn:timerEventDefinition>")


def boundary(element: str, host: str, inner: str, *, interrupts: bool = True, before: str = "") -> str:
    """A boundary event; `before` are its extension elements."""
    return node("boundaryEvent", element, before + inner, attachedToRef=host, cancelActivity=str(interrupts).lower())


def flows(*path: str) -> str:
    """Sequence flows along a path; the id is `source_to_target`."""
    return "".join(node("sequenceFlow", f"{a}_to_{b}", sourceRef=a, targetRef=b) for a, b in pairwise(path))


def flow_if(source: str, target: str, condition: str) -> str:
    """A sequence flow with a FEEL condition."""
    text = condition.replace("&", "&amp;").replace("<", "&lt;")
    expression = f'<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression" language="feel">{text}</bpmn:conditionExpression>'
    return node("sequenceFlow", f"{source}_to_{target}", expression, sourceRef=source, targetRef=target)


def diagram(*parts: str, key: str = "case", more: str = "", starters: str = "staff") -> bytes:
    """A file with one executable process; `more` stands beside it (messages, errors)."""
    body = "".join(parts)
    return (f'{HEAD}{more}<bpmn:process id="{key}" name="{key}" isExecutable="true" '
            f'camunda:candidateStarterGroups="{starters}">{body}</bpmn:process></bpmn:definitions>').encode()


def messages(names: Iterable[str]) -> str:
    """`<bpmn:message>` elements whose id is `m_name`."""
    return "".join(f'<bpmn:message id="m_{name}" name="{name}"/>' for name in names)


def message(name: str) -> str:
    """A message event definition."""
    return f'<bpmn:messageEventDefinition messageRef="m_{name}"/>'


def pictured(data: bytes) -> bytes:
    """The same file with a picture: what stands in its process in a row, boundary events below their hosts, straight flows."""
    process = next(each for each in ElementTree.fromstring(data) if each.tag == f"{BPMN}process")
    at: dict[str, tuple[int, int, int, int]] = {}
    for each in process:
        if not each.get("id") or each.tag == f"{BPMN}sequenceFlow":
            continue
        width, height = (36, 36) if each.tag.endswith("Event") else (50, 50) if each.tag.endswith("Gateway") else (110, 80)
        host = at.get(each.get("attachedToRef", ""))
        x, y = (host[0] + 60, 142) if host else (160 * (len(at) + 1), 120 - height // 2)
        at[each.get("id", "")] = (x, y, width, height)
    shapes = [f'<bpmndi:BPMNShape id="{name}_di" bpmnElement="{name}"><dc:Bounds x="{x}" y="{y}" width="{w}" height="{h}"/>'
              "</bpmndi:BPMNShape>" for name, (x, y, w, h) in at.items()]
    edges = [f'<bpmndi:BPMNEdge id="{flow.get("id")}_di" bpmnElement="{flow.get("id")}">{_line(at, flow)}</bpmndi:BPMNEdge>'
             for flow in process.iter(f"{BPMN}sequenceFlow") if {flow.get("sourceRef"), flow.get("targetRef")} <= at.keys()]
    picture = (f'<bpmndi:BPMNDiagram {DI} id="picture"><bpmndi:BPMNPlane id="plane" bpmnElement="{process.get("id")}">'
               f'{"".join(shapes + edges)}</bpmndi:BPMNPlane></bpmndi:BPMNDiagram></bpmn:definitions>')
    return data.replace(b"</bpmn:definitions>", picture.encode())


def _line(at: dict[str, tuple[int, int, int, int]], flow: ElementTree.Element) -> str:
    """From the middle of the source to the middle of the target; back to an earlier one in an arc above."""
    (x, y, w, h), (to_x, to_y, to_w, to_h) = at[flow.get("sourceRef", "")], at[flow.get("targetRef", "")]
    points = [(x + w // 2, y + h // 2), (to_x + to_w // 2, to_y + to_h // 2)]
    if to_x < x:
        points[1:1] = [(points[0][0], 30), (points[1][0], 30)]
    return "".join(f'<di:waypoint x="{px}" y="{py}"/>' for px, py in points)
