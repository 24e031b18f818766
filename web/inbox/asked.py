"""What the address of a list asks for: the view and the criteria, each criterion as a chip that can be taken off.

Names in addresses: `view`, `process`, `step`, `office`, `assignee` (`-` is nobody), `due`, `priority`, `q` and `after`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, get_args

from flask import url_for

from engine.worklist import Criteria, View

VIEWS: tuple[View, ...] = get_args(View)
NOBODY = "-"
NAMES = {"process": "process", "step": "element", "office": "office", "assignee": "assignee", "due": "due",
         "priority": "priority", "q": "search"}
"""Name in the address → field of `Criteria`."""
CHOICES = {"due": ("late", "today", "week", "none"), "priority": ("high",)}
LONGEST = 100


@dataclass(frozen=True, slots=True)
class Asked:
    """A list as the reader asked for it; `saved` is the saved filter that led here."""

    view: View
    criteria: Criteria
    after: str | None = None
    saved: str = ""

    @property
    def is_narrowed(self) -> bool:
        """Whether any criterion is set."""
        return self.criteria != Criteria()

    def arguments(self, **changes: str | None) -> dict[str, Any]:
        """The arguments of the address of this list, with changes by their names in addresses (None takes one off)."""
        found = {name: getattr(self.criteria, field) for name, field in NAMES.items()}
        found["assignee"] = NOBODY if self.criteria.assignee == "" else self.criteria.assignee
        given = {"view": self.view, "saved": self.saved, **found, **changes}
        return {name: str(value) for name, value in given.items() if value}

    def address(self, **changes: str | None) -> str:
        """The address of this list, changed."""
        return url_for("inbox.index", **self.arguments(**changes))


def read(arguments: Mapping[str, str]) -> Asked:
    """Read an address. What it cannot mean (an unknown view or choice) counts as not asked."""
    view: View = next((one for one in VIEWS if one == arguments.get("view")), "mine")
    given = {name: arguments.get(name, "").strip()[:LONGEST] for name in NAMES}
    for name, choices in CHOICES.items():
        given[name] = given[name] if given[name] in choices else ""
    values: dict[str, Any] = {field: given[name] or None for name, field in NAMES.items()}
    if values["assignee"] == NOBODY:
        values["assignee"] = ""
    if values["process"] is None:
        values["element"] = None  # a step is a step of a procedure
    return Asked(view, replace(Criteria(), **values), arguments.get("after") or None, arguments.get("saved", "")[:40])


def of_filter(view: View, criteria: Criteria, saved: str) -> Asked:
    """The list that a saved filter names."""
    return Asked(view, criteria, saved=saved)
