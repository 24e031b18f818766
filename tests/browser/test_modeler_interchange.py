"""Diagrams of other tools are opened in the modeller, given a documentation, saved, and have lost nothing untold."""

import re
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
TYPED = "Said in the editor."


@pytest.fixture
def draft(company: ProcessEngine) -> str:
    """A draft of all reference models."""
    with company.transaction(SYSTEM) as uow:
        owner = identity.actor(uow, "process_owner")
    with company.transaction(owner) as uow:
        return drafts.create(uow, title="MIWG", reason="round trip",
                             files=[File(path.name, path.read_bytes()) for path in MODELS])


def plain(value: str) -> str:
    """Numbers as numbers; texts without the white space of indentation."""
    try:
        return f"{float(value):.6f}"
    except ValueError:
        return " ".join(value.split())


def content(data: bytes) -> Counter[tuple[str, ...]]:
    """Elements, names, coordinates and texts of a file, of every namespace: what a round trip may not lose."""
    found: Counter[tuple[str, ...]] = Counter()
    for node in etree.fromstring(data).iter("{*}*"):
        own = (str(node.tag), node.get("id") or node.get("bpmnElement", "").split(":")[-1])
        found[("element", *own)] += 1
        for name in ("name", "x", "y", "width", "height"):
            if node.get(name):
                found[(name, *own, plain(node.get(name, "")))] += 1
        text = plain("".join(node.xpath("text()")))
        if text and not text.startswith(("bpmn:", "sid-")):
            found[("text", *own, text.split(":")[-1])] += 1
    return found


def stored(company: ProcessEngine, draft: str, name: str) -> bytes:
    """The file as the server has it."""
    with company.reading(SYSTEM) as uow:
        return drafts.content(uow, draft, name)


def show(owner: Person, name: str) -> None:
    """Open a file by its tab."""
    owner.page.get_by_role("tab", name=re.compile(f"{re.escape(name)}$")).click()  # after what people call it
    expect(owner.page.locator(f"[data-file='{name}']")).to_have_attribute("aria-selected", "true", timeout=20_000)
    expect(owner.page.locator("[data-editor]")).not_to_have_attribute("aria-busy", "true", timeout=30_000)


def type_documentation(owner: Person) -> bool:
    """Type a documentation for the whole diagram; says whether the editor asks before it saves."""
    group = owner.page.locator("[data-group-id=group-documentation]")
    group.wait_for()
    field = owner.page.locator("#bio-properties-panel-documentation")
    if not field.is_visible():
        group.locator(".bio-properties-panel-group-header").click()
    field.fill(TYPED)
    expect(owner.page.locator("[data-state]")).to_contain_text(re.compile("尚未保存|正在保存|已保存"))
    is_asked = owner.page.locator("[data-lost]").is_visible()
    if is_asked:
        expect(owner.page.locator("[data-state]")).to_contain_text("尚未保存")
    return is_asked


def save(owner: Person) -> None:
    """Wait for the saving."""
    with owner.page.expect_response(lambda reply: reply.request.method == "PUT" and reply.ok):
        pass


def prefixes(*names: str) -> set[str]:
    """The models whose names begin so."""
    return {path.name for path in MODELS if path.name.startswith(names)}


REFUSED = prefixes("modelio")


def test_a_diagram_of_another_tool_loses_nothing_without_being_asked(
        person: People, company: ProcessEngine, draft: str) -> None:
    owner = person("process_owner", width=1440)
    owner.go(f"/modeler/drafts/{draft}/edit?file={MODELS[0].name}")
    lost = {}
    for path in [each for each in MODELS if each.name not in REFUSED]:
        show(owner, path.name)
        assert not type_documentation(owner), path.name
        save(owner)
        gone = content(path.read_bytes()) - content(stored(company, draft, path.name))
        assert TYPED.encode() in stored(company, draft, path.name)
        if gone:
            lost[path.name] = gone
    assert lost == {}
    assert owner.script_errors == []


def test_a_diagram_that_cannot_be_drawn_is_told_in_one_sentence_and_stays(
        person: People, company: ProcessEngine, draft: str) -> None:
    owner = person("process_owner", width=1440)
    (name,) = REFUSED
    owner.go(f"/modeler/drafts/{draft}/edit?file={name}")
    expect(owner.page.locator("[data-state]")).to_contain_text("文件保持原样：图形不属于任何流程或协作", timeout=30_000)
    assert stored(company, draft, name) == (MODELS[0].parent / name).read_bytes()
    assert owner.script_errors == []


