"""A kind of record as rows: found by its case and its day, read as JSON, deleted, or rid of what tells of a person."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

import sqlalchemy as sa

from engine.unit_of_work import Record, RecordKind, UnitOfWork, no_records
from handlers.days import CHINA, day_of

Change = Callable[[UnitOfWork, str], None]


def nothing(_uow: UnitOfWork, _ref: str) -> None:
    """Nothing more to do."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Where records of a kind are.

    `found` selects `ref`, `label`, `since` and `case_id`. `tables`: each with the column that holds `ref`, a table that points
    at another before it. `personal`: the columns that tell of a person. `beside` erases what stands elsewhere, before those.
    """

    found: sa.Subquery
    tables: Sequence[tuple[sa.Table, str]]
    personal: Mapping[sa.Table, Sequence[str]]
    beside: Change = nothing

    def before(self, uow: UnitOfWork, day: date) -> list[Record]:
        """Those whose period began before `day`, oldest first."""
        since = self.found.c.since
        bound = day if isinstance(since.type, sa.Date) else datetime.combine(day, time(), CHINA)
        rows = uow.rows(sa.select(self.found).where(since < bound).order_by(since, self.found.c.ref))
        return [_record(row) for row in rows]

    def of_case(self, uow: UnitOfWork, case_id: str) -> list[Record]:
        """Those of a case."""
        return [_record(row) for row in uow.rows(sa.select(self.found).where(self.found.c.case_id == case_id))]

    def find(self, uow: UnitOfWork, ref: str) -> Record | None:
        """One of them."""
        row = uow.row(sa.select(self.found).where(self.found.c.ref == ref))
        return None if row is None else _record(row)

    def read(self, uow: UnitOfWork, ref: str) -> dict[str, Any]:
        """Table → its rows of this record, in order; times in UTC."""
        return {table.name: [_json(row) for row in uow.rows(sa.select(table).where(table.c[column] == ref).order_by(
            *table.primary_key.columns))] for table, column in self.tables}

    def destroy(self, uow: UnitOfWork, ref: str) -> None:
        """Delete the record."""
        for table, column in self.tables:
            uow.execute(sa.delete(table).where(table.c[column] == ref))

    def erase(self, uow: UnitOfWork, ref: str) -> None:
        """Empty what tells of a person; figures, days, products and parts stay."""
        self.beside(uow, ref)
        keys = dict(self.tables)
        for table, columns in self.personal.items():
            emptied = {name: None if table.c[name].nullable else "" for name in columns}
            uow.execute(sa.update(table).where(table.c[keys[table]] == ref).values(emptied))


def kind(key: str, names: tuple[str, str], clause: str, rows: Rows, *, months: int | None = None,
         of_customer: Callable[[UnitOfWork, str], list[Record]] = no_records) -> RecordKind:
    """A kind of record whose names are Chinese and English."""
    return RecordKind(key, *names, clause, months, rows.before, rows.of_case, rows.find, rows.read, rows.destroy, rows.erase,
                      of_customer)


def _record(row: sa.Row[Any]) -> Record:
    since = row.since or date.max
    return Record(row.ref, row.label, day_of(since) if isinstance(since, datetime) else since, row.case_id)


def _json(row: sa.Row[Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in row._mapping.items()}
