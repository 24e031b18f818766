"""The auditors' pages. A module hangs its pages on the blueprint by being imported here."""

from web.audit import film, film_state
from web.audit.room import pages

__all__ = ["film", "film_state", "pages"]
