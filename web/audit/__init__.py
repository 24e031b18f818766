"""The auditors' pages. A module hangs its pages on the blueprint by being imported here."""

from web.audit import (
    access,
    cases,
    clauses,
    conformance,
    dossier,
    erasure,
    exports,
    figures,
    film,
    film_state,
    proof,
    retention,
    sample_items,
    sample_results,
    samples,
)
from web.audit.room import pages

__all__ = [  # the modules hang their pages on the blueprint
    "access", "cases", "clauses", "conformance", "dossier", "erasure", "exports", "figures", "film", "film_state",
    "pages", "proof", "retention", "sample_items", "sample_results", "samples",
]
