"""A case in words: names of its elements, commands, groups, and values as people read them."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _

from engine import bundles, forms, identity
from engine.cases import Case, Variable
from engine.unit_of_work import UnitOfWork
from web.layout import island, words

LONG = 400
ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d.*")


def elements(case: Case) -> dict[str, str]:
    """Element id → label, over all processes of the case."""
    language = words.language()
    return {one.id: one.words(language) for part in case.processes for one in part.process.elements.values()}


def variable_labels(uow: UnitOfWork, case: Case) -> dict[str, str]:
    """Variable → the label of the form field that gives it, over all forms of the case's bundle."""
    found: dict[str, str] = {"office": _("Office"), "starter": _("Started by")}
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
    }


def group_words(uow: UnitOfWork) -> Callable[[sa.Row[Any]], str]:
    """A function that names the candidate groups of a task, with the office of those that act within one."""
    groups = {row.id: row for row in identity.groups(uow)}
    offices = {row.id: words.in_words(row) for row in identity.offices(uow)}

    def tell(task: sa.Row[Any]) -> str:
        names = [_one(groups, name, offices.get(task.office, task.office)) for name in json.loads(task.candidate_groups)]
        return str(_(", ")).join(names) or "—"
    return tell


@dataclass(frozen=True, slots=True)
class Known:
    """A variable as the case page tells it; `is_asked`: some form asks for it, so that people know its label."""

    name: str
    label: str
    value: str
    is_asked: bool


def known(uow: UnitOfWork, case: Case, variables: Sequence[Variable]) -> list[Known]:
    """The variables in words: labels and options of the forms, names of people and offices, times of here."""
    labels, options = variable_labels(uow, case), _options(uow, case)
    return [Known(one.name, labels.get(one.name, one.name), _value(one.value, options.get(one.name, {})), one.name in labels)
            for one in variables]


def _options(uow: UnitOfWork, case: Case) -> dict[str, dict[Any, str]]:
    """Variable → value → words, from every form of the case and the lists of the server that they name."""
    found: dict[str, dict[Any, str]] = {
        "office": {row.id: words.in_words(row) for row in identity.offices(uow)},
        "starter": {row.id: words.in_words(row) for row in identity.users(uow)}}
    english = words.language() == "en"
    for schema in bundles.load(uow, case.instance.bundle_id).forms.values():
        for field in forms.fields(schema):
            there = found.setdefault(field.key, {})
            there |= {one.value: (one.label_en if english else one.label) or one.label for one in field.options}
            if field.values_key in uow.engine.lists:
                listed = uow.engine.lists[field.values_key](uow, case.instance.office)
                there |= {one.value: one.en if english else one.zh for one in listed}
    return found


def _value(found: Any, options: Mapping[Any, str]) -> str:
    """One value: an option's words, yes and no, a time of here, lists line by line; long ones cut."""
    if found is None or found in ("", []):
        return "—"
    if isinstance(found, bool):
        return str(_("yes") if found else _("no"))
    if isinstance(found, str):
        return options.get(found) or _moment(found) or _cut(found)
    if isinstance(found, list) and all(isinstance(one, str) for one in found):
        return _cut(str(_(", ")).join(options.get(one, one) for one in found))
    return _cut(json.dumps(found, ensure_ascii=False, indent=1))


def _moment(text: str) -> str | None:
    if not ISO.fullmatch(text):
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return words.moment(at) if at.tzinfo else text.replace("T", " ")


def _cut(text: str) -> str:
    return text if len(text) <= LONG else text[:LONG] + " …"


def _one(groups: dict[str, Any], name: str, office: str) -> str:
    if name not in groups:
        return name
    told = words.in_words(groups[name])
    return str(_("%(group)s (%(office)s)", group=told, office=office)) if groups[name].by_office else told
