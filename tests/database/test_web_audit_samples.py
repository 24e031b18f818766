"""The pages of audit samples: nothing typed is lost, the quicker one is named, what leaves the house is noted."""

import io
import re

import pypdf
import pytest
import sqlalchemy as sa
from flask import Flask

from engine import canonical, identity, instances, jobs
from engine.audit import population, sampling
from engine.tables import access_log, audit_sample, process_instance
from engine.unit_of_work import SYSTEM, ProcessEngine
from handlers import audit_samples
from tests.database.acting import start
from tests.web_client import Client, app_of

LEAD = "lead.changsha"
COMPLAINT = {"received_by": "phone", "customer": "五一路储蓄所", "complaint_text": "来晚了"}
QUESTIONS = [{"id": "q1", "clause": "5.1.18", "zh": "记录完整？", "en": "Is the record complete?"}]
DRAW = {"title": "第一季度投诉", "process": "complaint", "standing": "finished", "by": "office", "size": "2", "seed": "2026-Q1",
        "question_clause": ["5.1.18", ""], "question_zh": ["记录完整？", ""], "question_en": ["", ""]}


@pytest.fixture
def auditor(company: ProcessEngine) -> Client:
    """An auditor, signed in; two complaints are finished."""
    with company.reading(SYSTEM) as uow:
        admin = identity.actor(uow, "admin")
    for _ in range(2):
        case = start(company, LEAD, "complaint", **COMPLAINT)
        with company.transaction(admin) as uow:
            instances.terminate(uow, case.id, reason="重复登记")
    return signed_in(app_of(company), "auditor")


def signed_in(app: Flask, user: str) -> Client:
    client = Client(app)
    client.sign_in(user)
    return client


def sample_of(company: ProcessEngine) -> str:
    with company.reading(SYSTEM) as uow:
        admin = identity.actor(uow, "auditor")
    with company.transaction(admin) as uow:
        return sampling.draw(uow, title="投诉", criteria=population.criteria(cut_off=uow.now), by="none", size=2,
                             questions=QUESTIONS, seed="s")


def test_sample_is_drawn_from_what_is_typed_and_the_list_leads_to_it(auditor: Client, company: ProcessEngine) -> None:
    assert "还没有抽样" in auditor.get("/audit/samples").get_data(as_text=True)
    auditor.get("/audit/samples/new?process=complaint")
    assert "件工单符合条件" in auditor.page
    assert auditor.send("/audit/samples", **DRAW).status_code == 302
    with company.reading(SYSTEM) as uow:
        row = uow.rows(sa.select(audit_sample))[0]
    assert (row.title, row.size, row.seed, row.population) == ("第一季度投诉", 2, "2026-Q1", 2)
    assert canonical.loads(row.questions) == [{"id": "q1", "clause": "5.1.18", "zh": "记录完整？", "en": ""}]
    assert f'href="/audit/samples/{row.id}"' in auditor.get("/audit/samples").get_data(as_text=True)
    assert auditor.get(f"/audit/samples/{row.id}").status_code == 200


@pytest.mark.parametrize(("typed", "said"), [
    ({"size": "0"}, "样本量应为 1 到 500"), ({"size": "５"}, "样本量应为 1 到 500"), ({"size": "many"}, "样本量应为 1 到 500"),
    ({"title": " "}, "请填写抽样的名称"), ({"since": "2026-13-01"}, "抽样条件“since”不能用：2026-13-01"),
    ({"since": "2026-03-02", "until": "2026-03-01"}, "早于开始日"), ({"until": "2020-01-01"}, "没有符合条件的工单"),
    ({"question_zh": ["", ""]}, "检查表要有 1 到 30 个问题"), ({"standing": "x'"}, "不能用"), ({"by": "customer"}, "不能用")])
def test_what_cannot_be_drawn_is_told_in_a_sentence_and_nothing_typed_is_lost(
        auditor: Client, typed: dict[str, str], said: str) -> None:
    auditor.get("/audit/samples/new")
    assert auditor.send("/audit/samples", **(DRAW | typed)).status_code in (400, 409)
    assert said in auditor.page
    assert 'value="2026-Q1"' in auditor.page
    if "question_zh" not in typed:
        assert "记录完整？" in auditor.page


def test_questions_follow_the_process_and_what_was_typed_stays(auditor: Client) -> None:
    auditor.get("/audit/samples/new")
    ours, own = "解决方案是否在8个工作小时内告知顾客？", "我自己的问题？"
    fields = {"process": "product_return", "question_clause": ["5.1.18", "4.2"], "question_zh": [ours, own],
              "question_en": ["", ""],
              "csrf": auditor.hidden("/audit/samples")["csrf"]}
    page = auditor.post("/audit/samples/questions", fields).get_data(as_text=True)
    assert own in page
    assert ours not in page
    assert "退库产品申请单是否填写完整？" in page


def test_slower_auditor_sees_who_was_quicker_and_the_own_answers(auditor: Client, company: ProcessEngine) -> None:
    where = f"/audit/samples/{sample_of(company)}/1"
    other = signed_in(app_of(company), "auditor2")
    other.get(where)
    auditor.get(where)
    assert auditor.send(where, **{"answer:q1": "yes"}).status_code == 302
    assert other.send(where, **{"answer:q1": "no", "note": "缺页"}).status_code == 409
    assert "审计员 已于" in other.page
    assert "缺页" in other.page
    assert re.search(r'value="no"[^>]* checked', other.page)
    assert other.send(where, **{"answer:q1": "no", "note": "缺页"}).status_code == 302
    assert other.get(where).status_code == 200
    assert "判为不符合" in other.page


