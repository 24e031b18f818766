"""The read side of one case and one task: where it stands, what happened, what is known, what is asked."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from engine import bundles, canonical, deployments, duties, execution, forms, identity, instances, interventions, step, tasks
from engine.bundles import Bundle
from engine.buttons import Button, buttons
from engine.diagram.model import Element, Process
from engine.errors import Forbidden, NotFound
from engine.tables import activity_instance, history_body, history_event, incident, job, process_instance, variable
from engine.tables import task as task_table
from engine.unit_of_work import SYSTEM, Option, UnitOfWork

TIMELINE = 500
"""So many events are shown at once; the newest count."""

Schema = Mapping[str, Any]
Lists = Mapping[str, Sequence[Option]]


@dataclass(frozen=True, slots=True)
class CaseProcess:
    """One process of a case as its diagram is painted: tokens by element, the path done, open incidents."""

    process: Process
    definition_id: str
    tokens: Mapping[str, int]
    done: frozenset[str]
    flows: frozenset[str]
    incidents: frozenset[str]
    interventions: frozenset[str] = frozenset()
    visits: tuple["Visit", ...] = ()


@dataclass(frozen=True, slots=True)
class Visit:
    """One time that the case was at an element; `end_state` is None while it is there, else left | cancelled | incident."""

    element: Element
    started_at: datetime
    ended_at: datetime | None
    end_state: str | None
    actor: str | None


@dataclass(frozen=True, slots=True)
class Case:
    """A case: its row, its processes (the root first, called ones by first entry), all its tasks, its open incidents."""

    instance: sa.Row[Any]
    processes: tuple[CaseProcess, ...]
    tasks: tuple[sa.Row[Any], ...]
    incidents: tuple[sa.Row[Any], ...]


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable where it lives; scope 1 is the process."""

    scope: int
    name: str
    value: Any


@dataclass(frozen=True, slots=True)
class Event:
    """One row of the record: who did what, the elements that it entered and left, in order."""

    seq: int
    at: datetime
    actor: str
    command: str
    element: str | None
    name: str
    name_en: str
    entered: tuple[str, ...]
    left: tuple[str, ...]
    on_behalf_of: str | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> Literal["intervention", "comment", "system", "people"]:
        """What sort of event it is, for who looks for one."""
        if self.command in interventions.COMMANDS:
            return "intervention"
        if self.command in execution.NOTES:
            return "comment"
        return "system" if self.actor == SYSTEM.id else "people"


@dataclass(frozen=True, slots=True)
class TaskView:
    """All that the page of one task shows; `candidates`: the users who could do it, for who may hand it over."""

    row: sa.Row[Any]
    instance: sa.Row[Any]
    process: Process
    element: Element
    definition_id: str
    form: Schema | None
    buttons: Sequence[Button]
    variables: Mapping[str, Any]
    lists: Lists
    may_work: bool
    may_assign: bool
    candidates: Sequence[sa.Row[Any]]


@dataclass(frozen=True, slots=True)
class StartView:
    """What the page that starts a case shows."""

    process: Process
    definition_id: str
    form: Schema | None
    lists: Lists


# ------------------------------------------------------------------ case
def case(uow: UnitOfWork, instance_id: str) -> Case:
    """One case. `NotFound` if there is none, `Forbidden` if it is not the actor's to see."""
    row = instance(uow, instance_id)
    bundle = bundles.load(uow, row.bundle_id)
    open_incidents = uow.rows(sa.select(incident).where(
        incident.c.instance_id == row.id, incident.c.resolved_at.is_(None)).order_by(incident.c.created_at, incident.c.id))
    offered = sa.select(task_table).where(task_table.c.instance_id == row.id)
    found = uow.rows(offered.order_by(task_table.c.created_at, task_table.c.token))
    return Case(row, _processes(uow, row, bundle, open_incidents), tuple(found), tuple(open_incidents))


def instance(uow: UnitOfWork, instance_id: str) -> sa.Row[Any]:
    """A case's row. `NotFound` if there is none, `Forbidden` if it is not the actor's to see."""
    row = uow.row(sa.select(process_instance).where(process_instance.c.id == instance_id))
    if row is None:
        raise NotFound(kind="process_instance", id=instance_id)
    if not identity.may_see(uow, row):
        raise Forbidden("may_not_see", id=instance_id, office=row.office)
    return row


def variables(uow: UnitOfWork, instance_id: str) -> list[Variable]:
    """Everything that is known in the case, by scope and name."""
    instance(uow, instance_id)
    query = sa.select(variable).where(variable.c.instance_id == instance_id)
    return [Variable(row.scope, row.name, canonical.loads(row.value))
            for row in uow.rows(query.order_by(variable.c.scope, variable.c.name))]


