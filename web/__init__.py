"""The pages, and the composition root: `create_app` puts engine, company and web together and starts nothing."""

import logging
from http import HTTPStatus

from flask import Flask, Response, jsonify, render_template, request
from flask_babel import Babel
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from engine import expressions, identity
from engine.errors import EngineError, Forbidden
from engine.sandbox.scratch import Sandbox
from engine.settings import Settings, from_env
from engine.unit_of_work import ProcessEngine
from handlers import scratch
from handlers.lists import LISTS
from handlers.operations import OPERATIONS
from handlers.retention import RECORD_KINDS
from web import access, auth, cli, errors, health, rest
from web.admin import admin
from web.audit import pages as audit
from web.cases import cases, interventions, listing, starting
from web.documents import comments, documents
from web.inbox import drafts, handing, inbox, tasks
from web.layout import assets, words
from web.modeler import pages as modeler
from web.people import people
from web.records import records
from web.rest import basic

log = logging.getLogger("fuwuflow")
POLICY = "; ".join((
    "default-src 'self'", "script-src 'self'", "style-src 'self' 'unsafe-inline'",  # bpmn-js sizes its canvas by style attributes
    "img-src 'self' data:", "font-src 'self' data:", "object-src 'none'", "base-uri 'none'", "form-action 'self'",
    "frame-ancestors 'none'",
))
HTTP_CODES = {404: "no_such_page", 405: "method_not_allowed"}


def create_app(settings: Settings | None = None, engine: ProcessEngine | None = None) -> Flask:
    """The application: for `engine` if given (tests), else for a new one on `settings` (default: the environment)."""
    if engine is None:
        engine = ProcessEngine(settings or from_env(), operations=OPERATIONS, lists=LISTS, records=RECORD_KINDS)
    app = Flask(__name__, static_folder=None, template_folder="layout/templates")
    attach(app, engine)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    Babel(app, locale_selector=words.language, timezone_selector=lambda: str(words.ZONE),
          default_translation_directories="translations")
    app.jinja_env.install_gettext_callables(words.translated, words.translated_plural, newstyle=True)  # type: ignore[attr-defined]
    app.before_request(access.guard)
    app.after_request(_finish)
    for pages in (assets.pages, auth.pages, health.pages, inbox.pages, tasks.pages, handing.pages, drafts.pages,
                  comments.pages, documents.pages, cases.pages, listing.pages, interventions.pages, people.pages,
                  admin.pages, audit, modeler, records.pages, starting.pages, rest.pages):
        app.register_blueprint(pages)
    app.context_processor(_for_templates)
    app.register_error_handler(EngineError, refuse)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _failed)
    cli.register(app)
    access.check_declared(app)
    return app


def attach(app: Flask, engine: ProcessEngine) -> None:
    """Let the application serve this engine from now on; it remembers nothing of another."""
    app.extensions["fuwuflow"] = engine
    app.extensions["sandbox"] = Sandbox(engine, scratch.COMPANY)
    app.extensions[basic.ROOM] = basic.Credentials()
    expressions.configure(expressions.Limits(
        timeout_ms=engine.settings.feel_timeout_ms, memory_mb=engine.settings.feel_memory_mb))


def refuse(error: Exception) -> Response | tuple[str, int]:
    """A refusal as JSON for a program, else as a page that says what happened and what to do."""
    if getattr(error, "code", "") == "session_over" and not _wants_json():
        return auth.session_over()
    status = errors.refusal(error).status
    if _wants_json():
        response = jsonify(errors.as_json(error, words.language()))
        response.status_code = status
        return response
    page = render_template("layout/refusal.html", status=status, code=getattr(error, "code", ""),
                           sentence=errors.sentence(error, words.language()))
    return page, status


def _http(error: HTTPException) -> Response | tuple[str, int]:
    if error.code is not None and error.code < HTTPStatus.BAD_REQUEST:
        return Response(status=error.code, headers=dict(error.get_headers()))
    if rest.is_for(request.path):
        return rest.refuse(error)
    if isinstance(error, RequestEntityTooLarge):
        return refuse(EngineError("upload_too_large", limit=f"{(request.max_content_length or 0) // 1_000_000} MB"))
    ours = error.code is None or error.code >= HTTPStatus.INTERNAL_SERVER_ERROR
    return refuse(EngineError("failed" if ours else HTTP_CODES.get(error.code or 0, "bad_request")))


def _failed(error: Exception) -> Response | tuple[str, int]:
    told = errors.unforeseen(error)
    level = logging.ERROR if told.code == "failed" else logging.WARNING
    log.log(level, "request failed: %s %s", request.method, request.path, exc_info=error)
    return refuse(told)


def _wants_json() -> bool:
    best = request.accept_mimetypes.best_match(["text/html", "application/json"], default="text/html")
    return best == "application/json"


def _finish(response: Response) -> Response:
    access.keep_visitor_cookie(response)
    response.headers.setdefault("Content-Security-Policy", POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    if request.endpoint not in ("assets.file", "cases.diagram"):
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def _for_templates() -> dict[str, object]:
    return {
        "csrf_token": access.csrf_token, "user": access.signed_in_row(), "language": words.language(), "assets": assets,
        "moment": words.moment, "in_words": words.in_words, "may_administer": identity.may_administer,
        "may_audit": identity.may_audit, "may_model": identity.may_model, "may_decide": identity.may_decide,
        "bell": people.bell.bell,
        "Forbidden": Forbidden,
    }
