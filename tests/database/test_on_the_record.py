"""What belongs to no case is on the record too: signing in and out, deployments, settings, gaps; and who looked at what."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from engine import canonical, history
from engine.audit import erasure, settings_record, standalone_verifier
from engine.tables import access_log as log_table
from engine.tables import definition, document, history_body, history_event
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests import tampering
from tests.conftest import Clock, open_engine, settings_for
from tests.database import acting
from tests.database.destroying import CONTACT, CUSTOMER, as_, complaint, decided, holding
from tests.web_client import PASSWORD, Client
from web import create_app
from web.sessions import FAILURES


def on_record(engine: ProcessEngine, *commands: str) -> list[tuple[str, str, str, Any]]:
    """Actor, command, subject and what is told, oldest first."""
    same = sa.and_(history_body.c.instance_id == history_event.c.instance_id, history_body.c.seq == history_event.c.seq)
    with engine.reading(SYSTEM) as uow:
        rows = uow.rows(sa.select(history_event, history_body.c.body).join(history_body, same).where(
            history_event.c.instance_id == history.ORGANIZATION, history_event.c.command.in_(commands)).order_by(
            history_event.c.seq))
    return [(row.actor, row.command, row.element, canonical.loads(bytes(row.body))["after"]) for row in rows]


def looks(engine: ProcessEngine) -> list[tuple[str, str, str]]:
    with engine.reading(SYSTEM) as uow:
        rows = uow.rows(sa.select(log_table.c.actor, log_table.c.kind, log_table.c.subject).order_by(log_table.c.id))
        return sorted(tuple(row) for row in rows)


@pytest.fixture
def visitor(company: ProcessEngine) -> Client:
    return Client(create_app(engine=company))


def test_signing_in_and_out_is_on_the_record(visitor: Client, company: ProcessEngine):
    visitor.sign_in("clerk")
    visitor.get("/inbox")
    visitor.send("/sign-out")
    assert on_record(company, "sign_in", "sign_out") == [
        ("clerk", "sign_in", "user:clerk", {"address": "127.0.0.1"}), ("clerk", "sign_out", "user:clerk", None)]


def test_failures_are_told_once_they_are_too_many(visitor: Client, company: ProcessEngine):
    for _ in range(FAILURES + 2):
        visitor.sign_in("clerk", "wrong")
    told = on_record(company, "limit_sign_in")
    assert [(command, after) for _, command, _, after in told] == [("limit_sign_in", {"failures": FAILURES})]


def test_a_changed_password_is_on_the_record_without_the_password(visitor: Client, company: ProcessEngine):
    visitor.sign_in("clerk")
    visitor.get("/me")
    visitor.send("/me/password", old=PASSWORD, new="another one", again="another one")
    assert on_record(company, "change_password") == [("clerk", "change_password", "user:clerk", None)]


def test_a_deployment_names_each_version_with_its_digest(company: ProcessEngine):
    told = on_record(company, "deploy")[0]
    with company.reading(SYSTEM) as uow:
        stored = {row.id: row.sha256 for row in uow.rows(sa.select(definition))}
    assert told[3] == {"name": "demonstration", "source": None, "definitions": stored}


def test_settings_are_told_when_they_are_not_those_of_the_last_start(company_url: str, clock: Clock):
    engine = open_engine(company_url, clock, demo_password="of our own", smtp_url="smtp://me:hidden@mail.example:25")
    assert settings_record.at_start(engine)
    assert not settings_record.at_start(engine)
    engine.settings = settings_for(company_url, port=9000)
    assert settings_record.at_start(engine)
    told = [after for _, _, _, after in on_record(engine, "change_settings")]
    assert [each["port"] for each in told] == [8000, 9000]
    assert "hidden" not in json.dumps(told)
    assert "of our own" not in json.dumps(told)
    engine.close()


def test_the_page_of_changes_leaves_signing_in_out_unless_it_is_asked_for(visitor: Client):
    visitor.sign_in("admin")
    visitor.get("/admin/changes")
    assert "登录</" not in visitor.page.partition("<tbody>")[2]
    visitor.get("/admin/changes?command=sign_in")
    assert "登录" in visitor.page.partition("<tbody>")[2]


def test_opening_a_case_is_noted_and_polling_is_not(visitor: Client, company: ProcessEngine):
    case = acting.start(company, "sales.changsha", "complaint", received_by="phone", customer="长沙某银行", product="pin_pad",
                        serial_number="PP1", complaint_text="服务态度差")
    visitor.sign_in("lead.changsha")
    visitor.get(f"/cases/{case.id}")
    visitor.get("/inbox/changes")
    visitor.get("/inbox.csv?view=groups")
    assert [(actor, kind) for actor, kind, _ in looks(company)] == [("lead.changsha", "export"), ("lead.changsha", "look")]


def test_auditors_see_who_looked_and_take_it_along(visitor: Client, company: ProcessEngine):
    case = acting.start(company, "sales.changsha", "complaint", received_by="phone", customer="长沙某银行", product="pin_pad",
                        serial_number="PP1", complaint_text="服务态度差")
    visitor.sign_in("auditor")
    visitor.get(f"/cases/{case.id}")
    visitor.get("/audit/access?kind=look&actor=auditor")
    assert f'href="/cases/{case.id}"' in visitor.page
    visitor.get("/audit/access?kind=film")
    assert "没有人查阅" in visitor.page
    lines = visitor.get("/audit/access.csv?kind=look").get_data(as_text=True).splitlines()
    assert len(lines) == 2
    assert "打开工单" in lines[1]
    assert on_record(company, "export")[0][2] == "access.csv"


def test_only_auditors_see_proof_and_looks(visitor: Client):
    visitor.sign_in("clerk")
    for path in ("/audit/proof", "/audit/proof/slice", "/audit/access", "/audit/access.csv", "/audit/proof/key.pub",
                 "/audit/proof/checkpoints.jsonl", "/audit/proof/verifier.py"):
        assert visitor.get(path).status_code == 403, path


def test_the_page_of_proof_verifies_in_slices_and_names_the_first_bad_row(visitor: Client, company: ProcessEngine, clock: Clock):
    tampering.keep_record(company, clock, stories=3)
    visitor.sign_in("auditor")
    visitor.get("/audit/proof")
    assert "目前没有生成检查点" not in visitor.page
    part = visitor.get("/audit/proof/slice?after=").get_json()
    assert (part["done"], part["number"], part["after"], part["findings"]) == (3, 3, None, [])
    assert visitor.get("/audit/proof/slice?rest=1").get_json() == {"findings": []}
    with tampering.as_owner(company.settings.database_url) as connection:
        connection.execute(sa.update(history_event).where(history_event.c.command == "start").values(actor="nobody"))
    found = visitor.get("/audit/proof/slice?after=").get_json()["findings"]
    assert [each["seq"] for each in found] == [1, 1, 1]
    visitor.get(f"/audit/proof?case={found[0]['chain']}")
    assert "此工单的记录被改动" in visitor.page


def test_what_auditors_take_along_verifies_the_database(visitor: Client, company: ProcessEngine, clock: Clock, tmp_path: Path):
    tampering.keep_record(company, clock, stories=2)
    visitor.sign_in("auditor")
    key, lines = (visitor.get(f"/audit/proof/{name}").data for name in ("key.pub", "checkpoints.jsonl"))
    program = visitor.get("/audit/proof/verifier.py").data
    assert program == Path(standalone_verifier.__file__).read_bytes()
    assert tampering.check(company.settings.database_url, standalone_verifier.read_keys(key.decode()), lines.splitlines()) == []


def test_a_gap_that_was_answered_for_is_told_as_such(company_url: str, clock: Clock):
    engine = open_engine(company_url, clock)
    tampering.keep_record(engine, clock, stories=2)
    forgery = tampering.tamper(company_url, "rolled-back database", random.Random(3))
    keys, lines = tampering.outside(engine)
    assert [(each.kind, each.acknowledged) for each in tampering.check(company_url, keys, lines)] == [("rolled_back", False)]
    clock.move(minutes=20)
    command = create_app(engine=engine).test_cli_runner()
    assert command.invoke(args=["verify"]).exit_code == 1
    done = command.invoke(args=["acknowledge-gap", "--reason", "restored from the copy of Monday"])
    assert done.exit_code == 0, done.output
    found = tampering.check(company_url, *tampering.outside(engine))
    assert [(each.kind, each.seq, each.acknowledged) for each in found] == [("rolled_back", forgery.seq, True)]
    assert command.invoke(args=["verify"]).output == "ok\n"
    engine.close()


def test_verify_looks_at_one_case_when_asked(company: ProcessEngine):
    case = acting.start(company, "sales.changsha", "complaint", received_by="phone", customer="长沙某银行", product="pin_pad",
                        serial_number="PP1", complaint_text="服务态度差")
    command = create_app(engine=company).test_cli_runner()
    assert command.invoke(args=["verify", "--case", case.id]).output == "ok\n"
    assert command.invoke(args=["verify", "--case", "none"]).exit_code == 1


def test_the_log_keeps_no_name_of_somebody_who_is_forgotten(visitor: Client, company: ProcessEngine):
    complaint(company)
    with company.reading(SYSTEM) as uow:
        photo = uow.scalar(sa.select(document.c.id))
    visitor.sign_in("auditor")
    visitor.get(f"/documents/{photo}")
    for name in ("cases.csv", "events.csv"):
        visitor.get(f"/audit/{name}?customer={CUSTOMER}&q={CONTACT}")
    visitor.get("/audit/access?kind=document")
    assert f"{CONTACT}的机器.jpg" in visitor.page
    assert f"{CONTACT}的机器.jpg" in visitor.get("/audit/access.csv?kind=document").get_data(as_text=True)
    destruction_id = as_(company, "auditor", erasure.propose, customer=CUSTOMER, reason="来信")
    assert decided(company, destruction_id) == "destroyed"
    assert holding(company, CUSTOMER, CONTACT) == []
    visitor.get("/audit/access?kind=document")
    assert f"document:{photo}" in visitor.page
