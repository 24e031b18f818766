"""Drafts: begin one, see what is in it and what is wrong with it, bring files in and out, undo, submit, give up."""

import io
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flask import Response, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from engine import deployments, identity
from engine.diagram.check import File
from engine.errors import DeploymentRefused, EngineError, InvalidValue
from engine.modeling import approvals, checks, drafts, library, opening
from engine.unit_of_work import UnitOfWork
from web import errors
from web.access import needs, unit_of_work
from web.layout import words
from web.layout.sending import named
from web.modeler.room import IN_WORK, address, field, must_model, must_model_or_decide, pages, show, status, titles_of

EPOCH = (1980, 1, 1, 0, 0, 0)  # the same draft is the same archive, byte for byte
Page = Answer | str | tuple[str, int]


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a file that was sent: None, or the sentences that refused it."""

    name: str
    refused: str | None


# ------------------------------------------------------------------ all
@pages.get("/drafts")
@needs("signed_in")
def draft_list() -> str:
    """The drafts in work, and those that ended."""
    return _list()


@pages.post("/drafts")
@needs("signed_in", takes_files=True)
def create_draft() -> Page:
    """Begin a draft of a definition with all that belongs to it, of files, or of both."""
    sent = _sent()
    good, received = _opened(sent)
    chosen = [each for each in request.form.getlist("definition") if each]
    try:
        if sent and not good and not chosen:
            raise InvalidValue("model_nothing_opened", field="files", value="")
        with unit_of_work(writes=True) as uow:
            must_model(uow)
            rows = [deployments.definition_row(uow, each) for each in chosen]
            wanted = [part for row in rows for part in library.parts(uow, row)]
            title = field("title", 300) or _title([words.in_words(row) for row in rows] or [file.name for file in good])
            draft_id = drafts.create(uow, title=title, reason=field("reason"), definitions=wanted, files=good)
    except EngineError as error:
        return _list(error, received), status(error)
    if any(each.refused for each in received):
        return _page(draft_id, received=received)
    editor = address("edit", draft_id=draft_id) if "edit" in request.form else None
    return redirect(editor or url_for("modeler.draft", draft_id=draft_id))


# ------------------------------------------------------------------ one
@pages.get("/drafts/<draft_id>")
@needs("signed_in")
def draft(draft_id: str) -> str:
    """A draft: its files, its problems, who works on it, and what can be done."""
    return _page(draft_id)


@pages.post("/drafts/<draft_id>")
@needs("signed_in")
def describe_draft(draft_id: str) -> Page:
    """Change title and reason."""
    return _do(draft_id, lambda uow: drafts.describe(uow, draft_id, title=field("title", 300), reason=field("reason", 5_000)))


@pages.post("/drafts/<draft_id>/import")
@needs("signed_in", takes_files=True)
def import_files(draft_id: str) -> Page:
    """Bring files in; each is taken or refused by itself, and what was there under its name can be had back."""
    good, received = _opened(_sent())

    def bring(uow: UnitOfWork) -> None:
        session = drafts.open_session(uow, draft_id).id
        there = {row.name.lower(): row for row in drafts.files(uow, draft_id).values()}
        for file in good:
            row = there.get(file.name.lower())
            drafts.save(uow, draft_id, row.name if row else file.name, file.data, revision=row.revision if row else None,
                        session=session)
    if not received:
        error = InvalidValue("no_file", field="files", value="")
        return _page(draft_id, error), status(error)
    done = _do(draft_id, bring)
    if isinstance(done, tuple):
        return done
    return _page(draft_id, received=received), 422 if any(each.refused for each in received) else 200


@pages.post("/drafts/<draft_id>/include")
@needs("signed_in")
def include_definition(draft_id: str) -> Page:
    """Take the file of a definition up."""
    return _do(draft_id, lambda uow: drafts.include(uow, draft_id, field("definition")))


@pages.post("/drafts/<draft_id>/remove")
@needs("signed_in")
def remove_from_draft(draft_id: str) -> Page:
    """Take a file out."""
    return _do(draft_id, lambda uow: drafts.remove(
        uow, draft_id, field("name"), revision=request.form.get("revision", 0, type=int),
        session=drafts.open_session(uow, draft_id).id))


@pages.post("/drafts/<draft_id>/undo")
@needs("signed_in")
def undo_draft(draft_id: str) -> Page:
    """Undo a whole sitting of the reader's."""
    return _do(draft_id, lambda uow: drafts.undo_session(uow, field("session")))


@pages.post("/drafts/<draft_id>/discard")
@needs("signed_in")
def discard_draft(draft_id: str) -> Page:
    """Give a draft up, after asking."""
    if not field("sure"):
        with unit_of_work(writes=False) as uow:
            must_model(uow)
            return show(uow, "discard", "drafts", draft=drafts.get(uow, draft_id), files=drafts.files(uow, draft_id))
    return _do(draft_id, lambda uow: approvals.discard(uow, draft_id, reason=field("reason")))


