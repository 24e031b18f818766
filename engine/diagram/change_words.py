"""Differences in the language of a procedure: what a step, a role, a deadline is called, in Chinese and in English. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from engine.diagram.model import Element, EventDefinition
from engine.diagram.sources import listed
from engine.durations import Duration, parse_cycle, parse_duration
from engine.errors import InvalidValue

Both = tuple[str, str]
"""The same words in Chinese and in English."""
Kind = Literal["added", "removed", "changed", "layout"]


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `element` is an id in the diagram (in the version that has it), a form field's or a rule's key.

    `field` says what of it; `before` and `after` are the values as they are written, None where there was none; `words` has
    a sentence in `zh` and `en`. `layout`: only the picture moved.
    """

    kind: Kind
    element: str | None
    type: str
    field: str
    before: Any
    after: Any
    words: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Names:
    """What ids are called, in Chinese and English; an id that is not here is shown as it is."""

    groups: Mapping[str, Both] = field(default_factory=dict)
    forms: Mapping[str, Both] = field(default_factory=dict)
    decisions: Mapping[str, Both] = field(default_factory=dict)
    processes: Mapping[str, Both] = field(default_factory=dict)


def change(kind: Kind, what: tuple[str | None, str, str], values: tuple[Any, Any], words: Both) -> Change:
    """A row with its two sentences; `what`: element, type and field."""
    return Change(kind, *what, values[0], values[1], {"zh": words[0], "en": words[1]})


TYPES: Mapping[str, Both] = {
    "userTask": ("步骤", "step"), "manualTask": ("步骤", "step"), "task": ("步骤", "step"),
    "serviceTask": ("自动步骤", "automatic step"), "scriptTask": ("计算", "calculation"),
    "sendTask": ("发送", "sending step"), "receiveTask": ("等待", "waiting step"), "businessRuleTask": ("规则", "rule step"),
    "callActivity": ("调用流程", "called process"), "subProcess": ("子流程", "sub-process"),
    "exclusiveGateway": ("判断", "decision"), "inclusiveGateway": ("包容网关", "inclusive gateway"),
    "parallelGateway": ("并行网关", "parallel gateway"), "eventBasedGateway": ("事件网关", "event gateway"),
    "startEvent": ("开始", "start"), "endEvent": ("结束", "end"), "boundaryEvent": ("边界事件", "boundary event"),
    "intermediateCatchEvent": ("等待事件", "waiting event"), "intermediateThrowEvent": ("中间事件", "event"),
    "process": ("流程", "procedure"), "sequenceFlow": ("连线", "flow"),
}
FIELDS: Mapping[str, Both] = {
    "name": ("名称", "name"), "name_en": ("英文名称", "English name"), "lane": ("泳道", "lane"), "type": ("类型", "type"),
    "documentation": ("作业指导", "instruction"), "scope": ("所在的子流程", "enclosing sub-process"),
    "event": ("触发", "trigger"), "attached_to": ("所附的步骤", "step it is attached to"),
    "is_interrupting": ("是否中断", "whether it interrupts"), "loop": ("多实例", "repetition"),
    "called": ("调用的流程", "called process"), "inputs": ("传入的数据", "data passed in"),
    "outputs": ("传出的数据", "data passed back"),
    "is_event_sub_process": ("是否事件子流程", "whether it is an event sub-process"), "script": ("计算式", "calculation"),
    "default": ("默认出口", "default way"), "clause": ("条款", "clause"), "record": ("记录表单", "record"),
    "record_en": ("记录表单英文名", "English name of the record"), "instruction_en": ("英文作业指导", "English instruction"),
    "calendar": ("工作日历", "calendar"), "deadline": ("是否办理期限", "whether it is the deadline"),
    "not_by": ("回避", "who may not do it"), "roll": ("遇假日", "on a free day"),
    "correlation": ("相关键", "correlation key"), "candidateGroups": ("办理角色", "role"),
    "candidateUsers": ("候选人", "candidates"), "assignee": ("办理人", "assignee"), "formRef": ("表单", "form"),
    "topic": ("操作", "operation"), "dueDate": ("到期时间", "due date"), "followUpDate": ("跟进时间", "follow-up date"),
    "priority": ("优先级", "priority"), "decisionRef": ("决策", "decision table"),
    "resultVariable": ("结果变量", "result variable"), "candidateStarterGroups": ("可发起的角色", "roles that may start it"),
    "historyTimeToLive": ("保存期限", "retention"), "condition": ("条件", "condition"),
    "is_executable": ("是否运行", "whether it runs"), "lanes": ("泳道顺序", "order of the lanes"), "timer": ("时间", "time"),
    "label": ("标签", "label"), "label_en": ("英文标签", "English label"), "required": ("是否必填", "whether it is required"),
    "options": ("选项", "choices"), "values_key": ("选项列表", "list of choices"),
    "default_value": ("默认值", "default value"), "hidden": ("隐藏条件", "when it is hidden"),
    "readonly": ("是否只读", "whether it is read-only"), "title": ("标题", "title"), "hit_policy": ("命中策略", "hit policy"),
    "aggregation": ("聚合方式", "aggregation"), "expression": ("表达式", "expression"), "text": ("文字", "text"),
    "position": ("位置", "position"), "disabled": ("是否停用", "whether it is disabled"),
    "rows": ("行内字段", "fields of a row"), "component": ("其他设置", "other settings"),
}
NONE: Both = ("无", "none")
EVENTS: Mapping[str, Both] = {
    "message": ("消息", "message"), "error": ("错误", "error"), "escalation": ("升级", "escalation"), "link": ("链接", "link"),
    "terminate": ("全部终止", "end of everything"), "none": NONE,
}
_YES: Mapping[bool, Both] = {True: ("是", "yes"), False: ("否", "no")}


