"""What administrators change of users: accounts, memberships, passwords, closing and opening again.

Every verb takes the lock of the chain `organization` first: two administrators cannot take each other's right at once. The
caller ends the sessions of a user whose password changes or whose account closes.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import sqlalchemy as sa

from engine import history, identity, passwords
from engine.errors import AlreadyChanged, Conflict, Forbidden, InvalidValue, NotFound
from engine.tables import candidate_group, history_event, membership, office, task, user_account
from engine.unit_of_work import UnitOfWork

LANGUAGES = ("zh", "en")
LONGEST = 200
Memberships = frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Profile:
    """What an administrator says of a user; a membership is `(group, office)`, office "" for a central group."""

    name: str
    name_en: str = ""
    email: str = ""
    language: str = "zh"
    is_admin: bool = False
    sees_all: bool = False
    acts_everywhere: bool = False
    memberships: Memberships = frozenset()

    def as_json(self) -> dict[str, Any]:
        """For the record: memberships as `group@office`, in order."""
        return asdict(self) | {"memberships": sorted(f"{group}@{place}".rstrip("@") for group, place in self.memberships)}


def profile(uow: UnitOfWork, row: sa.Row[Any]) -> Profile:
    """The profile of a row of `user_account`."""
    held = uow.rows(sa.select(membership.c.group_id, membership.c.office).where(membership.c.user_id == row.id))
    return Profile(row.name, row.name_en, row.email, row.language, row.is_admin, row.sees_all, row.acts_everywhere,
                   frozenset((each.group_id, each.office) for each in held))


def create_user(uow: UnitOfWork, user_id: str, wanted: Profile, *, hashed: str) -> None:
    """Add a user; `hashed` comes from `passwords.hash_password`, made before the transaction."""
    begin(uow)
    wanted = checked(uow, wanted)
    flags = {name: getattr(wanted, name) for name in identity.FLAGS}
    identity.create_user(uow, user_id, name=wanted.name, name_en=wanted.name_en, email=wanted.email, hashed=hashed,
                         memberships=sorted(wanted.memberships), language=wanted.language, **flags)
    history.record_change(uow, "create_user", subject=f"user:{user_id}", before=None, after=wanted.as_json())


def change_user(uow: UnitOfWork, user_id: str, wanted: Profile, *, revision: int | None, reason: str = "") -> bool:
    """Give a user another profile; says whether anything was different. `AlreadyChanged` if the page was stale."""
    begin(uow)
    row = fresh(uow, user_id, revision)
    before, wanted = profile(uow, row), checked(uow, wanted)
    if before == wanted:
        return False
    if before.is_admin and not wanted.is_admin:
        _keep_an_administrator(uow, row)
    columns = {name: value for name, value in asdict(wanted).items() if name != "memberships"}
    _set(uow, row, **columns)
    _set_memberships(uow, user_id, before.memberships, wanted.memberships)
    history.record_change(uow, "change_user", subject=f"user:{user_id}", before=before.as_json(), after=wanted.as_json(),
                          reason=reason)
    return True


def reset_password(uow: UnitOfWork, user_id: str, hashed: str) -> None:
    """Give a user another password; the record says that, not which."""
    begin(uow)
    passwords.set_password(uow, user_id, hashed)
    history.record_change(uow, "reset_password", subject=f"user:{user_id}", before=None, after=None)


def deactivate_user(uow: UnitOfWork, user_id: str, *, revision: int | None, reason: str) -> None:
    """Close an account: it cannot sign in any more. `Conflict` while open tasks are theirs: hand them over first."""
    begin(uow)
    row = must_be_closable(uow, user_id, revision=revision, reason=reason)
    if not row.is_active:
        return
    if left := open_task_count(uow, user_id):
        raise Conflict("user_has_tasks", user=user_id, n=left)
    _set(uow, row, is_active=False)
    history.record_change(uow, "deactivate_user", subject=f"user:{user_id}", before={"is_active": True},
                          after={"is_active": False}, reason=reason.strip())


def must_be_closable(uow: UnitOfWork, user_id: str, *, revision: int | None, reason: str) -> sa.Row[Any]:
    """Refuse what `deactivate_user` would, but for open tasks: asked before these are handed over. The user's row."""
    if not reason.strip():
        raise InvalidValue("reason_missing", field="reason", value="")
    row = fresh(uow, user_id, revision)
    if row.is_active:
        _keep_an_administrator(uow, row)
    return row


def activate_user(uow: UnitOfWork, user_id: str, *, revision: int | None) -> None:
    """Open a closed account again, with the memberships it had."""
    begin(uow)
    row = fresh(uow, user_id, revision)
    if row.is_active:
        return
    _set(uow, row, is_active=True)
    history.record_change(uow, "activate_user", subject=f"user:{user_id}", before={"is_active": False}, after={"is_active": True})


def open_tasks(uow: UnitOfWork, user_id: str, limit: int = 500) -> list[sa.Row[Any]]:
    """The open tasks that a user has, late first: rows of `task`."""
    mine = sa.select(task).where(task.c.assignee == user_id, task.c.state == "open")
    return uow.rows(mine.order_by(task.c.sort_due, task.c.id).limit(limit))


def open_task_count(uow: UnitOfWork, user_id: str) -> int:
    """How many open tasks a user has."""
    count = sa.select(sa.func.count()).select_from(task)
    return int(uow.scalar(count.where(task.c.assignee == user_id, task.c.state == "open")) or 0)


