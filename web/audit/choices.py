"""What the auditors' list can be narrowed by, in words: the choices of the form, and the criteria of the list as chips."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask_babel import gettext as _

from engine import identity
from engine.audit import vocabulary
from engine.audit.finding import Facets
from engine.audit.vocabulary import Vocabulary
from engine.interventions import COMMANDS
from engine.unit_of_work import UnitOfWork
from web.audit.asked import Asked
from web.cases import telling
from web.layout import words

Choices = Mapping[str, Mapping[str, str]]
"""Name in the address → value → words."""
COUNTED = ("process", "office", "outcome")


@dataclass(frozen=True, slots=True)
class Chip:
    """One criterion in words, and the address of the same list without it."""

    name: str
    words: str
    without: str


def labels() -> dict[str, str]:
    """What each criterion is called."""
    return {"process": _("Procedure"), "version": _("Version"), "office": _("Office"), "role": _("Role"), "person": _("Person"),
            "serial": _("Serial number"), "customer": _("Customer"), "clause": _("Clause"), "since": _("Started from"),
            "until": _("Started until"), "outcome": _("Outcome"), "lateness": _("Lateness"), "intervention": _("Intervention"),
            "q": _("Search")}


def statuses() -> dict[str, str]:
    """What a case's status is called."""
    return {"active": _("in progress"), "suspended": _("suspended"), "completed": _("completed"), "terminated": _("cancelled")}


def choices(uow: UnitOfWork, asked: Asked) -> dict[str, dict[str, str]]:
    """The values of each criterion that is chosen from a list; versions and ends come with a procedure."""
    known, process = vocabulary.read(uow), asked.given.get("process", "")
    done, people = telling.commands(), {row.id: words.in_words(row) for row in identity.users(uow)}
    return {
        "process": {key: words.in_words(row) for key, row in known.processes.items()},
        "version": {str(each): _("Version %(version)s", version=each) for each in reversed(known.versions.get(process, ()))},
        "office": {row.id: words.in_words(row) for row in identity.offices(uow)},
        "role": {row.id: words.in_words(row) for row in identity.groups(uow) if row.id in known.roles},
        "person": dict(sorted(people.items(), key=lambda each: each[1])),
        "clause": {each: each for each in _clauses(known)},
        "outcome": statuses() | _ends(known, process),
        "lateness": {"late": _("was or is late"), "late_now": _("late now"), "on_time": _("never late")},
        "intervention": {"any": _("any intervention"), **{each: str(done[each]) for each in sorted(COMMANDS)}},
    }


def counted(known: Choices, facets: Facets) -> dict[str, dict[str, str]]:
    """The same choices with how many of the cases found each has, where all of them were counted."""
    if facets.is_more:
        return {name: dict(found) for name, found in known.items()}
    return {name: {value: f"{text} ({facets.by[name][value]})" if value in facets.by.get(name, {}) else text
                   for value, text in found.items()} for name, found in known.items()}


def chips(asked: Asked, known: Choices) -> list[Chip]:
    """The criteria of the list, to be taken off one by one."""
    names = labels()
    return [Chip(name, _chip(names[name], name, value, known), asked.address(**_without(name)))
            for name, value in asked.given.items()]


def _chip(label: str, name: str, value: str, known: Choices) -> str:
    return str(_("%(what)s: %(value)s", what=label, value=known.get(name, {}).get(value, value)))


def _without(name: str) -> dict[str, str | None]:
    """A version goes with its procedure."""
    return {name: None, "saved": None, **({"version": None} if name == "process" else {})}


def _clauses(known: Vocabulary) -> list[str]:
    """Every clause that is named, and those that several parts of are: 5.1.18 besides 5.1.18 n2."""
    found = set(known.clauses) | {each.partition(" ")[0] for each in known.clauses}
    return sorted(found, key=_by_numbers)


def _by_numbers(clause: str) -> list[tuple[int, str]]:
    return [(int("".join(filter(str.isdigit, part)) or 0), part) for part in clause.replace(" ", ".").split(".")]


def _ends(known: Vocabulary, process: str) -> dict[str, str]:
    return {f"{key}/{element.id}": _("ended at “%(element)s”", element=element.words(words.language()))
            for (key, _element), element in known.ends().items() if key == process}
