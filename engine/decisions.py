"""Decision tables (DMN 1.1–1.3 §8): read, checked, evaluated by FEEL. Pure.

Hit policies U, F, A, R and C with the aggregations SUM, MIN, MAX, COUNT. A table takes two calls to V8: the inputs with the
tests of all rules, and the results of those that fit. Not executed, and refused: other decisions as inputs, expressions in
another language than FEEL, boxed expressions.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lxml import etree

from engine import expressions, xml
from engine.errors import ExpressionError, InvalidValue

POLICIES = {"UNIQUE": "U", "FIRST": "F", "ANY": "A", "RULE ORDER": "R", "COLLECT": "C"}
AGGREGATIONS = ("SUM", "MIN", "MAX", "COUNT")
TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,), "boolean": (bool,), "number": (int, float), "integer": (int,), "long": (int,), "double": (int, float),
    "date": (str,), "dateTime": (str,), "date and time": (str,), "time": (str,),
}
KINDS = {"string": "string", "boolean": "boolean", "number": "number", "integer": "number", "long": "number", "double": "number"}
"""What a typeRef is in FEEL; dates are left open, as they come as text or as dates."""
NAMESPACES = ("https://www.omg.org/spec/DMN/", "http://www.omg.org/spec/DMN/")


@dataclass(frozen=True, slots=True)
class Input:
    """A column of tests: the FEEL `expression` whose value they look at."""

    label: str
    expression: str
    type: str | None


@dataclass(frozen=True, slots=True)
class Output:
    """A column of results: the variable `name` that they get, their type, and the FEEL for when no rule fits."""

    name: str
    label: str
    type: str | None
    default: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """A row: one unary test an input (`-` fits all), one FEEL expression an output."""

    id: str
    tests: tuple[str, ...]
    results: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision table. `hit_policy` is U, F, A, R or C; `aggregation` SUM, MIN, MAX, COUNT or None."""

    key: str
    name: str
    hit_policy: str
    aggregation: str | None
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    rules: tuple[Rule, ...]
    name_en: str = ""


# ------------------------------------------------------------------ read
def parse(data: bytes, file: str) -> list[Decision]:
    """The decision tables of a DMN file.

    Raises `XmlRefused`, `InvalidValue` (facts `field`, `element`, `value`, `file`) or `ExpressionError` with the same facts.
    """
    root = xml.parse(data, file)
    if not _is(root, "definitions"):
        raise InvalidValue("no_decision", field="definitions", value=etree.QName(root).localname, file=file, element=None)
    found = [_decision(node, file) for node in root if _is(node, "decision")]
    if not found:
        raise InvalidValue("no_decision", field="decision", value=None, file=file, element=root.get("id"))
    return found


def _is(node: etree._Element, name: str) -> bool:
    qualified = etree.QName(node)
    return qualified.localname == name and (qualified.namespace or "").startswith(NAMESPACES)


def _inside(node: etree._Element, name: str) -> list[etree._Element]:
    return [child for child in node if _is(child, name)]


def _decision(node: etree._Element, file: str) -> Decision:
    key = node.get("id") or ""
    tables = _inside(node, "decisionTable")
    if not key or not tables:
        raise InvalidValue("no_decision_table", field="decisionTable", value=None, file=file, element=key or None)
    table = tables[0]
    policy = POLICIES.get(table.get("hitPolicy", "UNIQUE"))
    aggregation = table.get("aggregation")
    if policy is None or (aggregation and (policy != "C" or aggregation not in AGGREGATIONS)):
        raise InvalidValue("hit_policy", field="hitPolicy", value=table.get("hitPolicy"), file=file, element=key)
    _refuse_unexecuted(node, key, file)
    decision = Decision(key, node.get("name") or key, policy, aggregation, tuple(_inputs(table)), tuple(_outputs(table)),
                        tuple(_rules(table)), _english(node))
    _require_whole(decision, file)
    return decision


def _english(node: etree._Element) -> str:
    """The property `name_en`, as diagrams have it."""
    found = node.find('{*}extensionElements/{*}properties/{*}property[@name="name_en"]')
    return found.get("value", "") if found is not None else ""


def _refuse_unexecuted(node: etree._Element, key: str, file: str) -> None:
    """What would change the result if it were passed over."""
    for inner in node.iter():
        if _is(inner, "requiredDecision"):
            raise InvalidValue("decision_requirement", field="requiredDecision", value=inner.get("href"), file=file, element=key)
        language = inner.get("expressionLanguage")
        if language and "feel" not in language.lower():
            raise InvalidValue("decision_language", field="expressionLanguage", value=language, file=file, element=key)


def _text(node: etree._Element) -> str:
    return next(((child.text or "").strip() for child in node if _is(child, "text")), "")


def _inputs(table: etree._Element) -> Iterator[Input]:
    for node in _inside(table, "input"):
        asked = _inside(node, "inputExpression")
        yield Input(node.get("label") or "", _text(asked[0]) if asked else "", asked[0].get("typeRef") if asked else None)


def _outputs(table: etree._Element) -> Iterator[Output]:
    for node in _inside(table, "output"):
        default = _inside(node, "defaultOutputEntry")
        yield Output(node.get("name") or "", node.get("label") or "", node.get("typeRef"), _text(default[0]) if default else "")


def _rules(table: etree._Element) -> Iterator[Rule]:
    for number, node in enumerate(_inside(table, "rule"), 1):
        tests = tuple(_text(entry) or "-" for entry in _inside(node, "inputEntry"))
        results = tuple(_text(entry) for entry in _inside(node, "outputEntry"))
        yield Rule(node.get("id") or f"rule {number}", tests, results)


