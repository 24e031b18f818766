"""The library of definitions: what is in effect, since when and why, and what is being changed."""

from engine.modeling import library
from web.access import needs, unit_of_work
from web.modeler.room import pages, show


@pages.get("")
@needs("signed_in")
def index() -> str:
    """All definitions with version, author, reason, open cases and the state of drafts."""
    with unit_of_work(writes=False) as uow:
        return show(uow, "library", "library", entries=library.entries(uow))
