"""The migrations of `handlers/tables.py` (branch `company`)."""

from pathlib import Path

VERSIONS = Path(__file__).parent / "versions"
