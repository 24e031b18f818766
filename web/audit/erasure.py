"""A customer asks to be forgotten: what is found, what goes and what stays, and the proposal for two people to decide."""

import re

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from engine.audit import deciding, erasure
from engine.errors import EngineError
from web.access import needs, unit_of_work
from web.audit.retention import kept_words
from web.audit.room import field, pages, show, status


@pages.get("/erasure", endpoint="erasure")
@needs("signed_in")
def erasure_page() -> str | tuple[str, int]:
    """The request, and what it would do; nothing is changed."""
    return _shown()


@pages.post("/erasure/propose")
@needs("signed_in")
def propose_erasure() -> Response | str | tuple[str, int]:
    """Propose it; goes to the proposal."""
    try:
        with unit_of_work(writes=True) as uow:
            made = erasure.propose(uow, customer=_customer(), numbers=_numbers(), reason=field("reason"))
    except EngineError as error:
        return _shown(error)
    return redirect(url_for("audit.destruction", destruction_id=made))


def _shown(error: EngineError | None = None) -> str | tuple[str, int]:
    with unit_of_work(writes=False) as uow:
        deciding.must_decide(uow)
        found = None
        try:
            if _customer() or _numbers():
                found = erasure.find(uow, customer=_customer(), numbers=_numbers())
        except EngineError as problem:
            error = error or problem
        page = show(uow, "erasure", "retention", error, found=found, customer=_customer(), numbers=_numbers(), kept=kept_words(),
                    reason=field("reason"))
    return (page, status(error)) if error else page


def _customer() -> str:
    return request.values.get("customer", "").strip()[:200]


def _numbers() -> list[str]:
    """Case numbers, however they were separated."""
    return list(dict.fromkeys(each for each in re.split(r"[\s,，;；、]+", request.values.get("numbers", "")) if each))
