"""The blueprint that the pages of this room hang on."""

from flask import Blueprint, request

from engine.errors import EngineError
from web import errors

pages = Blueprint("people", __name__, template_folder="templates")


def field(name: str) -> str:
    """What was typed into a field, without the spaces around it."""
    return request.form.get(name, "").strip()


def status(error: EngineError) -> int:
    """The status of a page that shows a refusal beside what was typed."""
    return errors.refusal(error).status
