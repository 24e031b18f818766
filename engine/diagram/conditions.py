"""Conditions: how they are written, where they may stand, and that a gateway always has a way on."""

import re
from collections.abc import Iterator

from engine import expressions
from engine.diagram.completeness import is_complete
from engine.diagram.events import is_feel
from engine.diagram.model import Element, Flow, Process
from engine.diagram.names import Node, child, text
from engine.diagram.sources import Known, Source
from engine.errors import ExpressionError, Problem

DECIDING = ("exclusiveGateway", "inclusiveGateway")
NO_CONDITIONS = ("parallelGateway", "eventBasedGateway", "startEvent", "intermediateCatchEvent", "intermediateThrowEvent",
                 "boundaryEvent")
_DOLLAR = re.compile(r"[$#]\{(.*)\}", re.DOTALL)
_JUEL = ((r"==", "="), (r"&&", " and "), (r"\|\|", " or "), (r"!(?!=)\s*(\w[\w.]*)", r"not(\1)"), (r"'([^']*)'", r'"\1"'),
         (r"\beq\b", "="), (r"\bne\b", "!="), (r"\bgt\b", ">"), (r"\blt\b", "<"))


def problems(source: Source, known: Known) -> Iterator[Problem]:
    """The conditions of every sequence flow and multi-instance, and the defaults of every gateway and task."""
    for process in source.processes:
        for flow in process.flows.values():
            yield from _written(source, flow.id, child(source.nodes[flow.id], "conditionExpression"))
            yield from _placed(source, process, flow)
        for element in process.elements.values():
            loop = child(source.node(element), "multiInstanceLoopCharacteristics")
            yield from _written(source, element.id, child(loop, "completionCondition") if loop is not None else None)
            yield from _defaults(source, process, element, known)


def suggestion(written: str) -> str:
    """A condition of Camunda's expression language as FEEL, as far as it is the same in both.

    >>> suggestion("${!solved && amount == 'high'}")
    '= not(solved) and amount = "high"'
    """
    match = _DOLLAR.fullmatch(written.strip())
    feel = match[1] if match else written
    for pattern, replacement in _JUEL:
        feel = re.sub(pattern, replacement, feel)
    return "= " + " ".join(feel.split())


def _written(source: Source, name: str, node: Node | None) -> Iterator[Problem]:
    if node is None:
        return
    words = text(node)
    bare = words.removeprefix("=").strip()
    if not bare:
        yield source.problem("condition_empty", name, "conditionExpression")
    elif bare.startswith(("${", "#{")):
        yield source.problem("condition_dollar", name, "conditionExpression", text=words, suggestion=suggestion(bare))
    elif not is_feel(node):
        yield source.problem("condition_unmarked", name, "conditionExpression", text=words, example=_example(words))


def _example(written: str) -> str:
    """The condition with its mark if it can be read as FEEL, else any."""
    try:
        expressions.inspect(written)
    except ExpressionError:
        return "= approved = true"
    return f"= {written}"


def is_usable(source: Source, flow: Flow) -> bool:
    """Whether the flow's condition is written as FEEL."""
    node = child(source.nodes[flow.id], "conditionExpression")
    return node is not None and not list(_written(source, flow.id, node))


def _placed(source: Source, process: Process, flow: Flow) -> Iterator[Problem]:
    origin = process.elements.get(flow.source)
    if origin is None:
        return
    is_default = origin.default == flow.id
    if flow.condition is not None and origin.type in NO_CONDITIONS:
        yield source.problem("condition_not_allowed", flow.id, "conditionExpression", source=origin.id)
    elif flow.condition is not None and is_default:
        yield source.problem("default_has_condition", flow.id, "conditionExpression")
    elif flow.condition is None and not is_default and origin.type == "exclusiveGateway" and len(origin.outgoing) > 1:
        yield source.problem("condition_missing", flow.id, "conditionExpression", source=origin.id)


def _defaults(source: Source, process: Process, element: Element, known: Known) -> Iterator[Problem]:
    flows = process.following(element.id)
    has_way_on = element.default in element.outgoing or any(flow.condition is None for flow in flows)
    if not flows or has_way_on or element.type in NO_CONDITIONS:
        return
    if element.type == "inclusiveGateway":
        yield source.problem("inclusive_no_default", element.id, "default")
    elif element.type == "exclusiveGateway":
        is_written = all(is_usable(source, flow) for flow in flows)
        if is_written and not is_complete(process, element, [flow.condition or "" for flow in flows], known):
            yield source.problem("no_default", element.id, "default")
    elif len(flows) == 1:
        yield source.problem("lone_condition", element.id)
    else:
        yield source.problem("task_no_default", element.id, "default")
