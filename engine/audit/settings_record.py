"""The process's settings on the record: an event of the chain `organization` when they are not those of the last start."""

import dataclasses
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa

from engine import canonical, history
from engine.settings import Settings
from engine.tables import history_body, history_event
from engine.unit_of_work import SYSTEM, ProcessEngine, UnitOfWork

SECRET = frozenset({"demo_password", "document_store_key", "document_store_secret"})
ADDRESSES = frozenset({"database_url", "smtp_url"})  # of which name and password are left out


def at_start(engine: ProcessEngine) -> bool:
    """Record the settings if they differ from those recorded last; says whether they did."""
    told = _told(engine.settings)
    with engine.transaction(SYSTEM) as uow:
        history.lock_changes(uow)
        before = _last(uow)
        if before == told:
            return False
        history.record_change(uow, "change_settings", subject="settings", before=before, after=told)
    return True


def _last(uow: UnitOfWork) -> dict[str, Any] | None:
    same = sa.and_(history_body.c.instance_id == history_event.c.instance_id, history_body.c.seq == history_event.c.seq)
    body = uow.scalar(sa.select(history_body.c.body).join(history_event, same).where(
        history_event.c.instance_id == history.ORGANIZATION, history_event.c.command == "change_settings").order_by(
        history_event.c.seq.desc()).limit(1))
    return canonical.loads(bytes(body))["after"] if body is not None else None


def _told(settings: Settings) -> dict[str, Any]:
    return {name: _without_credentials(value) if name in ADDRESSES else value
            for name, value in dataclasses.asdict(settings).items() if name not in SECRET}


def _without_credentials(address: str) -> str:
    parts = urlsplit(address)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()
