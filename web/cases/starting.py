"""What the reader may start: found by words, favourites first, then what they start most; and the same machine's cases."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from engine import identity, settings_of_people, worklist
from engine.errors import NotFound
from engine.queries import same_serial
from engine.unit_of_work import UnitOfWork
from engine.worklist import Startable
from web.access import needs, unit_of_work
from web.layout import words

pages = Blueprint("starting", __name__)
FAVOURITES, STARTS = "start.favourites", "start.counts"


@dataclass(frozen=True, slots=True)
class Choice:
    """A process to start; `words` is all its text in both languages, to be found by."""

    process: Startable
    is_favourite: bool
    starts: int
    words: str


@pages.post("/start/<process_key>/favourite")
@needs("signed_in")
def favourite(process_key: str) -> Response:
    """Make a process a favourite, or with `off` no more; stays in the catalogue."""
    with unit_of_work(writes=True) as uow:
        if process_key not in {each.key for each in worklist.startable(uow)}:
            raise NotFound(kind="process", id=process_key)
        kept = [key for key in settings_of_people.chosen(uow, FAVOURITES, []) if key != process_key]
        settings_of_people.choose(uow, FAVOURITES, kept if request.form.get("off") else [*kept, process_key])
    return redirect(url_for("cases.startable", q=request.form.get("q") or None))


def choices(uow: UnitOfWork, asked: str) -> list[Choice]:
    """What the actor may start and whose text has every word that is asked for; favourites first, then the most used."""
    favourites = set(settings_of_people.chosen(uow, FAVOURITES, []))
    counts: Mapping[str, int] = settings_of_people.chosen(uow, STARTS, {})
    found = [Choice(each, each.key in favourites, counts.get(each.key, 0), _text(each)) for each in worklist.startable(uow)]
    fitting = [each for each in found if all(word in each.words for word in asked.casefold().split())]
    return sorted(fitting, key=lambda each: (not each.is_favourite, -each.starts, each.process.name))


def count(uow: UnitOfWork, process_key: str) -> None:
    """Note that the actor started one more case of a process."""
    counts = Counter(settings_of_people.chosen(uow, STARTS, {}))
    counts[process_key] += 1
    settings_of_people.choose(uow, STARTS, dict(counts))


def same_machine(uow: UnitOfWork, serial: str) -> dict[str, Any]:
    """What the page tells of other cases with this serial number: rows, the names of processes and offices."""
    found = same_serial.find(uow, serial)
    return {"same": found, "offices": {row.id: words.in_words(row) for row in identity.offices(uow)},
            "processes": {row.key: words.in_words(row) for row in worklist.newest_processes(uow)}}


def _text(each: Startable) -> str:
    return " ".join((each.name, each.name_en, each.documentation, each.instruction_en, each.clause, each.key)).casefold()
