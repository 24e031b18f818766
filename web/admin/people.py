"""Users: find, add, change, a new password, close and open again."""

import secrets
from dataclasses import replace

from flask import g, redirect, request, url_for
from werkzeug.wrappers import Response

from engine import directory, identity, organization, passwords, tasks
from engine.errors import EngineError
from engine.organization import Profile
from engine.unit_of_work import UnitOfWork
from web import errors, sessions
from web.access import needs, unit_of_work
from web.admin.room import field, names, pages, places, show, status
from web.layout import words

LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is read as another
Told = tuple[str, str, str]
"""A task's case number, its name, and why it could not be handed over."""


@pages.get("/people")
@needs("admin")
def people() -> str:
    """Users by page: search, office, group, closed accounts."""
    asked = {name: request.args.get(name, "") for name in ("search", "office", "group", "after")}
    is_active = request.args.get("state") != "closed"
    with unit_of_work(writes=False) as uow:
        page = directory.people(uow, search=asked["search"], place=asked["office"], group=asked["group"], is_active=is_active,
                                after=asked["after"])
        return show(uow, "people", "people", page=page, asked=asked, is_active=is_active, offices=places(uow),
                    groups=names(identity.groups(uow)))


@pages.get("/people/new")
@needs("admin")
def new_person() -> str:
    """An empty form for a new user."""
    with unit_of_work(writes=False) as uow:
        return _form(uow, None, Profile(name=""))


@pages.post("/people/new")
@needs("admin")
def add_person() -> str | tuple[str, int]:
    """Add a user with a password that is shown once."""
    user_id, wanted, password = field("user"), _wanted(), new_password()
    hashed = passwords.hash_password(password)
    try:
        with unit_of_work(writes=True) as uow:
            organization.create_user(uow, user_id, wanted, hashed=hashed)
    except EngineError as error:
        with unit_of_work(writes=False) as uow:
            return _form(uow, None, wanted, error=error, typed_id=user_id), status(error)
    return _password_page(user_id, password, is_new=True)


@pages.get("/people/<user_id>")
@needs("admin")
def person(user_id: str) -> str:
    """A user: profile, password, open tasks, closing."""
    with unit_of_work(writes=False) as uow:
        return _form(uow, user_id)


@pages.post("/people/<user_id>")
@needs("admin")
def change_person(user_id: str) -> Response | tuple[str, int]:
    """Give a user another profile."""
    wanted = _wanted()
    try:
        with unit_of_work(writes=True) as uow:
            organization.change_user(uow, user_id, wanted, revision=_revision(), reason=field("reason"))
    except EngineError as error:
        with unit_of_work(writes=False) as uow:
            return _form(uow, user_id, wanted, error=error), status(error)
    return redirect(url_for("admin.person", user_id=user_id, done="changed"))


@pages.post("/people/<user_id>/password")
@needs("admin")
def reset_password(user_id: str) -> str:
    """Give a user another password, shown once; their sessions end."""
    password = new_password()
    hashed = passwords.hash_password(password)
    with unit_of_work(writes=True) as uow:
        organization.reset_password(uow, user_id, hashed)
        sessions.end_all(uow, user_id)
    return _password_page(user_id, password, is_new=False)


@pages.post("/people/<user_id>/deactivate")
@needs("admin")
def deactivate(user_id: str) -> Response | tuple[str, int]:
    """Hand over the user's open tasks, each in its own transaction, then close the account and end its sessions."""
    left: list[Told] = []
    try:
        with unit_of_work(writes=False) as uow:
            organization.must_be_closable(uow, user_id, revision=_revision(), reason=field("reason"))
        left = hand_over(user_id, field("to")) if field("handing") else []
        with unit_of_work(writes=True) as uow:
            organization.deactivate_user(uow, user_id, revision=_revision(), reason=field("reason"))
            sessions.end_all(uow, user_id)
    except EngineError as error:
        with unit_of_work(writes=False) as uow:
            return _form(uow, user_id, error=error, left=left), status(error)
    return redirect(url_for("admin.person", user_id=user_id, done="deactivated"))


@pages.post("/people/<user_id>/activate")
@needs("admin")
def activate(user_id: str) -> Response | tuple[str, int]:
    """Open a closed account again."""
    try:
        with unit_of_work(writes=True) as uow:
            organization.activate_user(uow, user_id, revision=_revision())
    except EngineError as error:
        with unit_of_work(writes=False) as uow:
            return _form(uow, user_id, error=error), status(error)
    return redirect(url_for("admin.person", user_id=user_id, done="activated"))


def hand_over(user_id: str, to: str) -> list[Told]:
    """Release the open tasks of a user, or give them to the user `to`; says which stayed and why."""
    with unit_of_work(writes=False) as uow:
        rows = organization.open_tasks(uow, user_id)
    left: list[Told] = []
    for row in rows:
        try:
            with unit_of_work(writes=True) as uow:
                if to:
                    tasks.assign(uow, row.id, assignee=to, revision=row.revision)
                else:
                    tasks.release(uow, row.id, revision=row.revision)
        except EngineError as error:
            left.append((row.business_key, words.in_words(row), errors.sentence(error, words.language())))
    return left


def new_password() -> str:
    """A password of 14 letters and digits (70 bits) in groups that can be read out."""
    letters = "".join(secrets.choice(LETTERS) for _letter in range(14))
    return "-".join((letters[:5], letters[5:9], letters[9:]))


def _wanted() -> Profile:
    held = (each.partition("@") for each in request.form.getlist("memberships"))
    flags = {flag: flag in request.form for flag in identity.FLAGS}
    return Profile(field("name"), field("name_en"), field("email"), request.form.get("language", "zh"),
                   memberships=frozenset((group, place) for group, _mark, place in held), **flags)


def _revision() -> int | None:
    return request.form.get("revision", type=int)


def _password_page(user_id: str, password: str, *, is_new: bool) -> str:
    with unit_of_work(writes=False) as uow:
        return show(uow, "password", "people", row=identity.user(uow, user_id), password=password, is_new=is_new)


def _form(uow: UnitOfWork, user_id: str | None, wanted: Profile | None = None, *, error: EngineError | None = None,
          left: list[Told] | None = None, typed_id: str = "") -> str:
    row = identity.user(uow, user_id) if user_id else None
    shown = wanted or (organization.profile(uow, row) if row is not None else Profile(name=""))
    if user_id == g.actor.id:
        shown = replace(shown, is_admin=True)
    open_tasks = organization.open_task_count(uow, user_id) if user_id else 0
    others = [each for each in identity.users(uow) if each.is_active and each.id != user_id] if open_tasks else []
    return show(uow, "person", "people", error, row=row, shown=shown, groups=identity.groups(uow),
                offices=[each for each in identity.offices(uow) if each.is_active or _is_held(shown, each.id)],
                open_tasks=open_tasks, others=others, left=left or [], typed_id=typed_id)


def _is_held(shown: Profile, place: str) -> bool:
    return any(held == place for _group, held in shown.memberships)
