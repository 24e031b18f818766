"""Samples: the list, drawing one with its population before the eyes, and drawing it again to compare."""

from dataclasses import dataclass
from typing import Any

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine import canonical
from engine.audit import estimates, population, samples, sampling
from engine.errors import EngineError
from engine.unit_of_work import UnitOfWork
from web.access import needs, unit_of_work
from web.audit import sample_words
from web.audit.room import must_audit, pages, show, status

USUAL = "25"
CONFIDENCES = (0.90, 0.95, 0.99)
TOLERABLE = (0.05, 0.10, 0.20)


@dataclass(frozen=True, slots=True)
class Asked:
    """What was typed to draw a sample."""

    title: str
    process: str
    office: str
    since: str
    until: str
    standing: str
    by: str
    size: str
    seed: str

    @property
    def number(self) -> int:
        """The size as a number; 0 for what is none, which no sample has."""
        return int(self.size) if self.size.isascii() and self.size.isdigit() and len(self.size) < 7 else 0


def _asked() -> Asked:
    usual = {"standing": "finished", "by": "none", "size": USUAL}
    return Asked(**{name: (request.values.get(name) or usual.get(name, "")).strip()[:200] for name in Asked.__slots__})


@pages.get("/samples", endpoint="samples")
@needs("signed_in")
def sample_list() -> str:
    """The samples, newest first."""
    with unit_of_work(writes=False) as uow:
        must_audit(uow)
        rows, before = samples.listing(uow, before=request.args.get("before", ""))
        return show(uow, "samples", "samples", rows=rows, before=before)


@pages.get("/samples/new")
@needs("signed_in")
def new_sample() -> str:
    """The form to draw a sample."""
    return _drawing(None)


@pages.post("/samples")
@needs("signed_in")
def draw_sample() -> Response | tuple[str, int]:
    """Draw a sample as asked; what was typed stays when it is refused."""
    asked = _asked()
    try:
        with unit_of_work(writes=True) as uow:
            criteria = population.criteria(cut_off=uow.now, process=asked.process, office=asked.office, since=asked.since,
                                           until=asked.until, standing=asked.standing)
            sample_id = sampling.draw(uow, title=asked.title, criteria=criteria, by=asked.by, size=asked.number, seed=asked.seed,
                                      questions=sample_words.typed())
    except EngineError as error:
        return _drawing(error), status(error)
    return redirect(url_for("audit.sample", sample_id=sample_id))


@pages.get("/samples/preview")
@needs("signed_in", is_use=False)
def sample_preview() -> str:
    """What the sample would be drawn from, as a part of the page."""
    with unit_of_work(writes=False) as uow:
        must_audit(uow)
        return render_template("audit/sample_preview.html", **_preview(uow, _asked()))


@pages.post("/samples/questions")
@needs("signed_in", is_use=False)
def sample_questions() -> str:
    """The questions for the chosen process with those that were typed, as a part of the page."""
    with unit_of_work(writes=False) as uow:
        must_audit(uow)
        asked = sample_words.questions_for(_asked().process, sample_words.typed())
        return render_template("audit/sample_questions.html", questions=asked, spare=sample_words.SPARE)


def _drawing(error: EngineError | None) -> str:
    asked, typed = _asked(), sample_words.typed()
    with unit_of_work(writes=False) as uow:
        must_audit(uow)
        questions = typed if request.form else sample_words.questions_for(asked.process, ())
        return show(uow, "sample_new", "samples", error, asked=asked, processes=sample_words.processes(uow),
                    offices=sample_words.offices(uow), standings=sample_words.standings(), splits=sample_words.splits(),
                    questions=questions, spare=sample_words.SPARE, **_preview(uow, asked))


def _preview(uow: UnitOfWork, asked: Asked) -> dict[str, Any]:
    """The population as it is now, and how large a sample would say what; `refused` where the conditions are none."""
    by = asked.by if asked.by in population.STRATA else population.STRATA[0]
    try:
        criteria = population.criteria(cut_off=uow.now, process=asked.process, office=asked.office, since=asked.since,
                                       until=asked.until, standing=asked.standing)
    except EngineError as error:
        return {"preview": None, "refused": error}
    found = samples.preview(uow, criteria, by, min(asked.number, sampling.LARGEST))
    hints = [(tolerable, [estimates.sample_size(found.population, each, tolerable) for each in CONFIDENCES])
             for tolerable in TOLERABLE]
    return {"preview": found, "refused": None, "hints": hints, "confidences": CONFIDENCES, "by": by, "wanted": asked.number,
            "strata": sample_words.strata(uow, by, found.sizes, found.allocation)}


@pages.get("/samples/<sample_id>")
@needs("signed_in")
def sample(sample_id: str) -> str:
    """How far a sample is, its cases, and what it says; with `?again=1` it is drawn again and compared."""
    return sample_page(sample_id)


def sample_page(sample_id: str, error: EngineError | None = None) -> str:
    """The page of a sample, with what was refused above it."""
    with unit_of_work(writes=False) as uow:
        must_audit(uow)
        row = sampling.get(uow, sample_id)
        items, criteria, strata = samples.items(uow, sample_id), canonical.loads(row.criteria), canonical.loads(row.strata)
        counts = sampling.counts(uow, sample_id)
        decided = counts["conforms"] + counts["finding"]
        return show(
            uow, "sample", "samples", error, sample=row, items=items, counts=counts, decided=decided, total=len(items),
            rate=estimates.rate(counts["finding"], decided),
            following=next((each for each in items if each.status == "open"), None),
            questions=sample_words.of(row), asked=sample_words.asked, answers=sample_words.answers(), read=canonical.loads,
            withdrawn=samples.withdrawn(uow, sample_id), statuses=sample_words.statuses(),
            criteria=sample_words.criteria(uow, criteria), cut_off=criteria["cut_off"],
            strata=sample_words.strata(uow, strata["by"], strata["population"], strata["sample"]), by=strata["by"],
            splits=sample_words.splits(), stratum=lambda name: sample_words.stratum(uow, strata["by"], name),
            again=samples.redraw(uow, row) if request.args.get("again") else None)
