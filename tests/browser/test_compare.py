"""Two versions beside each other: a process owner sees what changed, in words and on both diagrams."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from engine import bundles, deployments, identity
from engine.diagram.sources import File
from engine.modeling import approvals, drafts
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.browser.access import must_be_accessible
from tests.browser.person import PHONE, Person

BPMN = Path(__file__).parents[2] / "bpmn"
STEP = '''<bpmn:userTask id="notify_quote" name="通知顾客报价" camunda:candidateGroups="branch_sales">
  <bpmn:documentation>打电话。</bpmn:documentation>
  <bpmn:extensionElements><camunda:properties><camunda:property name="name_en" value="Notify customer of the quote"/>
  </camunda:properties></bpmn:extensionElements><bpmn:incoming>to_notify</bpmn:incoming><bpmn:outgoing>from_notify</bpmn:outgoing>
  </bpmn:userTask><bpmn:sequenceFlow id="to_notify" sourceRef="prepare_quote" targetRef="notify_quote"/>
  <bpmn:sequenceFlow id="from_notify" sourceRef="notify_quote" targetRef="calculate_quote"/>'''
SHAPE = '''<bpmndi:BPMNShape id="notify_quote_di" bpmnElement="notify_quote"><dc:Bounds x="795" y="90" width="100" height="80"/>
  </bpmndi:BPMNShape><bpmndi:BPMNEdge id="to_notify_di" bpmnElement="to_notify"><di:waypoint x="770" y="220"/>
  <di:waypoint x="770" y="130"/><di:waypoint x="795" y="130"/></bpmndi:BPMNEdge>
  <bpmndi:BPMNEdge id="from_notify_di" bpmnElement="from_notify"><di:waypoint x="895" y="130"/><di:waypoint x="920" y="130"/>
  <di:waypoint x="920" y="220"/></bpmndi:BPMNEdge>'''


def second_version() -> bytes:
    """A step added, a role changed, one task moved in the picture only."""
    text = (BPMN / "out_of_warranty.bpmn").read_text("utf-8")
    text = re.sub(r'<bpmndi:BPMNEdge id="prepare_quote__calculate_quote_di".*?</bpmndi:BPMNEdge>', SHAPE, text, flags=re.DOTALL)
    text = re.sub(r'<bpmn:sequenceFlow id="prepare_quote__calculate_quote"[^>]*/>', STEP, text)
    text = re.sub(r"<bpmn:(incoming|outgoing)>prepare_quote__calculate_quote</bpmn:\1>", "", text)
    text = text.replace('id="explain_charge" name="向顾客说明需付费" camunda:formRef="explain_charge" camunda:candidateGroups='
                        '"service_engineer"', 'id="explain_charge" name="向顾客说明需付费" camunda:formRef="explain_charge" '
                        'camunda:candidateGroups="branch_sales"')
    return re.sub(r'(bpmnElement="offer_quote">\s*<dc:Bounds x="\d+" y=")\d+', r"\g<1>215", text).encode()


def second_form() -> bytes:
    form = json.loads((BPMN / "forms" / "prepare_quote.form").read_text("utf-8"))
    form["components"].append(
        {"id": "remark", "type": "textfield", "key": "remark", "label": "备注", "validate": {"required": True}})
    return json.dumps(form, ensure_ascii=False).encode()


@pytest.fixture
def versions(company: ProcessEngine) -> tuple[str, str]:
    """The ids of the first and the second version."""
    with company.transaction(SYSTEM) as uow:
        first = bundles.latest(uow, "process", "out_of_warranty")
        deployments.deploy(uow, [File("out_of_warranty.bpmn", second_version())], name="second")
        second = bundles.latest(uow, "process", "out_of_warranty")
    assert first is not None
    assert second is not None
    return first.id, second.id


@pytest.mark.parametrize("width", [PHONE, 1440])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_changes_are_told_and_a_sentence_leads_both_diagrams_to_its_element(
        person: Callable[..., Person], versions: tuple[str, str], width: int, language: str) -> None:
    owner = person("process_owner", width=width, language=language)
    must_be_accessible(owner, f"/modeler/compare?before={versions[0]}&after={versions[1]}")
    page = owner.page
    expect(page.locator("[data-differences].is-ready")).to_have_count(1)
    told = page.locator(".change-row").all_inner_texts()
    assert len(told) == 2, told
    added = page.locator('[data-element="notify_quote"]')
    if language == "zh":
        expect(added).to_contain_text("新增步骤“通知顾客报价”（办事处销售人员）")
    else:
        expect(added).to_contain_text("Step “Notify customer of the quote”")
    expect(page.locator("[data-layout]")).to_contain_text("1")
    before, after = page.locator("[data-half]").nth(0), page.locator("[data-half]").nth(1)
    expect(after.locator('.djs-element[data-element-id="notify_quote"].is-added')).to_have_count(1)
    expect(before.locator('[data-element-id="notify_quote"]')).to_have_count(0)
    added.click()
    expect(added).to_have_attribute("aria-pressed", "true")
    must_be_in_the_middle(owner, 1, "notify_quote")
    changed = page.locator('[data-element="explain_charge"]')
    changed.click()
    for half in (0, 1):
        must_be_in_the_middle(owner, half, "explain_charge")
    page.get_by_role("button", name={"zh": "放大", "en": "Larger"}[language]).click()
    before_view, after_view = views(owner)
    assert before_view == pytest.approx(after_view, rel=0.02, abs=3)
    assert owner.script_errors == []


MIDDLE = """([half, id]) => {
  const host = document.querySelectorAll('[data-half]')[half];
  const [frame, shape] = [host, host.querySelector(`.djs-shape[data-element-id="${id}"] .djs-visual`)]
    .map((part) => part.getBoundingClientRect());
  return Math.abs(shape.x + shape.width / 2 - frame.x - frame.width / 2) < 30
    && Math.abs(shape.y + shape.height / 2 - frame.y - frame.height / 2) < 30;
}"""


def must_be_in_the_middle(owner: Person, half: int, element: str) -> None:
    """Waits until this half has the element in its middle."""
    owner.page.wait_for_function(MIDDLE, arg=[half, element])


def views(owner: Person) -> list[list[float]]:
    """Scale and place of each half's picture."""
    found = owner.page.locator("[data-half] .viewport").evaluate_all("all => all.map(one => one.getAttribute('transform'))")
    return [[float(number) for number in re.findall(r"-?[\d.]+", str(each))] for each in found]


