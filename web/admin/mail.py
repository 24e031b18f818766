"""The letters that cases send: whether each went out, and sending one again that could not."""

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from engine import incidents
from engine.errors import EngineError
from web.access import needs, unit_of_work
from web.admin.room import after, pages, show, status


@pages.get("/mail")
@needs("admin")
def mail() -> str:
    """What was or will be sent: by state, recipient and subject."""
    return _page()


@pages.post("/mail/<mail_id>/again")
@needs("admin")
def send_again(mail_id: str) -> Response | tuple[str, int]:
    """Send a letter that could not be sent."""
    try:
        with unit_of_work(writes=True) as uow:
            incidents.send_again(uow, mail_id)
    except EngineError as error:
        return _page(error), status(error)
    return redirect(url_for("admin.mail", again=mail_id))


def _page(error: EngineError | None = None) -> str:
    asked = {name: request.args.get(name, "") for name in ("search", "state")}
    with unit_of_work(writes=False) as uow:
        letters, following = incidents.letters(uow, search=asked["search"], state=asked["state"], after=after())
        return show(uow, "mail", "mail", error, letters=letters, after=following, asked=asked)