@pytest.mark.parametrize("is_agreed", [True, False])
def test_whoever_leaves_a_file_with_an_open_question_is_asked(
        person: People, company: ProcessEngine, draft: str, is_agreed: bool) -> None:
    owner = person("process_owner", width=1440)
    name = "stray.bpmn"
    data = re.sub(rb"(<model:process [^>]*>)", rb"\1Words that belong to nothing", next(
        path for path in MODELS if path.name.startswith("bonita")).read_bytes())
    bring(owner, draft, name, data)
    owner.go(f"/modeler/drafts/{draft}/edit?file={name}")
    show(owner, name)
    type_documentation(owner)
    asked: list[str] = []
    owner.page.once("dialog", lambda box: (asked.append(box.message), box.accept() if is_agreed else box.dismiss()))
    show(owner, MODELS[0].name)
    assert "Words that belong to nothing" in asked[0]
    expect(owner.page.locator("[data-lost]")).to_be_hidden()
    assert (TYPED.encode() in stored(company, draft, name)) is is_agreed


def bring(owner: Person, draft: str, name: str, data: bytes) -> None:
    """Import a file on the page of the draft."""
    owner.go(f"/modeler/drafts/{draft}")
    form = owner.page.locator("form[action$='/import']")
    if not form.is_visible():
        owner.page.locator("details:has(form[action$='/import']) > summary").click()
    form.locator("input[type=file]").set_input_files([{"name": name, "mimeType": "application/xml", "buffer": data}])
    form.locator("button").click()
    owner.page.wait_for_load_state()


def test_a_file_in_utf16_is_opened(person: People, draft: str) -> None:
    owner = person("process_owner", width=1440)
    text = re.sub(r"encoding=([\"'])[^\"']+", r"encoding=\1UTF-16", MODELS[0].read_text("utf-8"))
    bring(owner, draft, "sixteen.bpmn", text.encode("utf-16"))
    owner.go(f"/modeler/drafts/{draft}/edit?file=sixteen.bpmn")
    expect(owner.page.locator(".djs-shape").first).to_be_attached(timeout=30_000)
    assert owner.script_errors == []


def bare(begins: str) -> bytes:
    """The model whose name begins so, without its picture."""
    data = re.sub(rb"<(\w+:)?BPMNDiagram.*</(\w+:)?BPMNDiagram>", b"", next(
        path for path in MODELS if path.name.startswith(begins)).read_bytes(), flags=re.DOTALL)
    assert b"BPMNDiagram" not in data
    return data


def test_a_file_without_a_picture_is_told_and_stays(person: People, company: ProcessEngine, draft: str) -> None:
    owner = person("process_owner", width=1440)
    data = bare("bonita")
    bring(owner, draft, "bare.bpmn", data)
    owner.go(f"/modeler/drafts/{draft}/edit?file=bare.bpmn")
    expect(owner.page.locator("[data-state]")).to_contain_text("没有图形", timeout=30_000)
    owner.page.get_by_role("button", name="自动排布").click()
    expect(owner.page.locator("[data-state]")).to_contain_text("有泳池或泳道的图不能自动排布")
    assert stored(company, draft, "bare.bpmn") == data
    assert owner.script_errors == []


def test_a_file_without_a_picture_is_laid_out_and_saved_only_when_a_person_keeps_it(
        person: People, company: ProcessEngine, draft: str) -> None:
    owner = person("process_owner", width=1440)
    data = bare("bpmn-io")
    bring(owner, draft, "bare.bpmn", data)
    owner.go(f"/modeler/drafts/{draft}/edit?file=bare.bpmn")
    lay_out, kept = owner.page.get_by_role("button", name="自动排布"), owner.page.locator("[data-lost]")
    lay_out.click(timeout=30_000)
    expect(owner.page.locator(".djs-shape[data-element-id]:not([data-element-id$=_label])")).to_have_count(5, timeout=30_000)
    expect(kept).to_contain_text("现在还没有保存")
    assert type_documentation(owner)
    assert stored(company, draft, "bare.bpmn") == data
    kept.get_by_role("button", name="不保留").click()
    lay_out.click(timeout=30_000)
    assert stored(company, draft, "bare.bpmn") == data
    with owner.page.expect_response(lambda reply: reply.request.method == "PUT" and reply.ok):
        kept.get_by_role("button", name="保留图形").click(timeout=30_000)
    expect(kept).to_be_hidden()
    assert content(data) - content(stored(company, draft, "bare.bpmn")) == Counter()
    assert b"BPMNShape" in stored(company, draft, "bare.bpmn")
    assert owner.script_errors == []


@pytest.mark.parametrize(("name", "data"), [
    ("letter.bpmn", b"<html><body>Dear Sir</body></html>"), ("noise.bpmn", b"\x00\x01\x02"),
    ("bomb.bpmn", b'<!DOCTYPE d [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><definitions>&b;</definitions>')])
def test_what_is_no_diagram_is_refused_by_name(
        person: People, company: ProcessEngine, draft: str, name: str, data: bytes) -> None:
    owner = person("process_owner", width=1440)
    bring(owner, draft, name, data)
    expect(owner.page.locator("main")).to_contain_text(name)
    with company.reading(SYSTEM) as uow:
        assert set(drafts.files(uow, draft)) == {path.name for path in MODELS}
