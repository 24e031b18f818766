"""Adding, sending and removing the photos and files of a case."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, Response, g, jsonify, redirect, render_template, request, send_file, url_for
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response as Answer

from engine import cases, documents, uploads
from engine.audit import access_log
from engine.documents import Content
from engine.errors import InvalidValue
from web import errors
from web.access import engine, local_path, needs, unit_of_work
from web.layout import words

pages = Blueprint("documents", __name__, template_folder="templates")
HOUR = 3_600
SHOWN = frozenset({"image/jpeg", "image/png", "image/webp"})  # the browser may show these; all else is saved
POLICY = "default-src 'none'; sandbox"


@dataclass(frozen=True, slots=True)
class Received:
    """What became of one file: its document's id, or the sentence that refused it."""

    name: str
    document_id: str = ""
    sentence: str = ""
    status: int = 200


@pages.post("/cases/<case_id>/documents")
@needs("signed_in", takes_files="several")
def add(case_id: str) -> Answer | tuple[Response | str, int]:
    """Add one file or several; each is taken or refused by itself."""
    with unit_of_work(writes=False) as uow:
        cases.instance(uow, case_id)  # nobody else's files are worth looking at
    files = [file for file in request.files.getlist("file") if file.filename]
    if not files:
        raise InvalidValue("no_file", field="file", value="")
    task_id = request.form.get("task_id") or None
    return _told(case_id, [_add(case_id, task_id, file) for file in files])


@pages.get("/documents/<document_id>")
@needs("signed_in")
def file(document_id: str) -> Response:
    """The file itself: a picture is shown, everything else is saved."""
    with unit_of_work(writes=False) as uow:
        found = documents.content(uow, document_id)
        case_id = documents.row_of(uow, document_id).instance_id
    access_log.note(engine(), g.actor, "document", f"document:{document_id}", instance_id=case_id)
    saves = "save" in request.args or found.media_type not in SHOWN
    return _sent(found, documents.bytes_of(engine().settings, found), saves=saves)


@pages.get("/documents/<document_id>/thumbnail")
@needs("signed_in")
def thumbnail(document_id: str) -> Response:
    """The picture, small."""
    with unit_of_work(writes=False) as uow:
        found = documents.thumbnail(uow, document_id)
    return _sent(found, found.data or b"", saves=False)


@pages.post("/documents/<document_id>/remove")
@needs("signed_in")
def remove(document_id: str) -> Answer:
    """Take a file out of its case, with a reason."""
    with unit_of_work(writes=True) as uow:
        documents.remove(uow, document_id, reason=request.form.get("reason", ""))
    with unit_of_work(writes=False) as uow:
        case_id = documents.row_of(uow, document_id).instance_id
    return redirect(_back(case_id))


def _add(case_id: str, task_id: str | None, received: FileStorage) -> Received:
    name = uploads.clean_name(received.filename or "")
    try:
        upload = uploads.examine(name, _read(name, received), limit=engine().settings.max_upload_bytes)
        documents.put_away(engine().settings, upload)
        with unit_of_work(writes=True) as uow:
            return Received(upload.name, documents.add(uow, case_id, upload, task_id=task_id))
    except InvalidValue as error:
        return Received(name, sentence=errors.sentence(error, words.language()), status=errors.refusal(error).status)
    finally:
        received.close()


def _read(name: str, received: FileStorage) -> bytes:
    """The bytes of a file that is not too large to be read at all."""
    limit = engine().settings.max_upload_bytes
    size = received.stream.seek(0, 2)
    received.stream.seek(0)
    if size > limit:
        raise uploads.too_large(name, size, limit)
    return received.stream.read()


def _told(case_id: str, results: Sequence[Received]) -> Answer | tuple[Response | str, int]:
    refused = [one for one in results if one.sentence]
    status = refused[0].status if refused else 200
    if request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json":
        told = [{"name": one.name, "id": one.document_id, "sentence": one.sentence} for one in results]
        return jsonify({"files": told}), status
    if not refused:
        return redirect(_back(case_id))
    page = render_template("documents/result.html", section="inbox", back=_back(case_id), refused=refused,
                           kept=[one for one in results if not one.sentence])
    return page, status


def _back(case_id: str) -> str:
    return local_path(request.form.get("page"), url_for("cases.page", case_id=case_id)) + "#documents"


def _sent(found: Content, data: bytes, *, saves: bool) -> Response:
    """Bytes that people brought: named, of a stated type, and powerless in the browser."""
    response = send_file(io.BytesIO(data), mimetype=found.media_type, as_attachment=saves, download_name=found.name, etag=False)
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = f"private, max-age={HOUR}"
    response.headers["Vary"] = "Cookie"
    return response
