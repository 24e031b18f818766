"""What an auditor asks of a sampled case, by process, and the corrective action that a finding starts (5.6, 5.7)."""

from collections.abc import Mapping, Sequence

from engine import canonical, comments
from engine.audit import sampling
from engine.audit.sampling import FollowUp
from engine.errors import InvalidValue
from engine.unit_of_work import UnitOfWork

CORRECTIVE_ACTION = "corrective_action"
SERIOUSNESS = ("observation", "minor", "serious")
"""The answers of `forms/start_corrective_action.form`."""


def _question(key: str, clause: str, zh: str, en: str) -> dict[str, str]:
    return {"id": key, "clause": clause, "zh": zh, "en": en}


_REPAIR = (
    _question("in_time", "5.1.6", "工程师是否在响应时限内到场（市内一天、省内三天、边远七天），或有经理特批？",
              "Did the engineer arrive within the response time, or was an exception granted?"),
    _question("charge", "5.1.7", "免费或收费是否符合保修规定，改判的有没有写明理由？",
              "Was it free or charged as the warranty says, and is a change of verdict explained?"),
    _question("self_check", "5.1.9", "维修人员是否自检合格？", "Did the engineer's self-check pass?"),
    _question("signed", "5.1.9", "顾客是否验证后在维修单上签字？", "Did the customer verify the repair and sign the order?"),
    _question("parts", "5.1.11", "更换的配件是否与领用配件表相符？", "Do the parts replaced match the requisition?"),
    _question("defective", "5.1.11", "主要损坏件是否送还并有签收？", "Were main defective parts returned and received?"),
    _question("opinion", "5.1.15 n7", "是否询问了顾客意见，不满的当场设法解决？",
              "Was the customer's opinion asked, and dissatisfaction resolved at once?"),
)
_PRICE = _question("price", "5.1.16 n2", "服务前是否有顾客的价格确认？",
                   "Was the price confirmed by the customer before the service?")
_INVOICE = _question("invoice", "5.1.16 n4", "收费是否与确认的价格一致，并开具发票？",
                     "Was the confirmed price collected, and an invoice issued?")
_COMPLAINT = (
    _question("accepted", "5.1.18 n2", "受理后是否立即处理，无法解决的立即上报？",
              "Was it handled at once, and reported if unsolvable?"),
    _question("solution", "5.1.18 n3", "解决方案是否在8个工作小时内告知顾客？",
              "Did the solution reach the customer within 8 working hours?"),
    _question("remedy", "5.1.18 n4", "人为因素的补救措施是否在8个工作小时内实施？",
              "Was the remedy of a human-caused complaint carried out within 8 working hours?"),
    _question("serious", "5.1.14", "质量问题和重大投诉是否按规定报告？",
              "Were quality problems and serious complaints reported?"),
    _question("improvement", "5.1.18", "需要改进的是否实施并监督了结果？",
              "Was a needed improvement carried out and supervised?"),
    _question("record", "5.1.18", "处理过程的记录是否完整？", "Is the record of how it was handled complete?"),
)
_RETURN = (
    _question("form", "5.5.2", "退库产品申请单是否填写完整？", "Is the return request form complete?"),
    _question("condition", "5.5.1", "是否符合退货条件之一？", "Does one of the conditions for a return hold?"),
    _question("confirmed", "5.5.1b", "质量问题是否经顾客、办事处验证，并由分管负责人确认签字？",
              "Was the quality problem verified by customer and office and confirmed by the lead?"),
    _question("ruled", "5.5.2", "是否按批示的处理意见执行？", "Was it carried out as ruled?"),
)
_ANY = (
    _question("procedure", "4.2", "是否按程序规定的步骤办理，跳过或退回的有没有写明理由？",
              "Was it done in the steps of the procedure, and is each departure explained?"),
    _question("in_time", "4.2", "是否在规定的时限内办结？", "Was it done within the time allowed?"),
    _question("record", "6", "记录是否完整、清楚？", "Is the record complete and clear?"),
)
QUESTIONS: Mapping[str, Sequence[Mapping[str, str]]] = {
    "in_warranty": _REPAIR, "out_of_warranty": (*_REPAIR[1:], _PRICE, _INVOICE), "complaint": _COMPLAINT,
    "product_return": _RETURN}


def questions(process_key: str) -> Sequence[Mapping[str, str]]:
    """The questions to begin with for cases of a process; general ones where there are none, or for several processes."""
    return QUESTIONS.get(process_key, _ANY)


def decide(uow: UnitOfWork, sample_id: str, position: int, *, answers: Mapping[str, str], note: str, revision: int,
           seriousness: str = "minor") -> str:
    """Keep what was found of a case (`sampling.decide`); a finding starts a case of corrective action."""
    if seriousness not in SERIOUSNESS:
        raise InvalidValue("sample_criteria", field="seriousness", value=seriousness[:50])
    asked = canonical.loads(sampling.get(uow, sample_id).questions)
    broken = [each for each in asked if answers.get(each["id"]) == "no"]
    row = sampling.case_of(uow, sample_id, position)
    variables = {"finding_source": "audit_sample", "audited_case": row.business_key, "seriousness": seriousness,
                 "finding_clause": "、".join(dict.fromkeys(each["clause"] for each in broken if each["clause"])),
                 "finding": "\n".join([*(f"{each['clause']} {each['zh']} 否".strip() for each in broken), note.strip()])}
    return sampling.decide(uow, sample_id, position, answers=answers, note=note, revision=revision,
                           follow_up=FollowUp(CORRECTIVE_ACTION, variables))


def withdraw(uow: UnitOfWork, sample_id: str, position: int, *, reason: str, revision: int) -> None:
    """Take back a finding (`sampling.withdraw`); the corrective action that it started is told by a comment, and goes on."""
    row = sampling.withdraw(uow, sample_id, position, reason=reason, revision=revision)
    title = sampling.get(uow, sample_id).title
    comments.add(uow, row.finding_case, f"引起本单的审核不符合已撤回（抽样“{title}”第 {position} 件）。\n"
                 f"The finding that started this case was withdrawn (sample “{title}”, case {position}).\n{reason.strip()}")
