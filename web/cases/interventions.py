"""The pages on which leads and administrators change a case's course: choose, see the effect, give the reason, confirm."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Redirect

from engine import bundles, buttons, cases, identity, instances, interventions, tasks
from engine.buttons import Button
from engine.cases import Case
from engine.errors import EngineError, Forbidden, InvalidForm, InvalidValue, NotFound
from engine.forms import Field
from engine.interventions import Effect, Intervention, SendBack, SetVariable, Skip, Target, Terminate
from engine.unit_of_work import UnitOfWork
from web import errors
from web.access import needs, unit_of_work
from web.cases import telling
from web.layout import deadlines, pictures, words

pages = Blueprint("interventions", __name__, template_folder="templates")
KINDS = ("send_back", "skip", "set_variable", "set_due", "suspend", "resume", "terminate")
MANY = ("checklist", "taglist")


@dataclass(frozen=True, slots=True)
class Choices:
    """What can be chosen: where to go back to, the answers of a decision, the form's field that gives a variable its type."""

    task: sa.Row[Any] | None
    targets: Sequence[Target]
    answers: Sequence[Button]
    field: Field | None
    options: Sequence[tuple[Any, str]]
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
        effect, refused = _effect(uow, case_id, kind, given)
        error = error or refused
        people = {row.id: words.in_words(row) for row in identity.users(uow)}
        shown = {
            "case": case, "choices": _choices(uow, case, kind, given), "effect": effect, "people": people,
            "drawings": _drawings(case, effect) if effect else [], "receivers": _receivers(uow, effect, people) if effect else {},
            "labels": telling.variable_labels(uow, case), "due": deadlines.clock(uow),
        }
    status = errors.refusal(error).status if error else 200
    error_words = _words(error) if error else ""
    return render_template("cases/intervention.html", section="cases", kind=kind, given=given, titles=titles(), error=error,
                           error_words=error_words, tell=telling.value, process_name=words.process_name, **shown), status


def titles() -> dict[str, str]:
    """What each intervention is called where it is chosen."""
    return {"send_back": _("Send back to an earlier step"), "skip": _("Skip this step"), "set_variable": _("Change an entry"),
            "set_due": _("Change the due date"), "suspend": _("Suspend the case"), "resume": _("Resume the case"),
            "terminate": _("Cancel the case")}


def _words(error: EngineError) -> str:
    found = errors.by_field(error, words.language()) if isinstance(error, InvalidForm) else {}
    return " ".join(text for texts in found.values() for text in texts) or errors.sentence(error, words.language())


def _effect(uow: UnitOfWork, case_id: str, kind: str, given: Mapping[str, str]) -> tuple[Effect | None, EngineError | None]:
    asked = _asked(kind, given)
    if asked is None:
        return None, None
    try:
        return interventions.preview(uow, case_id, asked), None
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
    return Choices(waits, targets, answers, field, _options(uow, case, field), found[0] if found else None)


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


def _drawings(case: Case, effect: Effect) -> list[dict[str, Any]]:
    """The diagrams that the effect touches, with what goes and what comes."""
    gone, come = effect.withdrawn, effect.begun
    touched = {spot.process for spot in (*gone, *come)} or {case.processes[0].process.id}
    return [{"part": part, "picture": pictures.of_process(part) | {
        "going": [spot.element.id for spot in gone if spot.process == part.process.id],
        "coming": [spot.element.id for spot in come if spot.process == part.process.id]}}
        for part in case.processes if part.process.id in touched]


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
