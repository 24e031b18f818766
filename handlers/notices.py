"""Notices: who is told what by mail, at once, when a case says so (5.1.10, 5.1.14, 5.1.17 n4e, 5.1.18)."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from engine import identity, job_rows
from engine.errors import PermanentFailure
from engine.unit_of_work import JobContext, Operation, UnitOfWork
from handlers.tables import product

GM, QUALITY, REPRESENTATIVE = "terminal_division_gm", "quality", "management_representative"
MANAGER, CLERK = "service_center_manager", "service_clerk"
BLANK = "—"


@dataclass(frozen=True, slots=True)
class Notice:
    """One message: the groups it goes to, and its words; `{name}` is a variable of the case, `{number}` the case's number."""

    topic: str
    to: tuple[str, ...]
    subject: str
    subject_en: str
    body: str
    body_en: str


MATTER = "工单：{number}\n顾客：{customer}\n产品：{product}，编号：{serial_number}\n"
MATTER_EN = "Case: {number}\nCustomer: {customer}\nProduct: {product}, serial {serial_number}\n"
COMPLAINT, COMPLAINT_EN = MATTER + "投诉内容：{complaint_text}\n", MATTER_EN + "Complaint: {complaint_text}\n"
QUALITY_FACTS = MATTER + "顾客反映：{complaint_text}{opinion}{return_reason}\n判断：{quality_reason}{level_reason}{finding}\n"
QUALITY_FACTS_EN = (MATTER_EN + "The customer says: {complaint_text}{opinion}{return_reason}\n"
                    "Judged: {quality_reason}{level_reason}{finding}\n")
SERIOUS_QUALITY = ("重大质量问题 {number}", "Serious quality problem {number}",
                   "顾客反映的质量问题被判为重大，现直接报告（5.1.14）。\n" + QUALITY_FACTS,
                   "A quality problem was judged serious and is reported directly (5.1.14).\n" + QUALITY_FACTS_EN)

NOTICES = (
    Notice("notice.quality_problem", (GM,), "顾客反映质量问题 {number}", "Quality problem reported {number}",
           "现报告顾客反映的质量问题（5.1.14）。\n" + QUALITY_FACTS,
           "A customer reports a quality problem (5.1.14).\n" + QUALITY_FACTS_EN),
    Notice("notice.serious_quality_problem", (QUALITY, REPRESENTATIVE), *SERIOUS_QUALITY),
    Notice("notice.serious_quality_problem_to_all", (GM, QUALITY, REPRESENTATIVE), *SERIOUS_QUALITY),
    Notice("notice.serious_complaint", (QUALITY, REPRESENTATIVE), "重大投诉 {number}", "Serious complaint {number}",
           "受理了一件重大投诉，现直接报告（5.1.14）。\n" + COMPLAINT + "理由：{severity_reason}\n",
           "A serious complaint was accepted and is reported directly (5.1.14).\n" + COMPLAINT_EN +
           "Reason: {severity_reason}\n"),
    Notice("notice.solution_overdue", (MANAGER,), "解决方案超时 {number}", "Solution overdue {number}",
           "受理后8个工作小时仍未把解决方案告知顾客（5.1.18 注3）。\n" + COMPLAINT,
           "8 working hours after acceptance the solution has not reached the customer (5.1.18 n3).\n" + COMPLAINT_EN),
    Notice("notice.remedy_overdue", (MANAGER,), "补救措施超时 {number}", "Remedy overdue {number}",
           "人为因素的投诉，受理后8个工作小时仍未实施完补救措施（5.1.18 注4）。\n" + COMPLAINT,
           "8 working hours after acceptance the remedy of a human-caused complaint is not carried out (5.1.18 n4).\n" +
           COMPLAINT_EN),
    Notice("notice.unsolvable", (MANAGER,), "服务部无法解决的投诉 {number}", "Complaint beyond the service department {number}",
           "服务部报告无法解决（5.1.18 注2）。\n" + COMPLAINT + "上报理由：{unsolved_reason}\n",
           "The service department cannot solve it (5.1.18 n2).\n" + COMPLAINT_EN + "Why: {unsolved_reason}\n"),
    Notice("notice.survey_reminder", (CLERK,), "请回收满意度调查表 {number}", "Collect the survey forms {number}",
           "调查“{survey_name}”发放{handed_out}份，将于{closing_date}截止，请继续回收。\n",
           "The survey “{survey_name}” handed out {handed_out} forms and closes on {closing_date}: please go on collecting.\n"),
    Notice("notice.report_overdue", (CLERK, MANAGER), "满意度分析报告逾期 {number}", "Satisfaction report overdue {number}",
           "调查“{survey_name}”的分析报告应在次月4日前签发上报（5.1.17 注4e）。\n",
           "The report on the survey “{survey_name}” was due by the 4th of this month (5.1.17 n4e).\n"),
)


def operations() -> tuple[Operation, ...]:
    """A record operation for each notice."""
    return tuple(Operation(notice.topic, "record", _sender(notice)) for notice in NOTICES)


def tell(uow: UnitOfWork, context: JobContext, notice: Notice, facts: Mapping[str, Any] | None = None) -> None:
    """Write one mail to each member of the groups, in their language. `PermanentFailure` if a group has nobody to be told."""
    words = _words(context, {**_names(uow, context), **(facts or {})})
    for person in _recipients(uow, context, notice.to):
        is_english = person.language == "en"
        subject = (notice.subject_en if is_english else notice.subject).format_map(words)
        body = (notice.body_en if is_english else notice.body).format_map(words)
        job_rows.send_mail(uow, person.email, subject, body, context.instance_id)


def _sender(notice: Notice) -> Any:
    def send(uow: UnitOfWork, context: JobContext) -> None:
        tell(uow, context, notice)
    return send


def _recipients(uow: UnitOfWork, context: JobContext, groups: tuple[str, ...]) -> list[sa.Row[Any]]:
    people: dict[str, sa.Row[Any]] = {}
    for group in groups:
        members = identity.members(uow, group, context.office)
        if not members:
            raise PermanentFailure(f"nobody to tell in {group!r} (office {context.office!r}): add a member, then retry")
        people |= {person.id: person for person in members}
    return list(people.values())


def _names(uow: UnitOfWork, context: JobContext) -> dict[str, Any]:
    """The product by its name rather than its id."""
    query = sa.select(product.c.name).where(product.c.id == context.variables.get("product"))
    return {"product": uow.scalar(query) or context.variables.get("product")}


def _words(context: JobContext, facts: Mapping[str, Any]) -> defaultdict[str, str]:
    """The variables as text. One the case does not have is a dash; of alternatives in a row the missing ones are nothing."""
    told = {name: str(value) for name, value in (*context.variables.items(), *facts.items()) if value not in (None, "", [], {})}
    missing = dict.fromkeys(("complaint_text", "opinion", "return_reason", "quality_reason", "level_reason", "finding"), "")
    return defaultdict(lambda: BLANK, {**missing, **told, "number": context.business_key})

