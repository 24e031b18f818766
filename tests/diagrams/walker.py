"""Walks every shipped diagram by itself: people's forms, operations, deadlines and all, until every flow has been taken.

It knows no diagram. It starts what can be started, offers each task to somebody who may do it, fills in its form from the
schema (preferring answers that lead where nobody has been), lets deadlines pass, and notes which flows were taken.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from engine import actions, bundles, canonical, cases, forms, identity, instances, jobs, tasks
from engine.cases import StartView, TaskView
from engine.diagram.model import Process
from engine.errors import InvalidForm
from engine.forms import Field
from engine.tables import activity_instance, definition, incident, job, membership, process_instance, task
from engine.unit_of_work import SYSTEM, ProcessEngine, UnitOfWork
from tests.conftest import Clock

Flow = tuple[str, str]
"""(process, sequence flow)"""
NOT_MINE = frozenset({"hidden_field", "disabled_field", "readonly_field", "unknown_field"})
ROUNDS = 12


@dataclass
class Walker:
    """Moves all open cases of a company at random, with a seed."""

    engine: ProcessEngine
    clock: Clock
    random: random.Random
    taken: Counter[Flow] = field(default_factory=Counter)
    steps: int = 0
    unlooped_now: dict[Flow, set[int]] = field(default_factory=dict)
    known: dict[str, Process] = field(default_factory=dict)

    def processes(self) -> dict[str, Process]:
        """The newest process definitions by key."""
        if self.known:
            return self.known
        with self.engine.reading(SYSTEM) as uow:
            rows = uow.rows(sa.select(definition).where(definition.c.kind == "process").order_by(definition.c.version))
            self.known = {row.key: bundles.model(uow, row.sha256, row.resource_name).processes[row.key] for row in rows}
            return self.known

    def walk(self, steps: int) -> None:
        """Go on until every flow was taken and every loop went round 0, 1 and 2 times, or `steps` steps are over."""
        known = self.processes()
        wanted = {(key, flow) for key, process in known.items() for flow in process.flows}
        startable = [key for key, process in known.items() if process.attributes.get("candidateStarterGroups")]
        for self.steps in range(1, steps + 1):
            lacking = {key for key, flow in wanted - set(self.taken)} | {key for key, _ in self.unlooped_now}
            self.move(startable, lacking or set(known))
            if self.steps % 10 == 0:
                self.look()
            if self.steps % 100 == 0:
                self.unlooped_now = self.unlooped()
                if wanted <= set(self.taken) and not self.unlooped_now:
                    return

    def move(self, startable: list[str], lacking: set[str]) -> None:
        """Start a case, complete a task, take an action, or let time pass; rather in a process that lacks something."""
        jobs.run_all(self.engine)
        query = sa.select(task.c.id, task.c.instance_id, task.c.process_key, process_instance.c.process_key.label("root"))
        open_tasks = self.rows(query.join(process_instance, process_instance.c.id == task.c.instance_id).where(
            task.c.state == "open").order_by(process_instance.c.business_key, task.c.token))
        near = [row for row in open_tasks if lacking & (self.calls(row.root) | {row.process_key})]
        dice = self.random.random()
        if not near or dice < 0.05:
            self.start(self.random.choice([key for key in startable if lacking & self.calls(key)] or startable))
        elif dice < 0.12:
            self.wait()
        elif dice < 0.14:
            self.act(self.random.choice(near).instance_id)
        else:
            self.complete(self.random.choice(near[:12]).id)

    def calls(self, key: str) -> set[str]:
        """A process and all that it calls."""
        found, todo = set(), [key]
        while todo:
            if (one := todo.pop()) in self.known and one not in found:
                found.add(one)
                todo += [e.called for e in self.known[one].elements.values() if e.called]
        return found

    def act(self, case_id: str) -> None:
        """Take an action that a case offers beside its tasks."""
        with self.engine.transaction(SYSTEM) as uow:
            offered = actions.offered(uow, cases.instance(uow, case_id))
            if offered:
                chosen = self.random.choice(offered)
                actions.act(uow, case_id, token=chosen.token, element=chosen.element)

    def rows(self, query: Any) -> list[Any]:
        """Look."""
        with self.engine.reading(SYSTEM) as uow:
            return uow.rows(query)

    def look(self) -> None:
        """Note the flows taken so far."""
        query = sa.select(activity_instance.c.process_key, activity_instance.c.flows, sa.func.count()).where(
            activity_instance.c.flows.is_not(None)).group_by(activity_instance.c.process_key, activity_instance.c.flows)
        self.taken = Counter()
        for key, flows, n in self.rows(query):
            for flow in canonical.loads(flows):
                self.taken[key, flow] += n

    # ------------------------------------------------------------ moves
    def start(self, key: str) -> None:
        """Start a case as somebody who may."""
        with self.engine.reading(SYSTEM) as uow:
            groups = identity.starter_groups(self.processes()[key])
            may = [r.user_id for r in uow.rows(sa.select(membership.c.user_id).where(membership.c.group_id.in_(groups)))]
            who = identity.actor(uow, self.random.choice(sorted(set(may))))
        with self.engine.transaction(who) as uow:
            view = cases.start_form(uow, key)
            instances.start(uow, key, form_values=self.filled(uow, view, {}))

    def complete(self, task_id: str) -> None:
        """Complete a task as one of those who may."""
        with self.engine.reading(SYSTEM) as uow:
            view = cases.task(uow, task_id)
            candidates = [row.id for row in view.candidates] or [view.row.assignee]
            who = identity.actor(uow, view.row.assignee or self.random.choice(sorted(candidates)))
        with self.engine.transaction(who) as uow:
            tasks.complete(uow, task_id, values=self.filled(uow, view, view.variables), revision=view.row.revision)

    def wait(self) -> None:
        """Let time pass until some timer is due, with all before it."""
        due = self.rows(sa.select(job.c.due_at).where(job.c.state == "open", job.c.due_at < self.clock.now + timedelta(days=40)))
        chosen = self.random.choice(sorted(row.due_at for row in due)) if due else self.clock.now + timedelta(hours=4)
        self.clock.set(max(self.clock.now, chosen))
        jobs.run_all(self.engine)

    # ------------------------------------------------------------ forms
    def filled(self, uow: UnitOfWork, view: TaskView | StartView, known: Mapping[str, Any]) -> dict[str, Any] | None:
        """Values that the form accepts."""
        if view.form is None:
            return None
        fields = {each.key: each for each in forms.fields(view.form)}
        wish = self.wish(view)
        values = {key: self.value(view, each) for key, each in fields.items()
                  if not (each.is_disabled or each.is_readonly) and (each.required or self.random.random() < 0.7)}
        values |= {key: value for key, value in wish.items() if key in fields}
        for _ in range(ROUNDS):
            try:
                forms.parse(view.form, values, known, uow.now, lambda name: view.lists[name])
            except InvalidForm as refused:
                self.mend(view, fields, values, refused.facts["errors"])
            else:
                break
        return values

    def mend(self, view: TaskView | StartView, fields: Mapping[str, Field], values: dict[str, Any],
             errors: Mapping[str, Any]) -> None:
        """Drop what is not asked, answer what is."""
        for key, findings in errors.items():
            name = key.split("[")[0]
            if any(code in NOT_MINE for code, _ in findings) and name == key:
                values.pop(key, None)
            elif name in fields:
                values[name] = self.value(view, fields[name])

    def wish(self, view: TaskView | StartView) -> dict[str, Any]:
        """The answer that leads where fewest have been, half of the time."""
        buttons = getattr(view, "buttons", ())
        if not buttons or self.random.random() < 0.5:
            return {}
        process = self.processes()[view.row.process_key]
        decision = process.following(view.row.element)[0].target
        answers = zip(buttons, process.following(decision), strict=True)
        rare, _ = min(answers, key=lambda each: (self.taken[process.id, each[1].id], self.random.random()))
        return {rare.field: rare.value}

    def value(self, view: TaskView | StartView, asked: Field) -> Any:
        """Something of the field's type."""
        pick = self.random.choice
        if asked.rows:
            return [{row.key: self.value(view, row) for row in asked.rows} for _ in range(self.random.randrange(4))]
        listed = view.lists[asked.values_key] if asked.values_key else asked.options
        choices = [each.value for each in listed]
        if asked.type in ("checklist", "taglist"):
            return self.random.sample(choices, min(len(choices), self.random.randrange(1, 3)))
        if choices:
            return pick(choices)
        if asked.type == "datetime":
            at = self.clock.now + timedelta(days=self.random.choice([0, 1, 3, 12]))
            return {"date": at.date().isoformat(), "time": "09:00"}.get(
                asked.component.get("subtype", "date"), at.strftime("%Y-%m-%dT%H:%M"))
        if asked.type == "number":
            low = int((asked.component.get("validate") or {}).get("min") or 0)
            return low + pick([0, 1, 2, 5])
        return pick([True, False]) if asked.type == "checkbox" else pick(["见附件", "已与顾客说明"])

    # ------------------------------------------------------------ what was found
    def incidents(self) -> list[Any]:
        """What went wrong on the way."""
        return self.rows(sa.select(incident.c.process_key, incident.c.element, incident.c.message))

    def missing(self) -> set[Flow]:
        """The flows that were never taken."""
        self.look()
        return {(key, flow) for key, process in self.processes().items() for flow in process.flows} - set(self.taken)

    def unlooped(self) -> dict[Flow, set[int]]:
        """Loops (by process and the element they come back to) that did not go round 0, 1 and 2 times, with what was seen."""
        seen: dict[Flow, set[int]] = defaultdict(set)
        counted: dict[tuple[str, int, str, str], int] = Counter()
        columns = activity_instance.c
        for row in self.rows(sa.select(columns.instance_id, columns.scope, columns.process_key, columns.element)):
            counted[row.instance_id, row.scope, row.process_key, row.element] += 1
        heads = {(key, head) for key, process in self.processes().items() for head in loop_heads(process)}
        for (_, _, key, element), n in counted.items():
            if (key, element) in heads:
                seen[key, element].add(min(n - 1, 2))
        return {head: seen[head] for head in heads if seen[head] != {0, 1, 2}}