@pages.post("/drafts/<draft_id>/submit")
@needs("signed_in")
def submit_draft(draft_id: str) -> Page:
    """Ask for approval; the words of the form are kept first."""
    def submit(uow: UnitOfWork) -> None:
        if "title" in request.form:
            drafts.describe(uow, draft_id, title=field("title", 300), reason=field("reason", 5_000))
        approvals.submit(uow, draft_id)
    return _do(draft_id, submit)


@pages.post("/drafts/<draft_id>/take-back")
@needs("signed_in")
def take_back_draft(draft_id: str) -> Page:
    """Make it a draft again."""
    return _do(draft_id, lambda uow: approvals.take_back(uow, draft_id, reason=field("reason")))


@pages.get("/drafts/<draft_id>/export")
@needs("signed_in")
def export_draft(draft_id: str) -> Response:
    """All files in a ZIP archive."""
    with unit_of_work(writes=False) as uow:
        must_model_or_decide(uow)
        row, files = drafts.get(uow, draft_id), drafts.as_files(uow, draft_id)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.writestr(zipfile.ZipInfo(file.name, EPOCH), file.data, zipfile.ZIP_DEFLATED)
    return _saved(packed.getvalue(), f"{row.title}.zip", "application/zip")


@pages.get("/drafts/<draft_id>/export/<name>")
@needs("signed_in")
def export_file(draft_id: str, name: str) -> Response:
    """One file, to save."""
    with unit_of_work(writes=False) as uow:
        must_model_or_decide(uow)
        return _saved(drafts.content(uow, draft_id, name), name, "application/octet-stream")


# ------------------------------------------------------------------ inside
def _do(draft_id: str, verb: Callable[[UnitOfWork], object]) -> Page:
    try:
        with unit_of_work(writes=True) as uow:
            verb(uow)
    except EngineError as error:
        return _page(draft_id, error), status(error)
    return redirect(url_for("modeler.draft", draft_id=draft_id, done=(request.endpoint or "").removeprefix("modeler.")))


def _list(error: EngineError | None = None, received: Sequence[Received] = ()) -> str:
    with unit_of_work(writes=False) as uow:
        must_model_or_decide(uow)
        entries = library.entries(uow) if identity.may_model(uow.actor) else []
        return show(uow, "drafts", "drafts", error, rows=drafts.listing(uow, *IN_WORK), entries=entries, received=received,
                    ended=drafts.listing(uow, "effective", "withdrawn", "discarded")[:50])


def _page(draft_id: str, error: EngineError | None = None, received: Sequence[Received] = ()) -> str:
    with unit_of_work(writes=False) as uow:
        must_model_or_decide(uow)
        row, files = drafts.get(uow, draft_id), drafts.files(uow, draft_id)
        is_open = row.status in IN_WORK
        shown = {"problems": checks.of_draft(uow, row) if is_open else (), "authors": drafts.authors(uow, draft_id),
                 "changed": drafts.changed(uow, row), "titles": titles_of(drafts.as_files(uow, draft_id)),
                 "others": drafts.present(uow, draft_id) if row.status == "draft" else [],
                 "sessions": drafts.sessions(uow, draft_id)[:5] if row.status == "draft" else [],
                 "entries": library.entries(uow) if row.status == "draft" else [],
                 "incident": approvals.incident_of(uow, row),
                 "may_decide_here": identity.may_approve(uow, row)}
        told = error if not isinstance(error, DeploymentRefused) else None
        return show(uow, "draft", "drafts", told, draft=row, files=files, received=received, done=request.args.get("done", ""),
                    has_errors=isinstance(error, DeploymentRefused), typed=request.form if error else {}, **shown)


def _sent() -> list[File]:
    """The files of the request, by their names alone. They are received before a transaction begins."""
    return [File(upload.filename.replace("\\", "/").rsplit("/", 1)[-1], upload.read())
            for upload in request.files.getlist("files") if upload.filename]


def _opened(sent: Sequence[File]) -> tuple[list[File], list[Received]]:
    """Which of them can be opened, and what to say of each."""
    good, received = [], []
    for file in sent:
        refused = _refusal(file)
        received.append(Received(file.name, refused))
        if refused is None:
            good.append(file)
    return good, received


def _refusal(file: File) -> str | None:
    try:
        opening.opened(file)
    except DeploymentRefused as error:
        return " ".join(each.en if words.language() == "en" else each.zh for each in error.problems[:3])
    except InvalidValue as error:
        return errors.sentence(error, words.language())
    return None


def _title(names: Sequence[str]) -> str:
    return str(_("Change of %(names)s", names=", ".join(names)))[:drafts.LONGEST_TITLE] if names else ""


def _saved(data: bytes, name: str, mimetype: str) -> Response:
    return named(Response(data, mimetype=mimetype), name)
