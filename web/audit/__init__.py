"""The auditors' pages. A module hangs its pages on the blueprint by being imported here."""

from web.audit import (
    access,
    clauses,
    conformance,
    dossier,
    erasure,
    figures,
    proof,
    retention,
    sample_items,
    sample_results,
    samples,
)
from web.audit.room import pages

__all__ = ["access", "clauses", "conformance", "dossier", "erasure", "figures", "pages", "proof", "retention", "sample_items",
           "sample_results", "samples"]
