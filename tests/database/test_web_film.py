"""The film over HTTP: its list without scripts, what its script is told, who may see it and what is written of that."""

import json
import re

import pytest
import sqlalchemy as sa

from engine import tasks
from engine.tables import access_log
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.database.acting import Case, start
from tests.film_path import destroy
from tests.web_client import Client
from web import create_app

RECEIVED = {"received_by": "phone", "customer": "长沙某银行", "product": "pin_pad", "serial_number": "PP1",
            "complaint_text": "服务态度差"}
LEAD, AUDITOR = "lead.changsha", "auditor"


@pytest.fixture
def complaint(company: ProcessEngine) -> Case:
    """A complaint in Changsha that waits at `accept_complaint`."""
    return start(company, "sales.changsha", "complaint", **RECEIVED).do(LEAD, "judge_complaint", is_complaint="yes")


def reader(company: ProcessEngine, user: str) -> Client:
    found = Client(create_app(engine=company))
    found.sign_in(user)
    return found


def looks(company: ProcessEngine) -> list[tuple[str, str, str]]:
    with company.reading(SYSTEM) as uow:
        rows = uow.rows(sa.select(access_log).order_by(access_log.c.id))
    return [(row.actor, row.kind, row.subject) for row in rows]


def test_without_scripts_the_events_are_a_table_and_the_look_is_written_once(company: ProcessEngine, complaint: Case) -> None:
    auditor = reader(company, AUDITOR)
    assert auditor.get(f"/audit/film/{complaint.id}").status_code == 200
    table = auditor.page.partition("<noscript>")[2]
    assert re.findall(r'<td class="num">(\d+)</td>', table) == ["1", "2"]
    assert "已完成：判断是否为客户投诉" in table
    assert "第 1 / 1 页" in table
    auditor.get(f"/audit/film/{complaint.id}?page=2")
    assert 'href="/audit/film/' in auditor.page.partition("<noscript>")[2]
    assert looks(company) == [(AUDITOR, "film", complaint.id)]


def test_the_index_has_every_event_in_columns_with_working_time(company: ProcessEngine, complaint: Case) -> None:
    company.clock.move(days=1)  # type: ignore[attr-defined]
    with company.transaction(SYSTEM) as uow:
        tasks.assign(uow, complaint.task("accept_complaint").id, assignee=LEAD)
    auditor = reader(company, AUDITOR)
    auditor.get(f"/audit/film/{complaint.id}/index")
    found = json.loads(auditor.page)
    assert found["seq"] == [1, 2, 3]
    assert [found["whats"][place] for place in found["what"]] == [
        "发起：收到意见", "已完成：判断是否为客户投诉", "已指派：受理投诉"]
    assert (found["working"], found["kind"]) == ([0, 0, 8 * 60], "ppi")
    assert found["at"][1:] == [0, 86_400_000]
    [bundle] = found["bundles"]
    assert bundle["processes"]["complaint"]["elements"]["accept_complaint"] == "受理投诉"


def test_frames_tell_entries_and_hand_overs_as_people_read_them(company: ProcessEngine, complaint: Case) -> None:
    with company.transaction(SYSTEM) as uow:
        tasks.assign(uow, complaint.task("accept_complaint").id, assignee=LEAD)
    auditor = reader(company, AUDITOR)
    auditor.get(f"/audit/film/{complaint.id}/frames?after=1")
    found = json.loads(auditor.page)
    assert [place[2] for place in found["before"]["tokens"]] == ["judge_complaint"]
    judged, handed = found["frames"]
    assert ("是", None) in [(one["after"], one["before"]) for one in judged["changed"] if one["name"] == "is_complaint"]
    assert [(fact["before"], fact["after"]) for fact in handed["facts"]] == [(None, "长沙服务部负责人")]


def test_who_may_not_see_the_case_may_not_see_its_film_and_no_look_is_written(company: ProcessEngine, complaint: Case) -> None:
    stranger = reader(company, "engineer.yueyang")
    for path in ("", "/index", "/frames", "/state", "/state/check"):
        assert stranger.get(f"/audit/film/{complaint.id}{path}").status_code == 403, path
        assert stranger.get(f"/audit/film/none{path}").status_code == 404, path
    assert looks(company) == []


def test_the_comparison_comes_line_by_line_and_ends_with_its_outcome(company: ProcessEngine, complaint: Case) -> None:
    auditor = reader(company, AUDITOR)
    auditor.get(f"/audit/film/{complaint.id}/state/check")
    lines = [json.loads(line) for line in auditor.page.splitlines()]
    assert [(line["equal"], line["total"]) for line in lines] == [(2, 2)]
    assert "全部 2 个状态一致。" in lines[-1]["html"]


def test_a_state_is_shown_as_recomputed_or_it_is_said_why_not(company: ProcessEngine, complaint: Case) -> None:
    auditor = reader(company, AUDITOR)
    auditor.get(f"/audit/film/{complaint.id}/state?at=1")
    assert "事件 1 之后，重算的状态与记录一致。" in auditor.page
    assert "判断是否为客户投诉" in auditor.page
    auditor.get(f"/audit/film/{complaint.id}/state?at=99")
    assert "此工单共有 2 个事件。" in auditor.page
    destroy(company, complaint.id, 1)
    auditor.get(f"/audit/film/{complaint.id}/state?at=2")
    assert "事件 2 之后的状态无法重算" in auditor.page
    auditor.get(f"/audit/film/{complaint.id}/state/check")
    assert "从事件 1 起无法重算" in json.loads(auditor.page.splitlines()[-1])["html"]
