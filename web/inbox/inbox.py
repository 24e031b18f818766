"""The lists: mine, my groups, my office, watched, done; narrowed, searched, and paged by key."""

from typing import Any

from flask import g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine import canonical, filters, identity, tasks, worklist, worklist_changes
from engine.errors import NotFound
from engine.unit_of_work import UnitOfWork
from web.access import needs, unit_of_work
from web.inbox import asked, bulk, changes, columns, export, narrowing, saved, sight
from web.inbox.asked import Asked
from web.inbox.blueprint import pages
from web.inbox.rows import PAGE, key_of
from web.layout import deadlines, words

__all__ = ["PAGE", "bulk", "changes", "export", "pages"]  # the modules hang their pages on the blueprint


@pages.get("/")
@needs("signed_in")
def home() -> Response:
    """The address of the site leads to the inbox."""
    return redirect(url_for("inbox.index"))


@pages.get("/inbox")
@needs("signed_in")
def index() -> str:
    """One page of a list; see `asked` for the address. The rows alone where a script asks for more of them."""
    wanted = asked.read(request.args)
    with unit_of_work(writes=False) as uow:
        stamp = worklist_changes.stamp(uow)  # before the rows: a change in between is told once more, never lost
        page = worklist.page(uow, view=wanted.view, criteria=wanted.criteria, after=wanted.after, limit=PAGE)
        shown = _list(uow, wanted, page)
        if request.headers.get("HX-Request") == "true":
            return render_template("inbox/rows.html", **shown)
        shown |= {"stamp": stamp, **_around(uow, wanted, page)}
    return render_template("inbox/index.html", **shown)


def _list(uow: UnitOfWork, wanted: Asked, page: worklist.Page) -> dict[str, Any]:
    """What the rows need."""
    return {"asked": wanted, "view": wanted.view, "page": page, "see": sight.of(uow, page.rows), "columns": columns.chosen(uow),
            "key_of": key_of}


def _around(uow: UnitOfWork, wanted: Asked, page: worklist.Page) -> dict[str, Any]:
    """What stands around the rows."""
    counts, known = worklist.counts(uow), narrowing.choices(uow, wanted)
    leads = "office" in counts
    return {
        "counts": counts, "leads": leads, "choices": known, "chips": narrowing.chips(wanted, known), "titles": columns.titles(),
        "filters": filters.saved(uow), "address_of": saved.address_of, "shares": saved.shared_with(uow),
        "people": _people(uow, page) if leads or g.actor.is_admin else [], "most": export.MOST,
        "finished": _finished(uow, request.args.get("completed")), "section": "inbox",
        "lacks_calendar": deadlines.lacks_calendar(uow) and identity.may_administer(g.actor),
    }


def _people(uow: UnitOfWork, page: worklist.Page) -> list[tuple[str, str]]:
    """Whom a lead can choose for the tasks on screen: the members of their groups, in their offices. `(id, words)`."""
    places = {(group, row.office) for row in page.rows if row.state == "open" for group in canonical.loads(row.candidate_groups)}
    return [(row.id, words.in_words(row)) for row in identity.members_of_any(uow, places)]


def _finished(uow: UnitOfWork, task_id: str | None) -> dict[str, str] | None:
    """What the message above the list says after a completion."""
    if not task_id:
        return None
    try:
        row = tasks.row_of(uow, task_id)
    except NotFound:
        return None
    mine = row.state == "completed" and row.completed_by == uow.actor.id
    return {"id": row.id, "name": words.in_words(row), "case": row.business_key, "instance": row.instance_id} if mine else None
