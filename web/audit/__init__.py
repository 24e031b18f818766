"""The auditors' pages. A module hangs its pages on the blueprint by being imported here."""

from web.audit import (
    cases,
    clauses,
    conformance,
    erasure,
    exports,
    figures,
    retention,
    sample_items,
    sample_results,
    samples,
)
from web.audit.room import pages

__all__ = ["cases", "clauses", "conformance", "erasure", "exports", "figures", "pages", "retention", "sample_items", "sample_results", "samples"]  # the modules hang their pages on the blueprint
