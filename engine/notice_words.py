"""The sentences of notices, in Chinese and English: the same on the page and in a mail. Pure.

A sentence names `{who}` (who did it), `{task}` (a user task), `{case}` (a case number), and what `arguments` holds.
"""

import string
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")
Pair = tuple[str, str]

SENTENCES: Mapping[str, Pair] = {
    "assigned": ("{who}把工单 {case} 的任务“{task}”指派给您", "{who} assigned you “{task}” of case {case}"),
    "delegated": ("{who}请您代办工单 {case} 的任务“{task}”", "{who} asks you to do “{task}” of case {case}"),
    "returned": ("{who}退回了工单 {case} 的任务“{task}”", "{who} gave “{task}” of case {case} back"),
    "mentioned": ("{who}在工单 {case} 的留言中提到了您", "{who} mentioned you in a comment on case {case}"),
    "watched": ("您关注的工单 {case} 有新进展", "Case {case}, which you watch, moved on"),
    "watched.ended": ("您关注的工单 {case} 已结束", "Case {case}, which you watch, has ended"),
    "watched.incident": ("您关注的工单 {case} 出现故障", "Case {case}, which you watch, has an incident"),
    "late": ("工单 {case} 的任务“{task}”已超过期限", "“{task}” of case {case} is late"),
    "late.unclaimed": ("工单 {case} 的任务“{task}”已超过期限，尚无人领取",
                       "“{task}” of case {case} is late and nobody has claimed it"),
    "late.absent": ("您代理的{absent}的任务“{task}”（工单 {case}）已超过期限",
                    "“{task}” of case {case} is late; you stand in for {absent}"),
    "substitute": ("{from} 至 {until}，您代理{absent}的工作", "You stand in for {absent} from {from} to {until}"),
    "substitute.ended": ("您对{absent}的代理已提前结束", "You no longer stand in for {absent}: it ended early"),
    "submitted": ("{who}提交了流程草稿“{title}”，请您审批", "{who} submitted the draft “{title}”: please decide on it"),
    "approved": ("{who}批准了流程草稿“{title}”，{at} 起生效", "{who} approved the draft “{title}”; it takes effect at {at}"),
    "rejected": ("{who}驳回了流程草稿“{title}”：{reason}", "{who} rejected the draft “{title}”: {reason}"),
    "rejected.taken_back": ("{who}撤回了流程草稿“{title}”的提交：{reason}", "{who} took the draft “{title}” back: {reason}"),
    "effective": ("流程草稿“{title}”已生效", "The draft “{title}” is in effect"),
    "effective.failed": ("流程草稿“{title}”到了生效时间，但没能生效，请查看原因",
                         "The draft “{title}” could not be put into effect on its day: see why"),
    "destruction": ("{records}共 {number} 份保存期满，提请销毁，等您决定",
                    "{number} records ({records}) are due to be destroyed: please decide"),
    "destruction.second": ("{who}已同意销毁{records}共 {number} 份，等您作为第二人决定",
                           "{who} agreed to destroy {number} records ({records}): please decide as the second person"),
    "destruction.erasure": ("{who}提请删除一位顾客的个人信息，等您决定",
                            "{who} asks to erase the personal data of a customer: please decide"),
    "destruction.erasure_second": ("{who}已同意删除一位顾客的个人信息，等您作为第二人决定",
                                   "{who} agreed to erase the personal data of a customer: please decide as the second person"),
}
KINDS = frozenset(key for key in SENTENCES if "." not in key)
NAMES: Mapping[str, Pair] = {
    "assigned": ("指派给我", "Assigned to me"), "delegated": ("请我代办", "Delegated to me"),
    "returned": ("退回给我", "Given back to me"), "mentioned": ("留言提到我", "Mentions of me"),
    "watched": ("关注的工单", "Cases that I watch"), "late": ("任务超过期限", "Late tasks"),
    "substitute": ("代理他人", "Standing in for others"),
    "submitted": ("流程草稿待我审批", "Drafts to decide on"), "approved": ("我的草稿获批准", "My drafts approved"),
    "rejected": ("我的草稿被驳回", "My drafts rejected"), "effective": ("我的草稿生效", "My drafts in effect"),
    "destruction": ("销毁或删除待我决定", "Destructions to decide on"),
}
"""What a kind is called where people choose."""


def sentence(kind: str, facts: Mapping[str, Any], language: str) -> str:
    """What happened, for a person; `facts["what"]` picks the variant of a kind, and a missing fact is a dash."""
    pair = SENTENCES.get(f"{kind}.{facts.get('what')}") or SENTENCES[kind]
    return _Plain().format(_in(pair, language), **{key: _text(value) for key, value in facts.items()})


def letter(lines: Sequence[str], address: str, settings_address: str, language: str) -> str:
    """The text of a mail: what happened, where it leads, and how to switch such mails off."""
    foot = ("You get this mail because you asked for it. Change that here: {}" if language == "en"
            else "您收到这封邮件，是因为您选择了邮件提醒。更改或关闭：{}").format(settings_address)
    return "\n".join([*(line for line in lines if line), "", address, "", "-- ", foot, ""])


def digest_subject(tasks: int, late: int, language: str) -> str:
    """What waits, in numbers."""
    if language == "en":
        return f"This week: {tasks} open tasks of yours, {late} of them late"
    return f"本周待办：您有 {tasks} 项任务，其中 {late} 项超期"


def digest_more(tasks: int, language: str) -> str:
    """That the list goes on."""
    return f"… and {tasks} more" if language == "en" else f"……另有 {tasks} 项"


def name(kind: str, language: str) -> str:
    """What a kind of notice is called."""
    return _in(NAMES[kind], language)


def _in(pair: Pair, language: str) -> str:
    return pair[1] if language == "en" else pair[0]


def _text(value: object) -> str:
    if isinstance(value, str) and len(value) >= 20 and value[4:5] == "-" and "T" in value:
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return str(value)[:200]
    if isinstance(value, datetime):
        return value.astimezone(ZONE).strftime("%Y-%m-%d %H:%M")
    return str(value)[:200]


class _Plain(string.Formatter):
    """Puts facts into a sentence; one that is missing leaves a dash, and no attribute of a fact can be reached."""

    def get_field(self, field_name: str, _args: Any, kwargs: Any) -> tuple[Any, str]:
        """The fact of that name."""
        return kwargs.get(field_name) or "—", field_name
