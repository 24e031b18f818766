"""Server-side sessions and the count of failed sign-ins: the only statements on `web_session` and `sign_in_failure`."""

import hashlib
import secrets
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from engine import history
from engine.tables import UtcDateTime, sign_in_failure, user_account, web_session
from engine.unit_of_work import UnitOfWork

IDLE = timedelta(hours=12)
TOUCH = timedelta(minutes=5)
WINDOW = timedelta(minutes=5)
FAILURES = 10
# A whole office stands behind one address: its typing errors must not lock it out, a guesser of many names must be stopped.
FAILURES_OF_ADDRESS = 100
_FIND = sa.select(
    web_session.c.user_id, web_session.c.csrf, web_session.c.touched_at, user_account.c.name, user_account.c.name_en,
    user_account.c.language,
).join(user_account, user_account.c.id == web_session.c.user_id).where(
    web_session.c.token_hash == sa.bindparam("token"), user_account.c.is_active,
    web_session.c.touched_at >= sa.bindparam("least", type_=UtcDateTime()))


def begin(uow: UnitOfWork, user_id: str) -> tuple[str, str]:
    """Open a session and give its token (128 random bits) and CSRF token; the database keeps only the first one's hash."""
    token, csrf = secrets.token_urlsafe(16), secrets.token_urlsafe(16)
    uow.execute(sa.delete(web_session).where(web_session.c.touched_at < uow.now - IDLE))
    uow.execute(sa.insert(web_session).values(
        token_hash=digest(token), user_id=user_id, csrf=csrf, created_at=uow.now, touched_at=uow.now))
    return token, csrf


def find(uow: UnitOfWork, token: str) -> sa.Row[Any] | None:
    """The session of a token and its user's `name`, `name_en` and `language`; None if there is none or it idled too long."""
    return uow.row(_FIND, token=digest(token), least=uow.now - IDLE)


def touch(uow: UnitOfWork, token: str) -> None:
    """Say that the session is in use."""
    uow.execute(sa.update(web_session).where(web_session.c.token_hash == digest(token)).values(touched_at=uow.now))


def end(uow: UnitOfWork, token: str) -> None:
    """Close the session: a copy of its cookie is worth nothing from here on."""
    uow.execute(sa.delete(web_session).where(web_session.c.token_hash == digest(token)))


def end_others(uow: UnitOfWork, token: str) -> None:
    """Close every session of the acting user but the one of `token`."""
    uow.execute(sa.delete(web_session).where(web_session.c.user_id == uow.actor.id, web_session.c.token_hash != digest(token)))


def digest(token: str) -> str:
    """What the database keeps of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def set_language(uow: UnitOfWork, language: str) -> None:
    """Keep the acting user's language."""
    uow.execute(sa.update(user_account).where(user_account.c.id == uow.actor.id).values(language=language))


def has_failed_too_often(uow: UnitOfWork, user: str, address: str) -> bool:
    """Whether this user from this address, or this address with any name, has used up its failures of the last 5 minutes."""
    return _failures(uow, _of_user(user, address)) >= FAILURES or _failures(uow, _of_address(address)) >= FAILURES_OF_ADDRESS


def record_failure(uow: UnitOfWork, user: str, address: str) -> None:
    """Count one failed sign-in, on the record once they are too many; failures older than the window are dropped."""
    uow.execute(sa.delete(sign_in_failure).where(sign_in_failure.c.at < uow.now - WINDOW))
    for subject in (_of_user(user, address), _of_address(address)):
        uow.execute(sa.insert(sign_in_failure).values(subject=subject, at=uow.now, n=secrets.randbits(31)))
    for subject, most in ((_of_user(user, address), FAILURES), (_of_address(address), FAILURES_OF_ADDRESS)):
        if _failures(uow, subject) == most:
            history.record_change(uow, "limit_sign_in", subject=subject, before=None, after={"failures": most})


def _failures(uow: UnitOfWork, subject: str) -> int:
    recent = (sign_in_failure.c.subject == subject, sign_in_failure.c.at >= uow.now - WINDOW)
    return int(uow.scalar(sa.select(sa.func.count()).select_from(sign_in_failure).where(*recent)) or 0)


def _of_user(user: str, address: str) -> str:
    return f"user:{user[:200]}@{address}"


def _of_address(address: str) -> str:
    return f"address:{address}"


def end_all(uow: UnitOfWork, user_id: str) -> None:
    """Close every session of a user."""
    uow.execute(sa.delete(web_session).where(web_session.c.user_id == user_id))
