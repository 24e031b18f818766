"""What leads and administrators do to a case beside its diagram: send back, skip, change a variable; and what it would do.

Suspending, resuming and ending a case are in `instances`, a due date in `tasks`. Each asks for a reason and stands on the
record under a name of its own. `preview` runs the very step that `intervene` takes and writes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, assert_never

import sqlalchemy as sa

from engine import bundles, buttons, canonical, due_dates, execution, forms, identity, plain_entries, step, waiting
from engine.bundles import Bundle
from engine.change import Change
from engine.diagram.model import Element
from engine.due_dates import Together
from engine.errors import Conflict, Forbidden, InvalidValue
from engine.execution import Command
from engine.forms import Field
from engine.instances import lists_of
from engine.plain_entries import Kind
from engine.spiff import moves
from engine.spiff.steps import Cancel, Complete, Move, Row, State
from engine.step import Offer
from engine.tables import INTERVENTIONS, activity_instance, job, task
from engine.unit_of_work import UnitOfWork
from engine.variables import ROOT, ScopedVariables

COMMANDS = frozenset(INTERVENTIONS)
"""The commands on the record that are interventions."""
KEPT = frozenset({"starter", "office", "loopCounter", "loopItems", "nrOfInstances", "nrOfCompletedInstances"})
"""Variables that the engine itself goes by."""
STEPS_OF_PEOPLE = ("userTask", "manualTask", "receiveTask", "subProcess", "callActivity")
"""What a case is sent back to."""
REASON_LENGTH = 1_000
VISIBLE = frozenset({"task", "job", "event", "choice", "scope", "multi", "incident"})



@dataclass(frozen=True, slots=True)
class SendBack:
    """The waiting `token` goes to the activity `target` in the scope of the token `scope` (1: the process)."""

    token: int
    target: str
    scope: int


@dataclass(frozen=True, slots=True)
class Skip:
    """The user task at `token` counts as done without its form; `answer` is the value of the button chosen, if it has any."""

    token: int
    answer: str = ""


@dataclass(frozen=True, slots=True)
class SetVariable:
    """The variable `name` of `scope` becomes `entry`, read as the form's field of that name does, or as `kind` says."""

    scope: int
    name: str
    entry: Any
    kind: Kind = "form"


@dataclass(frozen=True, slots=True)
class Terminate:
    """The case ends where it stands; done by `instances.terminate`, here only to be looked at before."""


Intervention = SendBack | Skip | SetVariable | Terminate


@dataclass(frozen=True, slots=True)
class Spot:
    """A token at an element of a process; `error` says why it stopped there."""

    token: int
    kind: str
    process: str
    element: Element
    error: str = ""


@dataclass(frozen=True, slots=True)
class Effect:
    """What an intervention does: the tokens that go, come and stay, the tasks that are offered, a variable before and after.

    `version` is that of the case it was computed for: `intervene(seen=…)` refuses another.
    """

    version: int
    element: Element | None
    withdrawn: tuple[Spot, ...]
    begun: tuple[Spot, ...]
    stays: tuple[Spot, ...]
    offers: tuple[Offer, ...]
    before: Any
    after: Any
    ends: bool

    @property
    def incidents(self) -> tuple[Spot, ...]:
        """Where the case would stop for a technical failure."""
        return tuple(spot for spot in self.begun if spot.kind == "incident")


@dataclass(frozen=True, slots=True)
class Target:
    """Where a token can be sent back to; `is_around`: the activity that it is in, to be begun anew as a whole."""

    scope: int
    process: str
    element: Element
    is_around: bool


# ------------------------------------------------------------------ verbs
def intervene(uow: UnitOfWork, case_id: str, intervention: SendBack | Skip | SetVariable, *, reason: str,
              seen: int | None = None) -> None:
    """Do it. `seen` is the version of the case that the effect was shown for; `Conflict` when the case has moved since.

    Raises `Forbidden`, `InvalidValue` (no reason, an entry that does not fit), `InvalidForm`, `StepRefused`, `Conflict`.
    """
    row = _permitted(uow, uow.lock_instance(case_id))
    reason = _reason(reason)
    if seen is not None and seen != row.version:
        raise Conflict("case_moved", id=row.id, business_key=row.business_key)
    command = _command(uow, row, intervention, reason)
    if isinstance(intervention, Skip):
        _withdraw(uow, row, intervention.token)
    execution.advance(uow, row, command)
    uow.makes_jobs = True


def preview(uow: UnitOfWork, case_id: str, intervention: Intervention) -> Effect:
    """What it would do. Refused exactly as `intervene` would, a missing reason apart."""
    row = _permitted(uow, uow.lock_instance(case_id))
    command = _command(uow, row, intervention, "")
    change = execution.tried(uow, row, command)
    return _effect(change, command)


