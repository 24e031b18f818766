"""Complaint, return, month and survey at a desk, as their people do them (5.1.14, 5.1.17, 5.1.18, 5.5)."""

from collections.abc import Callable
from datetime import UTC, datetime

from playwright.sync_api import expect

from tests.browser.person import Person
from tests.conftest import Clock

DESK = 1280
Arrive = Callable[..., Person]
COMPLAINT = {"received_by": "电话", "customer": "长沙某银行", "product": "密码键盘", "serial_number": "PP1",
             "complaint_text": "修了三次仍失灵"}
REQUEST = {"customer": "长沙某银行", "product": "密码键盘", "serial_number": "PP1", "shipped_on": "2026-02-27",
           "is_unopened": "是", "return_reason": "型号不合"}


def is_over(person: Person) -> None:
    """The case that the person has just worked on is completed."""
    person.page.get_by_role("link", name="查看工单").click()
    expect(person.page.locator(".page-head")).to_contain_text("已完成")
    assert person.script_errors == []


def desk(person: Arrive, *users: str) -> list[Person]:
    """These people, signed in now: a session does not outlive a day that the clock was moved."""
    return [person(user, width=DESK) for user in users]


def surveyed(clerk: Person, name: str) -> None:
    """Start a survey, from the head office as central people must say."""
    clerk.go("/start/satisfaction_survey")
    clerk.page.locator("#office").select_option("head")
    clerk.fill(survey_kind="邮寄调查（每年一至两次）", survey_name=name, closing_date="2026-03-20")
    clerk.page.get_by_role("button", name="发起", exact=True).click()
    clerk.sees("发放调查表")


def accepted(person: Arrive) -> Person:
    lead, = desk(person, "lead.changsha")
    lead.start("complaint", **COMPLAINT)
    lead.sees("判断是否为客户投诉")
    lead.answer("是")
    lead.sees("受理投诉")
    lead.complete(severity="一般投诉", severity_reason="影响小")
    lead.open("了解投诉原因", view="groups")
    return lead


def test_late_solution_of_a_complaint_goes_to_the_manager_and_the_customer_agrees_at_last(person: Arrive, clock: Clock) -> None:
    lead = accepted(person)
    lead.answer("否", cause="接口松动", is_quality_problem="否")
    lead.open("向总部申请支持", view="groups")
    lead.complete(support_request="请给出方案")
    clock.move(hours=24)
    lead, manager = desk(person, "lead.changsha", "manager")
    manager.open("督办超时的方案", view="groups")
    manager.complete(late_solution_reason="积压", late_solution_action="当日答复")
    for agreed in ("否", "是"):
        manager.open("取得解决方案", view="groups")
        manager.complete(customer_consulted="是", solution="更换新机", solution_due_on="2026-03-12")
        lead.open("通知顾客解决方案", view="groups")
        lead.complete(told_how="电话")
        lead.open("确定负责人", view="groups")
        lead.answer(agreed, responsible="长沙工程师")
    lead.open("实施解决方案", view="groups")
    lead.answer("否", solution_result="已更换")
    lead.open("记录处理过程", view="groups")
    lead.complete(handling_record="更换后正常")
    is_over(lead)


def test_human_factor_is_remedied_late_and_penalised_by_somebody_else(person: Arrive, clock: Clock) -> None:
    lead = accepted(person)
    lead.answer("是", cause="失约", is_quality_problem="否")
    lead.open("了解事件详细情况", view="groups")
    lead.complete(details="约定后未到", complained_about="长沙服务部负责人")
    lead.open("与顾客协商补救措施", view="groups")
    lead.complete(remedy="致歉并上门", remedy_agreed_by="王先生")
    clock.move(hours=24)
    lead, manager = desk(person, "lead.changsha", "manager")
    manager.open("督办超时的补救", view="groups")
    manager.complete(late_remedy_reason="人手不足", late_remedy_action="派人支援")
    lead.open("实施补救措施", view="groups")
    lead.complete(remedy_result="已上门致歉")
    manager.open("对责任人进行处罚", view="groups")
    manager.complete(penalty="通报批评")
    lead.open("通报顾客", view="groups")
    lead.answer("否", informed_note="已通报处理结果")
    lead.open("记录处理过程", view="groups")
    lead.complete(handling_record="顾客接受")
    is_over(lead)


