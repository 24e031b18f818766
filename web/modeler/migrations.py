"""Moving the open cases of a version to another one: planned on both diagrams, tried, begun, watched, paused, undone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Response, abort, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from engine import bundles, canonical, deployments, migration, migration_plans, migration_rehearsal, migration_words
from engine.bundles import Bundle
from engine.errors import EngineError
from engine.migration_rehearsal import Rehearsal, Sides
from engine.modeling import library
from engine.unit_of_work import UnitOfWork
from web.access import needs, unit_of_work
from web.layout import words
from web.modeler.room import field, must_model_or_decide, pages, show, status

PAGE = 50
TRIED = 5_000
"""So many cases a dry run of this page looks at."""
RESULTS = ("waiting", "moved", "refused", "undone", "kept")
Choice = tuple[str, str]
VERBS: Mapping[str, Callable[[UnitOfWork, str], None]] = {
    "start": migration_plans.start, "pause": migration_plans.pause, "resume": migration_plans.resume,
    "discard": migration_plans.discard,
    "undo": lambda uow, plan_id: migration_plans.undo(uow, plan_id, reason=field("reason", 1_000)),
}


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the old version: how many tokens stand there, where it may go, and where it is to go (None: nowhere)."""

    process: str
    id: str
    name: str
    here: int
    choices: list[Choice]
    chosen: str | None

    @property
    def is_noteworthy(self) -> bool:
        """Whether a person should look at it: a case stands there, or it does not keep its id."""
        return bool(self.here) or self.chosen != self.id


# ------------------------------------------------------------------ planning
@pages.get("/migrations")
@needs("signed_in")
def migration_list() -> str:
    """All plans, newest first."""
    with unit_of_work(writes=False) as uow:
        must_model_or_decide(uow)
        plans = [migration_plans.progress(uow, row.id) for row in migration_plans.listing(uow)]
        return show(uow, "migrations", "migrations", plans=plans, statuses=_statuses())


@pages.get("/migrations/new")
@needs("signed_in")
def new_migration() -> str:
    """The mapping that is proposed from version `source` to `target`, to look at and to change."""
    return _planning()


@pages.post("/migrations/new")
@needs("signed_in")
def plan_migration() -> str | tuple[str, int] | Answer:
    """A dry run of the mapping that was sent (`do` is `try`), else the plan; nothing moves yet."""
    try:
        if field("do") == "try":
            return _planning(is_tried=True)
        with unit_of_work(writes=True) as uow:
            found = migration_rehearsal.sides(uow, field("source"), field("target"))
            plan_id = migration_plans.create(uow, source=found.source.id, target=found.target.id, mapping=_mapping(found),
                                             reason=field("reason", 1_000))
    except EngineError as error:
        return _planning(error), status(error)
    return redirect(url_for("modeler.migration_page", plan_id=plan_id))


def _planning(error: EngineError | None = None, *, is_tried: bool = False) -> str:
    with unit_of_work(writes=False) as uow:
        must_model_or_decide(uow)
        source = deployments.definition_row(uow, request.values.get("source", ""))
        versions = library.versions(uow, "process", source.key)
        others = [each for each in versions if each.row.withdrawn_at is None]
        target = request.values.get("target") or next((each.row.id for each in others if each.row.id != source.id), "")
        if not target and migration_rehearsal.sides(uow, source.id, source.id).open_cases:
            target = source.id  # their forms, decisions or called processes have newer versions
        if not target:
            return show(uow, "migration_new", "migrations", error, source=source, others=[], versions=versions, sides=None,
                        title=words.in_words(source))
        found = migration_rehearsal.sides(uow, source.id, target)
        mapping = _mapping(found)
        tried = None
        if is_tried:
            migration.check(found.before, found.after, mapping)
            tried = migration_rehearsal.rehearse(uow, source.id, found.after, mapping, most=TRIED)
        steps = _steps(uow, found, mapping)
        standing = {each.id: str(each.here) for each in steps[source.key] if each.here}
        return show(uow, "migration_new", "migrations", error, source=source, others=others, versions=versions, sides=found,
                    title=words.in_words(source), steps=steps, standing=standing, tried=_told(found.before, found.after, tried),
                    names={key: words.process_name(process) for key, process in found.before.processes.items()},
                    reason=field("reason", 1_000))


def _mapping(found: Sides) -> dict[str, dict[str, str | None]]:
    """What was sent, and what is proposed where nothing was."""
    return {process: {name: request.form.get(f"to:{process}:{name}", to or "") or None for name, to in names.items()}
            for process, names in migration.propose(found.before, found.after).items()}


def _steps(uow: UnitOfWork, found: Sides, mapping: Mapping[str, Mapping[str, str | None]]) -> dict[str, list[Step]]:
    """By process, the started one first."""
    here = migration_rehearsal.standing(uow, found.source.id, found.after.id)
    offered = migration.choices(found.before, found.after)
    order = sorted(found.before.processes, key=lambda key: (key != found.source.key, key))
    return {key: [Step(key, name, _name(found.before, key, name), here.get((key, name), 0),
                       [(to, _name(found.after, key, to)) for to in offered[key][name]], mapping[key][name])
                  for name in found.before.processes[key].elements] for key in order}


