"""The month's repair orders and their statistics (5.1.8, 5.1.10, 5.1.17 n1): 26th to 25th, a batch a service point."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from engine import canonical, identity
from engine.tables import office
from engine.unit_of_work import JobContext, UnitOfWork
from handlers import notices, statistics
from handlers.company_settings import setting
from handlers.days import CHINA, LAST_DAY_OF_BATCH, day_of, end_of
from handlers.notices import Notice
from handlers.performers import performed
from handlers.statistics import Repair
from handlers.tables import monthly_statistics, part, part_used, product, repair_order, symptom

COUNTED = ("signed", "submitted", "archived")
UNSIGNED = ("open", "in_service", "filled_in")
NAMED = 30
STATISTICS = Notice(
    "statistics.send", ("quality", "technical_manager", "technical_support", "manufacturing"),
    "统计分析表 {statistics_number}", "Statistics {statistics_number}",
    "现报送{month}的统计分析表（5.1.10）。\n\n{statistics_text}\n\n分析：{statistics_analysis}\n",
    "The statistics of {month} (5.1.10).\n\n{statistics_text}\n\nAnalysis: {statistics_analysis}\n")


# ------------------------------------------------------------------ the month
def period(month: str) -> tuple[date, date]:
    """First and last day of the batch of `YYYY-MM`: the 26th of the month before, and the 25th."""
    last = date.fromisoformat(f"{month}-{LAST_DAY_OF_BATCH}")
    return (last.replace(day=1) - timedelta(days=1)).replace(day=LAST_DAY_OF_BATCH + 1), last


def month_of(started_for: str | None, now: datetime) -> str:
    """The month a collection is for: the one its timer was for; by hand the last whose 25th has come."""
    if started_for:
        return f"{datetime.fromisoformat(started_for).astimezone(CHINA):%Y-%m}"
    today = day_of(now)
    return f"{today if today.day >= LAST_DAY_OF_BATCH else today.replace(day=1) - timedelta(days=1):%Y-%m}"


def open_month(uow: UnitOfWork, context: JobContext) -> Mapping[str, Any]:
    """Set the period and the service points that hand in: the offices that have an engineer."""
    month = month_of(context.variables.get("started_for"), context.now)
    first, last = period(month)
    points = _points(uow)
    return {"month": month, "period_from": first.isoformat(), "period_to": last.isoformat(), "offices_to_submit": points,
            **batch_in_words(uow, month, points)}


def record_submission(uow: UnitOfWork, context: JobContext) -> Mapping[str, Any]:
    """Put the service point's signed orders that are in no batch yet into this one, in and out of warranty (5.1.8).

    What is left of `offices_to_submit` when all have handed in is empty: the clerk names those that hand in again.
    """
    end = end_of(period(context.variables["month"])[1])
    mine = (repair_order.c.office == context.variables["office"], repair_order.c.period.is_(None),
            repair_order.c.state.in_(COUNTED), repair_order.c.finished_at < end)
    uow.execute(sa.update(repair_order).where(*mine).values(period=context.variables["month"]))
    open_points = context.variables["offices_to_submit"]
    return {"offices_to_submit": [place for place in open_points if place != context.variables["office"]],
            **batch_in_words(uow, context.variables["month"], _points(uow))}


def _points(uow: UnitOfWork) -> list[str]:
    return [place.id for place in identity.offices(uow) if identity.members(uow, "service_engineer", place.id)]


def batch_in_words(uow: UnitOfWork, month: str, points: Sequence[str]) -> dict[str, str]:
    """What the clerk checks off (5.1.17 n2): each service point's orders in the batch, and those that are not signed yet."""
    end = end_of(period(month)[1])
    late = sa.and_(repair_order.c.state.in_(UNSIGNED), repair_order.c.reported_at < end)
    rows = uow.rows(sa.select(repair_order.c.office, repair_order.c.number, repair_order.c.period).where(
        sa.or_(repair_order.c.period == month, late)).order_by(repair_order.c.number))
    told = {place.id: place for place in identity.offices(uow)}
    lines = [(told[point], [r.number for r in rows if r.office == point and r.period == month],
              [r.number for r in rows if r.office == point and r.period != month]) for point in points]
    return {
        "orders_text": "\n".join(f"- **{place.name}**：已上交 {_listed(there, '、')}；还没有签字 {_listed(open_, '、')}"
                                 for place, there, open_ in lines),
        "orders_text_en": "\n".join(f"- **{place.name_en or place.name}**: handed in {_listed(there, ', ')}; "
                                    f"not signed yet {_listed(open_, ', ')}" for place, there, open_ in lines)}


