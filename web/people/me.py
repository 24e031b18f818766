"""My settings: language, password, and what is mailed."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from flask import g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine import history, identity, notice_words, notices, passwords, settings_of_people
from engine.errors import EngineError, Forbidden, InvalidValue
from web import errors, sessions
from web.access import SESSION_COOKIE, needs, unit_of_work
from web.layout import words
from web.people.room import pages, status

SHORTEST = 8
WHEN = ("never", "now", "digest")
"""When a kind of notice is mailed."""


@pages.get("/me")
@needs("signed_in")
def me() -> str:
    """The page."""
    return _page()


@pages.post("/me/mail")
@needs("signed_in")
def choose_mail() -> Response:
    """Keep which kinds of notices are mailed and when, and whether the weekly digest is wanted."""
    chosen = {kind: request.form.get(kind, "never") for kind in notice_words.NAMES}
    for kind, when in chosen.items():
        if when not in WHEN:
            raise InvalidValue(field=kind, value=when)
    with unit_of_work(writes=True) as uow:
        settings_of_people.choose(uow, notices.MAILED, {kind: when for kind, when in chosen.items() if when != "never"})
        settings_of_people.choose(uow, notices.DIGEST, request.form.get("digest") == "on")
    return redirect(url_for("people.me", saved="mail"))


@pages.post("/me/password")
@needs("signed_in")
def change_password() -> Response | tuple[str, int]:
    """Replace the password, if the old one is right; sessions elsewhere end. Hashes outside any transaction."""
    try:
        hashed = _new_hash(request.form.get("old", ""), request.form.get("new", ""), request.form.get("again", ""))
    except EngineError as error:
        return _page(error=error), status(error)
    with unit_of_work(writes=True) as uow:
        passwords.set_password(uow, g.actor.id, hashed)
        sessions.end_others(uow, request.cookies.get(SESSION_COOKIE, ""))
        history.record_change(uow, "change_password", subject=f"user:{uow.actor.id}", before=None, after=None)
    return redirect(url_for("people.me", saved="password"))


def _new_hash(old: str, new: str, again: str) -> str:
    """The hash of the new password. `InvalidValue` where it is short or typed unlike, `Forbidden` where the old one is wrong."""
    if len(new) < SHORTEST:
        raise InvalidValue("password_short", field="new", least=SHORTEST)
    if new != again:
        raise InvalidValue("password_unlike", field="again")
    address = request.remote_addr or ""
    with unit_of_work(writes=False) as uow:
        if sessions.has_failed_too_often(uow, g.actor.id, address):
            raise Forbidden("too_many_failures")
        stored = passwords.password_hash(uow, g.actor.id)
    if not passwords.verify_password(stored, old):
        with unit_of_work(writes=True) as uow:
            sessions.record_failure(uow, g.actor.id, address)
        raise Forbidden("wrong_old_password")
    return passwords.hash_password(new)


def _page(error: EngineError | None = None) -> str:
    with unit_of_work(writes=False) as uow:
        who = identity.user(uow, g.actor.id)
        mailed: Mapping[str, str] = settings_of_people.chosen(uow, notices.MAILED, {})
        digest = settings_of_people.chosen(uow, notices.DIGEST, default=False)
        held = _memberships(identity.groups(uow), identity.offices(uow))
    return render_template("people/me.html", who=who, error_words=errors.sentence(error, words.language()) if error else "",
                           mailed=mailed, digest=digest, kinds=list(notice_words.NAMES),
                           kind_name=notice_words.name, shortest=SHORTEST, held=held, section="me")


def _memberships(groups: list[sa.Row[Any]], offices: list[sa.Row[Any]]) -> list[tuple[sa.Row[Any], sa.Row[Any] | None]]:
    """The person's groups with the office of each, None for a central group."""
    group_of, office_of = {row.id: row for row in groups}, {row.id: row for row in offices}
    return [(group_of[group], office_of.get(place)) for group, place in sorted(g.actor.memberships)]
