"""Returns (5.5): condition a, b and neither; every form gets a ruling."""

import pytest

from engine.errors import Forbidden
from engine.unit_of_work import ProcessEngine
from handlers.tables import product_return
from tests.database.acting import Case, row, start

SALES, RULER = "sales.changsha", "general_affairs_lead"
REQUEST = {"customer": "长沙某银行", "product": "pin_pad", "serial_number": "PP1", "shipped_on": "2026-02-27",
           "is_unopened": "yes", "return_reason": "要换型号"}


def requested(company: ProcessEngine, condition: str) -> Case:
    case = start(company, SALES, "product_return")
    return case.do(SALES, "fill_in_return_request", **REQUEST, return_condition=condition)


def ruled(case: Case, ruling: str) -> Case:
    return case.do(RULER, "rule_on_return", ruling=ruling, ruling_reason="按规定")


def informed(case: Case) -> Case:
    return case.do(SALES, "inform_customer", informed_how="phone")


def test_unopened_product_is_exchanged(company: ProcessEngine) -> None:
    case = ruled(requested(company, "a"), "exchange")
    case.do(SALES, "exchange_product", new_serial="PP2", exchanged_on="2026-03-02")
    assert informed(case).ended_at == "return_handled"
    filed = row(company, product_return, case.id)
    assert (filed.condition, filed.ruling, filed.new_serial, filed.stock_receipt) == ("a", "exchange", "PP2", None)
    assert (filed.requested_by, filed.ruled_by, filed.is_confirmed) == (SALES, RULER, None)
    assert filed.closed_at is not None


def test_quality_problem_is_verified_signed_and_taken_back_to_stock(company: ProcessEngine) -> None:
    case = requested(company, "b")
    case.do(SALES, "verify_quality_problem", finding="按键失灵", verified_by_customer="王先生", verified_by_office="李女士",
            verified_on="2026-03-02")
    assert [to for to, _ in case.told()] == ["terminal_division_gm"]
    case.do(RULER, "confirm_and_sign", is_confirmed="yes", confirmed_signature="张某")
    ruled(case, "stock").do("logistics", "return_to_stock", stock_receipt="RK-1")
    assert informed(case).ended_at == "return_handled"
    filed = row(company, product_return, case.id)
    assert (filed.finding, filed.is_confirmed, filed.signed_by, filed.stock_receipt) == ("按键失灵", True, "张某", "RK-1")


def test_form_that_meets_neither_condition_still_gets_a_ruling(company: ProcessEngine) -> None:
    case = requested(company, "neither")
    assert case.offered == ["rule_on_return"]
    assert ruled(case, "refuse").offered == ["inform_customer"]
    assert informed(case).ended_at == "return_handled"
    assert row(company, product_return, case.id).ruling == "refuse"
    assert case.told() == []


def test_another_office_cannot_fill_in_the_form(company: ProcessEngine) -> None:
    case = start(company, SALES, "product_return")
    with pytest.raises(Forbidden):
        case.do("sales.yueyang", "fill_in_return_request", **REQUEST, return_condition="a")
