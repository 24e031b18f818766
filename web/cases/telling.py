"""A case in words: names of its elements, commands, groups, and values as people read them."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _

from engine import bundles, forms, identity, interventions
from engine.cases import Case, CaseProcess, Event, Variable
from engine.forms import Field
from engine.unit_of_work import SYSTEM, UnitOfWork
from web.cases import variable_names
from web.layout import island, words

LONG = 400
HEAD = frozenset({"office", "starter"})  # told at the head of the page already
ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d.*")


def elements(case: Case) -> dict[str, str]:
    """Element id → label, over all processes of the case."""
    language = words.language()
    return {one.id: one.words(language) for part in case.processes for one in part.process.elements.values()}


def variable_labels(uow: UnitOfWork, case: Case) -> dict[str, str]:
    """Variable → the label of the form field that gives it, over all forms of the case's bundle; else the company's word."""
    found = {**variable_names.labels(uow.engine.settings.diagram_folder), "office": _("Office"), "starter": _("Started by")}
    for schema in bundles.load(uow, case.instance.bundle_id).forms.values():
        found |= island.labels(schema)
    return found


def commands() -> dict[str, str]:
    """What a history event's command is called."""
    return {
        "start": _("Started"), "claim": _("Claimed"), "release": _("Released"), "assign": _("Assigned"),
        "complete": _("Completed"), "job": _("Done by the system"), "timer": _("Deadline reached"),
        "message": _("Message received"), "action": _("Acted"),
        "retry": _("Tried again"), "suspend": _("Suspended"), "resume": _("Resumed"), "terminate": _("Cancelled"),
        "send_back": _("Sent back"), "skip": _("Skipped"), "set_variable": _("Changed an entry"),
        "set_due": _("Changed the due date"), "recount": _("Deadlines follow the changed calendar"),
        "delegate": _("Delegated"), "give_back": _("Returned"), "comment": _("Commented"),
        "migrate": _("Moved to another version"),
        "add_document": _("Added a file"), "remove_document": _("Removed a file"),
    }


@dataclass(frozen=True, slots=True)
class Line:
    """One event of the record as people read it; `detail` says what changed, `reason` why."""

    event: Event
    who: str
    what: str
    detail: str
    reason: str


def lines(uow: UnitOfWork, case: Case, events: Sequence[Event], people: Mapping[str, str], longest: int = LONG) -> list[Line]:
    """The timeline in words, in the order of `events`; texts up to `longest` characters are whole."""
    names, called = elements(case), commands()
    told = _Words(people, names, variable_labels(uow, case), teller(uow, case, longest), longest)
    return [Line(one, _who(one, people), _what(one, called, names), _detail(one, told),
                 str(one.inputs.get("reason") or "")) for one in events]


def _what(event: Event, called: Mapping[str, str], names: Mapping[str, str]) -> str:
    what = called.get(event.command, event.command)
    return str(_("%(what)s: %(element)s", what=what, element=names.get(event.element, event.element))) if event.element else what


def _who(event: Event, people: Mapping[str, str]) -> str:
    who = people.get(event.actor, event.actor)
    if event.on_behalf_of is None:
        return who
    return str(_("%(who)s for %(whom)s", who=who, whom=people.get(event.on_behalf_of, event.on_behalf_of)))


@dataclass(frozen=True, slots=True)
class _Words:
    """What a detail of an event is told with."""

    people: Mapping[str, str]
    names: Mapping[str, str]
    labels: Mapping[str, str]
    tell: Callable[[str, Any], str]
    longest: int


def _detail(event: Event, told: _Words) -> str:
    given = event.inputs
    if event.command == "set_variable":
        name = str(given.get("variable", ""))
        before, after = (told.tell(name, given.get(key)) for key in ("before", "after"))
        return str(_("%(name)s: %(before)s → %(after)s", name=told.labels.get(name, name), before=before, after=after))
    if event.command == "set_due":
        return str(_("%(before)s → %(after)s", before=value(given.get("before"), {}), after=value(given.get("due_at"), {})))
    if event.command == "recount":
        return "; ".join(_moved(each, told) for each in given.get("timers", []))
    if event.command == "send_back":
        return str(_("from “%(element)s”", element=told.names.get(given.get("from", ""), given.get("from", ""))))
    if event.command in ("assign", "delegate", "give_back") and given.get("assignee"):
        return str(_("to %(who)s", who=told.people.get(given["assignee"], given["assignee"])))
    return _cut(str(given.get("text") or given.get("name") or ""), told.longest) if event.kind == "comment" else ""


