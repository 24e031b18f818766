"""Records as they are printed: repair order, complaint record, return form, corrective action (5.1.15 to 5.1.18, 5.5, 5.7).

One structure for all: facts, sections of facts or of a table, signature lines. Labels and the words of answers are in Chinese
with the English beside; what people typed stands as they typed it. Money is written in yuan, times are China's.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from engine import identity
from engine.errors import NotFound
from engine.unit_of_work import UnitOfWork
from handlers import complaints, prices, tables
from handlers.days import CHINA

YES_NO = {True: ("是", "yes"), False: ("否", "no")}
REGIONS = {"same_city": ("同城", "same city"), "in_province": ("省内", "in the province"), "other_province": ("外省",
    "other province")}
SOURCES = {"customer": ("顾客报修", "customer"), "service_department": ("服务部派工", "service department"),
           "head_office": ("总部派工", "head office")}
WARRANTY = {"in_warranty": ("保内", "in warranty"), "expired": ("保修期已过", "expired"),
            "customer_fault": ("顾客责任", "customer's fault"), "charged": ("收费", "charged"), "unknown": ("不明", "unknown")}
SATISFACTION = {"satisfied": ("满意", "satisfied"), "suggestion": ("有建议", "a suggestion"), "dissatisfied": ("不满意",
    "dissatisfied")}
RECEIVED_BY = {"written": ("书面", "in writing"), "phone": ("电话", "by phone"), "other": ("其他", "otherwise")}
QUALITY = {"none": ("不是质量问题", "none"), "quality": ("质量问题", "quality problem"), "serious": ("重大质量问题",
    "serious quality problem")}
CONDITIONS = {"a": ("（a）未开箱，要求更换型号、规格", "(a) unopened, another model wanted"),
              "b": ("（b）发货后不久有明显质量问题", "(b) an obvious quality problem shortly after shipment"),
              "neither": ("均不符合", "neither")}
RULINGS = {"exchange": ("更换", "exchange"), "stock": ("退库", "return to stock"), "refuse": ("不予退换", "refuse")}
TOLD = {"phone": ("电话", "by phone"), "visit": ("上门", "on a visit"), "written": ("书面", "in writing")}
DEFECTIVE = {"kept": ("不需返回", "none to return"), "to_return": ("待返回", "to be returned"), "sent": ("已发出", "sent"),
             "received": ("已接收", "received")}
SOURCES_OF_FINDINGS = {
    "audit_sample": ("审核抽样", "audit sample"), "audit": ("审核", "audit"), "complaint": ("顾客投诉", "complaint"),
    "opinion": ("顾客意见", "opinion"), "inspection": ("服务检查", "inspection"), "quality_information": ("质量信息或建议",
        "quality information")}
SERIOUSNESS = {"observation": ("观察项", "observation"), "minor": ("一般", "minor"), "serious": ("严重", "serious")}
ACTIONS = {"corrective": ("纠正", "corrective"), "preventive": ("预防", "preventive")}

Row = sa.Row[Any]
Words = dict[Any, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Fact:
    """A labelled value; `value` is "" where nothing is known yet. A long text takes the whole width."""

    label: str
    label_en: str
    value: str
    is_long: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """A titled part: facts, and a table with its head where there are `rows`."""

    title: str
    title_en: str
    facts: tuple[Fact, ...] = ()
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Signature:
    """A line to sign on: whose, and the name and day that the system knows."""

    label: str
    label_en: str
    name: str = ""
    on: str = ""


@dataclass(frozen=True, slots=True)
class PrintedRecord:
    """A record ready to be printed."""

    name: str
    title: str
    title_en: str
    number: str
    office: str
    clause: str
    facts: tuple[Fact, ...]
    sections: tuple[Section, ...]
    signatures: tuple[Signature, ...]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of record: which processes make it, when it comes to be, and how it is read."""

    name: str
    title: str
    title_en: str
    clause: str
    processes: frozenset[str]
    comes_with: str
    comes_with_en: str
    read: Callable[[UnitOfWork, "Kind", str], PrintedRecord | None]


