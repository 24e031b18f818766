"""Tables as CSV: UTF-8 with a byte order mark, no cell a formula; that they were taken stands in the access log."""

import csv
import io
from collections.abc import Iterable, Sequence

from flask import Response, g, request

from engine.audit import access_log
from engine.audit.spreadsheet import safe
from web.access import engine


def as_csv(name: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """A file `name.csv` with these rows."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([safe(cell) for cell in head])
    writer.writerows([safe("" if cell is None else str(cell)) for cell in row] for row in rows)
    access_log.note(engine(), g.actor, "export", f"{name}.csv", detail=dict(request.args.items()))
    response = Response("\ufeff" + text.getvalue(), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response
