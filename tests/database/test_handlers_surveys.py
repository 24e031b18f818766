"""A survey above and below 85 % response, extended, overdue; the report and where it goes (5.1.17 n3, n4)."""

from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from engine.canonical import loads
from engine.errors import InvalidForm, InvalidValue
from engine.unit_of_work import SYSTEM, ProcessEngine
from handlers import company_settings, surveys
from handlers.tables import satisfaction_report, survey, survey_form
from tests.conftest import Clock
from tests.database.acting import Case, row, start

CLERK, MANAGER = "clerk", "manager"
ALL = {f"q{q}": "satisfied" for q in range(2, 9)}


def opened(company: ProcessEngine, handed_out: int = 3) -> Case:
    case = start(company, CLERK, "satisfaction_survey", survey_kind="mailing", survey_name="2026年第一次调查",
                 closing_date="2026-03-20")
    return case.do(CLERK, "hand_out_forms", handed_out=handed_out)


def entered(case: Case, *forms: dict[str, Any], close: bool = True) -> Case:
    for number, form in enumerate(forms, 1):
        case.do(CLERK, "enter_form", **form, collection="end" if close and number == len(forms) else "next")
    return case


def written(case: Case) -> Case:
    return case.do(CLERK, "write_report", report_analysis="总体满意", report_grievances="无")


def test_survey_above_85_per_cent_is_reported_and_submitted(company: ProcessEngine) -> None:
    case = entered(opened(company), ALL | {"products": ["pin_pad"]},
                   ALL | {"products": ["pin_pad", "other"], "q5": "dissatisfied"},
                   {"q2": "fairly", "q6": "did_not_attend", "remark": "很好"})
    assert case.offered == ["write_report"]
    written(case).do(MANAGER, "release_report", report_released="no", release_remark="补充")
    written(case).do(MANAGER, "release_report", report_released="yes")
    assert case.ended_at == "survey_done"
    assert sorted(to for to, _ in case.told()) == ["management_representative", "quality"]
    report = row(company, satisfaction_report, case.id)
    found = loads(report.figures)
    assert (report.is_valid, report.written_by, report.released_by) == (True, CLERK, MANAGER)
    # s2 = (1+1+0.8)/3, s5 = 0.5, the others 1
    assert found["overall"]["percent"] == pytest.approx(100 * (1 - 0.15 * 0.2 / 3 - 0.2 * 0.5))
    assert found["overall"]["class"] == "satisfied"
    assert {p["id"]: (p["forms"], p["percent"]) for p in found["products"]} == {"pin_pad": (2, 90.0), "other": (1, 80.0)}


def test_report_states_every_setting_used(company: ProcessEngine) -> None:
    with company.transaction(SYSTEM) as uow:
        company_settings.change(uow, "survey.did_not_attend", "zero")
    case = entered(opened(company, 1), ALL | {"q6": "did_not_attend"})
    text, found = case.variables["report_text"], loads(row(company, satisfaction_report, case.id).figures)
    assert found["settings"] == {key: value for key, value in company_settings.DEFAULTS.items() if key.startswith("survey.")} | {
        "survey.did_not_attend": "zero"}
    assert "未参加”：按 0 分计算" in text
    assert "满意 1、较满意 0.8、一般 0.6、不满意 0" in text
    assert "第5题 0.2" in text
    assert found["overall"]["percent"] == 90.0


def test_surveys_of_a_year_are_counted_by_kind(company: ProcessEngine, clock: Clock) -> None:
    opened(company)
    clock.set(datetime(2027, 1, 1, 1, 0, tzinfo=UTC))
    case = start(company, CLERK, "satisfaction_survey", survey_kind="touring", survey_name="巡回", closing_date="2027-01-20")
    case.do(CLERK, "hand_out_forms", handed_out=5)
    with company.reading(SYSTEM) as uow:
        assert surveys.held(uow, 2026) == {"mailing": 1, "touring": 0}
        assert surveys.held(uow, 2027) == {"mailing": 0, "touring": 1}


