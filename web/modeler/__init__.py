"""The modeller: library, drafts, the editor, approval. A module hangs its pages on the blueprint by being imported here."""

from web.modeler import (
           approvals,
           differences,
           drafts,
           editor,
           files,
           impact,
           library,
           manual,
           migrations,
           scenarios,
           trying,
           vocabulary,
)
from web.modeler.room import pages

__all__ = ["approvals", "differences", "drafts", "editor", "files", "impact", "library", "manual", "migrations", "pages",
           "scenarios", "trying", "vocabulary"]
