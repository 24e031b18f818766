"""What a case holds goes: bodies and salts behind their tombstones, variables, texts, files, letters; its headers stay.

The row of the case stays with its number, office, product and serial number, and so does who did which step when.
"""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from engine import canonical, document_store, search
from engine.tables import (
    audit_search,
    comment,
    document,
    document_content,
    draft,
    history_body,
    history_event,
    idempotency_key,
    incident,
    job,
    mail,
    migration_item,
    notice,
    process_instance,
    saved_filter,
    subscription,
    task,
    tombstone,
    variable,
)
from engine.unit_of_work import UnitOfWork

ERASED = ""
"""What stands where a text was."""


@dataclass(frozen=True, slots=True)
class Gone:
    """What was destroyed of a case: how many bodies, the digest over their digests, the digests of its files."""

    bodies: int
    digest: str
    documents: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """For the record."""
        return {"bodies": self.bodies, "bodies_digest": self.digest, "documents": list(self.documents)}


def contents(uow: UnitOfWork, case: sa.Row[Any], destruction_id: str, reason: str) -> Gone:
    """Destroy what a case holds; `case` is its locked row, and the decision is made. What is gone already is not counted."""
    overwrite(uow)
    gone = Gone(*_bodies(uow, case.id, destruction_id), _documents(uow, case.id, reason))
    _rows(uow, case)
    _jobs(uow, case)
    uow.execute(sa.update(process_instance).where(process_instance.c.id == case.id).values(customer=None))
    search.index(uow, case.id, [case.business_key, case.serial, case.product], is_new=False)
    return gone


def searches(uow: UnitOfWork, customer: str) -> None:
    """Forget the searches that people keep and that name this customer: nothing would be found by them any more."""
    for kept in (saved_filter, audit_search):
        rows = uow.rows(sa.select(kept.c.id, kept.c.name, kept.c.criteria))
        named = [row.id for row in rows if _names(customer, [row.name, *canonical.loads(row.criteria).values()])]
        uow.execute(sa.delete(kept).where(kept.c.id.in_(named)))


def _names(customer: str, words: list[Any]) -> bool:
    return any(customer.casefold() in word.casefold() for word in words if isinstance(word, str))


def overwrite(uow: UnitOfWork) -> None:
    """Let SQLite overwrite with zeros whatever this transaction deletes; PostgreSQL's vacuum does so in its time."""
    if uow.engine.is_sqlite:
        uow.connection.exec_driver_sql("PRAGMA secure_delete=ON")


def bodies_digest(bodies: list[tuple[int, str]]) -> str:
    """The digest over `(seq, body_digest)` of the bodies that one decision destroyed in a case, in order."""
    return canonical.digest(canonical.dumps([list(each) for each in sorted(bodies)]))


def _bodies(uow: UnitOfWork, case_id: str, destruction_id: str) -> tuple[int, str]:
    same = sa.and_(history_body.c.instance_id == history_event.c.instance_id, history_body.c.seq == history_event.c.seq)
    rows = uow.rows(sa.select(history_event.c.seq, history_event.c.body_digest).join(history_body, same).where(
        history_event.c.instance_id == case_id).order_by(history_event.c.seq))
    if rows:
        uow.execute(sa.insert(tombstone), [{
            "instance_id": case_id, "seq": row.seq, "body_digest": row.body_digest, "destruction_id": destruction_id,
            "at": uow.now} for row in rows])
        uow.execute(sa.delete(history_body).where(history_body.c.instance_id == case_id))
    return len(rows), bodies_digest([(row.seq, row.body_digest) for row in rows])


def _documents(uow: UnitOfWork, case_id: str, reason: str) -> tuple[str, ...]:
    """Every file of the case is taken out; its bytes go where no other case has the same. Gives the digests."""
    rows = uow.rows(sa.select(document).where(document.c.instance_id == case_id, document.c.name != ERASED))
    uow.execute(sa.update(document).where(document.c.instance_id == case_id).values(
        name=ERASED, removed_by=uow.actor.id, removed_at=uow.now, removed_reason=reason))
    digests = tuple(sorted({row.sha256 for row in rows}))
    for sha256 in digests:
        _content(uow, sha256)
    return digests


def _content(uow: UnitOfWork, sha256: str) -> None:
    uow.row(sa.select(document_content.c.sha256).where(document_content.c.sha256 == sha256).with_for_update())
    if uow.row(sa.select(document.c.id).where(document.c.sha256 == sha256, document.c.name != ERASED).limit(1)):
        return
    uow.execute(sa.delete(document_content).where(document_content.c.sha256 == sha256))
    objects = document_store.store(uow.engine.settings)
    if objects is not None:  # before the commit: whoever is killed here does it again, and what is gone may go again
        objects.remove(sha256)


def _rows(uow: UnitOfWork, case: sa.Row[Any]) -> None:
    tasks = sa.select(task.c.id).where(task.c.instance_id == case.id)
    for table in (variable, subscription, comment, notice):
        uow.execute(sa.delete(table).where(table.c.instance_id == case.id))
    uow.execute(sa.delete(draft).where(draft.c.subject.in_(tasks)))
    uow.execute(sa.delete(idempotency_key).where(idempotency_key.c.reply.contains(case.id, autoescape=True)))
    uow.execute(sa.update(task).where(task.c.instance_id == case.id).values(customer=None, handed_reason=None))
    uow.execute(sa.update(mail).where(mail.c.instance_id == case.id).values(subject=ERASED, body=ERASED))
    uow.execute(sa.update(incident).where(incident.c.instance_id == case.id).values(message=ERASED))
    uow.execute(sa.update(migration_item).where(migration_item.c.instance_id == case.id).values(before=None))


def _jobs(uow: UnitOfWork, case: sa.Row[Any]) -> None:
    """No job of the case is left to run; those of other cases that are over and name its customer forget what they carried."""
    here = job.c.instance_id == case.id
    uow.execute(sa.update(job).where(here, job.c.state == "open").values(state="cancelled", ended_at=uow.now))
    uow.execute(sa.update(job).where(here).values(arguments="{}", error=None))
    if case.customer:
        told = canonical.dumps(case.customer)[1:-1]
        uow.execute(sa.update(job).where(job.c.state != "open", job.c.arguments.contains(told, autoescape=True)).values(
            arguments="{}", error=None))
