"""What a demonstration year needs besides the catalogue: customers in every office, their machines, last year's prices.

Customers are institutions, contacts are departments: no person is made up. Adds only what is missing.
"""

import random
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from engine.unit_of_work import UnitOfWork
from handlers import tables
from handlers.days import add_months
from handlers.seed import FEES, PARTS, PRODUCTS

LAST_YEARS_LIST = "approved_before"
PREFIXES = {
    "terminal_text": "CT", "printer_hccpr2": "PR", "terminal_butterfly": "BN", "magnetic_stripe_reader": "MR",
    "pin_pad": "PP", "fiscal_cash_register": "FR", "fiscal_device": "FD",
}
BANK, POST, TAX, SHOP, SCHOOL = "储蓄所", "邮政支局", "税务分局", "百货商场", "中学"
USUALLY_HAS = {  # what kind of customer works with what
    BANK: ("terminal_text", "printer_hccpr2", "pin_pad", "magnetic_stripe_reader", "terminal_butterfly"),
    POST: ("terminal_text", "printer_hccpr2", "terminal_butterfly"),
    TAX: ("fiscal_device", "terminal_text", "printer_hccpr2"),
    SHOP: ("fiscal_cash_register", "magnetic_stripe_reader", "fiscal_device"),
    SCHOOL: ("terminal_butterfly", "printer_hccpr2"),
}
CUSTOMERS = {  # office → (place and street, kind, region as the response time counts it)
    "changsha": (
        ("长沙市芙蓉路", BANK, "same_city"), ("长沙市韶山路", BANK, "same_city"), ("长沙市黄兴路", SHOP, "same_city"),
        ("长沙市蔡锷路", POST, "same_city"), ("长沙市雨花区", TAX, "same_city"), ("长沙市开福区第七", SCHOOL, "same_city"),
        ("湘潭市建设路", BANK, "in_province"), ("株洲市芦淞路", SHOP, "in_province"), ("衡阳市解放路", POST, "in_province"),
        ("常德市武陵区", TAX, "in_province"), ("长沙市某", SCHOOL, "same_city"),
    ),
    "yueyang": (
        ("岳阳市南湖大道", BANK, "same_city"), ("岳阳市东茅岭", SHOP, "same_city"), ("岳阳市岳阳楼区", TAX, "same_city"),
        ("岳阳市洞庭北路", POST, "same_city"), ("临湘市长安路", BANK, "in_province"), ("汨罗市建设路", POST, "in_province"),
        ("华容县护城", SCHOOL, "in_province"), ("平江县开发区", TAX, "in_province"),
    ),
    "guangzhou": (
        ("广州市北京路", BANK, "same_city"), ("广州市上下九", SHOP, "same_city"), ("广州市越秀区", TAX, "same_city"),
        ("广州市沿江路", POST, "same_city"), ("佛山市祖庙路", SHOP, "in_province"), ("东莞市莞城", BANK, "in_province"),
        ("珠海市香洲区", TAX, "in_province"), ("南宁市民族大道", BANK, "other_province"), ("海口市海府路", SHOP,
            "other_province"),
    ),
    "wulumuqi": (
        ("乌鲁木齐市友好路", SHOP, "same_city"), ("乌鲁木齐市天山区", TAX, "same_city"), ("乌鲁木齐市光明路", BANK, "same_city"),
        ("昌吉市延安路", BANK, "in_province"), ("石河子市北四路", POST, "in_province"), ("喀什市人民路", BANK, "in_province"),
        ("西宁市长江路", POST, "other_province"),
    ),
    "head": (
        ("北京市海淀区", TAX, "other_province"), ("武汉市解放大道", BANK, "other_province"), ("南昌市八一大道", POST,
            "other_province"),
        ("合肥市长江路", SHOP, "other_province"),
    ),
}
CONTACTS = ("设备科", "营业室", "信息中心", "办公室", "值班室", "财务科")
AREA_CODES = {"changsha": "0731", "yueyang": "0730", "guangzhou": "020", "wulumuqi": "0991", "head": "010"}


def seed(uow: UnitOfWork, today: date, dice: random.Random) -> None:
    """Add the machines as they stand `today`, their warranty records, and the price list in force since two years."""
    there = {row.serial for row in uow.rows(sa.select(tables.machine.c.serial))}
    machines = [row for row in _machines(today, dice) if row["serial"] not in there]
    if machines:
        uow.execute(sa.insert(tables.machine), machines)
        uow.execute(sa.insert(tables.warranty_record), list(_warranties(uow, machines, dice)))
    if uow.row(sa.select(tables.price_list.c.id).where(tables.price_list.c.id == LAST_YEARS_LIST)) is None:
        uow.execute(sa.insert(tables.price_list).values(
            id=LAST_YEARS_LIST, name="上年度收费标准", valid_from=add_months(today, -26), approved_by="manager",
            approved_at=uow.now))
        uow.execute(sa.insert(tables.price), list(_prices()))


def regions() -> dict[str, str]:
    """Customer → how far it is from its service point (5.1.6)."""
    return {f"{place}{kind}": region for rows in CUSTOMERS.values() for place, kind, region in rows}


def _machines(today: date, dice: random.Random) -> Iterator[dict[str, Any]]:
    number = 100
    for office, customers in CUSTOMERS.items():
        for place, kind, _ in customers:
            phone = f"{AREA_CODES[office]}-8{dice.randrange(100, 999)}0{dice.randrange(100, 999)}"
            contact, address = dice.choice(CONTACTS), f"{place}{dice.randrange(6, 320)} 号"
            for product in dice.choices(USUALLY_HAS[kind], k=dice.randrange(3, 7)):
                number += 1
                made = add_months(today, -dice.choice((4, 7, 9, 11, 13, 15, 18, 21, 26, 32, 40, 52)))
                yield {"serial": f"{PREFIXES[product]}{made.year}{number}", "product_id": product, "office": office,
                       "production_date": made, "customer": f"{place}{kind}", "contact": contact, "phone": phone,
                       "address": address}


def _warranties(uow: UnitOfWork, machines: list[dict[str, Any]], dice: random.Random) -> Iterator[dict[str, Any]]:
    """Three in four machines have a record that says more than the production date does."""
    months = {product: length for product, _, _, length in PRODUCTS}
    for machine in machines:
        if dice.random() < 0.75:
            starts = add_months(machine["production_date"], dice.randrange(1, 4))
            yield {"serial": machine["serial"], "starts_on": starts,
                   "ends_on": add_months(starts, months[machine["product_id"]]) - timedelta(days=1),
                   "recorded_by": f"lead.{machine['office']}", "recorded_at": uow.now}


def _prices() -> Iterator[dict[str, Any]]:
    rows = [*FEES, *((part_id, "part", name, name_en, cents) for part_id, name, name_en, _, cents in PARTS)]
    for name, kind, zh, en, cents in rows:
        yield {"list_id": LAST_YEARS_LIST, "id": name, "kind": kind, "name": zh, "name_en": en, "amount_cents": cents * 95 // 100}
