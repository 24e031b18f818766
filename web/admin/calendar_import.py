"""Days from a file, CSV or iCalendar: a template, a preview of every day and what moves, and the import."""

from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as Redirect

from engine import calendar_changes, calendar_import, recounting, user_import
from engine.errors import EngineError, InvalidValue
from web import errors
from web.access import needs, unit_of_work
from web.admin.room import pages, show, status
from web.layout import words

LARGEST = 1_000_000
MARK = "\ufeff"  # without it Excel reads UTF-8 as the machine's own encoding
TEMPLATE = f"{MARK}day,kind,name\r\n2027-10-01,休,国庆节\r\n2027-10-09,班,国庆节调休\r\n"


@pages.get("/calendar/import")
@needs("admin")
def days_page() -> str:
    """What the file must look like, and a place to send it."""
    with unit_of_work(writes=False) as uow:
        return show(uow, "calendar_import", "calendar", found=None)


@pages.get("/calendar/import/template")
@needs("admin")
def days_template() -> Response:
    """A CSV file with the columns and two rows as an example."""
    return Response(TEMPLATE, mimetype="text/csv", headers={"Content-Disposition": 'attachment; filename="days-template.csv"'})


@pages.post("/calendar/import")
@needs("admin", takes_files=True)
def preview_days() -> str | tuple[str, int]:
    """What the file would do, and which deadlines would move. Nothing is written."""
    upload = request.files.get("file")
    try:
        if upload is None or not upload.filename:
            raise InvalidValue("no_file", field="file", value="")
        with upload.stream as stream:
            return _preview(_text(stream.read(LARGEST + 1)))
    except EngineError as error:
        return _refused(error)


@pages.post("/calendar/import/confirm")
@needs("admin")
def confirm_days() -> str | Redirect | tuple[str, int]:
    """Set the days that the preview showed, all or none."""
    text = request.form.get("text", "").replace("\r\n", "\n")
    try:
        with unit_of_work(writes=True) as uow:
            done = calendar_import.confirm(uow, text, request.form.get("digest", ""))
    except EngineError as error:
        return _refused(error)
    return redirect(url_for("admin.calendar", imported=done.count("changed"), year=min(done.wanted).year))


def _text(data: bytes) -> str:
    if len(data) > LARGEST:
        raise InvalidValue("csv_too_large", field="file", value="", limit=LARGEST // 1_000_000)
    return user_import.decode(data).replace("\r\n", "\n").replace("\r", "\n")


def _preview(text: str) -> str:
    with unit_of_work(writes=False) as uow:
        found = calendar_import.preview(uow, text)
        told = [errors.sentence(v.error, words.language()) if v.error else "" for v in found.verdicts]
        moves = recounting.effect(uow, calendar_changes.check_days(uow, found.wanted)) if found.wanted else None
        return show(uow, "calendar_import", "calendar", found=found, rows=list(zip(found.verdicts, told, strict=True)), text=text,
                    moves=moves)


def _refused(error: EngineError) -> tuple[str, int]:
    with unit_of_work(writes=False) as uow:
        return show(uow, "calendar_import", "calendar", error, found=None), status(error)
