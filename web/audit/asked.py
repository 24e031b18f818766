"""What the address of the auditors' list asks for: criteria, each as a chip that can be taken off.

Names in the address are the fields of `Criteria`, but for `q` (search); `after` is where a page begins, `saved` what led here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from flask import url_for

from engine.audit.finding import Criteria
from engine.errors import InvalidValue

NAMES = {{"search": "q"}.get(each.name, each.name): each.name for each in fields(Criteria)}
"""Name in the address → field of `Criteria`."""
LONGEST = 100


@dataclass(frozen=True, slots=True)
class Asked:
    """A list as the reader asked for it: what was given by name, and the criteria that this is, or why it is none."""

    given: Mapping[str, str]
    criteria: Criteria
    error: InvalidValue | None
    after: str | None
    saved: str

    def arguments(self, **changes: str | None) -> dict[str, Any]:
        """The arguments of the address of this list, changed by their names (None takes one off)."""
        return {name: value for name, value in {**self.given, "saved": self.saved, **changes}.items() if value}

    def address(self, **changes: str | None) -> str:
        """The address of this list, changed."""
        return url_for("audit.cases", **self.arguments(**changes))

    def must_be_possible(self) -> Criteria:
        """The criteria; raises what is wrong with them: nothing is exported by another filter than was asked for."""
        if self.error is not None:
            raise self.error
        return self.criteria


def read(arguments: Mapping[str, str]) -> Asked:
    """Read an address."""
    given = {name: text for name in NAMES if (text := arguments.get(name, "").strip()[:LONGEST])}
    if "process" not in given:
        given.pop("version", None)  # a version is one of a procedure
    values: dict[str, Any] = {NAMES[name]: text for name, text in given.items()}
    if values.get("version", "").isdecimal():
        values["version"] = int(values["version"])
    criteria, error = Criteria(), None
    try:
        criteria = Criteria.from_json(values)
    except InvalidValue as problem:
        error = problem
    return Asked(given, criteria, error, arguments.get("after") or None, arguments.get("saved", "")[:40])


def of_criteria(criteria: Criteria, saved: str = "") -> Asked:
    """The list that a saved search names."""
    fields_ = {field: name for name, field in NAMES.items()}
    return Asked({fields_[name]: str(value) for name, value in criteria.as_json().items()}, criteria, None, None, saved)
