"""What people of the demonstration year do beside their tasks: comments, absences, holds, and what they leave for tomorrow."""

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol

from engine import cases, comments, drafts, filters, forms, instances, settings_of_people, substitutions, watching
from engine.cases import TaskView
from engine.queries import pending
from engine.unit_of_work import SYSTEM, Actor, ProcessEngine
from engine.worklist import Criteria
from web.cases.starting import FAVOURITES
from web.demo.answers import Story
from web.demo.wordings import SAID

COMMENTED = 0.08  # so many completions come with a word to colleagues
ABSENT, SUBSTITUTE, ABSENCE_LEAD = "engineer.changsha", "engineer2.changsha", "lead.changsha"
ABSENT_SINCE, ABSENT_FOR = timedelta(days=2, hours=3), timedelta(days=9)
HELD = (0.3, 0.55, 0.8, 0.985)  # when in the year a case is held, for some hours; the last one still is
HOLD_HOURS = 20
WHY_HELD = ("顾客停业装修，复工后继续", "等上级单位批复维修费用", "顾客要求月底盘点后再处理", "当地大雪封路")
DRAFTS = 4
FILTERS: Sequence[tuple[str, str, Any, Criteria]] = (
    ("lead.changsha", "逾期任务", "office", Criteria(due="late")), ("lead.changsha", "保内报修", "office",
        Criteria(process="in_warranty")),
    ("manager", "投诉", "groups", Criteria(process="complaint")), ("clerk", "本周到期", "groups", Criteria(due="week")),
)


class Year(Protocol):
    """What these deeds need of the year that is played (`year.Year`)."""

    engine: ProcessEngine
    until: datetime
    dice: random.Random

    @property
    def stories(self) -> Mapping[str, Story]:
        """The cases of this year, by id."""

    def now(self) -> datetime:
        """The year's present."""

    def later(self, at: datetime, deed: Callable[[], None]) -> None:
        """Put something on the agenda."""

    def actor(self, user_id: str) -> Actor:
        """A user as the engine knows them."""


def plan(year: Year) -> None:
    """Put the absence and the holds on the agenda."""
    begin = year.now()
    year.later(year.until - ABSENT_SINCE, partial(be_absent, year))
    for number, share in enumerate(HELD):
        year.later(begin + share * (year.until - begin), partial(hold, year, WHY_HELD[number], ends=number + 1 < len(HELD)))


def comment(year: Year, view: TaskView, performer: str) -> None:
    """Now and then somebody writes a word to colleagues while doing a task."""
    if year.dice.random() < COMMENTED:
        with year.engine.transaction(year.actor(performer)) as uow:
            comments.add(uow, view.row.instance_id, year.dice.choice(SAID), task_id=view.row.id)


def be_absent(year: Year) -> None:
    """An engineer is away from tomorrow on; a colleague stands in."""
    with year.engine.transaction(year.actor(ABSENCE_LEAD)) as uow:
        substitutions.enter(uow, ABSENT, substitute=SUBSTITUTE, from_at=uow.now, until_at=uow.now + ABSENT_FOR, reason="年休假")


def hold(year: Year, why: str, *, ends: bool) -> None:
    """The manager holds a case with a reason, and lets it go on later."""
    with year.engine.reading(SYSTEM) as uow:
        open_ids = sorted({row.instance_id for row in pending.open_tasks(uow)} & set(year.stories))
        rows = sorted((cases.instance(uow, each) for each in open_ids), key=lambda row: row.business_key)
    fitting = [row for row in rows if row.status == "active" and row.process_key in ("in_warranty", "out_of_warranty")]
    if not fitting:
        return
    case_id = year.dice.choice(fitting).id
    with year.engine.transaction(year.actor("manager")) as uow:
        instances.suspend(uow, case_id, reason=why)
    if ends:
        year.later(year.now() + timedelta(hours=HOLD_HOURS), partial(resume, year, case_id))


def resume(year: Year, case_id: str) -> None:
    """What was held goes on."""
    with year.engine.transaction(year.actor("manager")) as uow:
        instances.resume(uow, case_id, reason="原因已消除，继续办理")


def leave(year: Year) -> None:
    """The last evening: filters and favourites are kept, cases watched, drafts left behind."""
    for user, name, view, criteria in FILTERS:
        with year.engine.transaction(year.actor(user)) as uow:
            filters.save(uow, name, view=view, criteria=criteria)
    for user, favourites in (("lead.changsha", ["in_warranty"]), ("clerk", ["satisfaction_survey"])):
        with year.engine.transaction(year.actor(user)) as uow:
            settings_of_people.choose(uow, FAVOURITES, favourites)
    with year.engine.reading(SYSTEM) as uow:
        left = [cases.task(uow, row.id) for row in pending.open_tasks(uow) if row.instance_id in year.stories]
    _watch(year, left)
    _draft(year, left)


def _watch(year: Year, left: Sequence[TaskView]) -> None:
    """The manager watches what is serious, a lead some of the office's."""
    for user, wanted in (("manager", [view for view in left if view.instance.process_key == "complaint"]),
                         ("lead.changsha", [view for view in left if view.row.office == "changsha"])):
        for case_id in list(dict.fromkeys(view.row.instance_id for view in wanted))[:4]:
            with year.engine.transaction(year.actor(user)) as uow:
                watching.watch(uow, case_id)


def _draft(year: Year, left: Sequence[TaskView]) -> None:
    """Some tasks were begun: the first text of their form is half written."""
    begun = [(view, each.key) for view in left if view.row.assignee and view.form
             for each in forms.fields(view.form)[:6] if each.type == "textarea"]
    for view, key in _few(begun, year.dice):
        with year.engine.transaction(year.actor(view.row.assignee)) as uow:
            drafts.save(uow, view.row.id, {key: "已与顾客联系，"})


def _few(begun: list[tuple[TaskView, str]], dice: random.Random) -> list[tuple[TaskView, str]]:
    one_each = list({view.row.id: (view, key) for view, key in begun}.values())
    return dice.sample(one_each, min(DRAFTS, len(one_each)))
