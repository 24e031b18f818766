"""The OMG's XML schema of BPMN 2.0, applied whole: every violation, with the element it stands in.

The schema files are those that SpiffWorkflow ships; they are found beside it without importing it (docs/decisions.md).
A departure that loses nothing (the order of children, a picture) is a warning: diagrams from other tools have many.
"""

import importlib.util
import re
import threading
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import cast

from lxml import etree

from engine.diagram.names import BPMN, BPMNDI, Node, bpmn, local, namespace
from engine.diagram.picture import drawn
from engine.diagram.read import NOT_FLOW_NODES
from engine.diagram.sources import Source
from engine.errors import Problem

MOST = 50
"""More violations than this say the same thing: the file is not BPMN 2.0."""
DATA = frozenset({
    "dataInputAssociation", "dataOutputAssociation", "ioSpecification", "dataInput", "dataOutput", "inputSet", "outputSet",
    "interface", "operation", "itemDefinition", "dataStore", "dataObject", "dataObjectReference", "dataStoreReference",
    "property", "resourceRole", "performer", "humanPerformer", "potentialOwner", "resource", "collaboration", "category",
    "textAnnotation", "association", "group", "extension", "relationship", "laneSet", "ioBinding",
})
"""Nothing in these is executed; the ids that they point at are checked by `references`."""
EXPRESSIONS = frozenset({
    "conditionExpression", "completionCondition", "loopCardinality", "timeDate", "timeDuration", "timeCycle", "script",
})
CHINESE = (
    (r"Element '(.+?)': This element is not expected", "这里不应有元素 {}"),
    (r"Element '(.+?)': The attribute '(.+?)' is required but missing", "元素 {} 缺少属性 {}"),
    (r"Element '(.+?)', attribute '(.+?)': The attribute .* is not allowed", "元素 {} 不可以有属性 {}"),
    (r"Element '(.+?)': Missing child element\(s\)\. Expected is (?:one of )?\( (.+?) \)", "元素 {} 缺少子元素 {}"),
    (r"Element '(.+?)', attribute '(.+?)': '(.*?)' is not a valid value", "元素 {} 的属性 {} 的值“{}”不可用"),
    (r"Element '(.+?)': '(.*?)' is not a valid value", "元素 {} 的值“{}”不可用"),
    (r"Element '(.+?)': Character content is not allowed", "元素 {} 中不可以有文字"),
)
_lock = threading.Lock()
"""A compiled schema keeps the log of its last validation, so one thread at a time."""


def problems(source: Source) -> Iterator[Problem]:
    """Every violation of the schema, as an error if it may change what runs."""
    prefixes = {prefix: uri for node in source.root.iter() for prefix, uri in node.nsmap.items() if prefix}
    for entry in _violations(source.root):
        node = _node(source.root, entry.path, prefixes)
        element = drawn(node) or source.owner(node)
        yield source.problem(_code(node, entry), element, line=entry.line, message_zh=_chinese(entry.message),
                             message_en=_plain(entry.message))


@cache
def _schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(_folder() / "BPMN20.xsd")))


def _folder() -> Path:
    spec = importlib.util.find_spec("SpiffWorkflow")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("the BPMN 2.0 schema, shipped with SpiffWorkflow")
    return Path(spec.submodule_search_locations[0], "bpmn", "parser", "schema")


def _violations(root: Node) -> list[etree._LogEntry]:
    with _lock:
        _schema().validate(root)
        log: Iterable[etree._LogEntry] = cast("Iterable[etree._LogEntry]", _schema().error_log)  # its stub says nothing
        return list(log)[:MOST]


def _node(root: Node, path: str | None, prefixes: dict[str, str]) -> Node:
    try:
        found = root.xpath(path, namespaces=prefixes) if path else []
    except etree.XPathError:  # a prefix that means two things in one file
        found = []
    return found[0] if isinstance(found, list) and found and isinstance(found[0], etree._Element) else root


def _code(node: Node, entry: etree._LogEntry) -> str:
    around = (node, *node.iterancestors())
    if any(namespace(n) == BPMNDI for n in around):
        return "schema_picture"
    is_unused = any(local(n) in DATA for n in around if namespace(n) == BPMN)
    return "schema_lenient" if is_unused or _is_harmless(node, entry) else "schema"


def _is_harmless(node: Node, entry: etree._LogEntry) -> bool:
    """An id that repeats or has odd characters is judged by `read` and `references`, where it matters."""
    is_attribute = "attribute '" in entry.message
    if "'xs:ID'" in entry.message or (is_attribute and local(node) in EXPRESSIONS):
        return True
    if local(node) == "definitions":
        return "targetNamespace" in entry.message
    return entry.type_name == "SCHEMAV_ELEMENT_CONTENT" and "not expected" in entry.message and _is_only_misplaced(node)


def _is_only_misplaced(node: Node) -> bool:
    """A child that BPMN knows, where its parent may have it, but not in this order."""
    parent = node.getparent()
    if parent is None or namespace(node) != BPMN or bpmn(local(node)) not in _known_tags():
        return False
    is_scope = local(parent) in ("process", "subProcess")
    if local(node) in ("documentation", "extensionElements", "incoming", "outgoing"):
        return parent.find(node.tag) is node or local(node) in ("incoming", "outgoing", "documentation")
    return is_scope and (local(node) in NOT_FLOW_NODES or not local(node).endswith("EventDefinition"))


@cache
def _known_tags() -> frozenset[str]:
    tree = etree.parse(str(_folder() / "Semantic.xsd"))
    return frozenset(bpmn(str(node.get("name"))) for node in tree.iter("{http://www.w3.org/2001/XMLSchema}element"))


def _plain(message: str) -> str:
    return re.sub(r"\{[^}]*\}", "", message).rstrip(".")


def _chinese(message: str) -> str:
    """The same in Chinese for what libxml2 says most; the rest stays as it is."""
    words = _plain(message)
    for pattern, sentence in CHINESE:
        if match := re.match(pattern, words):
            return sentence.format(*match.groups())
    return words