def offered(process_key: str) -> list[Kind]:
    """The kinds of record that a case of this process makes."""
    return [kind for kind in KINDS.values() if process_key in kind.processes]


def kind_of(name: str) -> Kind:
    """The kind of record called `name`. `NotFound` if there is none."""
    if name not in KINDS:
        raise NotFound(kind="record", id=name)
    return KINDS[name]


def record(uow: UnitOfWork, case_id: str, name: str) -> PrintedRecord | None:
    """The record of a case; None while it does not exist. The caller has seen to it that the actor may see the case."""
    kind = kind_of(name)
    return kind.read(uow, kind, case_id)


# ------------------------------------------------------------------ the repair order (5.1.8, 5.1.9)
def _repair_order(uow: UnitOfWork, kind: Kind, case_id: str) -> PrintedRecord | None:
    row = uow.row(sa.select(tables.repair_order).where(tables.repair_order.c.case_id == case_id))
    if row is None:
        return None
    report = (
        *_customer(row), Fact("报修来源", "Reported through", _said(SOURCES, row.source)),
        Fact("地区", "Region", _said(REGIONS, row.region)), Fact("产品", "Product", _product(uow, row.product_id)),
        Fact("机号", "Serial number", row.serial or ""), Fact("生产日期", "Production date", _day(row.production_date)),
        Fact("报修时间", "Reported at", _moment(row.reported_at)), Fact("响应时限", "Response due", _moment(row.response_due_at)),
        Fact("报修故障", "Reported fault", row.reported_fault or "", is_long=True))
    service = (
        Fact("工程师", "Engineer", _person(uow, row.engineer)), Fact("到达时间", "Arrived at", _moment(row.arrived_at)),
        Fact("完成时间", "Finished at", _moment(row.finished_at)), Fact("保修状态", "Warranty", _said(WARRANTY,
            row.warranty_status)),
        Fact("故障现象", "Symptom", _named(uow, tables.symptom, row.symptom_id)),
        Fact("自检合格", "Self-check passed", _said(YES_NO, row.self_check_passed)),
        Fact("查明的故障", "Found fault", row.found_fault or "", is_long=True),
        Fact("所做的工作", "Work done", row.work_done or "", is_long=True))
    opinion = (
        Fact("修好了吗", "Fixed", _said(YES_NO, row.is_fixed)), Fact("对服务", "Service", _said(SATISFACTION, row.satisfaction)),
        Fact("顾客意见", "Customer's opinion", row.opinion or "", is_long=True),
        *([Fact("当场怎样解决", "Resolved on the spot by", row.dissatisfaction_handling, is_long=True)]
          if row.dissatisfaction_handling else []))
    sections = [Section("检修", "Service", service), _parts(uow, case_id)]
    if row.is_charged:
        sections.append(_charge(uow, row))
    return PrintedRecord(kind.name, kind.title, kind.title_en, row.number, _office(uow, row.office), kind.clause, report, (
        *sections, Section("顾客意见", "Customer's opinion", opinion)), (
        Signature("顾客签字", "Customer", row.signed_by or "", _day(row.signed_at)),
        Signature("维修员", "Engineer", _person(uow, row.engineer), _day(row.finished_at)),
        Signature("服务部负责人", "Head of service")))


def _parts(uow: UnitOfWork, case_id: str) -> Section:
    used, part = tables.part_used, tables.part
    query = sa.select(used, part.c.name, part.c.name_en).join(part, part.c.id == used.c.part_id).where(used.c.case_id == case_id)
    rows = tuple((f"{row.name} {row.name_en}", str(row.quantity), row.serial or "", _said(YES_NO, row.is_main),
                  _said(DEFECTIVE, row.defective)) for row in uow.rows(query.order_by(used.c.line)))
    head = ("器件 Part", "数量 Quantity", "新件编号 Serial", "主要件 Main", "损坏件 Defective one")
    return Section("更换的器件", "Parts replaced", head=head, rows=rows or (("无 none", "", "", "", ""),))


