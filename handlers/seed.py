"""Demonstration data: catalogue, machines in several states of warranty, an approved price list. Adds only what is missing."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from engine.unit_of_work import UnitOfWork
from handlers import tables
from handlers.days import add_months, day_of

PRODUCTS = (  # question 1 of the survey form names them; months of warranty: ours
    ("terminal_text", "中西文字符终端", "Chinese character terminal", 12),
    ("printer_hccpr2", "HCCPR2 打印机", "HCCPR2 printer", 12),
    ("terminal_butterfly", "蝴蝶网络终端", "Butterfly network terminal", 24),
    ("magnetic_stripe_reader", "磁条读写器", "Magnetic stripe reader", 12),
    ("pin_pad", "密码键盘", "PIN pad", 12),
    ("fiscal_cash_register", "税控收款机", "Fiscal cash register", 36),
    ("fiscal_device", "税控器", "Fiscal control device", 36),
)
SYMPTOMS = (
    ("no_power", "不通电", "No power"), ("no_display", "无显示", "No display"), ("garbled", "显示乱码", "Garbled display"),
    ("no_communication", "不能通信", "No communication"), ("keyboard", "键盘失灵", "Keyboard fails"),
    ("no_print", "不打印", "Does not print"), ("paper_jam", "卡纸", "Paper jam"),
    ("card_not_read", "读不出磁卡", "Card not read"),
    ("other", "其他", "Other"),
)
PARTS = (  # id, name, name_en, is_main, price in cents
    ("board_main", "主板", "Main board", True, 88000), ("board_comm", "通信板", "Communication board", True, 42000),
    ("power_supply", "电源", "Power supply", True, 26000), ("tube", "显像管", "Picture tube", True, 39000),
    ("print_head", "打印头", "Print head", True, 52000), ("magnetic_head", "磁头", "Magnetic head", True, 18000),
    ("keyboard", "键盘", "Keyboard", False, 12000), ("ribbon", "色带", "Ribbon", False, 3500),
    ("cable", "连接线", "Cable", False, 2800), ("fuse", "保险管", "Fuse", False, 500),
)
FEES = (
    ("labour_visit", "labour", "上门维修工时", "On-site repair, an hour", 8000),
    ("labour_workshop", "labour", "车间维修工时", "Workshop repair, an hour", 6000),
    ("travel_city", "other", "市内交通费", "Travel in the city", 3000),
    ("travel_province", "other", "省内差旅费", "Travel in the province", 20000),
    ("travel_remote", "other", "边远地区差旅费", "Travel to a remote place", 80000),
    ("shipping", "other", "运费", "Shipping", 2500),
)
CUSTOMERS = {
    "changsha": ("长沙市五一路储蓄所", "Changsha"), "yueyang": ("岳阳市巴陵路邮政支局", "Yueyang"),
    "guangzhou": ("广州市天河税务分局", "Guangzhou"), "wulumuqi": ("乌鲁木齐市中山路储蓄所", "Urumqi"),
}
MACHINES = (  # serial, product, office, months since production, (months since the recorded start, length) or None
    ("CT2026001", "terminal_text", "changsha", 6, (4, 12)),  # by record, within
    ("CT2024017", "terminal_text", "changsha", 30, (26, 12)),  # by record, over
    ("PR2026008", "printer_hccpr2", "changsha", 8, None),  # by production date, within
    ("PR2023102", "printer_hccpr2", "yueyang", 40, None),  # by production date, over
    ("BN2025033", "terminal_butterfly", "yueyang", 20, (18, 24)),  # by record, within, a longer term
    ("MR2026011", "magnetic_stripe_reader", "guangzhou", 1, None),  # made last month: its term has not begun, so it is not over
    ("PP0000042", "pin_pad", "wulumuqi", None, None),  # nothing known: the engineer decides
    ("FR2025071", "fiscal_cash_register", "guangzhou", 15, (12, 36)),  # by record, within
)


def seed(uow: UnitOfWork, today: date | None = None) -> None:
    """Add the catalogue, the machines (dated from `today`) and the price lists: one approved, one not yet."""
    today = today or day_of(uow.now)
    _add(uow, tables.product, _named(("warranty_months",), PRODUCTS))
    _add(uow, tables.symptom, _named((), SYMPTOMS))
    _add(uow, tables.part, _named(("is_main",), [row[:4] for row in PARTS]))
    _add(uow, tables.machine, _machines(today))
    _add(uow, tables.warranty_record, _warranties(uow, today), key="serial")
    _add(uow, tables.price_list, _price_lists(uow, today))
    _add(uow, tables.price, [row for name, share in (("approved", 100), ("proposed", 110)) for row in _prices(name, share)],
         key="list_id")


def _add(uow: UnitOfWork, table: sa.Table, rows: Sequence[Mapping[str, Any]], key: str | None = None) -> None:
    column = table.c[key] if key else next(iter(table.primary_key.columns))
    there = {row[0] for row in uow.rows(sa.select(column))}
    missing = [dict(row) for row in rows if row[column.name] not in there]
    if missing:
        uow.execute(sa.insert(table), missing)


def _named(more: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> list[dict[str, Any]]:
    return [dict(zip(("id", "name", "name_en", *more), row, strict=True)) for row in rows]


def _machines(today: date) -> list[dict[str, Any]]:
    return [{
        "serial": serial, "product_id": product, "office": office, "customer": CUSTOMERS[office][0],
        "production_date": add_months(today, -age) if age is not None else None,
        "contact": "设备科", "phone": "", "address": "",
    } for serial, product, office, age, _ in MACHINES]


def _warranties(uow: UnitOfWork, today: date) -> list[dict[str, Any]]:
    return [{
        "serial": serial, "starts_on": add_months(today, -term[0]),
        "ends_on": add_months(today, term[1] - term[0]) - timedelta(days=1),
        "recorded_by": f"lead.{office}", "recorded_at": uow.now,
    } for serial, _, office, _, term in MACHINES if term is not None]


def _price_lists(uow: UnitOfWork, today: date) -> list[dict[str, Any]]:
    approval = {"approved_by": "manager", "approved_at": uow.now}
    return [
        {"id": "approved", "name": "现行收费标准", "valid_from": add_months(today, -1), **approval},
        {"id": "proposed", "name": "拟订收费标准（未批准）", "valid_from": today, "approved_by": None, "approved_at": None},
    ]


def _prices(list_id: str, percent: int) -> Iterator[dict[str, Any]]:
    rows = [*FEES, *((part_id, "part", name, name_en, cents) for part_id, name, name_en, _, cents in PARTS)]
    for name, kind, zh, en, cents in rows:
        yield {"list_id": list_id, "id": name, "kind": kind, "name": zh, "name_en": en, "amount_cents": cents * percent // 100}
