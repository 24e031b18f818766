"""The auditors' pages. A module hangs its pages on the blueprint by being imported here."""

from web.audit import cases, exports
from web.audit.room import pages

__all__ = ["cases", "exports", "pages"]  # the modules hang their pages on the blueprint