def _require_whole(decision: Decision, file: str) -> None:
    """Every row fits the columns, every expression can be read."""
    facts: dict[str, Any] = {"file": file, "element": decision.key}
    if not decision.outputs or (len(decision.outputs) > 1 and any(not each.name for each in decision.outputs)):
        raise InvalidValue("decision_output", field="output", value=None, **facts)
    if decision.aggregation and len(decision.outputs) != 1:
        raise InvalidValue("decision_output", field="aggregation", value=decision.aggregation, **facts)
    for rule in decision.rules:
        if (len(rule.tests), len(rule.results)) != (len(decision.inputs), len(decision.outputs)):
            raise InvalidValue("decision_rule", field=rule.id, value=None, **facts)
    for text, is_test in _expressions(decision):
        try:
            expressions.inspect(text, is_test=is_test)
        except ExpressionError as problem:
            raise ExpressionError(problem.code, **{**problem.facts, **facts}) from problem
    for rule in decision.rules:
        _require_fitting_types(decision, rule, facts)


def _require_fitting_types(decision: Decision, rule: Rule, facts: Mapping[str, Any]) -> None:
    """A test can be true for its input's type, and a result is of its output's."""
    for each, test in zip(decision.inputs, rule.tests, strict=True):
        for found in expressions.check_unary_test(test, KINDS.get(each.type or "", "unknown"), {}):
            raise ExpressionError(expression=test, reason=found.reason, position=found.position, end=found.end,
                                  rule=rule.id, **found.facts, **facts)
    for output, text in zip(decision.outputs, rule.results, strict=True):
        kind, expected = expressions.inspect(text).kind if text else "unknown", KINDS.get(output.type or "", "unknown")
        if kind not in ("unknown", "nil", expected) and expected != "unknown":
            raise InvalidValue("decision_type", field=output.name, value=text, rule=rule.id, expected=output.type, **facts)


def _expressions(decision: Decision) -> Iterator[tuple[str, bool]]:
    yield from ((each.expression, False) for each in decision.inputs)
    yield from ((output.default, False) for output in decision.outputs if output.default)
    for rule in decision.rules:
        yield from ((test, True) for test in rule.tests if test != "-")
        yield from ((result, False) for result in rule.results if result)


def names(decision: Decision) -> frozenset[str]:
    """The variables that a table may read."""
    return frozenset().union(*(expressions.inspect(text, is_test=is_test).names for text, is_test in _expressions(decision)))


# ------------------------------------------------------------------ evaluate
def evaluate(decision: Decision, variables: Mapping[str, Any], now: datetime) -> dict[str, Any] | list[dict[str, Any]] | None:
    """What the table says: output name → value; a list of these for R and C; None where no rule fits (U, F, A).

    An aggregation gives one value under the output's name. Raises `ExpressionError`, or `InvalidValue` naming table and
    rules where several rules fit a unique table, those of an "any" table differ, or a value is not of the output's type.
    """
    hits = _hits(decision, variables, now)
    rows = _results(decision, hits[:1] if decision.hit_policy == "F" else hits, variables, now)
    if decision.hit_policy in "RC":
        return _collected(decision, rows)
    if (decision.hit_policy == "U" and len(hits) > 1) or any(row != rows[0] for row in rows):
        raise InvalidValue("several_rules", field=decision.key, value=[rule.id for rule in hits], element=decision.key)
    return rows[0] if rows else None


def _hits(decision: Decision, variables: Mapping[str, Any], now: datetime) -> list[Rule]:
    try:
        found = expressions.hits([each.expression for each in decision.inputs], [rule.tests for rule in decision.rules],
                                 variables, now)
    except ExpressionError as problem:
        row = problem.facts.get("row")
        where = {"element": decision.key, "rule": None if row is None else decision.rules[row].id}
        raise ExpressionError(problem.code, **{**problem.facts, **where}) from problem
    return [decision.rules[number] for number in found]


def _results(decision: Decision, hits: Sequence[Rule], variables: Mapping[str, Any], now: datetime) -> list[dict[str, Any]]:
    """The rows of the rules that fit; if none does, the row of the defaults, if there are any."""
    if not hits and any(output.default for output in decision.outputs):
        hits = [Rule("default", (), tuple(output.default for output in decision.outputs))]
    try:
        values = iter(expressions.evaluate_many([text or "null" for rule in hits for text in rule.results], variables, now))
    except ExpressionError as problem:
        rule_id = next((rule.id for rule in hits if problem.facts["expression"] in rule.results), None)
        raise ExpressionError(problem.code, **{**problem.facts, "element": decision.key, "rule": rule_id}) from problem
    rows = [(rule, {output.name: next(values) for output in decision.outputs}) for rule in hits]
    for rule, row in rows:
        for output in decision.outputs:
            _require_type(decision, rule, output, row[output.name])
    return [row for _, row in rows]


def _require_type(decision: Decision, rule: Rule, output: Output, value: Any) -> None:
    expected = TYPES.get(output.type or "")
    is_right = value is None or expected is None or (
        isinstance(value, expected) and isinstance(value, bool) == (bool in expected))
    if not is_right:
        raise InvalidValue("decision_type", field=output.name, value=value, element=decision.key, rule=rule.id,
                           expected=output.type)


def _collected(decision: Decision, rows: list[dict[str, Any]]) -> dict[str, Any] | list[dict[str, Any]]:
    if decision.aggregation is None:
        return rows
    name = decision.outputs[0].name
    values = [row[name] for row in rows if row[name] is not None]
    if decision.aggregation == "COUNT":
        return {name: len(values)}
    if any(isinstance(value, bool) or not isinstance(value, int | float) for value in values):
        raise InvalidValue("decision_type", field=name, value=values, element=decision.key, expected="number")
    if decision.aggregation == "SUM":
        return {name: sum(values)}
    return {name: (min if decision.aggregation == "MIN" else max)(values, default=None)}
