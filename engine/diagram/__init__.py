"""Diagrams as data: `model` (what a file says), `read` (bytes to model, safely), `check` (the deploy gate). Pure."""
