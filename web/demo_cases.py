"""A dozen open cases in different steps for the demonstration, each brought there by the people whose turn it was."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from engine import cases, forms, identity, instances, jobs, tasks
from engine.cases import StartView, TaskView
from engine.errors import InvalidForm
from engine.forms import Field
from engine.unit_of_work import SYSTEM, ProcessEngine, UnitOfWork

Values = Mapping[str, Any]
MOST_STEPS = 60
ROUNDS = 5  # a form whose fields show and hide one another is filled in so many goes
NOT_MINE = frozenset({"hidden_field", "disabled_field", "readonly_field", "unknown_field"})


@dataclass(frozen=True, slots=True)
class Story:
    """A case of `process` in an office, brought to where `until` is offered; `facts` are what people type on the way."""

    process: str
    starter: str
    until: str
    facts: Values = field(default_factory=dict)


def open_all(engine: ProcessEngine) -> Iterator[str]:
    """Open every story's case; gives its number and the step at which it waits."""
    for story in STORIES:
        case_id = _start(engine, story)
        element = _work(engine, story, case_id)
        with engine.reading(SYSTEM) as uow:
            row = cases.instance(uow, case_id)
        yield f"{row.business_key}\t{story.process}\t{element}"


def _start(engine: ProcessEngine, story: Story) -> str:
    with engine.reading(SYSTEM) as uow:
        starter = identity.actor(uow, story.starter)
    with engine.transaction(starter) as uow:
        view = cases.start_form(uow, story.process)
        return instances.start(uow, story.process, form_values=_filled(uow, view, {}, story.facts))


def _work(engine: ProcessEngine, story: Story, case_id: str) -> str:
    """Complete task after task; gives the element that is offered in the end."""
    for _ in range(MOST_STEPS):
        jobs.run_all(engine)
        with engine.reading(SYSTEM) as uow:
            offered = [row for row in cases.case(uow, case_id).tasks if row.state == "open"]
        if not offered or any(row.element == story.until for row in offered):
            return ", ".join(row.element for row in offered) or "-"
        _complete(engine, story, offered[0].id)
    return str(offered[0].element)


def _complete(engine: ProcessEngine, story: Story, task_id: str) -> None:
    with engine.reading(SYSTEM) as uow:
        view = cases.task(uow, task_id)
        performer = identity.actor(uow, view.row.assignee or view.candidates[0].id)
    with engine.transaction(performer) as uow:
        tasks.complete(uow, task_id, values=_filled(uow, view, view.variables, story.facts))


# ------------------------------------------------------------------ filling in
def _filled(uow: UnitOfWork, view: TaskView | StartView, known: Values, facts: Values) -> dict[str, Any] | None:
    """What somebody types who knows the facts and answers the rest plainly: what the form itself asks for, no more."""
    if view.form is None:
        return None
    fields = {each.key: each for each in forms.fields(view.form)}
    values = {key: facts[key] for key in fields if key in facts}
    for _ in range(ROUNDS):
        try:
            forms.parse(view.form, values, known, uow.now, lambda name: view.lists[name])
            break
        except InvalidForm as refused:
            for key, findings in refused.facts["errors"].items():
                if any(code in NOT_MINE for code, _ in findings):
                    values.pop(key, None)
                else:
                    values[key] = _plain(view, fields[key], uow.now)
    return values


def _plain(view: TaskView | StartView, asked: Field, now: datetime) -> Any:
    """A plain answer of the field's type."""
    if asked.values_key:
        return view.lists[asked.values_key][0].value
    if asked.options:
        return asked.options[0].value
    if asked.type == "datetime":
        subtype = asked.component.get("subtype", "date")
        return {"date": now.date().isoformat(), "time": "09:00"}.get(subtype, now.isoformat(timespec="minutes"))
    return {"number": 1, "checkbox": True, "checklist": [], "taglist": []}.get(asked.type, "见附件")


REPAIR = {"report_source": "customer", "product": "terminal_text", "customer": "长沙市第一储蓄所", "fault": "开机后无显示"}
STORIES = (
    Story("in_warranty", "lead.changsha", "assign_visit", REPAIR),
)
