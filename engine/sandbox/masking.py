"""A case that is over as a scenario: what people entered, when time passed, the path that it took; without personal data.

Whatever a person typed freely is replaced, chosen values, numbers and dates stay: they are what the path depends on. A serial
number stays, too: without it no warranty is found. Who did it is left out: a run lets the first do it who may.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine import bundles, canonical, cases, forms
from engine.bundles import Bundle
from engine.cases import Event
from engine.errors import Conflict
from engine.forms import Field
from engine.sandbox.scenario import Expected, Scenario, Step
from engine.tables import activity_instance, history_body, history_event, task
from engine.unit_of_work import UnitOfWork

FREE = frozenset({"textfield", "textarea"})
KEPT = frozenset({"serial_number", "serial"})
ENGINES = frozenset({"starter", "office"})
"""Variables that starting sets itself."""
MASKED = "（已隐去）"
MOST_EVENTS = 2_000
BESIDE = frozenset({"send_back", "skip", "set_variable", "set_due", "suspend", "resume", "terminate", "migrate", "migrate_back"})
"""What happened beside the diagram: no scenario can tell it."""


def scenario_of(uow: UnitOfWork, case_id: str, name: str) -> Scenario:
    """The scenario of a case that is over. `Conflict` where it is not over, where people intervened, or where it is too long."""
    row = cases.instance(uow, case_id)
    if row.ended_at is None:
        raise Conflict("scenario_open_case", id=case_id, business_key=row.business_key)
    events = _events(uow, case_id)
    if any(each.command in BESIDE for each in events):
        raise Conflict("scenario_intervened", id=case_id, business_key=row.business_key)
    form = events[0].inputs.get("form", {})
    given = {key: value for key, value in events[0].inputs["set"].items() if key not in ENGINES}
    fields = _fields(bundles.load(uow, row.bundle_id))
    return Scenario(
        row.process_key, name, row.started_at, values=_masked(form, fields), variables={} if form else _masked(given, fields),
        event=_event(uow, row, events[0]), office=row.office,
        steps=tuple(_steps(uow, case_id, row.started_at, events[1:], fields)), expected=_path(uow, row))


def _event(uow: UnitOfWork, case: sa.Row[Any], first: Event) -> str:
    """The start event where it is not the plain one."""
    element = bundles.load(uow, case.bundle_id).element(case.process_key, first.element or "")
    return "" if element.event is None or element.event.kind == "none" else element.id


# ------------------------------------------------------------------ steps
def _steps(uow: UnitOfWork, case_id: str, began: datetime, events: Sequence[Event], fields: Mapping[str, Field]) -> list[Step]:
    """What people did, each after the time that passed before it: deadlines are counted from when a step was reached."""
    found: list[Step] = []
    places, clock = _places(uow, case_id), began
    for event in events:
        step = None if event.command == "timer" else _step(event, fields, places)
        if step is None and event.command != "timer":
            continue
        if event.at > clock:
            clock = event.at
            found.append(Step("wait", until=clock))
        found += [step] if step else []
    return _merged(found)


def _merged(steps: Sequence[Step]) -> list[Step]:
    """One wait where several follow each other: timers fire on the way."""
    pairs = zip(steps, [*steps[1:], None], strict=True)
    return [step for step, then in pairs if not (step.do == "wait" and then is not None and then.do == "wait")]


def _step(event: Event, fields: Mapping[str, Field], places: Mapping[str, int]) -> Step | None:
    if event.command == "complete":
        task_id = str(event.inputs.get("task", ""))
        values = _masked(event.inputs.get("form", {}), fields)
        return Step("complete", element=event.element or "", values=values, at=places.get(task_id, 0))
    if event.command == "action":
        return Step("action", element=event.element or "")
    if event.command == "message":
        return Step("message", name=str(event.inputs.get("message", event.element or "")))
    return None


def _places(uow: UnitOfWork, case_id: str) -> dict[str, int]:
    """The how many-th open task of its element each task was when it was completed."""
    rows = uow.rows(sa.select(task).where(task.c.instance_id == case_id).order_by(task.c.token))
    return {row.id: sum(each.element == row.element and each.token < row.token and _was_open(each, row.ended_at) for each in rows)
            for row in rows if row.ended_at is not None}


def _was_open(row: sa.Row[Any], at: datetime) -> bool:
    return bool(row.created_at <= at and (row.ended_at is None or row.ended_at > at))


def _path(uow: UnitOfWork, case: sa.Row[Any]) -> Expected:
    rows = uow.rows(sa.select(activity_instance).where(activity_instance.c.instance_id == case.id).order_by(
        activity_instance.c.seq, activity_instance.c.token))
    path = tuple(row.element if row.process_key == case.process_key else f"{row.process_key}/{row.element}" for row in rows)
    return Expected(path, case.end_element)


def _events(uow: UnitOfWork, case_id: str) -> list[Event]:
    """All of them, the first first: `cases.timeline` has the newest."""
    number = int(uow.scalar(sa.select(sa.func.count()).select_from(history_event).where(history_event.c.instance_id == case_id)))
    if number > MOST_EVENTS:
        raise Conflict("scenario_too_long", id=case_id, limit=MOST_EVENTS)
    body = sa.and_(history_body.c.instance_id == history_event.c.instance_id, history_body.c.seq == history_event.c.seq)
    rows = uow.rows(sa.select(history_event, history_body.c.body).join(history_body, body, isouter=True).where(
        history_event.c.instance_id == case_id).order_by(history_event.c.seq))
    if any(row.body is None for row in rows):
        raise Conflict("scenario_erased", id=case_id)
    return [Event(row.seq, row.at, row.actor, row.command, row.element, "", "", (), (), row.on_behalf_of,
                  {**body["inputs"], "set": body["set"]}) for row in rows for body in [canonical.loads(row.body)]]


# ------------------------------------------------------------------ masking
def _fields(bundle: Bundle) -> dict[str, Field]:
    return {field.key: field for schema in bundle.forms.values() for field in forms.fields(schema)}


def _masked(values: Any, fields: Mapping[str, Field]) -> dict[str, Any]:
    if not isinstance(values, Mapping):
        return {}
    return {key: _hidden(value, fields.get(key)) for key, value in values.items()}


def _hidden(value: Any, field: Field | None) -> Any:
    """What was typed freely is hidden; rows of a list by their own fields; what no form asked for, too."""
    if field is not None and field.rows and isinstance(value, list):
        inner = {each.key: each for each in field.rows}
        return [_masked(row, inner) for row in value]
    is_free = field is None or (field.type in FREE and not field.options and not field.values_key)
    if not is_free or not isinstance(value, str) or not value or (field is not None and field.key in KEPT):
        return value
    pattern = (field.component.get("validate") or {}) if field is not None else {}
    return MASKED if not pattern.get("pattern") and int(pattern.get("minLength") or 0) <= len(MASKED) else _like(value)


def _like(value: str) -> str:
    """Digits stay digits and letters letters, so that a form that asks for a pattern still takes it."""
    return "".join("0" if letter.isdigit() else "x" if letter.isascii() and letter.isalpha() else letter for letter in value)
