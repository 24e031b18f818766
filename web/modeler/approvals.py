"""Approval: what waits for a decision, what is decided on, and the decision.

Other parts of the room add to the page of a decision: a function in `PARTS` and a template `approval_<name>.html`.
"""

from collections.abc import Callable, Mapping
from typing import Any

from flask import redirect, url_for
from werkzeug.wrappers import Response

from engine import identity
from engine.errors import EngineError, InvalidValue
from engine.modeling import approvals, checks, drafts
from engine.unit_of_work import UnitOfWork
from web.access import needs, unit_of_work
from web.modeler.room import field, moment, must_model_or_decide, pages, show, status, titles_of

PARTS: dict[str, Callable[[UnitOfWork, Any], Mapping[str, Any]]] = {}
"""Name → what the template of that part needs besides `draft` and `files`."""


@pages.get("/approvals")
@needs("signed_in")
def approval_list() -> str:
    """What waits for a decision, and what is approved for a later day."""
    with unit_of_work(writes=False) as uow:
        must_model_or_decide(uow)
        rows = drafts.listing(uow, "submitted")
        mine = {row.id: identity.may_approve(uow, row) for row in rows}
        return show(uow, "approvals", "approvals", rows=rows, mine=mine, later=drafts.listing(uow, "approved"))


@pages.get("/drafts/<draft_id>/approval")
@needs("signed_in")
def approval(draft_id: str) -> str:
    """What is decided on: the frozen files, their problems, and what the other parts have to say."""
    return _page(draft_id)


@pages.post("/drafts/<draft_id>/approve")
@needs("signed_in")
def approve(draft_id: str) -> Response | tuple[str, int]:
    """Approve what was seen, at once or from a day on."""
    try:
        with unit_of_work(writes=True) as uow:
            day = moment("effective_from") if field("when") == "later" else None
            if field("when") == "later" and day is None:
                raise InvalidValue("effective_missing", field="effective_from", value="")
            approvals.approve(uow, draft_id, seen=field("digest"), effective_from=day, reason=field("reason"))
    except EngineError as error:
        return _page(draft_id, error), status(error)
    return redirect(url_for("modeler.draft", draft_id=draft_id, done="approve"))


@pages.post("/drafts/<draft_id>/reject")
@needs("signed_in")
def reject(draft_id: str) -> Response | tuple[str, int]:
    """Give it back with a reason."""
    try:
        with unit_of_work(writes=True) as uow:
            approvals.reject(uow, draft_id, reason=field("reason"))
    except EngineError as error:
        return _page(draft_id, error), status(error)
    return redirect(url_for("modeler.draft", draft_id=draft_id, done="reject"))


def _page(draft_id: str, error: EngineError | None = None) -> str:
    with unit_of_work(writes=False) as uow:
        must_model_or_decide(uow)
        row = drafts.get(uow, draft_id)
        parts: dict[str, Any] = {}
        for make in PARTS.values():
            parts |= make(uow, row)
        return show(uow, "approval", "approvals", error, draft=row, files=drafts.files(uow, draft_id),
                    problems=checks.of_draft(uow, row) if row.status in ("submitted", "approved") else (),
                    authors=drafts.authors(uow, draft_id), changed=drafts.changed(uow, row),
                    titles=titles_of(drafts.as_files(uow, draft_id)),
                    may_decide_here=identity.may_approve(uow, row),
                    is_author=uow.actor.id in {*drafts.authors(uow, draft_id), row.submitted_by}, **parts)
