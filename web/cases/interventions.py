"""The pages on which leads and administrators change a case's course: choose, see the effect, give the reason, confirm."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa
from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Redirect

from engine import bundles, buttons, cases, identity, instances, interventions, tasks
from engine.buttons import Button
from engine.cases import Case
from engine.due_dates import Together
from engine.errors import EngineError, Forbidden, InvalidForm, InvalidValue, NotFound
from engine.forms import Field
from engine.interventions import Effect, Intervention, SendBack, SetVariable, Skip, Target, Terminate
from engine.unit_of_work import UnitOfWork
from web import errors
from web.access import needs, unit_of_work
from web.cases import rows, telling
from web.layout import deadlines, pictures, words

pages = Blueprint("interventions", __name__, template_folder="templates")
KINDS = ("send_back", "skip", "set_variable", "set_due", "suspend", "resume", "terminate")
HOLDS = ("suspend", "resume")
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Choices:
    """What can be chosen: where to go back to, the answers of a decision, the form's field that gives a variable its type."""

    task: sa.Row[Any] | None
    targets: Sequence[Target]
    answers: Sequence[Button]
    field: Field | None
    options: Sequence[tuple[Any, str]]
    table: rows.Table | None
    choices: Mapping[str, Sequence[tuple[Any, str]]]
    now: Any


@pages.get("/cases/<case_id>/intervene/<kind>")
@needs("signed_in")
def page(case_id: str, kind: str) -> str | tuple[str, int]:
    """The choice, and once it is made its effect."""
    return _page(case_id, kind, request.args)


@pages.post("/cases/<case_id>/intervene/<kind>")
@needs("signed_in")
def confirm(case_id: str, kind: str) -> str | Redirect | tuple[str, int]:
    """Do it; what is refused is shown with the effect as it is now and everything typed."""
    try:
        with unit_of_work(writes=True) as uow:
            _do(uow, case_id, kind, request.form)
    except Forbidden:
        raise
    except EngineError as error:
        return _page(case_id, kind, request.form, error=error)
    return redirect(url_for("cases.page", case_id=case_id, intervened=kind))


def _do(uow: UnitOfWork, case_id: str, kind: str, given: Mapping[str, str]) -> None:
    reason = given.get("reason", "")
    simple = {"suspend": instances.suspend, "resume": instances.resume, "terminate": instances.terminate}
    if kind in simple:
        simple[kind](uow, case_id, reason=reason)
    elif kind == "set_due":
        tasks.set_due(uow, f"{case_id}.{_number(given, 'token')}", due_at=_moment(given), reason=reason)
    else:
        asked = _asked(kind, given)
        if asked is None or isinstance(asked, Terminate):
            raise InvalidValue("choice_missing", field="choice", value="")
        interventions.intervene(uow, case_id, asked, reason=reason, seen=_number(given, "seen"))


def _asked(kind: str, given: Mapping[str, str]) -> Intervention | None:
    """What is chosen so far; None while the choice is open."""
    if kind == "terminate":
        return Terminate()
    if kind == "send_back" and given.get("target"):
        scope, _separator, target = given["target"].partition(":")
        return SendBack(_number(given, "token"), target, int(scope) if scope.isascii() and scope.isdigit() else 1)
    if kind == "skip" and (given.get("answer") or given.get("sure")):
        return Skip(_number(given, "token"), given.get("answer", ""))
    if kind == "set_variable" and given.get("sure"):
        typed = given.get("type", "form")
        return SetVariable(_number(given, "scope") or 1, given.get("name", "").strip(), _entry(given), typed)  # type: ignore[arg-type]  # judged by the engine
    return None


def _entry(given: Mapping[str, str]) -> Any:
    if given.get("table"):
        return rows.read(given)
    many = request.values.getlist("entries")
    return many if given.get("many") else given.get("entry", "")


