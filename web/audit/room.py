"""The auditors' room: its blueprint, who may come in, and how its pages are rendered."""

from typing import Any

from flask import Blueprint, current_app, render_template, request, url_for
from flask_babel import gettext as _

from engine import identity
from engine.errors import EngineError, Forbidden
from engine.unit_of_work import UnitOfWork
from web import errors
from web.layout import words

pages = Blueprint("audit", __name__, template_folder="templates", url_prefix="/audit")


def tabs() -> list[tuple[str, str, str]]:
    """The room's pages in order: key, address, what it is called."""
    known = (("cases", "audit.cases", _("Cases of all time")), ("figures", "audit.figures", _("On the diagram")),
             ("conformance", "audit.conformance", _("Conformance")), ("clauses", "audit.clauses", _("Clause matrix")),
             ("samples", "audit.samples", _("Samples")), ("retention", "audit.retention", _("Retention")),
             ("proof", "audit.proof", _("Proof")), ("access", "audit.access", _("Who looked")))
    return [(key, url_for(endpoint), str(label)) for key, endpoint, label in known if endpoint in current_app.view_functions]


def show(uow: UnitOfWork, page: str, part: str, error: EngineError | None = None, /, **shown: Any) -> str:
    """A page of the room: `part` is its tab, `error` is told above it."""
    told = errors.sentence(error, words.language(), lambda user: words.person(uow, user)) if error else ""
    return render_template(f"audit/{page}.html", **shown, section="audit", part=part, error_words=told, tabs=tabs(),
                           person=lambda user: words.person(uow, user))


def status(error: EngineError | None) -> int:
    """The HTTP status of a page that tells of `error`."""
    return errors.refusal(error).status if error else 200


def field(name: str, most: int = 4_000) -> str:
    """What was typed, at most so many characters."""
    return request.form.get(name, "").strip()[:most]


def must_audit(uow: UnitOfWork) -> None:
    """Refuse who does not audit."""
    if not identity.may_audit(uow.actor):
        raise Forbidden("may_not_audit")
