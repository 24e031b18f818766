"""The modeller's room: its blueprint, who may come in, and how its pages are rendered."""

from typing import Any

from flask import Blueprint, render_template, request

from engine import identity
from engine.errors import EngineError, Forbidden
from engine.unit_of_work import UnitOfWork
from web import errors
from web.layout import words

pages = Blueprint("modeler", __name__, template_folder="templates", url_prefix="/modeler")


def show(uow: UnitOfWork, page: str, part: str, error: EngineError | None = None, /, **shown: Any) -> str:
    """A page of the room: `part` is its tab, `error` is told above it."""
    told = errors.sentence(error, words.language(), lambda user: words.person(uow, user)) if error else ""
    return render_template(f"modeler/{page}.html", **shown, section="modeler", part=part, error_words=told,
                           person=lambda user: words.person(uow, user))


def status(error: EngineError | None) -> int:
    """The HTTP status of a page that tells of `error`."""
    return errors.refusal(error).status if error else 200


def field(name: str, most: int = 2_000) -> str:
    """What was typed, at most so many characters."""
    return request.form.get(name, "").strip()[:most]


def must_model(uow: UnitOfWork) -> None:
    """Refuse who may not change definitions."""
    if not identity.may_model(uow.actor):
        raise Forbidden("may_not_model")
