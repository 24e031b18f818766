"""The pages about a case: where it stands, whose it is, what leads do to it and see before; the list of cases."""

import re

import pytest

from engine import case_list
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.database.acting import Case, start
from tests.web_client import Client, app_of

RECEIVED = {"received_by": "phone", "customer": "长沙某银行", "product": "pin_pad", "serial_number": "PP1",
            "complaint_text": "服务态度差"}
ENGINEER = "engineer.changsha"
REPORT = {"report_source": "customer", "serial_number": "CT2026001", "product": "terminal_text", "customer": "长沙市五一路储蓄所",
          "contact": "设备科", "phone": "0731", "region": "same_city", "reported_fault": "无显示"}
VISIT = {"arrived_at": "2026-03-02T14:00+08:00", "met_contact": "设备科", "work_place": "柜台", "customer_consents": True,
         "serial_number": "CT2026001", "customer_fault": "no"}


@pytest.fixture
def complaint(company: ProcessEngine) -> Case:
    """A complaint in Changsha that waits at `accept_complaint`."""
    case = start(company, "sales.changsha", "complaint", **RECEIVED)
    case.do("lead.changsha", "judge_complaint", is_complaint="yes")
    return case


def reader(company: ProcessEngine, user: str) -> Client:
    found = Client(app_of(company))
    found.sign_in(user)
    return found


