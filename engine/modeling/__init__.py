"""Changing definitions: drafts, their checks and approval, and what is in the library."""