def _charge(uow: UnitOfWork, row: Row) -> Section:
    """The latest quote, line by line, and what was paid (5.1.16)."""
    quote, line, price = tables.quote, tables.quote_line, tables.price
    latest = uow.row(sa.select(quote).where(quote.c.case_id == row.case_id).order_by(quote.c.revision.desc()).limit(1))
    if latest is None:
        return Section("费用", "Charge", (Fact("收费理由", "Reason", row.warranty_reason or "", is_long=True),))
    query = sa.select(line, price.c.name, price.c.name_en).join(
        price, sa.and_(price.c.list_id == latest.list_id, price.c.id == line.c.price_id))
    lines = uow.rows(query.where(line.c.case_id == row.case_id, line.c.revision == latest.revision).order_by(line.c.line))
    paid = uow.scalar(sa.select(sa.func.sum(tables.payment.c.amount_cents)).where(tables.payment.c.case_id == row.case_id))
    facts = (Fact("报价合计（元）", "Quoted, yuan", prices.yuan(latest.total_cents)),
             Fact("实收（元）", "Paid, yuan", prices.yuan(paid) if paid is not None else ""))
    rows = tuple((f"{each.name} {each.name_en}", str(each.quantity), prices.yuan(each.amount_cents)) for each in lines)
    return Section("费用", "Charge", facts, ("项目 Item", "数量 Quantity", "金额（元） Yuan"), rows)


# ------------------------------------------------------------------ the complaint record (5.1.18)
def _complaint(uow: UnitOfWork, kind: Kind, case_id: str) -> PrintedRecord | None:
    """Made of what the customer may be told: neither the penalty nor who was complained about is printed."""
    told = complaints.for_customer(uow, case_id)
    row = uow.row(sa.select(tables.complaint).where(tables.complaint.c.case_id == case_id))
    if told is None or row is None:
        return None
    received = (
        *_customer(row, has_address=False), Fact("来源", "Received", _said(RECEIVED_BY, told["received_by"])),
        Fact("产品", "Product", _product(uow, told["product_id"])), Fact("机号", "Serial number", told["serial"] or ""),
        Fact("受理时间", "Accepted at", _moment(told["accepted_at"])), Fact("受理人", "Accepted by", _person(uow,
            told["accepted_by"])),
        Fact("重大投诉", "Serious", _said(YES_NO, told["is_serious"])),
        Fact("判断理由", "Reason", told["severity_reason"] or ""),
        Fact("顾客的原话", "In the customer's words", told["complaint_text"], is_long=True))
    cause = (Fact("人为因素", "Human factor", _said(YES_NO, told["is_human_factor"])),
             Fact("质量问题", "Quality problem", _said(QUALITY, told["quality_level"])),
             Fact("投诉原因", "Cause", told["cause"] or "", is_long=True))
    names = (("details", "详细经过", "Details"), ("remedy", "补救措施", "Remedy"), ("remedy_result", "补救结果",
        "Result of the remedy"),
             ("solution", "解决方案", "Solution"), ("solution_result", "实施结果", "Result"), ("improvement", "改进措施",
                 "Improvement"),
             ("handling_record", "处理过程和结果", "How it was handled"))
    handling = [Fact(zh, en, told[name], is_long=True) for name, zh, en in names if told[name]]
    handling += [Fact("负责人", "In charge", _person(uow, told["responsible"]))] if told["responsible"] else []
    return PrintedRecord(kind.name, kind.title, kind.title_en, row.number, _office(uow, row.office), kind.clause, received, (
        Section("原因", "Cause", cause), Section("处理", "Handling", tuple(handling) or (Fact("处理情况", "State",
            "处理中 in progress"),)),
        *_rejected(uow, case_id)), (
        Signature("受理人", "Accepted by", _person(uow, told["accepted_by"]), _day(told["accepted_at"])),
        Signature("服务部负责人", "Head of service", "", _day(told["closed_at"])), Signature("顾客", "Customer")))


