"""The files of a draft as rows, and the way back: each save is kept, numbered for its file, who made it and in which session."""

from typing import Any

import sqlalchemy as sa

from engine import canonical
from engine.diagram import read
from engine.diagram.check import File
from engine.errors import Conflict, DeploymentRefused
from engine.modeling import opening
from engine.tables import model_draft, model_file, model_save, model_session
from engine.unit_of_work import UnitOfWork

KEPT = 50
"""The bytes of so many saves of a file are kept, besides what stood at the opening of each session."""
Row = sa.Row[Any]

_COLUMNS = [column for column in model_file.c if column.name != "bytes"] + [sa.func.length(model_file.c.bytes).label("size")]
_ONE = (model_file.c.draft_id == sa.bindparam("draft"), model_file.c.name == sa.bindparam("named"))
_LAST = sa.select(model_save).where(
    model_save.c.draft_id == sa.bindparam("draft"), model_save.c.name == sa.bindparam("named"),
).order_by(model_save.c.revision.desc()).limit(1)


def listed(uow: UnitOfWork, draft_id: str) -> list[Row]:
    """The rows of `model_file` of a draft without `bytes`, with their number as `size`."""
    return uow.rows(sa.select(*_COLUMNS).where(model_file.c.draft_id == draft_id))


def current(uow: UnitOfWork, draft_id: str, name: str) -> Row | None:
    """One of them, None if it is not there."""
    return uow.row(sa.select(*_COLUMNS).where(*_ONE), draft=draft_id, named=name)


def last(uow: UnitOfWork, draft_id: str, name: str) -> Row | None:
    """The last save of a name, a removal too; None if it never was there."""
    return uow.row(_LAST, draft=draft_id, named=name)


def manifest(uow: UnitOfWork, draft_id: str) -> dict[str, str]:
    """File name → SHA-256, as the rows say."""
    return {row.name: row.sha256 for row in uow.rows(
        sa.select(model_file.c.name, model_file.c.sha256).where(model_file.c.draft_id == draft_id))}


def touched(uow: UnitOfWork, session: str) -> list[str]:
    """The names that a session saved or removed."""
    return [row.name for row in uow.rows(sa.select(model_save.c.name).where(
        model_save.c.session == session).distinct().order_by(model_save.c.name))]


def store(uow: UnitOfWork, draft_id: str, file: File, *, session: str) -> int:
    """Put a file into the draft, new or over the one of its name; returns its revision."""
    revision = _note(uow, draft_id, file.name, session, file.data)
    values = {"bytes": file.data, "sha256": canonical.digest(file.data), "revision": revision, "saved_by": uow.actor.id,
              "saved_at": uow.now}
    there = sa.and_(model_file.c.draft_id == draft_id, model_file.c.name == file.name)
    if not uow.execute(sa.update(model_file).where(there).values(values)).rowcount:
        uow.execute(sa.insert(model_file).values(
            draft_id=draft_id, name=file.name, kind=opening.kind_of(file.name), **values))
    if opening.kind_of(file.name) == "process":
        _name_process(uow, draft_id, file)
    return revision


def drop(uow: UnitOfWork, draft_id: str, name: str, *, session: str) -> None:
    """Take a file out of the draft."""
    uow.execute(sa.delete(model_file).where(model_file.c.draft_id == draft_id, model_file.c.name == name))
    _note(uow, draft_id, name, session, None)


def go_back(uow: UnitOfWork, draft_id: str, name: str, sha256: str | None, *, session: str) -> None:
    """Put back what a save of this content left; None: the file was not there. `Conflict` if it is forgotten."""
    if sha256 is None:
        drop(uow, draft_id, name, session=session)
        return
    data = uow.scalar(sa.select(model_save.c.bytes).where(
        model_save.c.draft_id == draft_id, model_save.c.name == name, model_save.c.sha256 == sha256,
        model_save.c.bytes.is_not(None)).limit(1))
    if data is None:
        raise Conflict("model_session_over", what=name)
    store(uow, draft_id, File(name, bytes(data)), session=session)


def _note(uow: UnitOfWork, draft_id: str, name: str, session: str, data: bytes | None) -> int:
    """Leave the way back; returns the number of this save, which no other of the name ever has."""
    before = last(uow, draft_id, name)
    revision = (before.revision if before else 0) + 1
    uow.execute(sa.insert(model_save).values(
        draft_id=draft_id, name=name, revision=revision, session=session, bytes=data,
        sha256=canonical.digest(data) if data is not None else None, saved_by=uow.actor.id, saved_at=uow.now))
    if revision > KEPT:
        _forget(uow, draft_id, name, revision - KEPT)
    return revision


def _forget(uow: UnitOfWork, draft_id: str, name: str, newest: int) -> None:
    """Let go of the bytes of saves up to revision `newest` that no session began with; who saved when stays known."""
    begun = {canonical.loads(row.manifest).get(name) for row in uow.rows(
        sa.select(model_session.c.manifest).where(model_session.c.draft_id == draft_id))}
    uow.execute(sa.update(model_save).where(
        model_save.c.draft_id == draft_id, model_save.c.name == name, model_save.c.revision <= newest,
        model_save.c.bytes.is_not(None), model_save.c.sha256.not_in({each for each in begun if each})).values(bytes=None))


def _name_process(uow: UnitOfWork, draft_id: str, file: File) -> None:
    """A draft without a process is of the first that a diagram brings."""
    try:
        found = next(iter(read.read(file.data, file.name).processes), None)
    except DeploymentRefused:
        return
    uow.execute(sa.update(model_draft).where(model_draft.c.id == draft_id, model_draft.c.process_key.is_(None)).values(
        process_key=found))
