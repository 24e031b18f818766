"""A process owner moves open cases to another version by clicks, watches, and takes them back."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import expect

from engine import bundles, deployments, identity
from engine.diagram.sources import File
from engine.modeling import drafts
from engine.tables import process_instance
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.browser import outcome
from tests.browser.access import must_be_accessible
from tests.browser.person import PHONE, Person
from tests.database import acting

People = Callable[..., Person]
DIAGRAM = Path(__file__).parents[2] / "bpmn" / "complaint.bpmn"
LEAD = "lead.changsha"


def complaint(company: ProcessEngine) -> acting.Case:
    return acting.start(company, "sales.changsha", "complaint", received_by="phone", customer="长沙市五一路储蓄所",
                        complaint_text="约好上门没有来")


@pytest.fixture
def complaints(company: ProcessEngine) -> list[acting.Case]:
    """Three wait to be judged, one to be accepted; in the new version judging has another id.

    To be asked for before `person`, whose server has a worker.
    """
    found = [complaint(company) for _ in range(4)]
    found[3].do(LEAD, "judge_complaint", is_complaint="yes")
    text = re.sub(r"\bjudge_complaint(?=\b|__|_di)", "assess_complaint", DIAGRAM.read_text("utf-8"))
    text = text.replace('camunda:formRef="assess_complaint"', 'camunda:formRef="judge_complaint"')
    with company.transaction(SYSTEM) as uow:
        deployments.deploy(uow, [File("complaint.bpmn", text.encode())], name="second")
    return found


def versions(company: ProcessEngine) -> list[int]:
    with company.reading(SYSTEM) as uow:
        query = sa.select(process_instance.c.process_version).order_by(process_instance.c.id)
        return [row.process_version for row in uow.rows(query)]


def planning(person: People, **who: str | int) -> Person:
    """The page of the mapping, reached from the library."""
    owner = person("process_owner", **who)
    owner.go("/modeler/definitions/process/complaint")
    owner.page.get_by_role("link", name=re.compile("迁移在办工单|Move open cases")).first.click()
    expect(owner.page.locator("[data-migrating]")).to_have_class(re.compile("is-ready"))
    return owner


def test_cases_are_moved_watched_and_taken_back_by_clicks(
        complaints: list[acting.Case], person: People, company: ProcessEngine) -> None:
    owner = planning(person, width=1440)
    page = owner.page
    assert sorted(page.locator(".standing-badge").all_inner_texts()) == ["1", "3"]
    lists = page.locator("select[data-process=complaint]")
    expect(lists.and_(page.locator("[data-from=judge_complaint]"))).to_have_value("assess_complaint")
    lists.and_(page.locator("[data-from=judge_complaint]")).select_option("")
    expect(page.locator(".half").first.locator("[data-element-id=judge_complaint]")).to_have_class(re.compile("is-lost"))
    page.get_by_role("button", name="试算").click()
    expect(page.locator("#tried")).to_contain_text("4 份工单中有 1 份可以迁移")
    expect(page.locator("#tried")).to_contain_text("对应表中没有给它指定去处")
    assert versions(company) == [1, 1, 1, 1]

    expect(page.locator("[data-migrating]")).to_have_class(re.compile("is-ready"))
    left, right = page.locator(".half").first, page.locator(".half").last
    left.locator("[data-element-id=judge_complaint]").first.click()
    right.locator("[data-element-id=assess_complaint]").first.click()
    expect(page.locator("[data-said]")).to_contain_text("对应到")
    expect(page.locator("select[data-from=judge_complaint]")).to_have_value("assess_complaint")
    page.locator("#reason").fill("换用新的判断步骤")
    page.get_by_role("button", name="制定计划").click()
    expect(page.locator("#progress")).to_contain_text("将迁移 4 份工单")
    page.get_by_role("button", name="现在迁移").click()
    expect(page.locator("#progress")).to_contain_text("已完成", timeout=30_000)
    assert versions(company) == [2, 2, 2, 2]
    expect(page.get_by_role("heading", name="逐份结果")).to_be_visible()
    expect(page.locator("tbody .tag-good")).to_have_count(4)

    page.locator("summary", has_text="撤销").click()
    page.locator("#reason").fill("新步骤的表单有误")
    page.get_by_role("button", name="把工单迁回").click()
    expect(page.locator("#progress")).to_contain_text("已撤销", timeout=30_000)
    assert versions(company) == [1, 1, 1, 1]
    assert owner.script_errors == []
    outcome.must_be_proven(company)


def test_plan_without_a_reason_is_refused_and_keeps_what_was_chosen(complaints: list[acting.Case], person: People) -> None:
    owner = planning(person, width=PHONE)
    owner.page.locator("select[data-from=judge_complaint]").select_option("")
    owner.page.get_by_role("button", name="制定计划").click()
    expect(owner.page.get_by_role("alert")).to_be_visible()
    expect(owner.page.locator("select[data-from=judge_complaint]")).to_have_value("")


@pytest.mark.parametrize(("width", "language"), [(1440, "en"), (PHONE, "en"), (PHONE, "zh")])
def test_pages_of_moving_can_be_read_by_everybody(
        complaints: list[acting.Case], person: People, width: int, language: str) -> None:
    owner = planning(person, width=width, language=language)
    must_be_accessible(owner)
    owner.page.locator("#reason").fill("A better way")
    owner.page.locator("button[value=plan]").click()
    expect(owner.page.locator("#progress")).to_be_visible()
    must_be_accessible(owner)
    owner.go("/modeler/migrations")
    expect(owner.page.locator("tbody tr")).to_have_count(1)
    must_be_accessible(owner)


def test_who_decides_sees_what_a_draft_means_for_open_cases(
        complaints: list[acting.Case], person: People, company: ProcessEngine) -> None:
    with company.reading(SYSTEM) as uow:
        owner, newest = identity.actor(uow, "process_owner"), bundles.latest(uow, "process", "complaint")
        assert newest is not None
        text = bundles.stored_bytes(uow, newest.sha256).replace(b"accept_complaint", b"take_complaint")
    text = text.replace(b'formRef="take_complaint"', b'formRef="accept_complaint"')
    text = text.replace("受理投诉".encode(), "接下投诉".encode())
    with company.transaction(owner) as uow:
        draft = drafts.create(uow, title="改受理", reason="改进", definitions=[newest.id], files=[File("complaint.bpmn", text)])
    reader = person("process_owner", width=1440)
    reader.go(f"/modeler/drafts/{draft}/impact")
    expect(reader.page.locator("main")).to_contain_text(re.compile(r"4 份中有 \d 份可以迁移到新版本"))
    must_be_accessible(reader)
