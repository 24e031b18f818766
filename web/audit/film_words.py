"""A film in words and compact numbers: the index of all events, and frames with entries as people read them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask import url_for
from flask_babel import gettext as _

from engine import bundles, cases, identity
from engine.audit import film, intervened
from engine.audit.film import Frame, Head, Reel
from engine.audit.intervened import Fact
from engine.audit.standing import Changed, Move, Stand, Standing
from engine.cases import Case
from engine.execution import NOTES
from engine.unit_of_work import SYSTEM, UnitOfWork
from web.cases import telling
from web.layout import words

MILLISECOND = timedelta(milliseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Line:
    """One event as the list without scripts shows it."""

    seq: int
    at: datetime
    what: str
    who: str
    kind: str
    is_kept: bool


class Words:
    """What names a case's events need, looked up once."""

    def __init__(self, uow: UnitOfWork, row: sa.Row[Any]) -> None:
        self.uow, self.case = uow, Case(row, (), (), ())
        self.language, self.commands = words.language(), telling.commands()
        self.people = {each.id: words.in_words(each) for each in identity.users(uow)} | {SYSTEM.id: str(_("system"))}
        self.labels = telling.variable_labels(uow, self.case)
        self.tell: Callable[[str, Any], str] = telling.teller(uow, self.case)
        self._elements: dict[str, dict[str, str]] = {}

    def elements(self, bundle_id: str) -> dict[str, str]:
        """Element id → label, over all processes of a bundle."""
        if bundle_id not in self._elements:
            found = bundles.load(self.uow, bundle_id).processes.values()
            self._elements[bundle_id] = {one.id: one.words(self.language) for each in found for one in each.elements.values()}
        return self._elements[bundle_id]

    def what(self, event: Head | Frame) -> str:
        """What was done, and where."""
        what = self.commands.get(event.command, event.command)
        if not event.element:
            return what
        return str(_("%(what)s: %(element)s", what=what,
                     element=self.elements(event.bundle_id).get(event.element) or event.element))

    def who(self, event: Head | Frame) -> str:
        """Who did it, and for whom."""
        who = self.people.get(event.actor, event.actor)
        if event.on_behalf_of is None:
            return who
        return str(_("%(who)s for %(whom)s", who=who, whom=self.people.get(event.on_behalf_of, event.on_behalf_of)))

    def version(self, bundle_id: str) -> str:
        """The procedure and its version."""
        found = bundles.load(self.uow, bundle_id)
        name = words.process_name(found.processes[found.root])
        return f"{name} · {_('version %(version)s', version=found.versions[found.root])}"


def kind(event: Head | Frame) -> str:
    """What sort of event it is: intervention, comment, system or people."""
    if event.command in intervened.COMMANDS:
        return "intervention"
    if event.command in NOTES:
        return "comment"
    return "system" if event.actor == SYSTEM.id else "people"


def lines(told: Words, events: Sequence[Head]) -> list[Line]:
    """Events for the list without scripts."""
    return [Line(one.seq, one.at, told.what(one), told.who(one), kind(one), bool(one.is_kept)) for one in events]


