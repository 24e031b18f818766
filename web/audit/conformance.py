"""Conformance: how often cases deviated from the procedure in effect, where and when, and each deviation with its reason."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Response, request
from flask_babel import gettext as _

from engine import identity
from engine.audit import clauses, deviations, procedures
from engine.audit import conformance as judging
from engine.audit.conformance import Conformance, Rate, Wanted
from engine.audit.deviations import Deviation
from engine.errors import InvalidValue
from engine.unit_of_work import UnitOfWork
from web.access import needs, unit_of_work
from web.audit import heat, narrowing
from web.audit.narrowing import Period
from web.audit.room import must_audit, pages, show, status
from web.audit.tables import as_csv
from web.layout import words

PAGE = 50
KEPT = ("process", "office", "since", "until", "by", "kind", "clause", "month", "reason")
"""The parts of the address that narrow; `kind`, `clause`, `month` and `reason` only the list."""
SHARES = (0.0, 0.02, 0.05, 0.1, 0.25)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for."""

    wanted: Wanted
    period: Period
    kind: str
    clause: str
    month: str
    reason: str

    def fits(self, found: Deviation) -> bool:
        """Whether a deviation is of what the list is narrowed to."""
        is_written = bool(found.justification)
        return ((not self.kind or found.kind == self.kind)
                and (not self.clause or any(procedures.is_within(each, self.clause) for each in found.clauses))
                and (not self.month or judging.month_of(found.at) == self.month)
                and (not self.reason or is_written == (self.reason == "written")))


@dataclass(frozen=True, slots=True)
class Line:
    """A deviation in words."""

    found: Deviation
    kind: str
    what: str
    step: str
    office: str
    who: str


@pages.get("/conformance")
@needs("signed_in")
def conformance() -> tuple[str, int]:
    """Rates as pictures, then the deviations, page by page."""
    with unit_of_work(writes=False) as uow:
        must_audit(uow)
        asked = _asked(uow)
        found = judging.conformance(uow, asked.wanted) if not asked.period.error else None
        page = show(uow, "conformance", "conformance", asked.period.error, asked=asked, found=found, **_shown(uow, asked, found))
    return page, status(asked.period.error)


@pages.get("/conformance.csv")
@needs("signed_in")
def conformance_csv() -> Response:
    """The deviations as narrowed, all of them."""
    with unit_of_work(writes=False) as uow:
        must_audit(uow)
        asked = _asked(uow)
        if asked.period.error:
            raise asked.period.error
        found = judging.conformance(uow, asked.wanted)
        lines = _lines(uow, [each for each in found.deviations if asked.fits(each)])
    head = (_("When"), _("Case"), _("Kind"), _("What"), _("Procedure"), _("Element"), _("Step"), _("Clause"), _("Office"),
            _("Who"), _("Justification"), _("Event of the record"))
    return as_csv(file_name(found), [str(each) for each in head], (_cells(line) for line in lines))


def file_name(found: Conformance) -> str:
    """What a list is called that leaves the house: it says so itself where more cases were started than were judged."""
    return f"conformance-newest-{found.looked}-cases" if found.is_partial else "conformance"


def _cells(line: Line) -> list[object]:
    found = line.found
    return [words.moment(found.at), found.case.business_key, line.kind, line.what, found.process,
            found.element.id if found.element else "", line.step, ", ".join(found.clauses), line.office, line.who,
            found.justification or str(_("none written")), found.seq]


# ------------------------------------------------------------------ what is asked
def _asked(uow: UnitOfWork) -> Asked:
    period = narrowing.period(uow)
    process = narrowing.chosen("process", list(procedures.versions(uow)))
    office = narrowing.chosen("office", [row.id for row in identity.offices(uow)])
    wanted = Wanted(process, office, period.begin, period.end, by_own=request.args.get("by") == "own")
    return Asked(wanted, period, narrowing.chosen("kind", list(deviations.KINDS)), request.args.get("clause", "")[:20],
                 request.args.get("month", "")[:7], narrowing.chosen("reason", ["written", "none"]))


def _after(found: Sequence[Deviation]) -> Sequence[Deviation]:
    """The deviations behind the one that the address names."""
    cursor = request.args.get("after", "")
    if not cursor:
        return found
    try:
        at, case, kind, element, seq, activity = cursor.split("~")
        key = (-datetime.fromisoformat(at).timestamp(), case, deviations.KINDS.index(kind), element, int(seq), activity)
    except ValueError as problem:
        raise InvalidValue("cursor", field="after", value=cursor[:50]) from problem
    return [each for each in found if each.key > key]


def _cursor(last: Deviation) -> str:
    element = last.element.id if last.element else ""
    return f"{last.at.isoformat()}~{last.case.id}~{last.kind}~{element}~{last.seq or 0}~{last.activity or ''}"