def _moved(given: Mapping[str, Any], told: _Words) -> str:
    """A deadline that a recount moved."""
    name = told.names.get(given["element"], given["element"])
    before, after = value(given["before"], {}), value(given["after"], {})
    return str(_("%(name)s: %(before)s → %(after)s", name=name, before=before, after=after))


def _money(uow: UnitOfWork, case: Case) -> frozenset[str]:
    """The variables that hold cents."""
    return frozenset(name for name, field in _fields(uow, case) if field.is_money)


KINDS = ("people", "system", "intervention", "comment")


def kinds(events: Sequence[Event]) -> list[tuple[str, str, int]]:
    """The filters of the timeline: kind, words, how many."""
    counts = Counter[str](one.kind for one in events)
    called = {"people": _("People"), "system": _("System"), "intervention": _("Interventions"), "comment": _("Comments")}
    return [("", str(_("Everything")), len(events)), *((kind, str(called[kind]), counts[kind]) for kind in KINDS)]


@dataclass(frozen=True, slots=True)
class Stay:
    """One visit of an element in words: since when, how long, who ended it; `state` is now | left | cancelled | incident."""

    element: str
    name: str
    type: str
    at: datetime
    lasted: str
    who: str
    state: str


def visits(part: CaseProcess, now: datetime, people: Mapping[str, str]) -> list[Stay]:
    """Where the case was, newest last; events that only pass are left out."""
    language = words.language()
    return [Stay(one.element.id, one.element.words(language), one.element.type, one.started_at,
                 words.span((one.ended_at or now) - one.started_at), people.get(one.actor or "", one.actor or ""),
                 one.end_state or "now")
            for one in part.visits if not one.element.type.endswith("Event") or one.ended_at != one.started_at]


def group_words(uow: UnitOfWork) -> Callable[[sa.Row[Any]], str]:
    """A function that names the candidate groups of a task, with the office of those that act within one."""
    groups = {row.id: row for row in identity.groups(uow)}
    offices = {row.id: words.in_words(row) for row in identity.offices(uow)}

    def tell(task: sa.Row[Any]) -> str:
        names = [group(groups, name, offices.get(task.office, task.office)) for name in json.loads(task.candidate_groups)]
        return str(_(", ")).join(names) or "—"
    return tell


@dataclass(frozen=True, slots=True)
class Known:
    """A variable as the case page tells it; `is_asked`: some form asks for it, so that people know its label."""

    name: str
    label: str
    value: str
    is_asked: bool
    step: str
    scope: int

    @property
    def may_change(self) -> bool:
        """Whether leads may change it."""
        return interventions.may_change(self.name)


def known(uow: UnitOfWork, case: Case, variables: Sequence[Variable]) -> list[Known]:
    """The variables in words: labels and options of the forms, names of people and offices, times of here."""
    labels, tell, asked = variable_labels(uow, case), teller(uow, case), _asking(uow, case)
    order = list(asked)
    found = [Known(one.name, labels.get(one.name, one.name), tell(one.name, one.value),
                   one.name in labels and one.name not in HEAD, asked.get(one.name, ""), one.scope)
             for one in variables]
    return sorted(found, key=lambda one: order.index(one.name) if one.name in asked else len(order))


def by_step(found: Sequence[Known]) -> list[tuple[str, list[Known]]]:
    """What people were asked, under the step that asks it first; what belongs to no step stands under "", last.

    A called process has its own copy of what it was given: the same value is told once.
    """
    groups: dict[str, list[Known]] = {}
    told = set()
    for one in found:
        if one.is_asked and (one.name, one.value) not in told:
            told.add((one.name, one.value))
            groups.setdefault(one.step, []).append(one)
    return list(groups.items())


