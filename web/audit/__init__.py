"""The auditors' pages. A module hangs its pages on the blueprint by being imported here."""

from web.audit import sample_items, sample_results, samples
from web.audit.room import pages

__all__ = ["pages", "sample_items", "sample_results", "samples"]
