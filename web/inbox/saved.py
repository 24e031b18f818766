"""Saved filters: kept by name, for oneself or shared with a group; their counts come after the page."""

from flask import redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from engine import filters, identity
from engine.errors import NotFound
from engine.filters import SavedFilter
from engine.unit_of_work import UnitOfWork
from engine.worklist import COUNTED
from web.access import needs, unit_of_work
from web.inbox import asked
from web.inbox.blueprint import pages
from web.layout import words


@pages.get("/inbox/filters")
@needs("signed_in")
def filters_page() -> str:
    """All saved filters that the reader has; their own can be renamed and deleted."""
    with unit_of_work(writes=False) as uow:
        found, shares = filters.saved(uow), shared_with(uow)
    return render_template("inbox/filters.html", filters=found, address=address_of, shares=shares, section="inbox")


@pages.post("/inbox/filters")
@needs("signed_in")
def save_filter() -> Response:
    """Keep the list of the address that the form carries, by name; `share` is `group@office` or empty."""
    wanted = asked.read(request.form)
    group, _mark, office = request.form.get("share", "").partition("@")
    with unit_of_work(writes=True) as uow:
        name = request.form.get("name", "")
        kept = filters.save(uow, name, view=wanted.view, criteria=wanted.criteria, group=group or None, office=office)
    return redirect(asked.of_filter(wanted.view, wanted.criteria, kept).address())


@pages.post("/inbox/filters/<filter_id>/rename")
@needs("signed_in")
def rename_filter(filter_id: str) -> Response:
    """Give one's own filter another name."""
    with unit_of_work(writes=True) as uow:
        old = _one(uow, filter_id)
        filters.delete(uow, filter_id)
        filters.save(uow, request.form.get("name", ""), view=old.view, criteria=old.criteria, group=old.group_id,
                     office=old.office)
    return redirect(url_for("inbox.filters_page"))


@pages.post("/inbox/filters/<filter_id>/delete")
@needs("signed_in")
def delete_filter(filter_id: str) -> Response:
    """Forget one's own filter."""
    with unit_of_work(writes=True) as uow:
        filters.delete(uow, filter_id)
    return redirect(url_for("inbox.filters_page"))


@pages.get("/inbox/filters/<filter_id>/count")
@needs("signed_in")
def count_filter(filter_id: str) -> str:
    """How many tasks the filter finds now, as the text of a badge."""
    with unit_of_work(writes=False) as uow:
        found = filters.count(uow, _one(uow, filter_id))
    return str(found) if found < COUNTED else f"{COUNTED - 1}+"


def shared_with(uow: UnitOfWork) -> list[tuple[str, str]]:
    """`(value of share, words)` of the groups that the actor can share with: their own."""
    names = {row.id: words.in_words(row) for row in identity.groups(uow)}
    places = {row.id: words.in_words(row) for row in identity.offices(uow)}
    return [(f"{group}@{office}", _("%(group)s (%(office)s)", group=names.get(group, group), office=places[office])
             if office in places else names.get(group, group)) for group, office in sorted(uow.actor.memberships)]


def address_of(one: SavedFilter) -> str:
    """The address of a saved filter's list."""
    return asked.of_filter(one.view, one.criteria, one.id).address()


def _one(uow: UnitOfWork, filter_id: str) -> SavedFilter:
    found = next((one for one in filters.saved(uow) if one.id == filter_id), None)
    if found is None:
        raise NotFound(kind="saved_filter", id=filter_id)
    return found
