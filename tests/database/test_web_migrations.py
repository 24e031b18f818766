"""The pages of moving cases as people without scripts use them: refused with a sentence, nothing moved by looking."""

import pytest
import sqlalchemy as sa
from flask import Flask

from engine import deployments, jobs
from engine.diagram.sources import File
from engine.tables import definition, migration_plan
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.database.acting import Case, start
from tests.web_client import Client, app_of


@pytest.fixture
def owner(company: ProcessEngine) -> Client:
    return signed_in(app_of(company), "process_owner")


def signed_in(app: Flask, user: str) -> Client:
    client = Client(app)
    client.sign_in(user)
    return client


@pytest.fixture
def waiting(company: ProcessEngine) -> Case:
    """A complaint that waits on version 1, and a version 2 that calls its first step otherwise."""
    case = start(company, "sales.changsha", "complaint", received_by="phone", customer="一客户", complaint_text="没有来")
    with company.reading(SYSTEM) as uow:
        (row,) = uow.rows(sa.select(definition).where(definition.c.key == "complaint"))
        data = deployments.bundles.stored_bytes(uow, row.sha256)
    with company.transaction(SYSTEM) as uow:
        deployments.deploy(uow, [File("complaint.bpmn", data.replace("判断是否为客户投诉".encode(), "判断投诉".encode()))],
                           name="second")
    return case


def ids(company: ProcessEngine, key: str = "complaint") -> list[str]:
    with company.reading(SYSTEM) as uow:
        return [row.id for row in uow.rows(sa.select(definition.c.id).where(
            definition.c.key == key, definition.c.kind == "process").order_by(definition.c.version))]


def plans(company: ProcessEngine) -> list[str]:
    with company.reading(SYSTEM) as uow:
        return [row.status for row in uow.rows(sa.select(migration_plan.c.status))]


def planned(owner: Client, company: ProcessEngine) -> str:
    """The address of a plan for all open complaints."""
    old, new = ids(company)
    owner.get(f"/modeler/migrations/new?source={old}")
    answer = owner.send("/modeler/migrations/new", source=old, target=new, do="plan", reason="改名")
    return str(answer.headers["Location"])


def test_plan_goes_by_clicks_without_scripts(owner: Client, company: ProcessEngine, waiting: Case) -> None:
    plan = planned(owner, company)
    owner.get(plan)
    assert "将迁移 1 份工单" in owner.page
    owner.send(f"{plan}/start")
    owner.get(f"{plan}/progress")
    assert "正在迁移" in owner.page
    assert "HX-Refresh" not in owner.response.headers
    jobs.run_all(company)
    owner.get(f"{plan}/progress")
    assert owner.response.headers["HX-Refresh"] == "true"
    owner.get(f"{plan}?status=moved")
    assert "已迁移" in owner.page
    with company.reading(SYSTEM) as uow:
        assert uow.lock_instance(waiting.id).process_version == 2


def test_dry_run_moves_nothing_and_makes_no_plan(owner: Client, company: ProcessEngine, waiting: Case) -> None:
    old, new = ids(company)
    owner.get(f"/modeler/migrations/new?source={old}")
    owner.send("/modeler/migrations/new", source=old, target=new, do="try")
    assert "1 份工单中有 1 份可以迁移" in owner.page
    assert plans(company) == []


@pytest.mark.parametrize(("verb", "sentence"), [("resume", "不能这样操作"), ("undo", "不能这样操作")])
def test_what_a_plan_cannot_do_now_is_said(
        owner: Client, company: ProcessEngine, waiting: Case, verb: str, sentence: str) -> None:
    plan = planned(owner, company)
    owner.get(plan)
    assert owner.post(f"{plan}/{verb}", {**owner.hidden(f"{plan}/discard"), "reason": "不行"}).status_code == 409
    assert sentence in owner.page
    assert plans(company) == ["planned"]


def test_discarded_plan_is_gone(owner: Client, company: ProcessEngine, waiting: Case) -> None:
    plan = planned(owner, company)
    owner.get(plan)
    assert owner.send(f"{plan}/discard").status_code == 302
    assert plans(company) == []
    assert owner.get(plan).status_code == 404
    assert owner.get("/modeler/migrations").status_code == 200
    assert "还没有迁移过工单" in owner.page


def test_process_with_one_version_says_what_to_do(owner: Client, company: ProcessEngine) -> None:
    assert owner.get(f"/modeler/migrations/new?source={ids(company)[0]}").status_code == 200
    assert "没有其他版本可以迁移" in owner.page


def test_versions_of_two_processes_are_refused_in_words(owner: Client, company: ProcessEngine, waiting: Case) -> None:
    other = ids(company, "in_warranty")[0]
    assert owner.get(f"/modeler/migrations/new?source={ids(company)[0]}&target={other}").status_code == 400
    assert "两个版本不是同一个流程" in owner.page


def test_who_does_not_model_sees_no_plan(company: ProcessEngine, waiting: Case) -> None:
    clerk = signed_in(app_of(company), "clerk")
    assert clerk.get("/modeler/migrations").status_code == 403
    assert clerk.get(f"/modeler/migrations/new?source={ids(company)[0]}").status_code == 403
