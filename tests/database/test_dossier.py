"""A dossier proves itself: the verifier takes it as it was made, and refuses it with any byte changed."""

import io
import json
import random
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pypdf
import pytest
import sqlalchemy as sa
from PIL import Image

from engine import comments, documents, history, identity, uploads
from engine.audit import standalone_verifier
from engine.tables import access_log, history_event
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.database import acting
from tests.database.acting import Case
from tests.web_client import Client
from web import create_app

COMPLAINT = {"received_by": "phone", "customer": "长沙某银行", "product": "pin_pad", "serial_number": "PP1",
             "complaint_text": "服务态度差"}
Files = dict[str, bytes]


@pytest.fixture
def case(company: ProcessEngine) -> Case:
    """A complaint with a comment, a photo and two forms filled."""
    found = acting.start(company, "sales.changsha", "complaint", **COMPLAINT)
    found.do("lead.changsha", "judge_complaint", is_complaint="yes")
    out = io.BytesIO()
    Image.new("RGB", (80, 60), "navy").save(out, "JPEG")
    photo = uploads.examine("现场.jpg", out.getvalue(), limit=2_000_000)
    with company.reading(SYSTEM) as uow:
        lead = identity.actor(uow, "lead.changsha")
    for verb, what in ((comments.add, "已电话致歉"), (documents.add, photo)):
        with company.transaction(lead) as uow:
            verb(uow, found.id, what)
    return found


@pytest.fixture
def auditor(company: ProcessEngine) -> Client:
    client = Client(create_app(engine=company))
    client.sign_in("auditor")
    return client


def files_of(data: bytes) -> Files:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(path: Path, files: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def kinds(path: Path) -> list[str]:
    return [each.kind for each in standalone_verifier.verify_dossier(path, None)]


def taken(auditor: Client, case: Case) -> Files:
    response = auditor.get(f"/audit/cases/{case.id}/dossier.zip")
    assert response.status_code == 200, auditor.page
    return files_of(response.data)


def test_the_verifier_accepts_a_dossier(auditor: Client, case: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = packed(tmp_path / "dossier.zip", taken(auditor, case))
    assert standalone_verifier.main([str(path)]) == 0
    assert capsys.readouterr().out == "ok\n"


def test_a_dossier_with_any_byte_changed_is_refused(auditor: Client, case: Case, tmp_path: Path):
    whole, dice = taken(auditor, case), random.Random(6)
    for name in whole:
        for _ in range(4):
            data = bytearray(whole[name])
            data[dice.randrange(len(data))] ^= 1 << dice.randrange(7)
            path = packed(tmp_path / "changed.zip", {**whole, name: bytes(data)})
            assert standalone_verifier.main([str(path)]) == 1, name


@pytest.mark.parametrize("told", [("body", "body"), ("actor", "header"), ("hash", "header")])
def test_a_changed_record_is_named_even_where_the_list_is_made_to_fit(
        auditor: Client, case: Case, company: ProcessEngine, tmp_path: Path, told: tuple[str, str]):
    """As somebody would who has the server's key but not the record's past."""
    from engine.audit import dossier, signing

    (part, kind), whole = told, taken(auditor, case)
    rows = [json.loads(line) for line in whole["record.jsonl"].splitlines()]
    rows[1][part] = {"body": "e30=", "actor": "clerk", "hash": "0" * 64}[part]
    changed = {**whole, "record.jsonl": "".join(f"{json.dumps(row)}\n" for row in rows).encode()}
    own = {name: data for name, data in changed.items() if not name.startswith(("manifest", "key.pub"))}
    path = tmp_path / "changed.zip"
    path.write_bytes(dossier.packed(signing.load(company.settings.checkpoint_key), own))
    assert kinds(path)[0] == kind


def test_photo_diagram_and_proof_are_named_even_where_the_list_is_made_to_fit(
        auditor: Client, case: Case, company: ProcessEngine, tmp_path: Path):
    from engine.audit import dossier, signing

    whole, path = taken(auditor, case), tmp_path / "changed.zip"
    own = {name: data for name, data in whole.items() if not name.startswith(("manifest", "key.pub"))}
    photo, diagram = (next(name for name in own if name.startswith(folder) and name.endswith(end))
                      for folder, end in (("documents/", ".jpg"), ("definitions/", "complaint.bpmn")))
    proof = json.loads(own["proof.json"])
    proof["leaves"][-1]["head_hash"] = "0" * 64
    for changed, kind in (({photo: own[photo] + b"x"}, "document"), ({diagram: own[diagram] + b"\n"}, "resource"),
                          ({"proof.json": json.dumps(proof).encode()}, "checkpoint")):
        path.write_bytes(dossier.packed(signing.load(company.settings.checkpoint_key), {**own, **changed}))
        assert kinds(path) == [kind]


def test_the_page_tells_forms_comment_photo_and_way(auditor: Client, case: Case):
    files = taken(auditor, case)
    page = files["index.html"].decode()
    for words in ("服务态度差", "已电话致歉", "长沙某银行", "<polyline", 'src="documents/', "判断是否为客户投诉"):
        assert words in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "standalone_verifier.py" in files["README.txt"].decode()


def test_nothing_of_a_long_case_is_left_out_or_cut(auditor: Client, case: Case, company: ProcessEngine):
    with company.reading(SYSTEM) as uow:
        lead = identity.actor(uow, "lead.changsha")
    for number in range(510):
        with company.transaction(lead) as uow:
            comments.add(uow, case.id, f"第{number}条：" + "很长的留言" * 90 * (number == 0) + f"完{number}")
    page = taken(auditor, case)["index.html"].decode()
    assert page.count("完0<") == 2  # among the comments, and in the record
    assert page.count("完509<") == 2
    assert "发起：" in page
    assert "投诉处理流程 · 第 1 版" in page


def test_taking_a_dossier_is_on_the_record(auditor: Client, case: Case, company: ProcessEngine):
    taken(auditor, case)
    with company.reading(SYSTEM) as uow:
        seen = uow.rows(sa.select(access_log.c.kind, access_log.c.actor).where(access_log.c.instance_id == case.id))
        assert ("dossier", "auditor") in [tuple(row) for row in seen]
        last = uow.rows(sa.select(history_event.c.command, history_event.c.element).where(
            history_event.c.instance_id == history.ORGANIZATION).order_by(history_event.c.seq.desc()).limit(1))
        assert [tuple(row) for row in last] == [("export", f"case:{case.id}")]


def test_the_pdf_has_the_case_in_words(auditor: Client, case: Case):
    response = auditor.get(f"/audit/cases/{case.id}/dossier.pdf")
    assert response.status_code == 200, auditor.page
    text = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(response.data)).pages)
    assert "服务态度差" in text
    assert "已电话致歉" in text


def test_only_auditors_take_a_dossier(company: ProcessEngine, case: Case):
    clerk = Client(create_app(engine=company))
    clerk.sign_in("lead.changsha")
    assert clerk.get(f"/audit/cases/{case.id}/dossier.zip").status_code == 403
