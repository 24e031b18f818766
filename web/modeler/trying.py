"""Trying a draft: its cases run in a sandbox, step by step, with a clock that one moves; what was tried becomes a scenario.

The page has no state but the scenario so far, kept for the person as what they type elsewhere is: each look runs it anew.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from flask import Response, current_app, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from engine import bundles, identity
from engine import drafts as typed_words
from engine.cases import StartView, TaskView
from engine.diagram import read
from engine.diagram.check import File
from engine.diagram.deployment import DIAGRAM
from engine.diagram.model import Process
from engine.errors import Conflict, DeploymentRefused, EngineError, InvalidForm, InvalidValue, NotFound
from engine.modeling import drafts
from engine.sandbox import run, scenario
from engine.sandbox.run import Run
from engine.sandbox.scenario import Expected, Scenario, Step
from engine.sandbox.scratch import Sandbox
from engine.unit_of_work import UnitOfWork
from web import errors
from web.access import needs, unit_of_work
from web.layout import island, words
from web.modeler.room import field, moment, must_model, pages, show, status

WAITS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}
"""How far the clock can be put forward at once."""
Page = Answer | str | tuple[str, int]


def sandbox() -> Sandbox:
    """The sandbox of this application."""
    return cast("Sandbox", current_app.extensions["sandbox"])


@pages.get("/drafts/<draft_id>/try")
@needs("signed_in")
def try_draft(draft_id: str) -> Page:
    """Choose what to try; straight to it where there is only one process."""
    with unit_of_work(writes=False) as uow:
        must_model(uow)
        found = processes(uow, draft_id)
        if len(found) == 1:
            return redirect(url_for("modeler.try_process", draft_id=draft_id, process=next(iter(found))))
        return show(uow, "try_choice", "drafts", draft=drafts.get(uow, draft_id), processes=found)


@pages.get("/drafts/<draft_id>/try/<process>")
@needs("signed_in")
def try_process(draft_id: str, process: str) -> Page:
    """Where the case that is tried stands: its diagram, its open tasks with their forms, the clock."""
    return _page(draft_id, process)


@pages.get("/drafts/<draft_id>/try/<process>/diagram/<shown>")
@needs("signed_in")
def try_diagram(draft_id: str, process: str, shown: str) -> Response:
    """The diagram of a process as it is in the draft, else as it is in effect."""
    del process
    with unit_of_work(writes=False) as uow:
        must_model(uow)
        return Response(_diagram(uow, draft_id, shown), mimetype="application/xml")


@pages.post("/drafts/<draft_id>/try/<process>/<deed>")
@needs("signed_in")
def try_on(draft_id: str, process: str, deed: str) -> Page:
    """Do the next thing, or undo; what cannot be done is said, and nothing that was tried is lost."""
    if deed not in DEEDS:
        raise NotFound(kind="page", id=deed)
    before = _kept(draft_id, process)
    try:
        after = DEEDS[deed](before)
        if after is not None and deed not in ("undo", "start"):
            _must_run(draft_id, after)
        if after is not None and deed == "start":
            _must_start(draft_id, after)
    except (InvalidForm, InvalidValue, Conflict) as error:
        return _page(draft_id, process, error, _typed()), status(error)
    _keep(draft_id, process, after)
    return redirect(url_for("modeler.try_process", draft_id=draft_id, process=process))


@pages.post("/drafts/<draft_id>/try/<process>/save")
@needs("signed_in")
def try_save(draft_id: str, process: str) -> Page:
    """Keep what was tried as a scenario of the draft, with the path that it took as what is expected."""
    try:
        name = field("name", 200)
        if not name:
            raise InvalidValue("scenario", field=str(_("Name")), value="—")
        tried = replace(_kept(draft_id, process) or _new(process), name=name, name_en=field("name_en", 200))
        found = _run(draft_id, tried)
        told = replace(tried, expected=Expected(found.path, found.ended))
        save_scenario(draft_id, told)
    except EngineError as error:
        return _page(draft_id, process, error), status(error)
    return redirect(url_for("modeler.scenario_list", draft_id=draft_id, done="saved"))


def save_scenario(draft_id: str, told: Scenario) -> None:
    """Put a scenario into the draft; one of the same name is replaced."""
    name = scenario.file_name(told)
    with unit_of_work(writes=True) as uow:
        known = drafts.files(uow, draft_id).get(name)
        drafts.save(uow, draft_id, name, scenario.write(told), revision=known.revision if known else None)


def processes(uow: UnitOfWork, draft_id: str) -> dict[str, Process]:
    """The executable processes of a draft by key."""
    found: dict[str, Process] = {}
    for file in drafts.as_files(uow, draft_id):
        found |= processes_in(file)
    return found


def processes_in(file: File) -> dict[str, Process]:
    """The executable processes of a file; none of one that cannot be read."""
    if not file.name.endswith(DIAGRAM):
        return {}
    try:
        found = read.read(file.data, file.name).processes
    except DeploymentRefused:
        return {}
    return {key: each for key, each in found.items() if each.is_executable}


# ------------------------------------------------------------------ deeds
def _start(before: Scenario | None) -> Scenario:
    begun = before or _new(_process())
    at = moment("begin")
    return replace(begun, values=_typed(), office=field("office", 100), steps=(), begin=at or begun.begin)


def _complete(before: Scenario | None) -> Scenario:
    step = Step("complete", field("element", 200), values=_typed(), at=request.form.get("at", 0, type=int))
    return _with(before, step)


def _wait(before: Scenario | None) -> Scenario:
    """To the next timer, by a fixed time, or to a moment. `now` is what the page's clock shows."""
    wanted = field("until", 40)
    if wanted == "next":
        return _with(before, Step("wait"))
    now = _shown_now()
    until = now + WAITS[wanted] if wanted in WAITS else moment("moment")
    if until is None or until <= now:
        raise InvalidValue("due_past", field="moment", value=field("moment", 40))
    return _with(before, Step("wait", until=until))


