"""What people added to a case, ready for the macros of `layout/conversation.html`: comments, photos and files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _

from engine import comments, documents, identity
from engine.comments import Comment
from engine.unit_of_work import SYSTEM, UnitOfWork
from web.layout import words


@dataclass(frozen=True, slots=True)
class Talk:
    """A case's comments and documents; `page` is where the reader comes back to, `task_id` the task they are noted at."""

    case_id: str
    task_id: str | None
    page: str
    comments: Sequence[Comment]
    documents: Sequence[sa.Row[Any]]
    removed: Sequence[sa.Row[Any]]
    removable: frozenset[str]
    people: Mapping[str, str]
    limit: int
    now: Any

    def name(self, user_id: str | None) -> str:
        """What a user is called in the reader's language."""
        return self.people.get(user_id or "", user_id or "")

    def when(self, at: Any) -> str:
        """A time as short as can be told apart from now."""
        return words.day_and_time(at, self.now)

    def size(self, row: sa.Row[Any]) -> str:
        """A document's size in words."""
        return f"{row.size / 1e6:.1f} MB" if row.size >= 100_000 else f"{max(row.size // 1000, 1)} kB"


def of_case(uow: UnitOfWork, case: sa.Row[Any], *, page: str, task_id: str | None = None) -> Talk:
    """The conversation of a case that the actor may see."""
    found = documents.listing(uow, case.id)
    here = [row for row in found if row.removed_at is None]
    written = comments.listing(uow, case.id)
    known = {SYSTEM.id: str(_("system"))} | {row.id: words.in_words(row) for row in identity.users(uow)}
    return Talk(case.id, task_id, page, written, here, [row for row in found if row.removed_at is not None],
                frozenset(row.id for row in here if documents.may_remove(uow, row, case)), known,
                uow.engine.settings.max_upload_bytes, uow.now)