def timeline(uow: UnitOfWork, instance_id: str, after: int = 0, limit: int | None = TIMELINE) -> list[Event]:
    """The newest `limit` events behind number `after` (None: all), oldest first; one whose body is gone names no elements."""
    bundle = bundles.load(uow, instance(uow, instance_id).bundle_id)
    body = sa.and_(history_body.c.instance_id == history_event.c.instance_id, history_body.c.seq == history_event.c.seq)
    query = sa.select(history_event, history_body.c.body).join(history_body, body, isouter=True).where(
        history_event.c.instance_id == instance_id, history_event.c.seq > after)
    newest = uow.rows(query.order_by(history_event.c.seq.desc()).limit(limit))
    return [_event(bundle, row) for row in reversed(newest)]


def suspension(uow: UnitOfWork, instance_id: str) -> Event | None:
    """The last time that the case was suspended: who, when and why. None if it never was."""
    bundle = bundles.load(uow, instance(uow, instance_id).bundle_id)
    body = sa.and_(history_body.c.instance_id == history_event.c.instance_id, history_body.c.seq == history_event.c.seq)
    query = sa.select(history_event, history_body.c.body).join(history_body, body, isouter=True).where(
        history_event.c.instance_id == instance_id, history_event.c.command == "suspend")
    row = uow.row(query.order_by(history_event.c.seq.desc()).limit(1))
    return _event(bundle, row) if row else None


def is_busy(uow: UnitOfWork, instance_id: str) -> bool:
    """Whether a job of the case is due now, so that more may happen at once. Letters do not count."""
    due = sa.select(job.c.id).where(
        job.c.instance_id == instance_id, job.c.state == "open", job.c.kind != "mail", job.c.due_at <= uow.now)
    return uow.row(due.limit(1)) is not None


def next_task(uow: UnitOfWork, instance_id: str) -> sa.Row[Any] | None:
    """The oldest open task of the case that is the actor's to do: theirs first, then one they may claim."""
    query = sa.select(task_table).where(task_table.c.instance_id == instance_id, task_table.c.state == "open", sa.or_(
        task_table.c.assignee == uow.actor.id, task_table.c.assignee.is_(None)))
    found = uow.rows(query.order_by(task_table.c.assignee.is_(None), task_table.c.token))
    return next((row for row in found if identity.may_work_on(uow, row)), None)


def next_task_after(uow: UnitOfWork, instance_id: str, event: str) -> sa.Row[Any] | None:
    """The newest open task of the case that is the actor's to do and came after `event` happened."""
    since = sa.select(sa.func.max(activity_instance.c.token)).where(
        activity_instance.c.instance_id == instance_id, activity_instance.c.element == event).scalar_subquery()
    query = sa.select(task_table).where(task_table.c.instance_id == instance_id, task_table.c.state == "open",
                                        task_table.c.token > since).order_by(task_table.c.token.desc())
    return next((row for row in uow.rows(query) if identity.may_work_on(uow, row)), None)


def diagram(uow: UnitOfWork, definition_id: str) -> bytes:
    """The very bytes of a process definition."""
    row = deployments.definition_row(uow, definition_id)
    if row.kind != "process":
        raise NotFound(kind="process", id=definition_id)
    return bundles.stored_bytes(uow, row.sha256)


def _processes(uow: UnitOfWork, row: sa.Row[Any], bundle: Bundle, stopped: Sequence[sa.Row[Any]]) -> tuple[CaseProcess, ...]:
    query = sa.select(activity_instance).where(activity_instance.c.instance_id == row.id)
    entered = uow.rows(query.order_by(activity_instance.c.seq))
    keys = [key for key in dict.fromkeys([bundle.root, *(each.process_key for each in entered)]) if key in bundle.processes]
    tokens, changed, past = _tokens(row), _intervened(uow, row), bundles.Past(uow, row.id, row.bundle_id)
    return tuple(CaseProcess(
        bundle.processes[key], bundle.members["process"][key], tokens.get(key, {}),
        frozenset(each.element for each in entered if each.process_key == key and each.end_state == "left"),
        frozenset(flow for each in entered if each.process_key == key and each.flows for flow in canonical.loads(each.flows)),
        frozenset(each.element for each in stopped if each.process_key == key and each.element),
        changed & bundle.processes[key].elements.keys(),
        tuple(Visit(past.element(key, each.element), each.started_at, each.ended_at, each.end_state, each.actor)
              for each in entered if each.process_key == key and not each.type.endswith("Gateway")),
    ) for key in keys)


def _intervened(uow: UnitOfWork, row: sa.Row[Any]) -> frozenset[str]:
    """The elements at which somebody intervened."""
    query = sa.select(history_event.c.element).where(
        history_event.c.instance_id == row.id, history_event.c.command.in_(interventions.COMMANDS))
    return frozenset(each.element for each in uow.rows(query) if each.element)


