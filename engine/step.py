"""One step of a case, from tokens and variables to tokens and variables. Pure: a live step and a recomputation share it.

After SpiffWorkflow has run, what each new user task offers (who may take it, when it is due) is evaluated; where that
fails the token stands before the task as an incident, so a wrong expression in a diagram never costs what a person did.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from engine import canonical
from engine.diagram.model import Element, Process
from engine.errors import EngineError, InvalidValue, StepRefused
from engine.evaluation import CaseEnvironment, Sent
from engine.spiff import mapping, place, run, steps, tokens
from engine.spiff.compile import Spec
from engine.spiff.steps import Outcome, Row, State, Step, Trace
from engine.variables import ROOT, ScopedVariables

PRIORITY = 50
VERSION = "fuwuflow 0.1, tokens 1, SpiffWorkflow 3.2.0"
"""What computed a step, for the record."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a token stands: its process, element and the scope whose variables it sees."""

    process: str
    element: str
    scope: int


@dataclass(frozen=True, slots=True)
class Offer:
    """What a new user task says of itself, evaluated when it was created."""

    token: int
    place: Place
    groups: tuple[str, ...]
    assignee: str | None
    office: str | None
    due: str | None
    follow_up: str | None
    priority: int


@dataclass(frozen=True, slots=True)
class Applied:
    """What one step came to."""

    state: State
    trace: tuple[Trace, ...]
    outcome: Outcome
    offers: tuple[Offer, ...]
    sent: tuple[Sent, ...]
    digest: str


def as_json(value: Step | Trace | None) -> dict[str, Any] | None:
    """A step or trace entry as the record keeps it: without what is None or empty."""
    if value is None:
        return None
    found = {field.name: getattr(value, field.name) for field in fields(value)}
    told = {name: list(each) if isinstance(each, tuple) else each for name, each in found.items()}
    return {"is": type(value).__name__} | {name: each for name, each in told.items() if each not in (None, [])}


def from_json(value: Mapping[str, Any] | None) -> Step | None:
    """The step that the record keeps."""
    if value is None:
        return None
    kind = {"Start": steps.Start, "Complete": steps.Complete, "Trigger": steps.Trigger, "ThrowError": steps.ThrowError,
            "Retry": steps.Retry, "Move": steps.Move, "Cancel": steps.Cancel}[value["is"]]
    found: Step = kind(**{name: each for name, each in value.items() if name != "is"})
    return found


def apply(spec: Spec, before: State, step: Step | None, environment: CaseEnvironment) -> Applied:
    """Apply `step` (None: only variables change) and evaluate the offers of the tasks that are new."""
    outcome = run.run(spec, before, step, environment) if step else _unmoved(spec, before)
    offers, failed = _offers(spec, before, outcome.state, environment)
    state = _parked(outcome.state, failed)
    environment.variables.keep_only(live_scopes(state))
    trace = (*outcome.trace, *_incidents(outcome.trace, failed))
    return Applied(state, trace, outcome, tuple(offers), tuple(environment.sent), state_digest(state, environment.variables))


def migrate(source: Spec, target: Spec, before: State, elements: mapping.Elements, environment: CaseEnvironment, *,
            known: dict[str, mapping.Mapped] | None = None) -> Applied:
    """Take a case of `source` to `target`; `offers` are those of all its tasks, as the target says them.

    `known` keeps what the mapping came to for tokens: cases that stand at the same place share it. Raises `StepRefused` as
    `mapping.mapped` does, and as `_carried` does.
    """
    if known is None:
        return _carried(target, before, mapping.mapped(source, target, before, elements), environment)
    key = canonical.dumps(before)
    if key not in known:
        known[key] = mapping.mapped(source, target, before, elements)
    return _carried(target, before, known[key], environment)


def restore(target: Spec, before: State, earlier: State, environment: CaseEnvironment) -> Applied:
    """Take a case back to the tokens `earlier`, those of `target` that it had before a move."""
    return _carried(target, before, mapping.restored(target, before, earlier), environment)


def _carried(target: Spec, before: State, found: mapping.Mapped, environment: CaseEnvironment) -> Applied:
    """Raises `StepRefused`: `scope_variables` (a sub-process that would go has entries of its own), `offer_failed`."""
    variables, state = environment.variables, found.state
    open_scopes(target, state, variables)
    for token in found.dissolved:
        if variables.has_local(token):
            raise StepRefused(reason="scope_variables", token=token, element=place_of(before, token).element)
    offers, failed = _offers(target, {"next": 1, "tokens": []}, state, environment)
    for token, problem in failed.items():
        raise StepRefused(reason="offer_failed", token=token, element=place_of(state, token).element, problem=problem)
    trace = (*(_passed("entered", state, token) for token in found.opened),
             *(_passed("cancelled", before, token) for token in found.dissolved))
    instance = place.place(target, state)
    outcome = Outcome(state, trace, tuple(tokens.subscriptions(instance)), tuple(tokens.waiting(instance)))
    return Applied(state, trace, outcome, tuple(offers), (), state_digest(state, variables))