def _asking(uow: UnitOfWork, case: Case) -> dict[str, str]:
    """Variable → the step whose form asks for it first, in the order in which the case came to them."""
    bundle, language = bundles.load(uow, case.instance.bundle_id), words.language()
    found: dict[str, str] = {}
    visited = sorted((visit for part in case.processes for visit in part.visits), key=lambda visit: visit.started_at)
    for element in dict.fromkeys(visit.element.id for visit in visited):
        one = next(visit.element for visit in visited if visit.element.id == element)
        schema = bundle.forms.get(one.attributes.get("formRef", ""))
        for field in forms.fields(schema) if schema else []:
            if not (field.is_readonly or field.is_disabled):
                found.setdefault(field.key, one.words(language))
    return found


def _options(uow: UnitOfWork, case: Case) -> dict[str, dict[Any, str]]:
    """Variable → value → words: the company's list, every form of the case and the lists of the server that they name."""
    found: dict[str, dict[Any, str]] = variable_names.values(uow.engine.settings.diagram_folder) | {
        "office": {row.id: words.in_words(row) for row in identity.offices(uow)},
        "starter": {row.id: words.in_words(row) for row in identity.users(uow)} | {SYSTEM.id: str(_("system"))}}
    english = words.language() == "en"
    for name, field in _fields(uow, case):
        there = found.setdefault(name, {})
        there |= {one.value: (one.label_en if english else one.label) or one.label for one in field.options}
        if field.values_key in uow.engine.lists:
            listed = uow.engine.lists[field.values_key](uow, case.instance.office)
            there |= {one.value: one.en if english else one.zh for one in listed}
    return found


def _fields(uow: UnitOfWork, case: Case) -> Iterator[tuple[str, Field]]:
    """Every field of the case's forms by its variable; one in a row of a list as `list.key`."""
    for schema in bundles.load(uow, case.instance.bundle_id).forms.values():
        for field in forms.fields(schema):
            yield field.key, field
            yield from ((f"{field.key}.{inner.key}", inner) for inner in field.rows)


def teller(uow: UnitOfWork, case: Case, longest: int = LONG) -> Callable[[str, Any], str]:
    """A function that tells what a variable of this name holds; a list of rows line by line, what is longer than that cut."""
    labels, options, money = variable_labels(uow, case), _options(uow, case), _money(uow, case)

    def tell(name: str, found: Any) -> str:
        if isinstance(found, list) and found and all(isinstance(row, Mapping) for row in found):
            return _cut("\n".join(line(name, row) for row in found), longest)
        return value(found, options.get(name, {}), is_money=name in money, longest=longest)

    def line(name: str, row: Mapping[str, Any]) -> str:
        parts = {f"{name}.{key}": one for key, one in row.items() if one not in (None, "", [])}
        return str(_(", ")).join(f"{labels.get(key, key)} {tell(key, one)}" for key, one in parts.items())
    return tell


def value(found: Any, options: Mapping[Any, str], *, is_money: bool = False, longest: int = LONG) -> str:
    """One value: an option's words, yes and no, a time of here, cents in yuan, lists line by line; long ones cut."""
    if found is None or found in ("", []):
        return "—"
    if isinstance(found, bool):
        return str(_("yes") if found else _("no"))
    if is_money and isinstance(found, int):
        return str(_("%(amount)s yuan", amount=f"{found / 100:,.2f}"))
    if isinstance(found, str):
        return options.get(found) or _moment(found) or _cut(found, longest)
    if isinstance(found, list) and all(isinstance(one, str) for one in found):
        return _cut(str(_(", ")).join(options.get(one, one) for one in found), longest)
    return _cut(json.dumps(found, ensure_ascii=False, indent=1), longest)


def _moment(text: str) -> str | None:
    if not ISO.fullmatch(text):
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return words.moment(at) if at.tzinfo else text.replace("T", " ")


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[:longest] + " …"


def group(groups: Mapping[str, Any], name: str, office: str) -> str:
    """A candidate group in words, with the office if it acts within one."""
    if name not in groups:
        return name
    told = words.in_words(groups[name])
    return str(_("%(group)s (%(office)s)", group=told, office=office)) if groups[name].by_office else told