def _rejected(uow: UnitOfWork, case_id: str) -> list[Section]:
    """Solutions that the customer did not agree to; none: no section."""
    rejected = tables.rejected_solution
    found = uow.rows(sa.select(rejected).where(rejected.c.case_id == case_id).order_by(rejected.c.round))
    rows = tuple((str(row.round), row.solution, row.objection or "", _moment(row.recorded_at)) for row in found)
    head = ("次 Round", "方案 Solution", "顾客的意见 Objection", "时间 At")
    return [Section("顾客未同意的方案", "Solutions not agreed to", head=head, rows=rows)] if rows else []


# ------------------------------------------------------------------ the return form (5.5)
def _return_form(uow: UnitOfWork, kind: Kind, case_id: str) -> PrintedRecord | None:
    row = uow.row(sa.select(tables.product_return).where(tables.product_return.c.case_id == case_id))
    if row is None:
        return None
    request = (
        *_customer(row, has_address=False), Fact("产品", "Product", _product(uow, row.product_id)),
        Fact("机号", "Serial number", row.serial or ""), Fact("发货日期", "Shipped on", _day(row.shipped_on)),
        Fact("申请人", "Requested by", _person(uow, row.requested_by)), Fact("登记时间", "Registered at",
            _moment(row.registered_at)),
        Fact("符合的条件", "Condition", _said(CONDITIONS, row.condition), is_long=True),
        Fact("退货或更换的原因", "Reason", row.reason, is_long=True))
    verified = (Fact("质量问题明显", "Obvious quality problem", _said(YES_NO, row.is_confirmed)),
                Fact("确认人", "Confirmed by", row.signed_by or ""), Fact("验证结果", "Finding", row.finding or "", is_long=True))
    ruling = (Fact("处理意见", "Ruling", _said(RULINGS, row.ruling)), Fact("批示人", "Ruled by", _person(uow, row.ruled_by)),
              Fact("批示时间", "Ruled at", _moment(row.ruled_at)), Fact("换出产品编号", "New serial number",
                  row.new_serial or ""),
              Fact("入库单号", "Stock receipt", row.stock_receipt or ""), Fact("告知顾客", "Customer told", _said(TOLD,
                  row.informed_how)),
              Fact("批示理由", "Reason", row.ruling_reason or "", is_long=True))
    sections = [Section("验证和确认", "Verification", verified)] if row.condition == "b" else []
    return PrintedRecord(kind.name, kind.title, kind.title_en, row.number, _office(uow, row.office), kind.clause, request, (
        *sections, Section("批示和执行", "Ruling and what was done", ruling)), (
        Signature("申请人", "Requested by", _person(uow, row.requested_by), _day(row.registered_at)),
        Signature("综合管理部分管负责人", "General affairs lead", row.signed_by or _person(uow, row.ruled_by),
            _day(row.ruled_at)),
        Signature("顾客", "Customer")))


# ------------------------------------------------------------------ corrective and preventive action (5.6, 5.7)
def _action(uow: UnitOfWork, kind: Kind, case_id: str) -> PrintedRecord | None:
    row = uow.row(sa.select(tables.corrective_action).where(tables.corrective_action.c.case_id == case_id))
    if row is None:
        return None
    finding = (
        Fact("来源", "Found in", _said(SOURCES_OF_FINDINGS, row.source)), Fact("涉及工单", "Case", row.audited_case or ""),
        Fact("条款", "Clause", row.clause or ""), Fact("严重程度", "Seriousness", _said(SERIOUSNESS, row.seriousness)),
        Fact("发现人", "Found by", _person(uow, row.found_by)), Fact("登记时间", "Registered at", _moment(row.found_at)),
        Fact("不符合的事实", "What was found", row.finding, is_long=True))
    decision = (Fact("措施性质", "Kind", _said(ACTIONS, row.kind)), Fact("判定人", "Decided by", _person(uow, row.judged_by)),
                *(Fact(zh, en, value, is_long=True) for zh, en, value in (
                    ("不采取措施的理由", "Why no action", row.no_action_reason), ("根本原因", "Root cause", row.cause),
                    ("其他工单", "Other cases", row.other_cases)) if value))
    measure = tables.corrective_measure
    rounds = uow.rows(sa.select(measure).where(measure.c.case_id == case_id).order_by(measure.c.round))
    rows = tuple((str(each.round), each.measure, f"{_person(uow, each.owner)} {_day(each.due_on)}", each.result or "",
                  each.verification or "", _said(YES_NO, each.is_effective)) for each in rounds)
    head = ("次 Round", "措施 Measure", "负责人、期限 Who, by", "实施 Done", "验证 Verification", "有效 Effective")
    verified = rounds[-1].verified_by if rounds else None
    sections = [Section("措施", "Measures", head=head, rows=rows)] if rows else []
    return PrintedRecord(kind.name, kind.title, kind.title_en, row.number, _office(uow, row.office), kind.clause, finding, (
        Section("判定和原因", "Decision and cause", decision), *sections), (
        Signature("质量管理部", "Quality", _person(uow, row.judged_by), _day(row.judged_at)),
        Signature("验证人", "Verified by", _person(uow, verified), _day(row.closed_at) if verified else "")))