# ------------------------------------------------------------------ index
def index(uow: UnitOfWork, case_id: str) -> dict[str, Any]:
    """All events in columns: numbers, moments in ms (each after the one before), minutes of working time from the first.

    `what`, `who` and `bundle` are places in the lists beside them; `kind` has one letter an event; `deadline` and `lost`
    are numbers of events.
    """
    told, events = Words(uow, cases.instance(uow, case_id)), film.heads(uow, case_id)
    moments = [(event.at - EPOCH) // MILLISECOND for event in events]
    whats = _Places(told.what, lambda event: event[4:7])
    whos = _Places(told.who, lambda event: event[2:4])
    versions = _Places(lambda event: _version(told, event.bundle_id), lambda event: event.bundle_id)
    sorts = _Places(lambda event: _sort(uow, event), lambda event: (event.actor == SYSTEM.id, *event[4:7]))
    sort = [sorts.found[place] for place in sorts.of(events)]
    return {
        "seq": [event.seq for event in events],
        "at": [after - before for before, after in zip([0, *moments[:-1]], moments, strict=True)],
        "working": film.working_minutes(uow, [event.at for event in events]),
        "what": whats.of(events), "who": whos.of(events), "bundle": versions.of(events),
        "kind": "".join(kind for kind, _is_deadline in sort),
        "deadline": [event.seq for event, (_kind, is_deadline) in zip(events, sort, strict=True) if is_deadline],
        "lost": [event.seq for event in events if not event.is_kept],
        "whats": whats.found, "whos": whos.found, "bundles": versions.found,
    }


class _Places:
    """What is the same for many events, made once for each key, and where each event's stands; ten thousand in no time."""

    def __init__(self, make: Callable[[Head], Any], key: Callable[[Head], Any]) -> None:
        self.found: list[Any] = []
        self._make, self._key = make, key

    def of(self, events: Sequence[Head]) -> list[int]:
        at: dict[Any, int] = {}
        key, places = self._key, []
        for event in events:
            found = at.get(name := key(event))
            if found is None:
                found = at[name] = len(self.found)
                self.found.append(self._make(event))
            places.append(found)
        return places


def _sort(uow: UnitOfWork, event: Head) -> tuple[str, bool]:
    """The letter of an event's kind, and whether it is a missed deadline."""
    is_deadline = event.command == "timer" and film.is_deadline(uow, event.bundle_id, event.element)
    return kind(event)[0], is_deadline


def _version(told: Words, bundle_id: str) -> dict[str, Any]:
    """The diagrams of a bundle with the names of their elements."""
    found = film.definitions(told.uow, bundle_id)
    return {"name": told.version(bundle_id), "root": bundles.load(told.uow, bundle_id).root, "processes": {
        key: {"definition": one.id, "version": one.number, "name": words.process_name(one.process),
              "source": url_for("cases.diagram", definition_id=one.id),
              "elements": {each.id: each.words(told.language) for each in one.process.elements.values()}}
        for key, one in found.items()}}


# ------------------------------------------------------------------ frames
def reel(uow: UnitOfWork, case_id: str, after: int, limit: int) -> dict[str, Any]:
    """Some frames, and where the case stood before them."""
    told = Words(uow, cases.instance(uow, case_id))
    found: Reel = film.reel(uow, case_id, after, limit)
    return {"after": after, "before": _standing(told, found.before), "frames": [_frame(told, one) for one in found.frames]}


def _frame(told: Words, frame: Frame) -> dict[str, Any]:
    return {
        "seq": frame.seq, "moves": [_move(one) for one in frame.moves], "changed": [_changed(told, one) for one in frame.changed],
        "facts": [_fact(told, one, frame.bundle_id) for one in frame.facts], "reason": frame.reason, "loss": frame.loss,
        "command": frame.command, "element": frame.element, "after": _places(frame.after) if frame.after else None}


def _move(move: Move) -> list[Any]:
    return [move.kind, move.process, move.element, move.scope, move.token, move.type, list(move.flows), move.error, move.index,
            move.body]


def _changed(told: Words, one: Changed) -> dict[str, Any]:
    return {"scope": one.scope, "name": one.name, "label": told.labels.get(one.name, one.name),
            "before": None if one.is_new else told.tell(one.name, one.before),
            "after": None if one.is_gone else told.tell(one.name, one.after)}


def _places(now: Standing) -> dict[str, Any]:
    return {"tokens": [[token, *_stand(stand)] for token, stand in now.tokens.items()], "done": sorted(now.done),
            "runs": list(now.runs.items())}


def _standing(told: Words, now: Standing) -> dict[str, Any]:
    return {
        **_places(now), "flows": sorted(now.flows),
        "many": [[body, *element, {str(place): state for place, state in states.items()}]
                 for body, (element, states) in now.many.items()],
        "variables": [{"scope": scope, "name": name, "label": told.labels.get(name, name), "value": told.tell(name, value)}
                      for (scope, name), value in now.variables.items()],
        "certain": now.is_certain}


def _stand(stand: Stand) -> list[Any]:
    return [stand.process, stand.element, stand.scope, stand.type, stand.error, stand.index, stand.body, stand.run]


# ------------------------------------------------------------------ what somebody did
def _fact(told: Words, fact: Fact, bundle_id: str) -> dict[str, Any]:
    here = told.elements(bundle_id).get(fact.subject, fact.subject)
    tell = _told(told, fact, bundle_id)
    before, after = (None if value in (None, "") else tell(value) for value in (fact.before, fact.after))
    labels = _labels()
    label = told.labels.get(fact.subject, fact.subject) if fact.kind == "variable" else labels[fact.kind]
    return {"label": label, "of": here if fact.kind == "moment" else "", "before": before, "after": after}


def _labels() -> Mapping[str, str]:
    return {"moment": _("Due date"), "person": _("Who does it"), "element": _("Step"), "status": _("State"),
            "bundle": _("Version"), "error": _("Incident"), "answer": _("Answer given"), "attempt": _("Attempt"),
            "text": _("Comment"), "file": _("File")}


def _told(told: Words, fact: Fact, bundle_id: str) -> Callable[[Any], str]:
    """How a value of this kind is told."""
    states = {"active": _("in progress"), "suspended": _("suspended"), "terminated": _("cancelled")}
    tellers: dict[str, Callable[[Any], str]] = {
        "variable": lambda value: told.tell(fact.subject, value), "moment": lambda value: telling.value(value, {}),
        "person": lambda value: told.people.get(value, str(value)),
        "element": lambda value: told.elements(bundle_id).get(value) or str(value),
        "status": lambda value: str(states[value]), "bundle": told.version}
    return tellers.get(fact.kind, str)
