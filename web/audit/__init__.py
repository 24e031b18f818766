"""The auditors' pages. A module hangs its pages on the blueprint by being imported here."""

from web.audit import (
    clauses,
    conformance,
    erasure,
    figures,
    retention,
    sample_items,
    sample_results,
    samples,
)
from web.audit.room import pages

__all__ = ["clauses", "conformance", "erasure", "figures", "pages", "retention", "sample_items", "sample_results", "samples"]
