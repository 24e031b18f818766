"""The record: one append-only, chained row per command and instance (engine-traps.md §2.9, §2.10 in docs/history.md).

What is hashed is the stored bytes. `body_digest = SHA-256(salt ‖ body)`, so that a body can be destroyed and the chain
still verifies; `hash = SHA-256(canonical header)`, the header holding instance, seq, time, actor, command, element,
bundle, previous hash and body digest.
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine import canonical
from engine.tables import history_body, history_event
from engine.unit_of_work import UnitOfWork

DOMAIN = "fuwuflow/history/1"
GENESIS = "0" * 64
_ADD_EVENT = sa.insert(history_event)
_ADD_BODY = sa.insert(history_body)


@dataclass(frozen=True, slots=True)
class Head:
    """The end of an instance's chain."""

    seq: int
    hash: str


def record(uow: UnitOfWork, instance_id: str, head: Head, *, command: str, element: str | None, bundle_id: str,
           body: Mapping[str, Any]) -> Head:
    """Append one event with its body; the caller keeps the returned head on the instance's row."""
    stored, salt = canonical.dumps(body).encode(), secrets.token_bytes(16)
    event: dict[str, Any] = {
        "instance_id": instance_id, "seq": head.seq + 1, "at": uow.now, "actor": uow.actor.id,
        "on_behalf_of": uow.actor.on_behalf_of, "command": command, "element": element, "bundle_id": bundle_id,
        "prev": head.hash, "body_digest": body_digest(salt, stored),
    }
    event["hash"] = event_hash(event)
    uow.later(_ADD_EVENT, [event])
    uow.later(_ADD_BODY, [{"instance_id": instance_id, "seq": event["seq"], "salt": salt, "body": stored}])
    return Head(head.seq + 1, event["hash"])


def body_digest(salt: bytes, body: bytes) -> str:
    """The digest of a salted body, as the header covers it."""
    return hashlib.sha256(salt + body).hexdigest()


def event_hash(event: Mapping[str, Any]) -> str:
    """The hash of an event's header; `event` has the columns of `history_event`, `at` as aware datetime."""
    fields = ("instance_id", "seq", "actor", "on_behalf_of", "command", "element", "bundle_id", "prev", "body_digest")
    header = {name: event[name] for name in fields}
    return canonical.digest(canonical.dumps([DOMAIN, {**header, "at": iso(event["at"])}]))


def iso(moment: datetime) -> str:
    """UTC with milliseconds and Z: the one form in which time is hashed."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
