"""Who looked: the access log by person, kind, case and date; page by page, and as CSV."""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from flask import Response, g, request, stream_with_context
from flask_babel import gettext as _

from engine import canonical, documents, history
from engine.audit import access_log
from engine.audit.access_log import Criteria
from engine.audit.spreadsheet import safe
from engine.unit_of_work import UnitOfWork
from web.access import engine, needs, unit_of_work
from web.audit.room import must_audit, pages, show
from web.layout import words

MOST, STEP = 20_000, 500
DOCUMENT = "document:"


@pages.get("/access")
@needs("signed_in")
def access() -> str:
    """The page."""
    asked = _asked()
    with unit_of_work(writes=False) as uow:
        must_audit(uow)
        rows, before = access_log.page(uow, asked, before=request.args.get("before", "")[:40])
        named = _named(uow, rows)
        people = {each: words.person(uow, each) for each in {*access_log.readers(uow), *(row.actor for row in rows)}}
        kept = {name: request.args[name] for name in ("actor", "kind", "case", "since", "until") if request.args.get(name)}
        return show(uow, "access", "access", rows=rows, before=before, people=people, kinds=kinds(), asked=asked, kept=kept,
                    named=named)


@pages.get("/access.csv")
@needs("signed_in")
def access_csv() -> Response:
    """What the page shows, at most `MOST` rows, as UTF-8 with a byte order mark; itself an export on the record."""
    asked = _asked()
    with unit_of_work(writes=True) as uow:
        must_audit(uow)
        history.record_change(uow, "export", subject="access.csv", before=None, after={
            name: value for name, value in request.args.items() if value})
    access_log.note(engine(), g.actor, "export", "access.csv")
    response = Response(stream_with_context(_lines(asked)), mimetype="text/csv")
    response.headers["Content-Disposition"] = 'attachment; filename="access.csv"'
    return response


def kinds() -> dict[str, str]:
    """What the kinds are called."""
    return {"look": str(_("opened the case")), "film": str(_("watched the replay")), "document": str(_("opened a file")),
            "record": str(_("opened a printed record")), "export": str(_("exported a list")), "dossier": str(_("took a dossier"))}


def _asked() -> Criteria:
    since, until = _day("since"), _day("until")
    return Criteria(actor=request.args.get("actor", "")[:64], kind=request.args.get("kind", "")[:20],
                    case=request.args.get("case", "").strip()[:100], since=_begin(since) if since else None,
                    until=_end(until) if until else None)


def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None


def _begin(day: date) -> datetime | None:
    """When a day begins where the company is; None beyond the calendar, where the log has no rows either."""
    try:
        return datetime.combine(day, time(), words.ZONE).astimezone(UTC)
    except OverflowError:
        return None


def _end(day: date) -> datetime | None:
    return _begin(day + timedelta(days=1)) if day < date.max else None


def _lines(asked: Criteria) -> Iterator[str]:
    called, before = kinds(), ""
    titles = (_("When"), _("Looked by"), _("What"), _("Case"), _("Of what"), _("Details"))
    yield "\ufeff" + _line([str(each) for each in titles])
    with engine().reading(g.actor) as uow:
        for _round in range(MOST // STEP):
            rows, following = access_log.page(uow, asked, before=before, limit=STEP)
            named = _named(uow, rows)
            for row in rows:
                told = row.detail if canonical.loads(row.detail) else ""
                yield _line([words.moment(row.at), words.person(uow, row.actor), called.get(row.kind, row.kind),
                             row.business_key or "", named.get(row.subject, row.subject), told])
            if following is None:
                return
            before = following


def _named(uow: UnitOfWork, rows: Sequence[sa.Row[Any]]) -> dict[str, str]:
    """What the files among the subjects are called: the log keeps no name, for it may be that of a person who is forgotten."""
    wanted = [row.subject.removeprefix(DOCUMENT) for row in rows if row.subject.startswith(DOCUMENT)]
    return {f"{DOCUMENT}{key}": name for key, name in documents.names(uow, wanted).items()}


def _line(cells: list[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow([safe(each) for each in cells])
    return out.getvalue()
