"""What can be done at any step (5.1.18 n2) is a button on the task and the case."""

from engine.unit_of_work import ProcessEngine
from tests.database.acting import start
from tests.web_client import Client, app_of

RECEIVED = {"received_by": "phone", "customer": "长沙某银行", "product": "pin_pad", "serial_number": "PP1",
            "complaint_text": "服务态度差"}


def test_unsolvable_at_any_step_leads_to_the_report_to_the_centre(company: ProcessEngine) -> None:
    case = start(company, "sales.changsha", "complaint", **RECEIVED)
    case.do("lead.changsha", "judge_complaint", is_complaint="yes")
    reader = Client(app_of(company))
    reader.sign_in("lead.changsha")
    reader.get(f"/tasks/{case.task('accept_complaint').id}")
    assert "无法解决，上报中心" in reader.page
    reader.get(f"/cases/{case.id}")
    answer = reader.send(f"/cases/{case.id}/actions")
    assert answer.location == f"/tasks/{case.task('report_to_centre').id}"
    assert case.offered == ["accept_complaint", "report_to_centre"]


def test_an_action_of_another_offices_case_is_refused(company: ProcessEngine) -> None:
    case = start(company, "sales.changsha", "complaint", **RECEIVED)
    case.do("lead.changsha", "judge_complaint", is_complaint="yes")
    reader = Client(app_of(company))
    reader.sign_in("lead.changsha")
    reader.get(f"/cases/{case.id}")
    fields = reader.hidden(f"/cases/{case.id}/actions")
    other = Client(app_of(company))
    other.sign_in("lead.guangzhou")
    other.get("/inbox")
    fields["csrf"] = other.hidden("/sign-out")["csrf"]
    assert other.post(f"/cases/{case.id}/actions", fields).status_code == 403
    assert case.offered == ["accept_complaint"]