def _tokens(row: sa.Row[Any]) -> dict[str, Counter[str]]:
    """Process key → element → how many tokens stand there; a multi-instance activity counts its instances."""
    state = canonical.loads(row.tokens)
    found: dict[str, Counter[str]] = {}
    kinds = {each["id"]: each["is"] for each in state["tokens"]}
    for token, spot in step.places(state).items():
        if kinds[token] not in ("process", "multi"):
            found.setdefault(spot.process, Counter())[spot.element] += 1
    return found


def _event(bundle: Bundle, row: sa.Row[Any]) -> Event:
    body = canonical.loads(row.body) if row.body is not None else {"trace": [], "inputs": {}}
    trace = body["trace"]
    element = _element(bundle, row.element)
    return Event(
        row.seq, row.at, row.actor, row.command, row.element,
        element.words("zh") if element else "", element.words("en") if element else "",
        tuple(each["element"] for each in trace if each["kind"] == "entered"),
        tuple(each["element"] for each in trace if each["kind"] == "left"), row.on_behalf_of, body["inputs"])


def _element(bundle: Bundle, element: str | None) -> Element | None:
    found = (process.elements.get(element or "") for process in bundle.processes.values())
    return next((each for each in found if each is not None), None)


# ------------------------------------------------------------------ task
def task(uow: UnitOfWork, task_id: str) -> TaskView:
    """One task, open or not. `NotFound` if there never was one, `Forbidden` if its case is not the actor's to see."""
    row = tasks.row_of(uow, task_id)
    owner = instance(uow, row.instance_id)
    bundle = bundles.Past(uow, owner.id, owner.bundle_id).bundle(row.process_key, row.element)
    element = bundle.element(row.process_key, row.element)
    schema = tasks.form_of(bundle, element)
    is_open = row.state == "open"
    may_assign = is_open and identity.may_assign(uow, row)
    may_work = is_open and identity.may_work_on(uow, row)
    return TaskView(
        row, owner, bundle.processes[row.process_key], element, bundle.members["process"][row.process_key], schema,
        buttons(bundle.processes, element, schema), _visible(uow, owner, row),
        _lists(uow, schema, row.office) if is_open else {}, may_work, may_assign,
        _candidates(uow, row) if may_assign or may_work else ())


def start_form(uow: UnitOfWork, process_key: str) -> StartView:
    """How a case of the newest version of a process is started by hand. `NotFound`, `Forbidden`."""
    row = bundles.latest(uow, "process", process_key)
    if row is None:
        raise NotFound(kind="process", id=process_key)
    process = bundles.model(uow, row.sha256, row.resource_name).processes[process_key]
    if not identity.may_start(uow, process):
        raise Forbidden("may_not_start", process=process_key)
    known = {key: _form(uow, key) for key in bundles.references(process)["form"]}
    schema = instances.start_form(process, known)
    offices = sorted(uow.actor.offices)
    here = offices[0] if len(offices) == 1 else uow.engine.settings.head_office
    return StartView(process, row.id, schema, _lists(uow, schema, here))


def _form(uow: UnitOfWork, key: str) -> Schema:
    row = bundles.latest(uow, "form", key)
    if row is None:
        raise NotFound(kind="form", id=key)
    schema: Schema = canonical.loads(bundles.stored_bytes(uow, row.sha256))
    return schema


def _visible(uow: UnitOfWork, owner: sa.Row[Any], row: sa.Row[Any]) -> dict[str, Any]:
    """What the task sees of the case's variables; one that is over sees the process's."""
    state = canonical.loads(owner.tokens)
    scoped = execution.load_variables(uow, owner.id, bundles.load(uow, owner.bundle_id), state)
    spot = step.places(state).get(row.token)
    return scoped.visible(spot.scope if spot else 1)


def _lists(uow: UnitOfWork, schema: Schema | None, office: str) -> dict[str, Sequence[Option]]:
    """The lists of the server that the form's fields name."""
    options = instances.lists_of(uow, office)
    asked = forms.fields(schema) if schema else []
    keys = {field.values_key for outer in asked for field in (outer, *outer.rows)}
    return {key: options(key) for key in sorted(key for key in keys if key)}


def _candidates(uow: UnitOfWork, row: sa.Row[Any]) -> list[sa.Row[Any]]:
    """The members of the task's groups in its office whom no rule excludes, by id."""
    out = duties.excluded(uow, row)
    found = {user.id: user for group in canonical.loads(row.candidate_groups)
             for user in identity.members(uow, group, row.office) if user.id not in out}
    return [found[user] for user in sorted(found)]