# ------------------------------------------------------------------ words
def _customer(row: Row, *, has_address: bool = True) -> Sequence[Fact]:
    known = (Fact("顾客", "Customer", row.customer), Fact("联系人", "Contact", row.contact or ""), Fact("电话", "Phone",
        row.phone or ""))
    return (*known, Fact("地址", "Address", row.address or "")) if has_address else known


def _said(words: Words, value: Any) -> str:
    """An answer in both languages; "" if there is none."""
    if value is None or value == "":
        return ""
    zh, en = words.get(value, (str(value), ""))
    return f"{zh} {en}".strip()


def _named(uow: UnitOfWork, table: sa.Table, row_id: str | None) -> str:
    row = uow.row(sa.select(table.c.name, table.c.name_en).where(table.c.id == row_id)) if row_id else None
    return f"{row.name} {row.name_en}" if row else row_id or ""


def _product(uow: UnitOfWork, product_id: str | None) -> str:
    return _named(uow, tables.product, product_id)


def _office(uow: UnitOfWork, office: str) -> str:
    return next((f"{row.name} {row.name_en}" for row in identity.offices(uow) if row.id == office), office)


def _person(uow: UnitOfWork, user_id: str | None) -> str:
    """A user's name; the id of one who is no longer there."""
    if not user_id:
        return ""
    try:
        return str(identity.user(uow, user_id).name)
    except NotFound:
        return user_id


def _day(value: date | datetime | None) -> str:
    if value is None:
        return ""
    return (value.astimezone(CHINA) if isinstance(value, datetime) else value).strftime("%Y-%m-%d")


def _moment(value: datetime | None) -> str:
    return value.astimezone(CHINA).strftime("%Y-%m-%d %H:%M") if value else ""


KINDS: dict[str, Kind] = {kind.name: kind for kind in (
    Kind("repair_order", "产品维修单", "Repair order", "5.1.8, 5.1.9, 5.1.15, 5.1.16", frozenset({"in_warranty",
        "out_of_warranty"}),
         "报修登记后自动开立。", "It is opened as soon as the report has been registered.", _repair_order),
    Kind("complaint", "投诉处理记录", "Complaint record", "5.1.18", frozenset({"complaint"}),
         "服务部负责人受理投诉后生成；转办的事项没有此记录。",
         "It comes to be when the service lead accepts the complaint; a matter handed over has none.", _complaint),
    Kind("return_form", "退库产品申请单", "Return request form", "5.5", frozenset({"product_return"}),
         "申请提交并（条件 b）经验证、确认签字后登记。",
         "It is registered once the request has been submitted and, under condition (b), verified, confirmed and signed.",
             _return_form),
    Kind("corrective_action", "纠正与预防措施建议表", "Corrective and preventive action", "5.6, 5.7",
         frozenset({"corrective_action"}), "不符合登记后自动生成。",
         "It comes to be when the finding has been registered.", _action),
)}
