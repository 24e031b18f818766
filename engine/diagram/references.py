"""Ids: their form, and that every reference of an executable process points at something of the right kind."""

import re
from collections.abc import Iterator

from engine.diagram.model import Flow, Process
from engine.diagram.names import Node, children, local, reference, text
from engine.diagram.sources import Source
from engine.errors import Problem

MAX_ID, MAX_NAME, MAX_DOCUMENTATION, MAX_VALUE = 200, 500, 20_000, 4_000
_ID = re.compile(r"[^\W\d][\w.\-]*")
_ROOTS = {"messageRef": "message", "errorRef": "error", "escalationRef": "escalation", "signalRef": "signal",
          "dataObjectRef": "dataObject", "dataStoreRef": "dataStore"}
_ASSOCIATIONS = ("dataInputAssociation", "dataOutputAssociation")


def problems(source: Source) -> Iterator[Problem]:
    """Unusable ids, texts that are too long, and references that lead nowhere or to the wrong kind of thing."""
    for process in source.processes:
        yield from _ids(source, process)
        for flow in process.flows.values():
            yield from _flow(source, process, flow)
        yield from _elements(source, process)
        for node in source.nodes[process.id].iter():
            yield from _named_refs(source, node)
            yield from _texts(source, node)


def _ids(source: Source, process: Process) -> Iterator[Problem]:
    for name in (process.id, *process.elements, *process.flows):
        if len(name) > MAX_ID or not _ID.fullmatch(name):
            yield source.problem("bad_id", name, "id", limit=MAX_ID)


def _flow(source: Source, process: Process, flow: Flow) -> Iterator[Problem]:
    ends = {"sourceRef": flow.source, "targetRef": flow.target}
    for field, ref in ends.items():
        if ref not in process.elements:
            yield _lost(source, flow.id, field, ref, "flow node")
    scopes = {process.elements[ref].scope for ref in ends.values() if ref in process.elements}
    if scopes and scopes != {flow.scope}:
        yield source.problem("flow_crosses_scope", flow.id, source=flow.source, target=flow.target)


def _elements(source: Source, process: Process) -> Iterator[Problem]:
    for element in process.elements.values():
        if element.default and element.default not in process.flows:
            yield _lost(source, element.id, "default", element.default, "sequenceFlow")
        elif element.default and process.flows[element.default].source != element.id:
            yield source.problem("default_not_outgoing", element.id, "default", ref=element.default)
        if element.type == "boundaryEvent":
            host = process.elements.get(element.attached_to or "")
            if host is None:
                yield _lost(source, element.id, "attachedToRef", element.attached_to or "", "flow node")
            elif host.scope != element.scope:
                yield source.problem("boundary_other_scope", element.id, "attachedToRef", host=host.id)


def _lost(source: Source, element: str | None, field: str, ref: str, wanted: str) -> Problem:
    found = source.nodes.get(ref)
    if found is None:
        return source.problem("unresolved", element, field, ref=ref or "∅")
    return source.problem("wrong_reference", element, field, ref=ref, found=local(found), wanted=wanted)


def _named_refs(source: Source, node: Node) -> Iterator[Problem]:
    for field, wanted in _ROOTS.items():
        ref = reference(node.get(field))
        found = source.nodes.get(ref or "")
        if ref and (found is None or local(found) != wanted):
            yield _lost(source, source.owner(node), field, ref, wanted)
    if local(node) in _ASSOCIATIONS:
        for end in children(node, "sourceRef", "targetRef"):
            if text(end) not in source.nodes:
                yield source.problem("unresolved", source.owner(node), local(end), ref=text(end) or "∅")
    if local(node) == "lane":
        for ref in map(text, children(node, "flowNodeRef")):
            if ref not in source.nodes:
                yield source.problem("lane_unresolved", node.get("id"), "flowNodeRef", ref=ref)


def _texts(source: Source, node: Node) -> Iterator[Problem]:
    limits = {"documentation": MAX_DOCUMENTATION, "conditionExpression": MAX_VALUE, "script": MAX_VALUE}
    if (limit := limits.get(local(node))) and len(text(node)) > limit:
        yield source.problem("text_too_long", source.owner(node), local(node), found=len(text(node)), limit=limit)
    for field, value in node.attrib.items():
        limit = MAX_NAME if field == "name" else MAX_VALUE
        if len(value) > limit:
            short = str(field).rpartition("}")[2]
            yield source.problem("text_too_long", source.owner(node), short, found=len(value), limit=limit)
