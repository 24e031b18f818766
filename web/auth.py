"""Signing in and out, and the reader's language."""

import json

from flask import Blueprint, current_app, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine import history, passwords
from engine.errors import Forbidden
from engine.unit_of_work import Actor
from web import access, errors, sessions
from web.access import NOBODY, SESSION_COOKIE, engine, local_path, needs, unit_of_work
from web.layout import island
from web.layout.words import LANGUAGE_COOKIE, LANGUAGES, language

pages = Blueprint("auth", __name__, template_folder="layout/templates")
HIDDEN = frozenset({"csrf", "password"})
SAID = ("text", "reason")  # what somebody wrote in sentences, shown before it is sent after all


@pages.get("/sign-in")
@needs("public")
def sign_in() -> str | Response:
    """The sign-in page; who is signed in already goes on."""
    target = local_path(request.args.get("next"), url_for("inbox.index"))
    return redirect(target) if g.session else _page(target)


@pages.post("/sign-in")
@needs("public")
def enter() -> str | Response | tuple[str, int]:
    """Check the password outside any transaction, open a session, and go where the reader was going."""
    user = request.form.get("user", "").strip()
    target = local_path(request.form.get("next"), url_for("inbox.index"))
    refused = _refused(user, request.form.get("password", ""))
    if refused is not None:
        return _page(target, user=user, error=refused), errors.refusal(refused).status
    with engine().transaction(Actor(user)) as uow:
        token, csrf = sessions.begin(uow, user)
        history.record_change(uow, "sign_in", subject=f"user:{user}", before=None, after={"address": request.remote_addr or ""})
    response = _go_on(user, target, csrf)
    access.set_cookie(response, SESSION_COOKIE, token)
    return response


@pages.post("/sign-out")
@needs("public")
def leave() -> Response:
    """Close the session."""
    token = request.cookies.get(SESSION_COOKIE)
    if token:
        with unit_of_work(writes=True) as uow:
            sessions.end(uow, token)
            if g.session:
                history.record_change(uow, "sign_out", subject=f"user:{uow.actor.id}", before=None, after=None)
    response = redirect(url_for("auth.sign_in"))
    response.delete_cookie(SESSION_COOKIE)
    return response


@pages.post("/language")
@needs("public")
def choose_language() -> Response:
    """Keep the chosen language: in the account of who is signed in, and in a cookie for the sign-in page."""
    chosen = request.form.get("language", "")
    response = redirect(local_path(request.form.get("next"), url_for("inbox.index")))
    if chosen in LANGUAGES:
        access.set_cookie(response, LANGUAGE_COOKIE, chosen)
        if g.session:
            with unit_of_work(writes=True) as uow:
                sessions.set_language(uow, chosen)
    return response


def session_over() -> tuple[str, int]:
    """A post without a session: the sign-in page that carries what was typed, and returns to where it belongs."""
    fields = [pair for pair in request.form.items(multi=True) if pair[0] not in HIDDEN]
    action = "" if request.files else request.full_path.rstrip("?")  # files are gone: they must be chosen again
    home = local_path(request.form.get("page"), url_for("inbox.index"))
    error = Forbidden("session_over")
    typed = json.dumps({"action": action, "fields": fields}, ensure_ascii=False)
    return _page(home, error=error, typed=typed), errors.refusal(error).status


def _refused(user: str, password: str) -> Forbidden | None:
    address = request.remote_addr or ""
    with engine().reading(NOBODY) as uow:
        if sessions.has_failed_too_often(uow, user, address):
            return Forbidden("too_many_failures")
        stored = passwords.password_hash(uow, user)
    if passwords.verify_password(stored, password):
        return None
    with engine().transaction(NOBODY) as uow:
        sessions.record_failure(uow, user, address)
    return Forbidden("wrong_password")


def _go_on(user: str, target: str, csrf: str) -> Response:
    """A form's values go back to their form by themselves; anything else is sent when its author says so again."""
    action, fields = _typed()
    if any(name == "values" for name, _ in fields):
        return current_app.make_response(render_template("layout/continue.html", target=target, csrf=csrf, fields=fields))
    if not action:
        return redirect(target)
    said = [value for name, value in fields if name in SAID and value.strip()]
    return current_app.make_response(render_template(
        "layout/unsent.html", who=user, action=action, target=target, csrf=csrf, fields=fields, said=said))


def _typed() -> tuple[str, list[tuple[str, str]]]:
    found = island.read_values(request.form.get("typed", ""))
    try:
        return local_path(str(found["action"]), ""), [(str(name), str(value)) for name, value in found["fields"]]
    except (ValueError, TypeError, KeyError):
        return "", []


def _page(target: str, *, user: str = "", error: Forbidden | None = None, typed: str = "") -> str:
    words = errors.sentence(error, language()) if error else ""
    return render_template("layout/sign_in.html", target=target, shown_user=user, error=error, error_words=words, typed=typed)
