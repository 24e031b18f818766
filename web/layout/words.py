"""The reader's language, and times as people read them. The company's clock is Asia/Shanghai, whoever reads."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask import g, request
from flask_babel import get_translations
from flask_babel import gettext as _

from engine import identity
from engine.diagram.model import Element, Process
from engine.errors import NotFound
from engine.unit_of_work import SYSTEM, UnitOfWork

LANGUAGES = ("zh", "en")
LANGUAGE_COOKIE = "fuwuflow_language"
ZONE = ZoneInfo("Asia/Shanghai")
SOON = timedelta(hours=4)


def language() -> str:
    """The signed-in user's language, else the visitor's choice, else Chinese."""
    session = g.get("session")
    chosen = session.language if session else request.cookies.get(LANGUAGE_COOKIE)
    return chosen if chosen in LANGUAGES else "zh"


def translated(text: str) -> str:
    """A sentence of a template in the reader's language; Babel's own asks for the catalogue again each time."""
    return str(_catalogue().ugettext(text))


def translated_plural(one: str, many: str, number: int) -> str:
    """The same of a sentence that has a plural."""
    return str(_catalogue().ungettext(one, many, number))


def _catalogue() -> Any:
    if "catalogue" not in g:
        g.catalogue = get_translations()
    return g.catalogue


def in_words(row: sa.Row[Any], field: str = "name") -> str:
    """A row's name in the reader's language, falling back to the other."""
    zh, en = getattr(row, field), getattr(row, f"{field}_en", "")
    return str((en if language() == "en" else zh) or zh or en)


def person(uow: UnitOfWork, user_id: str | None) -> str:
    """A user's name in the reader's language; the id of one who is no longer there (`system` is the server itself)."""
    if not user_id:
        return ""
    if user_id == SYSTEM.id:
        return str(_("system"))
    try:
        return in_words(identity.user(uow, user_id))
    except NotFound:
        return user_id


def moment(value: datetime | None) -> str:
    """A date and time to the minute, such as `2026-03-02 08:30`."""
    return value.astimezone(ZONE).strftime("%Y-%m-%d %H:%M") if value else "—"


def day_and_time(value: datetime, now: datetime) -> str:
    """A date and time as short as can be told apart from `now`: `15:30` today, `03-02 15:30` this year."""
    there, here = value.astimezone(ZONE), now.astimezone(ZONE)
    if there.date() == here.date():
        return there.strftime("%H:%M")
    return there.strftime("%m-%d %H:%M" if there.year == here.year else "%Y-%m-%d %H:%M")


def working_span(length: timedelta) -> str:
    """A length of working time in hours and minutes."""
    minutes = max(int(length.total_seconds() // 60), 0)
    hours, rest = divmod(minutes, 60)
    if not hours:
        return str(_("%(num)d working minutes", num=rest))
    if hours >= 24 or not rest:
        return str(_("%(num)d working hours", num=hours))
    return str(_("%(hours)d:%(minutes)02d working hours", hours=hours, minutes=rest))


def span(length: timedelta) -> str:
    """A length of time by the clock: in minutes, hours or days, whichever says enough."""
    minutes = max(int(length.total_seconds() // 60), 0)
    if minutes < 60:
        return str(_("%(num)d minutes", num=minutes))
    if minutes < 48 * 60:
        return str(_("%(num)d hours", num=minutes // 60))
    return str(_("%(num)d days", num=minutes // (24 * 60)))


def instruction(element: Element | Process) -> str:
    """The work instruction: `documentation`, or beside it in English the property `instruction_en`."""
    english = element.properties.get("instruction_en", "") if language() == "en" else ""
    return english or element.documentation


def process_name(process: Process) -> str:
    """A process's name in the reader's language."""
    return (process.name_en if language() == "en" else process.name) or process.name or process.id
