"""The scenarios of a draft: all run, which part of the diagrams they reach, and a finished case made into one."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import redirect, request, url_for
from flask_babel import gettext as _

from engine import bundles, cases
from engine.diagram.check import File
from engine.diagram.model import Process
from engine.errors import DeploymentRefused, EngineError, InvalidValue, NotFound
from engine.modeling import drafts
from engine.sandbox import masking, run, scenario
from engine.sandbox.run import Difference, Run
from engine.sandbox.scenario import Scenario
from engine.tables import definition, process_instance
from engine.unit_of_work import UnitOfWork
from web import errors
from web.access import needs, unit_of_work
from web.layout import words
from web.modeler import approvals
from web.modeler.room import field, must_model, must_model_or_decide, pages, show, status
from web.modeler.trying import Page, processes_in, sandbox, save_scenario

MOST = 60
"""Scenarios that a page runs at once."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one scenario: `trouble` says in words why it did not come to what was expected, empty if it did."""

    file: str
    name: str
    process: str
    steps: int
    trouble: str
    is_checked: bool


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of a process the scenarios reach: its picture with how often each element was entered, flows taken of all."""

    process: Process
    picture: Mapping[str, Any]
    counts: Mapping[str, int]
    taken: int
    flows: int

    @property
    def percent(self) -> int:
        """Flows taken, of a hundred."""
        return 100 * self.taken // self.flows if self.flows else 100


@pages.get("/drafts/<draft_id>/scenarios")
@needs("signed_in")
def scenario_list(draft_id: str) -> str:
    """Every scenario, run on the draft as it is; the diagrams with what they reach."""
    return _page(draft_id)


@pages.post("/drafts/<draft_id>/scenarios/accept")
@needs("signed_in")
def accept_scenario(draft_id: str) -> Page:
    """Expect of a scenario from now on what it comes to on the draft."""
    name = field("name", 200)
    try:
        with unit_of_work(writes=False) as uow:
            must_model(uow)
            told, files = scenario.read(drafts.content(uow, draft_id, name)), drafts.as_files(uow, draft_id)
        found = run.run(sandbox(), _definitions(files), told)
        if found.stopped:
            raise found.stopped.error
        save_scenario(draft_id, scenario.accepted(told, found.path, found.ended))
    except EngineError as error:
        return _page(draft_id, error), status(error)
    return redirect(url_for("modeler.scenario_list", draft_id=draft_id, done="accepted"))


@pages.get("/scenarios/new")
@needs("signed_in")
def scenario_of_case() -> str:
    """Make a finished case a scenario: into which draft, under which name."""
    return _of_case(field_of("case"))


@pages.post("/scenarios/new")
@needs("signed_in")
def make_scenario_of_case() -> Page:
    """Do it; what people typed freely in the case is left out."""
    case_id, draft_id, name = field("case", 100), field("draft", 100), field("name", 200)
    try:
        if not name:
            raise InvalidValue("scenario", field=str(_("Name")), value="—")
        with unit_of_work(writes=False) as uow:
            must_model(uow)
            told = masking.scenario_of(uow, case_id, name)
        if not draft_id:
            draft_id = _new_draft(told)
        save_scenario(draft_id, told)
    except EngineError as error:
        return _of_case(case_id, error), status(error)
    return redirect(url_for("modeler.scenario_list", draft_id=draft_id, done="saved"))


def field_of(name: str) -> str:
    """A value of the address."""
    return request.args.get(name, "")[:200]


def outcomes(files: Sequence[File]) -> tuple[list[Outcome], list[Coverage], list[str]]:
    """Run every scenario among `files`; the third are the problems of files that cannot run at all."""
    told, reached = [], list[Run]()
    for file in [file for file in files if file.name.endswith(".scenario")][:MOST]:
        try:
            wanted = scenario.read(file.data)
            found = run.run(sandbox(), _definitions(files), wanted)
        except DeploymentRefused as refused:
            found_errors = [each for each in refused.problems if each.severity == "error"]
            return [], [], [each.en if words.language() == "en" else each.zh for each in found_errors]
        except EngineError as error:
            told.append(Outcome(file.name, file.name, "", 0, errors.sentence(error, words.language()), is_checked=True))
            continue
        reached.append(found)
        trouble = _trouble(wanted, found)
        told.append(Outcome(file.name, _name(wanted), wanted.process, len(wanted.steps), trouble, wanted.expected is not None))
    return told, _coverage(files, reached), []


# ------------------------------------------------------------------ inside
def _page(draft_id: str, error: EngineError | None = None) -> str:
    with unit_of_work(writes=False) as uow:
        must_model_or_decide(uow)
        row, files = drafts.get(uow, draft_id), drafts.as_files(uow, draft_id)
    found, coverage, troubles = outcomes(files)
    with unit_of_work(writes=False) as uow:
        return show(uow, "scenarios", "drafts", error, draft=row, outcomes=found, coverage=coverage, troubles=troubles,
                    done=field_of("done"))


def _of_case(case_id: str, error: EngineError | None = None) -> str:
    with unit_of_work(writes=False) as uow:
        must_model(uow)
        case = _case(uow, case_id)
        return show(uow, "scenario_of_case", "drafts", error, case=case, drafts=drafts.listing(uow, "draft"),
                    suggested=f"{case.business_key}")


def _case(uow: UnitOfWork, asked: str) -> sa.Row[Any]:
    """A case by its id or its case number."""
    row = uow.row(sa.select(process_instance.c.id).where(process_instance.c.business_key == asked))
    return cases.instance(uow, row.id if row else asked)


def _new_draft(told: Scenario) -> str:
    with unit_of_work(writes=True) as uow:
        row = bundles.latest(uow, "process", told.process)
        if row is None:
            raise NotFound(kind="process", id=told.process)
        kept = [each.id for each in uow.rows(sa.select(definition).where(
            definition.c.kind == "scenario", definition.c.key.startswith(f"{told.process}/"),
            definition.c.withdrawn_at.is_(None)))]
        return drafts.create(uow, title=str(_("Scenario: %(name)s", name=told.name)), reason="", definitions=[row.id, *kept])


def _definitions(files: Sequence[File]) -> list[File]:
    return [file for file in files if not file.name.endswith(".scenario")]


def _name(told: Scenario) -> str:
    return (told.name_en if words.language() == "en" else told.name) or told.name


def _trouble(wanted: Scenario, found: Run) -> str:
    if found.stopped:
        return str(_("Step %(n)s: %(why)s", n=found.stopped.step, why=errors.sentence(found.stopped.error, words.language())))
    if found.incidents:
        return str(_("Incident at “%(element)s”: %(why)s", element=found.incidents[0][0], why=found.incidents[0][1]))
    left = run.difference(wanted, found)
    return _difference(left) if left else ""


def _difference(left: Difference) -> str:
    nothing = str(_("nothing more"))
    return str(_("At place %(n)s “%(expected)s” was expected, but “%(found)s” came.", n=left.at + 1,
                 expected=left.expected or nothing, found=left.found or nothing))


def _coverage(files: Sequence[File], reached: Sequence[Run]) -> list[Coverage]:
    known = {key: process for file in files for key, process in processes_in(file).items()}
    entered: dict[str, Counter[str]] = {key: Counter() for key in known}
    taken: dict[str, Counter[str]] = {key: Counter() for key in known}
    for found in reached:
        for part in found.reached:
            if part.process in known:
                entered[part.process].update(part.elements)
                taken[part.process].update(part.flows)
    return [Coverage(process, _picture(key, entered[key], taken[key]), dict(entered[key]),
                     len(set(taken[key]) & set(process.flows)), len(process.flows))
            for key, process in known.items() if entered[key]]


def _picture(process: str, entered: Counter[str], taken: Counter[str]) -> dict[str, Any]:
    return {"process": process, "done": sorted(entered), "flows": sorted(taken), "tokens": {}, "incidents": [],
            "interventions": [], "here": None}


def _for_approval(uow: UnitOfWork, draft: sa.Row[Any]) -> Mapping[str, Any]:
    found, coverage, troubles = outcomes(drafts.as_files(uow, draft.id))
    return {"scenario_outcomes": found, "scenario_coverage": coverage, "scenario_troubles": troubles}


approvals.PARTS["scenarios"] = _for_approval
