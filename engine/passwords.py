"""Passwords, as argon2id hashes; hashing and checking take 0.1 s of processor, so they stay outside transactions."""

from functools import cache

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from engine.errors import NotFound
from engine.tables import user_account
from engine.unit_of_work import UnitOfWork

PASSWORDS = PasswordHasher()  # argon2id, RFC 9106's second recommendation: 64 MiB, 3 passes


def hash_password(password: str) -> str:
    """An argon2id hash. Takes 0.1 s of processor: call it before a transaction begins."""
    return PASSWORDS.hash(password)


def verify_password(stored: str | None, password: str) -> bool:
    """Whether `password` is the one behind `stored`; who has none takes as long as a wrong one."""
    try:
        return PASSWORDS.verify(stored or _nobodys_hash(), password) and bool(stored)
    except (VerificationError, InvalidHashError):
        return False


def password_hash(uow: UnitOfWork, user_id: str) -> str | None:
    """The stored hash of an active user, or None."""
    found: str | None = uow.scalar(
        sa.select(user_account.c.password_hash).where(user_account.c.id == user_id, user_account.c.is_active))
    return found


def set_password(uow: UnitOfWork, user_id: str, hashed: str) -> None:
    """Replace a user's password hash; a credential remembered under the old revision ends."""
    changed = uow.execute(sa.update(user_account).where(user_account.c.id == user_id).values(
        password_hash=hashed, revision=user_account.c.revision + 1))
    if not changed.rowcount:
        raise NotFound(kind="user", id=user_id)


@cache
def _nobodys_hash() -> str:
    return PASSWORDS.hash("")
