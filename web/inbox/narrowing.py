"""What a list can be narrowed by: the choices of the filter form, and the criteria of the present list as chips."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from engine import bundles, identity, worklist
from engine.unit_of_work import UnitOfWork
from web.inbox.asked import NOBODY, Asked
from web.layout import words

Choices = Mapping[str, Mapping[str, str]]
"""Name in the address → value → words."""


@dataclass(frozen=True, slots=True)
class Chip:
    """One criterion in words, and the address of the same list without it."""

    name: str
    words: str
    without: str


def choices(uow: UnitOfWork, asked: Asked) -> dict[str, dict[str, str]]:
    """The values of each criterion in words. Steps come once a procedure is chosen; assignees are those of the office's list."""
    found = worklist.newest_processes(uow)
    return {
        "process": {row.key: words.in_words(row) for row in found},
        "step": _steps(uow, {row.key: row for row in found}, asked.criteria.process),
        "office": {row.id: words.in_words(row) for row in identity.offices(uow)},
        "assignee": _assignees(uow, asked),
        "due": {"late": _("Late"), "today": _("Due today"), "week": _("Due this week"), "none": _("Without a due date")},
        "priority": {"high": _("High priority")},
    }


def chips(asked: Asked, known: Choices) -> list[Chip]:
    """The criteria of the list, to be taken off one by one."""
    given = asked.arguments()
    names = [name for name in (*known, "q") if name in given]
    return [Chip(name, _chip_words(name, given[name], known), asked.address(**_without(name))) for name in names]


def _without(name: str) -> dict[str, str | None]:
    """A step goes with its procedure."""
    return {name: None, "saved": None, **({"step": None} if name == "process" else {})}


def _chip_words(name: str, value: str, known: Choices) -> str:
    if name == "q":
        return str(_("“%(text)s”", text=value))
    shown = known[name].get(value, value)
    return str(_("Assignee: %(name)s", name=shown)) if name == "assignee" else shown


def _assignees(uow: UnitOfWork, asked: Asked) -> dict[str, str]:
    if asked.view not in ("office", "watched"):
        return {}
    offices = uow.actor.offices if not uow.actor.is_admin else {row.id for row in identity.offices(uow)}
    places = [(row.id, office) for row in identity.groups(uow) if row.by_office for office in offices]
    return {NOBODY: str(_("nobody yet"))} | {row.id: words.in_words(row) for row in identity.members_of_any(uow, places)}


def _steps(uow: UnitOfWork, processes: Mapping[str, Any], key: str | None) -> dict[str, str]:
    """The user tasks of a procedure and of those that it calls."""
    found: dict[str, str] = {}
    waiting, seen = [key] if key else [], set[str]()
    while waiting:
        here = waiting.pop()
        if here in seen or here not in processes:
            continue
        seen.add(here)
        row = processes[here]
        for element in bundles.model(uow, row.sha256, row.resource_name).processes[here].elements.values():
            if element.type == "userTask":
                found[element.id] = element.words(words.language())
            if element.called:
                waiting.append(element.called)
    return found
