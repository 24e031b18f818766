"""The manual of a procedure as page and PDF."""

import io
import re

import pytest
import sqlalchemy as sa
from flask import Flask
from pypdf import PdfReader

from engine import bundles, deployments
from engine.diagram.sources import File
from engine.tables import definition
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.web_client import Client, app_of


@pytest.fixture
def reader(company: ProcessEngine) -> Client:
    return signed_in(app_of(company))


def signed_in(app: Flask, user: str = "clerk") -> Client:
    client = Client(app)
    client.sign_in(user)
    return client


def keys(company: ProcessEngine) -> list[str]:
    with company.reading(SYSTEM) as uow:
        return [row.key for row in uow.rows(sa.select(definition.c.key).where(definition.c.kind == "process").distinct())]


def text_of(data: bytes) -> str:
    return "".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages)


def change(company: ProcessEngine, old: str, new: str) -> None:
    """Another version of the complaint procedure."""
    with company.transaction(SYSTEM) as uow:
        row = bundles.latest(uow, "process", "complaint")
        assert row is not None
        data = bundles.stored_bytes(uow, row.sha256).replace(old.encode(), new.encode())
        deployments.deploy(uow, [File("complaint.bpmn", data)], name="second")


def test_every_shipped_procedure_has_its_manual_on_page_and_paper(reader: Client, company: ProcessEngine) -> None:
    for key in keys(company):
        assert reader.get(f"/modeler/manual/{key}").status_code == 200
        assert "<svg" in reader.page
        answer = reader.get(f"/modeler/manual/{key}.pdf")
        assert answer.mimetype == "application/pdf"
        assert answer.data.startswith(b"%PDF")


def test_paper_says_title_steps_and_revisions(reader: Client, company: ProcessEngine) -> None:
    change(company, "判断是否为客户投诉", "判断投诉")
    found = text_of(reader.get("/modeler/manual/complaint.pdf").data).replace("\n", "").replace(" ", "")
    for words in ("投诉处理", "1判断投诉", "修订记录", "客户服务中心", "5.1.18"):
        assert words in found
    assert "1判断是否为客户投诉" not in found  # its form is called so still


def test_a_step_names_its_form_as_people_call_it(reader: Client) -> None:
    reader.get("/modeler/manual/complaint")
    assert re.search(r'data-label="表单">受理投诉<', reader.page)


def test_older_version_says_that_it_is_not_in_effect(reader: Client, company: ProcessEngine) -> None:
    change(company, "判断是否为客户投诉", "判断投诉")
    reader.get("/modeler/manual/complaint?version=1")
    assert "这不是现行版本" in reader.page
    assert "判断是否为客户投诉" in reader.page
    reader.get("/modeler/manual/complaint")
    assert "这不是现行版本" not in reader.page


@pytest.mark.parametrize("path", ["/modeler/manual/none", "/modeler/manual/none.pdf", "/modeler/manual/complaint?version=7"])
def test_what_is_not_there_is_a_page_that_says_so(reader: Client, path: str) -> None:
    assert reader.get(path).status_code == 404


def test_labels_are_text_and_never_markup(reader: Client, company: ProcessEngine) -> None:
    change(company, "判断是否为客户投诉", "&lt;script&gt;alert(1)&lt;/script&gt; #link")
    reader.get("/modeler/manual/complaint")
    assert "<script>alert(1)" not in reader.page
    assert "&lt;script&gt;alert(1)" in reader.page
    assert "<script>alert(1)" in text_of(reader.get("/modeler/manual/complaint.pdf").data).replace("\n", "")
