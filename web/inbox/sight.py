"""What a page of rows says in words beyond the rows of `task`: procedures, offices, people, suspensions, substitution."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _

from engine import canonical, identity, worklist
from engine.tables import process_instance, user_account
from engine.unit_of_work import Actor, UnitOfWork
from web.layout import deadlines, words

Row = sa.Row[Any]
PRODUCTS = "products"  # the list of the server that start forms choose a product from


@dataclass(frozen=True, slots=True)
class Sight:
    """The words that the cells of some rows need."""

    now: datetime
    due: Callable[[Row], deadlines.Due | None]
    procedures: Mapping[str, str]
    offices: Mapping[str, str]
    people: Mapping[str, str]
    products: Mapping[str, str]
    suspended: frozenset[str]
    actor: Actor

    def person(self, user_id: str | None) -> str:
        """A person's name."""
        return self.people.get(user_id or "", user_id or "")

    def stands_in(self, row: Row) -> str:
        """The name of the absent person for whom the actor finds this task in their list; empty when it is their own."""
        if row.state != "open" or self.actor.is_admin or not self.actor.stands_for:
            return ""
        if row.assignee:  # a colleague of the same group, too, does for the absent person what is that person's
            return self.person(row.assignee) if row.assignee in self.actor.stands_for else ""
        groups = canonical.loads(row.candidate_groups)
        if _is_member(self.actor.memberships, groups, row.office):
            return ""
        absent = (user for user, held in sorted(self.actor.stands_for.items()) if _is_member(held, groups, row.office))
        return self.person(next(absent, ""))

    def waiting(self, row: Row) -> str:
        """How long the task has been offered, by the clock."""
        return words.span((row.ended_at or self.now) - row.created_at)

    def cell(self, column: str, row: Row) -> str:
        """A cell as plain text, for a file."""
        at = row.due_at if row.state == "open" else row.ended_at
        texts: dict[str, Callable[[], str]] = {
            "step": lambda: words.in_words(row), "procedure": lambda: self.procedures.get(row.root_key, row.root_key),
            "due": lambda: words.moment(at) if at else "", "customer": lambda: row.customer or "",
            "product": lambda: self.products.get(row.product or "", row.product or ""), "case": lambda: row.business_key,
            "serial": lambda: row.serial or "", "office": lambda: self.offices.get(row.office, row.office),
            "assignee": lambda: self.person(row.assignee), "priority": lambda: priority(row.priority),
            "waiting": lambda: words.moment(row.created_at)}
        return str(texts[column]())


def of(uow: UnitOfWork, rows: Iterable[Row]) -> Sight:
    """The words for these rows: one statement a kind, however many rows."""
    found = list(rows)
    users = {row.assignee for row in found if row.assignee} | set(uow.actor.stands_for)
    return Sight(
        uow.now, deadlines.clock(uow), procedures(uow), {row.id: words.in_words(row) for row in identity.offices(uow)},
        _names(uow, users), _products(uow), _suspended(uow, {row.instance_id for row in found}), uow.actor)


def procedures(uow: UnitOfWork) -> dict[str, str]:
    """The names of all procedures by key."""
    return {row.key: words.in_words(row) for row in worklist.newest_processes(uow)}


def priority(value: int) -> str:
    """A priority in a word."""
    if value == 50:
        return str(_("normal"))
    return str(_("high") if value > 50 else _("low"))


def _names(uow: UnitOfWork, users: set[str]) -> dict[str, str]:
    if not users:
        return {}
    query = sa.select(user_account.c.id, user_account.c.name, user_account.c.name_en).where(user_account.c.id.in_(users))
    return {row.id: words.in_words(row) for row in uow.rows(query)}


def _products(uow: UnitOfWork) -> dict[str, str]:
    provider = uow.engine.lists.get(PRODUCTS)
    options = provider(uow, "") if provider else []
    return {one.value: one.en if words.language() == "en" else one.zh for one in options}


def _suspended(uow: UnitOfWork, cases: set[str]) -> frozenset[str]:
    if not cases:
        return frozenset()
    query = sa.select(process_instance.c.id).where(process_instance.c.id.in_(cases), process_instance.c.status == "suspended")
    return frozenset(row.id for row in uow.rows(query))


def _is_member(held: Iterable[tuple[str, str]], groups: Iterable[str], office: str) -> bool:
    wanted = set(groups)
    return any(group in wanted and place in ("", office) for group, place in held)
