"""Default deny: every route declares who may call it, and one guard before each request holds it to that.

`public` anyone · `signed_in` a session · `admin` a session of an administrator · `basic` the route authenticates by itself.
"""

import hmac
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, cast
from urllib.parse import urlsplit

import sqlalchemy as sa
from flask import Flask, abort, current_app, g, redirect, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from engine import identity
from engine.errors import Forbidden, InvalidValue
from engine.unit_of_work import Actor, ProcessEngine, UnitOfWork
from web import sessions

Permission = Literal["public", "signed_in", "admin", "basic"]
Files = bool | Literal["several"]
View = TypeVar("View", bound=Callable[..., Any])
BODY_LIMIT = 2_000_000
AT_ONCE = 5  # files of the largest size in one request; the server keeps them on disk meanwhile
SESSION_COOKIE = "fuwuflow_session"
VISITOR_COOKIE = "fuwuflow_visitor"  # carries the CSRF token of a visitor who has no session yet
READS = frozenset({"GET", "HEAD", "OPTIONS"})
NOBODY = Actor("")


@dataclass(frozen=True, slots=True)
class Access:
    """What a route declared; without `is_use` a session ages on.

    `takes_files` lifts the body limit to `max_upload_bytes`, "several" to `AT_ONCE` times that.
    """

    permission: Permission
    takes_files: Files
    is_use: bool


def needs(permission: Permission, *, takes_files: Files = False, is_use: bool = True) -> Callable[[View], View]:
    """Declare who may call a view. Stands under the route decorator. What a page asks by itself is no use of the session."""
    def declare(view: View) -> View:
        view.access = Access(permission, takes_files, is_use)  # type: ignore[attr-defined]  # a mark on the function itself
        return view
    return declare


def check_declared(app: Flask) -> None:
    """Refuse an application with a route that declares nothing. Raises `ValueError` naming the endpoints."""
    missing = sorted(name for name, view in app.view_functions.items() if not hasattr(view, "access"))
    if missing:
        raise ValueError(f"routes without a declared permission: {', '.join(missing)}")


def engine() -> ProcessEngine:
    """The process engine of this application."""
    return cast("ProcessEngine", current_app.extensions["fuwuflow"])


@contextmanager
def unit_of_work(*, writes: bool) -> Iterator[UnitOfWork]:
    """A unit of work for whoever is signed in."""
    begin = engine().transaction if writes else engine().reading
    with begin(g.actor) as uow:
        yield uow


def guard() -> Response | None:
    """Before each request: limit the body, find the session, and refuse what the route has not allowed."""
    g.actor, g.session = NOBODY, None
    if request.endpoint is None:  # no such page: a 404 tells nothing to anybody
        _find_session(is_use=False)
        return None
    access = getattr(current_app.view_functions[request.endpoint], "access", None)
    if access is None:
        raise Forbidden("undeclared_route")
    limit = engine().settings.max_upload_bytes if access.takes_files else BODY_LIMIT
    request.max_content_length = limit * AT_ONCE if access.takes_files == "several" else limit
    request.max_form_memory_size = limit
    _check_address()
    if access.permission == "basic":
        return None
    _find_session(is_use=access.is_use)
    return _let_in(access.permission)


def visitor_token() -> str:
    """The CSRF token of a visitor without a session: it must come back in the cookie and in the form."""
    if "visitor_token" not in g:
        g.visitor_token = request.cookies.get(VISITOR_COOKIE) or secrets.token_urlsafe(16)
    return cast("str", g.visitor_token)


def csrf_token() -> str:
    """The token that every form of this reader carries."""
    return cast("str", g.session.csrf) if g.get("session") else visitor_token()


def keep_visitor_cookie(response: Response) -> Response:
    """After each request: hand out the visitor's token if a page used one."""
    if "visitor_token" in g and request.cookies.get(VISITOR_COOKIE) != g.visitor_token:
        set_cookie(response, VISITOR_COOKIE, g.visitor_token)
    return response


def set_cookie(response: Response, name: str, value: str) -> None:
    """A cookie that scripts cannot read and other sites cannot send along with a post."""
    response.set_cookie(name, value, httponly=True, samesite="Lax", secure=engine().settings.secure_cookies, path="/")


def local_path(target: str | None, fallback: str) -> str:
    """`target` if it is a path on this site (no scheme, host, backslash or line feed trick), else `fallback`."""
    target = target or ""
    is_local = target.startswith("/") and not target.startswith("//") and "\\" not in target and target.isprintable()
    return target if is_local and host_of(target) == "" else fallback


def host_of(address: str) -> str | None:
    """The host that an address names, "" for none; None where it cannot be read."""
    try:
        return urlsplit(address).netloc
    except ValueError:
        return None


def _find_session(*, is_use: bool) -> None:
    token = request.cookies.get(SESSION_COOKIE)
    if not token:
        return
    with engine().reading(NOBODY) as uow:
        row = sessions.find(uow, token)
        if row is None:
            return
        g.session, g.actor = row, identity.actor(uow, row.user_id)
        is_stale = is_use and row.touched_at < uow.now - sessions.TOUCH
    if is_stale:
        with engine().transaction(g.actor) as uow:
            sessions.touch(uow, token)


def _let_in(permission: Permission) -> Response | None:
    if request.method not in READS:
        _check_origin()
    if permission != "public" and g.session is None:
        return _sign_in_first()
    if request.method not in READS:
        _check_token()
        _check_text(request.form)
    if permission == "admin" and not identity.may_administer(g.actor):
        raise Forbidden("admins_only")
    return None


def _sign_in_first() -> Response | None:
    if request.method in READS:
        return redirect(url_for("auth.sign_in", next=request.full_path.rstrip("?")))
    raise Forbidden("session_over")


def _check_address() -> None:
    """PostgreSQL keeps no NUL, so nothing has an address with one."""
    if any("\0" in str(value) for value in (request.view_args or {}).values()):
        abort(404)
    _check_text(request.args)


def _check_text(given: MultiDict[str, str]) -> None:
    """Refuse what was typed with a NUL, by its name. A body of JSON is read where its members have names."""
    for name, value in given.items(multi=True):
        if "\0" in name or "\0" in value:
            raise InvalidValue("text_nul", field=name.replace("\0", "")[:40])


def _check_origin() -> None:
    origin = request.headers.get("Origin")
    if origin is not None and host_of(origin) != request.host:
        raise Forbidden("foreign_origin")


def _check_token() -> None:
    given = request.form.get("csrf") or request.headers.get("X-CSRF-Token") or ""
    expected = g.session.csrf if g.session else request.cookies.get(VISITOR_COOKIE) or ""
    if not expected or not hmac.compare_digest(given.encode(), expected.encode()):
        raise Forbidden("csrf")


def signed_in_row() -> sa.Row[Any] | None:
    """The session's row with its user, or None."""
    return cast("sa.Row[Any] | None", g.get("session"))
