"""The clause matrix: every clause of the procedure with what carries it out, its record, how often, and what is missing."""

from collections.abc import Sequence
from typing import Any

from flask import Response, request
from flask_babel import gettext as _

from engine import identity
from engine.audit import clauses as matrices
from engine.audit.clauses import Activity, Line, Matrix
from engine.duties import listed
from engine.unit_of_work import UnitOfWork
from web.access import needs, unit_of_work
from web.audit import narrowing
from web.audit.room import must_audit, pages, show, status
from web.audit.tables import as_csv
from web.layout import words

KEPT = ("office", "since", "until", "gaps")


@pages.get("/clauses")
@needs("signed_in")
def clauses() -> tuple[str, int]:
    """The matrix, or with `gaps` only what is missing."""
    with unit_of_work(writes=False) as uow:
        must_audit(uow)
        period, office = narrowing.period(uow), _office(uow)
        found = matrices.matrix(uow, office=office, since=period.begin, until=period.end) if not period.error else None
        is_narrow = bool(request.args.get("gaps"))
        page = show(
            uow, "clauses", "clauses", period.error, found=found, period=period, office=office, is_narrow=is_narrow,
            lines=_lines(found, is_narrow=is_narrow) if found else [], gap_name=gap_name, role=_roles(uow), name=_name,
            process_name=words.process_name, offices=[(row.id, words.in_words(row)) for row in identity.offices(uow)],
            address=narrowing.addresses("audit.clauses", *KEPT), file=narrowing.addresses("audit.clauses_csv", *KEPT)())
    return page, status(period.error)


@pages.get("/clauses.csv")
@needs("signed_in")
def clauses_csv() -> Response:
    """The matrix as a file, one line for each activity of a clause."""
    with unit_of_work(writes=False) as uow:
        must_audit(uow)
        period = narrowing.period(uow)
        if period.error:
            raise period.error
        found = matrices.matrix(uow, office=_office(uow), since=period.begin, until=period.end)
        role = _roles(uow)
    head = (_("Clause"), _("What it says"), _("Procedure"), _("Element"), _("Activity"), _("Role"), _("Record form"), _("Times"),
            _("Cases with the record"), _("Missing"))
    return as_csv("clauses", [str(each) for each in head], _cells(found, role))


def _office(uow: UnitOfWork) -> str:
    return narrowing.chosen("office", [row.id for row in identity.offices(uow)])


def _lines(found: Matrix, *, is_narrow: bool) -> list[tuple[str, Sequence[Line]]]:
    """The lines in parts: those of the procedure, then those that only diagrams name."""
    def told(lines: Sequence[Line]) -> list[Line]:
        kept = [Line(line.clause, [one for one in line.activities if one.gaps], line.is_gap) for line in lines]
        return [line for line in kept if line.is_gap or line.activities]

    parts = [("listed", found.lines), ("unlisted", found.unlisted)]
    return [(name, told(lines) if is_narrow else lines) for name, lines in parts if lines]


def _roles(uow: UnitOfWork) -> Any:
    """Element → who does it, in words: the groups it is offered to, else its lane."""
    groups = {row.id: words.in_words(row) for row in identity.groups(uow)}

    def role(one: Activity) -> str:
        named = listed(one.element.attributes.get("candidateGroups", ""))
        if one.element.type in matrices.RECORDED:
            return str(_(" or ")).join(groups.get(each, each) for each in named) or one.element.lane or ""
        return str(_("automatic"))

    return role


def _name(clause: Any) -> str:
    return str(clause.name_en if words.language() == "en" else clause.name)


def gap_name(kind: str) -> str:
    """What is missing, in words."""
    return {"no_activity": str(_("no activity")), "no_clause": str(_("no clause")), "no_record": str(_("no record form")),
            "never": str(_("not carried out"))}[kind]


def _cells(found: Matrix, role: Any) -> list[list[object]]:
    told: list[list[object]] = []
    for line in (*found.lines, *found.unlisted):
        head = [line.clause.id, _name(line.clause)]
        if not line.activities:
            told.append([*head, "", "", "", "", "", "", "", gap_name("no_activity") if line.is_gap else ""])
        told += [[*head, *_activity(one, role)] for one in line.activities]
    return told + [["", "", *_activity(one, role)] for one in found.without]


def _activity(one: Activity, role: Any) -> list[object]:
    return [words.process_name(one.process), one.element.id, one.element.words(words.language()), role(one),
            one.record_en if words.language() == "en" else one.record, one.times, one.records,
            ", ".join(gap_name(each) for each in sorted(one.gaps))]
