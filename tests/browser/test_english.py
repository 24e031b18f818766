"""The same work in English: a return from the request to the customer's answer, without a Chinese word of ours on the way."""

import re
from collections.abc import Callable

from engine.unit_of_work import ProcessEngine
from tests.browser import outcome
from tests.browser.person import Person

CHINESE = re.compile(r"[\u4e00-\u9fff]")


def test_return_is_requested_ruled_on_and_told_in_english(person: Callable[..., Person], company: ProcessEngine) -> None:
    sales = person("sales.changsha", width=1440, language="en")
    ruler = person("general_affairs_lead", width=1440, language="en")
    sales.start("product_return")
    sales.sees("Fill in the return request form")
    sales.fill(customer="Wuyi Road savings office", product="PIN pad", serial_number="PP-E", shipped_on="2026-02-27",
               is_unopened="No", return_reason="Not wanted any more")
    is_english(sales)
    sales.answer("Neither")
    ruler.open("Rule on the return", view="groups")
    is_english(ruler)
    ruler.answer("Refuse", ruling_reason="It was opened and works")
    is_english(ruler)
    sales.open("Inform the customer", view="groups")
    sales.complete(informed_how="By phone")
    sales.page.get_by_role("link", name="See the case").click()
    is_english(sales)

    assert outcome.only_case(company, "product_return").ended_at == "return_handled"
    assert sales.script_errors + ruler.script_errors == []


def is_english(someone: Person) -> None:
    """No Chinese is left, but in the diagram's picture and in what is marked as Chinese: records' names, the way back."""
    someone.page.wait_for_load_state()
    shown = someone.page.evaluate(
        "() => { const page = document.body.cloneNode(true);"
        " page.querySelectorAll('[data-diagram], [lang|=zh], script, style').forEach((part) => part.remove());"
        " return page.textContent; }")
    assert CHINESE.findall(shown) == [], someone.page.url