def quoted(zh: str, en: str | None = None) -> Both:
    """A name between quotation marks; English falls back to Chinese."""
    return f"“{zh}”", f"“{en or zh}”"


def label(element: Element) -> Both:
    """What an element is called."""
    return quoted(element.words("zh"), element.words("en"))


def kind_of(tag: str) -> Both:
    """What people call such an element."""
    return TYPES.get(tag, (f"元素（{tag}）", f"element ({tag})"))


def field_words(name: str) -> Both:
    """What people call a field."""
    return FIELDS.get(name, (f"属性 {name}", f"property {name}"))


def groups_words(written: str, names: Mapping[str, Both]) -> Both:
    """Candidate groups by their names."""
    found = [names.get(group, (group, group)) for group in listed(written)]
    return "、".join(zh for zh, _ in found), ", ".join(en for _, en in found)


def value_words(name: str, value: Any, names: Names) -> Both:
    """A value of a field as people read it, quoted where it is text."""
    if value is None or value in ("", (), {}):
        return NONE
    if isinstance(value, bool):
        return _YES[value]
    if isinstance(value, EventDefinition):
        return event_words(value)
    if name in ("candidateGroups", "candidateStarterGroups"):
        return groups_words(str(value), names.groups)
    known = {"formRef": names.forms, "decisionRef": names.decisions, "called": names.processes}.get(name, {})
    zh, en = known.get(str(value), (shown(value), shown(value)))
    return quoted(zh, en)


def shown(value: Any) -> str:
    """Any value on one line and not too long."""
    line = " ".join(str(value).split())
    return f"{line[:160]}…" if len(line) > 160 else line


def event_words(event: EventDefinition, properties: Mapping[str, str] | None = None) -> Both:
    """What an event waits for or throws."""
    if event.kind == "timer":
        return time_words(event, properties or {})
    zh, en = EVENTS.get(event.kind, (event.kind, event.kind))
    which, which_en = event.name or event.code, event.name_en or event.name or event.code
    code = f" {event.code}" if event.code and event.code != which else ""
    return (f"{zh}“{which}”{code}", f"{en} “{which_en}”{code}") if which else (zh, en)


def time_words(event: EventDefinition, properties: Mapping[str, str]) -> Both:
    """A timer's time: `P2D` by a calendar is “2 个工作日”, "2 working days"; what is computed is shown as written."""
    text, by_calendar = event.text or "", bool(properties.get("calendar"))
    try:
        if event.timer == "cycle":
            return _cycle(text, by_calendar=by_calendar)
        if event.timer == "duration":
            return _duration(parse_duration(text), by_calendar=by_calendar)
    except InvalidValue:
        pass
    return shown(text) or "–", shown(text) or "–"


def _cycle(text: str, *, by_calendar: bool) -> Both:
    cycle = parse_cycle(text)
    if cycle.start is not None or cycle.end is not None:
        return text, text
    zh, en = _duration(cycle.duration, by_calendar=by_calendar)
    times = (f"，共 {cycle.repeats} 次", f", {cycle.repeats} times") if cycle.repeats is not None else ("", "")
    return f"每 {zh}{times[0]}", f"every {en}{times[1]}"


def _duration(duration: Duration, *, by_calendar: bool) -> Both:
    hours, rest = divmod(duration.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    years, months = divmod(duration.months, 12)
    work_zh, work_en = ("工作", "working ") if by_calendar else ("", "")
    parts = [(years, "年", "year"), (months, "个月", "month"),
             (duration.days, f"个{work_zh}日" if by_calendar else "天", f"{work_en}day"),
             (hours, f"个{work_zh}小时" if by_calendar else "小时", f"{work_en}hour"),
             (minutes, "分钟", f"{work_en}minute"), (seconds, "秒", "second")]
    zh = " ".join(f"{n} {one}" for n, one, _ in parts if n)
    en = " ".join(f"{n} {one}{'' if n == 1 else 's'}" for n, _, one in parts if n)
    return zh, en
