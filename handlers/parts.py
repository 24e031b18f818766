"""Parts: issued only against the requisition (维修点领用配件表); main defective ones go back to the keeper (5.1.11)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from engine.errors import PermanentFailure
from engine.unit_of_work import JobContext, UnitOfWork
from handlers.days import day_of
from handlers.given import completed_by, day, rows, text, whole
from handlers.tables import defective_return, part, part_used, requisition, requisition_line

Variables = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a form's parts: which, how many, its serial number."""

    part_id: str
    name: str
    name_en: str
    is_main: bool
    quantity: int
    serial: str | None


def lines(uow: UnitOfWork, variables: Variables, name: str) -> list[Line]:
    """The rows `{part, quantity, serial}` of a list; a part that the catalogue lacks is a `PermanentFailure`."""
    found = []
    for given in rows(variables, name):
        if part_id := text(given, "part"):
            row = _part(uow, name, part_id)
            quantity = max(1, whole(given, "quantity", 1))
            found.append(Line(row.id, row.name, row.name_en, row.is_main, quantity, text(given, "serial")))
    return found


def listed(found: Sequence[Line]) -> tuple[str, str]:
    """The lines as one text in Chinese and one in English."""
    return ("；".join(f"{line.name} ×{line.quantity}" for line in found),
            "; ".join(f"{line.name_en} ×{line.quantity}" for line in found))


# ------------------------------------------------------------------ requisition
def open_requisition(uow: UnitOfWork, context: JobContext) -> Variables:
    """Open a numbered requisition for the case."""
    count = uow.scalar(sa.select(sa.func.count()).where(requisition.c.case_id == context.instance_id))
    number = f"{context.business_key}-{count + 1}"
    uow.execute(sa.insert(requisition).values(
        number=number, case_id=context.instance_id, office=context.office, requested_at=context.now))
    return {"requisition_number": number, "engineer": text(context.variables, "engineer") or "",
            "requisition_text": "", "requisition_text_en": "", "request_note": ""}


def submit_requisition(uow: UnitOfWork, context: JobContext) -> Variables:
    """Record what is asked for."""
    number = str(context.variables["requisition_number"])
    asked = lines(uow, context.variables, "parts_requested")
    if asked:
        uow.execute(sa.insert(requisition_line), [
            {"number": number, "line": n, "part_id": line.part_id, "quantity": line.quantity} for n, line in enumerate(asked, 1)])
    _update(uow, number, requested_by=completed_by(uow, context, "fill_in_requisition"), requested_at=context.now,
            note=text(context.variables, "request_note"))
    zh, en = listed(asked)
    return {"requisition_text": zh, "requisition_text_en": en}


def issue(uow: UnitOfWork, context: JobContext) -> None:
    """Record who issued the parts of the requisition, and when."""
    _update(uow, str(context.variables["requisition_number"]), issued_by=completed_by(uow, context, "issue_parts"),
            issued_at=context.now)


def receive(uow: UnitOfWork, context: JobContext) -> None:
    """Record who received the parts, and when."""
    _update(uow, str(context.variables["requisition_number"]), received_by=completed_by(uow, context, "receive_parts"),
            received_at=context.now)


# ------------------------------------------------------------------ parts used and defective ones
def replace_used(uow: UnitOfWork, context: JobContext) -> Variables:
    """Store the parts replaced (a second filling-in takes the place of the first); say which main defective ones go back."""
    used = lines(uow, context.variables, "parts_used")
    uow.execute(sa.delete(part_used).where(part_used.c.case_id == context.instance_id))
    if used:
        uow.execute(sa.insert(part_used), [_used(context, n, line) for n, line in enumerate(used, 1)])
    main = [line for line in used if line.is_main]
    zh, en = listed(main)
    return {"has_main_defective": "yes" if main else "no", "defective_parts_text": zh, "defective_parts_text_en": en}


def record_return(uow: UnitOfWork, context: JobContext) -> None:
    """Tick the main defective parts off: sent by the engineer, received by the keeper."""
    given, mine = context.variables, part_used.c.case_id == context.instance_id
    uow.execute(sa.update(part_used).where(mine, part_used.c.defective == "to_return").values(
        defective="received", received_at=context.now))
    uow.execute(sa.insert(defective_return).values(
        case_id=context.instance_id, sent_on=day(given, "returned_on"), waybill=text(given, "waybill"),
        sent_by=completed_by(uow, context, "return_defective_parts"),
        received_on=day(given, "received_on") or day_of(context.now),
        received_by=completed_by(uow, context, "receive_defective_parts"), note=text(given, "receive_note")))


def _used(context: JobContext, number: int, line: Line) -> dict[str, Any]:
    return {"case_id": context.instance_id, "line": number, "part_id": line.part_id, "quantity": line.quantity,
            "serial": line.serial, "is_main": line.is_main, "defective": "to_return" if line.is_main else "kept"}


def _part(uow: UnitOfWork, name: str, part_id: str) -> sa.Row[Any]:
    row = uow.row(sa.select(part).where(part.c.id == part_id))
    if row is None:
        raise PermanentFailure(f"{name}: {part_id!r}: 配件目录中没有 · not in the parts catalogue")
    return row


def _update(uow: UnitOfWork, number: str, **values: Any) -> None:
    uow.execute(sa.update(requisition).where(requisition.c.number == number).values(**values))
