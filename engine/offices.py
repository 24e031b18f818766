"""What administrators change of candidate groups and offices; each change is on the record."""

from typing import Any

import sqlalchemy as sa

from engine import history, organization
from engine.errors import Conflict, InvalidValue, NotFound
from engine.identity import USER_ID
from engine.tables import candidate_group, office, process_instance
from engine.unit_of_work import UnitOfWork

NAME = 100


def create_group(uow: UnitOfWork, group: str, *, name: str, name_en: str, by_office: bool, leads: bool,
                 models: bool = False, approves: bool = False, audits: bool = False) -> None:
    """Add a candidate group. Whether it acts within an office never changes after that: open tasks are kept by it."""
    organization.begin(uow)
    row = {**_names(name, name_en), "by_office": by_office, "leads": leads, "models": models,
           "approves": approves, "audits": audits}
    _add(uow, candidate_group, "group", group, row)


def change_group(uow: UnitOfWork, group: str, *, name: str, name_en: str, leads: bool, models: bool = False,
                 approves: bool = False, audits: bool = False) -> bool:
    """Rename a group, or say whether its members lead, model, approve or audit; says whether anything was different."""
    organization.begin(uow)
    return _change(uow, candidate_group, "group", group,
                   {**_names(name, name_en), "leads": leads, "models": models, "approves": approves, "audits": audits})


def create_office(uow: UnitOfWork, place: str, *, name: str, name_en: str, region: str) -> None:
    """Add an office."""
    organization.begin(uow)
    _add(uow, office, "office", place, {**_names(name, name_en), "region": _line("region", region), "is_active": True})


def change_office(uow: UnitOfWork, place: str, *, name: str, name_en: str, region: str, is_active: bool) -> bool:
    """Rename an office, close it or open it again; `Conflict` with their number while cases are open there."""
    organization.begin(uow)
    if not is_active and (left := open_cases(uow, place)):
        raise Conflict("office_has_cases", office=place, n=left)
    if not is_active and place == uow.engine.settings.head_office:
        raise Conflict("head_office", office=place)
    return _change(uow, office, "office", place,
                   {**_names(name, name_en), "region": _line("region", region), "is_active": is_active})


def open_cases(uow: UnitOfWork, place: str) -> int:
    """How many cases of an office have not ended."""
    count = sa.select(sa.func.count()).select_from(process_instance)
    return int(uow.scalar(count.where(process_instance.c.office == place, process_instance.c.ended_at.is_(None))) or 0)


def _add(uow: UnitOfWork, table: sa.Table, kind: str, key: str, values: dict[str, Any]) -> None:
    if not USER_ID.fullmatch(key):
        raise InvalidValue("key", field="id", value=key)
    if not uow.add_once(table, id=key, **values):
        raise Conflict("key_exists", id=key)
    history.record_change(uow, f"create_{kind}", subject=f"{kind}:{key}", before=None, after=values)


def _change(uow: UnitOfWork, table: sa.Table, kind: str, key: str, values: dict[str, Any]) -> bool:
    row = uow.row(sa.select(table).where(table.c.id == key))
    if row is None:
        raise NotFound(kind=kind, id=key)
    before = {name: getattr(row, name) for name in values}
    before |= {"region": before["region"] or ""} if "region" in before else {}
    if before == values:
        return False
    uow.execute(sa.update(table).where(table.c.id == key).values(values))
    history.record_change(uow, f"change_{kind}", subject=f"{kind}:{key}", before=before, after=values)
    return True


def _names(name: str, name_en: str) -> dict[str, str]:
    return {"name": _line("name", name, is_required=True), "name_en": _line("name_en", name_en, is_required=True)}


def _line(field: str, text: str, *, is_required: bool = False) -> str:
    found = text.strip()
    if is_required and not found:
        raise InvalidValue("name_missing", field=field, value="")
    if len(found) > NAME or not found.isprintable():
        raise InvalidValue("text_unusable", field=field, value=found[:40], limit=NAME)
    return found
