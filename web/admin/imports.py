"""Users from a CSV file: a template, a preview with a verdict for every row, the import, and its passwords once."""

import csv
import io
from collections.abc import Sequence

from flask import Response, request
from flask_babel import gettext as _

from engine import identity, passwords, user_import
from engine.audit.spreadsheet import safe
from engine.errors import EngineError, InvalidValue
from web import errors
from web.access import needs, unit_of_work
from web.admin.people import new_password
from web.admin.room import pages, show, status
from web.layout import words

MARK = "\ufeff"  # without it Excel reads UTF-8 as the machine's own encoding
LARGEST = 1_000_000
EXAMPLE = ("engineer3.changsha", "长沙工程师三", "Changsha engineer 3", "engineer3.changsha@fuwuflow.example", "zh",
           "service_engineer@changsha")


@pages.get("/people/import")
@needs("admin")
def import_page() -> str:
    """What the file must look like, and a place to send it."""
    with unit_of_work(writes=False) as uow:
        return show(uow, "import", "people", found=None, columns=user_import.COLUMNS, groups=identity.groups(uow),
                    offices=identity.offices(uow))


@pages.get("/people/import/template")
@needs("admin")
def import_template() -> Response:
    """A CSV file with the columns and one row as an example."""
    return _file([user_import.COLUMNS, EXAMPLE], "users-template.csv")


@pages.post("/people/import")
@needs("admin", takes_files=True)
def preview_import() -> str | tuple[str, int]:
    """What the file would do. Nothing is written."""
    upload = request.files.get("file")
    try:
        if upload is None or not upload.filename:
            raise InvalidValue("no_file", field="file", value="")
        with upload.stream as stream:
            text = _text(stream.read(LARGEST + 1))
        return _preview(text)
    except EngineError as error:
        return _refused(error)


@pages.post("/people/import/confirm")
@needs("admin")
def confirm_import() -> str | tuple[str, int]:
    """Write what the preview showed, all or nothing, and show the new passwords once."""
    text = request.form.get("text", "").replace("\r\n", "\n")
    try:
        with unit_of_work(writes=False) as uow:
            new = user_import.preview(uow, text).new
        given = {user: new_password() for user in new}
        hashes = {user: passwords.hash_password(password) for user, password in given.items()}
        with unit_of_work(writes=True) as uow:
            done = user_import.confirm(uow, text, request.form.get("digest", ""), hashes)
    except EngineError as error:
        return _refused(error)
    rows = [("user", "name", "password"), *((v.user, v.wanted.name, given[v.user]) for v in done.verdicts
                                            if v.what == "new" and v.wanted)]
    with unit_of_work(writes=False) as uow:
        return show(uow, "imported", "people", done=done, rows=rows[1:], file=_csv(rows))


@pages.post("/people/import/passwords")
@needs("admin")
def import_passwords() -> Response:
    """The passwords that the page before showed, as a file: they are kept nowhere."""
    try:
        rows = list(csv.reader(io.StringIO(request.form.get("file", ""))))
    except csv.Error as problem:
        raise InvalidValue("csv", field="file", value=str(problem)) from problem
    return _file(rows, "users-passwords.csv")


def _text(data: bytes) -> str:
    if len(data) > LARGEST:
        raise InvalidValue("csv_too_large", field="file", value="", limit=LARGEST // 1_000_000)
    return user_import.decode(data).replace("\r\n", "\n").replace("\r", "\n")


def _preview(text: str) -> str:
    with unit_of_work(writes=False) as uow:
        found = user_import.preview(uow, text)
        told = {v.line: errors.sentence(v.error, words.language()) for v in found.verdicts if v.error}
        return show(uow, "import", "people", found=found, told=told, text=text, differences=user_import.differences,
                    columns=user_import.COLUMNS, groups=identity.groups(uow), offices=identity.offices(uow), what=_what())


def _what() -> dict[str, str]:
    return {"new": str(_("new")), "changed": str(_("changed")), "unchanged": str(_("unchanged")), "error": str(_("error"))}


def _refused(error: EngineError) -> tuple[str, int]:
    with unit_of_work(writes=False) as uow:
        return show(uow, "import", "people", error, found=None, columns=user_import.COLUMNS, groups=identity.groups(uow),
                    offices=identity.offices(uow)), status(error)


def _csv(rows: Sequence[Sequence[str]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()


def _file(rows: Sequence[Sequence[str]], name: str) -> Response:
    body = MARK + _csv([[safe(cell) for cell in row] for row in rows])
    return Response(body, mimetype="text/csv", headers={"Content-Disposition": f'attachment; filename="{name}"'})
