"""A scenario run from its start by the very engine, in a scratch company: what it comes to, where it leaves the expected path.

Nothing is kept between two runs: a step more is a run more, so that undoing is leaving a step out.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine import actions, bundles, canonical, cases, identity, instances, jobs, tasks
from engine.actions import Action
from engine.cases import StartView, TaskView
from engine.diagram.check import File
from engine.diagram.model import Element, Process
from engine.errors import Conflict, EngineError, NotFound
from engine.sandbox.scenario import Scenario, Step
from engine.sandbox.scratch import Clock, Sandbox
from engine.tables import activity_instance, incident, job, mail, membership, task, user_account
from engine.unit_of_work import SYSTEM, Actor, ProcessEngine, UnitOfWork

Row = sa.Row[Any]
MOST_FIRINGS = 100
"""So many timers fire while one step of a scenario lets time pass."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """The step that could not be taken (0: the start; from 1 the scenario's steps) and what stood in its way."""

    step: int
    error: EngineError


@dataclass(frozen=True, slots=True)
class Reached:
    """Where a process of the case stands: elements with tokens, elements entered and flows taken with how often."""

    process: str
    tokens: Mapping[str, int]
    elements: Mapping[str, int]
    flows: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Timer:
    """A timer that waits: whose, and when it is due."""

    process: str
    element: Element
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail that would have been sent."""

    recipient: str
    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Run:
    """What a scenario comes to. `offered` are its open tasks as their pages would show them; `path` the elements in the order
    in which they were entered; `moments` what the clock showed before each step taken, and last at the end."""

    now: datetime
    case_id: str | None = None
    ended: str | None = None
    is_over: bool = False
    stopped: Stopped | None = None
    start: StartView | None = None
    offered: tuple[TaskView, ...] = ()
    actions: tuple[Action, ...] = ()
    timers: tuple[Timer, ...] = ()
    variables: Mapping[str, Any] = field(default_factory=dict)
    reached: tuple[Reached, ...] = ()
    path: tuple[str, ...] = ()
    incidents: tuple[tuple[str, str], ...] = ()
    letters: tuple[Letter, ...] = ()
    moments: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """Where a run left the expected path: position from 0, what was expected and what came (None: nothing more)."""

    at: int
    expected: str | None
    found: str | None


def run(sandbox: Sandbox, files: Sequence[File], scenario: Scenario, *, starts: bool = True) -> Run:
    """Run a scenario on `files` and the definitions in effect. `starts`: False only shows how it would be started.

    Raises `DeploymentRefused` for files that could not be deployed, `NotFound` without such a process. Everything that goes
    wrong in the case itself is in the run.
    """
    with sandbox.opened(files, scenario.begin, sorted(_texts(scenario))) as (scratch, clock):
        who = _starter(scratch, scenario)
        if not starts:
            with scratch.reading(who) as uow:
                is_plain = _is_plain(_start_event(_process(uow, scenario.process), scenario.event))
                view = cases.start_form(uow, scenario.process) if is_plain else None
            return Run(clock.now, start=view)
        case_id, stopped, moments = _play(scratch, clock, who, scenario)
        return _told(scratch, clock, case_id, stopped, moments)


def difference(scenario: Scenario, found: Run) -> Difference | None:
    """The first difference between what was expected and what a run came to; None if it came to just that."""
    expected = scenario.expected
    if expected is None:
        return None
    wanted, path = list(expected.path), list(found.path)
    if expected.end is not None or found.ended is not None:
        wanted, path = [*wanted, f"→ {expected.end}"], [*path, f"→ {found.ended}"]
    for at in range(max(len(wanted), len(path))):
        one, other = (each[at] if at < len(each) else None for each in (wanted, path))
        if one != other:
            return Difference(at, one, other)
    return None


# ------------------------------------------------------------------ playing
def _play(scratch: ProcessEngine, clock: Clock, who: Actor,
          scenario: Scenario) -> tuple[str | None, Stopped | None, list[datetime]]:
    moments = [clock.now]
    try:
        case_id = _start(scratch, who, scenario)
    except EngineError as error:
        return None, Stopped(0, error), moments
    jobs.run_all(scratch)
    for number, step in enumerate(scenario.steps, 1):
        try:
            _take(scratch, clock, case_id, step)
        except EngineError as error:
            return case_id, Stopped(number, error), moments
        jobs.run_all(scratch)
        moments.append(clock.now)
    return case_id, None, moments


def _start(scratch: ProcessEngine, who: Actor, scenario: Scenario) -> str:
    key, office = scenario.process, scenario.office or None
    with scratch.transaction(who) as uow:
        process = _process(uow, key)
        event = _start_event(process, scenario.event)
        if _is_plain(event) and not scenario.variables:
            if cases.start_form(uow, key).form is None:
                return instances.start(uow, key, office=office, variables=scenario.values)
            return instances.start(uow, key, office=office, form_values=scenario.values)
        is_timer = event.event is not None and event.event.kind == "timer"
        given = {"started_for": uow.now.isoformat()} if is_timer else {**scenario.values, **scenario.variables}
        return instances.start(uow, key, event=event.id, variables=given, office=office, checks_rights=False)


def _start_event(process: Process, wished: str) -> Element:
    """The start event of that id, else the plain one, else the first."""
    starts = process.starts()
    if not starts:
        raise Conflict("sandbox_no_start", process=process.id)
    return next((each for each in starts if each.id == wished), next((each for each in starts if _is_plain(each)), starts[0]))


def _is_plain(start: Element) -> bool:
    return start.event is None or start.event.kind == "none"


def _take(scratch: ProcessEngine, clock: Clock, case_id: str, step: Step) -> None:
    if step.do == "complete":
        _complete(scratch, case_id, step)
    elif step.do == "wait":
        _wait(scratch, clock, case_id, step.until)
    elif step.do == "message":
        with scratch.transaction(SYSTEM) as uow:
            instances.correlate(uow, step.name, instance_id=case_id, variables=dict(step.values))
    else:
        _act(scratch, case_id, step)


def _complete(scratch: ProcessEngine, case_id: str, step: Step) -> None:
    with scratch.reading(SYSTEM) as uow:
        found = [row for row in _open_tasks(uow, case_id) if row.element == step.element]
        if step.at >= len(found):
            raise Conflict("sandbox_no_task", element=step.element)
        row = found[step.at]
        who = _performer(uow, cases.task(uow, row.id), step.by)
    with scratch.transaction(who) as uow:
        if cases.task(uow, row.id).form is None:
            tasks.complete(uow, row.id, variables=step.values)
        else:
            tasks.complete(uow, row.id, values=step.values)


def _performer(uow: UnitOfWork, view: TaskView, wished: str) -> Actor:
    """Who does a task: whoever has it, who is wished for and may, else the first who may; the engine itself where nobody may."""
    may = [user.id for user in view.candidates]
    chosen = view.row.assignee or (wished if wished in may else next(iter(may), None))
    return identity.actor(uow, chosen) if chosen else SYSTEM


def _wait(scratch: ProcessEngine, clock: Clock, case_id: str, until: datetime | None) -> None:
    """Every timer on the way fires at its own moment, as it would; one that repeats for years ends the trial, not the server."""
    for _ in range(MOST_FIRINGS):
        due = _next_due(scratch, case_id)
        if due is None or (until is not None and due > until):
            break
        clock.go_to(due)
        jobs.run_all(scratch)
        if until is None:
            return
    else:
        raise Conflict("sandbox_too_far", limit=MOST_FIRINGS)
    if until is None:
        raise Conflict("sandbox_no_timer")
    clock.go_to(until)


def _next_due(scratch: ProcessEngine, case_id: str) -> datetime | None:
    with scratch.reading(SYSTEM) as uow:
        found: datetime | None = uow.scalar(sa.select(sa.func.min(job.c.due_at)).where(
            job.c.instance_id == case_id, job.c.kind == "timer", job.c.state == "open"))
        return found


def _act(scratch: ProcessEngine, case_id: str, step: Step) -> None:
    with scratch.transaction(SYSTEM) as uow:
        offered = [each for each in actions.offered(uow, cases.instance(uow, case_id)) if each.element == step.element]
        if not offered:
            raise Conflict("sandbox_no_action", element=step.element)
        actions.act(uow, case_id, token=offered[0].token, element=step.element)


# ------------------------------------------------------------------ telling
def _told(scratch: ProcessEngine, clock: Clock, case_id: str | None, stopped: Stopped | None, moments: Sequence[datetime]) -> Run:
    if case_id is None:
        return Run(clock.now, stopped=stopped, moments=tuple(moments))
    with scratch.reading(SYSTEM) as uow:
        row = cases.instance(uow, case_id)
        went = uow.rows(sa.select(activity_instance).where(activity_instance.c.instance_id == case_id).order_by(
            activity_instance.c.seq, activity_instance.c.token))
        return Run(
            clock.now, case_id, row.end_element, row.ended_at is not None, stopped,
            offered=tuple(cases.task(uow, each.id) for each in _open_tasks(uow, case_id)),
            actions=tuple(actions.offered(uow, row)), timers=_timers(uow, row),
            variables={each.name: each.value for each in cases.variables(uow, case_id)},
            reached=_reached(uow, case_id, went), path=tuple(_place(row, each) for each in went),
            incidents=_incidents(uow, case_id), letters=_letters(uow, case_id), moments=tuple(moments))


def _place(case: Row, went: Row) -> str:
    return str(went.element) if went.process_key == case.process_key else f"{went.process_key}/{went.element}"


def _open_tasks(uow: UnitOfWork, case_id: str) -> list[Row]:
    return uow.rows(sa.select(task).where(task.c.instance_id == case_id, task.c.state == "open").order_by(task.c.token))


def _timers(uow: UnitOfWork, case: Row) -> tuple[Timer, ...]:
    bundle = bundles.load(uow, case.bundle_id)
    rows = uow.rows(sa.select(job).where(job.c.instance_id == case.id, job.c.kind == "timer", job.c.state == "open").order_by(
        job.c.due_at, job.c.id))
    return tuple(Timer(row.process_key, bundle.element(row.process_key, row.element), row.due_at) for row in rows)


def _reached(uow: UnitOfWork, case_id: str, went: Sequence[Row]) -> tuple[Reached, ...]:
    tokens = {each.process.id: each.tokens for each in cases.case(uow, case_id).processes}
    keys = dict.fromkeys([*tokens, *(row.process_key for row in went)])
    return tuple(Reached(
        key, tokens.get(key, {}), Counter(row.element for row in went if row.process_key == key),
        Counter(flow for row in went if row.process_key == key and row.flows for flow in canonical.loads(row.flows)))
        for key in keys)


def _incidents(uow: UnitOfWork, case_id: str) -> tuple[tuple[str, str], ...]:
    rows = uow.rows(sa.select(incident.c.element, incident.c.message).where(
        incident.c.instance_id == case_id, incident.c.resolved_at.is_(None)).order_by(incident.c.created_at, incident.c.id))
    return tuple((row.element or "", row.message) for row in rows)


def _letters(uow: UnitOfWork, case_id: str) -> tuple[Letter, ...]:
    rows = uow.rows(sa.select(mail).where(mail.c.instance_id == case_id).order_by(mail.c.created_at, mail.c.id))
    return tuple(Letter(row.recipient.partition("@")[0], row.subject, row.body) for row in rows)


# ------------------------------------------------------------------ who starts
def _starter(scratch: ProcessEngine, scenario: Scenario) -> Actor:
    """Who starts: who is named, else the first of the groups that may (in the office, if named), else the engine itself."""
    with scratch.reading(SYSTEM) as uow:
        groups = identity.starter_groups(_process(uow, scenario.process))
        query = sa.select(membership.c.user_id).join(user_account, user_account.c.id == membership.c.user_id).where(
            membership.c.group_id.in_(groups), user_account.c.is_active)
        if scenario.office:
            query = query.where(membership.c.office.in_(["", scenario.office]))
        may = sorted({row.user_id for row in uow.rows(query)})
        chosen = scenario.by if scenario.by in may else next(iter(may), None)
        return identity.actor(uow, chosen) if chosen else SYSTEM


def _process(uow: UnitOfWork, key: str) -> Process:
    row = bundles.latest(uow, "process", key)
    if row is None:
        raise NotFound(kind="process", id=key)
    return bundles.model(uow, row.sha256, row.resource_name).processes[key]


def _texts(scenario: Scenario) -> set[str]:
    """The texts that a scenario names: among them are serial numbers."""
    given = (scenario.values, scenario.variables, *(step.values for step in scenario.steps))
    return {value for values in given for value in values.values() if isinstance(value, str) and 0 < len(value) <= 100}
