"""Drafts of forms, saved by the page as somebody types. All replies are JSON."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, jsonify, request

from engine import drafts
from engine.drafts import Draft
from engine.errors import AlreadyChanged, InvalidValue
from web import errors
from web.access import needs, unit_of_work
from web.layout import island, words

pages = Blueprint("drafts", __name__)
Answer = Response | tuple[Response, int]


@pages.get("/drafts")
@needs("signed_in")
def find() -> Response:
    """The reader's draft of `subject`: `{entries, saved_at, words}`, or an empty object."""
    with unit_of_work(writes=False) as uow:
        return jsonify(_told(drafts.find(uow, _subject()), uow.now))


@pages.put("/drafts")
@needs("signed_in")
def save() -> Answer:
    """Keep `entries`. 409 with the other draft if another device saved later than `basis`, unless it `overrides` that."""
    sent = island.read_json(request.get_data())
    entries = sent.get("entries") if isinstance(sent, dict) else None
    if not isinstance(sent, dict) or not isinstance(entries, dict):
        raise InvalidValue(field="entries", value="")
    try:
        with unit_of_work(writes=True) as uow:
            at = drafts.save(uow, _subject(), entries, basis=_moment(sent.get("basis")), overrides=sent.get("overrides") is True)
            return jsonify({"saved_at": at.isoformat(), "words": words.day_and_time(at, uow.now)})
    except AlreadyChanged as error:
        with unit_of_work(writes=False) as uow:
            other = _told(drafts.find(uow, _subject()), uow.now)
        return jsonify({**other, **errors.as_json(error, words.language())}), errors.refusal(error).status


@pages.delete("/drafts")
@needs("signed_in")
def discard() -> tuple[str, int]:
    """Start afresh."""
    with unit_of_work(writes=True) as uow:
        drafts.discard(uow, _subject())
    return "", 204


def _subject() -> str:
    return request.args.get("subject", "")[:300]


def _told(found: Draft | None, now: datetime) -> Mapping[str, Any]:
    if found is None:
        return {}
    return {"entries": found.entries, "saved_at": found.saved_at.isoformat(), "words": words.day_and_time(found.saved_at, now)}


def _moment(text: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else None
