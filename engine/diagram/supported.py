"""What this engine executes, and what it refuses by name."""

from collections.abc import Iterator

from engine.diagram.events import EVENT_TAGS, definitions, kind_of
from engine.diagram.model import Element
from engine.diagram.names import Node, children, is_true
from engine.diagram.sources import Source
from engine.errors import Problem

TASKS = ("task", "manualTask", "userTask", "serviceTask", "businessRuleTask", "scriptTask", "sendTask", "receiveTask")
GATEWAYS = ("exclusiveGateway", "inclusiveGateway", "parallelGateway", "eventBasedGateway")
EXECUTED = frozenset((*TASKS, *GATEWAYS, *EVENT_TAGS, "subProcess", "callActivity"))
KINDS = {
    "none": "无触发", "timer": "计时", "message": "消息", "error": "错误", "escalation": "升级", "link": "链接",
    "terminate": "终止", "signal": "信号", "conditional": "条件", "compensation": "补偿", "cancel": "取消",
    "multiple": "多重",
}
EXECUTED_EVENTS = frozenset({"none", "timer", "message", "error", "escalation", "link", "terminate"})
NOT_EXECUTED = {
    "complexGateway": ("复杂网关", "a complex gateway"), "transaction": ("事务子流程", "a transaction"),
    "adHocSubProcess": ("特别（ad-hoc）子流程", "an ad-hoc sub-process"),
    "choreographyTask": ("编排任务", "a choreography task"), "callChoreography": ("编排调用", "a called choreography"),
    "subChoreography": ("子编排", "a sub-choreography"), "implicitThrowEvent": ("隐式事件", "an implicit throw event"),
    "signal": ("信号事件", "a signal event"), "conditional": ("条件事件", "a conditional event"),
    "compensation": ("补偿事件", "a compensation event"), "cancel": ("取消事件", "a cancel event"),
    "multiple": ("多重事件", "an event with several triggers"), "standard_loop": ("标准循环", "a standard loop"),
    "compensation_handler": ("补偿处理", "a compensation handler"),
    "instantiate": ("由消息创建案件的任务或网关", "an instantiating one"),
    "parallel_event_gateway": ("并行的事件网关", "a parallel event-based gateway"),
    "multiple_participants": ("多次启动的数量设置", "one with a start or completion quantity"),
}
"""What is refused by name, in Chinese and English."""


def problems(source: Source) -> Iterator[Problem]:
    """Every construct that is not executed, by name."""
    for process in source.processes:
        for element in process.elements.values():
            for what in _refused(element, source.node(element)):
                zh, en = NOT_EXECUTED.get(what, (f"“{what}”", f"“{what}”"))
                yield source.problem("not_executed", element.id, what=what, what_zh=zh, what_en=en)


def _refused(element: Element, node: Node) -> Iterator[str]:
    if element.type not in EXECUTED:
        yield element.type
    kinds = {element.event.kind, *map(kind_of, definitions(node))} if element.event else set()
    yield from sorted(kinds - EXECUTED_EVENTS)
    if children(node, "standardLoopCharacteristics"):
        yield "standard_loop"
    if is_true(node.get("isForCompensation")):
        yield "compensation_handler"
    if is_true(node.get("instantiate")):
        yield "instantiate"
    if node.get("eventGatewayType") == "Parallel":
        yield "parallel_event_gateway"
    if node.get("startQuantity", "1") != "1" or node.get("completionQuantity", "1") != "1":
        yield "multiple_participants"