def _listed(numbers: Sequence[str], between: str) -> str:
    """How many, and which; of many the first."""
    named = between.join(numbers[:NAMED]) + (f"{between}…" if len(numbers) > NAMED else "")
    return f"{len(numbers)}" + (f" ({named})" if numbers else "")


# ------------------------------------------------------------------ statistics
def draft(uow: UnitOfWork, context: JobContext) -> Mapping[str, Any]:
    """Compute the month's statistics and keep them as a draft (5.1.15 n9)."""
    month = context.variables["month"]
    within = timedelta(days=setting(uow, "statistics.repeat_days"))
    batch = repairs(uow, repair_order.c.period == month)
    serials = sorted({r.serial for r in batch if r.serial})
    before = repairs(uow, repair_order.c.serial.in_(serials), sa.or_(
        repair_order.c.period.is_(None), repair_order.c.period != month)) if serials else []
    found = statistics.figures(batch, before, within)
    number = f"TJ-{month}"
    row = {"number": number, "case_id": context.instance_id, "figures": canonical.dumps(found), "drafted_at": context.now,
           "analysis": None, "approved_by": None, "approved_at": None, "sent_at": None}
    if not uow.execute(sa.update(monthly_statistics).where(monthly_statistics.c.month == month).values(row)).rowcount:
        uow.execute(sa.insert(monthly_statistics).values(month=month, **row))
    return {"statistics_number": number, "statistics_text": statistics.table(found, names(uow)), "orders_count": found["orders"]}


def send(uow: UnitOfWork, context: JobContext) -> None:
    """Send the approved statistics to quality, technical and manufacturing, and keep who approved them (5.1.10)."""
    approval = performed(uow, context.instance_id, "approve_statistics")
    uow.execute(sa.update(monthly_statistics).where(monthly_statistics.c.month == context.variables["month"]).values(
        analysis=context.variables.get("statistics_analysis"), approved_by=approval.by, approved_at=approval.at,
        sent_at=context.now))
    notices.tell(uow, context, STATISTICS)


def repairs(uow: UnitOfWork, *where: sa.ColumnElement[bool]) -> list[Repair]:
    """The repair orders that match, with their parts, by number."""
    orders = uow.rows(sa.select(repair_order).where(*where).order_by(repair_order.c.number))
    used: dict[str, list[tuple[str, int]]] = {}
    query = sa.select(part_used.c.case_id, part_used.c.part_id, part_used.c.quantity).join(
        repair_order, repair_order.c.case_id == part_used.c.case_id)
    for row in uow.rows(query.where(*where).order_by(part_used.c.case_id, part_used.c.line)):
        used.setdefault(row.case_id, []).append((row.part_id, row.quantity))
    return [_repair(order, used.get(order.case_id, [])) for order in orders]


def _repair(order: sa.Row[Any], parts: Iterable[tuple[str, int]]) -> Repair:
    return Repair(order.number, order.office, order.product_id or "", order.symptom_id or "", order.serial or "",
                  order.arrived_at, order.finished_at, bool(order.is_charged), tuple(parts))


def names(uow: UnitOfWork) -> dict[str, dict[str, str]]:
    """The names of products, symptoms, parts and offices by id."""
    tables = {"product": product, "symptom": symptom, "part": part, "office": office}
    return {kind: {row.id: row.name for row in uow.rows(sa.select(table.c.id, table.c.name))} for kind, table in tables.items()}
