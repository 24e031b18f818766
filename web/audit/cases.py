"""Cases of all time: found by what auditors ask for, page by page; searches kept by name."""

from typing import Any

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from engine.audit import finding, searches
from engine.audit.finding import Criteria
from engine.audit.searches import SavedSearch
from engine.unit_of_work import UnitOfWork
from web.access import needs, unit_of_work
from web.audit import asked, choices, sight
from web.audit.asked import Asked
from web.audit.room import must_audit, pages, show, status


@pages.get("/")
@needs("signed_in")
def index() -> Response:
    """The room leads to its first page."""
    return redirect(url_for("audit.cases"))


@pages.get("/cases")
@needs("signed_in")
def cases() -> tuple[str, int]:
    """One page of the cases that fit; see `asked` for the address. What cannot be is told, and nothing else is shown instead."""
    wanted = asked.read(request.args)
    with unit_of_work(writes=False) as uow:
        must_audit(uow)
        known = choices.choices(uow, wanted)
        page = show(uow, "cases", "cases", wanted.error, asked=wanted, chips=choices.chips(wanted, known),
                    labels=choices.labels(), saved=searches.saved(uow), address_of=address_of, **_found(uow, wanted, known))
    return page, status(wanted.error)


@pages.post("/searches")
@needs("signed_in")
def save_search() -> Response:
    """Keep the list of the address that the form carries, by name."""
    wanted = asked.read(request.form)
    with unit_of_work(writes=True) as uow:
        must_audit(uow)
        kept = searches.save(uow, request.form.get("name", ""), wanted.must_be_possible())
    return redirect(asked.of_criteria(wanted.criteria, kept).address())


@pages.post("/searches/<search_id>/delete")
@needs("signed_in")
def delete_search(search_id: str) -> Response:
    """Forget one's own search; its list stays on screen."""
    wanted = asked.read(request.form)
    with unit_of_work(writes=True) as uow:
        must_audit(uow)
        searches.delete(uow, search_id)
    return redirect(wanted.address(saved=None))


def address_of(one: SavedSearch) -> str:
    """The address of a saved search's list."""
    return asked.of_criteria(one.criteria, one.id).address()


def _found(uow: UnitOfWork, wanted: Asked, known: choices.Choices) -> dict[str, Any]:
    if wanted.error is not None:
        return {"found": None, "choices": known}
    found, facets = finding.page(uow, wanted.criteria, after=wanted.after), finding.facets(uow, wanted.criteria)
    return {"found": found, "about": finding.about(uow, found.rows), "facets": facets, "see": sight.of(uow),
            "choices": choices.counted(known, facets), "is_narrowed": wanted.criteria != Criteria()}
