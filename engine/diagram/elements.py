"""Flow nodes and sequence flows of a BPMN file as rows of `model`."""

from collections.abc import Mapping
from dataclasses import dataclass

from engine.diagram.events import condition_text, definitions, event_of, is_interrupting, value_text
from engine.diagram.model import Element, Flow, IoMapping, MultiInstance
from engine.diagram.names import (
    Node,
    child,
    children,
    extension_attributes,
    extensions,
    is_true,
    local,
    properties,
    reference,
    text,
)

CONTAINERS = ("subProcess", "transaction", "adHocSubProcess")
"""Flow nodes that hold flow nodes."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node stands: its process and scope, its lane, and the flows that touch it, in document order."""

    process: str
    scope: str
    lane: str | None
    incoming: tuple[str, ...]
    outgoing: tuple[str, ...]
    lane_en: str = ""


def element(node: Node, place: Place, roots: Mapping[str, Node]) -> Element:
    """The row of one flow node."""
    own = properties(node)
    return Element(
        id=node.get("id", ""), type=local(node), name=node.get("name", "").strip(), name_en=own.get("name_en", "").strip(),
        process=place.process, scope=place.scope, lane=place.lane, documentation=documentation(node),
        properties=own, attributes=_attributes(node), incoming=place.incoming, outgoing=place.outgoing,
        default=reference(node.get("default")), event=event_of(node, roots),
        attached_to=reference(node.get("attachedToRef")), is_interrupting=is_interrupting(node),
        loop=_loop(node), called=_called(node), inputs=_mappings(node, "in"), outputs=_mappings(node, "out"),
        is_event_sub_process=is_true(node.get("triggeredByEvent")), script=_script(node),
        lane_en=place.lane_en,
    )


def flow(node: Node, scope: str) -> Flow:
    """The row of one sequence flow."""
    return Flow(
        id=node.get("id", ""), name=node.get("name", "").strip(), name_en=properties(node).get("name_en", "").strip(),
        source=reference(node.get("sourceRef")) or "", target=reference(node.get("targetRef")) or "", scope=scope,
        condition=condition_text(child(node, "conditionExpression")),
    )


def documentation(node: Node) -> str:
    """The text of all `documentation` children."""
    return "\n\n".join(filter(None, (text(d) for d in children(node, "documentation"))))


def _attributes(node: Node) -> dict[str, str]:
    """An event's definition may carry `camunda:` attributes too (topic of a message event): they count as the event's."""
    return {k: v for part in (*definitions(node), node) for k, v in extension_attributes(part).items()}


def _loop(node: Node) -> MultiInstance | None:
    loop = child(node, "multiInstanceLoopCharacteristics")
    if loop is None:
        return None
    own, item = extension_attributes(loop), child(loop, "inputDataItem")
    return MultiInstance(
        is_sequential=is_true(loop.get("isSequential")), cardinality=value_text(child(loop, "loopCardinality")),
        collection=own.get("collection") or text(child(loop, "loopDataInputRef")) or None,
        element_variable=own.get("elementVariable") or (item.get("name") if item is not None else None),
        completion_condition=condition_text(child(loop, "completionCondition")),
    )


def _called(node: Node) -> str | None:
    """The key of the called process; a computed one (`${…}`) is kept as written, for the check to refuse."""
    written = node.get("calledElement", "").strip()
    return written if "{" in written else reference(written)


def _mappings(node: Node, tag: str) -> tuple[IoMapping, ...]:
    return tuple(_mapping(m) for part in (node, *definitions(node)) for m in extensions(part, tag))


def _mapping(node: Node) -> IoMapping:
    return IoMapping(
        source=node.get("source"), expression=node.get("sourceExpression") or node.get("businessKey"),
        target=node.get("target"), is_all=node.get("variables") == "all", is_business_key=node.get("businessKey") is not None,
    )


def _script(node: Node) -> str | None:
    return condition_text(child(node, "script")) if local(node) == "scriptTask" else None
