"""Submitted values → typed variables, by the rules by which the browser showed the form."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from engine import expressions
from engine.errors import ExpressionError, InvalidForm
from engine.forms import rules
from engine.forms.fields import CHOOSING, Field, choices, feel, fields
from engine.forms.values import UnreadableError, plain_number, read, screened, to_stored

MAX_ROWS = 200
_LIMITS = ("min", "max", "minLength", "maxLength")
_MISSING = object()

Values = Mapping[str, Any]


class Option(Protocol):
    """What a list of the server holds, as far as a form must know."""

    @property
    def value(self) -> Any:
        """The value that is stored."""


Lists = Callable[[str], Sequence[Option]]


def parse(schema: Values, submitted: Values, variables: Values, now: datetime, lists: Lists) -> dict[str, Any]:
    """The variables that a submitted form gives: typed, money in cents, without hidden and disabled fields.

    `submitted` is form-js's data (nested by path) or a plain HTML post (keys with dots, strings). `variables` are those
    that the form was shown with. Raises `InvalidForm(errors={key: [(code, facts), …]})`; a row's field is `list[2].key`.
    """
    known = fields(schema)
    submission = _Submission(now, lists, screened(known, variables))
    given = _nested(submitted)
    scope = _Scope(known, given, submission.shown, "", {})
    values = submission.take(scope)
    submission.refuse_unknown(given, scope)
    submission.check_patterns()
    if submission.errors:
        raise InvalidForm(errors=submission.errors)
    return values


@dataclass(slots=True)
class _Scope:
    """The form itself, or a row of a dynamic list: its fields, what was sent, what was there, its name in the errors."""

    fields: Sequence[Field]
    given: Values
    shown: Values
    prefix: str
    special: Values  # `this`, `parent`, `i` of a row
    values: dict[str, Any] = field(default_factory=dict)
    sent: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Submission:
    now: datetime
    lists: Lists
    shown: Values
    errors: dict[str, list[rules.Finding]] = field(default_factory=dict)
    patterns: list[tuple[Field, str, str, Values]] = field(default_factory=list)
    data: dict[str, Any] = field(default_factory=dict)
    options: dict[str, list[Any]] = field(default_factory=dict)

    def take(self, scope: _Scope) -> dict[str, Any]:
        """Read, hide and check one scope; its stored values."""
        for one in scope.fields:
            self._read(scope, one)
        hidden = self._hidden(scope)
        taken: dict[str, Any] = {}
        for one in scope.fields:
            if one.key in hidden:
                self._refuse_sent(scope, one, "hidden_field")
            elif one.is_disabled or one.is_readonly:
                self._refuse_sent(scope, one, "disabled_field" if one.is_disabled else "readonly_field")
            else:
                _put(taken, one.path, self._checked(scope, one))
        return taken

    def refuse_unknown(self, given: Values, scope: _Scope) -> None:
        """Every key that no field has is an error of its own."""
        for key in _leaves(given, {one.path for one in scope.fields}):
            self._add(f"{scope.prefix}{key}", ("unknown_field", {}))

    def check_patterns(self) -> None:
        """JavaScript's regular expressions are JavaScript's to try."""
        for name, finding in rules.patterns(self.patterns):
            self._add(name, finding)

    def _read(self, scope: _Scope, one: Field) -> None:
        raw = _dig(scope.given, one.path)
        value = _initial(one, scope.shown)
        if raw is not _MISSING:
            scope.sent.add(one.key)
            value = raw if one.type == "dynamiclist" else self._readable(scope, one, raw)
        _put(scope.values, one.path, value)

    def _readable(self, scope: _Scope, one: Field, raw: Any) -> Any:
        try:
            return read(one, raw, self._options(scope, one) if one.type in CHOOSING else ())
        except UnreadableError as problem:
            self._add(scope.prefix + one.key, (problem.code, problem.facts))
            return one.empty

    def _options(self, scope: _Scope, one: Field) -> list[Any]:
        if one.values_expression:
            found = self._feel(one.values_expression, scope, {**self.shown, **scope.given})
            return [choice.value for choice in choices(found)]
        if one.values_key:
            if one.values_key not in self.options:
                self.options[one.values_key] = [option.value for option in self.lists(one.values_key)]
            return self.options[one.values_key]
        return [choice.value for choice in one.options]

    def _hidden(self, scope: _Scope) -> frozenset[str]:
        """The keys of hidden fields. As form-js: conditions see everything first, then all but what was hidden by that."""
        before, seen = _plain(scope.values), _plain(scope.values)
        first = self._met(scope, before)
        for one in scope.fields:
            if one.key in first:
                _put(seen, one.path, None)
            elif one.key not in scope.sent and not (one.is_disabled or one.is_readonly):
                _put(seen, one.path, one.empty)
        second = first if seen == before else self._met(scope, seen)
        if not scope.prefix:
            self.data = {**self.shown, **seen}
        return frozenset(second)

    def _met(self, scope: _Scope, seen: Values) -> set[str]:
        texts = sorted({text for one in scope.fields for text in one.is_hidden_when})
        variables = {**self.shown, **self.data, **scope.special, **seen}
        if scope.special:
            variables = {**self.data, **scope.special, "this": seen, "_this_": seen}
        known = {**_nulls(texts, is_test=True), **variables}
        tests = [(text, expressions.NO_INPUT) for text in texts]
        met = dict(zip(texts, expressions.unary_tests(tests, known, self.now, on_failure=False), strict=True))
        return {one.key for one in scope.fields if any(met[text] for text in one.is_hidden_when)}

    def _refuse_sent(self, scope: _Scope, one: Field, code: str) -> None:
        """A field that could not be typed in may be sent as it was, or empty; anything else was made up."""
        name = scope.prefix + one.key
        value, before = _dig(scope.values, one.path), _initial(one, scope.shown)
        if one.key not in scope.sent:
            return
        if name in self.errors or value not in (before, one.default, one.empty, None):
            self.errors[name] = [(code, {})]

    def _checked(self, scope: _Scope, one: Field) -> Any:
        name = scope.prefix + one.key
        if one.type == "dynamiclist":
            return self._rows(scope, one)
        value = _dig(scope.values, one.path) if one.key in scope.sent else one.empty
        if name not in self.errors:
            validate = self._limits(scope, one)
            for finding in rules.findings(one, value, validate, self.now):
                self._add(name, finding)
            if validate.get("pattern") and isinstance(value, str) and value:
                self.patterns.append((one, name, value, validate))
        return to_stored(one, value)

    def _limits(self, scope: _Scope, one: Field) -> dict[str, Any]:
        validate = dict(one.component.get("validate") or {})
        for limit in _LIMITS:
            if text := feel(validate.get(limit)):
                validate[limit] = self._feel(text, scope, self.data)
        return validate

    def _feel(self, text: str, scope: _Scope, data: Values) -> Any:
        """A limit or a list of options by FEEL; as in form-js, one that cannot be evaluated is none."""
        try:
            return expressions.evaluate(text, {**_nulls([text]), **data, **scope.special}, self.now)
        except ExpressionError:
            return None

    def _rows(self, scope: _Scope, one: Field) -> list[dict[str, Any]]:
        name = scope.prefix + one.key
        given = _dig(scope.given, one.path) if one.key in scope.sent else []
        rows = [] if given is None else given
        if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
            self._add(name, ("not_a_list", {}))
            return []
        if len(rows) > MAX_ROWS:
            self._add(name, ("too_many_rows", {"limit": MAX_ROWS}))
            return []
        expected = _row_count(one, scope.shown)
        if expected is not None and len(rows) != expected:
            self._add(name, ("wrong_row_count", {"limit": expected}))
        return [self._row(scope, one, row, index) for index, row in enumerate(rows)]

    def _row(self, scope: _Scope, one: Field, row: Values, index: int) -> dict[str, Any]:
        before = _dig(scope.shown, one.path)
        shown = before[index] if isinstance(before, list) and index < len(before) and isinstance(before[index], Mapping) else {}
        outer = scope.special.get("i", [])
        special = {"i": [*outer, index + 1], "parent": scope.special.get("this", self.data)}
        special |= {f"_{key}_": value for key, value in special.items()}
        inner = _Scope(one.rows, _nested(row), shown, f"{scope.prefix}{one.key}[{index + 1}].", {**special, "this": row})
        taken = self.take(inner)
        self.refuse_unknown(inner.given, inner)
        return taken

    def _add(self, name: str, finding: rules.Finding) -> None:
        self.errors.setdefault(name, []).append(finding)


def _initial(one: Field, shown: Values) -> Any:
    before = _dig(shown, one.path)
    if before is _MISSING or before is None:
        before = one.default if one.default is not None else one.empty
    return Decimal(str(before)) if one.type == "number" and isinstance(before, (int, float)) else before


def _row_count(one: Field, shown: Values) -> int | None:
    """How many rows there must be where people may neither add nor remove one."""
    if one.component.get("allowAddRemove", True):
        return None
    before = _dig(shown, one.path)
    return len(before) if isinstance(before, list) else int(one.component.get("defaultRepetitions", 1))


def _nulls(texts: Sequence[str], *, is_test: bool = False) -> dict[str, Any]:
    """Every name that the texts read, as null: form-js gives null to a variable that is not there."""
    found: dict[str, Any] = {}
    for text in texts:
        try:
            found |= dict.fromkeys(expressions.inspect(text, is_test=is_test).names)
        except ExpressionError:
            continue
    return found


def _nested(values: Values) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for key, value in values.items():
        _put(nested, tuple(str(key).split(".")), value)
    return nested


def _dig(values: Any, path: Sequence[str]) -> Any:
    for part in path:
        if not isinstance(values, Mapping) or part not in values:
            return _MISSING
        values = values[part]
    return values


def _put(values: dict[str, Any], path: Sequence[str], value: Any) -> None:
    for part in path[:-1]:
        inner = values.get(part)
        values[part] = dict(inner) if isinstance(inner, Mapping) else {}
        values = values[part]
    values[path[-1]] = value


def _leaves(given: Values, known: set[tuple[str, ...]], path: tuple[str, ...] = ()) -> Iterator[str]:
    for key, value in given.items():
        here = (*path, key)
        if here in known:
            continue
        if isinstance(value, Mapping) and any(other[:len(here)] == here for other in known):
            yield from _leaves(value, known, here)
        else:
            yield ".".join(here)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return plain_number(value)
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value
