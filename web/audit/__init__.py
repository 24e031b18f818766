"""The auditors' pages. A module hangs its pages on the blueprint by being imported here."""

from web.audit import access, dossier, proof
from web.audit.room import pages

__all__ = ["access", "dossier", "pages", "proof"]