def test_survey_below_85_per_cent_may_go_on_as_not_valid(company: ProcessEngine) -> None:
    case = entered(opened(company, 2), ALL)
    assert case.offered == ["decide_on_response"]
    case.do(MANAGER, "decide_on_response", extension="invalid", extension_reason="已催收")
    assert "**无效**" in case.variables["report_text"]
    assert "50%" in case.variables["report_text"]
    written(case).do(MANAGER, "release_report", report_released="yes")
    assert case.ended_at == "survey_done"
    assert row(company, satisfaction_report, case.id).is_valid is False


def test_survey_below_85_per_cent_may_be_extended(company: ProcessEngine, clock: Clock) -> None:
    case = entered(opened(company, 2), ALL)
    case.do(MANAGER, "decide_on_response", extension="extend", new_closing_date="2026-03-31", extension_reason="继续催收")
    assert case.task("enter_form").due_at == datetime(2026, 3, 31, 15, 59, 59, tzinfo=UTC)
    assert row(company, survey, case.id).times_extended == 1
    assert entered(case, ALL).offered == ["write_report"]
    assert case.variables["forms_returned"] == 2


def test_extension_needs_a_date(company: ProcessEngine) -> None:
    case = entered(opened(company, 2), ALL)
    with pytest.raises(InvalidForm):
        case.do(MANAGER, "decide_on_response", extension="extend", extension_reason="继续催收")


def test_each_form_is_kept_and_the_next_one_begins_empty(company: ProcessEngine) -> None:
    case = entered(opened(company, 3), ALL | {"products": ["pin_pad"], "remark": "快一点", "organisation": "某银行"}, close=False)
    assert [case.variables[key] for key in ("q2", "products", "remark")] == [None, [], None]
    assert case.variables["forms_entered"] == 1
    entered(case, {"q2": "average"})
    with company.reading(SYSTEM) as uow:
        kept = uow.rows(sa.select(survey_form).where(survey_form.c.case_id == case.id).order_by("number"))
    assert [(f.number, f.q2, f.q3, f.remark, f.entered_by) for f in kept] == [
        (1, "satisfied", "satisfied", "快一点", CLERK), (2, "average", None, None, CLERK)]


def test_empty_form_is_not_counted(company: ProcessEngine) -> None:
    case = entered(opened(company, 2), ALL, ALL, {})
    assert case.variables["forms_returned"] == 2


def test_collection_ends_on_the_closing_date_after_weekly_reminders(company: ProcessEngine, clock: Clock) -> None:
    case = entered(opened(company, 1), ALL, close=False)
    clock.move(days=7, minutes=1)
    assert case.run().told() == [(CLERK, f"请回收满意度调查表 {case.task('enter_form').business_key}")]
    clock.set(datetime(2026, 3, 20, 16, 0, tzinfo=UTC))
    assert case.run().offered == ["write_report"]


def test_report_is_due_by_the_end_of_the_4th_and_its_delay_is_told(company: ProcessEngine, clock: Clock) -> None:
    case = entered(opened(company, 1), ALL)
    due = datetime(2026, 4, 4, 15, 59, 59, tzinfo=UTC)
    assert case.task("write_report").due_at == due
    clock.set(due)
    assert case.run().offered == ["write_report"]
    assert {to for to, _ in case.told()} == {CLERK, MANAGER}


@pytest.mark.parametrize(("key", "value"), [("survey.colour", 1), ("survey.valid_response", "0.85"), ("survey.weights", {"1": 0}),
                                            ("survey.valid_response", -1), ("survey.did_not_attend", 0)])
def test_setting_that_cannot_be_is_refused(company: ProcessEngine, key: str, value: Any) -> None:
    with company.transaction(SYSTEM) as uow, pytest.raises(InvalidValue):
        company_settings.change(uow, key, value)
