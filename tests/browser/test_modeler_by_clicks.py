"""The diagram editor's lists and pictures by clicks: templates, FEEL, colour, the way to what a diagram gets stuck in."""

import re
from pathlib import Path

import pytest
from lxml import etree
from playwright.sync_api import expect

from engine import bundles, identity
from engine.diagram.sources import File
from engine.modeling import drafts
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.browser.test_modeler_editor import People, edit, saving, stored

COMPLAINT = Path(__file__).parents[2] / "bpmn" / "complaint.bpmn"
BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"


def draft_of(company: ProcessEngine, data: bytes | None = None) -> str:
    """A draft of the complaint procedure and its first form, with `data` as the diagram if given."""
    with company.reading(SYSTEM) as uow:
        owner = identity.actor(uow, "process_owner")
        found = [bundles.latest(uow, kind, key) for kind, key in (("process", "complaint"), ("form", "judge_complaint"))]
    files = [File("complaint.bpmn", data)] if data else []
    with company.transaction(owner) as uow:
        return drafts.create(uow, title="投诉", reason="试改", definitions=[row.id for row in found if row], files=files)


def stuck() -> bytes:
    """The complaint procedure where a gateway that only one branch reaches waits for all."""
    root = etree.fromstring(COMPLAINT.read_bytes())
    merges = [node for node in root.iter(f"{BPMN}exclusiveGateway") if len(node.findall(f"{BPMN}incoming")) > 1
              and len(node.findall(f"{BPMN}outgoing")) == 1]
    merges[0].tag = f"{BPMN}parallelGateway"
    merges[0].attrib.pop("default", None)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


def condition() -> tuple[str, str]:
    """A flow with a condition on the judgement: its id and what is written."""
    root = etree.fromstring(COMPLAINT.read_bytes())
    flows = root.iter(f"{BPMN}sequenceFlow")
    found = [(str(flow.get("id")), flow.findtext(f"{BPMN}conditionExpression") or "") for flow in flows]
    return next(each for each in found if "is_complaint" in each[1])


def test_what_a_diagram_gets_stuck_in_is_shown_as_the_way_there(person: People, company: ProcessEngine) -> None:
    owner = edit(person, draft_of(company, stuck()), "complaint.bpmn")
    found = owner.page.locator("[data-problems] .problem-error").filter(has_text=re.compile("汇合|等|走"))
    expect(found.first).to_be_visible(timeout=20_000)
    found.first.click()
    expect(owner.page.locator(".djs-element.on-path")).not_to_have_count(0)
    assert owner.script_errors == []


def test_a_condition_is_written_with_the_variables_that_are_known(person: People, company: ProcessEngine) -> None:
    flow, written = condition()
    draft = draft_of(company)
    owner = edit(person, draft, "complaint.bpmn")
    owner.page.locator(f'[data-element-id="{flow}"] .djs-hit').first.dispatch_event("click", {"button": 0})
    field = owner.page.locator("[data-entry-id=house-condition] .cm-content")
    expect(field).to_contain_text("is_complaint")
    field.click()
    owner.page.keyboard.press("Control+a")
    owner.page.keyboard.type("is_comp", delay=30)
    owner.page.locator(".cm-tooltip-autocomplete li", has_text="is_complaint").first.click()
    owner.page.keyboard.type(' = "perhaps"')
    for _ in range(50):  # saved by itself, perhaps in between, too
        if "perhaps" in stored(company, draft, "complaint.bpmn")[1]:
            break
        owner.page.wait_for_timeout(200)
    root = etree.fromstring(stored(company, draft, "complaint.bpmn")[1].encode())
    changed = next(node for node in root.iter(f"{BPMN}sequenceFlow") if node.get("id") == flow)
    assert (changed.findtext(f"{BPMN}conditionExpression") or "").lstrip("=").startswith('is_complaint = "perhaps')
    assert "perhaps" not in written
    assert owner.script_errors == []


def test_a_template_is_chosen_and_takes_nothing_away(person: People, company: ProcessEngine) -> None:
    draft = draft_of(company)
    owner = edit(person, draft, "complaint.bpmn")
    owner.page.locator("[data-element-id=accept_complaint]").first.click()
    owner.page.get_by_role("button", name="选择模板").click()
    with saving(owner):
        owner.page.locator(".djs-popup .entry", has_text="客户决定").first.click()
    text = stored(company, draft, "complaint.bpmn")[1]
    tag = re.search(r"<bpmn:userTask[^>]*id=\"accept_complaint\"[^>]*>", text)
    assert tag
    assert 'camunda:modelerTemplate="fuwuflow.customer_decision"' in tag[0]
    assert 'camunda:candidateGroups="service_lead"' in tag[0]
    assert 'camunda:formRef="accept_complaint"' in tag[0]
    assert owner.script_errors == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_step_gets_a_colour(person: People, company: ProcessEngine, language: str) -> None:
    draft = draft_of(company)
    owner = edit(person, draft, "complaint.bpmn", language=language)
    owner.page.locator("[data-element-id=accept_complaint]").first.click()
    owner.page.locator(".djs-context-pad [data-action=set-color]").click()
    with saving(owner):
        owner.page.locator(".djs-popup .entry[data-id=blue-color]").click()
    assert re.search(r'bpmnElement="accept_complaint"[^>]*color:background-color="#', stored(company, draft, "complaint.bpmn")[1])
    assert owner.script_errors == []
