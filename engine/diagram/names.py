"""The namespaces of a BPMN file and small questions about its XML nodes."""

from collections.abc import Iterator

from lxml import etree

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
BPMNDI = "http://www.omg.org/spec/BPMN/20100524/DI"
DC = "http://www.omg.org/spec/DD/20100524/DC"
DI = "http://www.omg.org/spec/DD/20100524/DI"
CAMUNDA = "http://camunda.org/schema/1.0/bpmn"
OPERATON = "http://operaton.org/schema/1.0/bpmn"
XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"

EXTENSIONS = (CAMUNDA, OPERATON)
"""Operaton reads both namespaces alike; so do we."""

Node = etree._Element


def local(node: Node) -> str:
    """The tag without its namespace."""
    return etree.QName(node).localname


def namespace(node: Node) -> str:
    """The namespace of the tag, "" if it has none."""
    return etree.QName(node).namespace or ""


def bpmn(tag: str) -> str:
    """The tag in the BPMN model's namespace, as lxml writes it."""
    return f"{{{BPMN}}}{tag}"


def children(node: Node, *tags: str) -> list[Node]:
    """The child nodes in the BPMN namespace with one of these tags; with no tag, all of them."""
    return [c for c in node if namespace(c) == BPMN and (not tags or local(c) in tags)]


def child(node: Node, tag: str) -> Node | None:
    """The first child of this tag in the BPMN namespace."""
    return node.find(bpmn(tag))


def text(node: Node | None) -> str:
    """All text inside, without the space around it."""
    return "".join(map(str, node.itertext(with_tail=False))).strip() if node is not None else ""


def reference(value: str | None) -> str | None:
    """A QName reference as the id it points at: `tns:task_1` is `task_1`; an empty one is None."""
    return value.rpartition(":")[2].strip() or None if value else None


def is_true(value: str | None, *, absent: bool = False) -> bool:
    """An `xsd:boolean`; `absent` where the attribute is missing."""
    return absent if value is None else value.strip() in ("true", "1")


def extension_attributes(node: Node) -> dict[str, str]:
    """The `camunda:` (or `operaton:`) attributes by local name."""
    named = ((etree.QName(str(key)), str(value)) for key, value in node.attrib.items())
    return {name.localname: value for name, value in named if name.namespace in EXTENSIONS}


def extensions(node: Node, tag: str | None = None) -> Iterator[Node]:
    """The `camunda:` (or `operaton:`) children of `extensionElements`, of this local name."""
    for holder in children(node, "extensionElements"):
        yield from (c for c in holder if namespace(c) in EXTENSIONS and tag in (None, local(c)))


def properties(node: Node) -> dict[str, str]:
    """`camunda:properties`: name → value; a name that stands twice keeps its last value."""
    return {p.get("name", ""): p.get("value", "") for holder in extensions(node, "properties") for p in holder
            if local(p) == "property" and p.get("name")}
