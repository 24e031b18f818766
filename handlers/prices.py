"""Prices: quotes from the list that the manager approved, their confirmation, payment and invoice (5.1.16). Int cents."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from engine.errors import PermanentFailure
from engine.unit_of_work import JobContext, UnitOfWork
from handlers.days import day_of, end_of
from handlers.given import completed_by, day, rows, text, whole
from handlers.tables import invoice, payment, price, price_confirmation, price_list, quote, quote_line

METHODS = {"cash": ("现金", "cash"), "transfer": ("转账", "transfer")}

Variables = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a quote; `cents` is quantity times price."""

    price_id: str
    kind: str
    name: str
    name_en: str
    quantity: int
    cents: int


def current_list(uow: UnitOfWork, today: date) -> sa.Row[Any] | None:
    """The approved list in force: the one that became valid last. Only an approved list is quoted from (5.1.16 n1)."""
    here = price_list.c
    approved = sa.select(price_list).where(here.approved_at.is_not(None), here.valid_from <= today)
    return uow.row(approved.order_by(here.valid_from.desc(), here.id.desc()).limit(1))


def current_prices(uow: UnitOfWork, kind: str) -> list[sa.Row[Any]]:
    """The prices of one kind (labour | part | other) in the list in force; none without an approved list."""
    found = current_list(uow, day_of(uow.now))
    if found is None:
        return []
    return uow.rows(sa.select(price).where(price.c.list_id == found.id, price.c.kind == kind).order_by(price.c.id))


def yuan(cents: int) -> str:
    """Cents as yuan with two decimals.

    >>> yuan(123456)
    '1,234.56'
    """
    return f"{cents // 100:,}.{cents % 100:02d}"


def calculate(uow: UnitOfWork, context: JobContext) -> Variables:
    """Write the quote from the approved list in force; every revision is kept, the one before is superseded."""
    found = current_list(uow, day_of(context.now))
    if found is None:
        raise PermanentFailure("没有经理批准的现行价目表 · no price list in force is approved")
    lines = list(_lines(uow, found.id, context.variables))
    total = sum(line.cents for line in lines)
    revision = 1 + (_revision(uow, context) or 0)
    _set_state(uow, context, revision - 1, "superseded")
    uow.execute(sa.insert(quote).values(
        case_id=context.instance_id, revision=revision, list_id=found.id, total_cents=total, state="offered",
        quoted_by=completed_by(uow, context, "prepare_quote"), quoted_at=context.now))
    if lines:
        uow.execute(sa.insert(quote_line), [_line_row(context, revision, n, line) for n, line in enumerate(lines, 1)])
    return {"quote_revision": revision, "quote_total_cents": total, **_words(lines, total)}


def confirm(uow: UnitOfWork, context: JobContext) -> Variables:
    """Record the confirmed price and the agreed day of payment (5.1.16 n2); the payment is due when that day is over."""
    revision = _revision(uow, context)
    if revision is None:
        raise PermanentFailure("没有可确认的报价 · there is no quote to confirm")
    total = uow.scalar(sa.select(quote.c.total_cents).where(quote.c.case_id == context.instance_id, quote.c.revision == revision))
    pay_by = day(context.variables, "pay_by") or day_of(context.now)
    uow.execute(sa.insert(price_confirmation).values(
        case_id=context.instance_id, revision=revision, total_cents=total, pay_by=pay_by,
        confirmed_by=text(context.variables, "confirmed_by") or "",
        received_by=completed_by(uow, context, "receive_confirmation"), received_at=context.now))
    _set_state(uow, context, revision, "confirmed", answered_at=context.now)
    return {"payment_due_at": end_of(pay_by).isoformat(), "amount_paid": total}


def record_payment(uow: UnitOfWork, context: JobContext) -> Variables:
    """Record what the customer paid; `amount_paid` is int cents."""
    given, case = context.variables, context.instance_id
    amount, method = whole(given, "amount_paid"), text(given, "payment_method") or "cash"
    number = 1 + uow.scalar(sa.select(sa.func.count()).where(payment.c.case_id == case))
    uow.execute(sa.insert(payment).values(
        case_id=case, number=number, amount_cents=amount, method=method, paid_on=day(given, "paid_on") or day_of(context.now),
        collected_by=completed_by(uow, context, "collect_payment"), recorded_at=context.now))
    zh, en = METHODS.get(method, (method, method))
    return {"payment_text": f"实收 {yuan(amount)} 元（{zh}）", "payment_text_en": f"{yuan(amount)} yuan received ({en})"}


def record_invoice(uow: UnitOfWork, context: JobContext) -> None:
    """Record the invoice, over what was paid (5.1.16 n4)."""
    given, case = context.variables, context.instance_id
    paid = uow.scalar(sa.select(sa.func.coalesce(sa.func.sum(payment.c.amount_cents), 0)).where(payment.c.case_id == case))
    uow.execute(sa.insert(invoice).values(
        case_id=case, number=text(given, "invoice_number") or context.business_key, amount_cents=paid,
        title=text(given, "invoice_title") or text(given, "customer") or "",
        issued_by=completed_by(uow, context, "issue_invoice"), issued_at=context.now))


def refuse(uow: UnitOfWork, context: JobContext) -> None:
    """The customer refused the quote on offer, if there is one."""
    if revision := _revision(uow, context):
        _set_state(uow, context, revision, "rejected", answered_at=context.now, reason=text(context.variables, "decline_reason"))


def _lines(uow: UnitOfWork, list_id: str, given: Variables) -> Iterator[Line]:
    labour = {"price": text(given, "quote_labour"), "quantity": given.get("quote_hours")}
    for chosen in (labour, *rows(given, "quote_parts"), *rows(given, "quote_fees")):
        if name := text(chosen, "price"):
            row = uow.row(sa.select(price).where(price.c.list_id == list_id, price.c.id == name))
            if row is None:
                raise PermanentFailure(f"{name!r}: 现行价目表 {list_id} 中没有 · not in the price list {list_id}")
            quantity = max(1, whole(chosen, "quantity", 1))
            yield Line(row.id, row.kind, row.name, row.name_en, quantity, quantity * row.amount_cents)


def _line_row(context: JobContext, revision: int, number: int, line: Line) -> dict[str, Any]:
    return {"case_id": context.instance_id, "revision": revision, "line": number, "price_id": line.price_id, "kind": line.kind,
            "quantity": line.quantity, "amount_cents": line.cents}


def _words(lines: list[Line], total: int) -> dict[str, str]:
    zh = "\n".join(f"- {line.name} ×{line.quantity}：{yuan(line.cents)} 元" for line in lines)
    en = "\n".join(f"- {line.name_en} ×{line.quantity}: {yuan(line.cents)} yuan" for line in lines)
    return {"quote_text": f"{zh}\n\n合计 **{yuan(total)} 元**".strip(),
            "quote_text_en": f"{en}\n\nTotal **{yuan(total)} yuan**".strip()}


def _revision(uow: UnitOfWork, context: JobContext) -> int | None:
    found: int | None = uow.scalar(sa.select(sa.func.max(quote.c.revision)).where(quote.c.case_id == context.instance_id))
    return found


def _set_state(uow: UnitOfWork, context: JobContext, revision: int, state: str, **values: Any) -> None:
    this = (quote.c.case_id == context.instance_id, quote.c.revision == revision)
    uow.execute(sa.update(quote).where(*this).values(state=state, **values))
