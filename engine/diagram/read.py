"""Bytes to `Diagram`, safely: nothing is fetched, expanded, evaluated or imported, and depth and size are bounded."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping

from engine.diagram import elements
from engine.diagram.codes import problem
from engine.diagram.model import Diagram, Element, Flow, Process
from engine.diagram.names import (
    BPMN,
    Node,
    children,
    extension_attributes,
    is_true,
    local,
    properties,
    reference,
    text,
)
from engine.diagram.picture import shapes
from engine.errors import DeploymentRefused, Problem
from engine.xml import XmlRefused, parse

NOT_FLOW_NODES = frozenset({
    "association", "auditing", "correlationSubscription", "dataInputAssociation", "dataObject", "dataObjectReference",
    "dataOutputAssociation", "dataStoreReference", "documentation", "extensionElements", "group", "incoming", "ioBinding",
    "ioSpecification", "laneSet", "monitoring", "multiInstanceLoopCharacteristics", "outgoing", "property", "resourceRole",
    "sequenceFlow", "standardLoopCharacteristics", "supportedInterfaceRef", "supports", "textAnnotation", "performer",
    "humanPerformer", "potentialOwner", "artifact", "categoryValueRef", "completionCondition",
})
"""What may stand in a process or sub-process beside its flow nodes; a tag that is not here is taken for a flow node."""


def read(data: bytes, file: str) -> Diagram:
    """The diagram in `data`; `file` is the name to report it by.

    Raises `DeploymentRefused` when there is no model to be had: not XML, not BPMN, a node without id, an id twice.
    Anything else that is wrong stays visible in the model, for `check` to name.
    """
    return model(tree(data, file), data, file)


def tree(data: bytes, file: str) -> Node:
    """The `definitions` element, parsed with the same safety. Raises `DeploymentRefused`."""
    try:
        root = parse(data, file)
    except XmlRefused as refusal:
        raise DeploymentRefused([problem(refusal.code, **refusal.facts)]) from None
    if root.tag != f"{{{BPMN}}}definitions":
        raise DeploymentRefused([problem("not_bpmn", file=file, tag=root.tag)])
    return root


def model(root: Node, data: bytes, file: str) -> Diagram:
    """The model of a parsed file. Raises `DeploymentRefused` for missing and repeated ids."""
    if problems := list(_identity(root, file)):
        raise DeploymentRefused(problems)
    roots = {str(node.get("id")): node for node in children(root) if node.get("id")}
    participants = {reference(p.get("processRef")): p for p in root.iter(f"{{{BPMN}}}participant")}
    processes = [_process(node, participants, roots) for node in children(root, "process")]
    return Diagram(
        file=file, sha256=hashlib.sha256(data).hexdigest(), processes={p.id: p for p in processes},
        messages={i: node.get("name", "") for i, node in roots.items() if local(node) == "message"}, shapes=shapes(root),
    )


def flow_nodes(scope: Node) -> list[Node]:
    """The flow nodes that stand directly in a process or sub-process."""
    return [c for c in children(scope) if local(c) not in NOT_FLOW_NODES]


def scopes(process: Node) -> Iterator[Node]:
    """The process and every sub-process in it, outer before inner, in document order."""
    todo = [process]
    while todo:
        scope = todo.pop()
        yield scope
        todo.extend(reversed([c for c in children(scope) if local(c) in elements.CONTAINERS]))


def _identity(root: Node, file: str) -> Iterator[Problem]:
    """Ids of what the model has rows for, and of what they refer to; other ids may repeat without harm."""
    seen: set[str] = set()
    rows = [row for process in children(root, "process") for row in (process, *_rows(process))]
    for node in (*rows, *(child for child in children(root) if local(child) != "process")):
        name = node.get("id")
        if name in seen:
            yield problem("duplicate_id", file=file, element=name, line=node.sourceline)
        seen |= {name} if name else set()
    for node in rows:
        if not node.get("id"):
            yield problem("missing_id", file=file, tag=local(node), line=node.sourceline, label=node.get("name", ""))


def _rows(process: Node) -> Iterator[Node]:
    for scope in scopes(process):
        yield from flow_nodes(scope)
        yield from children(scope, "sequenceFlow")


def _process(node: Node, participants: Mapping[str | None, Node], roots: Mapping[str, Node]) -> Process:
    name, own = str(node.get("id")), properties(node)
    flows = {flow.id: flow for scope in scopes(node) for flow in _flows(scope)}
    return Process(
        id=name, name=_name(node) or _name(participants.get(name)),
        name_en=own.get("name_en", "").strip(), is_executable=is_true(node.get("isExecutable")),
        elements=_elements(node, flows, roots), flows=flows, lanes=tuple(_lane_name(lane) for lane in _lanes(node)),
        properties=own, attributes=extension_attributes(node), documentation=elements.documentation(node),
    )


def _name(node: Node | None) -> str:
    return node.get("name", "").strip() if node is not None else ""


def _flows(scope: Node) -> Iterator[Flow]:
    return (elements.flow(node, str(scope.get("id"))) for node in children(scope, "sequenceFlow"))


def _elements(process: Node, flows: Mapping[str, Flow], roots: Mapping[str, Node]) -> dict[str, Element]:
    incoming, outgoing = defaultdict(list), defaultdict(list)
    for flow in flows.values():
        incoming[flow.target].append(flow.id)
        outgoing[flow.source].append(flow.id)
    found, lanes, key = {}, _lane_of(process), str(process.get("id"))
    english = {_lane_name(lane): properties(lane).get("name_en", "") for lane in _lanes(process)}
    for scope in scopes(process):
        for node in flow_nodes(scope):
            name = str(node.get("id"))
            lanes.setdefault(name, lanes.get(str(scope.get("id"))))
            place = elements.Place(key, str(scope.get("id")), lanes[name], tuple(incoming[name]), tuple(outgoing[name]),
                                   english.get(lanes[name] or "", ""))
            found[name] = elements.element(node, place, roots)
    return found


def _lanes(process: Node) -> Iterator[Node]:
    return process.iter(f"{{{BPMN}}}lane")


def _lane_name(lane: Node) -> str:
    return _name(lane) or lane.get("id", "")


def _lane_of(process: Node) -> dict[str, str | None]:
    """Element id → name of the innermost lane that names it (an inner lane stands after its outer one in the file)."""
    return {text(ref): _lane_name(lane) for lane in _lanes(process) for ref in children(lane, "flowNodeRef")}


