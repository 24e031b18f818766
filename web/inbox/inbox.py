"""The lists: mine, my groups, done; searched, and paged by key."""

from typing import get_args

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine import identity, tasks, worklist
from engine.errors import NotFound
from engine.unit_of_work import UnitOfWork
from engine.worklist import View
from web.access import needs, unit_of_work
from web.layout import deadlines, words

pages = Blueprint("inbox", __name__, template_folder="templates")
VIEWS: tuple[View, ...] = get_args(View)
PAGE = 50


@pages.get("/")
@needs("signed_in")
def home() -> Response:
    """The address of the site leads to the inbox."""
    return redirect(url_for("inbox.index"))


@pages.get("/inbox")
@needs("signed_in")
def index() -> str:
    """One page of a view. `q` searches case number, customer and serial; `after` is the cursor of the page before."""
    view: View = next((one for one in VIEWS if one == request.args.get("view")), "mine")
    search = request.args.get("q", "").strip()[:100]
    with unit_of_work(writes=False) as uow:
        page = worklist.page(uow, view=view, criteria=worklist.Criteria(search=search or None),
                             after=request.args.get("after") or None, limit=PAGE)
        shown = {
            "view": view, "search": search, "page": page, "counts": worklist.counts(uow), "due": deadlines.clock(uow),
            "offices": {row.id: words.in_words(row) for row in identity.offices(uow)},
            "finished": _finished(uow, request.args.get("completed")), "section": "inbox",
        }
    part = request.headers.get("HX-Request") == "true" and bool(request.args.get("after"))
    return render_template("inbox/rows.html" if part else "inbox/index.html", **shown)


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
