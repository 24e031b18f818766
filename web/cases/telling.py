"""A case in words: names of its elements, commands, groups, and values as people read them."""

import json
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _

from engine import bundles, identity
from engine.cases import Case
from engine.unit_of_work import UnitOfWork
from web.layout import island, words

LONG = 400


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


def value(found: Any) -> str:
    """A variable's value for a reader: yes and no in words, lists line by line, long ones cut."""
    if isinstance(found, bool):
        return str(_("yes") if found else _("no"))
    if found is None or found == "":
        return "—"
    text = found if isinstance(found, str) else json.dumps(found, ensure_ascii=False, indent=1)
    return text if len(text) <= LONG else text[:LONG] + " …"


def _one(groups: dict[str, Any], name: str, office: str) -> str:
    if name not in groups:
        return name
    told = words.in_words(groups[name])
    return str(_("%(group)s (%(office)s)", group=told, office=office)) if groups[name].by_office else told
