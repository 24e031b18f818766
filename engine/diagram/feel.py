"""Every expression of a diagram: FEEL that can be read, compares like with like, and gives what its place needs."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from engine import expressions
from engine.diagram.completeness import MOMENT
from engine.diagram.conditions import is_usable
from engine.diagram.events import is_feel
from engine.diagram.model import Element, Process
from engine.diagram.names import child
from engine.diagram.sources import Known, Source
from engine.diagram.variables import Variables, variables
from engine.errors import ExpressionError, Problem
from engine.expression_messages import explain

STOPPED = ("timeout", "memory")
VALUES = ("assignee", "dueDate", "followUpDate", "priority")


@dataclass(frozen=True, slots=True)
class Expression:
    """A text of the diagram: `is_feel` says it is FEEL already, else it is a literal, `${name}` or `= FEEL`."""

    element: str
    field: str
    text: str
    is_feel: bool = False
    is_condition: bool = False


def problems(source: Source, known: Known) -> Iterator[Problem]:
    """Syntax, types and constant values of all expressions; names that are nearly those of known variables."""
    is_patient = True
    for process in source.processes:
        scope = variables(source, process, known)
        for expression in _expressions(source, process):
            findings = list(_findings(expression, scope, is_patient=is_patient))
            is_patient = is_patient and not any(facts["reason"] in STOPPED for facts in findings)
            yield from (_problem(source, expression, facts) for facts in findings)
            if not findings:
                yield from _spelling(source, expression, scope)


def _expressions(source: Source, process: Process) -> Iterator[Expression]:
    for flow in process.flows.values():
        if is_usable(source, flow):
            yield Expression(flow.id, "conditionExpression", flow.condition or "", is_feel=True, is_condition=True)
    for element in process.elements.values():
        yield from _of_work(element)
        yield from _of_loop(source, element)
        yield from _of_event(element)


def _of_work(element: Element) -> Iterator[Expression]:
    if element.script and element.type == "scriptTask":
        yield Expression(element.id, "script", element.script, is_feel=True)
    for field in VALUES:
        if text := element.attributes.get(field):
            yield Expression(element.id, field, text)
    for mapping in (*element.inputs, *element.outputs):
        if mapping.expression and not mapping.is_business_key:
            yield Expression(element.id, "sourceExpression", mapping.expression)


def _of_loop(source: Source, element: Element) -> Iterator[Expression]:
    if element.loop is None:
        return
    if element.loop.cardinality:
        yield Expression(element.id, "loopCardinality", element.loop.cardinality)
    if element.loop.collection and not element.loop.collection.isidentifier():
        yield Expression(element.id, "collection", element.loop.collection)
    loop = child(source.node(element), "multiInstanceLoopCharacteristics")
    written = child(loop, "completionCondition") if loop is not None else None
    if element.loop.completion_condition and written is not None and is_feel(written):
        text = element.loop.completion_condition
        yield Expression(element.id, "completionCondition", text, is_feel=True, is_condition=True)


def _of_event(element: Element) -> Iterator[Expression]:
    if element.event is None:
        return
    if element.event.text:
        yield Expression(element.id, f"timer {element.event.timer}", element.event.text)
    if element.event.kind == "message" and element.event.name:
        yield Expression(element.id, "messageRef", element.event.name)
    for text in element.event.correlation.values():
        yield Expression(element.id, "correlation", text)


def _problem(source: Source, expression: Expression, facts: dict[str, Any]) -> Problem:
    zh, en = explain(facts)
    return source.problem("feel", expression.element, expression.field, text=expression.text, reason_zh=zh, reason_en=en)


def _findings(expression: Expression, scope: Variables, *, is_patient: bool) -> Iterator[dict[str, Any]]:
    """The facts of everything wrong with one expression; `is_patient` allows one more that may run into the limits."""
    if not expression.is_feel and "#{" in expression.text:
        yield {"reason": "unsupported_reference"}
        return
    try:
        read = _names(expression)
        feel = _feel(expression)
        if feel is not None:
            found = expressions.check_types(feel, scope.types, is_condition=expression.is_condition)
            yield from ({"reason": each.reason, **each.facts} for each in found)
            if not found and not read and is_patient:
                _evaluate(feel, is_condition=expression.is_condition)
    except ExpressionError as error:
        yield dict(error.facts)


def _names(expression: Expression) -> frozenset[str]:
    return expressions.names(expression.text) if expression.is_feel else expressions.value_names(expression.text)


def _feel(expression: Expression) -> str | None:
    if expression.is_feel:
        return expression.text
    return expression.text.strip().removeprefix("=") if expression.text.strip().startswith("=") else None


def _evaluate(feel: str, *, is_condition: bool) -> None:
    """FEEL that names no variable gives the same at run: it may as well fail now."""
    if is_condition:
        expressions.conditions([feel], {}, MOMENT)
    else:
        expressions.evaluate(feel, {}, MOMENT)


def _spelling(source: Source, expression: Expression, scope: Variables) -> Iterator[Problem]:
    """A name that nothing writes may still come with a start or a message, so only near misses are reported."""
    for name in sorted(_names(expression) - scope.given):
        alike = [other for other in scope.given if abs(len(other) - len(name)) <= 1]
        if near := difflib.get_close_matches(name, alike, 1, 0.88):
            hint_zh, hint_en = f"（是否指 {near[0]}？）", f" (did you mean {near[0]}?)"
            yield source.problem("unknown_variable", expression.element, expression.field, variable=name, hint_zh=hint_zh,
                                 hint_en=hint_en)
