"""What a step asks of its case, answered by FEEL, decision tables and mappings over its variables. Pure.

It implements `engine.spiff.environment.Environment`. Everything that must not happen inside the step (a message to
another case) is collected in `sent` for `engine/execution.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from engine import decisions, expressions
from engine.diagram.model import Element, IoMapping, Process
from engine.errors import ExpressionError, InvalidValue, LimitExceeded
from engine.variables import ScopedVariables

ITEMS = "loopItems"
FEEL_MARK = "="


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one transaction (details.md, Versions)."""

    steps: int = 20_000
    children: int = 1_000


@dataclass(frozen=True, slots=True)
class Sent:
    """A message thrown by an element: who may be waiting for it is looked up in another transaction."""

    process: str
    element: str
    token: int
    name: str
    correlation: Mapping[str, Any]
    variables: Mapping[str, Any]


@dataclass(slots=True)
class CaseEnvironment:
    """One case during one step: its definitions, variables and the moment."""

    processes: Mapping[str, Process]
    decisions: Mapping[str, decisions.Decision]
    variables: ScopedVariables
    now: datetime
    business_key: str = ""
    limits: Limits = Limits()
    sent: list[Sent] = field(default_factory=list)

    @property
    def max_steps(self) -> int:
        """How many elements one step may run."""
        return self.limits.steps

    @property
    def max_children(self) -> int:
        """How many instances a multi-instance activity may have."""
        return self.limits.children

    def element(self, process: str, element: str) -> Element:
        """The element's row."""
        return self.processes[process].elements[element]

    # ------------------------------------------------------------ scopes
    def opened(self, scope: int, outer: int, process: str, element: str | None, index: int | None) -> None:
        """A scope begins: a called process gets what its `camunda:in` mappings give, and sees nothing else."""
        if element is None:
            return
        activity = self.element(process, element)
        is_call = activity.type == "callActivity"
        given = self._mapped(activity.inputs, outer if index is None else scope) if is_call else {}
        self.variables.open(scope, outer, is_barrier=is_call)
        for name, value in given.items():
            self.variables.put(scope, name, value)

    def closed(self, scope: int, outer: int, process: str, element: str, index: int | None) -> None:
        """A scope ends: a called process hands back what its `camunda:out` mappings say."""
        del index
        activity = self.element(process, element)
        given = self._mapped(activity.outputs, scope) if activity.type == "callActivity" else {}
        self.variables.drop(scope)
        for name, value in given.items():
            self.variables.write(outer, name, value)

    def called(self, process: str, element: str, scope: int) -> str:
        """The key of the process that a call activity with `${name}` calls."""
        return str(self.value(self.element(process, element).called or "", scope))

    def _mapped(self, mappings: Sequence[IoMapping], scope: int) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for mapping in mappings:
            if mapping.is_business_key:
                continue
            if mapping.is_all:
                values |= self.variables.visible(scope)
            elif mapping.target:
                values[mapping.target] = self._source(mapping, scope)
        return values

    def _source(self, mapping: IoMapping, scope: int) -> Any:
        if mapping.source:
            return self.variables.read(scope, [mapping.source]).get(mapping.source)
        return self.value(mapping.expression or "", scope)

    # ------------------------------------------------------------ multi-instance
    def instances(self, process: str, element: str, scope: int, body: int) -> int:
        """How many instances there are; a collection is kept in the body's scope, as it was at the start."""
        loop = self.element(process, element).loop
        if loop is None:
            raise InvalidValue("no_multi_instance", field=element)
        self.variables.open(body, scope, is_barrier=False)
        count = self._collected(loop.collection, scope, body) if loop.collection else self._cardinality(
            loop.cardinality or "", scope)
        self.variables.put(body, "nrOfInstances", count)
        self.variables.put(body, "nrOfCompletedInstances", 0)
        return count

    def _cardinality(self, text: str, scope: int) -> int:
        count = int(text) if text.isascii() and text.isdigit() else self.value(text, scope)
        if isinstance(count, bool) or not isinstance(count, int | float) or count != int(count) or count < 0:
            raise InvalidValue("cardinality", field="loopCardinality", value=count)
        return int(count)

    def _collected(self, text: str, scope: int, body: int) -> int:
        name = text if text.isidentifier() else None
        items = self.variables.read(scope, [name]).get(name) if name else self.value(text, scope)
        if not isinstance(items, list):
            raise InvalidValue("collection", field="collection", value=text)
        if len(items) > self.max_children:
            raise LimitExceeded(limit="children", count=len(items))
        self.variables.put(body, ITEMS, items)
        return len(items)

    def child_opened(self, process: str, element: str, body: int, child: int, index: int) -> None:
        """An instance starts: it sees its `loopCounter` and its element of the collection."""
        self.variables.open(child, body, is_barrier=False)
        self.variables.put(child, "loopCounter", index)
        loop = self.element(process, element).loop
        if loop and loop.collection and loop.element_variable:
            self.variables.put(child, loop.element_variable, self.variables.local(body)[ITEMS][index])

    def child_closed(self, process: str, element: str, body: int, child: int) -> None:
        """An instance ended."""
        del process, element
        self.variables.drop(child)
        self.variables.put(body, "nrOfCompletedInstances", self.variables.local(body)["nrOfCompletedInstances"] + 1)

    def is_complete(self, process: str, element: str, body: int, done: int, total: int) -> bool:
        """Whether the completion condition ends the remaining instances."""
        del done, total
        loop = self.element(process, element).loop
        if loop is None or loop.completion_condition is None:
            return False
        return self._conditions([loop.completion_condition], body)[0]

    # ------------------------------------------------------------ expressions
    def choose(self, process: str, scope: int, flows: Sequence[str]) -> list[bool]:
        """The conditions of `flows`, in one call; after an exclusive gateway's first true one the others are not asked."""
        definition = self.processes[process]
        rows = [definition.flows[flow] for flow in flows]
        is_exclusive = definition.elements[rows[0].source].type == "exclusiveGateway"
        return self._conditions([row.condition or "" for row in rows], scope, until_true=is_exclusive)

    def _conditions(self, texts: Sequence[str], scope: int, *, until_true: bool = False) -> list[bool]:
        feel = [text.removeprefix(FEEL_MARK).strip() for text in texts]
        return expressions.conditions(feel, self._named(feel, scope), self.now, until_true=until_true)

    def _named(self, feel: Sequence[str], scope: int) -> dict[str, Any]:
        return self.variables.read(scope, {name for text in feel for name in expressions.names(text)})

    def value(self, text: str, scope: int) -> Any:
        """A literal, `${name}` or `= FEEL` of a definition, as seen from `scope`."""
        if text.startswith(FEEL_MARK):
            return expressions.value(text, self._named([text[1:].strip()], scope), self.now)
        name = text[2:-1].strip() if text.startswith("${") and text.endswith("}") else None
        known = self.variables.read(scope, [name]) if name else {}
        if name and name not in known:
            raise ExpressionError("unknown_name", expression=text, name=name)
        return expressions.value(text, known, self.now)

    def script(self, process: str, element: str, scope: int) -> None:
        """Run a FEEL script task; its value becomes the result variable."""
        task = self.element(process, element)
        feel = (task.script or "").strip().removeprefix(FEEL_MARK).strip()
        result = expressions.evaluate(feel, self._named([feel], scope), self.now)
        if name := task.attributes.get("resultVariable"):
            self.variables.write(scope, name, result)

    def decide_rule(self, process: str, element: str, scope: int) -> None:
        """Evaluate a business-rule task's decision; `mapDecisionResult` as in Camunda 7."""
        task = self.element(process, element)
        decision = self.decisions[task.attributes["decisionRef"]]
        result = decisions.evaluate(decision, self.variables.read(scope, decisions.names(decision)), self.now)
        mapped = map_result(result, task.attributes.get("mapDecisionResult", "resultList"))
        if name := task.attributes.get("resultVariable"):
            self.variables.write(scope, name, mapped)
        elif isinstance(mapped, dict):
            for key, value in mapped.items():
                self.variables.write(scope, key, value)

    def send(self, process: str, element: str, scope: int, token: int) -> None:
        """Note a thrown message: it is delivered by a job."""
        thrower = self.element(process, element)
        event = thrower.event
        if event is None or not event.name:
            return
        correlation = {key: self.value(text, scope) for key, text in event.correlation.items()}
        variables = self._mapped(thrower.inputs, scope)
        self.sent.append(Sent(process, element, token, str(self.value(event.name, scope)), correlation, variables))


def map_result(result: Any, how: str) -> Any:
    """`singleEntry`, `singleResult`, `collectEntries` or `resultList` of a decision's result (one dict, a list, or a value)."""
    rows = result if isinstance(result, list) else [] if result is None else [result]
    if how == "resultList":
        return rows
    if how == "collectEntries":
        return [_only(row) for row in rows]
    if len(rows) > 1:
        raise InvalidValue("several_results", field="mapDecisionResult", value=how)
    row = rows[0] if rows else None
    return _only(row) if how == "singleEntry" else row


def _only(row: Any) -> Any:
    return next(iter(row.values())) if isinstance(row, dict) and len(row) == 1 else row