def test_return_under_condition_b_is_verified_signed_and_exchanged(person: Arrive) -> None:
    sales, ruler = desk(person, "sales.changsha", "general_affairs_lead")
    sales.start("product_return")
    sales.sees("填写退库产品申请单")
    sales.answer("b 质量问题", **REQUEST)
    sales.open("顾客与办事处共同验证", view="groups")
    sales.complete(finding="按键失灵", verified_by_customer="王先生", verified_by_office="李女士", verified_on="2026-03-02")
    ruler.open("确认并签字", view="groups")
    ruler.complete(is_confirmed="是", confirmed_signature="分管负责人")
    ruler.open("批示处理意见", view="groups")
    ruler.answer("更换", ruling_reason="质量问题明显")
    sales.open("更换产品", view="groups")
    sales.complete(new_serial="PP2", exchanged_on="2026-03-03")
    sales.open("告知顾客结果", view="groups")
    sales.complete(informed_how="电话")
    is_over(sales)


def test_return_under_a_goes_to_stock_and_under_neither_is_refused(person: Arrive) -> None:
    sales, ruler, stock = desk(person, "sales.changsha", "general_affairs_lead", "logistics")
    for condition, ruling in (("a 未开箱换型号", "退库"), ("都不符合", "不予退换")):
        sales.start("product_return")
        sales.answer(condition, **REQUEST)
        ruler.open("批示处理意见", view="groups")
        ruler.answer(ruling, ruling_reason="按规定")
        if ruling == "退库":
            stock.open("办理退库", view="groups")
            stock.complete(stock_receipt="RK-1")
        sales.open("告知顾客结果", view="groups")
        sales.complete(informed_how="上门")
        is_over(sales)


def test_month_is_handed_in_counted_and_approved(person: Arrive, clock: Clock) -> None:
    clock.set(datetime(2026, 3, 25, 1, 0, tzinfo=UTC))
    clerk, manager = desk(person, "clerk", "manager")
    for office in ("changsha", "guangzhou", "head", "wulumuqi", "yueyang"):
        engineer = person(f"engineer.{office}")
        engineer.open("上交本期维修单", view="groups")
        engineer.complete(orders_are_complete=True)
    clerk.open("收集、清点维修单", view="groups")
    clerk.answer("是")
    clerk.open("核对并填写统计分析表", view="groups")
    clerk.complete(statistics_analysis="本月无维修")
    manager.open("批准统计分析表", view="groups")
    manager.answer("是")
    is_over(manager)


def test_survey_below_85_per_cent_is_extended_and_reported_above_it(person: Arrive) -> None:
    clerk, manager = desk(person, "clerk", "manager")
    surveyed(clerk, "春季调查")
    clerk.complete(handed_out=2)
    clerk.open("录入一份调查表", view="groups")
    clerk.answer("结束", q2="满意", q5="较满意", q8="满意", remark="很好")
    manager.open("决定延期或作无效继续", view="groups")
    manager.answer("延期", new_closing_date="2026-03-31", extension_reason="继续催收")
    clerk.open("录入一份调查表", view="groups")
    clerk.answer("结束", q2="较满意", q6="未参加")
    clerk.open("编写满意度分析报告", view="groups")
    clerk.complete(report_analysis="总体满意", report_grievances="无")
    manager.open("审阅并签发报告", view="groups")
    manager.answer("是")
    is_over(manager)


def test_survey_below_85_per_cent_goes_on_as_not_valid(person: Arrive) -> None:
    clerk, manager = desk(person, "clerk", "manager")
    surveyed(clerk, "夏季调查")
    clerk.complete(handed_out=2)
    clerk.open("录入一份调查表", view="groups")
    clerk.answer("结束", q2="满意")
    manager.open("决定延期或作无效继续", view="groups")
    manager.answer("作无效", extension_reason="已多次催收")
    clerk.open("编写满意度分析报告", view="groups")
    expect(clerk.page.locator("[data-form-host]")).to_contain_text("无效")
