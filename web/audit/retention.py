"""How long records are kept, what falls due, what is proposed, and what was destroyed (clause 6)."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from flask import redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from engine import destruction
from engine.audit import deciding, retention
from engine.audit.retention import AHEAD, Due, Period
from engine.errors import EngineError, InvalidValue
from engine.unit_of_work import UnitOfWork
from web.access import needs, unit_of_work
from web.audit.room import field, pages, show, status
from web.layout import words

OVER = ("destroyed", "rejected")
WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Mark:
    """So many records fall due in the week that begins with a day; `at` is where its middle is on the bar, in per cent."""

    day: date
    number: int
    at: float


@dataclass(frozen=True, slots=True)
class Kept:
    """A kind of record on the page: its period, how many can be proposed, are held or proposed already, and will fall due."""

    period: Period
    over: int
    held: int
    pending: int
    marks: Sequence[Mark]

    @property
    def later(self) -> int:
        """How many fall due on the days of the bar."""
        return sum(mark.number for mark in self.marks)


@pages.get("/retention", endpoint="retention")
@needs("signed_in")
def retention_page() -> str:
    """Periods, proposals, and what was destroyed."""
    return _shown()


def _shown(error: EngineError | None = None, *, kind: str = "") -> str:
    with unit_of_work(writes=False) as uow:
        deciding.must_decide(uow)
        today = destruction.today(uow)
        found = retention.due(uow)
        kinds = [_kept(period, [each for each in found if each.kind.id == period.kind.id], today)
                 for period in retention.periods(uow)]
        return show(
            uow, "retention", "retention", error, kinds=kinds, today=today, why=why,
            until=today + AHEAD, months=_months(today), may_set=retention.may_set(uow.actor), chosen=kind, named=_named(uow),
            waiting=deciding.listing(uow, *deciding.PENDING), past=deciding.listing(uow, *OVER), statuses=statuses(),
            typed={"months": field("months", 10), "reason": field("reason")})


@pages.post("/retention/<kind>/period")
@needs("signed_in")
def set_period(kind: str) -> Response | tuple[str, int]:
    """Keep a kind of record for so many months, or for ever."""
    return _done(kind, lambda uow: retention.set_period(uow, kind, _wanted(), reason=field("reason")))


@pages.post("/retention/<kind>/propose")
@needs("signed_in")
def propose_destruction(kind: str) -> Response | tuple[str, int]:
    """Propose to destroy what is due of a kind; goes to the proposal."""
    return _done(kind, lambda uow: retention.propose(uow, kind, reason=field("reason")))


def _done(kind: str, verb: Callable[[UnitOfWork], str | None]) -> Response | tuple[str, int]:
    try:
        with unit_of_work(writes=True) as uow:
            made = verb(uow)
    except EngineError as error:
        return _shown(error, kind=kind), status(error)
    return redirect(url_for("audit.destruction", destruction_id=made) if made else url_for("audit.retention") + f"#{kind}")


def _wanted() -> int | None:
    """The months that were typed; nothing is for ever."""
    typed = field("months", 10)
    if not typed:
        return None
    if not typed.isdecimal():
        raise InvalidValue("retention_months", field="months", value=typed, limit=retention.LONGEST)
    return int(typed)


def _kept(period: Period, found: Sequence[Due], today: date) -> Kept:
    over = [each for each in found if each.due_on <= today]
    weeks = Counter((each.due_on - today) // WEEK for each in found if each.due_on > today)
    marks = [Mark(today + week * WEEK, number, min(100.0, round(100 * (week + 0.5) * WEEK / AHEAD, 1)))
             for week, number in sorted(weeks.items())]
    waits = Counter(each.held for each in over)
    return Kept(period, waits[None], waits["open_case"] + waits["sample"], waits["pending"], marks)


def _months(today: date) -> list[tuple[str, float]]:
    """The first days of the months on the bar, and where they are."""
    days = [today + timedelta(days=n) for n in range(1, AHEAD.days)]
    return [(f"{day:%m-%d}", round(100 * (day - today) / AHEAD, 1)) for day in days if day.day == 1]


# ------------------------------------------------------------------ one destruction
@pages.get("/destructions/<destruction_id>", endpoint="destruction")
@needs("signed_in")
def destruction_page(destruction_id: str) -> str:
    """A proposal with its items, who decided, and what became of each."""
    return _one(destruction_id)


@pages.get("/destructions/<destruction_id>/progress")
@needs("signed_in")
def destruction_progress(destruction_id: str) -> str:
    """How far it is, for the page that waits."""
    return _one(destruction_id, page="destruction_progress")


@pages.post("/destructions/<destruction_id>/confirm")
@needs("signed_in")
def confirm_destruction(destruction_id: str) -> Response | tuple[str, int]:
    """Decide that it goes; what is typed shows that the decider knows what, for it cannot be undone."""
    def verb(uow: UnitOfWork) -> None:
        wanted = _to_type(deciding.items(uow, destruction_id), deciding.progress(uow, destruction_id).total)
        if field("typed", 200) != wanted:
            raise InvalidValue("destruction_typed", field="typed", value=field("typed", 200), wanted=wanted)
        deciding.confirm(uow, destruction_id, seen_digest=field("seen", 64), reason=field("reason"))
    return _decided(destruction_id, verb)


@pages.post("/destructions/<destruction_id>/reject")
@needs("signed_in")
def reject_destruction(destruction_id: str) -> Response | tuple[str, int]:
    """Decide that nothing goes."""
    return _decided(destruction_id, lambda uow: deciding.reject(uow, destruction_id, reason=field("reason")))


def _decided(destruction_id: str, verb: Callable[[UnitOfWork], None]) -> Response | tuple[str, int]:
    try:
        with unit_of_work(writes=True) as uow:
            verb(uow)
    except EngineError as error:
        return _one(destruction_id, error), status(error)
    return redirect(url_for("audit.destruction", destruction_id=destruction_id))


def _one(destruction_id: str, error: EngineError | None = None, *, page: str = "destruction") -> str:
    with unit_of_work(writes=False) as uow:
        deciding.must_decide(uow)
        row = deciding.get(uow, destruction_id)
        items, progress = deciding.items(uow, destruction_id), deciding.progress(uow, destruction_id)
        return show(uow, page, "retention", error, row=row, items=items, progress=progress, seen=deciding.seen(uow, row),
                    may_confirm=deciding.may_confirm(row, uow.actor), wanted=_to_type(items, progress.total),
                    statuses=statuses(), named=_named(uow), kept=kept_words(), typed=field("reason"),
                    typed_number=field("typed", 200), sent=request.endpoint or "", why=why)


def _to_type(items: Sequence[sa.Row[Any]], total: int) -> str:
    """What a decider types: the number of the only record, else how many there are."""
    return str(items[0].label) if total == 1 else str(total)


def why(row: sa.Row[Any]) -> str:
    """Why a destruction was proposed, in words."""
    return str(_("Its period is over.")) if row.reason == retention.BY_ITSELF else str(row.reason)


def statuses() -> Mapping[str, str]:
    """The states of a destruction in words."""
    return {"proposed": _("waits for two people"), "confirmed": _("waits for a second person"), "decided": _("being destroyed"),
            "destroyed": _("destroyed"), "rejected": _("rejected")}


def kept_words() -> Mapping[str, str]:
    """Why something stays, in words."""
    return {"open_case": _("The case is open."), "sample": _("An open audit sample has the case."),
            "not_due": _("Its period is not over any more."), "gone": _("It was not there any more."),
            "pending": _("It is proposed already.")}


def _named(uow: UnitOfWork) -> Mapping[str, str]:
    """The names of the kinds of record, and of a case."""
    is_english = words.language() == "en"
    return {kind.id: kind.en if is_english else kind.zh for kind in uow.engine.records.values()} | {
        destruction.CASE: str(_("Case")), "": str(_("Case"))}