def test_a_draft_is_compared_with_the_version_that_it_was_made_from(
        person: Callable[..., Person], company: ProcessEngine, versions: tuple[str, str]) -> None:
    with company.transaction(SYSTEM) as uow:
        form = bundles.latest(uow, "form", "prepare_quote")
        assert form is not None
        owner_id = identity.actor(uow, "process_owner")
    with company.transaction(owner_id) as uow:
        draft = drafts.create(uow, title="加备注", reason="顾客要求", definitions=[form.id])
        row = drafts.files(uow, draft)["prepare_quote.form"]
        drafts.save(uow, draft, "prepare_quote.form", second_form(), revision=row.revision)
    owner = person("process_owner", width=1440)
    must_be_accessible(owner, f"/modeler/compare?before={form.id}&after=draft:{draft}:prepare_quote.form")
    expect(owner.page.locator(".change-row")).to_have_count(1)
    expect(owner.page.locator(".change-row")).to_contain_text("新增字段“备注”，必填。")
    owner.page.locator("#compare-after").select_option(value=form.id)
    owner.page.locator(".compare-choice button").click()
    expect(owner.page.get_by_text("没有差异。")).to_be_visible()
    staff = person("sales.changsha", width=1440)
    staff.go(f"/modeler/compare?before={form.id}&after=draft:{draft}:prepare_quote.form")
    expect(staff.page.locator(".change-row")).to_have_count(0)


def test_who_decides_on_a_draft_reads_what_it_changes(person: Callable[..., Person], company: ProcessEngine) -> None:
    with company.transaction(SYSTEM) as uow:
        base = bundles.latest(uow, "process", "out_of_warranty")
        form = bundles.latest(uow, "form", "prepare_quote")
        assert base is not None
        assert form is not None
        author = identity.actor(uow, "process_owner")
    with company.transaction(author) as uow:
        draft = drafts.create(uow, title="报价后通知顾客", reason="顾客要求", definitions=[base.id, form.id])
        for name, data in (("out_of_warranty.bpmn", second_version()), ("prepare_quote.form", second_form())):
            drafts.save(uow, draft, name, data, revision=drafts.files(uow, draft)[name].revision)
    owner = person("process_owner")
    owner.go(f"/modeler/drafts/{draft}")
    owner.page.get_by_role("link", name="查看修改内容").click()
    expect(owner.page.locator("[data-differences].is-ready")).to_have_count(1)
    expect(owner.page.locator(".change-row")).to_have_count(3)
    must_be_accessible(owner)
    with company.transaction(author) as uow:
        approvals.submit(uow, draft)
    approver = person("management_representative", width=1440)
    must_be_accessible(approver, f"/modeler/drafts/{draft}/approval")
    expect(approver.page.locator("[data-differences].is-ready")).to_have_count(1)
    expect(approver.page.get_by_text("新增步骤“通知顾客报价”（办事处销售人员）。")).to_be_visible()
    expect(approver.page.get_by_text("新增字段“备注”，必填。")).to_be_visible()
    approver.page.locator('[data-element="notify_quote"]').click()
    must_be_in_the_middle(approver, 1, "notify_quote")
    assert owner.script_errors + approver.script_errors == []