def preview_due(uow: UnitOfWork, waits: sa.Row[Any], due_at: datetime) -> Together:
    """What `tasks.set_due` would move with the open task `waits`. `InvalidValue` for a date that it refuses."""
    row = _permitted(uow, uow.lock_instance(waits.instance_id))
    due_dates.check(uow, due_at)
    return due_dates.together(uow, row, waits)


def timers(uow: UnitOfWork, row: sa.Row[Any]) -> list[sa.Row[Any]]:
    """The armed timers of a case, soonest first: what stands still while it is suspended."""
    return uow.rows(sa.select(job).where(job.c.instance_id == row.id, job.c.kind == "timer", job.c.state == "open",
                                         job.c.token.is_not(None)).order_by(job.c.due_at, job.c.id))


def targets(uow: UnitOfWork, row: sa.Row[Any], token: int) -> list[Target]:
    """Where the waiting `token` of the case `row` can go back to: steps of people that it left, latest first, then what it is in.

    Automatic steps are not offered: what they wrote would be written again with nobody's work before it.
    """
    bundle, state = bundles.load(uow, row.bundle_id), canonical.loads(row.tokens)
    around = _around(state, token)
    query = sa.select(activity_instance).where(
        activity_instance.c.instance_id == row.id, activity_instance.c.end_state == "left",
        activity_instance.c.scope.in_([each["in"] for each in around]), activity_instance.c.type.in_(STEPS_OF_PEOPLE))
    left = [(r.scope, r.process_key, r.element, False) for r in uow.rows(query.order_by(activity_instance.c.seq.desc()))]
    where = step.places(state)
    whole = [(each["in"], where[each["id"]].process, each["at"], True) for each in around
             if each["id"] != token and each["is"] in ("scope", "multi")]
    found = dict.fromkeys((scope, process, element) for scope, process, element, _ in [*left, *whole])
    outer = {(scope, process, element) for scope, process, element, _ in whole}
    return [Target(scope, process, bundle.element(process, element), (scope, process, element) in outer)
            for scope, process, element in found
            if moves.is_possible(bundle.spec, state, Move(token, element, scope))]


def fields(bundle: Bundle) -> dict[str, Field]:
    """Variable → the form field that asks for it; one that can be typed in before one that only shows it."""
    found: dict[str, Field] = {}
    for schema in bundle.forms.values():
        for field in forms.fields(schema):
            is_better = field.key not in found or found[field.key].is_readonly or found[field.key].is_disabled
            if len(field.path) == 1 and is_better:
                found[field.key] = field
    return found


def may_change(name: str) -> bool:
    """Whether a variable is people's to change."""
    return name not in KEPT


# ------------------------------------------------------------------ what it asks of the case
def _command(uow: UnitOfWork, row: sa.Row[Any], intervention: Intervention, reason: str) -> Command:
    match intervention:
        case SendBack():
            return _send_back(uow, row, intervention, reason)
        case Skip():
            return _skip(uow, row, intervention, reason)
        case SetVariable():
            return _set_variable(uow, row, intervention, reason)
        case Terminate():
            return Command("terminate", Cancel(), inputs={"reason": reason}, status="terminated")
        case _:
            assert_never(intervention)


def _send_back(uow: UnitOfWork, row: sa.Row[Any], asked: SendBack, reason: str) -> Command:
    found = [each for each in targets(uow, row, asked.token) if (each.scope, each.element.id) == (asked.scope, asked.target)]
    if not found:
        raise Conflict("no_way_back", id=row.id, element=asked.target)
    spot = step.place_of(canonical.loads(row.tokens), asked.token)
    inputs = {"reason": reason, "process": found[0].process, "token": asked.token, "from": spot.element,
              "from_process": spot.process}
    return Command("send_back", Move(asked.token, asked.target, asked.scope), asked.target, inputs=inputs)


def _skip(uow: UnitOfWork, row: sa.Row[Any], asked: Skip, reason: str) -> Command:
    waits, element = _task(uow, row, asked.token)
    bundle = bundles.load(uow, row.bundle_id)
    schema = bundle.forms.get(element.attributes.get("formRef", ""))
    offered = buttons.buttons(bundle.processes, element, schema)
    spot = step.place_of(canonical.loads(row.tokens), asked.token)
    chosen = next((each for each in offered if each.value == asked.answer), None)
    if offered and chosen is None:
        raise InvalidValue("answer_missing", field="answer", value=asked.answer)
    values = {}
    if chosen:
        values[chosen.field] = _parsed(uow, row, _form_field(schema, chosen.field), chosen.value, scope=spot.scope)
    inputs = {"reason": reason, "task": waits.id, "token": asked.token, "process": spot.process, "answer": asked.answer,
              "assignee": waits.assignee}
    return Command("skip", Complete(asked.token), element.id, values, spot.scope, inputs)


