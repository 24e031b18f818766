"""What people tell each other about a case, with `@user.id` for whom it concerns. Text is text; it is on the record."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine import canonical, ids, notes, notices
from engine.errors import InvalidValue
from engine.tables import comment, membership, task, user_account
from engine.unit_of_work import UnitOfWork

LONGEST = 10_000
"""Characters of one comment."""
SHOWN = 200
"""So many comments of a case are shown; the newest count."""
MENTION = re.compile(r"(?<![A-Za-z0-9._@-])@([a-z0-9][a-z0-9._-]{0,63})")


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment; `parts` are its text in pieces: `("", text)`, or `(user id, "@user.id")` where it mentions somebody."""

    id: str
    author: str
    written_at: datetime
    task_id: str | None
    parts: tuple[tuple[str, str], ...]


def add(uow: UnitOfWork, instance_id: str, text: str, *, task_id: str | None = None) -> str:
    """Write a comment on a case, from the page of one of its tasks if `task_id`; returns its id and tells the mentioned.

    `InvalidValue` for an empty or overlong text, and for a mention of somebody who may not see the case.
    """
    row = notes.case(uow, instance_id)
    text = _clean(text)
    mentioned = _mentioned(uow, row, text)
    comment_id = ids.new(uow.now)
    uow.execute(sa.insert(comment).values(
        id=comment_id, instance_id=instance_id, task_id=task_id, author=uow.actor.id, written_at=uow.now, text=text,
        mentions=canonical.dumps(mentioned)))
    notes.record(uow, row, "comment", task_id, {"comment": comment_id, "text": text, "mentions": mentioned})
    for user_id in mentioned:
        notices.tell(uow, user_id, "mentioned", subject=comment_id, instance_id=instance_id, task_id=task_id, text=text[:200])
    return comment_id


def listing(uow: UnitOfWork, instance_id: str, limit: int | None = SHOWN) -> list[Comment]:
    """The newest `limit` comments of a case (None: all), oldest first. The caller has seen to it that the actor may see the case.
    """
    query = sa.select(comment).where(comment.c.instance_id == instance_id)
    rows = uow.rows(query.order_by(comment.c.written_at.desc(), comment.c.id.desc()).limit(limit))
    return [Comment(row.id, row.author, row.written_at, row.task_id, parts(row.text, canonical.loads(row.mentions)))
            for row in reversed(rows)]


def people(uow: UnitOfWork, case: sa.Row[Any]) -> list[sa.Row[Any]]:
    """The active people who may see a case (the rule of `identity.may_see`), by id; no technical accounts."""
    near = sa.select(task.c.office).where(task.c.instance_id == case.id).scalar_subquery()
    working = sa.select(task.c.assignee).where(task.c.instance_id == case.id, task.c.assignee.is_not(None)).scalar_subquery()
    held = sa.exists().where(membership.c.user_id == user_account.c.id, sa.or_(
        membership.c.office.in_(["", case.office]), membership.c.office.in_(near)))
    sees = sa.or_(user_account.c.sees_all, user_account.c.is_admin, user_account.c.id == case.started_by,
                  user_account.c.id.in_(working), held)
    return uow.rows(sa.select(user_account).where(
        user_account.c.is_active, sa.not_(user_account.c.acts_everywhere), sees).order_by(user_account.c.id))


def parts(text: str, mentioned: list[str]) -> tuple[tuple[str, str], ...]:
    """A comment's text cut at its mentions."""
    found: list[tuple[str, str]] = []
    at = 0
    for match in MENTION.finditer(text):
        user_id = _known(match[1], dict.fromkeys(mentioned))
        if user_id is None:
            continue
        found += [("", text[at:match.start()]), (user_id, f"@{user_id}")]
        at = match.start() + 1 + len(user_id)
    return tuple(part for part in [*found, ("", text[at:])] if part[1])


def _clean(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\x00", "").strip()
    if not text:
        raise InvalidValue("comment_empty", field="text", value="")
    if len(text) > LONGEST:
        raise InvalidValue("comment_too_long", field="text", value=text[:40], length=len(text), limit=LONGEST)
    return text


def _mentioned(uow: UnitOfWork, case: sa.Row[Any], text: str) -> list[str]:
    """The users whom `text` names with an @, in order. Something that is nobody's id is text."""
    names = list(dict.fromkeys(match[1] for match in MENTION.finditer(text)))
    if not names:
        return []
    possible = {each for name in names for each in _readings(name)}
    named = sa.select(user_account.c.id).where(user_account.c.id.in_(possible), user_account.c.is_active)
    known = {row.id for row in uow.rows(named)}
    found = list(dict.fromkeys(each for name in names if (each := _known(name, dict.fromkeys(known)))))
    seeing = {row.id for row in people(uow, case)}
    for user_id in found:
        if user_id not in seeing:
            raise InvalidValue("mention_may_not_see", field="text", value=user_id)
    return found


def _readings(name: str) -> list[str]:
    """What `name` may mean: a sentence's full stop or dash may follow an id at once."""
    shorter = name.rstrip("._-")
    return [name] if shorter == name or not shorter else [name, shorter]


def _known(name: str, known: Mapping[str, Any]) -> str | None:
    return next((each for each in _readings(name) if each in known), None)
