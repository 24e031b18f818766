"""The result of an audit sample as it is printed: how it was drawn, what was found of each case, and what that says."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from engine import canonical, identity
from engine.audit import estimates, samples, sampling
from engine.errors import NotFound
from engine.modeling import library
from engine.unit_of_work import UnitOfWork
from handlers.days import CHINA
from handlers.printed_records import Fact, PrintedRecord, Section, Signature

STATUSES = {"open": "待检查 open", "conforms": "符合 conforms", "finding": "不符合 finding"}
ANSWERS = {"yes": "是", "no": "否", "not_applicable": "—"}
STRATA = {"none": "不分层 not split", "process": "按流程 by process", "office": "按办事处 by office",
          "month": "按开始月份 by month"}
STANDINGS = {"finished": "已结束 finished", "completed": "办结 completed", "terminated": "人工终止 ended by hand",
             "all": "全部 all"}

STATES = {True: "已结束，不再改动 closed, it stands", False: "检查中，尚未结束 being checked, not closed yet"}
ALL = "全部 all"
NONE = "—"
"""Where nothing is checked yet, no rate is told."""
METHOD = ("各层按 SHA-256(种子 ‖ 工单标识) 排序，取前 n 件；按最大余数法分配，每层至少一件。\n"
          "Within a stratum by SHA-256(seed ‖ case id), the first n; largest remainder, at least one each.")


def result(uow: UnitOfWork, sample_id: str) -> PrintedRecord:
    """The result of a sample. `NotFound` if there is none."""
    row, rows = sampling.get(uow, sample_id), samples.items(uow, sample_id)
    asked = canonical.loads(row.criteria)
    return PrintedRecord(
        "sample", "审核抽样结果", "Audit sample", sample_id[:12], _named(uow, "office", asked.get("office", "")), "5.6, 5.7",
        (Fact("名称", "Title", row.title, is_long=True), Fact("状态", "State", STATES[row.closed_at is not None], is_long=True),
         *_numbers(rows)),
        (_method(uow, row), _strata(uow, row), _questions(row), _cases(row, rows), *_withdrawn(uow, sample_id)),
        (Signature("抽样人", "Drawn by", _person(uow, row.created_by), _day(row.created_at)),
         Signature("结束人", "Closed by", _person(uow, row.closed_by), _day(row.closed_at))))


def percent(share: float) -> str:
    """A share with one decimal, such as 4.5%."""
    return f"{share * 100:.1f}%"


def _numbers(rows: list[Any]) -> tuple[Fact, ...]:
    found, decided = (sum(each.status in statuses for each in rows) for statuses in (("finding",), ("finding", "conforms")))
    rate = estimates.rate(found, decided)
    between = f"{percent(rate.low)} – {percent(rate.high)}（Clopper–Pearson）" if decided else NONE
    return (Fact("样本", "Sample", str(len(rows))), Fact("已检查", "Decided", str(decided)),
            Fact("不符合", "Findings", str(found)), Fact("不符合率", "Rate", percent(rate.share) if decided else NONE),
            Fact("总体不符合率（95% 置信）", "Rate of the population, 95 %", between, is_long=True))


def _named(uow: UnitOfWork, kind: str, key: str) -> str:
    """A process, an office or a month in both languages; all of them for ""."""
    known = {"process": (each.version.row for each in library.entries(uow) if each.version.row.kind == "process"),
             "office": iter(identity.offices(uow))}.get(kind, iter(()))
    rows = {getattr(row, "key", None) or row.id: f"{row.name} {row.name_en}" for row in known}
    return rows.get(key, key) or ALL


def _method(uow: UnitOfWork, row: Any) -> Section:
    asked = canonical.loads(row.criteria)
    cut_off = datetime.fromisoformat(asked["cut_off"]).astimezone(CHINA)
    facts = (Fact("流程", "Process", _named(uow, "process", asked.get("process", ""))),
             Fact("办事处", "Office", _named(uow, "office", asked.get("office", ""))),
             Fact("开始日期", "Begun", f"{asked.get('since', '…')} – {asked.get('until', '…')}"),
             Fact("工单", "Cases", STANDINGS[asked["standing"]]), Fact("截止时间", "Cut-off", f"{cut_off:%Y-%m-%d %H:%M:%S}"),
             Fact("种子", "Seed", row.seed), Fact("总体", "Population", str(row.population)),
             Fact("总体摘要", "Digest", row.population_digest, is_long=True),
             Fact("抽取方法", "Method", METHOD, is_long=True))
    return Section("抽取", "How it was drawn", facts)


def _strata(uow: UnitOfWork, row: Any) -> Section:
    kept: Mapping[str, Any] = canonical.loads(row.strata)
    rows = tuple((_named(uow, kept["by"], name), str(kept["population"][name]), str(kept["sample"][name]))
                 for name in sorted(kept["population"]))
    return Section("分层", "Strata", (Fact("分层方式", "Split", STRATA[kept["by"]]),),
                   ("层 Stratum", "总体 Population", "样本 Sample"), rows)


def _questions(row: Any) -> Section:
    rows = tuple((str(number), each["clause"], "\n".join(dict.fromkeys(filter(None, (each["zh"], each["en"])))))
                 for number, each in enumerate(canonical.loads(row.questions), 1))
    return Section("检查表", "Checklist", head=("#", "条款 Clause", "问题 Question"), rows=rows)


def _cases(row: Any, rows: list[Any]) -> Section:
    names = [each["id"] for each in canonical.loads(row.questions)]
    told = tuple((str(each.position), each.business_key, _answers(names, canonical.loads(each.answers)), STATUSES[each.status],
                  each.note, each.follow_key or "") for each in rows)
    head = ("#", "工单 Case", "回答 Answers", "结论 Status", "说明 Note", "纠正措施 Action")
    return Section("工单", "Cases", head=head, rows=told)


def _withdrawn(uow: UnitOfWork, sample_id: str) -> tuple[Section, ...]:
    """The findings that were taken back; no section where none was."""
    rows = tuple((str(each.position), f"{each.note}\n{_person(uow, each.found_by)} {_day(each.found_at)}",
                  f"{each.reason}\n{_person(uow, each.by)} {_day(each.at)}", each.follow_key)
                 for each in samples.withdrawn(uow, sample_id))
    head = ("#", "原结论 Finding", "撤回原因 Why withdrawn", "纠正措施 Action")
    return (Section("已撤回的不符合", "Withdrawn findings", head=head, rows=rows),) if rows else ()


def _answers(names: list[str], given: Mapping[str, str]) -> str:
    return " ".join(f"{number}{ANSWERS[given[name]]}" for number, name in enumerate(names, 1) if name in given)


def _person(uow: UnitOfWork, user_id: str | None) -> str:
    try:
        return str(identity.user(uow, user_id).name) if user_id else ""
    except NotFound:
        return user_id or ""


def _day(at: datetime | None) -> str:
    return f"{at.astimezone(CHINA):%Y-%m-%d}" if at else ""
