"""A dozen open cases in different steps for the demonstration, each brought there by the people whose turn it was."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from engine import cases, forms, identity, instances, jobs, tasks
from engine.cases import StartView, TaskView
from engine.errors import InvalidForm
from engine.forms import Field
from engine.unit_of_work import SYSTEM, ProcessEngine, UnitOfWork

Values = Mapping[str, Any]
MOST_STEPS = 60
ROUNDS = 5  # a form whose fields show and hide one another is filled in so many goes
STILL_TO_COME = frozenset({"agreed_visit_at", "closing_date", "improvement_due_on", "pay_by", "solution_due_on"})
AHEAD = timedelta(days=5)
NOT_MINE = frozenset({"hidden_field", "disabled_field", "readonly_field", "unknown_field"})


@dataclass(frozen=True, slots=True)
class Story:
    """A case of `process` in an office, brought to where `until` is offered; `facts` are what people type on the way."""

    process: str
    starter: str
    until: str
    facts: Values = field(default_factory=dict)


def open_all(engine: ProcessEngine) -> Iterator[str]:
    """Open every story's case; gives its number and the step at which it waits."""
    for story in STORIES:
        case_id = _start(engine, story)
        element = _work(engine, story, case_id)
        with engine.reading(SYSTEM) as uow:
            row = cases.instance(uow, case_id)
        yield f"{row.business_key}\t{story.process}\t{element}"


def _start(engine: ProcessEngine, story: Story) -> str:
    with engine.reading(SYSTEM) as uow:
        starter = identity.actor(uow, story.starter)
    with engine.transaction(starter) as uow:
        view = cases.start_form(uow, story.process)
        return instances.start(uow, story.process, form_values=_filled(uow, view, {}, story.facts))


def _work(engine: ProcessEngine, story: Story, case_id: str) -> str:
    """Complete task after task; gives the element that is offered in the end."""
    for _ in range(MOST_STEPS):
        jobs.run_all(engine)
        with engine.reading(SYSTEM) as uow:
            offered = [row for row in cases.case(uow, case_id).tasks if row.state == "open"]
        if not offered or any(row.element == story.until for row in offered):
            return ", ".join(row.element for row in offered) or "-"
        _complete(engine, story, offered[0].id)
    return str(offered[0].element)


def _complete(engine: ProcessEngine, story: Story, task_id: str) -> None:
    with engine.reading(SYSTEM) as uow:
        view = cases.task(uow, task_id)
        performer = identity.actor(uow, view.row.assignee or view.candidates[0].id)
    with engine.transaction(performer) as uow:
        tasks.complete(uow, task_id, values=_filled(uow, view, view.variables, story.facts))


# ------------------------------------------------------------------ filling in
def _filled(uow: UnitOfWork, view: TaskView | StartView, known: Values, facts: Values) -> dict[str, Any] | None:
    """What somebody types who knows the facts and answers the rest plainly: what the form itself asks for, no more."""
    if view.form is None:
        return None
    fields = {each.key: each for each in forms.fields(view.form)}
    told = {**USUAL, **facts}
    values = {key: told[key] for key in fields if key in told}
    for _ in range(ROUNDS):
        try:
            forms.parse(view.form, values, known, uow.now, lambda name: view.lists[name])
            break
        except InvalidForm as refused:
            for key, findings in refused.facts["errors"].items():
                if any(code in NOT_MINE for code, _ in findings):
                    values.pop(key, None)
                else:
                    values[key] = _plain(view, fields[key], uow.now)
    return values


def _plain(view: TaskView | StartView, asked: Field, now: datetime) -> Any:
    """A plain answer of the field's type."""
    if asked.values_key:
        return view.lists[asked.values_key][0].value
    if asked.options:
        return asked.options[0].value
    if asked.type == "datetime":
        day = now + AHEAD if asked.key in STILL_TO_COME else now
        subtype = asked.component.get("subtype", "date")
        return {"date": day.date().isoformat(), "time": "09:00"}.get(subtype, day.isoformat(timespec="minutes"))
    return {"number": 1, "checkbox": True, "checklist": [], "taglist": []}.get(asked.type, "已按规程办理")


