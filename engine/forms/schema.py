"""The deploy gate's part about forms: everything in a form-js schema that we could not honour."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from engine import expressions
from engine.errors import ExpressionError, Problem, Severity
from engine.expression_messages import explain
from engine.forms.fields import CHOOSING, COMPONENTS, KEYED, Component, feel, properties
from engine.forms.messages import problem_sentences

_KEY = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
_RESERVED = frozenset({"true", "false", "null", "if", "then", "else", "for", "in", "return", "some", "every", "satisfies", "and",
                       "or", "not", "between", "function", "instance", "of", "this", "parent", "i", "item", "partial"})
_WARNINGS = frozenset({"form_label_missing", "form_english_missing"})
_SUBTYPES = ("date", "time", "datetime")
_FORMATS = ("utc_offset", "utc_normalized", "no_timezone")
_MAX_DEPTH = 10

Check = tuple[str, dict[str, Any]]


def check_schema(schema: Any, file: str) -> list[Problem]:
    """Every problem of a form: components, keys, options, rules, FEEL. Errors mean that `fields` may not be called."""
    if not isinstance(schema, Mapping) or not isinstance(schema.get("components"), list):
        return [_problem("form_malformed", file, None, {"message": "components"})]
    return [*_check(schema, file, _MAX_DEPTH, set(), ""), *_ids(schema, file)]


def _ids(schema: Component, file: str) -> Iterator[Problem]:
    """form-js refuses to show a form in which an id stands twice, in lists and groups too."""
    found = Counter(_all_ids(schema, _MAX_DEPTH))
    for name in (name for name, times in found.items() if times > 1):
        yield _problem("form_id_twice", file, name, {"found": name})


def _all_ids(parent: Component, depth: int) -> Iterator[str]:
    inner = parent.get("components")
    for component in inner if isinstance(inner, list) and depth else ():
        if isinstance(component, Mapping):
            if isinstance(component.get("id"), str):
                yield component["id"]
            yield from _all_ids(component, depth - 1)


def _check(parent: Component, file: str, depth: int, taken: set[str], prefix: str) -> Iterator[Problem]:
    for component in parent["components"]:
        if not isinstance(component, Mapping) or depth == 0:
            yield _problem("form_malformed", file, None, {"message": "components"})
            continue
        name = str(component.get("key") or component.get("path") or component.get("id") or component.get("type"))
        for code, facts in _component(component, taken, prefix):
            yield _problem(code, file, name, facts)
        if component.get("type") in ("group", "dynamiclist"):
            if not isinstance(component.get("components"), list):
                yield _problem("form_malformed", file, name, {"message": "components"})
                continue
            path = component.get("path") if isinstance(component.get("path"), str) else ""
            is_list = component["type"] == "dynamiclist"
            inside = "" if is_list else ".".join(part for part in (prefix, path) if part)
            yield from _check(component, file, depth - 1, set() if is_list else taken, inside)


def _problem(code: str, file: str, field: str | None, facts: dict[str, Any]) -> Problem:
    facts = {**facts, "file": file, "field": field or "—"}
    zh, en = problem_sentences(code, facts)
    severity: Severity = "warning" if code in _WARNINGS else "error"
    return Problem(code, severity, file, None, field, zh, en, facts)


def _component(component: Component, taken: set[str], prefix: str) -> Iterator[Check]:
    kind = component.get("type")
    if kind not in COMPONENTS:
        yield "form_component_unsupported", {"found": kind, "choices": ", ".join(sorted(COMPONENTS))}
        return
    yield from _key(component, taken, prefix)
    yield from _conditions(component)
    if kind in KEYED:
        yield from _labels(component)
        yield from _rules(component)
    if kind in CHOOSING:
        yield from _options(component)


def _key(component: Component, taken: set[str], prefix: str) -> Iterator[Check]:
    kind = component["type"]
    key = component.get("key") if kind in KEYED else component.get("path")
    if kind not in KEYED and kind != "dynamiclist" and not (kind == "group" and key):
        return
    if not isinstance(key, str) or not _KEY.fullmatch(key) or _RESERVED & set(key.split(".")):
        yield "form_key_invalid", {"found": "" if key is None else key}
        return
    if kind == "group":
        return
    full = ".".join(part for part in (prefix, key) if part)
    if any(full == other or full.startswith(f"{other}.") or other.startswith(f"{full}.") for other in taken):
        yield "form_key_twice", {"found": full}
    taken.add(full)


def _conditions(component: Component) -> Iterator[Check]:
    condition = component.get("conditional")
    if condition is None:
        return
    hide = condition.get("hide") if isinstance(condition, Mapping) else condition
    if hide is not None and hide != "":
        yield from _feel(hide, "conditional.hide", is_test=True)


def _feel(text: Any, rule: str, *, is_test: bool = False) -> Iterator[Check]:
    inside = feel(text)
    if inside is None:
        yield _invalid(rule, text, "以 = 开头的 FEEL", "FEEL that begins with =")
        return
    try:
        findings = expressions.inspect(inside, is_test=is_test).findings
    except ExpressionError as error:
        zh, en = explain(error.facts)
    else:
        if not findings:
            return
        zh, en = explain({"reason": findings[0].reason, **findings[0].facts})
    yield "form_feel_invalid", {"rule": rule, "reason_zh": zh, "reason": en}


def _labels(component: Component) -> Iterator[Check]:
    if not (component.get("label") or component.get("dateLabel") or component.get("timeLabel")):
        yield "form_label_missing", {}
    elif not properties(component).get("label_en"):
        yield "form_english_missing", {}


def _options(component: Component) -> Iterator[Check]:
    if component.get("valuesExpression"):
        yield from _feel(component["valuesExpression"], "valuesExpression")
        return
    if component.get("valuesKey"):
        return
    options = component.get("values")
    if not isinstance(options, list) or not options:
        yield "form_options_missing", {}
        return
    seen: list[Any] = []
    for option in options:
        value = option.get("value") if isinstance(option, Mapping) else option
        if not isinstance(value, (str, int, float)) or value == "" or value in seen:
            yield "form_option_invalid", {"found": "" if value is None else str(value)}
        seen.append(value)


def _rules(component: Component) -> Iterator[Check]:
    validate = component.get("validate") or {}
    if not isinstance(validate, Mapping):
        yield _invalid("validate", validate, "对象", "an object")
        return
    for rule in ("min", "max", "minLength", "maxLength"):
        if rule in validate and validate[rule] is not None:
            yield from _limit(rule, validate[rule])
    yield from _pattern(validate.get("pattern"))
    yield from _one_of("validationType", validate.get("validationType"), ("", "custom", "email", "phone"))
    yield from _kind(component)


def _limit(rule: str, limit: Any) -> Iterator[Check]:
    if feel(limit) is not None:
        yield from _feel(limit, rule)
    elif not _is_decimal(limit):
        yield _invalid(rule, limit, "数字", "a number")


def _is_decimal(limit: Any) -> bool:
    try:
        return not isinstance(limit, bool) and Decimal(str(limit)).is_finite()
    except InvalidOperation:
        return False


def _pattern(pattern: Any) -> Iterator[Check]:
    if not pattern:
        return
    try:
        expressions.matches([(str(pattern), "")])
    except ExpressionError:
        yield _invalid("pattern", pattern, "正确的正则表达式", "a regular expression")


def _kind(component: Component) -> Iterator[Check]:
    if component["type"] == "datetime":
        yield from _one_of("subtype", component.get("subtype"), _SUBTYPES)
        yield from _one_of("timeSerializingFormat", component.get("timeSerializingFormat"), _FORMATS)
    if component["type"] == "number":
        yield from _one_of("money", properties(component).get("money"), ("cents",))
        yield from _where("decimalDigits", component.get("decimalDigits"), _is_count, "非负整数", "a whole number from 0")
        yield from _where("increment", component.get("increment"), _is_step, "正数", "a number above 0")


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 20


def _is_step(value: Any) -> bool:
    return value == "" or (_is_decimal(value) and Decimal(str(value)) > 0)


def _one_of(rule: str, found: Any, allowed: tuple[str, ...]) -> Iterator[Check]:
    yield from _where(rule, found, lambda value: value in allowed, " / ".join(allowed), " / ".join(allowed))


def _where(rule: str, found: Any, fits: Callable[[Any], bool], expected_zh: str, expected: str) -> Iterator[Check]:
    if found is not None and not fits(found):
        yield _invalid(rule, found, expected_zh, expected)


def _invalid(rule: str, found: Any, expected_zh: str, expected: str) -> Check:
    return "form_rule_invalid", {"rule": rule, "found": str(found)[:200], "expected_zh": expected_zh, "expected": expected}