def _passed(kind: Literal["entered", "cancelled"], state: State, token: int) -> Trace:
    spot = place_of(state, token)
    return Trace(kind, spot.element, spot.process, spot.scope, token, "subProcess")


def place_of(state: State, token: int) -> Place:
    """Where `token` of `state` stands. `KeyError` if it is not there."""
    return places(state)[token]


def places(state: State) -> dict[int, Place]:
    """Where every token stands."""
    processes: dict[int, str] = {}
    found: dict[int, Place] = {}
    for row in state["tokens"]:
        process = row["at"] if row["is"] == "process" else processes[row["in"]]
        found[row["id"]] = Place(process, row["at"], row["id"] if "i" in row else row["in"])
        processes[row["id"]] = str(row.get("calls") or process)
    return found


def open_scopes(spec: Spec, state: State, variables: ScopedVariables) -> None:
    """Make the scopes of `state` known to `variables`."""
    where = places(state)
    for row in state["tokens"]:
        has_inside = row["is"] == "scope" or row.get("past") == "inside"  # the latter: its mappings out failed
        if has_inside or row["is"] == "multi" or "i" in row:
            element = spec.processes[where[row["id"]].process].elements[row["at"]]
            is_call = element.type == "callActivity" and has_inside
            variables.open(row["id"], row["in"], is_barrier=is_call)


def live_scopes(state: State) -> set[int]:
    """The ids of the tokens that are still there: variables live no longer than their scope; the process's stay."""
    return {ROOT} | {row["id"] for row in state["tokens"]}


def state_digest(state: State, variables: ScopedVariables) -> str:
    """SHA-256 over tokens and variables, free of clocks."""
    return canonical.digest(canonical.dumps({"tokens": state, "variables": variables.digests()}))


def _unmoved(spec: Spec, state: State) -> Outcome:
    return Outcome(state, (), tuple(place.subscriptions(spec, state)))


def _offers(spec: Spec, before: State, after: State, environment: CaseEnvironment) -> tuple[list[Offer], dict[int, str]]:
    known = {row["id"] for row in before["tokens"] if row["is"] == "task"}
    new = [row for row in after["tokens"] if row["is"] == "task" and row["id"] not in known]
    if not new:
        return [], {}
    where, offers, failed = places(after), [], {}
    for row in new:
        try:
            offers.append(_offer(spec.processes, row["id"], where[row["id"]], environment))
        except EngineError as problem:
            failed[row["id"]] = str(problem)
    return offers, failed


def _offer(processes: Mapping[str, Process], token: int, place: Place, environment: CaseEnvironment) -> Offer:
    element = processes[place.process].elements[place.element]
    given = {name: _evaluated(element, name, place.scope, environment)
             for name in ("assignee", "dueDate", "followUpDate", "priority")}
    office = environment.variables.read(place.scope, ["office"]).get("office")
    return Offer(
        token, place, tuple(split(element.attributes.get("candidateGroups", ""))), _text(given["assignee"]), _text(office),
        _text(given["dueDate"]), _text(given["followUpDate"]), _priority(given["priority"], element.id))


def _evaluated(element: Element, name: str, scope: int, environment: CaseEnvironment) -> Any:
    text = element.attributes.get(name)
    return environment.value(text, scope) if text else None


def split(text: str) -> Iterable[str]:
    """The parts of a comma-separated attribute."""
    return (part.strip() for part in text.split(",") if part.strip())


def _text(value: Any) -> str | None:
    return None if value in (None, "") else str(value)


def _priority(value: Any, element: str) -> int:
    if value is None:
        return PRIORITY
    try:
        return max(0, min(int(value), 100))
    except (TypeError, ValueError) as problem:
        raise InvalidValue("priority", field="priority", value=value, element=element) from problem


def _parked(state: State, failed: Mapping[int, str]) -> State:
    if not failed:
        return state
    return {"next": state["next"], "tokens": [_waits_before(row, failed) for row in state["tokens"]]}


def _waits_before(row: Row, failed: Mapping[int, str]) -> Row:
    if row["id"] not in failed:
        return row
    parked = row.copy()
    parked["is"], parked["error"] = "incident", failed[row["id"]]
    return parked


def _incidents(trace: Iterable[Trace], failed: Mapping[int, str]) -> list[Trace]:
    return [replace(entry, kind="incident", error=failed[entry.token])
            for entry in trace if entry.kind == "entered" and entry.token in failed]

