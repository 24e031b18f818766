"""A draft tried by clicks: begun, time put forward, undone, kept as a scenario; a finished case becomes one, too."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from engine import bundles
from engine.modeling import drafts
from engine.sandbox import scenario
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.browser.access import must_be_accessible
from tests.browser.outcome import apart
from tests.browser.person import Person
from tests.conftest import Clock
from tests.database.acting import Case
from tests.database.test_model_drafts import Owners
from tests.database.test_sandbox import REPORT, finished

OWNER = "process_owner"
WORDS = {"zh": ("试运行", "到下一个时限", "撤销最后一步", "符合预期"),
         "en": ("Try it", "To the next timer", "Undo the last step", "as expected")}
PLAIN = {key: REPORT[key] for key in ("customer", "contact", "phone", "reported_fault")}
TYPED = {"zh": {"report_source": "顾客电话或传真", "product": "中西文字符终端", "region": "市内（一天内到场）", **PLAIN},
         "en": {"report_source": "The customer's phone call or fax", "product": "Chinese character terminal",
                "region": "Same city (arrival within 1 day)", **PLAIN}}
People = Callable[..., Person]


@pytest.fixture
def draft(company: ProcessEngine) -> str:
    """A draft of the in-warranty diagram, made before the browser comes."""
    with company.reading(SYSTEM) as uow:
        row = bundles.latest(uow, "process", "in_warranty")
    return Owners(company).do(OWNER, drafts.create, title="保内服务修订", reason="试运行", definitions=[row.id])


@pytest.mark.parametrize(("width", "language"), [(390, "zh"), (1440, "en")])
def test_draft_is_tried_undone_and_kept_as_a_scenario(person: People, draft: str, company: ProcessEngine, width: int,
                                                      language: str) -> None:
    try_it, forward, undo, good = WORDS[language]
    owner = person(OWNER, width=width, language=language)
    owner.go(f"/modeler/drafts/{draft}")
    owner.page.get_by_role("link", name=try_it, exact=True).click()
    owner.page.locator("[data-form-host] [id$='-field_customer']").wait_for()
    must_be_accessible(owner)
    owner.fill(**TYPED[language])
    owner.page.locator("form[action$='/start'] button.btn-primary").click()
    clock = owner.page.locator(".try-clock")
    begun = clock.inner_text()
    expect(owner.page.locator(".try-card")).to_have_count(1)
    expect(owner.page.locator(".djs-element.has-token")).not_to_have_count(0)
    must_be_accessible(owner)
    owner.page.get_by_role("button", name=forward).click()
    expect(clock).not_to_have_text(begun)
    expect(owner.page.locator(".try-steps li")).to_have_count(2)
    owner.page.get_by_role("button", name=undo).click()
    expect(clock).to_have_text(begun)
    owner.page.locator("#name").fill("刚开始")
    owner.page.locator("form[action$='/save'] button").click()
    expect(owner.page.locator("table .tag-good")).to_have_text(good)
    must_be_accessible(owner)
    assert owner.script_errors == []
    kept = apart(files_of, company, draft)
    assert scenario.read(kept["in_warranty.刚开始.scenario"]).steps == ()


def test_what_the_form_refuses_is_said_and_keeps_what_was_typed(person: People, draft: str) -> None:
    owner = person(OWNER)
    owner.go(f"/modeler/drafts/{draft}/try/in_warranty")
    owner.fill(customer="长沙市五一路储蓄所")
    owner.page.locator("form[action$='/start'] button.btn-primary").click()
    expect(owner.page.locator("[data-form-says]")).to_be_visible()
    expect(owner.page.locator("[id$='-field_customer']")).to_have_value("长沙市五一路储蓄所")
    expect(owner.page.locator(".try-clock")).to_have_count(0)


@pytest.fixture
def opinion(company: ProcessEngine, clock: Clock) -> Case:
    """A finished case. To be asked for before `person`, whose server has a worker that would take its jobs."""
    return finished(company, clock)


def test_finished_case_becomes_a_scenario_in_a_new_draft(opinion: Case, person: People) -> None:
    owner = person(OWNER, width=1440)
    owner.go(f"/cases/{opinion.id}")
    owner.page.get_by_role("link", name="做成场景").click()
    owner.page.locator("#name").fill("客户意见一例")
    owner.page.get_by_role("button", name="生成场景").click()
    expect(owner.page.locator("table .tag-good")).to_have_text("符合预期")
    expect(owner.page.locator("main")).not_to_contain_text("13800001234")


def files_of(company: ProcessEngine, draft: str) -> dict[str, bytes]:
    """The files of a draft."""
    with company.reading(SYSTEM) as uow:
        return {file.name: file.data for file in drafts.as_files(uow, draft)}
