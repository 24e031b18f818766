"""Measuring on the diagram: how often, how long, how late, how often again, as a picture and as a table."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Response, request
from flask_babel import gettext as _

from engine import identity
from engine.audit import figures as counting
from engine.audit import procedures
from engine.audit.figures import LENGTHS, MEASURES, Figure, Figures, Measure, Wanted
from engine.diagram.model import Element, Process
from engine.errors import NotFound
from engine.unit_of_work import UnitOfWork
from web.access import needs, unit_of_work
from web.audit import heat, narrowing
from web.audit.narrowing import Period
from web.audit.room import must_audit, pages, show, status
from web.audit.tables import as_csv
from web.layout import words

SHOWN = 3
KEPT = ("process", "version", "office", "since", "until", "measure", "time")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for: the procedure's version that is drawn, and whose figures are counted."""

    versions: list[sa.Row[Any]]
    drawn: sa.Row[Any]
    process: Process
    version: int | None
    office: str
    period: Period
    measure: Measure
    by_clock: bool

    @property
    def wanted(self) -> Wanted:
        """The same for the engine."""
        return Wanted(self.drawn.key, self.version, self.office, self.period.begin, self.period.end)


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the table: an element in words, its figure, and a value by measure for sorting."""

    element: str
    name: str
    clause: str
    is_drawn: bool
    figure: Figure
    values: dict[str, float | None]


@pages.get("/figures")
@needs("signed_in")
def figures() -> tuple[str, int]:
    """The picture and the table."""
    with unit_of_work(writes=False) as uow:
        must_audit(uow)
        asked = _asked(uow)
        found = counting.figures(uow, asked.wanted) if not asked.period.error else None
        page = show(uow, "figures", "figures", asked.period.error, asked=asked, found=found, **_shown(uow, asked, found))
    return page, status(asked.period.error)


@pages.get("/figures.csv")
@needs("signed_in")
def figures_csv() -> Response:
    """The table as a file: lengths in hours, by working time and by the clock."""
    with unit_of_work(writes=False) as uow:
        must_audit(uow)
        asked = _asked(uow)
        if asked.period.error:
            raise asked.period.error
        lines = _lines(asked, counting.figures(uow, asked.wanted))
    head = [str(_("Element")), str(_("Step")), str(_("Clause")), str(_("Times")), str(_("Cases")), *_length_heads(),
            str(_("With a due date")), str(_("Late")), str(_("Runs")), str(_("Done again")), str(_("Times a run"))]
    return as_csv(f"figures-{asked.drawn.key}", head, (_cells(line) for line in lines))


def _asked(uow: UnitOfWork) -> Asked:
    known = procedures.versions(uow)
    if not known:
        raise NotFound(kind="definition", id="process")
    key = narrowing.chosen("process", list(known), next(iter(_by_use(uow, known))))
    number = request.args.get("version", type=int)
    drawn = next((row for row in known[key] if row.version == number), None)
    current = next((row for row in known[key] if row.withdrawn_at is None), known[key][0])
    measure = next((each for each in MEASURES if each == request.args.get("measure")), MEASURES[0])
    return Asked(known[key], drawn or current, procedures.model(uow, drawn or current), number if drawn else None,
                 narrowing.chosen("office", [row.id for row in identity.offices(uow)]), narrowing.period(uow), measure,
                 request.args.get("time") == "clock")


def _by_use(uow: UnitOfWork, known: dict[str, Any]) -> list[str]:
    """The procedures, those that cases began with most often first."""
    used = Counter(counting.cases_by_process(uow))
    return sorted(known, key=lambda key: (-used[key], key))


def _shown(uow: UnitOfWork, asked: Asked, found: Figures | None) -> dict[str, Any]:
    here = {key: each for key, each in found.elements.items() if key in asked.process.elements} if found else {}
    used = _by_use(uow, procedures.versions(uow))
    named = {key: procedures.model(uow, rows[0]) for key, rows in procedures.versions(uow).items()}
    return {
        "lines": _lines(asked, found) if found else [], "names": {each: heat.name(each) for each in MEASURES},
        "measures": MEASURES, "scales": {each: heat.scale(here, each, by_clock=asked.by_clock) for each in MEASURES},
        "heat": heat.heat(found, asked.process, by_clock=asked.by_clock) if found else {}, "said": heat.said,
        "length": heat.length, "percent": heat.percent, "shown": SHOWN,
        "processes": [(key, words.process_name(named[key])) for key in used],
        "offices": [(row.id, words.in_words(row)) for row in identity.offices(uow)],
        "address": narrowing.addresses("audit.figures", *KEPT), "file": narrowing.addresses("audit.figures_csv", *KEPT)(),
    }


def _lines(asked: Asked, found: Figures) -> list[Line]:
    """The elements that people look for, the highest value of the measure first."""
    lines = [_line(asked, each) for each in found.elements.values() if _is_told(each)]
    return sorted(lines, key=lambda line: (-_worth(line.values[asked.measure]), line.element))


def _worth(value: float | None) -> float:
    return -1.0 if value is None else value


def _is_told(figure: Figure) -> bool:
    return figure.type in heat.STAYS or figure.type in ("boundaryEvent", "endEvent")


def _line(asked: Asked, figure: Figure) -> Line:
    element: Element | None = asked.process.elements.get(figure.element)
    return Line(figure.element, element.words(words.language()) if element else figure.element,
                element.properties.get("clause", "") if element else "", element is not None, figure,
                {each: heat.value(figure, each, by_clock=asked.by_clock) for each in MEASURES})


def _length_heads() -> list[str]:
    kinds = {"waiting": str(_("Waiting")), "working": str(_("Working")), "lasting": str(_("At the step")),
             "overrun": str(_("Overrun"))}
    of = (str(_("median, working hours")), str(_("90 %, working hours")), str(_("median, hours")), str(_("90 %, hours")))
    return [f"{kinds[kind]}: {each}" for kind in LENGTHS for each in (str(_("number")), *of)]


def _cells(line: Line) -> list[object]:
    figure = line.figure
    lengths: list[object] = []
    for kind in LENGTHS:
        working, clock = figure.working_time[kind], figure.clock_time[kind]
        lengths += [working.count, *(None if each is None else f"{each / heat.HOUR:.2f}"
                                     for each in (working.median, working.ninth, clock.median, clock.ninth))]
    return [line.element, line.name, line.clause, figure.times, figure.cases, *lengths, figure.judged, figure.late, figure.runs,
            figure.repeated, f"{figure.repeats:.2f}"]