def _name(bundle: Bundle, process: str, element: str | None) -> str:
    found = bundle.processes[process].elements.get(element or "") if process in bundle.processes else None
    return found.words(words.language()) if found is not None else element or ""


def _told(before: Bundle, after: Bundle, tried: Rehearsal | None) -> dict[str, Any] | None:
    """A dry run in words."""
    if tried is None:
        return None
    refused = [{"words": migration_words.reason(each.code, _name(before, each.process, each.element), words.language()),
                "count": each.cases, "examples": each.examples} for each in tried.refused]
    changes = [{"words": _changes()[each.code].format(element=_name(after, each.process, each.element)),
                "count": each.cases, "examples": each.examples} for each in tried.changes]
    return {"found": tried, "refused": refused, "changes": changes}


# ------------------------------------------------------------------ a plan
@pages.get("/migrations/<plan_id>")
@needs("signed_in")
def migration_page(plan_id: str) -> str:
    """How far a plan is, what can be done with it, and what became of each case."""
    return _page(plan_id)


@pages.get("/migrations/<plan_id>/progress")
@needs("signed_in", is_use=False)
def migration_progress(plan_id: str) -> Response:
    """How far it is, as a part of a page; the page is told to load itself again when nothing goes on any more."""
    with unit_of_work(writes=False) as uow:
        must_model_or_decide(uow)
        found = migration_plans.progress(uow, plan_id)
        response = make_response(render_template("modeler/migration_progress.html", progress=found, statuses=_statuses()))
    if found.plan.status not in ("running", "undoing"):
        response.headers["HX-Refresh"] = "true"
    return response


@pages.post("/migrations/<plan_id>/<verb>")
@needs("signed_in")
def do_migration(plan_id: str, verb: str) -> Answer | tuple[str, int]:
    """Start, pause, resume, undo or discard a plan."""
    if verb not in VERBS:
        abort(404)
    try:
        with unit_of_work(writes=True) as uow:
            VERBS[verb](uow, plan_id)
    except EngineError as error:
        return _page(plan_id, error), status(error)
    if verb == "discard":
        return redirect(url_for("modeler.migration_list"))
    return redirect(url_for("modeler.migration_page", plan_id=plan_id))


def _page(plan_id: str, error: EngineError | None = None) -> str:
    chosen = request.args.get("status", "")
    with unit_of_work(writes=False) as uow:
        must_model_or_decide(uow)
        found = migration_plans.progress(uow, plan_id)
        before, after = _bundles(uow, found)
        rows = migration_plans.items(uow, plan_id, status=chosen if chosen in RESULTS else None,
                                     after=request.args.get("after", ""), limit=PAGE + 1)
        results = [{"item": each, "why": [migration_words.reason(code, _name(before, process, element), words.language())
                                          for code, element, process in each.reasons]} for each in rows[:PAGE]]
        mapping = [(_name(before, process, name), _name(after, process, to) if to else None)
                   for process, names in canonical.loads(found.plan.mapping).items() for name, to in names.items()]
        return show(uow, "migration", "migrations", error, progress=found, results=results, chosen=chosen, mapping=mapping,
                    next_after=rows[PAGE - 1].case_id if len(rows) > PAGE else None, statuses=_statuses(), outcomes=_outcomes(),
                    title=words.in_words(found.source), typed=field("reason", 1_000))


def _bundles(uow: UnitOfWork, found: migration_plans.Progress) -> tuple[Bundle, Bundle]:
    """What the steps of both versions are called; of the old one as it would start today."""
    target = bundles.load(uow, canonical.loads(found.plan.options)["bundle"])
    return bundles.would_start(uow, found.source), target


# ------------------------------------------------------------------ words
def _statuses() -> dict[str, str]:
    return {"planned": str(_("not begun")), "running": str(_("cases are moving")), "paused": str(_("paused")),
            "done": str(_("finished")), "undoing": str(_("being undone")), "undone": str(_("undone"))}


def _outcomes() -> dict[str, str]:
    """What became of a case."""
    return {"waiting": str(_("waits its turn")), "moved": str(_("moved")), "refused": str(_("not moved")),
            "undone": str(_("moved back")), "kept": str(_("stays on the new version"))}


def _changes() -> dict[str, str]:
    """Kind of a change → what it means for all cases that it concerns."""
    return {"step_moved": str(_("“{element}” becomes another step")),
            "scope_opened": str(_("The case enters the new sub-process “{element}”")),
            "scope_dissolved": str(_("The sub-process “{element}” goes; the steps in it go on")),
            "timer_added": str(_("“{element}”: a new deadline or timer begins")),
            "timer_changed": str(_("“{element}”: the deadline or timer moves")),
            "timer_removed": str(_("“{element}”: the deadline or timer goes")),
            "form_changed": str(_("“{element}” has another form")),
            "groups_changed": str(_("“{element}” is for other people")),
            "released": str(_("“{element}” goes back to its group: who claimed it is not in it")),
            "due_changed": str(_("“{element}” is due at another time"))}