# ------------------------------------------------------------------ stories
USUAL = {  # what people type where nothing of the story depends on it
    "contact": "设备科", "phone": "0731-8840000", "region": "same_city", "reported_fault": "开机后屏幕无显示，指示灯亮",
    "confirmed_fault": "电话确认：自检停在第二步", "visit_in_time": "yes", "parts_needed": "no", "met_contact": "设备科值班员",
    "work_place": "营业厅二号柜台", "customer_fault": "no", "in_warranty": "yes", "work_progress": "更换显示驱动部件后通电试机",
    "service_result": "solved", "found_fault": "显示驱动部件损坏", "work_done": "更换部件，清洁机器和现场",
    "satisfaction": "satisfied",
    "self_check_passed": "yes", "is_fixed": "yes", "customer_signed": "yes", "signed_by": "营业厅主任",
    "agrees_to_pay_answer": "yes", "quote_answer": "accepted", "price_confirmed": "yes", "confirmed_by": "营业厅主任",
    "is_complaint": "yes", "severity": "ordinary", "severity_reason": "没有造成停业", "is_quality_problem": "no",
    "support_question": "换板后仍有干扰，请技术支持", "support_from": "service_department",
}
SCREEN = {"serial_number": "CT2026001", "product": "terminal_text", "customer": "长沙市五一路储蓄所"}
PRINTER = {"serial_number": "PR2023102", "product": "printer_hccpr2", "customer": "岳阳市巴陵路邮政支局", "region": "in_province"}
REGISTER = {"serial_number": "FR2025071", "product": "fiscal_cash_register", "customer": "广州市天河税务分局"}
KEYPAD = {"serial_number": "PP0000042", "product": "pin_pad", "customer": "乌鲁木齐市中山路储蓄所"}
COMPLAINT = {"received_by": "phone", "complaint_text": "约好上午上门，下午才到，影响营业"}
FINDING = {"finding_source": "audit", "finding_clause": "5.1.9", "finding": "三份维修单上没有顾客签字", "seriousness": "minor"}
STORIES = (
    Story("in_warranty", "lead.changsha", "assign_visit", SCREEN),
    Story("in_warranty", "sales.guangzhou", "assign_visit", REGISTER | {"reported_fault": "打印字迹不清"}),
    Story("in_warranty", "lead.wulumuqi", "confirm_fault", KEYPAD | {"reported_fault": "三个按键失灵"}),
    Story("in_warranty", "engineer.changsha", "visit_customer", SCREEN | {"reported_fault": "通信时断时续"}),
    Story("in_warranty", "lead.guangzhou", "answer_at_department", REGISTER | {"service_result": "needs_support"}),
    Story("in_warranty", "lead.changsha", "customer_signs", SCREEN),
    Story("out_of_warranty", "lead.yueyang", "explain_charge", PRINTER | {"reported_fault": "卡纸"}),
    Story("out_of_warranty", "engineer.yueyang", "offer_quote", PRINTER | {"reported_fault": "不打印"}),
    Story("out_of_warranty", "lead.yueyang", "collect_payment", PRINTER),
    Story("complaint", "lead.changsha", "carry_out_remedy", SCREEN | COMPLAINT | {"human_factor": "yes"}),
    Story("complaint", "sales.yueyang", "obtain_solution", PRINTER | COMPLAINT | {"human_factor": "no"}),
    Story("product_return", "sales.guangzhou", "rule_on_return", REGISTER | {"return_condition": "b", "is_unopened": "no"}),
    Story("customer_opinion", "clerk", "handle_opinion", KEYPAD | {"opinion_kind": "suggestion", "opinion": "希望配防尘罩"}),
    Story("customer_feedback", "clerk", "submit_repair_orders"),
    Story("corrective_action", "auditor", "judge_finding", FINDING),
    Story("satisfaction_survey", "clerk", "enter_form", {"survey_kind": "mailing", "handed_out": 40}),
)