def loop_heads(process: Process) -> Iterator[str]:
    """The elements through which a cycle of sequence flows is entered from outside."""
    following = {e: [f.target for f in process.following(e)] for e in process.elements}

    def reaches(begin: str) -> set[str]:
        found, todo = set(), list(following[begin])
        while todo:
            if (element := todo.pop()) not in found:
                found.add(element)
                todo += following[element]
        return found

    reach = {e: reaches(e) for e in process.elements}
    for flow in process.flows.values():
        if flow.target in reach[flow.target] and flow.source not in reach[flow.target]:
            yield flow.target


def ended_by_process(walker: Walker) -> dict[str, int]:
    """How many cases of each process came to their end."""
    query = sa.select(process_instance.c.process_key, sa.func.count().label("n")).where(process_instance.c.ended_at.is_not(None))
    return {row.process_key: row.n for row in walker.rows(query.group_by(process_instance.c.process_key))}


def walked(walker: Walker, number: int) -> list[str]:
    """Walk until so many cases have come to their end; all that have, oldest first."""
    known = walker.processes()
    startable = [key for key, process in known.items() if process.attributes.get("candidateStarterGroups")]
    query = sa.select(process_instance.c.id).where(process_instance.c.ended_at.is_not(None)).order_by(process_instance.c.id)
    while len(found := walker.rows(query)) < number:
        with suppress(InvalidForm):  # what chance filled in badly is tried again another time
            walker.move(startable, set(known))
    return [row.id for row in found]
