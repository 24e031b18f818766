"""What a case has to do with in the company's tables: its order, and the parts requested and used (for OCEL exports)."""

from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from engine.audit.ocel import Related
from engine.unit_of_work import UnitOfWork
from handlers.tables import part, part_used, repair_order, requisition, requisition_line


def of_cases(uow: UnitOfWork, cases: Sequence[str]) -> Iterator[Related]:
    """The orders and parts of these cases; no person and no customer stands in their texts."""
    for row in uow.rows(sa.select(repair_order).where(repair_order.c.case_id.in_(cases)).order_by(repair_order.c.case_id)):
        values = {"number": row.number, "state": row.state, "warranty": row.warranty_status or ""}
        yield Related(row.case_id, "order", row.number, "documented by", values, row.reported_at)
    requested = sa.select(requisition.c.case_id, requisition.c.requested_at, requisition.c.received_at, part).join(
        requisition_line, requisition_line.c.number == requisition.c.number).join(part, part.c.id == requisition_line.c.part_id)
    of_cases_asked = requisition.c.case_id.in_(cases)
    for row in uow.rows(requested.where(of_cases_asked).order_by(requisition.c.number, requisition_line.c.line)):
        yield Related(row.case_id, "part", row.id, "requested", _names(row), row.requested_at, row.received_at)
    used = sa.select(part_used.c.case_id, repair_order.c.finished_at, part).join(part, part.c.id == part_used.c.part_id).join(
        repair_order, repair_order.c.case_id == part_used.c.case_id)
    for row in uow.rows(used.where(part_used.c.case_id.in_(cases)).order_by(part_used.c.case_id, part_used.c.line)):
        yield Related(row.case_id, "part", row.id, "used", _names(row), row.finished_at)


def _names(row: sa.Row[tuple[str, ...]]) -> dict[str, str]:
    return {"name": row.name, "name_en": row.name_en}
