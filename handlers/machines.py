"""Machines and their warranty terms (5.1.7, 5.1.15 n5)."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from engine.unit_of_work import UnitOfWork
from handlers import tables
from handlers.days import add_months, day_of

MONTHS_BEFORE_START = 3  # without a record the term starts this long after production (5.1.15 n5)
DEFAULT_MONTHS = 12  # the procedure states no length: ours


@dataclass(frozen=True, slots=True)
class Warranty:
    """A machine's term, both days included, and where it is known from: record | production_date | none."""

    basis: str
    starts_on: date | None = None
    ends_on: date | None = None
    production_date: date | None = None

    def is_within(self, day: date) -> bool | None:
        """Whether the term lasts on `day`; None when no term is known."""
        return None if self.ends_on is None else day <= self.ends_on

    def evidence(self, language: str) -> str:
        """One sentence that says where the term comes from."""
        facts = {"starts": self.starts_on, "ends": self.ends_on, "made": self.production_date, "months": MONTHS_BEFORE_START}
        return EVIDENCE[self.basis][language].format(**facts)


EVIDENCE = {
    "record": {"zh": "保修期限记录：{starts} 至 {ends}。", "en": "Warranty record: {starts} to {ends}."},
    "production_date": {
        "zh": "没有期限记录，按生产日期 {made} 推后 {months} 个月起算：{starts} 至 {ends}。",
        "en": "No record: counted from {months} months after the production date {made}: {starts} to {ends}.",
    },
    "none": {"zh": "没有期限记录，也没有生产日期。", "en": "Neither a warranty record nor a production date."},
}


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine with its product's names and its warranty."""

    serial: str
    product_id: str
    product: str
    product_en: str
    production_date: date | None
    customer: str
    contact: str | None
    phone: str | None
    address: str | None
    office: str
    warranty: Warranty
    is_in_term: bool | None


def find(uow: UnitOfWork, serial: str) -> Machine | None:
    """The machine with this serial number, whatever its case, and whether its warranty lasts today; None if unknown."""
    row = uow.row(_query().where(sa.func.upper(tables.machine.c.serial) == serial.strip().upper()))
    return None if row is None else _machine(uow, row)


def search(uow: UnitOfWork, words: str, limit: int = 20) -> list[Machine]:
    """Machines whose serial number or customer contains `words`, by serial number."""
    pattern, here = f"%{_literal(words.strip())}%", tables.machine.c
    found = sa.or_(here.serial.ilike(pattern, escape="\\"), here.customer.ilike(pattern, escape="\\"))
    return [_machine(uow, row) for row in uow.rows(_query().where(found).order_by(here.serial).limit(limit))]


def warranty(uow: UnitOfWork, serial: str | None, product_id: str | None, production_date: date | None) -> Warranty:
    """The warranty of a machine: its record, else from the production date (the one given, else the registered one)."""
    known = find(uow, serial) if serial else None
    if known and (known.warranty.basis == "record" or production_date is None):
        return known.warranty
    return from_production(production_date, _months(uow, known.product_id if known else product_id))


def from_production(made: date | None, months: int = DEFAULT_MONTHS) -> Warranty:
    """The term of a machine without a record (5.1.15 n5): it starts three months after production and lasts `months`."""
    if made is None:
        return Warranty("none")
    starts = add_months(made, MONTHS_BEFORE_START)
    return Warranty("production_date", starts, add_months(starts, months) - timedelta(days=1), made)


def register(uow: UnitOfWork, serial: str, product_id: str, *, production_date: date | None, customer: str, office: str) -> None:
    """Add a machine that an engineer met and the register does not know; an unknown product is not registered."""
    if find(uow, serial) is None and uow.row(sa.select(tables.product.c.id).where(tables.product.c.id == product_id)):
        uow.execute(sa.insert(tables.machine).values(
            serial=serial, product_id=product_id, production_date=production_date, customer=customer, office=office))


def _query() -> sa.Select[Any]:
    machine, product, record = tables.machine, tables.product, tables.warranty_record
    joined = machine.join(product, product.c.id == machine.c.product_id).outerjoin(record, record.c.serial == machine.c.serial)
    return sa.select(machine, product.c.name, product.c.name_en, product.c.warranty_months,
                     record.c.starts_on, record.c.ends_on).select_from(joined)


def _machine(uow: UnitOfWork, row: sa.Row[Any]) -> Machine:
    term = (Warranty("record", row.starts_on, row.ends_on, row.production_date) if row.ends_on
            else from_production(row.production_date, row.warranty_months))
    return Machine(row.serial, row.product_id, row.name, row.name_en, row.production_date, row.customer, row.contact,
                   row.phone, row.address, row.office, term, term.is_within(day_of(uow.now)))


def _months(uow: UnitOfWork, product_id: str | None) -> int:
    found = uow.scalar(sa.select(tables.product.c.warranty_months).where(tables.product.c.id == product_id))
    return DEFAULT_MONTHS if found is None else int(found)


def _literal(words: str) -> str:
    return words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
