"""Every problem the deploy gate can find in a diagram: its severity, and one sentence in Chinese and in English.

A sentence names the element and says what to do. `docs/problems.md` lists them; a test compares.
"""

from dataclasses import dataclass
from typing import Any

from engine.errors import Problem, Severity


@dataclass(frozen=True, slots=True)
class Code:
    """One kind of problem; `{fact}` in the sentences is filled by `problem`, `{element}` by the element's label and id."""

    severity: Severity
    zh: str
    en: str


def _error(zh: str, en: str) -> Code:
    return Code("error", zh, en)


def _warning(zh: str, en: str) -> Code:
    return Code("warning", zh, en)


CODES: dict[str, Code] = {
    # ------------------------------------------------------------ the file
    "xml_too_large": _error(
        "文件 {file} 有 {found} 字节，上限是 {limit} 字节：请拆成较小的文件。",
        "File {file} has {found} bytes; the limit is {limit}: split it into smaller files."),
    "xml_not_utf8": _error(
        "文件 {file} 不是 UTF-8 编码（{found}）：请另存为 UTF-8。",
        "File {file} is not UTF-8 ({found}): save it as UTF-8."),
    "xml_malformed": _error(
        "文件 {file} 第 {line} 行不是正确的 XML（{message}）：请从建模工具重新导出。",
        "File {file} is not well-formed XML at line {line} ({message}): export it again from the modeller."),
    "xml_doctype": _error(
        "文件 {file} 含有 DOCTYPE：请删除它，流程图不需要。",
        "File {file} has a DOCTYPE: delete it, a diagram needs none."),
    "xml_too_many_elements": _error(
        "文件 {file} 有 {found} 个 XML 元素，上限是 {limit}：请拆成几个流程，用调用活动连接。",
        "File {file} has {found} XML elements; the limit is {limit}: split it into processes joined by call activities."),
    "not_bpmn": _error(
        "文件 {file} 的根元素是 {tag}，不是 BPMN 2.0 的 definitions：请导出为 BPMN 2.0。",
        "The root of file {file} is {tag}, not the definitions of BPMN 2.0: export it as BPMN 2.0."),
    "file_kind": _error(
        "文件 {file} 的类型无法识别：只接受 .bpmn、.form、.dmn、.scenario。",
        "File {file} is of an unknown kind: only .bpmn, .form, .dmn and .scenario are accepted."),
    "file_twice": _error(
        "本次部署有两个名为 {file} 的文件：请改名或去掉一个。",
        "Two files of this deployment are named {file}: rename or remove one."),
    "duplicate_key": _error(
        "文件 {file} 中的 {key} 在文件 {other} 中已有定义：一次部署中每个键只能出现一次，请改名。",
        "{key} in file {file} is defined in file {other} already: a key may stand once in a deployment, rename one."),
    "base_outdated": _warning(
        "文件 {file} 是从第 {base} 版改起的，现在已是第 {newest} 版：请比较两者，把需要的改动带进草稿，否则新版本会盖掉它们。",
        "File {file} began with version {base}, and version {newest} is in effect by now: compare them and take over what is "
        "needed, or the new version will undo it."),
    "key_changed": _warning(
        "文件 {file} 是从“{key}”改起的，其中现在没有这个标识：生效后它是另一个定义，“{key}”照旧有效，新工单仍按原来的办理。"
        "要修改原来的，请把标识改回“{key}”。",
        "File {file} began with “{key}”, and that id is not in it any more: it becomes another definition, “{key}” stays in "
        "effect and new cases go on by it. To change what is there, give it the id “{key}” again."),
    "scenario_malformed": _error(
        "场景文件 {file} 无法读取（{message}）：它是一个 JSON 对象，需要 process（流程标识）和 name（场景名称）。",
        "Scenario file {file} cannot be read ({message}): it is a JSON object with process (the key of a process) and name."),
    "form_malformed": _error(
        "表单文件 {file} 不是正确的 form-js JSON（{message}）：请从表单编辑器重新导出。",
        "Form file {file} is not form-js JSON ({message}): export it again from the form editor."),
    "decision_malformed": _error(
        "决策文件 {file} 的决策 {key} 有误（{reason_zh}）：请改正后重新部署。",
        "Decision {key} of file {file} is wrong ({reason_en}): correct it and deploy again."),
    "list_unknown": _error(
        "表单文件 {file} 的字段{field}使用了不存在的列表 {list}：可用的列表有 {choices}。",
        "Field {field} of form file {file} uses the list {list}, which does not exist: the lists are {choices}."),
    "schema": _error(
        "{element} 第 {line} 行不符合 BPMN 2.0（{message_zh}）：请在建模工具中改正。",
        "{element} at line {line} is not BPMN 2.0 ({message_en}): correct it in the modeller."),
    "schema_lenient": _warning(
        "{element} 第 {line} 行与 BPMN 2.0 的写法略有不同（{message_zh}）：可以运行，建议重新导出。",
        "{element} at line {line} departs from the letter of BPMN 2.0 ({message_en}): it runs, but export it again."),
    "schema_picture": _warning(
        "{element} 第 {line} 行的图形不符合 BPMN 2.0（{message_zh}）：可以运行，建议在建模工具中重画。",
        "The picture at line {line} ({element}) is not BPMN 2.0 ({message_en}): it runs, but draw it again."),
    "duplicate_id": _error(
        "标识 {element} 在第 {line} 行重复出现：请给其中一个改名。",
        "The id {element} stands a second time at line {line}: rename one of the two."),
    "missing_id": _error(
        "第 {line} 行的 {tag}（{label}）没有 id：请给它一个标识。",
        "The {tag} at line {line} ({label}) has no id: give it one."),
    "bad_id": _error(
        "标识 {element} 不可用：请以字母开头，只用字母、数字、“_”“-”“.”，最多 {limit} 个字符。",
        "The id {element} cannot be used: begin with a letter, use letters, digits, _ - . only, at most {limit} characters."),
    "text_too_long": _error(
        "{element} 的{field}有 {found} 个字符，上限是 {limit}：请缩短。",
        "{field} of {element} has {found} characters; the limit is {limit}: shorten it."),
    "no_executable_process": _error(
        "文件 {file} 中没有可执行的流程：请在编辑器中选中要运行的流程或它的泳池，勾选“可执行”（isExecutable）。",
        "File {file} has no executable process: select the one that is to run, or its pool, in the editor and tick "
        "“Executable” (isExecutable)."),
    # ------------------------------------------------------------ references
    "unresolved": _error(
        "{element} 的{field}指向不存在的 {ref}：请改为已有的标识或重新连接。",
        "{field} of {element} points at {ref}, which does not exist: choose one that exists or connect it again."),
    "wrong_reference": _error(
        "{element} 的{field}指向 {ref}，它的类型是 {found}，应为 {wanted}：请重新选择。",
        "{field} of {element} points at {ref}, which is of type {found}, not {wanted}: choose again."),
    "lane_unresolved": _warning(
        "泳道 {element} 列出了不存在的 {ref}：请在建模工具中把它移出泳道。",
        "Lane {element} lists {ref}, which does not exist: take it out of the lane in the modeller."),
    "flow_crosses_scope": _error(
        "顺序流 {element} 从 {source} 到 {target}，穿过了子流程或流程的边界：请在同一层内连接，流程之间用消息。",
        "Sequence flow {element} from {source} to {target} crosses the border of a sub-process or process: connect within one "
        "level, and use messages between processes."),
    "boundary_other_scope": _error(
        "边界事件 {element} 与它所附的 {host} 不在同一层：请把它放到 {host} 所在的一层。",
        "Boundary event {element} does not stand in the same scope as {host}, which it is attached to: put it there."),
    "default_not_outgoing": _error(
        "{element} 的默认流 {ref} 不是从它出发的：请选择一条从它出发的顺序流。",
        "The default flow {ref} of {element} does not leave it: choose a flow that does."),
    # ------------------------------------------------------------ what is not executed
    "not_executed": _error(
        "{element} 是{what_zh}，本系统不执行：请换一种画法或删除。",
        "{element} is {what_en}, which is not executed here: model it differently or delete it."),
    "listener": _error(
        "{element} 有监听器（{what}），本系统不运行流程图中的代码：请删除，需要时用服务任务。",
        "{element} has a listener ({what}); code in diagrams is never run: delete it, or use a service task."),
    "java_not_executed": _error(
        "{element} 使用了{field}，本系统不运行流程图中的代码：请改为 camunda:type=\"external\" 并填写 topic。",
        "{element} uses {field}; code in diagrams is never run: use camunda:type=\"external\" with a topic."),
    "io_mapping_not_executed": _error(
        "{element} 有 camunda:inputOutput，本系统不执行：请用 FEEL 脚本任务，或调用活动的 camunda:in/out。",
        "{element} has camunda:inputOutput, which is not executed: use a FEEL script task, or camunda:in/out of a call "
        "activity."),
    "binding_not_executed": _error(
        "{element} 的{field}是 {found}，本系统总是取案件开始时的最新版本：请删除它或改为 latest。",
        "{field} of {element} is {found}; a case always takes the latest version at its start: remove it or write latest."),
    "form_key_ignored": _warning(
        "{element} 的{field}不会显示：请用 camunda:formRef 指定一个 form-js 表单。",
        "{field} of {element} will not be shown: name a form-js form with camunda:formRef."),
    "extension_ignored": _warning(
        "{element} 的 camunda:{what} 在这里不起作用：如有需要，请换一种写法。",
        "camunda:{what} of {element} has no effect here: if it matters, say it another way."),
    "foreign_extension": _warning(
        "文件 {file} 含有其他工具的扩展 {namespace}（{count} 处），不起作用。",
        "File {file} has extensions of another tool, {namespace} (places: {count}); they have no effect."),
    # ------------------------------------------------------------ events and structure
    "no_start": _warning(
        "{element} 没有开始事件：所有没有入口的元素会同时开始；请画出开始事件。",
        "{element} has no start event: everything that nothing leads to begins at once; draw a start event."),
    "no_beginning": _error(
        "{element} 是空的，或没有可以开始的元素：请画出开始事件。",
        "{element} is empty or has nothing to begin with: draw a start event."),
    "nothing_inside": _warning(
        "{element} 是空的，走到这里什么也不做：请画出其中的步骤，或删除它。",
        "{element} is empty, so nothing happens in it: draw what is to be done, or delete it."),
    "several_starts": _error(
        "{element} 有 {count} 个无触发的开始事件，无法确定从哪里开始：请只留一个，其余改为消息开始，或用网关分开。",
        "{element} has {count} start events that compete: leave one; make the others message starts, or split after it."),
    "event_kind": _error(
        "{element} 是{kind_zh}类型的 {tag}，不可以放在这里：可用的类型有 {choices}。",
        "{element} is a {tag} of kind {kind}, which cannot stand here: the kinds are {choices}."),
    "event_sub_process_start": _error(
        "事件子流程 {element} 应有且只有一个带触发（计时、消息、错误、升级）的开始事件，现有 {count} 个。",
        "Event sub-process {element} needs exactly one start event with a trigger (timer, message, error, escalation); it has "
        "{count}."),
    "no_end": _warning(
        "{element} 没有结束事件：走到没有出口的元素时结束；请画出结束事件。",
        "{element} has no end event: it ends where nothing follows; draw its end events."),
    "no_incoming": _error(
        "没有顺序流通向 {element}，它永远不会执行：请连接或删除。",
        "No sequence flow leads to {element}, so it never happens: connect or delete it."),
    "no_outgoing": _warning(
        "{element} 之后没有顺序流，走到这里就结束：请连接到下一步或结束事件。",
        "Nothing follows {element}, so the path ends there: connect it to the next element or an end event."),
    "incoming_not_allowed": _error(
        "顺序流 {flow} 通向 {element}，但这种事件没有入口：请改接到别处。",
        "Sequence flow {flow} leads to {element}, an event that cannot be entered: connect it elsewhere."),
    "outgoing_not_allowed": _error(
        "顺序流 {flow} 从 {element} 出发，但这种元素没有出口：请改接到别处。",
        "Sequence flow {flow} leaves {element}, which has no way out: connect it elsewhere."),
    "unreachable": _error(
        "从开始事件走不到 {element}，它永远不会执行：请连接或删除。",
        "{element} cannot be reached from a start event, so it never happens: connect or delete it."),
    "gateway_loop": _error(
        "{element} 所在的循环只有网关，会永远转下去：请在循环中放入一个任务或等待事件。",
        "The loop around {element} consists of gateways only and would never stop: put a task or a waiting event into it."),
    "idle_loop": _warning(
        "{element} 所在的循环里没有任何等待或处理，条件不会改变：请在循环中放入用户任务、服务任务或等待事件。",
        "Nothing waits or works in the loop around {element}, so its conditions never change: put a user task, service task "
        "or waiting event into it."),
    "boundary_host": _error(
        "边界事件 {element} 附在 {host}（类型 {found}）上：边界事件只能附在任务、子流程或调用活动上。",
        "Boundary event {element} is attached to {host} (type {found}): it belongs on a task, sub-process or call activity."),
    "boundary_never_fires": _warning(
        "边界事件 {element} 附在立即通过的 {host} 上，永远不会触发：请附在会等待的任务上。",
        "Boundary event {element} is attached to {host}, which passes at once, so it never fires: attach it to one that waits."),
    "error_must_interrupt": _error(
        "{element} 捕获错误却不中断：BPMN 的错误事件总是中断，请去掉非中断设置，或改用升级事件。",
        "{element} catches an error without interrupting: in BPMN an error always interrupts; make it interrupting or use an "
        "escalation."),
    "event_gateway_target": _error(
        "基于事件的网关 {element} 之后是 {target}：后面只能直接接计时或消息的中间捕获事件、接收任务，且它们没有别的入口。",
        "Event-based gateway {element} is followed by {target}: only timer and message catch events and receive tasks with no "
        "other way in may follow."),
    "event_gateway_few": _error(
        "基于事件的网关 {element} 只有 {count} 个出口：请至少连接两个事件。",
        "Event-based gateway {element} needs at least two events to choose from and has {count}: connect more."),
    "link_target_missing": _error(
        "链接事件 {element} 找不到名为 {link} 的接收端：请在同一层画一个同名的链接捕获事件。",
        "Link event {element} has no counterpart named {link}: draw a catching link of that name in the same scope."),
    "link_target_twice": _error(
        "同一层有多个名为 {link} 的链接接收端（{element}）：请只留一个。",
        "There are several catching links named {link} in one scope ({element}): leave one."),
    "message_missing": _error(
        "{element} 没有指定消息或消息没有名称：请选择一个有名称的消息。",
        "{element} names no message, or one without a name: choose a message that has a name."),
    "message_name_computed": _error(
        "{element} 等待的消息名 {found} 含有变量：等待的消息名必须是固定文字，请用相关键区分案件。",
        "The message name {found} that {element} waits for is computed: write a fixed name and tell cases apart by "
        "correlation keys."),
    "code_missing": _error(
        "{element} 抛出{kind_zh}却没有代码：请指定一个带代码的{kind_zh}。",
        "{element} throws an {kind} without a code: choose an {kind} that has one."),
    "error_not_caught": _warning(
        "{element} 抛出的{kind_zh} {code_thrown} 在本流程中没有人捕获：除非由调用方捕获，否则成为待处理的故障。",
        "Nothing in this process catches the {kind} {code_thrown} that {element} throws: unless a caller does, it becomes an "
        "incident."),
    # ------------------------------------------------------------ soundness
    "deadlock": _error(
        "案件可能停在 {element}：它等待的另一条路可能不会再来；请看标出的路径，让所有分支都到这里，或改用包容网关汇合。",
        "A case can get stuck at {element}: another path that it waits for may never come; follow the marked path, lead every "
        "branch here, or join with an inclusive gateway."),
    "join_never": _error(
        "{element} 永远不会通过：它等待的几条路不可能都走到；请改用排他网关汇合，或在前面用并行网关分开。",
        "{element} never passes: the paths that it waits for cannot all be taken; join with an exclusive gateway, or split "
        "with a parallel one."),
    "livelock": _error(
        "案件走到 {element} 之后再也到不了结束：请给这个循环一个出口。",
        "After {element} a case can never come to an end: give this loop a way out."),
    "dead_element": _error(
        "{element} 永远不会执行，它之后的步骤也一样：请检查通向它的路，或它等待的错误、升级是否会抛出，或删除它。",
        "{element} can never happen, nor what follows it: check the way that leads here, or whether the error or escalation "
        "that it waits for is ever thrown, or delete it."),
    "join_twice": _warning(
        "两条同时进行的路在 {element} 相遇却不互相等待，之后的步骤会做两遍：请改用并行或包容网关汇合。",
        "Two paths that run at the same time meet at {element} and do not wait for each other, so what follows is done twice: "
        "join with a parallel or inclusive gateway."),
    "soundness_unknown": _warning(
        "{element} 太复杂，检查了 {states} 种状态后放弃：不能确定案件总能走到结束；请把一部分移到子流程里。",
        "{element} is too complex: after {states} states the check gave up and cannot tell whether a case always comes to an "
        "end; move a part of it into a sub-process."),
    # ------------------------------------------------------------ conditions
    "condition_unmarked": _error(
        "{element} 的条件没有注明语言：请写 language=\"feel\"，或以“=”开头，例如 {example}。",
        "The condition of {element} names no language: write language=\"feel\", or begin with =, as in {example}."),
    "condition_dollar": _error(
        "{element} 的条件 {text} 不是 FEEL：请改写，例如 {suggestion}。",
        "The condition {text} of {element} is not FEEL: write it as {suggestion}."),
    "condition_empty": _error(
        "{element} 的条件是空的：请写出条件或删除它。",
        "The condition of {element} is empty: write it or remove it."),
    "condition_not_allowed": _error(
        "顺序流 {element} 从 {source} 出发，不可以有条件：请删除条件，或在前面加一个排他网关。",
        "Sequence flow {element} leaves {source} and cannot have a condition: remove it, or put an exclusive gateway before "
        "it."),
    "condition_missing": _error(
        "排他网关 {source} 的出口 {element} 既没有条件也不是默认流：请写出条件或设为默认。",
        "Flow {element} of exclusive gateway {source} has no condition and is not the default: write one or make it the "
        "default."),
    "default_has_condition": _warning(
        "默认流 {element} 的条件不起作用：请删除条件，或不要设为默认。",
        "The condition of the default flow {element} has no effect: remove it, or do not make it the default."),
    "no_default": _error(
        "排他网关 {element} 没有默认流，条件也不能证明总有一个成立：请把一条出口设为默认流。",
        "Exclusive gateway {element} has no default flow and its conditions are not provably complete: make one flow the "
        "default."),
    "inclusive_no_default": _warning(
        "包容网关 {element} 没有默认流：若没有条件成立，案件会成为待处理的故障；请设一条默认流。",
        "Inclusive gateway {element} has no default flow: when no condition is true the case becomes an incident; add a "
        "default."),
    "task_no_default": _warning(
        "{element} 的出口都有条件却没有默认流：若没有条件成立，案件会成为待处理的故障；请设一条默认流。",
        "All flows of {element} have conditions and none is the default: when none is true the case becomes an incident; add "
        "a default."),
    "lone_condition": _error(
        "{element} 只有一个出口，却带条件：请删除条件，或加一个排他网关。",
        "{element} has one way out, and that has a condition: remove the condition, or add an exclusive gateway."),
    "feel": _error(
        "{element} 的{field}有误（{text}）：{reason_zh}。",
        "The {field} of {element} is wrong ({text}): {reason_en}."),
    "unknown_variable": _warning(
        "{element} 的{field}读取变量 {variable}，但没有表单、映射或任务给出它{hint_zh}：请核对拼写。",
        "The {field} of {element} reads the variable {variable}, which no form, mapping or task gives{hint_en}: check its "
        "spelling."),
    # ------------------------------------------------------------ time
    "timer_missing": _error(
        "计时事件 {element} 没有时间：请填写日期、时长或周期。",
        "Timer event {element} has no time: give a date, a duration or a cycle."),
    "timer_value": _error(
        "{element} 的{field}“{text}”不可用：{reason_zh}，例如 {example}。",
        "The {field} “{text}” of {element} cannot be used: {reason_en}, as in {example}."),
    "timer_start_variable": _error(
        "开始事件 {element} 的时间 {text} 含有变量：开始之前还没有变量，请填写固定的时间。",
        "The time {text} of start event {element} reads a variable: there is none before the start, write a fixed time."),
    "calendar_unknown": _error(
        "{element} 使用了不存在的工作日历 {found}：可用的日历有 {choices}。",
        "{element} uses the working calendar {found}, which does not exist: the calendars are {choices}."),
    "property_misspelt": _warning(
        "{element} 的属性{field}不起作用，是否指 {near}？请改正名称。",
        "The property {field} of {element} has no effect; if {near} is meant, correct the name."),
    "property_value": _error(
        "{element} 的属性{field}的值 {found} 不可用：可用的值有 {choices}。",
        "Property {field} of {element} has the value {found}: the values are {choices}."),
    # ------------------------------------------------------------ work
    "nobody": _warning(
        "{element} 既没有候选组也没有办理人：只有管理员能看到它，请填写 camunda:candidateGroups。",
        "{element} has neither a candidate group nor an assignee: only administrators will see it; fill in "
        "camunda:candidateGroups."),
    "group_unknown": _error(
        "{element} 的{field}写了不存在的组 {found}：请改为组织中已有的组{hint_zh}。",
        "{field} of {element} names the group {found}, which does not exist: choose one of the organization{hint_en}."),
    "form_unknown": _error(
        "{element} 的表单 {found} 不存在：请一并部署它，或改正 camunda:formRef{hint_zh}。",
        "The form {found} of {element} does not exist: deploy it too, or correct camunda:formRef{hint_en}."),
    "topic_missing": _error(
        "服务任务 {element} 没有说明做什么：请填写 camunda:type=\"external\" 和 camunda:topic。",
        "Service task {element} does not say what it does: fill in camunda:type=\"external\" and camunda:topic."),
    "topic_unknown": _error(
        "{element} 的主题 {found} 不存在：请改为已登记的操作，或加入外部主题的设置{hint_zh}。",
        "The topic {found} of {element} does not exist: choose a registered operation, or add it to the external "
        "topics{hint_en}."),
    "decision_missing": _error(
        "业务规则任务 {element} 没有指定决策：请填写 camunda:decisionRef。",
        "Business rule task {element} names no decision: fill in camunda:decisionRef."),
    "decision_unknown": _error(
        "{element} 的决策 {found} 不存在：请一并部署它，或改正 camunda:decisionRef{hint_zh}。",
        "The decision {found} of {element} does not exist: deploy it too, or correct camunda:decisionRef{hint_en}."),
    "result_lost": _warning(
        "{element} 的结果没有存到任何变量：请填写 camunda:resultVariable。",
        "The result of {element} goes to no variable: fill in camunda:resultVariable."),
    "script_not_feel": _error(
        "脚本任务 {element} 的语言是 {found}：只执行 FEEL，请把 scriptFormat 设为 feel 并改写脚本。",
        "Script task {element} is in {found}: only FEEL is executed; set scriptFormat to feel and rewrite the script."),
    "script_empty": _error(
        "脚本任务 {element} 没有脚本：请写出 FEEL，或改为普通任务。",
        "Script task {element} has no script: write FEEL, or make it a plain task."),
    "called_missing": _error(
        "调用活动 {element} 没有指定流程：请填写 calledElement。",
        "Call activity {element} names no process: fill in calledElement."),
    "called_computed": _error(
        "调用活动 {element} 的流程 {found} 是算出来的：被调用的版本在案件开始时确定，请写固定的流程标识。",
        "Call activity {element} computes the process it calls ({found}): versions are fixed when a case starts, write a "
        "fixed id."),
    "called_unknown": _error(
        "调用活动 {element} 的流程 {found} 不存在：请一并部署它，或改正 calledElement{hint_zh}。",
        "The process {found} that {element} calls does not exist: deploy it too, or correct calledElement{hint_en}."),
    "recursion_without_wait": _error(
        "{element} 不经等待又调用了自己所在的流程（{path}），永远不会停：请在之前加一个判断或等待。",
        "{element} calls its own process again without waiting ({path}) and would never stop: put a decision or a wait before "
        "it."),
    "mapping_incomplete": _error(
        "{element} 的 camunda:{field} 不完整：请填写 source（或 sourceExpression）和 target，或 variables=\"all\"。",
        "A camunda:{field} of {element} is incomplete: give source (or sourceExpression) and target, or variables=\"all\"."),
    "multi_instance_source": _error(
        "多实例 {element} 应在次数（loopCardinality）与集合（camunda:collection）中恰好填一个。",
        "Multi-instance {element} needs exactly one of a number (loopCardinality) and a collection (camunda:collection)."),
    "too_many_instances": _error(
        "多实例 {element} 的次数是 {found}，应为 0 到 {limit} 之间的整数。",
        "Multi-instance {element} has the number {found}: a whole number from 0 to {limit} is needed."),
    "priority_value": _error(
        "{element} 的优先级 {found} 不可用：请填 0 到 100 的整数，或 ${{变量}}。",
        "The priority {found} of {element} cannot be used: write a whole number from 0 to 100, or ${{variable}}."),
    "not_by_unknown": _warning(
        "{element} 的属性 not_by 列出 {found}，它既不是本流程的元素，也不是已知的变量：回避不会生效，请改正。",
        "The property not_by of {element} lists {found}, neither an element of this process nor a known variable: it would "
        "exclude nobody, correct it."),
    "correlation_key": _error(
        "{element} 的属性 correlation 有误（{text}）：请写“键 = ${{变量}}”，多个用分号隔开。",
        "The property correlation of {element} is wrong ({text}): write key = ${{variable}}, several separated by semicolons."),
    "message_start_taken": _error(
        "{element} 的开始消息 {found} 已用于流程 {other}：开始消息的名称必须唯一，请改名。",
        "The start message {found} of {element} already starts the process {other}: names of start messages are unique, "
        "rename it."),
    # ------------------------------------------------------------ words and picture
    "no_name": _warning(
        "{element}（{tag}）没有名称：请写上中文名称。",
        "{element} ({tag}) has no name: give it one."),
    "no_name_en": _warning(
        "{element} 没有英文名称：请加 camunda:property name_en。",
        "{element} has no English name: add the camunda:property name_en."),
    "no_clause": _warning(
        "{element} 没有注明依据的条款：请加 camunda:property clause。",
        "{element} does not name its clause: add the camunda:property clause."),
    "no_instruction": _warning(
        "{element} 没有作业指导：请填写 documentation。",
        "{element} has no work instruction: fill in its documentation."),
    "no_record": _warning(
        "{element} 没有注明记录表单：请加 camunda:property record。",
        "{element} does not name its record form: add the camunda:property record."),
    "picture_missing": _warning(
        "文件 {file} 没有图形：可以运行，但看不到流程图；请在建模工具中画出。",
        "File {file} has no picture: it runs, but nobody sees the diagram; draw it in the modeller."),
    "shape_missing": _warning(
        "{element} 没有画在图上：请在建模工具中补画。",
        "{element} is not drawn in the picture: draw it in the modeller."),
    "picture_number": _error(
        "{element} 的图形坐标{field}是 {found}，不是有限的数字：请在建模工具中重画。",
        "The coordinate {field} in the picture of {element} is {found}, not a finite number: draw it again."),
}
FIELDS = {
    "conditionExpression": ("条件", "condition"), "completionCondition": ("完成条件", "completion condition"),
    "script": ("脚本", "script"), "assignee": ("办理人", "assignee"), "dueDate": ("到期时间", "due date"),
    "followUpDate": ("跟进时间", "follow-up date"), "priority": ("优先级", "priority"),
    "sourceExpression": ("映射", "mapping"), "loopCardinality": ("次数", "number of instances"),
    "collection": ("集合", "collection"),
    "timer date": ("日期", "date"), "timer duration": ("时长", "duration"), "timer cycle": ("周期", "cycle"),
    "messageRef": ("消息", "message"), "correlation": ("相关键", "correlation key"),
    "documentation": ("作业指导", "documentation"),
    "candidateGroups": ("候选组", "candidate groups"), "candidateStarterGroups": ("发起组", "starter groups"),
}
"""What people call a field of the file; others keep the name that they have there."""


def problem(code: str, *, file: str, element: str | None = None, field: str | None = None, name: str = "",
            **facts: Any) -> Problem:
    """The finding `code` with both sentences filled in; `name` is the element's label."""
    kind = CODES[code]
    words = {"file": file, **{key: _short(fact) for key, fact in facts.items()}}
    field_zh, field_en = FIELDS.get(field or "", (f" {field} ", field))
    zh = kind.zh.format_map({**words, "field": field_zh, "element": _label(element or file, name, "“{}”（{}）")})
    en = kind.en.format_map({**words, "field": field_en, "element": _label(element or file, name, "“{}” ({})")})
    return Problem(code, kind.severity, file, element, field, zh.replace("） ", "）"), en, facts)


def _short(fact: Any) -> Any:
    """What a modeller wrote, on one line and not longer than a sentence bears."""
    line = " ".join(fact.split()) if isinstance(fact, str) else fact
    return f"{line[:200]}…" if isinstance(line, str) and len(line) > 200 else line


def _label(element: str, name: str, pattern: str) -> str:
    label = " ".join(name.split())[:60]
    return pattern.format(label, element) if label else element
