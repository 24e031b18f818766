"""What administrators changed: who, when, what, before and after."""

from datetime import datetime

from flask import request
from flask_babel import gettext as _

from engine import directory
from web.access import needs, unit_of_work
from web.admin.room import pages, show
from web.layout import words


@pages.get("/changes")
@needs("admin")
def changes() -> str:
    """The record of changes, newest first, by person and kind."""
    asked = {name: request.args.get(name, "") for name in ("actor", "command", "subject")}
    with unit_of_work(writes=False) as uow:
        rows, before = directory.changes(uow, actor=asked["actor"], command=asked["command"], subject=asked["subject"],
                                         before=request.args.get("before", type=int))
        kinds, actors = directory.commands(uow)
        people = {each: words.person(uow, each) for each in {*actors, *(row.actor for row in rows)}}
        return show(uow, "changes", "changes", rows=rows, before=before, asked=asked, kinds=kinds, people=people, told=_told)


def _told(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(_told(each) for each in value) or "—"
    if isinstance(value, dict) and {"zh", "en"} <= set(value):  # said in both languages: the reader's
        spoken = value.get(words.language()) or value["zh"]
        return f"{value.get('clause') or ''} {spoken}".strip()
    if isinstance(value, dict):
        return ", ".join(f"{name} {_told(each)}" for name, each in value.items()) or "—"
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    return (_moment(value) or value) if isinstance(value, str) and value else "—" if value in (None, "") else str(value)


def _moment(text: str) -> str | None:
    """A time of the record as it is told everywhere else: here, not in UTC."""
    try:
        at = datetime.fromisoformat(text) if len(text) > len("2026-03-02T10:00") else None
    except ValueError:
        return None
    return words.moment(at) if at and at.tzinfo else None