# ------------------------------------------------------------------ shared with offices and the import
def begin(uow: UnitOfWork) -> None:
    """Only administrators go on, one at a time."""
    if not identity.may_administer(uow.actor):
        raise Forbidden("may_not_administer")
    history.lock_changes(uow)


def fresh(uow: UnitOfWork, user_id: str, revision: int | None) -> sa.Row[Any]:
    """The user's row, if it is still what the page showed; else `AlreadyChanged` with who changed it and when."""
    row = identity.user(uow, user_id)
    if revision is not None and row.revision != revision:
        last = last_change(uow, f"user:{user_id}")
        raise AlreadyChanged("user_changed", who=last.actor if last else None, at=last.at if last else None, user=user_id)
    return row


def last_change(uow: UnitOfWork, subject: str) -> sa.Row[Any] | None:
    """The newest event on the record about a subject."""
    mine = (history_event.c.instance_id == history.ORGANIZATION, history_event.c.element == subject)
    return uow.row(sa.select(history_event).where(*mine).order_by(history_event.c.seq.desc()).limit(1))


def checked(uow: UnitOfWork, wanted: Profile) -> Profile:
    """The profile without blanks around, if every part can be used; `InvalidValue` or `NotFound` names the one that cannot."""
    name, name_en, email = wanted.name.strip(), wanted.name_en.strip(), wanted.email.strip()
    if not name:
        raise InvalidValue("name_missing", field="name", value="")
    for field, value in (("name", name), ("name_en", name_en), ("email", email)):
        if len(value) > LONGEST or not value.isprintable():
            raise InvalidValue("text_unusable", field=field, value=value[:40], limit=LONGEST)
    if email and not is_address(email):
        raise InvalidValue("email", field="email", value=email)
    if wanted.language not in LANGUAGES:
        raise InvalidValue("language", field="language", value=wanted.language)
    for group, place in wanted.memberships:
        check_membership(uow, group, place)
    return replace(wanted, name=name, name_en=name_en or name, email=email)


def is_address(text: str) -> bool:
    """Whether a text can be a mail address: one @ between two parts, the second with a dot, no blanks."""
    local, mark, host = text.partition("@")
    has_parts = bool(local and mark and "." in host.strip(".") and "@" not in host)
    return has_parts and not any(letter.isspace() or letter in "<>,;" for letter in text)


def check_membership(uow: UnitOfWork, group: str, place: str) -> None:
    """Refuse a membership that makes no sense: unknown group or office, an office for a central group, none for another."""
    row = uow.row(sa.select(candidate_group).where(candidate_group.c.id == group))
    if row is None:
        raise InvalidValue("no_such_group", field="memberships", value=group)
    if not row.by_office:
        if place:
            raise InvalidValue("group_is_central", field="memberships", value=place, group=group)
        return
    if not place:
        raise InvalidValue("group_needs_office", field="memberships", value="", group=group)
    if uow.row(sa.select(office.c.id).where(office.c.id == place)) is None:
        raise InvalidValue("no_such_office", field="memberships", value=place)


def _keep_an_administrator(uow: UnitOfWork, row: sa.Row[Any]) -> None:
    """An administrator keeps the own right, and the last one stays."""
    if row.id == uow.actor.id:
        raise Conflict("own_account", user=row.id)
    others = sa.select(user_account.c.id).where(user_account.c.is_admin, user_account.c.is_active, user_account.c.id != row.id)
    if row.is_admin and uow.row(others.limit(1)) is None:
        raise Conflict("last_administrator", user=row.id)


def _set(uow: UnitOfWork, row: sa.Row[Any], **columns: Any) -> None:
    mine = (user_account.c.id == row.id, user_account.c.revision == row.revision)
    if not uow.execute(sa.update(user_account).where(*mine).values(revision=row.revision + 1, **columns)).rowcount:
        raise NotFound(kind="user", id=row.id)  # the lock makes this impossible


def _set_memberships(uow: UnitOfWork, user_id: str, before: Memberships, after: Memberships) -> None:
    for group, place in before - after:
        uow.execute(sa.delete(membership).where(
            membership.c.user_id == user_id, membership.c.group_id == group, membership.c.office == place))
    added = [{"user_id": user_id, "group_id": group, "office": place} for group, place in sorted(after - before)]
    if added:
        uow.execute(sa.insert(membership), added)


# ------------------------------------------------------------------ the first ones
def seed(uow: UnitOfWork, organization: Mapping[str, Any], hashed: str) -> None:
    """Add the offices, groups and users of `organization.json` that are not there yet; users get the password behind `hashed`."""
    for table, rows in ((office, organization["offices"]), (candidate_group, organization["groups"])):
        there = {found.id for found in uow.rows(sa.select(table.c.id))}
        missing = [row for row in rows if row["id"] not in there]
        if missing:
            names = table.columns.keys()
            uow.execute(sa.insert(table), [{name: row.get(name, name == "is_active") for name in names} for row in missing])
    there = {found.id for found in identity.users(uow)}
    for row in organization["users"]:
        if row["id"] not in there:
            held = [(each["group"], each.get("office", "")) for each in row["memberships"]]
            identity.create_user(uow, row["id"], name=row["name"], name_en=row.get("name_en", ""), email=row.get("email", ""),
                                 hashed=hashed, memberships=held, **{flag: row.get(flag, False) for flag in identity.FLAGS})
