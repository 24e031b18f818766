"""The list as a file: exactly the filter, columns, order and language of the screen."""

import csv
import io
from collections.abc import Iterator

from flask import Response, g, request, stream_with_context

from engine import worklist
from engine.audit import access_log
from engine.audit.spreadsheet import safe
from engine.unit_of_work import UnitOfWork
from web.access import engine, needs, unit_of_work
from web.inbox import asked, columns, sight
from web.inbox.asked import Asked
from web.inbox.blueprint import pages
from web.layout import words

MOST = 20_000
"""Rows of one file; the page says so beside the link."""
STEP = 500


@pages.get("/inbox.csv")
@needs("signed_in")
def export() -> Response:
    """All rows of the list, at most `MOST`, as UTF-8 with a byte order mark, read page by page."""
    wanted = asked.read(request.args)
    with unit_of_work(writes=False) as uow:
        shown, day = columns.chosen(uow), uow.now.astimezone(words.ZONE).date()
        worklist.page(uow, view=wanted.view, criteria=wanted.criteria, limit=1)  # a refusal comes before the file begins
    access_log.note(engine(), g.actor, "export", "inbox.csv", detail={"view": wanted.view})
    response = Response(stream_with_context(_lines(wanted, shown)), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="inbox-{wanted.view}-{day}.csv"'
    return response


def _lines(wanted: Asked, shown: tuple[str, ...]) -> Iterator[str]:
    titles = columns.titles()
    yield "\ufeff" + _line(titles[name] for name in shown)
    with engine().reading(g.actor) as uow:
        for found in _pages(uow, wanted):
            seen = sight.of(uow, found.rows)
            yield "".join(_line(seen.cell(name, row) for name in shown) for row in found.rows)


def _pages(uow: UnitOfWork, wanted: Asked) -> Iterator[worklist.Page]:
    after: str | None = None
    for _round in range(MOST // STEP):
        found = worklist.page(uow, view=wanted.view, criteria=wanted.criteria, after=after, limit=STEP)
        yield found
        after = found.next_cursor
        if after is None:
            return


def _line(cells: Iterator[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow([safe(cell) for cell in cells])
    return text.getvalue()
