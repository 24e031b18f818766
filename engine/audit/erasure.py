"""Personal data of a customer is erased on request (design decision 14): bodies and salts go, headers and digests stay.

The company's figures stay without the person: product, serial number, symptom, parts, days, amounts. The same two people
decide as for retention; `engine/destruction.py` does it, case by case.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from engine import canonical, destruction, history
from engine.audit import deciding
from engine.audit.deciding import Proposed
from engine.errors import Conflict, InvalidValue
from engine.tables import (
    comment,
    document,
    history_body,
    mail,
    notice,
    process_instance,
    task,
    variable,
)
from engine.unit_of_work import Record, RecordKind, UnitOfWork

MOST = 1_000
"""Cases of one request."""
SHOWN = 50
"""So many other cases that mention the name are listed."""
Row = sa.Row[Any]


@dataclass(frozen=True, slots=True)
class Found:
    """What a request is about; `counts`: how many rows of each sort go.

    `held`: case id → why it may not go (yet). `others`: further cases that mention the name, and stay.
    """

    customer: str
    cases: Sequence[Row]
    records: Sequence[tuple[RecordKind, Record]]
    held: Mapping[str, str]
    others: Sequence[Row]
    counts: Mapping[str, int]

    @property
    def number(self) -> int:
        """How many items would be destroyed."""
        return len(self.cases) + len(self.records)

    @property
    def is_possible(self) -> bool:
        """Whether it can be proposed."""
        return bool(self.number) and not self.held


def find(uow: UnitOfWork, *, customer: str = "", numbers: Sequence[str] = ()) -> Found:
    """All cases and records of a customer, by the very name, and the cases with these numbers; nothing is changed.

    A case that is erased already is left out. `InvalidValue("erasure_unknown_case")` for a number that no case has.
    """
    deciding.must_decide(uow)
    customer = customer.strip()
    cases = _cases(uow, customer, [each.strip() for each in numbers if each.strip()])
    kinds = uow.engine.records.values() if customer else ()
    records = [(kind, record) for kind in kinds for record in kind.of_customer(uow, customer)]
    mine = [row.id for row in cases]
    held = destruction.held(uow, mine)
    pending = deciding.pending(uow)
    held |= {each: "pending" for each in mine if each not in held and (destruction.CASE, each) in pending}
    return Found(customer, cases, records, held, _others(uow, customer, mine), _counts(uow, mine, records))


def propose(uow: UnitOfWork, *, customer: str = "", numbers: Sequence[str] = (), reason: str) -> str:
    """Propose to erase what `find` finds; returns the id. `Conflict("erasure_held")` with the cases that may not go yet."""
    history.lock_changes(uow)  # two who propose at once do not propose the same
    found = find(uow, customer=customer, numbers=numbers)
    told = deciding.checked_reason(reason)
    deciding.must_not_name({found.customer, *(row.customer or "" for row in found.cases)}, told)
    if not found.number:
        raise InvalidValue("erasure_nothing", field="customer", value=found.customer or ", ".join(numbers))
    if found.held:
        stopped = [row.business_key for row in found.cases if row.id in found.held]
        raise Conflict("erasure_held", cases=", ".join(stopped[:5]), number=len(stopped))
    wanted = [Proposed(destruction.CASE, row.id, row.business_key, row.id) for row in found.cases]
    wanted += [Proposed(kind.id, record.ref, record.label, record.case_id) for kind, record in found.records]
    return deciding.add(uow, "erasure", found.customer, told, wanted)


def _cases(uow: UnitOfWork, customer: str, numbers: Sequence[str]) -> list[Row]:
    if len(numbers) > MOST:
        raise InvalidValue("erasure_numbers", field="numbers", value=len(numbers), limit=MOST)
    named = sa.select(process_instance).where(process_instance.c.customer == customer).limit(MOST + 1)
    by_name = uow.rows(named) if customer else []
    by_number = uow.rows(sa.select(process_instance).where(process_instance.c.business_key.in_(numbers)))
    missing = set(numbers) - {row.business_key for row in by_number}
    if missing:
        raise InvalidValue("erasure_unknown_case", field="numbers", value=", ".join(sorted(missing)))
    found = {row.id: row for row in (*by_name, *by_number)}
    if len(found) > MOST:
        raise InvalidValue("erasure_too_many", field="customer", value=customer, limit=MOST)
    return sorted((row for row in found.values() if _has_contents(uow, row)), key=lambda row: (row.started_at, row.id))


def _has_contents(uow: UnitOfWork, row: Row) -> bool:
    return row.ended_at is None or uow.row(sa.select(history_body.c.seq).where(
        history_body.c.instance_id == row.id).limit(1)) is not None


def _others(uow: UnitOfWork, customer: str, mine: Sequence[str]) -> list[Row]:
    """Further cases whose variables hold the name, such as a survey's report: they stay unless asked for by number."""
    if not customer:
        return []
    told = canonical.dumps(customer)[1:-1]
    named = sa.select(variable.c.instance_id).where(variable.c.value.contains(told, autoescape=True))
    return uow.rows(sa.select(process_instance).where(
        process_instance.c.id.in_(named), process_instance.c.id.not_in(mine)).order_by(
        process_instance.c.started_at, process_instance.c.id).limit(SHOWN))


def _counts(uow: UnitOfWork, mine: Sequence[str], records: Sequence[tuple[RecordKind, Record]]) -> dict[str, int]:
    """How many rows of each sort the request is about."""
    tables = {"bodies": history_body, "values": variable, "comments": comment, "documents": document, "mails": mail,
              "notices": notice, "tasks": task}
    found = {name: int(uow.scalar(sa.select(sa.func.count()).where(table.c.instance_id.in_(mine))))
             for name, table in tables.items()}
    company = sum(len(kind.of_case(uow, each)) for kind in uow.engine.records.values() for each in mine)
    return found | {"records": company + len(records)}
