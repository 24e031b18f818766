"""5.1.17 n3 and n4 at a desk: a survey above 85 % with its figure S, and one below that is extended and then not valid."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from engine.canonical import loads
from engine.unit_of_work import ProcessEngine
from handlers.tables import satisfaction_report, survey
from tests.browser import outcome
from tests.browser.person import Person
from tests.database.acting import row

DESK = 1440


def test_answered_survey_gives_its_figure_and_a_released_report(person: Callable[..., Person], company: ProcessEngine) -> None:
    clerk, manager = person("clerk", width=DESK), person("manager", width=DESK)
    plan(clerk, handed_out=1)
    clerk.answer("结束", products=["密码键盘"], q2="满意", q3="较满意", q4="满意", q5="不满意", q6="未参加", q7="一般", q8="满意",
                 remark="希望来得快一些")
    clerk.sees("编写满意度分析报告")
    # n4b: (0.15 + 0.15 × 0.8 + 0.15 + 0.2 × 0 + 0.1 × 0.6 + 0.15) ÷ 0.9, as question 6 was not attended; on the bound of n4d
    expect(clerk.page.locator("[data-form-host]")).to_contain_text("总体：S = 70%，顾客较满意")
    clerk.complete(report_analysis="总体满意，上门要快", report_grievances="无投诉")
    manager.open("审阅并签发报告", view="groups")
    manager.answer("退回", release_remark="请写明改进打算")
    clerk.open("编写满意度分析报告", view="groups")
    expect(clerk.page.locator("[data-form-host]")).to_contain_text("请写明改进打算")
    clerk.complete(report_analysis="总体满意，上门要快，下季改为预约")
    manager.open("审阅并签发报告", view="groups")
    manager.answer("签发")

    case = outcome.only_case(company, "satisfaction_survey")
    report = row(company, satisfaction_report, case.id)
    assert case.ended_at == "survey_done"
    assert (report.is_valid, report.written_by, report.released_by) == (True, "clerk", "manager")
    assert sorted(to for to, _ in case.told()) == ["management_representative", "quality"]
    assert "下季改为预约" in case.letters()[0]
    outcome.must_be_proven(company)
    assert clerk.script_errors + manager.script_errors == []


def test_survey_below_85_per_cent_is_extended_and_then_goes_on_as_not_valid(
        person: Callable[..., Person], company: ProcessEngine) -> None:
    clerk, manager = person("clerk", width=DESK), person("manager", width=DESK)
    plan(clerk, handed_out=3)
    clerk.answer("结束", q2="满意", q5="较满意")
    manager.open("决定延期或作无效继续", view="groups")
    manager.answer("延期", {"new_closing_date": "2026-03-31"}, extension_reason="还有两份在路上")
    clerk.open("录入一份调查表", view="groups")
    clerk.answer("结束", q2="满意", q5="满意")
    manager.open("决定延期或作无效继续", view="groups")
    manager.answer("作无效", extension_reason="已催两次")
    clerk.open("编写满意度分析报告", view="groups")
    expect(clerk.page.locator("[data-form-host]")).to_contain_text("无效：回收率未达到 85%，本次调查不算有效。")
    clerk.complete(report_analysis="仅供参考", report_grievances="无投诉")
    manager.open("审阅并签发报告", view="groups")
    manager.answer("签发")

    case = outcome.only_case(company, "satisfaction_survey")
    report, held = row(company, satisfaction_report, case.id), row(company, survey, case.id)
    assert (case.ended_at, report.is_valid, held.times_extended) == ("survey_done", False, 1)
    found = loads(report.figures)
    assert (found["response"]["returned"], found["response"]["handed_out"]) == (2, 3)
    # question 2: 1; question 5: the mean of 0.8 and 1; weights 0.15 and 0.2
    assert found["overall"]["percent"] == pytest.approx(100 * (0.15 * 1 + 0.2 * 0.9) / 0.35)
    outcome.must_be_proven(company)


def plan(clerk: Person, *, handed_out: int) -> None:
    """Start the survey and hand out its forms; the clerk is then asked for the first one."""
    clerk.start("satisfaction_survey", office="总部", survey_kind="邮寄调查（每年一至两次）", survey_name="2026年第一次调查",
                closing_date="2026-03-20")
    clerk.sees("发放调查表")
    clerk.complete(handed_out=handed_out)
    clerk.sees("录入一份调查表")
