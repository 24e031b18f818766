"""Drafts of definitions: files that several people change by turns; each save is kept, so that all can be undone.

A file has a revision: who saves names the one that they began with, and the loser of a race is told who was quicker. What was
submitted is frozen until it is rejected or taken back. Saves are not on the record, what is made of them is (`approvals`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from engine import bundles, canonical, deployments, history, identity, ids
from engine.diagram.check import File
from engine.diagram.deployment import Deployment
from engine.errors import AlreadyChanged, Conflict, Forbidden, InvalidValue, NotFound
from engine.modeling import opening, saves
from engine.tables import definition, model_author, model_draft, model_file, model_save, model_session
from engine.unit_of_work import UnitOfWork

MOST_FILES = 60
LONGEST_TITLE = 200
LONGEST_REASON = 4_000
PRESENT = timedelta(minutes=2)
"""Who touched a session within this is at the draft now."""
Row = sa.Row[Any]

_DRAFT = sa.select(model_draft).where(model_draft.c.id == sa.bindparam("draft"))
_LOCKED = _DRAFT.with_for_update()


@dataclass(frozen=True, slots=True)
class Other:
    """Somebody else who is at the draft now, and when they were last heard of."""

    user: str
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """A sitting of the actor at a draft."""

    id: str
    others: tuple[Other, ...]


# ------------------------------------------------------------------ read
def get(uow: UnitOfWork, draft_id: str) -> Row:
    """The row of a draft. `NotFound` if there is none."""
    row = uow.row(_DRAFT, draft=draft_id)
    if row is None:
        raise NotFound(kind="model_draft", id=draft_id)
    return row


def listing(uow: UnitOfWork, *statuses: str) -> list[Row]:
    """The drafts of these statuses, the last edited first."""
    return uow.rows(sa.select(model_draft).where(model_draft.c.status.in_(statuses)).order_by(
        model_draft.c.edited_at.desc(), model_draft.c.id))


def files(uow: UnitOfWork, draft_id: str) -> dict[str, Row]:
    """File name → row of `model_file` without `bytes`, with their number as `size`; by kind, then name."""
    order = {"process": 0, "form": 1, "decision": 2, "scenario": 3}
    rows = saves.listed(uow, draft_id)
    return {row.name: row for row in sorted(rows, key=lambda each: (order[each.kind], each.name))}


def content(uow: UnitOfWork, draft_id: str, name: str) -> bytes:
    """The bytes of a file. `NotFound` if there is none."""
    data = uow.scalar(sa.select(model_file.c.bytes).where(model_file.c.draft_id == draft_id, model_file.c.name == name))
    if data is None:
        raise NotFound(kind="model_file", id=name)
    return bytes(data)


def as_files(uow: UnitOfWork, draft_id: str) -> list[File]:
    """All files with their bytes, by name: what is checked, approved and deployed."""
    rows = uow.rows(sa.select(model_file.c.name, model_file.c.bytes).where(model_file.c.draft_id == draft_id))
    return sorted((File(row.name, bytes(row.bytes)) for row in rows), key=lambda each: each.name)


def changed(uow: UnitOfWork, draft: Row) -> dict[str, str]:
    """File name → `new` or `changed`, of the files that are not as in the version that they began with."""
    based_on = canonical.loads(draft.based_on)
    before = {row.id: row.sha256 for row in uow.rows(
        sa.select(definition.c.id, definition.c.sha256).where(definition.c.id.in_(based_on.values())))}
    return {name: "changed" if name in based_on else "new" for name, row in files(uow, draft.id).items()
            if before.get(based_on.get(name)) != row.sha256}


def authors(uow: UnitOfWork, draft_id: str) -> list[str]:
    """Everybody who made or saved any of it, by id."""
    return [row.user_id for row in uow.rows(sa.select(model_author.c.user_id).where(
        model_author.c.draft_id == draft_id).order_by(model_author.c.user_id))]


def present(uow: UnitOfWork, draft_id: str) -> list[Other]:
    """Who else is at the draft now, the last heard of first."""
    last = sa.func.max(model_session.c.seen_at).label("seen_at")
    rows = uow.rows(sa.select(model_session.c.user_id, last).where(
        model_session.c.draft_id == draft_id, model_session.c.seen_at > uow.now - PRESENT,
        model_session.c.user_id != uow.actor.id).group_by(model_session.c.user_id).order_by(last.desc()))
    return [Other(row.user_id, row.seen_at) for row in rows]


# ------------------------------------------------------------------ make
def create(uow: UnitOfWork, *, title: str, reason: str, definitions: Sequence[str] = (), files: Sequence[File] = ()) -> str:
    """A draft of the files of these definitions (each file once) and of `files`; returns its id.

    `Forbidden` for who may not model, `InvalidValue` for title, reason or a name, `DeploymentRefused` for what cannot be opened.
    """
    _must_model(uow)
    bases = [deployments.definition_row(uow, each) for each in definitions]
    given = {row.resource_name: File(row.resource_name, bundles.stored_bytes(uow, row.sha256)) for row in bases}
    given |= {file.name: opening.opened(file) for file in files}
    based_on = {each.resource_name: each for each in bases}
    based_on |= {name: base for name in sorted(given.keys() - based_on.keys()) if (base := _base(uow, given[name]))}
    if len(given) > MOST_FILES:
        raise Conflict("model_files", limit=MOST_FILES)
    draft_id, told = ids.new(uow.now), _words(title, reason)
    row = {**told, "id": draft_id, "status": "draft", "revision": 1,
           "based_on": canonical.dumps({name: base.id for name, base in based_on.items()}),
           "process_key": next((each.key for each in based_on.values() if each.kind == "process"), None),
           "created_by": uow.actor.id, "created_at": uow.now, "edited_by": uow.actor.id, "edited_at": uow.now}
    uow.execute(sa.insert(model_draft).values(**row))
    uow.add_once(model_author, draft_id=draft_id, user_id=uow.actor.id)
    for file in given.values():
        saves.store(uow, draft_id, file, session="")
    history.record_change(uow, "create_draft", subject=f"draft:{draft_id}", before=None, reason=told["reason"],
                          after={"title": told["title"], "files": saves.manifest(uow, draft_id), "based_on": list(definitions)})
    return draft_id


def describe(uow: UnitOfWork, draft_id: str, *, title: str, reason: str) -> None:
    """Change a draft's title and reason."""
    _editable(uow, draft_id)
    uow.execute(sa.update(model_draft).where(model_draft.c.id == draft_id).values(_words(title, reason)))
    _edited(uow, draft_id)


