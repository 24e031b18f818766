"""The replay of a case as a film: its page, the index of all events and the frames that the page asks for."""

from typing import Any

from flask import Response, g, jsonify, render_template, request

from engine import cases
from engine.audit import access_log, film
from engine.unit_of_work import UnitOfWork
from web import access
from web.access import needs, unit_of_work
from web.audit import film_words
from web.audit.film_words import Words
from web.audit.room import pages

LINES = 100


@pages.get("/film/<case_id>")
@needs("signed_in")
def film_page(case_id: str) -> str:
    """The film; `at` is the event that it opens with. The pages of its list without scripts (`page`) are no new look."""
    begin = max(request.args.get("at", 0, type=int), 0)
    number = request.args.get("page", 0, type=int) or max(begin - 1, 0) // LINES + 1
    with unit_of_work(writes=False) as uow:
        shown = _shown(uow, case_id, max(number, 1))
    if "page" not in request.args:
        access_log.note(access.engine(), g.actor, "film", case_id, instance_id=case_id, detail={"at": begin} if begin else {})
    return render_template("audit/film.html", **shown, begin=begin, section="cases")


def _shown(uow: UnitOfWork, case_id: str, number: int) -> dict[str, Any]:
    row = cases.instance(uow, case_id)
    told = Words(uow, row)
    lines = film_words.lines(told, film.heads(uow, case_id, (number - 1) * LINES, LINES))
    return {"row": row, "lines": lines, "number": number, "last": -(-row.head_seq // LINES), "name": told.version(row.bundle_id)}


@pages.get("/film/<case_id>/index")
@needs("signed_in")
def film_index(case_id: str) -> Response:
    """All events in columns, for the page's script."""
    with unit_of_work(writes=False) as uow:
        return jsonify(film_words.index(uow, case_id))


@pages.get("/film/<case_id>/frames")
@needs("signed_in")
def film_frames(case_id: str) -> Response:
    """The frames behind event `after`, for the page's script."""
    after = max(request.args.get("after", 0, type=int), 0)
    with unit_of_work(writes=False) as uow:
        return jsonify(film_words.reel(uow, case_id, after, film.KEYFRAME))
