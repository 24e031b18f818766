"""The administrator's room: its blueprint, and how its pages are rendered."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import Blueprint, render_template, request
from flask_babel import gettext as _

from engine import identity
from engine.errors import EngineError
from engine.unit_of_work import UnitOfWork
from web import errors
from web.layout import words

pages = Blueprint("admin", __name__, template_folder="templates", url_prefix="/admin")


def show(uow: UnitOfWork, page: str, part: str, error: EngineError | None = None, /, **shown: Any) -> str:
    """A page of the room: `part` is its tab, `error` is told above it."""
    told = errors.sentence(error, words.language(), lambda user: words.person(uow, user)) if error else ""
    return render_template(f"admin/{page}.html", **shown, section="admin", part=part, error_words=told)


def status(error: EngineError | None) -> int:
    """The HTTP status of a page that tells of `error`."""
    return errors.refusal(error).status if error else 200


def field(name: str, most: int = 500) -> str:
    """A line that was typed, at most so many characters."""
    return request.form.get(name, "").strip()[:most]


def names(rows: list[Any]) -> Mapping[str, str]:
    """Id → name in the reader's language."""
    return {row.id: words.in_words(row) for row in rows}


def places(uow: UnitOfWork) -> Mapping[str, str]:
    """Office → its name; "" is everywhere."""
    return {"": str(_("all offices")), **names(identity.offices(uow))}


def after() -> tuple[datetime, str] | None:
    """Where a page goes on: `after` in the address, as `<aware time>|<id>`; None at the beginning."""
    at, _mark, key = request.args.get("after", "").partition("|")
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return None
    return (moment, key) if moment.tzinfo is not None else None
