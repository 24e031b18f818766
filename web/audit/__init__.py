"""The auditors' pages. A module hangs its pages on the blueprint by being imported here."""

<<<<<<< HEAD
from web.audit import clauses, conformance, figures
from web.audit.room import pages

__all__ = ["clauses", "conformance", "figures", "pages"]
=======
from web.audit import sample_items, sample_results, samples
from web.audit.room import pages

__all__ = ["pages", "sample_items", "sample_results", "samples"]
>>>>>>> sample
