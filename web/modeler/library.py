"""The library of definitions: what is in effect, since when and why, and what is being changed."""

from typing import Any

from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as Answer

from engine import bundles, deployments, identity
from engine.errors import EngineError
from engine.modeling import approvals, drafts, library
from web.access import needs, unit_of_work
from web.layout import words
from web.layout.sending import named
from web.modeler.room import field, pages, show, status

PICTURE: dict[str, Any] = {"done": [], "flows": [], "tokens": {}, "incidents": [], "interventions": [], "here": None}


@pages.get("")
@needs("signed_in")
def index() -> str:
    """All definitions with version, author, reason, open cases and the state of drafts."""
    with unit_of_work(writes=False) as uow:
        waiting = [row for row in drafts.listing(uow, "approved") if approvals.incident_of(uow, row)]
        return show(uow, "library", "library", entries=library.entries(uow), failed=waiting)


@pages.get("/definitions/<kind>/<path:key>")
@needs("signed_in")
def definition(kind: str, key: str) -> str:
    """One definition: its versions, and what one of them looks like."""
    return _definition(kind, key)


@pages.post("/definitions/<kind>/<path:key>/withdraw")
@needs("signed_in")
def withdraw(kind: str, key: str) -> Answer | tuple[str, int]:
    """Take a version out of effect, with a reason."""
    try:
        with unit_of_work(writes=True) as uow:
            approvals.withdraw(uow, field("definition"), reason=field("reason"))
    except EngineError as error:
        return _definition(kind, key, error), status(error)
    return redirect(url_for("modeler.definition", kind=kind, key=key, done="withdrawn"))


@pages.get("/files/<path:definition_id>")
@needs("signed_in")
def definition_file(definition_id: str) -> Response:
    """The very file of a version, to save."""
    with unit_of_work(writes=False) as uow:
        row = deployments.definition_row(uow, definition_id)
        data = bundles.stored_bytes(uow, row.sha256)
    return named(Response(data, mimetype="application/octet-stream"), row.resource_name)


def _definition(kind: str, key: str, error: EngineError | None = None) -> str:
    with unit_of_work(writes=False) as uow:
        versions = library.versions(uow, kind, key)
        asked = request.args.get("version", type=int)
        chosen = next((each for each in versions if each.row.version == asked), None)
        chosen = chosen or next((each for each in versions if each.is_current), versions[0])
        text = "" if kind == "process" else bundles.stored_bytes(uow, chosen.row.sha256).decode("utf-8", "replace")
        return show(uow, "definition", "library", error, versions=versions, chosen=chosen, kind=kind, key=key, text=text,
                    picture={**PICTURE, "process": key}, drafts=library.drafts_of(uow, kind, key),
                    may_withdraw=identity.may_decide(uow.actor), title=words.in_words(chosen.row))
