"""What somebody did to a case beside its diagram, told before and after from a recorded body. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from engine import interventions
from engine.audit.standing import Standing

COMMANDS = interventions.COMMANDS | {"assign", "delegate", "give_back", "retry", "migrate"}
"""Commands of the record that a film shows as interventions: hand-overs, retries and moves to another version, too."""

Kind = Literal["variable", "moment", "person", "element", "status", "bundle", "error", "answer", "attempt", "text", "file"]
Given = Callable[[str], Any]
"""An input by its name, None where there is none."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing before and after, None where there was or is nothing.

    `kind` says what the two are; `subject` names the variable, the element or the task that they are of, where there is one.
    """

    kind: Kind
    subject: str
    before: Any
    after: Any


Tell = Callable[[str, Given], Iterable[Fact]]
"""From the element and the inputs of an event to what it changed."""


def facts(command: str, element: str | None, inputs: Mapping[str, Any], before: Standing) -> tuple[Fact, ...]:
    """What an event with these recorded `inputs` changed beside the diagram; `before` is the standing that it met."""
    if command == "retry":
        return tuple(Fact("error", stand.element, stand.error, None) for stand in before.tokens.values()
                     if stand.error and stand.element == element)
    if command == "job" and inputs.get("attempt", 1) == 1:
        return ()
    return tuple(_TOLD[command](element or "", inputs.get)) if command in _TOLD else ()


def _status(before: str, after: str) -> Tell:
    return lambda _here, _given: (Fact("status", "", before, after),)


def _handed(here: str, given: Given) -> Iterable[Fact]:
    return (Fact("person", here, given("before"), given("assignee")),)


_TOLD: Mapping[str, Tell] = {
    "set_variable": lambda _here, given: (Fact("variable", str(given("variable")), given("before"), given("after")),),
    "set_due": lambda here, given: (Fact("moment", here, given("before"), given("due_at")),),
    "recount": lambda _here, given: (Fact("moment", one["element"], one["before"], one["after"])
                                     for one in given("timers") or ()),
    "timer": lambda here, given: (Fact("moment", here, given("due_at"), None),),
    "claim": _handed, "release": _handed, "assign": _handed, "delegate": _handed, "give_back": _handed,
    "send_back": lambda here, given: (Fact("element", "", given("from"), here),),
    "skip": lambda here, given: (Fact("person", here, given("assignee"), None), Fact("answer", here, None, given("answer"))),
    "suspend": _status("active", "suspended"), "resume": _status("suspended", "active"),
    "terminate": _status("active", "terminated"),
    "migrate": lambda _here, given: (Fact("bundle", "", given("source"), given("target")),),
    "comment": lambda here, given: (Fact("text", here, None, given("text")),),
    "add_document": lambda here, given: (Fact("file", here, None, given("name")),),
    "remove_document": lambda here, given: (Fact("file", here, given("name"), None),),
    "job": lambda here, given: (Fact("attempt", here, 1, given("attempt")),),
}
