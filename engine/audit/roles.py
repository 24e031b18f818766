"""Who was a member of which group at a moment: today's memberships, with the recorded changes since taken back.

Going backwards needs no state to begin from. It reaches as far as the chain `organization` tells: what was changed without it
(seeded users, a body that has been destroyed) counts as having been so all along.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine import canonical, history
from engine.tables import history_body, history_event, membership
from engine.unit_of_work import UnitOfWork

COMMANDS = ("create_user", "change_user")
Held = frozenset[tuple[str, str]]


class Memberships:
    """The `(group, office)` of users at any moment; office "" for a central group."""

    def __init__(self, uow: UnitOfWork, users: Collection[str]) -> None:
        now: dict[str, set[tuple[str, str]]] = {user: set() for user in users}
        for row in uow.rows(sa.select(membership).where(membership.c.user_id.in_(users))):
            now[row.user_id].add((row.group_id, row.office))
        self._now = {user: frozenset(held) for user, held in now.items()}
        self._changes: dict[str, list[tuple[datetime, Held]]] = {}
        for at, user, before in _changes(uow, users):
            self._changes.setdefault(user, []).append((at, before))

    def held(self, user: str, at: datetime) -> Held:
        """What a user was a member of; a change of that very moment was made already."""
        found = self._now.get(user, frozenset())
        for when, before in self._changes.get(user, ()):
            if when <= at:
                break
            found = before
        return found

    def is_candidate(self, user: str, groups: Collection[str], office: str, at: datetime) -> bool:
        """Whether a task for these groups in this office was offered to the user."""
        held = self.held(user, at)
        return any((group, place) in held for group in groups for place in ("", office))


def _changes(uow: UnitOfWork, users: Collection[str]) -> list[tuple[datetime, str, Held]]:
    """When a user's memberships were changed and what they were before, the newest change first."""
    body = sa.and_(history_body.c.instance_id == history_event.c.instance_id, history_body.c.seq == history_event.c.seq)
    rows = uow.rows(sa.select(history_event.c.at, history_event.c.element, history_body.c.body).join(history_body, body).where(
        history_event.c.instance_id == history.ORGANIZATION, history_event.c.command.in_(COMMANDS),
        history_event.c.element.in_([f"user:{user}" for user in users])).order_by(history_event.c.seq.desc()))
    return [(row.at, row.element.removeprefix("user:"), _before(canonical.loads(row.body))) for row in rows]


def _before(body: Mapping[str, Any]) -> Held:
    """The memberships of the profile before a change; none before the account was made."""
    written = (body["before"] or {}).get("memberships", [])
    return frozenset((group, place) for group, _, place in (each.partition("@") for each in written))