def include(uow: UnitOfWork, draft_id: str, definition_id: str) -> str:
    """Add the file of a definition to a draft that has none of its name; returns the name."""
    _editable(uow, draft_id)
    base = deployments.definition_row(uow, definition_id)
    _must_be_new(uow, draft_id, base.resource_name)
    saves.store(uow, draft_id, File(base.resource_name, bundles.stored_bytes(uow, base.sha256)), session="")
    _base_on(uow, draft_id, base.resource_name, base)
    _edited(uow, draft_id)
    return str(base.resource_name)


def save(uow: UnitOfWork, draft_id: str, name: str, data: bytes, *, revision: int | None, session: str = "") -> int:
    """Keep `data` as the file `name`; returns its revision, which stays where nothing is different.

    `revision` is the one that the actor began with, None for a new file. `AlreadyChanged("model_changed")` says who saved
    in between, and `DeploymentRefused` that it cannot be opened; then nothing is changed. The same content is no quarrel:
    whoever never got the reply to a save sends it again.
    """
    _editable(uow, draft_id)
    file = opening.opened(File(name, data))
    there = saves.current(uow, draft_id, name)
    if there is not None and revision is not None and there.sha256 == canonical.digest(file.data):
        return int(there.revision)
    there = _expected(uow, draft_id, name, revision)
    kept = saves.store(uow, draft_id, file, session=_mine(uow, draft_id, session))
    if there is None:
        _base_on(uow, draft_id, name, _base(uow, file))
    _edited(uow, draft_id)
    return kept


def remove(uow: UnitOfWork, draft_id: str, name: str, *, revision: int, session: str = "") -> None:
    """Take a file out of a draft; an undone session has it back."""
    _editable(uow, draft_id)
    _expected(uow, draft_id, name, revision)
    saves.drop(uow, draft_id, name, session=_mine(uow, draft_id, session))
    _edited(uow, draft_id)


# ------------------------------------------------------------------ sessions
def open_session(uow: UnitOfWork, draft_id: str) -> Session:
    """Begin a sitting: what stands now is what `undo_session` goes back to. `Conflict` when the draft is frozen."""
    _editable(uow, draft_id)
    session_id = ids.new(uow.now)
    uow.execute(sa.insert(model_session).values(
        id=session_id, draft_id=draft_id, user_id=uow.actor.id, opened_at=uow.now, seen_at=uow.now,
        manifest=canonical.dumps(saves.manifest(uow, draft_id))))
    return Session(session_id, tuple(present(uow, draft_id)))


def touch(uow: UnitOfWork, session: str) -> tuple[Other, ...]:
    """The actor is still there; gives who else is."""
    row = _session(uow, session)
    uow.execute(sa.update(model_session).where(model_session.c.id == session).values(seen_at=uow.now))
    return tuple(present(uow, row.draft_id))


def sessions(uow: UnitOfWork, draft_id: str) -> list[Row]:
    """The actor's sittings at a draft that saved something, the last first."""
    saved = sa.exists().where(model_save.c.draft_id == draft_id, model_save.c.session == model_session.c.id)
    return uow.rows(sa.select(model_session).where(
        model_session.c.draft_id == draft_id, model_session.c.user_id == uow.actor.id, saved).order_by(
        model_session.c.opened_at.desc(), model_session.c.id.desc()))


