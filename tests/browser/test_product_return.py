"""5.5 at a desk: a product that meets condition a, one that meets b, and one that meets neither."""

from collections.abc import Callable
from datetime import date

from engine.unit_of_work import ProcessEngine
from handlers.tables import product_return
from tests.browser import outcome
from tests.browser.person import Person
from tests.database.acting import Case, cases_of, row

DESK = 1440
REQUEST = {"customer": "长沙市五一路储蓄所", "product": "密码键盘", "shipped_on": "2026-02-27", "is_unopened": "是"}


def test_returns_are_exchanged_taken_back_and_refused(person: Callable[..., Person], company: ProcessEngine) -> None:
    sales, ruler = person("sales.changsha", width=DESK), person("general_affairs_lead", width=DESK)
    logistics = person("logistics", width=DESK)
    exchange(sales, ruler)
    take_back(sales, ruler, logistics)
    refuse(sales, ruler)

    filed = [row(company, product_return, case.id) for case in cases_of(company, "product_return")]
    filed.sort(key=lambda form: form.serial)
    cases = [Case(company, f.case_id) for f in filed]
    assert [case.ended_at for case in cases] == ["return_handled"] * 3
    assert [(f.serial, f.condition, f.ruling, f.new_serial, f.stock_receipt) for f in filed] == [
        ("PP-A", "a", "exchange", "PP-A2", None), ("PP-B", "b", "stock", None, "RK-1"), ("PP-C", "neither", "refuse", None, None)]
    assert [f.is_confirmed for f in filed] == [None, True, None]
    assert {(f.shipped_on, f.requested_by, f.ruled_by) for f in filed} == {
        (date(2026, 2, 27), "sales.changsha", "general_affairs_lead")}
    assert [[to for to, _ in case.told()] for case in cases] == [[], ["terminal_division_gm"], []]
    outcome.must_be_proven(company)
    for someone in (sales, ruler, logistics):
        assert someone.script_errors == []


def exchange(sales: Person, ruler: Person) -> None:
    """Condition a: unopened, another model is wanted."""
    request(sales, "PP-A", "a 未开箱换型号", return_reason="型号不合适", wanted_model="密码键盘二型")
    rule(ruler, "PP-A", "更换")
    sales.open("更换产品", view="groups", case="PP-A")
    sales.complete(new_serial="PP-A2", exchanged_on="2026-03-02")
    inform(sales)


def take_back(sales: Person, ruler: Person, logistics: Person) -> None:
    """Condition b: a quality problem, verified with the customer and signed for."""
    request(sales, "PP-B", "b 质量问题", return_reason="按键失灵")
    sales.sees("顾客与办事处共同验证")
    sales.complete(finding="三个按键没有反应",
                   verified_by_customer="设备科", verified_by_office="长沙办事处", verified_on="2026-03-02")
    ruler.open("确认并签字", view="groups", case="PP-B")
    ruler.complete(is_confirmed="是", confirmed_signature="综合管理部分管负责人")
    rule(ruler, "PP-B", "退库")
    logistics.open("办理退库", view="groups", case="PP-B")
    logistics.complete(stock_receipt="RK-1")
    sales.open("告知顾客结果", view="groups", case="PP-B")
    inform(sales)


def refuse(sales: Person, ruler: Person) -> None:
    """Neither condition: the request is ruled on all the same."""
    request(sales, "PP-C", "都不符合", return_reason="不想要了")
    rule(ruler, "PP-C", "不予退换")
    sales.open("告知顾客结果", view="groups", case="PP-C")
    inform(sales)


def request(sales: Person, serial: str, condition: str, **reason: str) -> None:
    """Start the case and fill in the return request."""
    sales.start("product_return")
    sales.sees("填写退库产品申请单")
    sales.answer(condition, **REQUEST, serial_number=serial, **reason)


def rule(ruler: Person, serial: str, ruling: str) -> None:
    """The lead in charge of general affairs decides."""
    ruler.open("批示处理意见", view="groups", case=serial)
    ruler.answer(ruling, ruling_reason="按规定")


def inform(sales: Person) -> None:
    """Tell the customer, which closes the case."""
    sales.sees("告知顾客结果")
    sales.complete(informed_how="电话", customer_reply="知道了")
