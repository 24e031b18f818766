"""Satisfaction surveys (5.1.17 n3, n4): forms handed out and entered, response, S overall and per product, the report."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa

from engine import canonical
from engine.errors import PermanentFailure
from engine.unit_of_work import JobContext, UnitOfWork
from handlers import notices, satisfaction, survey_text
from handlers.company_settings import settings
from handlers.days import CHINA, day_of
from handlers.notices import Notice
from handlers.performers import performed
from handlers.satisfaction import Scale, percent
from handlers.tables import complaint, opinion, product, satisfaction_report, survey, survey_form

LAST_SECOND = time(23, 59, 59)
ANSWERED = tuple(f"q{question}" for question in range(2, 9))
PERSONAL = ("other_product", "remark", "filled_in_by", "phone", "postcode", "address", "organisation")
ON_PAPER = ("products", *ANSWERED, *PERSONAL)
REPORT = Notice(
    "survey.submit_report", ("management_representative", "quality"),
    "顾客满意度分析报告 {report_number}", "Satisfaction report {report_number}",
    "现报送顾客满意度分析报告（5.1.17 注4e）。\n\n{report_text}\n\n"
    "评价及分析：{report_analysis}\n\n抱怨、投诉及处理：{report_grievances}\n",
    "The satisfaction report (5.1.17 n4e).\n\n{report_text}\n\nEvaluation and analysis: {report_analysis}\n\n"
    "Grievances, complaints and how they were handled: {report_grievances}\n")


# ------------------------------------------------------------------ hand out and collect
def last_second(day: str) -> datetime:
    """The last second of a day in China, as an aware time."""
    return datetime.combine(date.fromisoformat(day), LAST_SECOND, CHINA)


def open_survey(uow: UnitOfWork, context: JobContext) -> Mapping[str, Any]:
    """Record a survey with the number of forms handed out and its closing date (5.1.17 n3)."""
    said = context.variables
    closes_at = last_second(said["closing_date"])
    uow.execute(sa.insert(survey).values(
        case_id=context.instance_id, number=context.business_key, kind=said["survey_kind"], name=said["survey_name"],
        handed_out=said["handed_out"], opened_at=context.now, closes_at=closes_at, times_extended=0))
    return {"collection_ends_at": closes_at.isoformat(), "forms_entered": 0, **_blank()}


def extend(uow: UnitOfWork, context: JobContext) -> Mapping[str, Any]:
    """Give the survey a later closing date, at least the end of today."""
    closes_at = max(last_second(context.variables["new_closing_date"]), last_second(day_of(context.now).isoformat()))
    uow.execute(sa.update(survey).where(survey.c.case_id == context.instance_id).values(
        closes_at=closes_at, times_extended=survey.c.times_extended + 1))
    return {"collection_ends_at": closes_at.isoformat(), "closing_date": closes_at.date().isoformat()}


def save_form(uow: UnitOfWork, context: JobContext) -> Mapping[str, Any]:
    """Keep one form as it was on paper, and empty its fields for the next; a form without any answer is none."""
    said, entered = context.variables, returned(uow, context.instance_id)
    if said.get("products") or any(said.get(key) for key in (*ANSWERED, *PERSONAL)):
        entered += 1
        uow.execute(sa.insert(survey_form).values(
            case_id=context.instance_id, number=entered, products=canonical.dumps(said.get("products") or []),
            **{key: said.get(key) or None for key in (*ANSWERED, *PERSONAL)},
            entered_by=performed(uow, context.instance_id, "enter_form").by, entered_at=context.now))
    return {"forms_entered": entered, **_blank()}


def returned(uow: UnitOfWork, case_id: str) -> int:
    """How many forms have come back."""
    return int(uow.scalar(sa.select(sa.func.count()).where(survey_form.c.case_id == case_id)))


def count_response(uow: UnitOfWork, context: JobContext) -> Mapping[str, Any]:
    """The response rate, and whether it makes the survey valid (5.1.17 n4a)."""
    back, out = returned(uow, context.instance_id), _row(uow, context.instance_id).handed_out
    valid = satisfaction.is_valid_response(back, out, _scale(uow))
    return {"forms_returned": back, "response_percent": 100 * back / out, "response_is_valid": valid}


def held(uow: UnitOfWork, year: int) -> dict[str, int]:
    """How many surveys began in a year, by kind: at least 2 on touring service, 1 to 2 mailings (5.1.17 n3)."""
    begin, end = (datetime.combine(date(each, 1, 1), time(), CHINA) for each in (year, year + 1))
    query = sa.select(survey.c.kind, sa.func.count().label("n")).where(survey.c.opened_at >= begin, survey.c.opened_at < end)
    rows = uow.rows(query.group_by(survey.c.kind))
    return {"mailing": 0, "touring": 0} | {row.kind: row.n for row in rows}


# ------------------------------------------------------------------ S and the report
def compute(uow: UnitOfWork, context: JobContext) -> Mapping[str, Any]:
    """Compute S overall and per product and draft the report, with every setting used (5.1.17 n4b to n4e)."""
    found = figures(uow, context.instance_id, context.now)
    number, due_at = f"BG-{context.business_key}", report_due(context.now)
    text = survey_text.report(found)
    uow.execute(sa.insert(satisfaction_report).values(
        case_id=context.instance_id, number=number, is_valid=found["response"]["is_valid"], figures=canonical.dumps(found),
        due_at=due_at))
    return {"report_number": number, "report_text": text, "report_due_at": due_at.isoformat(),
            "satisfaction_percent": found["overall"]["percent"], "satisfaction_class": found["overall"]["class"]}


def report_due(closed_at: datetime) -> datetime:
    """The end of the 4th of the month after the survey (5.1.17 n4e: before the 5th)."""
    next_month = closed_at.astimezone(CHINA).date().replace(day=1) + timedelta(days=32)
    return datetime.combine(next_month.replace(day=4), LAST_SECOND, CHINA)


def figures(uow: UnitOfWork, case_id: str, now: datetime) -> dict[str, Any]:
    """Everything the report states, as JSON."""
    row, by, forms = _row(uow, case_id), _scale(uow), _forms(uow, case_id)
    valid = satisfaction.is_valid_response(len(forms), row.handed_out, by)
    products = satisfaction.by_product([(named, answers) for named, answers, _ in forms], by)
    named = {p.id: p.name for p in uow.rows(sa.select(product.c.id, product.c.name))}
    return {
        "survey": {"name": row.name, "number": row.number, "kind": row.kind},
        "response": {"handed_out": row.handed_out, "returned": len(forms), "is_valid": valid,
                     "percent": 100 * len(forms) / row.handed_out},
        "overall": _figure(satisfaction.figure([answers for _, answers, _ in forms], by)),
        "products": [{"id": key, "name": named.get(key, "其它" if key == survey_text.OTHER_PRODUCT else key), **_figure(found)}
                     for key, found in products.items()],
        "remarks": [remark for *_, remark in forms if remark],
        "complaints": _heard(uow, complaint, "accepted_at", "handling_record", (row.opened_at, now)),
        "opinions": _heard(uow, opinion, "filed_at", "record", (row.opened_at, now)),
        "settings": settings(uow, "survey."),
    }


def submit_report(uow: UnitOfWork, context: JobContext) -> None:
    """Submit the released report to the management representative and quality, and file it (5.1.17 n4e, 6.3)."""
    said = context.variables
    uow.execute(sa.update(satisfaction_report).where(satisfaction_report.c.case_id == context.instance_id).values(
        analysis=said.get("report_analysis"), grievances=said.get("report_grievances"), submitted_at=context.now,
        written_by=performed(uow, context.instance_id, "write_report").by,
        released_by=performed(uow, context.instance_id, "release_report").by))
    notices.tell(uow, context, REPORT)


def _blank() -> dict[str, Any]:
    return {key: [] if key == "products" else None for key in ON_PAPER}


def _row(uow: UnitOfWork, case_id: str) -> sa.Row[Any]:
    row = uow.row(sa.select(survey).where(survey.c.case_id == case_id))
    if row is None:
        raise PermanentFailure(f"case {case_id} has no survey")
    return row


def _scale(uow: UnitOfWork) -> Scale:
    return satisfaction.scale(settings(uow, "survey."))


def _forms(uow: UnitOfWork, case_id: str) -> list[tuple[list[str], dict[int, str | None], str]]:
    rows = uow.rows(sa.select(survey_form).where(survey_form.c.case_id == case_id).order_by(survey_form.c.number))
    return [(canonical.loads(row.products), {q: row._mapping[f"q{q}"] for q in range(2, 9)}, row.remark or "") for row in rows]


def _figure(found: satisfaction.Figure) -> dict[str, Any]:
    return {"percent": percent(found.s), "class": found.name, "forms": found.forms,
            "questions": {str(q): percent(s) for q, s in sorted(found.means.items())}}


def _heard(uow: UnitOfWork, table: sa.Table, moment: str, outcome: str,
           between: tuple[datetime, datetime]) -> list[dict[str, Any]]:
    """What customers complained of or suggested while the survey ran, and what was done."""
    rows = uow.rows(sa.select(table).where(table.c[moment].between(*between)).order_by(moment))
    return [{"number": row.number, "customer": row.customer, "handled": row._mapping[outcome] or ""} for row in rows]
