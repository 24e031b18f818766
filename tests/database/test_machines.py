"""The register of machines: found by serial number, searched, and their warranty with its evidence (5.1.7, 5.1.15 n5)."""

from datetime import date

import pytest
import sqlalchemy as sa

from engine.unit_of_work import SYSTEM, ProcessEngine, UnitOfWork
from handlers import machines, seed, tables
from tests.conftest import Clock


@pytest.fixture
def seeded(engine: ProcessEngine) -> ProcessEngine:
    with engine.transaction(SYSTEM) as uow:
        seed.seed(uow)
    return engine


def found(engine: ProcessEngine, serial: str) -> machines.Machine | None:
    with engine.reading(SYSTEM) as uow:
        return machines.find(uow, serial)


def test_a_serial_number_finds_the_machine_whatever_its_case_and_space(seeded: ProcessEngine) -> None:
    machine = found(seeded, " ct2026001 ")
    assert machine is not None
    assert (machine.serial, machine.product_id, machine.office) == ("CT2026001", "terminal_text", "changsha")


def test_an_unknown_serial_number_finds_nothing(seeded: ProcessEngine) -> None:
    assert found(seeded, "XX-1") is None


@pytest.mark.parametrize(("serial", "basis", "is_in_term"), [
    ("CT2026001", "record", True), ("CT2024017", "record", False), ("PR2026008", "production_date", True),
    ("PR2023102", "production_date", False), ("BN2025033", "record", True), ("MR2026011", "production_date", True),
    ("PP0000042", "none", None), ("FR2025071", "record", True),
])
def test_each_demonstration_machine_is_in_its_state_of_warranty(
        seeded: ProcessEngine, serial: str, basis: str, is_in_term: bool | None) -> None:
    machine = found(seeded, serial)
    assert machine is not None
    assert (machine.warranty.basis, machine.is_in_term) == (basis, is_in_term)


def test_a_term_includes_its_last_day(seeded: ProcessEngine, clock: Clock) -> None:
    machine = found(seeded, "CT2026001")
    assert machine is not None
    assert machine.warranty.ends_on == date(2026, 11, 1)
    clock.set(clock.now.replace(month=11, day=1, hour=15, minute=59))  # 23:59 in China
    assert found(seeded, "CT2026001").is_in_term is True  # type: ignore[union-attr]
    clock.move(minutes=1)
    assert found(seeded, "CT2026001").is_in_term is False  # type: ignore[union-attr]


def test_the_evidence_says_how_a_term_without_a_record_was_counted() -> None:
    term = machines.from_production(date(2025, 11, 30), 12)
    assert (term.starts_on, term.ends_on) == (date(2026, 2, 28), date(2027, 2, 27))
    assert "2025-11-30" in term.evidence("zh")
    assert "3 months after the production date" in term.evidence("en")


def test_the_product_sets_the_length_of_a_term_without_a_record(seeded: ProcessEngine) -> None:
    with seeded.reading(SYSTEM) as uow:
        assert machines.warranty(uow, None, "fiscal_device", date(2025, 1, 1)).ends_on == date(2028, 3, 31)
        assert machines.warranty(uow, None, None, date(2025, 1, 1)).ends_on == date(2026, 3, 31)


def test_a_record_counts_before_the_production_date_on_the_nameplate(seeded: ProcessEngine) -> None:
    with seeded.reading(SYSTEM) as uow:
        assert machines.warranty(uow, "CT2026001", "terminal_text", date(2020, 1, 1)).basis == "record"


@pytest.mark.parametrize(("words", "serials"), [
    ("pr20", ["PR2023102", "PR2026008"]), ("税务", ["FR2025071", "MR2026011"]), ("%", []), ("_", []), ("没有", []),
])
def test_machines_are_searched_by_part_of_serial_number_or_customer(
        seeded: ProcessEngine, words: str, serials: list[str]) -> None:
    with seeded.reading(SYSTEM) as uow:
        assert [machine.serial for machine in machines.search(uow, words)] == serials


def test_registering_twice_keeps_the_first(seeded: ProcessEngine) -> None:
    def register(uow: UnitOfWork, customer: str) -> None:
        machines.register(uow, "NEW-9", "pin_pad", production_date=None, customer=customer, office="changsha")

    with seeded.transaction(SYSTEM) as uow:
        register(uow, "甲")
        register(uow, "乙")
    assert found(seeded, "NEW-9").customer == "甲"  # type: ignore[union-attr]


def test_seeding_again_adds_nothing(seeded: ProcessEngine) -> None:
    with seeded.transaction(SYSTEM) as uow:
        seed.seed(uow)
        assert uow.scalar(sa.select(sa.func.count()).select_from(tables.machine)) == len(seed.MACHINES)
