"""The lists of the server that a form's `valuesKey` names: `(uow, office) -> options`."""

from collections.abc import Callable

import sqlalchemy as sa

from engine import identity
from engine.tables import membership, user_account
from engine.unit_of_work import ListProvider, Option, UnitOfWork
from handlers import prices, tables


def engineers(uow: UnitOfWork, office: str) -> list[Option]:
    """The engineers of the task's office."""
    return [Option(user.id, user.name, user.name_en) for user in identity.members(uow, "service_engineer", office)]


def offices(uow: UnitOfWork, office: str) -> list[Option]:
    """The offices that are open."""
    del office
    return [Option(row.id, row.name, row.name_en) for row in identity.offices(uow) if row.is_active]


def staff(uow: UnitOfWork, office: str) -> list[Option]:
    """Everybody who may be given a matter or named in one: the office's people and the central ones."""
    here = sa.exists().where(membership.c.user_id == user_account.c.id, membership.c.office.in_(["", office]))
    rows = uow.rows(sa.select(user_account).where(user_account.c.is_active, here).order_by(user_account.c.id))
    return [Option(row.id, row.name, row.name_en) for row in rows]


def service_points(uow: UnitOfWork, office: str) -> list[Option]:
    """The offices that have an engineer: they hand in repair orders (5.1.5, 5.1.8)."""
    return [option for option in offices(uow, office) if identity.members(uow, "service_engineer", option.value)]


def _catalogue(table: sa.Table) -> ListProvider:
    def options(uow: UnitOfWork, office: str) -> list[Option]:
        del office
        return [Option(row.id, row.name, row.name_en) for row in uow.rows(sa.select(table).order_by(table.c.id))]
    return options


def parts(uow: UnitOfWork, office: str) -> list[Option]:
    """The parts catalogue; a main part, whose defective one goes back (5.1.11), says so."""
    del office
    return [Option(row.id, f"{row.name}（主要件）" if row.is_main else row.name,
                   f"{row.name_en} (main part)" if row.is_main else row.name_en)
            for row in uow.rows(sa.select(tables.part).order_by(tables.part.c.id))]


def _prices(kind: str) -> Callable[[UnitOfWork, str], list[Option]]:
    def options(uow: UnitOfWork, office: str) -> list[Option]:
        del office
        return [Option(row.id, f"{row.name} {prices.yuan(row.amount_cents)} 元",
                       f"{row.name_en} {prices.yuan(row.amount_cents)} yuan") for row in prices.current_prices(uow, kind)]
    return options


def survey_products(uow: UnitOfWork, office: str) -> list[Option]:
    """Question 1 of the survey form: the products, and "other"."""
    return [*_catalogue(tables.product)(uow, office), Option("other", "其它", "Other")]


LISTS: dict[str, ListProvider] = {
    # repair
    "engineers": engineers,
    "offices": offices,
    "products": _catalogue(tables.product),
    "symptoms": _catalogue(tables.symptom),
    "parts": parts,
    "labour_prices": _prices("labour"),
    "part_prices": _prices("part"),
    "other_prices": _prices("other"),

    # customer information, complaint, return
    "staff": staff,
    "survey_products": survey_products,
    "service_points": service_points,
}
