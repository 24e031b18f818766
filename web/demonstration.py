"""The demonstration company: its schema, people, calendar, catalogue and diagrams in an empty database."""

import json
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from engine import calendars, deployments, identity, migrate, passwords
from engine.organization import seed as seed_organization
from engine.unit_of_work import SYSTEM, ProcessEngine
from handlers import migrations, seed

PASSWORD = "fuwuflow"  # noqa: S105  # the published password of the demonstration users; DEMO_PASSWORD replaces it
YEARS = 2  # the calendar knows last year and so many to come


def prepare(engine: ProcessEngine, password: str | None = PASSWORD, *, today: date | None = None) -> None:
    """Migrate; fill an empty database with the company and its diagrams. Its demonstration users get `password`.

    Without a password only offices, groups, calendar, catalogue and diagrams come; users are made by `create-user`.
    The catalogue's machines are as old as they should be on `today`, which is the engine's unless given.
    """
    migrate.upgrade(engine.database, [migrations.VERSIONS])
    with engine.reading(SYSTEM) as uow:
        is_empty = not identity.groups(uow)
    if not is_empty:
        return
    hashed = passwords.hash_password(password) if password else ""
    people: dict[str, Any] = {} if password else {"users": []}
    with engine.transaction(SYSTEM) as uow:
        seed_organization(uow, {**organization(engine), **people}, hashed)
        calendars.seed(uow, uow.now.year - 1, uow.now.year + YEARS)
        seed.seed(uow, today)
        deployments.deploy(uow, deployments.folder_files(Path(engine.settings.diagram_folder)), name="demonstration")


def organization(engine: ProcessEngine) -> Mapping[str, Any]:
    """What `organization.json` of the diagram folder says."""
    found: dict[str, Any] = json.loads((Path(engine.settings.diagram_folder) / "organization.json").read_text("utf-8"))
    return found


def replace_published_password(engine: ProcessEngine, password: str) -> None:
    """Whoever still has the published password gets `password`, so that an open server never answers to the published one."""
    with engine.reading(SYSTEM) as uow:
        rows = identity.users(uow)
    published = _with_password(rows, PASSWORD)
    if password == PASSWORD or not published:
        return
    hashed = passwords.hash_password(password)
    with engine.transaction(SYSTEM) as uow:
        for row in published:
            passwords.set_password(uow, row.id, hashed)


def users_with(engine: ProcessEngine, password: str) -> list[sa.Row[Any]]:
    """The active users who can sign in with `password`."""
    with engine.reading(SYSTEM) as uow:
        return _with_password([row for row in identity.users(uow) if row.is_active], password)


def _with_password(rows: Iterable[sa.Row[Any]], password: str) -> list[sa.Row[Any]]:
    """Demonstration users share one hash, so that one look decides for all of them."""
    found = list(rows)
    fits = {stored: passwords.verify_password(stored, password) for stored in {row.password_hash for row in found}}
    return [row for row in found if fits[row.password_hash]]