def _number(given: Mapping[str, str], name: str) -> int:
    text = given.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _moment(given: Mapping[str, str]) -> datetime:
    try:
        return datetime.fromisoformat(given.get("due_at", "")).replace(tzinfo=words.ZONE)
    except ValueError as problem:
        raise InvalidValue("due_missing", field="due_at", value=given.get("due_at", "")) from problem


# ------------------------------------------------------------------ the page
def _page(case_id: str, kind: str, given: Mapping[str, str], *, error: EngineError | None = None) -> str | tuple[str, int]:
    if kind not in KINDS:
        raise NotFound(kind="page", id=kind)
    with unit_of_work(writes=False) as uow:
        case = cases.case(uow, case_id)
        if not identity.may_intervene(uow, case.instance):
            raise Forbidden("may_not_intervene", id=case_id)
        choices, labels = _choices(uow, case, kind, given), telling.variable_labels(uow, case)
        effect, refused = _effect(uow, case_id, kind, given)
        moved, late = _moved(uow, choices.task, kind, given)
        error, due_at = error or refused or late, _tried(lambda: _moment(given))[0]
        people = {row.id: words.in_words(row) for row in identity.users(uow)}
        shown = {
            "case": case, "choices": choices, "effect": effect, "moved": moved, "people": people,
            "drawings": _drawings(case, kind, effect, _dates(moved, due_at, uow.now)), "rows_typed": rows.hidden(given),
            "receivers": _receivers(uow, effect, people) if effect else {}, "tell": telling.teller(uow, case),
            "timers": interventions.timers(uow, case.instance) if kind in HOLDS else [], "names": telling.elements(case),
            "entries": _entries(uow, case) if kind == "set_variable" and not given.get("name") else [],
            "labels": labels, "due": deadlines.clock(uow), "due_at": due_at, "now": uow.now}
    status = errors.refusal(error).status if error else 200
    error_words = _words(error, labels) if error else ""
    return render_template("cases/intervention.html", section="cases", kind=kind, given=given, titles=titles(), error=error,
                           error_words=error_words, process_name=words.process_name, **shown), status


def titles() -> dict[str, str]:
    """What each intervention is called where it is chosen."""
    return {"send_back": _("Send back to an earlier step"), "skip": _("Skip this step"), "set_variable": _("Change an entry"),
            "set_due": _("Change the due date"), "suspend": _("Suspend the case"), "resume": _("Resume the case"),
            "terminate": _("Cancel the case")}


def _words(error: EngineError, labels: Mapping[str, str]) -> str:
    """What was refused; in a list with the line and the field that it is about."""
    if not isinstance(error, InvalidForm):
        return errors.sentence(error, words.language())
    found = errors.by_field(error, words.language())
    return " ".join(f"{_place(key, labels)}{text}" for key, texts in found.items() for text in texts)


def _place(key: str, labels: Mapping[str, str]) -> str:
    line = re.search(r"\[(\d+)\]", key)
    if not line:
        return ""
    field = re.sub(r"\[\d+\]", "", key)
    return str(_("Line %(line)s, %(field)s: ", line=line[1], field=labels.get(field, field)))


def _effect(uow: UnitOfWork, case_id: str, kind: str, given: Mapping[str, str]) -> tuple[Effect | None, EngineError | None]:
    asked = _asked(kind, given)
    return (None, None) if asked is None else _tried(lambda: interventions.preview(uow, case_id, asked))


def _moved(uow: UnitOfWork, waits: sa.Row[Any] | None, kind: str, given: Mapping[str, str],
           ) -> tuple[Together | None, EngineError | None]:
    """What a new due date moves, once one is given."""
    if kind != "set_due" or waits is None or not given.get("due_at"):
        return None, None
    return _tried(lambda: interventions.preview_due(uow, waits, _moment(given)))


def _tried(look: Callable[[], Found]) -> tuple[Found | None, EngineError | None]:
    """What would be, or why not; who may not look at all is sent away."""
    try:
        return look(), None
    except Forbidden:
        raise
    except EngineError as error:
        return None, error