def undo_session(uow: UnitOfWork, session: str) -> list[str]:
    """Put every file that this sitting saved back to how it stood at its opening; returns their names.

    `AlreadyChanged("model_changed")` when somebody else saved one of them since: theirs is not thrown away.
    """
    row = _session(uow, session)
    _editable(uow, row.draft_id)
    begun: Mapping[str, str] = canonical.loads(row.manifest)
    now, undone = saves.manifest(uow, row.draft_id), []
    for name in saves.touched(uow, session):
        last = saves.last(uow, row.draft_id, name)
        if last is not None and last.session != session:
            raise AlreadyChanged("model_changed", who=last.saved_by, at=last.saved_at, what=name)
        if now.get(name) != begun.get(name):
            saves.go_back(uow, row.draft_id, name, begun.get(name), session=session)
            undone.append(name)
    if undone:
        _edited(uow, row.draft_id)
    return undone


def lock(uow: UnitOfWork, draft_id: str) -> Row:
    """The row of a draft, locked until the end: whoever changes it waits here."""
    row = uow.row(_LOCKED, draft=draft_id)
    if row is None:
        raise NotFound(kind="model_draft", id=draft_id)
    return row


# ------------------------------------------------------------------ inside
def _must_model(uow: UnitOfWork) -> None:
    if not identity.may_model(uow.actor):
        raise Forbidden("may_not_model")


def _editable(uow: UnitOfWork, draft_id: str) -> Row:
    _must_model(uow)
    row = lock(uow, draft_id)
    if row.status != "draft":
        raise Conflict("model_frozen", id=draft_id, status=row.status)
    return row


def _words(title: str, reason: str) -> dict[str, str]:
    line = title.strip()
    if not line or len(line) > LONGEST_TITLE or not line.isprintable():
        raise InvalidValue("model_title", field="title", value=line[:40], limit=LONGEST_TITLE)
    if len(reason) > LONGEST_REASON:
        raise InvalidValue("text_unusable", field="reason", value=reason[:40], limit=LONGEST_REASON)
    return {"title": line, "reason": reason.strip()}


def _expected(uow: UnitOfWork, draft_id: str, name: str, revision: int | None) -> Row | None:
    """The file's row, if it is as the actor knows it."""
    row = saves.current(uow, draft_id, name)
    if row is None and revision is None:
        _must_be_new(uow, draft_id, name)
        return None
    if row is not None and row.revision == revision:
        return row
    if row is not None:
        raise AlreadyChanged("model_changed", who=row.saved_by, at=row.saved_at, what=name, revision=row.revision)
    last = saves.last(uow, draft_id, name)
    if last is None:
        raise NotFound(kind="model_file", id=name)
    raise AlreadyChanged("model_changed", who=last.saved_by, at=last.saved_at, what=name, revision=None)


def _base(uow: UnitOfWork, file: File) -> Row | None:
    """The definition in effect that a new file of a draft changes: of the file of its name, else (it was renamed) of its key."""
    named = uow.row(sa.select(definition).where(definition.c.resource_name == file.name, definition.c.withdrawn_at.is_(None)
                                                ).order_by(definition.c.version.desc()).limit(1))
    if named is not None:
        return named
    found = Deployment()
    found.read(file)
    return next((row for kind, key in found.files if (row := bundles.latest(uow, kind, key))), None)


def _base_on(uow: UnitOfWork, draft_id: str, name: str, base: Row | None) -> None:
    if base is None:
        return
    based_on = {name: base.id, **canonical.loads(get(uow, draft_id).based_on)}
    uow.execute(sa.update(model_draft).where(model_draft.c.id == draft_id).values(based_on=canonical.dumps(based_on)))


def _must_be_new(uow: UnitOfWork, draft_id: str, name: str) -> None:
    """A name that differs by case only would be one file on many disks."""
    there = saves.listed(uow, draft_id)
    same = next((row for row in there if row.name.lower() == name.lower()), None)
    if same is not None:
        raise AlreadyChanged("model_exists", who=same.saved_by, at=same.saved_at, what=same.name)
    if len(there) >= MOST_FILES:
        raise Conflict("model_files", limit=MOST_FILES)


def _edited(uow: UnitOfWork, draft_id: str) -> None:
    uow.add_once(model_author, draft_id=draft_id, user_id=uow.actor.id)
    uow.execute(sa.update(model_draft).where(model_draft.c.id == draft_id).values(
        edited_by=uow.actor.id, edited_at=uow.now, revision=model_draft.c.revision + 1))


def _session(uow: UnitOfWork, session: str) -> Row:
    row = uow.row(sa.select(model_session).where(model_session.c.id == session, model_session.c.user_id == uow.actor.id))
    if row is None:
        raise NotFound(kind="model_session", id=session)
    return row


def _mine(uow: UnitOfWork, draft_id: str, session: str) -> str:
    """The session if it is the actor's at this draft, else none."""
    if not session:
        return ""
    return session if _session(uow, session).draft_id == draft_id else ""
