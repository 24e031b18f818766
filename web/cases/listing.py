"""The list of cases: search, open or finished, page by page."""

from typing import cast

from flask import Blueprint, render_template, request

from engine import bundles, case_list, identity
from engine.case_list import Standing
from engine.unit_of_work import UnitOfWork
from web.access import needs, unit_of_work
from web.layout import words

pages = Blueprint("case_list", __name__, template_folder="templates")
STANDINGS = ("open", "finished")


@pages.get("/cases")
@needs("signed_in")
def index() -> str:
    """The cases that the reader may see, newest first."""
    text, asked = request.args.get("search", "")[:case_list.LONGEST_SEARCH], request.args.get("state", "")
    standing = cast("Standing", asked) if asked in STANDINGS else None
    with unit_of_work(writes=False) as uow:
        found = case_list.page(uow, standing=standing, text=text, after=request.args.get("after"))
        shown = {"found": found, "offices": {row.id: words.in_words(row) for row in identity.offices(uow)},
                 "procedures": {row.process_key: _procedure(uow, row.process_key) for row in found.rows}}
    return render_template("cases/listing.html", section="cases", text=text, standing=asked if standing else "", **shown)


def _procedure(uow: UnitOfWork, key: str) -> str:
    row = bundles.latest(uow, "process", key)
    return words.in_words(row) if row else key