def _choices(uow: UnitOfWork, case: Case, kind: str, given: Mapping[str, str]) -> Choices:
    token = _number(given, "token")
    waits = next((row for row in case.tasks if row.token == token and row.state == "open"), None)
    bundle = bundles.load(uow, case.instance.bundle_id)
    targets = interventions.targets(uow, case.instance, token) if kind == "send_back" else []
    answers: Sequence[Button] = ()
    if kind == "skip" and waits is not None:
        element = bundle.element(waits.process_key, waits.element)
        answers = buttons.buttons(bundle.processes, element, tasks.form_of(bundle, element))
    field = interventions.fields(bundle).get(given.get("name", "")) if kind == "set_variable" else None
    found = [one.value for one in cases.variables(uow, case.instance.id) if one.name == given.get("name")
             and one.scope == _number(given, "scope")]
    now = found[0] if found else None
    table = rows.table(field, now, given) if field and rows.may_be_typed(field) else None
    inner = {one.key: _options(uow, case, one) for one in field.rows} if field else {}
    return Choices(waits, targets, answers, field, _options(uow, case, field), table, inner, now)


def _entries(uow: UnitOfWork, case: Case) -> list[tuple[str, list[telling.Known]]]:
    """What can be changed, under the step that asked for it."""
    found = telling.by_step(telling.known(uow, case, cases.variables(uow, case.instance.id)))
    changeable = ((step, [one for one in there if one.may_change]) for step, there in found)
    return [(step, there) for step, there in changeable if there]


def _options(uow: UnitOfWork, case: Case, field: Field | None) -> list[tuple[Any, str]]:
    """The values of a choosing field with their words, those of a list of the server too."""
    if field is None:
        return []
    english = words.language() == "en"
    own = [(one.value, (one.label_en if english else one.label) or one.label) for one in field.options]
    if field.values_key in uow.engine.lists:
        listed = uow.engine.lists[field.values_key](uow, case.instance.office)
        own += [(one.value, one.en if english else one.zh) for one in listed]
    return own


def _drawings(case: Case, kind: str, effect: Effect | None, dates: Mapping[str, Mapping[str, str]]) -> list[dict[str, Any]]:
    """The diagrams that the effect touches: what goes, what comes, what is due when; a case that is held, as it stands."""
    if effect is None and not dates and kind not in HOLDS:
        return []
    gone, come = (effect.withdrawn, effect.begun) if effect else ((), ())
    touched = {spot.process for spot in (*gone, *come)} | set(dates)
    touched = touched or {part.process.id for part in case.processes if part.tokens} or {case.processes[0].process.id}
    return [{"part": part, "picture": pictures.of_process(part) | {
        "going": [spot.element.id for spot in gone if spot.process == part.process.id],
        "coming": [spot.element.id for spot in come if spot.process == part.process.id],
        "due": dates.get(part.process.id, {})}} for part in case.processes if part.process.id in touched]


def _dates(moved: Together | None, due_at: datetime | None, now: datetime) -> dict[str, dict[str, str]]:
    """Process → element → the new date, as it stands on the diagram."""
    found: dict[str, dict[str, str]] = {}
    if moved is None or due_at is None:
        return found
    for row in (*moved.tasks, *filter(None, [moved.timer])):
        found.setdefault(row.process_key, {})[row.element] = words.day_and_time(due_at, now)
    return found


def _receivers(uow: UnitOfWork, effect: Effect, people: Mapping[str, str]) -> dict[int, str]:
    """Token of a task that is offered → who gets it."""
    groups = {row.id: row for row in identity.groups(uow)}
    offices = {row.id: words.in_words(row) for row in identity.offices(uow)}
    found = {}
    for offer in effect.offers:
        place = offices.get(offer.office or "", offer.office or "")
        named = [telling.group(groups, name, place) for name in offer.groups]
        found[offer.token] = people.get(offer.assignee, offer.assignee) if offer.assignee else str(_(", ")).join(named) or "—"
    return found
