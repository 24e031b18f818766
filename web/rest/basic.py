"""HTTP Basic: who calls, checked by argon2 once and remembered for a few minutes while the account's row is unchanged.

What is remembered is a digest of the credential under a key of this process, never the password. Only failures count
against the limit on sign-ins, so a busy client is never locked out by its own calls.
"""

import hashlib
import hmac
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast

from flask import current_app, request
from werkzeug.datastructures import Authorization

from engine import identity, passwords
from engine.unit_of_work import UnitOfWork
from web import sessions
from web.access import NOBODY, engine, host_of
from web.rest.refusals import RestRefusal

REMEMBERED = timedelta(minutes=5)
MOST = 10_000
ROOM = "fuwuflow.credentials"


@dataclass(frozen=True, slots=True)
class Known:
    """A credential that was verified: whose, at which revision of the account, and until when that holds."""

    user: str
    revision: int
    until: datetime


@dataclass(slots=True)
class Credentials:
    """The verified credentials of this process, by keyed digest."""

    key: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    known: dict[bytes, Known] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def find(self, digest: bytes, now: datetime) -> Known | None:
        """What is remembered under a digest, unless it is too old."""
        found = self.known.get(digest)
        return found if found is not None and found.until > now else None

    def keep(self, digest: bytes, known: Known, now: datetime) -> None:
        """Remember; what is too old makes room, and if that is not enough everything does."""
        with self.lock:
            if len(self.known) >= MOST:
                self.known = {key: each for key, each in self.known.items() if each.until > now}
            if len(self.known) >= MOST:
                self.known = {}
            self.known[digest] = known

    def forget(self, digest: bytes) -> None:
        """Forget one."""
        self.known.pop(digest, None)

    def digest(self, user: str, password: str) -> bytes:
        """The keyed digest of a credential."""
        return hmac.digest(self.key, f"{len(user)}:{user}:{password}".encode(), hashlib.sha256)


@contextmanager
def unit_of_work(*, writes: bool) -> Iterator[UnitOfWork]:
    """A unit of work for whoever calls. Refused with 401 for a wrong credential, 403 if another site's page sends it."""
    _check_origin()
    begin = engine().transaction if writes else engine().reading
    for _ in range(2):  # the account may have changed since its credential was remembered: look at it once more
        digest, known = _known()
        with begin(NOBODY) as uow:
            found = identity.account(uow, known.user)
            if found is not None and found[1] == known.revision:
                uow.actor = found[0]
                yield uow
                return
        credentials().forget(digest)
    raise RestRefusal(401, "The account changed; try again", "AuthenticationException")


def credentials() -> Credentials:
    """The verified credentials of this application."""
    return cast("Credentials", current_app.extensions[ROOM])


def _known() -> tuple[bytes, Known]:
    given = _given()
    if given is None or given.type != "basic" or given.username is None or given.password is None or "\0" in given.username:
        raise RestRefusal(401, "Name and password are needed (HTTP Basic)", "AuthenticationException")
    digest, now = credentials().digest(given.username, given.password), engine().clock()
    known = credentials().find(digest, now)
    if known is None:
        known = Known(given.username, _verified(given.username, given.password), now + REMEMBERED)
        credentials().keep(digest, known, now)
    return digest, known


def _given() -> Authorization | None:
    """What the header says; None for none, and for letters that no header has."""
    try:
        return request.authorization
    except ValueError:
        return None


def _verified(user: str, password: str) -> int:
    """The revision of the account whose password this is; a failure is counted."""
    address = request.remote_addr or ""
    with engine().reading(NOBODY) as uow:
        if sessions.has_failed_too_often(uow, user, address):
            raise RestRefusal(429, "Too many failed sign-ins. Try again in 5 minutes.", "AuthenticationException")
        account = identity.account(uow, user)  # before the hash: a password changed in between must not keep the old one's rights
        stored = passwords.password_hash(uow, user)
    if passwords.verify_password(stored, password) and account is not None:
        return account[1]
    with engine().transaction(NOBODY) as uow:
        sessions.record_failure(uow, user, address)
    raise RestRefusal(401, "The user name or the password is wrong", "AuthenticationException")


def _check_origin() -> None:
    origin = request.headers.get("Origin")
    if origin is not None and host_of(origin) != request.host:
        raise RestRefusal(403, "The request came from another site; nothing was done", "AuthorizationException")