# ------------------------------------------------------------------ what is shown
def _shown(uow: UnitOfWork, asked: Asked, found: Conformance | None) -> dict[str, Any]:
    told = list(found.deviations) if found else []
    narrowed = [each for each in told if asked.fits(each)]
    rest = _after(narrowed)
    named = {key: words.process_name(procedures.model(uow, rows[0])) for key, rows in procedures.versions(uow).items()}
    offices = {row.id: words.in_words(row) for row in identity.offices(uow)}
    return {
        "lines": _lines(uow, rest[:PAGE]), "narrowed": len(narrowed), "kinds": _kinds(told), "unwritten": _unwritten(told),
        "more": _cursor(rest[PAGE - 1]) if len(rest) > PAGE else "", "percent": heat.percent, "level": _level,
        "months": _months(found) if found else [], "clauses": procedures.by_number(found.by_clause) if found else [],
        "by_office": sorted(found.by_office.items()) if found else [], "offices": offices, "tallest": _tallest(found),
        "processes": sorted(named.items(), key=lambda each: each[1]), "office_choices": list(offices.items()),
        "clause_names": clause_names(uow), "address": narrowing.addresses("audit.conformance", *KEPT),
        "file": narrowing.addresses("audit.conformance_csv", *KEPT)(),
    }


def clause_names(uow: UnitOfWork) -> Mapping[str, str]:
    """Clause → what it is called, of those that the company lists."""
    folder = Path(uow.engine.settings.diagram_folder)
    return {each.id: each.name_en if words.language() == "en" else each.name for each in clauses.listed(folder)}


def _kinds(told: Sequence[Deviation]) -> list[tuple[str, str, int]]:
    """Every kind with how many of it there are."""
    counted = Counter(each.kind for each in told)
    return [("", str(_("all")), len(told)), *((kind, kind_name(kind), counted[kind]) for kind in deviations.KINDS)]


def kind_name(kind: str) -> str:
    """What a kind of deviation is called."""
    return {"skipped": str(_("Skipped")), "forced": str(_("Forced by hand")), "late": str(_("Late")),
            "wrong_role": str(_("Wrong role")), "out_of_order": str(_("Out of order"))}[kind]


def _unwritten(told: Sequence[Deviation]) -> int:
    return sum(not each.justification for each in told)


def _months(found: Conformance) -> list[str]:
    """The months of the record, gaps filled: a month without work is told as such."""
    known = sorted(found.by_month)
    if not known:
        return []
    first, last = (int(each[:4]) * 12 + int(each[5:]) - 1 for each in (known[0], known[-1]))
    return [f"{each // 12}-{each % 12 + 1:02d}" for each in range(first, last + 1)]


def _tallest(found: Conformance | None) -> float:
    """The top of the bars: the highest rate, rounded up to whole twentieths so that the scale is calm."""
    highest = max((rate.share or 0.0 for rate in found.by_month.values()), default=0.0) if found else 0.0
    return max(math.ceil(highest * 20) / 20, 0.05)


def _level(rate: Rate | None) -> int:
    """The class of a cell, 0 where nothing was executed or nothing deviated."""
    share = rate.share if rate else None
    return sum(share > limit for limit in SHARES) if share else 0


def _lines(uow: UnitOfWork, found: Sequence[Deviation]) -> list[Line]:
    offices = {row.id: words.in_words(row) for row in identity.offices(uow)}
    groups = {row.id: words.in_words(row) for row in identity.groups(uow)}
    people = {each: words.person(uow, each) for one in found for each in (one.who, one.on_behalf_of) if each}
    return [Line(each, kind_name(each.kind), _what(each, groups), each.element.words(words.language()) if each.element else "",
                 offices.get(each.case.office, each.case.office), _who(each, people)) for each in found]


def _who(found: Deviation, people: Mapping[str, str]) -> str:
    who = people.get(found.who or "", "")
    return str(_("%(who)s for %(absent)s", who=who, absent=people[found.on_behalf_of])) if found.on_behalf_of else who


def _what(found: Deviation, groups: Mapping[str, str]) -> str:
    """What a deviation is, in a few words."""
    detail = found.detail
    if found.kind == "late":
        if detail.get("is_deadline"):
            return str(_("The deadline passed."))
        due = words.moment(detail["due_at"])
        return str(_("Due %(due)s, still open.", due=due) if detail["is_open"] else _("Due %(due)s.", due=due))
    if found.kind == "wrong_role":
        named = str(_(" or ")).join(groups.get(each, each) for each in detail["groups"])
        return str(_("It was for %(groups)s.", groups=named))
    if found.kind == "out_of_order":
        return str(_("The case ended before the procedure does.") if detail.get("is_unfinished")
                   else _("The procedure does not lead here at this point."))
    return _deed(found)


def _deed(found: Deviation) -> str:
    target = found.detail.get("to")
    return {
        "skip": str(_("Counted as done without its form.")),
        "send_back": str(_("Sent back to “%(step)s”.", step=target.words(words.language()) if target else "")),
        "set_variable": str(_("Changed “%(name)s” by hand.", name=found.detail.get("variable", ""))),
        "set_due": str(_("Moved the due date.")), "terminate": str(_("Ended the case.")),
        "migrate": str(_("Moved the case to another version.")),
    }[found.detail["command"]]
