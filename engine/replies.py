"""What a command answered, kept under the caller's idempotency key: the second submit of a form gets the first reply.

Design.md §3.11: the same key gives the first reply again; with another body it is refused.
"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from engine import canonical
from engine.errors import Conflict
from engine.tables import idempotency_key
from engine.unit_of_work import UnitOfWork


def digest_of(request: Mapping[str, Any]) -> str:
    """The digest of a request's body, which a repetition must equal."""
    return canonical.digest(canonical.dumps(dict(request)))


def find(uow: UnitOfWork, key: str | None, digest: str) -> str | None:
    """The first reply under `key`, or None. `Conflict` if the key was used with another body."""
    if not key:
        return None
    row = uow.row(sa.select(idempotency_key).where(idempotency_key.c.actor == uow.actor.id, idempotency_key.c.key == key))
    if row is None:
        return None
    if row.digest != digest:
        raise Conflict("idempotency_key", key=key)
    return str(row.reply)


def keep(uow: UnitOfWork, key: str | None, digest: str, reply: str) -> None:
    """Keep the reply in the transaction of the command itself."""
    if key:
        uow.execute(sa.insert(idempotency_key).values(
            actor=uow.actor.id, key=key, digest=digest, reply=reply, created_at=uow.now))
