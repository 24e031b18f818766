"""The bell of every page: how many notices are unseen, and the latest."""

from dataclasses import dataclass

from flask import g

from engine import notices
from engine.notices import Notice
from web.access import unit_of_work

LATEST = 6


@dataclass(frozen=True, slots=True)
class Bell:
    """The number of unseen notices (at most `notices.COUNTED`) and the newest ones."""

    unseen: int
    latest: list[Notice]

    @property
    def told(self) -> str:
        """The number as it is shown."""
        return f"{self.unseen - 1}+" if self.unseen >= notices.COUNTED else str(self.unseen)


def bell() -> Bell | None:
    """What the bell of this page shows; None without a session."""
    if not g.get("session"):
        return None
    with unit_of_work(writes=False) as uow:
        return Bell(notices.unseen(uow), notices.recent(uow, LATEST))
