"""The modeller's room: its blueprint, who may come in, and how its pages are rendered."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, current_app, render_template, request, url_for
from flask_babel import gettext as _

from engine import identity
from engine.diagram.check import File
from engine.errors import EngineError, Forbidden, InvalidValue
from engine.modeling import drafts, titles
from engine.unit_of_work import UnitOfWork
from web import errors
from web.layout import words

pages = Blueprint("modeler", __name__, template_folder="templates", url_prefix="/modeler")
IN_WORK = ("draft", "submitted", "approved")


def show(uow: UnitOfWork, page: str, part: str, error: EngineError | None = None, /, **shown: Any) -> str:
    """A page of the room: `part` is its tab, `error` is told above it."""
    told = errors.sentence(error, words.language(), lambda user: words.person(uow, user)) if error else ""
    return render_template(f"modeler/{page}.html", **shown, section="modeler", part=part, error_words=told, states=states(),
                           person=lambda user: words.person(uow, user), address=address, kinds=kinds(),
                           waiting=len(drafts.listing(uow, "submitted")))


def states() -> dict[str, str]:
    """Status of a draft → what it is called."""
    return {"draft": str(_("draft in work")), "submitted": str(_("waits for approval")),
            "approved": str(_("approved, not in effect yet")), "effective": str(_("in effect")),
            "withdrawn": str(_("withdrawn")), "discarded": str(_("discarded"))}


def kinds() -> dict[str, str]:
    """Kind of a file → what it is called."""
    return {"process": str(_("Diagram")), "form": str(_("Form")), "decision": str(_("Decision table")),
            "scenario": str(_("Scenario"))}


def titles_of(files: Sequence[File]) -> dict[str, str]:
    """File name → what the reader calls what is in it."""
    return {name: en if words.language() == "en" else zh for name, (zh, en) in titles.titles(files).items()}


def address(endpoint: str, **values: Any) -> str | None:
    """The address of a page of this room, None where this server has no such page."""
    name = f"modeler.{endpoint}"
    return url_for(name, **values) if name in current_app.view_functions else None


def status(error: EngineError | None) -> int:
    """The HTTP status of a page that tells of `error`."""
    return errors.refusal(error).status if error else 200


def field(name: str, most: int = 4_000) -> str:
    """What was typed, at most so many characters."""
    return request.form.get(name, "").strip()[:most]


def moment(name: str) -> datetime | None:
    """A date and time of the company's clock, as `datetime-local` sends it; None where nothing was typed."""
    text = field(name, 40)
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=words.ZONE).astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidValue("due_at", field=name, value=text) from None


def must_model(uow: UnitOfWork) -> None:
    """Refuse who may not change definitions."""
    if not identity.may_model(uow.actor):
        raise Forbidden("may_not_model")


def must_model_or_decide(uow: UnitOfWork) -> None:
    """Refuse who has nothing to do with drafts."""
    if not (identity.may_model(uow.actor) or identity.may_decide(uow.actor)):
        raise Forbidden("may_not_model")