def _shown_now() -> datetime:
    try:
        return datetime.fromisoformat(field("now", 60)).astimezone(UTC)
    except ValueError:
        raise InvalidValue("due_at", field="now", value=field("now", 60)) from None


def _message(before: Scenario | None) -> Scenario:
    return _with(before, Step("message", name=field("name", 200)))


def _act(before: Scenario | None) -> Scenario:
    return _with(before, Step("action", field("element", 200)))


def _undo(before: Scenario | None) -> Scenario | None:
    return replace(before, steps=before.steps[:-1]) if before and before.steps else None


def _again(before: Scenario | None) -> None:
    del before


DEEDS: Mapping[str, Callable[[Scenario | None], Scenario | None]] = {
    "start": _start, "complete": _complete, "wait": _wait, "message": _message, "action": _act, "undo": _undo, "again": _again}


def _with(before: Scenario | None, step: Step) -> Scenario:
    if before is None:
        raise Conflict("sandbox_not_begun")
    if len(before.steps) >= scenario.MOST_STEPS:
        raise InvalidValue("scenario", field="steps", value=str(scenario.MOST_STEPS))
    return replace(before, steps=(*before.steps, step))


def _typed() -> dict[str, Any]:
    """The form's values, and the answer of the button that was pressed."""
    values = island.read_values(request.form.get("values", ""))
    key, answer = request.form.get("decision_field"), request.form.get("decision")
    return {**values, key: answer} if key and answer is not None else values


def _process() -> str:
    return str((request.view_args or {})["process"])


# ------------------------------------------------------------------ the scenario so far
def _subject(draft_id: str, process: str) -> str:
    return f"try:{draft_id}:{process}"


def _kept(draft_id: str, process: str) -> Scenario | None:
    with unit_of_work(writes=False) as uow:
        must_model(uow)
        drafts.get(uow, draft_id)
        found = typed_words.find(uow, _subject(draft_id, process))
        return scenario.parse(dict(found.entries)) if found else None


def _keep(draft_id: str, process: str, tried: Scenario | None) -> None:
    with unit_of_work(writes=True) as uow:
        if tried is None:
            typed_words.discard(uow, _subject(draft_id, process))
        else:
            typed_words.save(uow, _subject(draft_id, process), scenario.as_json(tried), overrides=True)


def _new(process: str) -> Scenario:
    with unit_of_work(writes=False) as uow:
        offices = sorted(uow.actor.offices) or [row.id for row in identity.offices(uow) if row.is_active]
        other = next((each for each in offices if each != uow.engine.settings.head_office), offices[0])
        return Scenario(process, "—", uow.now.replace(second=0, microsecond=0), office=other)


def _run(draft_id: str, tried: Scenario, *, starts: bool = True) -> Run:
    with unit_of_work(writes=False) as uow:
        files = drafts.as_files(uow, draft_id)
    return run.run(sandbox(), [file for file in files if not file.name.endswith(".scenario")], tried, starts=starts)


def _must_run(draft_id: str, tried: Scenario) -> None:
    """Refuse the last step where it cannot be taken; an earlier one that no longer fits is shown on the page."""
    found = _run(draft_id, tried)
    if found.stopped and found.stopped.step == len(tried.steps):
        raise found.stopped.error


