"""FEEL (DMN 1.3 §10): evaluated, inspected and type-checked by feelin, which `engine/v8.py` holds.

An expression sees the variables that it names and the time that it is given: no clock, no files, no Python. It is stopped at
`Limits`; what fails is an `ExpressionError`, whose words `expression_messages.explain` has.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from engine.errors import ExpressionError
from engine.v8 import Limits, call, close, configure

__all__ = ["NO_INPUT", "Finding", "Inspection", "Limits", "check_types", "check_unary_test", "close", "conditions", "configure",
           "evaluate", "evaluate_many", "hits", "inspect", "matches", "names", "unary_tests", "value", "value_names"]

ZONE = "Asia/Shanghai"
MAX_CHARACTERS = 20_000
NO_INPUT = object()
_REFERENCE = re.compile(r"\$\{\s*([^\W\d]\w*)\s*\}")

Types = Mapping[str, "str | Types"]
"""Variable name → `string number boolean date time list context unknown`, or a mapping for a context with known entries."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that cannot fit in an expression: `reason` (of `expression_messages`), where (characters), and its facts."""

    reason: str
    position: int
    end: int
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a parse tells: the result's `kind`, all `names` that may be variables, those that must be, and the findings."""

    kind: str
    names: frozenset[str]
    required: frozenset[str]
    findings: tuple[Finding, ...]


def evaluate(expression: str, variables: Mapping[str, Any], now: datetime, zone: str = ZONE) -> Any:
    """The value of one expression as JSON types; dates as ISO text. Raises `ExpressionError`."""
    return evaluate_many([expression], variables, now, zone)[0]


def evaluate_many(expressions: Sequence[str], variables: Mapping[str, Any], now: datetime, zone: str = ZONE) -> list[Any]:
    """The values of several expressions over the same variables, in one call. The first failure is raised."""
    return _run([{"text": text} for text in expressions], _named(expressions, variables), now, zone)


def conditions(expressions: Sequence[str], variables: Mapping[str, Any], now: datetime, zone: str = ZONE, *,
               until_true: bool = False) -> list[bool]:
    """One boolean an expression, in one call; anything else than true and false is an `ExpressionError`.

    `until_true`: as an exclusive gateway reads them, those after the first true are not evaluated and are false.
    """
    calls = [{"text": text} for text in expressions]
    values = _run(calls, _named(expressions, variables), now, zone, until_true=until_true, only=bool)
    return values + [False] * (len(expressions) - len(values))


def unary_tests(tests: Sequence[tuple[str, Any]], variables: Mapping[str, Any], now: datetime, zone: str = ZONE, *,
                on_failure: bool | None = None) -> list[bool]:
    """Whether each input value fits its DMN input entry (`< 5`, `"a","b"`, `-`), in one call.

    With `NO_INPUT` for the value the text is a condition of its own, as form-js reads `conditional.hide`. `on_failure`
    is the answer for a test that cannot be evaluated; without it the first failure is raised.
    """
    readable = [text for text, _ in tests if on_failure is None or _is_readable(text)]
    wanted = frozenset[str]().union(*(inspect(text, is_test=True).names for text in readable))
    calls = [{"text": text, "isTest": True, **({} if value is NO_INPUT else {"input": value})} for text, value in tests]
    known = {name: variables[name] for name in wanted if name in variables}
    if on_failure is None:
        return _run(calls, known, now, zone, only=bool)
    answers = call("run", _request(calls, known, now, zone), "; ".join(text for text, _ in tests)) if calls else []
    return [answer["value"] if isinstance(answer.get("value"), bool) else on_failure for answer in answers]


def hits(inputs: Sequence[str], rows: Sequence[Sequence[str]], variables: Mapping[str, Any], now: datetime,
         zone: str = ZONE) -> list[int]:
    """The numbers of the rows of a decision table whose input entries all fit the values of the inputs, in one call.

    An `ExpressionError` says the `column` where it happened, and the `row` if it was an entry.
    """
    tests = {test for row in rows for test in row if test != "-"}
    wanted = frozenset[str]().union(*(names(text) for text in inputs), *(inspect(test, is_test=True).names for test in tests))
    known = {name: variables[name] for name in wanted if name in variables}
    request = _scope(known, now, zone) | {"inputs": list(inputs), "rows": [list(row) for row in rows]}
    answer = call("hits", request, "; ".join(inputs))
    failure = answer.get("failure", {}).get("facts", {})
    found = rows[failure["row"]][failure["column"]] if "row" in failure else inputs[failure["column"]] if failure else ""
    return list(_result(answer, found))


def matches(tests: Sequence[tuple[str, str]]) -> list[bool]:
    """Whether each `(pattern, text)` matches as JavaScript's regular expressions do (form-js's `validate.pattern`)."""
    answers = call("matches", {"tests": list(tests)}, "; ".join(pattern for pattern, _ in tests))
    return [bool(_result(answer, pattern)) for answer, (pattern, _) in zip(answers, tests, strict=True)]


def names(expression: str) -> frozenset[str]:
    """The variables that an expression may read. In a filter `list[price > 3]` an entry of the list's items counts too."""
    return inspect(expression).names


