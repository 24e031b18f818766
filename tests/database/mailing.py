"""People with an address and a choice of what is mailed, and the mails with when they go."""

from datetime import datetime

import sqlalchemy as sa

from engine import calendars, notices, settings_of_people
from engine.tables import job, mail, user_account
from engine.unit_of_work import SYSTEM
from tests.small_company import Small


def working(small: Small) -> None:
    """Give the company the working calendar."""
    with small.engine.transaction(SYSTEM) as uow:
        calendars.seed(uow, 2026, 2026)


def wants(small: Small, who: str, *, language: str = "en", digest: bool = False, **kinds: str) -> None:
    """An address, a language, and what is mailed: kind → now | digest."""
    with small.engine.transaction(SYSTEM) as uow:
        uow.execute(sa.update(user_account).where(user_account.c.id == who).values(
            email=f"{who}@fuwuflow.example", language=language))
    small.do(who, settings_of_people.choose, notices.MAILED, kinds)
    small.do(who, settings_of_people.choose, notices.DIGEST, digest)


def mails(small: Small) -> list[tuple[str, str, datetime]]:
    """Recipient without its domain, subject, and when it goes."""
    query = sa.select(mail.c.recipient, mail.c.subject, job.c.due_at).join(job, job.c.id == mail.c.id)
    return [(to.split("@")[0], subject, at) for to, subject, at in small.rows(query.order_by(job.c.due_at, mail.c.recipient))]


def bodies(small: Small) -> list[str]:
    """The texts."""
    return [row.body for row in small.rows(sa.select(mail.c.body).order_by(mail.c.id))]
