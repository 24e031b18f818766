"""Starting a case by clicks: the catalogue, favourites, search, and the warning that the same machine has a case already."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Route, expect

from engine.unit_of_work import ProcessEngine
from tests.browser.access import must_be_accessible
from tests.browser.person import Person
from tests.database import acting
from tests.database.acting import Case

LEAD = "lead.changsha"
REPORT = {
    "report_source": "customer", "serial_number": "CT2026001", "product": "terminal_text", "customer": "长沙市五一路储蓄所",
    "contact": "设备科", "phone": "0731-5550101", "region": "same_city", "reported_fault": "开机无显示",
}
People = Callable[..., Person]


@pytest.fixture(autouse=True)
def case(company: ProcessEngine) -> Case:
    """The machine's first case; it comes before the browser does."""
    return acting.start(company, LEAD, "in_warranty", **REPORT)


@pytest.mark.parametrize(("width", "language"), [(390, "zh"), (1440, "en")])
def test_favourite_comes_first_and_stays_so(person: People, width: int, language: str) -> None:
    lead = person(LEAD, width=width, language=language)
    lead.go("/start")
    choices = lead.page.locator(".start-choice")
    last = choices.last.locator("strong").inner_text()
    choices.last.locator("button").click()
    expect(choices.first.locator("strong")).to_have_text(last)
    expect(choices.first.locator("button")).to_have_attribute("aria-pressed", "true")
    must_be_accessible(lead)
    lead.go("/start")
    expect(choices.first.locator("strong")).to_have_text(last)
    choices.first.locator("button").click()
    expect(lead.page.locator("button[aria-pressed=true]")).to_have_count(0)


def test_catalogue_narrows_while_typing_and_by_the_server(person: People) -> None:
    lead = person(LEAD, width=1440)
    lead.go("/start")
    everything = lead.page.locator(".start-choice:visible").count()
    lead.page.locator("#q").fill("投诉")
    expect(lead.page.locator(".start-choice:visible")).not_to_have_count(everything)
    expect(lead.page.locator(".start-choice:visible").first).to_contain_text("投诉")
    lead.page.locator("#q").press("Enter")
    expect(lead.page).to_have_url(f"{lead.address}/start?q=%E6%8A%95%E8%AF%89")
    expect(lead.page.locator(".start-choice").first).to_contain_text("投诉")
    lead.page.locator("#q").fill("没有这样的流程")
    expect(lead.page.locator("[data-nothing]")).to_be_visible()
    lead.page.get_by_role("link", name="显示全部").click()
    expect(lead.page.locator(".start-choice")).to_have_count(everything)


def test_machine_with_an_open_case_is_told_of_and_its_card_fills_the_form(person: People, case: Case) -> None:
    lead = person(LEAD)
    lead.go("/start/in_warranty")
    lead.fill(serial_number="CT2026001")
    told = lead.page.locator("[data-machine]")
    expect(told.get_by_role("alert")).to_contain_text("这台机器有未办结的工单")
    expect(told.get_by_role("link").first).to_have_attribute("href", f"/cases/{case.id}")
    must_be_accessible(lead)


def test_closed_case_of_the_machine_is_told_of_calmly(person: People, company: ProcessEngine, case: Case) -> None:
    lead = person(LEAD)
    lead.go(f"/cases/{case.id}/intervene/terminate")
    lead.page.locator("#reason").fill("重复登记")
    lead.page.get_by_role("button", name="撤销工单", exact=True).click()
    expect(lead.page.locator(".notice-warning").first).to_be_visible()
    lead.go("/start/in_warranty")
    lead.fill(serial_number="CT2026001")
    told = lead.page.locator("[data-machine]")
    expect(told).to_contain_text("近 90 天")
    expect(told.get_by_role("alert")).to_have_count(0)


def test_words_typed_just_before_a_field_beside_them_changes_stay(person: People) -> None:
    """Both in one turn of the page's script, as when a date is left and the next field typed in at once."""
    lead = person(LEAD)
    lead.go("/start/in_warranty")
    expect(lead.page.locator("[data-form-host]")).not_to_have_attribute("aria-busy", "true")
    fault = lead.page.locator("textarea[id$=field_reported_fault]")
    fault.evaluate("""field => {
        field.value = '开机无显示';
        field.dispatchEvent(new Event('input', { bubbles: true }));
        document.querySelector('[data-form-host] input[type=radio]').click();
    }""")
    expect(lead.page.locator("[data-form-host] input[type=radio]").first).to_be_checked()
    lead.page.wait_for_timeout(400)  # longer than form-js' own delay before it takes what was typed
    expect(fault).to_have_value("开机无显示")


def test_corrected_serial_number_brings_its_own_customer_and_leaves_what_was_typed(person: People) -> None:
    lead = person(LEAD)
    lead.go("/start/in_warranty")
    lead.fill(contact="王老师", serial_number="CT2026001")
    customer = lead.page.locator("input[id$=field_customer]")
    expect(customer).not_to_have_value("")
    wrong = customer.input_value()
    lead.fill(serial_number="PR2023102")
    expect(lead.page.locator("[data-machine]")).not_to_be_empty()
    expect(customer).not_to_have_value(wrong)
    expect(customer).not_to_have_value("")
    lead.fill(serial_number="UNKNOWN-1")
    expect(lead.page.locator("[data-machine]")).to_contain_text("没有")
    expect(customer).to_have_value("")
    expect(lead.page.locator("input[id$=field_product-search], input[id$=field_product]").first).to_have_value("")
    expect(lead.page.locator("input[id$=field_contact]")).to_have_value("王老师")


def test_slow_answer_about_another_serial_number_is_not_shown(person: People) -> None:
    lead = person(LEAD)
    held: list[Route] = []
    lead.page.route("**/machines?serial=CT2026001", lambda route: held.append(route))  # noqa: PLW0108  # Playwright sets a mark on it
    lead.go("/start/in_warranty")
    lead.fill(serial_number="CT2026001")
    for _ in range(100):
        if held:
            break
        lead.page.wait_for_timeout(50)
    lead.fill(serial_number="UNKNOWN-1")
    told = lead.page.locator("[data-machine]")
    expect(told).to_contain_text("没有")
    with lead.page.expect_response("**/machines?serial=CT2026001"):
        held[0].continue_()
    lead.page.wait_for_timeout(200)
    expect(told).to_contain_text("没有")
    expect(lead.page.locator("input[id$=field_customer]")).to_have_value("")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_question_of_a_form_is_cut_off_on_a_phone(person: People, language: str) -> None:
    lead = person(LEAD, language=language)
    lead.go("/start/in_warranty")
    expect(lead.page.locator("[data-form-host]")).not_to_have_attribute("aria-busy", "true")
    cut = lead.page.locator(".fjs-form-field-label").evaluate_all(
        "labels => labels.filter(one => one.scrollWidth > one.clientWidth).map(one => one.textContent)")
    assert cut == []