@lru_cache(maxsize=4_096)
def inspect(expression: str, *, is_test: bool = False) -> Inspection:
    """Read an expression without any types. Raises `ExpressionError` (`syntax`)."""
    return _inspect(expression, {}, is_test=is_test, is_closed=False, input_type=None)


def check_types(expression: str, types: Types, *, is_closed: bool = False, is_condition: bool = True) -> list[Finding]:
    """What cannot fit when variables have these types: unlike types compared, a condition that is not boolean.

    `is_closed`: there are no other variables, so another name is a finding. A syntax error is a finding too.
    """
    try:
        found = _inspect(expression, types, is_test=False, is_closed=is_closed, input_type=None)
    except ExpressionError as error:
        return [_finding_of(error)]
    if is_condition and not found.findings and found.kind not in ("boolean", "unknown"):
        return [Finding("not_boolean", 0, len(expression), {"found": found.kind})]
    return list(found.findings)


def check_unary_test(test: str, input_type: str, types: Types) -> list[Finding]:
    """What cannot fit in a DMN input entry for an input of this type (`unknown` fits all)."""
    try:
        return list(_inspect(test, types, is_test=True, is_closed=False, input_type=input_type).findings)
    except ExpressionError as error:
        return [_finding_of(error)]


def value(text: str, variables: Mapping[str, Any], now: datetime, zone: str = ZONE) -> Any:
    """The dialect's form outside of conditions: `= FEEL`, `${name}` (one variable as it is), or the text itself."""
    if text.lstrip().startswith("="):
        return evaluate(text.lstrip()[1:], variables, now, zone)
    name = _reference(text)
    if name is None:
        return text
    if name not in variables:
        raise ExpressionError(expression=text, reason="unknown_name", position=text.index(name), end=len(text), name=name)
    return variables[name]


def value_names(text: str) -> frozenset[str]:
    """The variables that `value(text, …)` reads. Raises `ExpressionError` as it would for its form."""
    if text.lstrip().startswith("="):
        return names(text.lstrip()[1:])
    name = _reference(text)
    return frozenset() if name is None else frozenset((name,))


# ------------------------------------------------------------------ inside


def _reference(text: str) -> str | None:
    stripped = text.strip()
    match = _REFERENCE.fullmatch(stripped)
    if match is None and "${" in stripped:  # `Order ${id}` would be half done in silence
        raise ExpressionError(expression=text, reason="unsupported_reference", position=text.index("${"), end=len(text))
    return match[1] if match else None


def _named(expressions: Sequence[str], variables: Mapping[str, Any]) -> dict[str, Any]:
    wanted = frozenset[str]().union(*(names(text) for text in expressions))
    return {name: variables[name] for name in wanted if name in variables}


def _run(calls: list[dict[str, Any]], variables: dict[str, Any], now: datetime, zone: str, *,
         until_true: bool = False, only: type | None = None) -> list[Any]:
    if not calls:
        return []
    request = _request(calls, variables, now, zone) | {"untilTrue": until_true}
    answers = call("run", request, "; ".join(call["text"] for call in calls))
    return [_value_of(answer, call["text"], only) for answer, call in zip(answers, calls, strict=False)]


def _request(calls: list[dict[str, Any]], variables: dict[str, Any], now: datetime, zone: str) -> dict[str, Any]:
    return _scope(variables, now, zone) | {"calls": calls}


def _scope(variables: dict[str, Any], now: datetime, zone: str) -> dict[str, Any]:
    return {"variables": variables, "now": round(now.timestamp() * 1000), "zone": zone}


def _is_readable(test: str) -> bool:
    try:
        inspect(test, is_test=True)
    except ExpressionError:
        return False
    return True


def _value_of(answer: dict[str, Any], expression: str, only: type | None) -> Any:
    found = _result(answer, expression)
    if only is not None and not isinstance(found, only):
        raise ExpressionError(expression=expression, reason="not_boolean", position=0, end=len(expression),
                              found="null" if found is None else json.dumps(found, ensure_ascii=False)[:200])
    return found


def _inspect(expression: str, types: Types, *, is_test: bool, is_closed: bool, input_type: str | None) -> Inspection:
    if len(expression) > MAX_CHARACTERS:
        raise ExpressionError(expression=expression[:100], reason="too_large", position=0, end=MAX_CHARACTERS)
    answer = call("inspect", {"expression": expression, "types": _plain(types), "isTest": is_test, "isClosed": is_closed,
                               "input": input_type}, expression)
    found = _result(answer, expression)
    findings = tuple(Finding(f["reason"], f["from"], f["to"], f["facts"]) for f in found["findings"])
    return Inspection(found["kind"], frozenset(found["names"]), frozenset(found["required"]), findings)


def _plain(types: Types) -> dict[str, Any]:
    return {name: kind if isinstance(kind, str) else _plain(kind) for name, kind in types.items()}


def _result(answer: dict[str, Any], expression: str) -> Any:
    failure = answer.get("failure")
    if failure is None:
        return answer.get("value")
    raise ExpressionError(expression=expression, reason=failure["reason"], position=failure.get("from"), end=failure.get("to"),
                          **failure.get("facts", {}))


def _finding_of(error: ExpressionError) -> Finding:
    facts = {name: fact for name, fact in error.facts.items() if name not in ("expression", "reason", "position", "end")}
    return Finding(error.facts["reason"], error.facts["position"] or 0, error.facts["end"] or 0, facts)