def _must_start(draft_id: str, tried: Scenario) -> None:
    found = _run(draft_id, tried)
    if found.stopped and found.stopped.step == 0:
        raise found.stopped.error


# ------------------------------------------------------------------ the page
def _page(draft_id: str, process: str, error: EngineError | None = None, typed: Mapping[str, Any] | None = None) -> str:
    tried = _kept(draft_id, process)
    found, refused = None, error if isinstance(error, DeploymentRefused) else None
    try:
        found = _run(draft_id, tried or _new(process), starts=tried is not None)
    except DeploymentRefused as problem:
        refused = problem
    with unit_of_work(writes=False) as uow:
        must_model(uow)
        known = processes(uow, draft_id)
        shown = _shown(found, tried, error, typed) if found else {}
        return show(uow, "try", "drafts", error if refused is None else None, draft=drafts.get(uow, draft_id), process=process,
                    name=_name(known.get(process), process), tried=tried, run=found, refused=refused,
                    offices=[row for row in identity.offices(uow) if row.is_active],
                    groups={row.id: words.in_words(row) for row in identity.groups(uow)}, **shown)


def _shown(found: Run, tried: Scenario | None, error: EngineError | None, typed: Mapping[str, Any] | None) -> dict[str, Any]:
    stopped = found.stopped
    return {
        "start_form": _start_form(found.start, error, typed) if found.start else None,
        "cards": _cards(found, error, typed), "pictures": [(each.process, _picture(each)) for each in found.reached],
        "stopped": (stopped.step, _sentence(stopped.error)) if stopped else None,
        "findings": errors.findings(error, _labels(found), words.language()) if isinstance(error, InvalidForm) else [],
        "steps": [_step_words(step) for step in tried.steps] if tried else [],
        "begin": (tried.begin if tried else found.now).astimezone(words.ZONE),
    }


def _cards(found: Run, error: EngineError | None, typed: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """The open tasks with their forms; what was refused stands in the form that it was typed into."""
    cards: list[dict[str, Any]] = []
    for view in found.offered:
        at = sum(card["view"].row.element == view.row.element for card in cards)
        is_here = error is not None and request.form.get("element") == view.row.element and field("at", 4) == str(at)
        cards.append({"view": view, "at": at, "form": _task_form(view, error if is_here else None, typed if is_here else None)})
    return cards


def _task_form(view: TaskView, error: EngineError | None, typed: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if view.form is None:
        return None
    found = errors.by_field(error, words.language()) if isinstance(error, InvalidForm) else {}
    decision = view.buttons[0].field if view.buttons else None
    return island.definition(view.form, view.variables, view.lists, decision=decision, typed=typed, errors=found)


def _start_form(view: StartView, error: EngineError | None, typed: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if view.form is None:
        return None
    found = errors.by_field(error, words.language()) if isinstance(error, InvalidForm) else {}
    return island.definition(view.form, {}, view.lists, typed=typed, errors=found)


def _labels(found: Run) -> dict[str, str]:
    labels: dict[str, str] = island.labels(found.start.form) if found.start else {}
    for view in found.offered:
        labels |= island.labels(view.form)
    return labels


def _picture(reached: run.Reached) -> dict[str, Any]:
    done = sorted(set(reached.elements) - set(reached.tokens))
    return {"process": reached.process, "done": done, "flows": sorted(reached.flows),
            "tokens": dict(reached.tokens), "incidents": [], "interventions": [], "here": None}


def _step_words(step: Step) -> str:
    if step.do == "complete":
        return str(_("Completed: %(element)s", element=step.element))
    if step.do == "wait":
        until = _("Time passed until %(at)s", at=words.moment(step.until)) if step.until else _("Time passed to the next timer")
        return str(until)
    if step.do == "message":
        return str(_("Message: %(name)s", name=step.name))
    return str(_("Action: %(element)s", element=step.element))


def _sentence(error: EngineError) -> str:
    return errors.sentence(error, words.language())


def _name(process: Process | None, key: str) -> str:
    if process is None:
        return key
    return (process.name_en if words.language() == "en" else process.name) or process.name or key


def _diagram(uow: UnitOfWork, draft_id: str, key: str) -> bytes:
    for file in drafts.as_files(uow, draft_id):
        if key in processes_in(file):
            return file.data
    row = bundles.latest(uow, "process", key)
    if row is None:
        raise NotFound(kind="process", id=key)
    return bundles.stored_bytes(uow, row.sha256)
