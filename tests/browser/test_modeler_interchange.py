"""Diagrams of other tools are opened in the modeller, changed, saved, and have lost nothing that they had."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from lxml import etree
from playwright.sync_api import expect

from engine import identity
from engine.diagram.sources import File
from engine.modeling import drafts
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.browser.person import Person

People = Callable[..., Person]
MODELS = sorted((Path(__file__).parent.parent / "miwg").glob("*.bpmn"))
BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
DI = "{http://www.omg.org/spec/BPMN/20100524/DI}"


@pytest.fixture
def draft(company: ProcessEngine) -> str:
    """A draft of all reference models."""
    with company.transaction(SYSTEM) as uow:
        owner = identity.actor(uow, "process_owner")
    with company.transaction(owner) as uow:
        return drafts.create(uow, title="MIWG", reason="round trip",
                             files=[File(path.name, path.read_bytes()) for path in MODELS])


def content(data: bytes) -> dict[str, Counter[tuple[str, ...]]]:
    """What must be kept: elements by tag and id, labels, coordinates by what they draw, extensions of any tool."""
    root = etree.fromstring(data)
    nodes = [node for node in root.iter() if isinstance(node.tag, str)]
    drawn = [node for node in nodes if node.tag in (f"{DI}BPMNShape", f"{DI}BPMNEdge")]
    return {
        "elements": Counter((node.tag, node.get("id", "")) for node in nodes if node.tag.startswith(BPMN) and node.get("id")),
        "labels": Counter((node.get("id", ""), " ".join(node.get("name", "").split())) for node in nodes if node.get("name")),
        "coordinates": Counter((node.get("bpmnElement", "").split(":")[-1], *_numbers(part))
                               for node in drawn for part in node.iter()),
        "extensions": Counter((node.tag,) for each in root.iter(f"{BPMN}extensionElements") for node in each.iterdescendants()),
    }


def stored(company: ProcessEngine, draft: str, name: str) -> bytes:
    """The file as the server has it."""
    with company.reading(SYSTEM) as uow:
        return drafts.content(uow, draft, name)


def _numbers(node: etree._Element) -> tuple[str, ...]:
    return tuple(f"{name}={float(node.attrib[name]):.3f}" for name in ("x", "y", "width", "height") if name in node.attrib)


def test_a_diagram_of_another_tool_loses_nothing(person: People, company: ProcessEngine, draft: str) -> None:
    owner = person("process_owner", width=1440)
    owner.go(f"/modeler/drafts/{draft}/edit?file={MODELS[0].name}")
    lost = {}
    for path in MODELS:
        owner.page.get_by_role("tab", name=path.name, exact=True).click()
        expect(owner.page.locator(f"[data-file='{path.name}']")).to_have_attribute("aria-selected", "true")
        expect(owner.page.locator("[data-editor]")).not_to_have_attribute("aria-busy", "true", timeout=30_000)
        expect(owner.page.locator(".djs-container svg .djs-element").first).to_be_attached()
        owner.page.locator(".djs-container svg").first.click(position={"x": 5, "y": 5})
        owner.page.keyboard.press("Control+a")
        owner.page.keyboard.press("ArrowRight")
        owner.page.get_by_role("button", name="撤销", exact=True).click()  # saved, with everything where it was
        expect(owner.page.locator("[data-state]")).to_contain_text("已保存", timeout=15_000)
        before, after = content(path.read_bytes()), content(stored(company, draft, path.name))
        lost[path.name] = {part: before[part] - after[part] for part in before if before[part] - after[part]}
    assert {name: found for name, found in lost.items() if found} == {}
