"""5.1.15 on a phone of 390 px: from the report to the returned part, with one round of the support loop."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.person import Person

REPORT = {
    "serial": "CT2026001", "report_source": "顾客电话或传真", "contact": "储蓄所值班人员", "phone": "0731-5550101",
    "region": "市内（一天内到场）", "reported_fault": "开机无显示",
}


def test_in_warranty_goes_from_report_to_returned_part_on_a_phone(person: Callable[..., Person]) -> None:
    lead, engineer, keeper = person("lead.changsha"), person("engineer.changsha"), person("parts_keeper")
    lead.start("in_warranty", **REPORT)
    lead.open("指派工程师上门", view="groups")
    lead.complete(engineer="长沙工程师")

    engineer.open("确认故障、约定上门时间")
    engineer.answer("是", confirmed_fault="开机无显示，电源灯亮", agreed_visit_at="2026-03-02 14:00")
    engineer.sees("准备备件")
    engineer.answer("否", parts_prepared="备板一块")
    engineer.sees("工程师上门服务")
    engineer.complete(arrived_at="2026-03-02 13:50", met_contact="值班人员", work_place="营业厅", customer_consents=True,
                      serial_number="CT2026001", customer_fault="不是")
    engineer.sees("确认是否保内")
    engineer.answer("是")
    serve_with_support(engineer, lead)
    fill_in_and_sign(engineer)

    engineer.sees("坏备件发客户服务中心")
    engineer.complete(returned_on="2026-03-03", waybill="YD-0001")
    keeper.open("接收损坏件", view="groups")
    keeper.complete(received_on="2026-03-05", received_complete=True)
    keeper.page.get_by_role("link", name="查看工单").click()
    expect(keeper.page.locator(".page-head")).to_contain_text("已完成")
    for someone in (lead, engineer, keeper):
        assert someone.script_errors == []


def serve_with_support(engineer: Person, lead: Person) -> None:
    """Serve, ask for support, get the lead's answer, serve on, solve."""
    engineer.sees("检修机器")
    engineer.answer("需要支持", work_progress="换备板后仍无显示")
    engineer.sees("寻求技术或备件支持")
    engineer.answer("服务部", support_kind="技术支持", support_question="换板无效，显示板是否有新版本？", customer_informed=True)
    lead.open("答复支持请求", view="groups")
    lead.answer("已答复", support_answer="给出办法", may_leave="否", support_advice="换显示板")
    engineer.open("检修机器")
    engineer.answer("已解决", work_progress="换显示板后正常")


def fill_in_and_sign(engineer: Person) -> None:
    """The repair order with one main part, and the customer's signature."""
    engineer.sees("填写维修单，清洁机器及环境")
    engineer.fill(symptom="无显示", found_fault="显示板损坏", work_done="更换显示板", finished_at="2026-03-02 16:00",
                  is_cleaned=True, is_fixed="是", satisfaction="满意")
    engineer.add_row(part="主板", quantity=1, serial="BD-77")
    engineer.answer("是")
    engineer.sees("顾客验证并在维修单上签字")
    engineer.answer("是", {"signed_by": "值班人员"})