def test_finding_without_words_is_refused_and_an_unanswered_question_counted(auditor: Client, company: ProcessEngine) -> None:
    where = f"/audit/samples/{sample_of(company)}/1"
    auditor.get(where)
    assert auditor.send(where, **{"answer:q1": "no"}).status_code == 400
    assert "请写明看到了什么" in auditor.page
    assert auditor.send(where).status_code == 400
    assert "还有 1 个问题没有回答" in auditor.page


def test_page_tells_of_a_population_that_changed(auditor: Client, company: ProcessEngine) -> None:
    sample = sample_of(company)
    auditor.get(f"/audit/samples/{sample}?again=1")
    assert "抽出的样本完全一致" in auditor.page
    with company.transaction(SYSTEM) as uow:  # as somebody with the database in their hands would
        uow.execute(sa.update(process_instance).values(ended_at=None))
    auditor.get(f"/audit/samples/{sample}?again=1")
    assert "重新抽取，结果不一致" in auditor.page
    assert "当时的工单少了 2 件" in auditor.page


def test_exports_are_noted_and_harmless_to_a_spreadsheet(auditor: Client, company: ProcessEngine) -> None:
    sample = sample_of(company)
    with company.reading(SYSTEM) as uow:
        actor = identity.actor(uow, "auditor")
    with company.transaction(actor) as uow:
        audit_samples.decide(uow, sample, 1, answers={"q1": "no"}, note='=HYPERLINK("x")', revision=1)
    table = auditor.get(f"/audit/samples/{sample}/cases.csv")
    lines = table.get_data(as_text=True).splitlines()
    assert (table.mimetype, lines[0][:6], len(lines)) == ("text/csv", "\ufeff#,工单,", 3)
    assert "'=HYPERLINK" in lines[1]
    document = pypdf.PdfReader(io.BytesIO(auditor.get(f"/audit/samples/{sample}/result.pdf").get_data()))
    text = "".join(page.extract_text() for page in document.pages)
    assert "Clopper" in text
    assert "TS-00000" in text.replace("\n", "")
    with company.reading(SYSTEM) as uow:
        noted = uow.rows(sa.select(access_log).order_by(access_log.c.id))
    assert sorted((row.actor, row.kind, row.subject, canonical.loads(row.detail)["form"]) for row in noted) == [
        ("auditor", "export", f"sample:{sample}", "csv"), ("auditor", "export", f"sample:{sample}", "pdf")]


@pytest.mark.parametrize("path", ["", "/new", "/preview", "/{sample}", "/{sample}/1", "/{sample}/result", "/{sample}/result.pdf",
                                  "/{sample}/cases.csv"])
def test_nobody_but_auditors_sees_a_sample(auditor: Client, company: ProcessEngine, path: str) -> None:
    del auditor
    lead = signed_in(app_of(company), LEAD)
    assert lead.get("/audit/samples" + path.format(sample=sample_of(company))).status_code == 403


def test_sample_and_item_that_are_not_there_are_not_found(auditor: Client, company: ProcessEngine) -> None:
    assert auditor.get("/audit/samples/none").status_code == 404
    assert auditor.get("/audit/samples/none/result.pdf").status_code == 404
    assert auditor.get(f"/audit/samples/{sample_of(company)}/99").status_code == 404


def test_printed_result_tells_no_rate_of_what_nobody_checked_and_that_it_is_not_closed(
        auditor: Client, company: ProcessEngine) -> None:
    auditor.get(f"/audit/samples/{sample_of(company)}/result")
    assert "尚未结束" in auditor.page
    assert "0.0%" not in auditor.page


def test_finding_is_withdrawn_from_its_page_and_every_result_says_so(auditor: Client, company: ProcessEngine) -> None:
    sample = sample_of(company)
    auditor.get(f"/audit/samples/{sample}/1")
    answers = dict.fromkeys(re.findall(r'name="(answer:\w+)"', auditor.page), "no")
    auditor.send(f"/audit/samples/{sample}/1", **answers, note="没有记录")
    jobs.run_all(company)
    auditor.get(f"/audit/samples/{sample}/1")
    auditor.send(f"/audit/samples/{sample}/1/withdraw", reason=" ")
    assert "请说明原因" in auditor.page
    assert auditor.send(f"/audit/samples/{sample}/1/withdraw", reason="看错了工单").status_code == 302
    for path in ("/1", "", "/result", "/cases.csv"):
        auditor.get(f"/audit/samples/{sample}{path}")
        assert ("没有记录" in auditor.page, "看错了工单" in auditor.page) == (True, True), path


def test_changes_page_says_what_was_done_to_a_sample(auditor: Client, company: ProcessEngine) -> None:
    sample = sample_of(company)
    del auditor
    admin = signed_in(app_of(company), "admin")
    admin.get("/admin/changes")
    assert "抽取了样本" in admin.page
    assert f'href="/audit/samples/{sample}"' in admin.page
    assert "5.1.18 记录完整？" in admin.page
    assert "Is the record complete?" not in admin.page