def _set_variable(uow: UnitOfWork, row: sa.Row[Any], asked: SetVariable, reason: str) -> Command:
    bundle, state = bundles.load(uow, row.bundle_id), canonical.loads(row.tokens)
    if not may_change(asked.name) or not asked.name.isidentifier():
        raise InvalidValue("variable_kept", field="name", value=asked.name)
    if asked.scope not in step.live_scopes(state):
        raise Conflict("case_moved", id=row.id, business_key=row.business_key)
    known = fields(bundle).get(asked.name)
    is_asked = known is not None and asked.kind == "form"
    if is_asked and known:
        value = _parsed(uow, row, known, asked.entry, scope=asked.scope)
    else:
        value = plain_entries.read(asked.name, asked.entry, asked.kind)
    before = _variables(uow, row, state).read(asked.scope, [asked.name])
    inputs = {"reason": reason, "variable": asked.name, "before": before.get(asked.name), "after": value}
    return Command("set_variable", None, None, {asked.name: value}, asked.scope, inputs)


def _form_field(schema: Mapping[str, Any] | None, key: str) -> Field:
    return next(field for field in forms.fields(schema or {}) if field.key == key)


def _parsed(uow: UnitOfWork, row: sa.Row[Any], field: Field, entry: Any, *, scope: int) -> Any:
    """One entry as its form would take it, but for what hides the field, locks it or makes it required."""
    component = {key: part for key, part in field.component.items() if key not in ("conditional", "readonly", "disabled")}
    component["validate"] = {key: part for key, part in (component.get("validate") or {}).items() if key != "required"}
    seen = _variables(uow, row, canonical.loads(row.tokens)).visible(scope)
    values = forms.parse({"components": [component]}, {field.key: entry}, seen, uow.now, lists_of(uow, row.office))
    return values[field.key]


def _variables(uow: UnitOfWork, row: sa.Row[Any], state: State) -> ScopedVariables:
    return execution.load_variables(uow, row.id, bundles.load(uow, row.bundle_id), state)


def _task(uow: UnitOfWork, row: sa.Row[Any], token: int) -> tuple[sa.Row[Any], Element]:
    """The open task at a token. `Conflict` if it is not open any more."""
    waits = uow.row(sa.select(task).where(task.c.id == waiting.task_id(row.id, token), task.c.state == "open"))
    if waits is None:
        raise Conflict("case_moved", id=row.id, business_key=row.business_key)
    return waits, bundles.load(uow, row.bundle_id).element(waits.process_key, waits.element)


def _withdraw(uow: UnitOfWork, row: sa.Row[Any], token: int) -> None:
    """A skipped task was nobody's work: its row ends as a withdrawn one's does."""
    waits, _ = _task(uow, row, token)
    waiting.announce(uow, row, [waits._asdict()])
    uow.later(sa.update(task).where(task.c.id == waits.id).values(
        state="cancelled", ended_at=uow.now, revision=waits.revision + 1))


def _permitted(uow: UnitOfWork, row: sa.Row[Any]) -> sa.Row[Any]:
    if not identity.may_intervene(uow, row):
        raise Forbidden("may_not_intervene", id=row.id)
    return row


def _reason(text: str) -> str:
    if not text.strip():
        raise InvalidValue("reason_missing", field="reason", value=text)
    if len(text) > REASON_LENGTH:
        raise InvalidValue("reason_long", field="reason", value=text[:50], limit=REASON_LENGTH)
    return text.strip()


# ------------------------------------------------------------------ what it does
def _effect(change: Change, command: Command) -> Effect:
    before, after = {r["id"]: r for r in change.before["tokens"]}, {r["id"]: r for r in change.applied.state["tokens"]}
    at = command.inputs.get("process")
    return Effect(
        change.row.version, change.bundle.element(at, command.element) if at and command.element else None,
        _spots(change, change.before, [r for key, r in before.items() if key not in after]),
        _spots(change, change.applied.state, [r for key, r in after.items() if key not in before or _stopped(before[key], r)]),
        _spots(change, change.applied.state, [r for key, r in after.items() if key in before and not _stopped(before[key], r)]),
        change.applied.offers, command.inputs.get("before"), command.inputs.get("after"), not after)


def _stopped(before: Row, after: Row) -> bool:
    return after["is"] == "incident" and before["is"] != "incident"


def _spots(change: Change, state: State, rows: Sequence[Row]) -> tuple[Spot, ...]:
    where = step.places(state)
    return tuple(
        Spot(row["id"], row["is"], where[row["id"]].process, change.bundle.element(where[row["id"]].process, row["at"]),
             row.get("error", "")) for row in rows if row["is"] in VISIBLE)


def _around(state: State, token: int) -> list[Row]:
    """The row of a token and those around it, inner ones first, the process left out."""
    rows = {row["id"]: row for row in state["tokens"]}
    found = []
    while token in rows and token != ROOT:
        found.append(rows[token])
        token = rows[token]["in"]
    return found
