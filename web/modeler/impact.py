"""What a draft would mean for cases: as parts of the page that decides on it, fetched when that is there, and as a page."""

from collections.abc import Mapping
from typing import Any

from flask import render_template, request
from flask_babel import gettext as _

from engine import migration_words
from engine.diagram.model import Element
from engine.errors import EngineError
from engine.modeling import drafts, impact
from engine.unit_of_work import UnitOfWork
from web import errors
from web.access import needs, unit_of_work
from web.layout import words
from web.modeler.room import must_model_or_decide, pages, show

MOST = (impact.LOOKED, 2_000, 5_000)
"""How many cases a reader may have looked at."""


@pages.get("/drafts/<draft_id>/impact")
@needs("signed_in")
def draft_impact(draft_id: str) -> str:
    """Both parts at once, of as many cases as `most` asks for."""
    with unit_of_work(writes=False) as uow:
        must_model_or_decide(uow)
        draft = drafts.get(uow, draft_id)
        return show(uow, "impact", "drafts", draft=draft, **_open(uow, draft), **_finished(uow, draft))


@pages.get("/drafts/<draft_id>/impact/open")
@needs("signed_in", is_use=False)
def open_impact(draft_id: str) -> str:
    """The open cases, as a part of a page."""
    with unit_of_work(writes=False) as uow:
        must_model_or_decide(uow)
        draft = drafts.get(uow, draft_id)
        return render_template("modeler/impact_open.html", draft=draft, **_open(uow, draft))


@pages.get("/drafts/<draft_id>/impact/finished")
@needs("signed_in", is_use=False)
def finished_impact(draft_id: str) -> str:
    """Last year's cases, as a part of a page."""
    with unit_of_work(writes=False) as uow:
        must_model_or_decide(uow)
        draft = drafts.get(uow, draft_id)
        return render_template("modeler/impact_finished.html", draft=draft, **_finished(uow, draft))


def _most() -> int:
    """How many cases to look at: the least of `MOST` that is enough for what the address asks for."""
    asked = request.args.get("most", MOST[0], type=int)
    return next((each for each in MOST if each >= asked), MOST[-1])


def _more(total: int, looked: int) -> int | None:
    return next((each for each in MOST if each > looked), None) if total > looked else None


def _open(uow: UnitOfWork, draft: Any) -> dict[str, Any]:
    found = impact.open_cases(uow, draft, most=_most())
    return {"standing": found, "open_groups": [_told(each) for each in found.refused], "open_troubles": _troubles(found.troubles),
            "more_open": _more(found.total, found.looked)}


def _finished(uow: UnitOfWork, draft: Any) -> dict[str, Any]:
    found = impact.finished_cases(uow, draft, most=_most())
    return {"past": found, "past_groups": [_told(each) for each in found.misfits], "apart": _apart(found.apart),
            "past_troubles": _troubles(found.troubles), "counted": impact.COUNTED, "more_past": _more(found.total, found.looked)}


def _told(group: impact.Group) -> dict[str, Any]:
    """A group in words."""
    element = group.element.words(words.language()) if isinstance(group.element, Element) else str(group.element or "")
    return {"process": words.process_name(group.process), "why": _why(group.code, element), "count": group.count,
            "cases": group.cases}


def _why(code: str, element: str) -> str:
    """Why they cannot move, or where they part from the new diagram."""
    match code:
        case "parts":
            return str(_("At “%(element)s” they went a way that the new diagram does not allow.", element=element))
        case "not_over":
            return str(_("They were over where the new diagram would still go on."))
        case "not_called":
            return str(_("The process “%(element)s” that they called is not called any more.", element=element))
    return migration_words.reason(code, element, words.language())


def _troubles(found: Mapping[str, EngineError]) -> list[str]:
    return [f"{root}: {errors.sentence(error, words.language())}" for root, error in found.items()]


def _apart(found: Mapping[str, int]) -> list[tuple[str, int]]:
    names = {"send_back": str(_("sent back by hand")), "skip": str(_("with steps skipped by hand")),
             "migrate": str(_("moved to another version")), "terminated": str(_("ended by hand"))}
    return [(names[each], number) for each, number in sorted(found.items())]
