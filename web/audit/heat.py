"""Figures as a picture: for every measure the class and the words of each element, the limits of the classes, the flows.

Shares have fixed classes, so that two pictures compare; numbers and times have five classes up to the largest, wider ones
above (the square root of the share of the largest), as one long wait would leave everything else in the lowest.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from flask_babel import gettext as _

from engine.audit import procedures
from engine.audit.figures import MEASURES, Figure, Figures, Measure
from engine.diagram.model import Process
from web.layout import words

CLASSES = 5
SHARES = (0.02, 0.05, 0.1, 0.25, 1.0)
OF_SHARES = ("late", "rework")
STAYS = frozenset((*procedures.ACTIVITIES, "subProcess", "intermediateCatchEvent", "eventBasedGateway"))
"""Where a case can stay; elsewhere only how often is worth saying."""
THIN, THICK = 1.5, 7.0
LEAST = 0.001
"""The least share that is told in numbers."""
HOUR = 3_600


@dataclass(frozen=True, slots=True)
class Scale:
    """A measure's classes: the upper limit of each, and the same in words."""

    limits: Sequence[float]
    labels: Sequence[str]

    @property
    def levels(self) -> list[int]:
        """The colour of each class, from 1; the highest class has the darkest, however few there are."""
        return [round(CLASSES * number / len(self.limits)) for number in range(1, len(self.limits) + 1)]

    def level(self, value: float) -> int:
        """The colour of a value; 1 where there is no class, as all are 0."""
        return next((level for level, limit in zip(self.levels, self.limits, strict=True) if value <= limit), 1)


def name(measure: Measure) -> str:
    """What a measure is called."""
    return {"times": str(_("How often")), "waiting": str(_("Waiting time")), "working": str(_("Working time")),
            "lasting": str(_("Time at the step")), "late": str(_("Lateness")), "rework": str(_("Done again"))}[measure]


def value(figure: Figure, measure: Measure, *, by_clock: bool) -> float | None:
    """What an element is coloured by; None for what never stays."""
    return figure.value(measure, by_clock=by_clock) if measure == "times" or figure.type in STAYS else None


def said(measure: Measure, number: float | None) -> str:
    """A value in few words, as it stands on a shape."""
    if number is None:
        return "—"
    if measure == "times":
        return f"{number:,.0f}"
    return percent(number) if measure in OF_SHARES else length(number)


def percent(share: float | None) -> str:
    """A share; a tenth of a percent only where it tells. What is not none is not told as 0, what is not all not as 100."""
    if share is None:
        return "—"
    if 0 < share < LEAST or 1 - LEAST < share < 1:
        return "< 0.1 %" if share < LEAST else "> 99.9 %"
    return f"{share * 100:.1f} %" if 0 < share < 0.1 or 0.9 < share < 1 else f"{share * 100:.0f} %"


def length(seconds: float | None) -> str:
    """A length of time in minutes or hours, short enough for a shape."""
    if seconds is None:
        return "—"
    if seconds < HOUR:
        return str(_("%(num)s min", num=f"{seconds / 60:.0f}"))
    return str(_("%(num)s h", num=f"{seconds / HOUR:.1f}" if seconds < 100 * HOUR else f"{seconds / HOUR:,.0f}"))


def spelled(seconds: float | None, *, by_clock: bool) -> str:
    """The same in full."""
    if seconds is None:
        return "—"
    return (words.span if by_clock else words.working_span)(timedelta(seconds=seconds))


def scale(figures: Mapping[str, Figure], measure: Measure, *, by_clock: bool) -> Scale:
    """The classes of a measure over these elements."""
    if measure in OF_SHARES:
        limits: Sequence[float] = SHARES
    else:
        most = max((value(each, measure, by_clock=by_clock) or 0.0 for each in figures.values()), default=0.0)
        limits = [most * (number / CLASSES) ** 2 for number in range(1, CLASSES + 1)] if most else []
        limits = sorted({round(limit) for limit in limits if limit >= 1}) if measure == "times" else limits
    return Scale(limits, [str(_("up to %(limit)s", limit=said(measure, limit))) for limit in limits])


def heat(found: Figures, process: Process, *, by_clock: bool) -> dict[str, object]:
    """What the island paints: `{measure: {element: [class, words]}}` and `{flow: [width, times]}`, of what the diagram has."""
    here = {key: each for key, each in found.elements.items() if key in process.elements}
    return {"measures": {measure: _painted(here, measure, by_clock=by_clock) for measure in MEASURES},
            "flows": _flows({key: n for key, n in found.flows.items() if key in process.flows})}


def _painted(figures: Mapping[str, Figure], measure: Measure, *, by_clock: bool) -> dict[str, list[object]]:
    classes = scale(figures, measure, by_clock=by_clock)
    values = {key: value(each, measure, by_clock=by_clock) for key, each in figures.items()}
    return {key: [classes.level(number), said(measure, number)] for key, number in values.items() if number is not None}


def _flows(taken: Mapping[str, int]) -> dict[str, list[float]]:
    most = max(taken.values(), default=1)
    return {key: [round(THIN + (THICK - THIN) * math.sqrt(n / most), 1), n] for key, n in taken.items()}
