"""A year of the demonstration company, played through the engine: cases come in, people work, the clock goes on.

Everything passes the verbs and forms that people use; the only thing of its own is the clock. The same seed gives the same year.
"""

import heapq
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from engine import calendars, cases, identity, instances, jobs, tasks
from engine.calendar import WorkingCalendar
from engine.cases import TaskView
from engine.queries import pending
from engine.unit_of_work import SYSTEM, Actor, ProcessEngine, UnitOfWork
from handlers import machines, seed_year
from handlers.days import day_of
from web.demo import arrivals, deeds, paces
from web.demo.answers import Filling, Story, filled
from web.demo.arrivals import Arrival

YEAR = timedelta(days=365)
CLAIMED_FIRST = 0.5  # so many tasks are claimed before they are worked on
FEEDBACK = "customer_feedback"
AGAIN = timedelta(hours=5)  # who finds a case held looks again
FEEDBACK_BEGUN = timedelta(days=5)


@dataclass(slots=True)
class Clock:
    """The year's own clock: stands until the next thing happens."""

    now: datetime

    def __call__(self) -> datetime:
        """The year's present."""
        return self.now

    def reach(self, at: datetime) -> None:
        """Go forward, never back; in UTC and to the millisecond, as the record is hashed."""
        self.now = max(self.now, at.astimezone(UTC).replace(microsecond=at.microsecond // 1000 * 1000))


@dataclass(slots=True)
class Year:
    """One run: what will happen when, and what is true of each case."""

    engine: ProcessEngine
    clock: Clock
    until: datetime
    dice: random.Random
    tell: Callable[[datetime], None] | None = None
    agenda: list[tuple[datetime, int, Callable[[], None]]] = field(default_factory=list)
    stories: dict[str, Story] = field(default_factory=dict)
    foreign: frozenset[str] = frozenset()
    noticed: set[str] = field(default_factory=set)
    people: dict[str, Actor] = field(default_factory=dict)
    number: int = 0
    opened: int = 0
    feedback_at: datetime | None = None
    calendar: WorkingCalendar = field(init=False)

    def plan(self, number: int) -> None:
        """Put the year's arrivals on the agenda; tasks that are there already are left alone."""
        with self.engine.reading(SYSTEM) as uow:
            self.calendar = calendars.load(uow)
            known = machines.search(uow, "", limit=10_000)
            self.foreign = frozenset(row.instance_id for row in pending.open_tasks(uow))
        for each in arrivals.planned(self.clock.now, self.until, cases=number, machines=known, regions=seed_year.regions(),
                                     calendar=self.calendar, dice=self.dice):
            self.later(each.at, partial(self.open, each))
        for at in arrivals.feedback_days(self.clock.now, self.until, self.calendar):
            self.later(at, self.begin_feedback)
        deeds.plan(self)

    def later(self, at: datetime, deed: Callable[[], None]) -> None:
        """Something to do then; what happens at the same time happens in the order of planning."""
        self.number += 1
        heapq.heappush(self.agenda, (at, self.number, deed))

    def run(self) -> None:
        """Play until the year is over; what is planned for later stays undone, and its tasks open."""
        while self.agenda and self.agenda[0][0] <= self.until:
            at, _, deed = heapq.heappop(self.agenda)
            self.pass_time(at)
            deed()
            self.settle()
            if self.tell:
                self.tell(self.clock.now)
        self.pass_time(self.until)
        deeds.leave(self)

    def pass_time(self, at: datetime) -> None:
        """Let the clock reach `at`; every timer fires when it is due."""
        while (due := self._next_due()) is not None and due <= at:
            self.clock.reach(due)
            self.settle()
            if self._next_due() == due:  # a job that was put off keeps its time: it is not ours to wait for
                break
        self.clock.reach(at)

    def settle(self) -> None:
        """Run what is due, and let people notice what came up for them."""
        jobs.run_all(self.engine)
        with self.engine.reading(SYSTEM) as uow:
            offered = [row for row in pending.open_tasks(uow)
                       if row.id not in self.noticed and row.instance_id not in self.foreign]
        for row in offered:
            self.noticed.add(row.id)
            self._notice(row)

    # ------------------------------------------------------------------ deeds
    def open(self, each: Arrival) -> None:
        """Start a case."""
        with self.engine.reading(self.actor(each.starter)) as uow:
            view = cases.start_form(uow, each.process)
            values = filled(uow, Filling(view, {}, each.story, self.dice, self.clock.now))
        with self.engine.transaction(self.actor(each.starter)) as uow:
            case_id = instances.start(uow, each.process, form_values=values, office=each.office)
        self.stories[case_id] = each.story
        self.opened += 1

    def begin_feedback(self) -> None:
        """The clerk begins the month's feedback where no timer has."""
        if self.feedback_at is None or self.clock.now - self.feedback_at > FEEDBACK_BEGUN:
            with self.engine.transaction(self.actor("clerk")) as uow:
                instances.start(uow, FEEDBACK)

    def complete(self, task_id: str, performer: str) -> None:
        """Do a task, if it is still there to be done."""
        with self.engine.reading(SYSTEM) as uow:
            view = cases.task(uow, task_id)
        if view.row.state != "open" or view.row.assignee not in (None, performer):
            return
        if view.instance.status == "suspended":
            self.later(self.clock.now + AGAIN, partial(self.complete, task_id, performer))
            return
        deeds.comment(self, view, performer)
        story = self.stories.setdefault(view.row.instance_id, Story(_told(view.variables)))
        with self.engine.transaction(self.actor(performer)) as uow:
            values = filled(uow, Filling(view, view.variables, story, self.dice, self.clock.now))
            tasks.complete(uow, task_id, values=values)

    def claim(self, task_id: str, performer: str) -> None:
        """Take a task that is to be done later."""
        with self.engine.reading(SYSTEM) as uow:
            row = tasks.row_of(uow, task_id)
            is_held = cases.instance(uow, row.instance_id).status == "suspended"
        if row.state == "open" and row.assignee is None and not is_held:
            with self.engine.transaction(self.actor(performer)) as uow:
                tasks.claim(uow, task_id)

    def now(self) -> datetime:
        """The year's present."""
        return self.clock.now

    def actor(self, user_id: str) -> Actor:
        """A user as the engine knows them."""
        if user_id not in self.people:
            with self.engine.reading(SYSTEM) as uow:
                self.people[user_id] = identity.actor(uow, user_id)
        return self.people[user_id]

    # ------------------------------------------------------------------ noticing
    def _notice(self, row: Any) -> None:
        """Somebody will do a task that came up: who, when, and whether they claim it before."""
        with self.engine.reading(SYSTEM) as uow:
            view = cases.task(uow, row.id)
        if view.process.id == FEEDBACK:
            self.feedback_at = self.feedback_at if self.feedback_at and row.instance_id in self.stories else self.clock.now
            self.stories.setdefault(row.instance_id, Story())
        performer = self._performer(view)
        at = paces.done_at(row.element, view.variables, self.clock.now, calendar=self.calendar, dice=self.dice)
        if view.row.assignee is None and self.dice.random() < CLAIMED_FIRST:
            claimed = self.clock.now + (at - self.clock.now) * self.dice.uniform(0.1, 0.8)
            self.later(claimed, lambda: self.claim(row.id, performer))
        self.later(at, lambda: self.complete(row.id, performer))

    def _performer(self, view: TaskView) -> str:
        if view.row.assignee:
            return str(view.row.assignee)
        able = [str(user.id) for user in view.candidates]
        return self.dice.choice(able) if able else "admin"

    def _next_due(self) -> datetime | None:
        with self.engine.reading(SYSTEM) as uow:
            return pending.next_due_at(uow)


def prepare(uow: UnitOfWork, until: datetime, seed: int) -> None:
    """The customers and machines of the year, as they stand on its last day."""
    seed_year.seed(uow, day_of(until), random.Random(seed))  # noqa: S311  # the demonstration's dice, no secret


def _told(variables: Mapping[str, Any]) -> dict[str, Any]:
    """What a case that others opened says of itself."""
    names = ("serial_number", "product", "customer", "contact", "phone", "region", "reported_fault")
    return {name: variables[name] for name in names if variables.get(name)}
