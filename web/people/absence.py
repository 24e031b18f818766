"""Absence: mine, and of those whom I lead; who stands in, since when, until when, why; ended early."""

from datetime import datetime, timedelta
from functools import partial

from flask import g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine import identity, substitutions
from engine.calendar import parse_date
from engine.errors import EngineError
from engine.unit_of_work import UnitOfWork
from web import errors
from web.access import needs, unit_of_work
from web.layout import words
from web.layout.words import ZONE
from web.people.room import field, pages, status

FORMAT = "%Y-%m-%dT%H:%M"


@pages.get("/me/absence")
@needs("signed_in")
def absence() -> str:
    """My absences, when I stand in for whom, and the absences of the people whom I lead; `user` picks whose is entered."""
    return _page(request.args.get("user") or g.actor.id)


@pages.post("/me/absence")
@needs("signed_in")
def enter_absence() -> Response | tuple[str, int]:
    """Enter an absence; a refusal keeps what was typed."""
    user_id = field("user") or g.actor.id
    try:
        begin, until = parse_date(field("from")), parse_date(field("until"))
        with unit_of_work(writes=True) as uow:
            substitutions.enter(uow, user_id, substitute=field("substitute"), from_at=begin, until_at=until,
                                reason=field("reason"))
    except EngineError as error:
        return _page(user_id, error=error), status(error)
    return redirect(url_for("people.absence", user=user_id, saved="entered"))


@pages.post("/me/absence/<substitution_id>/end")
@needs("signed_in")
def end_absence(substitution_id: str) -> Response:
    """End an absence early, or call it off."""
    with unit_of_work(writes=True) as uow:
        substitutions.end(uow, substitution_id)
    return redirect(url_for("people.absence", saved="ended"))


def _page(user_id: str, error: EngineError | None = None) -> str:
    with unit_of_work(writes=False) as uow:
        substitutions.must_be_allowed(uow, user_id)
        return render_template(
            "people/absence.html", section="me", error_words=_words(uow, error), typed=request.form,
            who=identity.user(uow, user_id),
            mine=substitutions.of(uow, g.actor.id), standing_in=substitutions.by(uow, g.actor.id), led=substitutions.led(uow),
            people=substitutions.people_led(uow), candidates=substitutions.candidates(uow, user_id), now=uow.now, **_times(uow))


def _words(uow: UnitOfWork, error: EngineError | None) -> str:
    return errors.sentence(error, words.language(), partial(words.person, uow)) if error else ""


def _times(uow: UnitOfWork) -> dict[str, str]:
    """What the form begins with: from now until tomorrow evening, in local time."""
    local = uow.now.astimezone(ZONE)
    evening: datetime = (local + timedelta(days=1)).replace(hour=17, minute=30)
    return {"from_text": local.strftime(FORMAT), "until_text": evening.strftime(FORMAT)}
