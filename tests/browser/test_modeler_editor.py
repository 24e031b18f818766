"""The editors of a draft by clicks: a diagram, a form and a decision table are changed, checked and kept."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from engine import bundles, identity
from engine.modeling import drafts
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.browser.person import Person

People = Callable[..., Person]
FILES = (("process", "parts_issue"), ("form", "requisition"), ("decision", "warranty"))


@pytest.fixture
def draft(company: ProcessEngine) -> str:
    """A draft of one diagram, one form and one decision table."""
    with company.transaction(SYSTEM) as uow:
        owner = identity.actor(uow, "process_owner")
        found = [bundles.latest(uow, kind, key) for kind, key in FILES]
    with company.transaction(owner) as uow:
        return drafts.create(uow, title="配件领用", reason="试改", definitions=[row.id for row in found if row])


def edit(person: People, draft: str, file: str = "parts_issue.bpmn", **who: str | int) -> Person:
    """The editor of `file`, ready."""
    owner = person(str(who.get("user", "process_owner")), width=int(who.get("width", 1440)), language=str(who.get("language", "zh")))
    owner.go(f"/modeler/drafts/{draft}/edit?file={file}")
    expect(owner.page.locator("[data-editor]")).not_to_have_attribute("aria-busy", "true", timeout=30_000)
    return owner


def stored(company: ProcessEngine, draft: str, file: str) -> tuple[int, str]:
    """Revision and text on the server."""
    with company.reading(SYSTEM) as uow:
        return drafts.files(uow, draft)[file].revision, drafts.content(uow, draft, file).decode()


def choose_first_user_task(owner: Person) -> None:
    owner.page.locator(".djs-element[data-element-id]:has(.djs-visual)").filter(
        has=owner.page.locator("rect")).locator("xpath=self::*[contains(@data-element-id, 'requisition')]").first.click()


def test_looking_at_a_file_saves_nothing(person: People, company: ProcessEngine, draft: str) -> None:
    before = stored(company, draft, "parts_issue.bpmn")
    owner = edit(person, draft)
    owner.page.get_by_role("tab", name="requisition.form").click()
    expect(owner.page.locator(".fjs-form-editor, .fjs-editor-container").first).to_be_visible()
    assert stored(company, draft, "parts_issue.bpmn") == before
    assert owner.script_errors == []
