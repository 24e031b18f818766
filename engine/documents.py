"""Photos and files of a case. Bytes are kept once per content; a removed document's row stays, with who and why."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from engine import document_store, identity, ids, notes
from engine.errors import AlreadyChanged, Forbidden, InvalidValue, NotFound
from engine.settings import Settings
from engine.tables import document, document_content, process_instance
from engine.unit_of_work import UnitOfWork
from engine.uploads import Upload

MOST = 500
"""Documents of one case."""
REASON = 500


@dataclass(frozen=True, slots=True)
class Content:
    """What a download sends; `data` is None where an object store has it."""

    name: str
    media_type: str
    sha256: str
    data: bytes | None


def put_away(settings: Settings, upload: Upload) -> None:
    """Bring the bytes to the object store, if there is one: before the transaction, as it may take long."""
    objects = document_store.store(settings)
    if objects is not None:
        objects.put(upload.sha256, upload.data, upload.media_type)


def add(uow: UnitOfWork, instance_id: str, upload: Upload, *, task_id: str | None = None) -> str:
    """Add a file to a case, from the page of one of its tasks if `task_id`; returns the document's id.

    The same content under the same name is there once: sending it again gives the first one's id.
    """
    row = notes.case(uow, instance_id)
    there = sa.select(document.c.id, document.c.name, document.c.sha256).where(
        document.c.instance_id == instance_id, document.c.removed_at.is_(None))
    known = uow.rows(there)
    for each in known:
        if (each.name, each.sha256) == (upload.name, upload.sha256):
            return str(each.id)
    if len(known) >= MOST:
        raise InvalidValue("too_many_documents", field="file", value=upload.name, limit=MOST)
    _keep_content(uow, upload)
    document_id = ids.new(uow.now)
    uow.execute(sa.insert(document).values(
        id=document_id, instance_id=instance_id, task_id=task_id, name=upload.name, media_type=upload.media_type,
        size=len(upload.data), sha256=upload.sha256, width=upload.width, height=upload.height, added_by=uow.actor.id,
        added_at=uow.now))
    notes.record(uow, row, "add_document", task_id, {
        "document": document_id, "name": upload.name, "media_type": upload.media_type, "size": len(upload.data),
        "sha256": upload.sha256})
    return document_id


def remove(uow: UnitOfWork, document_id: str, *, reason: str) -> None:
    """Take a document out of the case, with a reason: who added it, and who leads. The bytes stay until retention."""
    reason = reason.strip()
    if not reason:
        raise InvalidValue("reason_missing", field="reason", value="")
    found = row_of(uow, document_id)
    case = notes.case(uow, found.instance_id)
    found = row_of(uow, document_id)  # again, under the lock
    if found.removed_at is not None:
        raise AlreadyChanged("document_removed", who=found.removed_by, at=found.removed_at, what="remove")
    if not may_remove(uow, found, case):
        raise Forbidden("may_not_remove", id=document_id)
    uow.execute(sa.update(document).where(document.c.id == document_id).values(
        removed_by=uow.actor.id, removed_at=uow.now, removed_reason=reason[:REASON]))
    notes.record(uow, case, "remove_document", found.task_id, {
        "document": document_id, "name": found.name, "reason": reason[:REASON]})


def may_remove(uow: UnitOfWork, row: sa.Row[Any], case: sa.Row[Any]) -> bool:
    """Whether the actor may remove a document: who added it, and who may intervene in the case."""
    return row.added_by == uow.actor.id or identity.may_intervene(uow, case)


def listing(uow: UnitOfWork, instance_id: str) -> list[sa.Row[Any]]:
    """All documents of a case, oldest first, removed ones too. The caller has seen to it that the actor may see the case."""
    query = sa.select(document).where(document.c.instance_id == instance_id)
    return uow.rows(query.order_by(document.c.added_at, document.c.id))


def row_of(uow: UnitOfWork, document_id: str) -> sa.Row[Any]:
    """A document's row. `NotFound` if there is none, `Forbidden` if its case is not the actor's to see."""
    row = uow.row(sa.select(document).where(document.c.id == document_id))
    if row is None:
        raise NotFound(kind="document", id=document_id)
    case = uow.row(sa.select(process_instance).where(process_instance.c.id == row.instance_id))
    if case is None or not identity.may_see(uow, case):
        raise Forbidden("may_not_see", id=document_id)
    return row


def names(uow: UnitOfWork, ids: Collection[str]) -> dict[str, str]:
    """What these documents are called, by id; nothing of those that are erased."""
    rows = uow.rows(sa.select(document.c.id, document.c.name).where(document.c.id.in_(ids))) if ids else []
    return {row.id: row.name for row in rows if row.name}


def content(uow: UnitOfWork, document_id: str) -> Content:
    """A document that is not removed, with its bytes if the database has them; `bytes_of` gives them in any case."""
    row = _present(uow, document_id)
    data = uow.scalar(sa.select(document_content.c.bytes).where(document_content.c.sha256 == row.sha256))
    return Content(row.name, row.media_type, row.sha256, bytes(data) if data is not None else None)


def bytes_of(settings: Settings, found: Content) -> bytes:
    """The bytes, from the object store where the database has none: outside any transaction. `NotFound` if they are lost."""
    if found.data is not None:
        return found.data
    objects = document_store.store(settings)
    if objects is None:
        raise NotFound(kind="document_content", id=found.sha256)
    return objects.get(found.sha256)


def thumbnail(uow: UnitOfWork, document_id: str) -> Content:
    """A small JPEG of a picture. `NotFound` for a file that is none."""
    row = _present(uow, document_id)
    data = uow.scalar(sa.select(document_content.c.thumbnail).where(document_content.c.sha256 == row.sha256))
    if data is None:
        raise NotFound(kind="thumbnail", id=document_id)
    return Content(row.name, "image/jpeg", row.sha256, bytes(data))


def _present(uow: UnitOfWork, document_id: str) -> sa.Row[Any]:
    row = row_of(uow, document_id)
    if row.removed_at is not None:
        raise AlreadyChanged("document_removed", who=row.removed_by, at=row.removed_at, what="remove")
    return row


def _keep_content(uow: UnitOfWork, upload: Upload) -> None:
    """Keep the bytes once; they stay locked until the end, so that nothing destroys them before this document counts."""
    outside = document_store.store(uow.engine.settings) is not None
    is_new = uow.add_once(document_content, sha256=upload.sha256, bytes=None if outside else upload.data,
                          thumbnail=upload.thumbnail)
    if not is_new:
        uow.row(sa.select(document_content.c.sha256).where(
            document_content.c.sha256 == upload.sha256).with_for_update(read=True, key_share=True))
    if not is_new and not outside:  # retention may have destroyed the bytes, or an object store had them
        uow.execute(sa.update(document_content).where(
            document_content.c.sha256 == upload.sha256, document_content.c.bytes.is_(None)).values(bytes=upload.data))
