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
from json.encoder import encode_basestring
from typing import Any

import sqlalchemy as sa

from engine import canonical
from engine.errors import NotFound
from engine.tables import history_body, history_event, record_chain
from engine.unit_of_work import UnitOfWork

DOMAIN = "fuwuflow/history/1"
GENESIS = "0" * 64
ORGANIZATION = "organization"
"""The chain of what administrators change; cases have chains of their own."""
_HEADER = (f'["{DOMAIN}",' '{"actor":%s,"at":"%s","body_digest":%s,"bundle_id":%s,"command":%s,"element":%s,"instance_id":%s,'
           '"on_behalf_of":%s,"prev":%s,"seq":%d}]')
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


def record_change(uow: UnitOfWork, command: str, *, subject: str, before: Any, after: Any, reason: str = "") -> None:
    """Append what an administrator changed to the chain `organization`; its head stays locked until the end.

    `subject` says of what, such as `user:ann`; `before` and `after` are JSON, None where there was or is nothing.
    """
    row = lock_changes(uow)
    head = record(uow, ORGANIZATION, Head(row.head_seq, row.head_hash), command=command, element=subject, bundle_id="",
                  body={"before": before, "after": after, "reason": reason})
    uow.later(sa.update(record_chain).where(record_chain.c.id == ORGANIZATION).values(head_seq=head.seq, head_hash=head.hash))


def lock_changes(uow: UnitOfWork) -> sa.Row[Any]:
    """The head of the chain `organization`, locked until the end: whoever changes the organization waits here."""
    uow.add_once(record_chain, id=ORGANIZATION, head_seq=0, head_hash=GENESIS)
    row = uow.row(sa.select(record_chain).where(record_chain.c.id == ORGANIZATION).with_for_update())
    if row is None:
        raise NotFound(kind="record_chain", id=ORGANIZATION)
    return row


def body_digest(salt: bytes, body: bytes) -> str:
    """The digest of a salted body, as the header covers it."""
    return hashlib.sha256(salt + body).hexdigest()


def event_hash(event: Mapping[str, Any]) -> str:
    """The hash of an event's header; `event` has the columns of `history_event`, `at` as aware datetime.

    It covers the canonical JSON `[DOMAIN, {the columns}]`. Every step writes one and a verification reads a million, so
    that its fixed parts stand ready.
    """
    return canonical.digest(_HEADER % (
        _text(event["actor"]), iso(event["at"]), _text(event["body_digest"]), _text(event["bundle_id"]), _text(event["command"]),
        _text(event["element"]), _text(event["instance_id"]), _text(event["on_behalf_of"]), _text(event["prev"]), event["seq"]))


def _text(value: str | None) -> str:
    return "null" if value is None else encode_basestring(value)


def iso(moment: datetime) -> str:
    """UTC with milliseconds and Z: the one form in which time is hashed."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