def text(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_a_lead_sees_the_effect_of_sending_back_and_confirms_with_a_reason(company: ProcessEngine, complaint: Case) -> None:
    lead, waits = reader(company, "lead.changsha"), complaint.task("accept_complaint")
    asked = f"/cases/{complaint.id}/intervene/send_back?token={waits.token}"
    lead.get(asked)
    assert 'value="1:judge_complaint"' in lead.page
    assert "会发生什么" not in lead.page
    lead.get(f"{asked}&target=1%3Ajudge_complaint")
    assert "撤回：受理投诉" in lead.page
    assert "开始：判断是否为客户投诉" in lead.page
    assert complaint.offered == ["accept_complaint"]
    done = lead.send(f"/cases/{complaint.id}/intervene/send_back", reason="客户改口")
    assert done.location == f"/cases/{complaint.id}?intervened=send_back"
    assert complaint.offered == ["judge_complaint"]
    lead.get(done.location)
    assert "干预" in text(lead.page)
    assert "原因：客户改口" in lead.page
    assert "从“受理投诉”" in lead.page


def test_without_a_reason_nothing_happens_and_the_choice_is_kept(company: ProcessEngine, complaint: Case) -> None:
    lead, waits = reader(company, "lead.changsha"), complaint.task("accept_complaint")
    lead.get(f"/cases/{complaint.id}/intervene/send_back?token={waits.token}&target=1%3Ajudge_complaint")
    assert lead.send(f"/cases/{complaint.id}/intervene/send_back", reason=" ").status_code == 400
    assert "请说明原因" in lead.page
    assert re.search(r'value="1:judge_complaint" required checked', lead.page)
    assert complaint.offered == ["accept_complaint"]


def test_a_case_that_moved_meanwhile_is_shown_as_it_is_now(company: ProcessEngine, complaint: Case) -> None:
    lead, waits = reader(company, "lead.changsha"), complaint.task("accept_complaint")
    lead.get(f"/cases/{complaint.id}/intervene/skip?token={waits.token}&sure=yes")
    fields = lead.hidden(f"/cases/{complaint.id}/intervene/skip")
    other = reader(company, "lead.changsha")
    other.get(f"/cases/{complaint.id}/intervene/set_variable?name=complaint_text&scope=1&sure=yes&type=form&entry=新")
    assert other.send(f"/cases/{complaint.id}/intervene/set_variable", reason="r").status_code == 302
    assert lead.post(f"/cases/{complaint.id}/intervene/skip", {**fields, "reason": "r"}).status_code == 409
    assert "已经变动" in lead.page
    assert complaint.offered == ["accept_complaint"]


@pytest.mark.parametrize(("language", "verdict"), [
    ("zh", "保修判定 保内，免费"), ("en", "Warranty verdict in warranty, free of charge")])
def test_what_the_system_found_out_is_told_in_words(company: ProcessEngine, language: str, verdict: str) -> None:
    case = start(company, "lead.changsha", "in_warranty", **REPORT).do("lead.changsha", "assign_visit", engineer=ENGINEER)
    case.do(ENGINEER, "confirm_fault", confirmed_fault="屏幕不亮", agreed_visit_at="2026-03-02T14:00+08:00", visit_in_time="yes")
    case.do(ENGINEER, "prepare_parts", parts_needed="no")
    case.do(ENGINEER, "visit_customer", **VISIT)
    lead = reader(company, "lead.changsha")
    lead.get("/inbox")
    lead.send("/language", language=language)
    lead.get(f"/cases/{case.id}")
    assert verdict in text(lead.page)


def test_an_entry_is_changed_under_its_label(company: ProcessEngine, complaint: Case) -> None:
    lead = reader(company, "lead.changsha")
    lead.get(f"/cases/{complaint.id}/intervene/set_variable?name=complaint_text&scope=1&sure=yes&type=form&entry=很慢")
    assert "服务态度差 → 很慢" in text(lead.page)
    assert lead.send(f"/cases/{complaint.id}/intervene/set_variable", reason="听错").status_code == 302
    lead.get(f"/cases/{complaint.id}")
    assert "服务态度差 → 很慢" in text(lead.page)


def test_an_entry_to_change_is_chosen_from_those_of_the_case(company: ProcessEngine, complaint: Case) -> None:
    lead = reader(company, "lead.changsha")
    lead.get(f"/cases/{complaint.id}/intervene/set_variable")
    assert "服务态度差" in text(lead.page)
    [link] = re.findall(r'href="([^"]*name=complaint_text[^"]*)"', lead.page)
    lead.get(link.replace("&amp;", "&"))
    assert 'name="type" value="form"' in lead.page
    assert "name=office" not in lead.page


def test_a_suspended_case_says_who_when_and_why_and_leads_on(company: ProcessEngine, complaint: Case) -> None:
    lead = reader(company, "lead.changsha")
    lead.get(f"/cases/{complaint.id}/intervene/suspend")
    assert lead.send(f"/cases/{complaint.id}/intervene/suspend", reason="等配件").status_code == 302
    lead.get(f"/cases/{complaint.id}")
    assert "此工单已暂停" in lead.page
    assert "原因：等配件" in lead.page
    lead.get(f"/cases/{complaint.id}/intervene/resume")
    lead.send(f"/cases/{complaint.id}/intervene/resume", reason="到货")
    lead.get(f"/cases/{complaint.id}")
    assert "此工单已暂停" not in lead.page


def test_a_cancelled_case_says_so(company: ProcessEngine, complaint: Case) -> None:
    lead = reader(company, "lead.changsha")
    lead.get(f"/cases/{complaint.id}/intervene/terminate")
    assert "工单结束。" in lead.page
    lead.send(f"/cases/{complaint.id}/intervene/terminate", reason="误报")
    lead.get(f"/cases/{complaint.id}")
    assert re.search(r"已于 \d{4}-\d\d-\d\d \d\d:\d\d 撤销", lead.page)
    assert "intervene/" not in lead.page


def test_the_timeline_shows_one_kind_at_a_time(company: ProcessEngine, complaint: Case) -> None:
    lead = reader(company, "lead.changsha")
    lead.get(f"/cases/{complaint.id}?show=people")
    assert 'event-people"' in lead.page
    lead.get(f"/cases/{complaint.id}?show=intervention")
    assert 'event-people"' not in lead.page
    assert "还没有这类记录" in lead.page


def test_a_case_of_another_office_says_whose_it_is(company: ProcessEngine, complaint: Case) -> None:
    other = reader(company, "lead.guangzhou")
    assert other.get(f"/cases/{complaint.id}").status_code == 403
    assert "此工单属于长沙办事处" in other.page
    assert "长沙服务部负责人" in other.page
    assert other.get(f"/cases/{complaint.id}/intervene/terminate").status_code == 403


def test_who_does_not_lead_sees_no_intervention_and_is_refused_one(company: ProcessEngine, complaint: Case) -> None:
    seller = reader(company, "sales.changsha")
    seller.get(f"/cases/{complaint.id}")
    assert "intervene/" not in seller.page
    assert seller.get(f"/cases/{complaint.id}/intervene/terminate").status_code == 403


def test_watching_and_not_watching(company: ProcessEngine, complaint: Case) -> None:
    seller = reader(company, "sales.changsha")
    seller.get(f"/cases/{complaint.id}")
    seller.send(f"/cases/{complaint.id}/watch")
    seller.get(f"/cases/{complaint.id}")
    assert "取消关注" in seller.page
    seller.send(f"/cases/{complaint.id}/watch")
    seller.get(f"/cases/{complaint.id}")
    assert "关注此工单" in seller.page


@pytest.mark.parametrize(("query", "is_found"), [
    ("search=某银", True), ("search=pp1", True), ("search=pin", True), ("search=火星", False), ("state=open", True),
    ("state=finished", False), ("search=某银&state=open", True)])
def test_cases_are_found_by_what_people_know(company: ProcessEngine, complaint: Case, query: str, is_found: bool) -> None:
    lead = reader(company, "lead.changsha")
    assert lead.get(f"/cases?{query}").status_code == 200
    assert (complaint.id in lead.page) is is_found
    other = reader(company, "lead.guangzhou")
    other.get(f"/cases?{query}")
    assert complaint.id not in other.page


def test_pages_of_cases_follow_each_other_without_a_gap(company: ProcessEngine) -> None:
    made = [start(company, "sales.changsha", "complaint", **RECEIVED).id for _ in range(5)]
    with company.reading(SYSTEM) as uow:
        first = case_list.page(uow, limit=3)
        second = case_list.page(uow, limit=3, after=first.next_cursor)
    assert [row.id for row in (*first.rows, *second.rows)] == sorted(made, reverse=True)
    assert second.next_cursor is None
