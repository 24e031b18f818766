"""Offices and candidate groups: who belongs where, names, which groups lead, opening and closing an office."""

from collections.abc import Callable

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from engine import directory, offices
from engine.errors import EngineError
from engine.unit_of_work import UnitOfWork
from web.access import needs, unit_of_work
from web.admin.room import field, pages, show, status


@pages.get("/offices")
@needs("admin")
def office_page() -> str:
    """All offices with their open cases and people."""
    return _offices()


@pages.post("/offices")
@needs("admin")
def add_office() -> Response | tuple[str, int]:
    """Add an office."""
    return _do("admin.office_page", _offices, lambda uow: offices.create_office(
        uow, field("id"), name=field("name"), name_en=field("name_en"), region=field("region")))


@pages.post("/offices/<place>")
@needs("admin")
def change_office(place: str) -> Response | tuple[str, int]:
    """Rename an office, close it or open it again."""
    return _do("admin.office_page", _offices, lambda uow: offices.change_office(
        uow, place, name=field("name"), name_en=field("name_en"), region=field("region"), is_active="is_active" in request.form))


@pages.get("/groups")
@needs("admin")
def group_page() -> str:
    """All candidate groups with their members by office."""
    return _groups()


@pages.post("/groups")
@needs("admin")
def add_group() -> Response | tuple[str, int]:
    """Add a candidate group."""
    return _do("admin.group_page", _groups, lambda uow: offices.create_group(
        uow, field("id"), name=field("name"), name_en=field("name_en"), by_office=field("by_office") == "yes",
        **_flags()))


@pages.post("/groups/<group>")
@needs("admin")
def change_group(group: str) -> Response | tuple[str, int]:
    """Rename a group, or say whether its members lead, model, approve or audit."""
    return _do("admin.group_page", _groups, lambda uow: offices.change_group(
        uow, group, name=field("name"), name_en=field("name_en"), **_flags()))


def _flags() -> dict[str, bool]:
    return {flag: flag in request.form for flag in ("leads", "models", "approves", "audits")}


def _do(endpoint: str, page: Callable[[EngineError], str], verb: Callable[[UnitOfWork], object]) -> Response | tuple[str, int]:
    try:
        with unit_of_work(writes=True) as uow:
            verb(uow)
    except EngineError as error:
        return page(error), status(error)
    return redirect(url_for(endpoint, done="yes"))


def _offices(error: EngineError | None = None) -> str:
    with unit_of_work(writes=False) as uow:
        return show(uow, "offices", "offices", error, rows=directory.offices(uow))


def _groups(error: EngineError | None = None) -> str:
    with unit_of_work(writes=False) as uow:
        return show(uow, "groups", "groups", error, rows=directory.groups(uow), members=directory.members(uow),
                    offices={row.id: row for row in directory.offices(uow)})
