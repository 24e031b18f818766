"""What a command answered, kept under the caller's idempotency key: the second submit of a form gets the first reply.

Design.md §3.11: the same key gives the first reply again; with another body it is refused.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from engine import canonical
from engine.errors import Conflict
from engine.tables import idempotency_key
from engine.unit_of_work import UnitOfWork

KEPT = timedelta(days=3)
"""A page left open over a weekend is still sent once."""


def digest_of(request: Mapping[str, Any]) -> str:
    """The digest of a request's body, which a repetition must equal."""
    return canonical.digest(canonical.dumps(dict(request)))


def find(uow: UnitOfWork, key: str | None, digest: str) -> str | None:
    """The first reply under `key`, or None: then it is this transaction's to give, and a second request waits for its end.

    `Conflict` if the key was used with another body.
    """
    if not key or uow.add_once(idempotency_key, actor=uow.actor.id, key=key, digest=digest, reply="", created_at=uow.now):
        return None
    row = uow.row(sa.select(idempotency_key).where(*_here(uow, key)))
    if row is None or row.digest != digest:
        raise Conflict("idempotency_key", key=key)
    return str(row.reply)


def keep(uow: UnitOfWork, key: str | None, reply: str) -> None:
    """Keep the reply in the transaction of the command itself, under a key that `find` did not know."""
    if key:
        uow.later(sa.update(idempotency_key).where(*_here(uow, key)).values(reply=reply))


def prune(uow: UnitOfWork) -> int:
    """Forget replies that nobody repeats any more; says how many."""
    return uow.execute(sa.delete(idempotency_key).where(idempotency_key.c.created_at < uow.now - KEPT)).rowcount


def _here(uow: UnitOfWork, key: str) -> tuple[sa.ColumnElement[bool], ...]:
    return idempotency_key.c.actor == uow.actor.id, idempotency_key.c.key == key
