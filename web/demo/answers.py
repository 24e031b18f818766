"""How a person of the demonstration fills in a form: what the case's story says, usual choices, sentences of the trade.

Whatever the form refuses is mended by what it says, so that every value has passed the real form.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from engine import forms
from engine.cases import StartView, TaskView
from engine.errors import InvalidForm
from engine.forms import Field
from engine.unit_of_work import UnitOfWork
from handlers.days import CHINA
from web.demo.wordings import SENTENCES, Fault

ROUNDS = 8  # a form whose fields show and hide one another is filled in so many goes
NOT_MINE = frozenset({"hidden_field", "disabled_field", "readonly_field", "unknown_field"})
DAYS_AHEAD = {"pay_by": (5, 20), "solution_due_on": (1, 4), "improvement_due_on": (7, 25), "new_closing_date": (6, 9)}
DAYS_BACK = {"shipped_on": (4, 25)}
CHOICES: dict[str, dict[Any, int]] = {  # form field → how often which answer, in parts
    "report_source": {"customer": 8, "service_department": 2, "head_office": 1},
    "visit_in_time": {"yes": 96, "no": 4}, "exception_granted": {"yes": 4, "no": 1}, "customer_fault": {"no": 95, "yes": 5},
    "service_result": {"solved": 84, "needs_support": 9, "workshop": 5, "charge_needed": 2},
    "support_kind": {"technical": 3, "parts": 2}, "support_from": {"service_department": 3, "service_center": 1},
    "passed_on": {"no": 6, "yes": 1}, "support_answer": {"advice": 4, "parts": 3, "another_engineer": 1},
    "may_leave": {"yes": 2, "no": 3}, "is_fixed": {"yes": 97, "no": 3}, "self_check_passed": {"yes": 97, "no": 3},
    "satisfaction": {"satisfied": 84, "suggestion": 10, "dissatisfied": 6}, "customer_signed": {"yes": 96, "no": 4},
    "agrees_to_pay_answer": {"yes": 88, "no": 12}, "quote_answer": {"accepted": 80, "revise": 9, "rejected": 11},
    "price_confirmed": {"yes": 95, "no": 5}, "payment_method": {"transfer": 3, "cash": 2},
    "received_by": {"phone": 6, "written": 2, "other": 1}, "is_complaint": {"yes": 90, "no": 10},
    "severity": {"ordinary": 90, "serious": 10}, "human_factor": {"no": 6, "yes": 4}, "is_quality_problem": {"no": 75, "yes": 25},
    "is_quality_serious": {"no": 5, "yes": 1}, "customer_agrees": {"yes": 88, "no": 12}, "told_how": {"phone": 3, "visit": 2,
        "written": 1},
    "customer_consulted": {"yes": 1}, "improvement_needed": {"yes": 45, "no": 55}, "improvement_effective": {"yes": 9, "no": 1},
    "return_condition": {"a": 4, "b": 5, "neither": 1}, "is_confirmed": {"yes": 9, "no": 1},
    "ruling": {"exchange": 6, "stock": 3, "refuse": 1}, "informed_how": {"phone": 3, "visit": 1, "written": 1},
    "opinion_kind": {"suggestion": 2, "dissatisfied": 1}, "problem_level": {"none": 12, "quality": 3, "serious": 1},
    "orders_complete": {"yes": 85, "no": 15}, "statistics_approved": {"yes": 85, "no": 15}, "report_released": {"yes": 85,
        "no": 15},
    "extension": {"extend": 3, "invalid": 1}, "collection": {"next": 1},
    **{f"q{n}": {"satisfied": 60, "fairly": 28, "average": 9, "dissatisfied": 3} for n in (2, 3, 4, 5, 7, 8)},
    "q6": {"satisfied": 40, "fairly": 25, "average": 8, "dissatisfied": 2, "did_not_attend": 25},
    "board_swapped": {False: 4, True: 1}, "is_inspection_tour": {False: 3, True: 1},
}


@dataclass(slots=True)
class Story:
    """What is true of a case beside the forms: `facts` by field key, and its fault."""

    facts: dict[str, Any] = field(default_factory=dict)
    fault: Fault | None = None
    counted: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Filling:
    """One form being filled in by somebody at `now`."""

    view: TaskView | StartView
    known: Mapping[str, Any]
    story: Story
    dice: random.Random
    now: datetime


def filled(uow: UnitOfWork, filling: Filling) -> dict[str, Any] | None:
    """The values that somebody types; None where there is no form."""
    view = filling.view
    if view.form is None:
        return None
    fields = {each.key: each for each in forms.fields(view.form)}
    values = {key: answer for key, each in fields.items()
              if not (each.is_disabled or each.is_readonly) and (answer := _answer(filling, each)) is not None}
    for _ in range(ROUNDS):
        try:
            forms.parse(view.form, values, filling.known, uow.now, lambda name: view.lists[name])
            break
        except InvalidForm as refused:
            _mend(filling, fields, values, refused.facts["errors"])
    return values


def _mend(filling: Filling, fields: Mapping[str, Field], values: dict[str, Any], errors: Mapping[str, Any]) -> None:
    """Drop what is not asked, answer plainly what is."""
    for key, findings in errors.items():
        name = key.split("[")[0]
        if name == key and any(code in NOT_MINE for code, _ in findings):
            values.pop(key, None)
        elif name in fields:
            values[name] = _plain(filling, fields[name])


def _answer(filling: Filling, asked: Field) -> Any:
    """What this field gets; None: it is left empty."""
    story, key = filling.story, asked.key
    if key in story.facts:
        return story.facts[key]
    if key in SPECIAL:
        return SPECIAL[key](filling, asked)
    if key in CHOICES:
        return _chosen(filling, asked)
    if key in SENTENCES:
        return _sentence(filling, key)
    return _plain(filling, asked) if asked.required else None


def _chosen(filling: Filling, asked: Field) -> Any:
    offered = {each.value for each in asked.options}
    usual = {answer: parts for answer, parts in CHOICES[asked.key].items() if not offered or answer in offered}
    return filling.dice.choices(list(usual), list(usual.values()))[0]


def _sentence(filling: Filling, key: str) -> str | None:
    """One of the usual sentences with the case's own words; None where people leave the field empty."""
    story, fault = filling.story, filling.story.fault
    words = {"reported": fault.reported if fault else "机器工作不正常", "found": fault.found if fault else "接触不良",
             "done": fault.done if fault else "重新插接并清洁", "contact": story.facts.get("contact") or "设备科",
             "customer": story.facts.get("customer") or filling.known.get("customer") or "顾客",
             "opinion": filling.known.get("opinion") or "希望改进", "part": "备件"}
    return filling.dice.choice(SENTENCES[key]).format(**words) or None


def _plain(filling: Filling, asked: Field) -> Any:
    """A plain answer of the field's type."""
    listed: Sequence[Any] = filling.view.lists[asked.values_key] if asked.values_key else asked.options
    if asked.type in ("checklist", "taglist"):
        return [filling.dice.choice(listed).value] if listed else []
    if listed:
        return filling.dice.choice(listed).value if asked.values_key else listed[0].value
    if asked.type == "datetime":
        return _moment(filling, asked)
    if asked.type == "textfield":
        return "设备科负责人"
    return {"number": 1, "checkbox": True, "dynamiclist": []}.get(asked.type, "已按规程办理")


def _moment(filling: Filling, asked: Field) -> str:
    """A date or time: now, or as many days away as is usual."""
    at = filling.now.astimezone(CHINA)
    if asked.key in DAYS_AHEAD:
        at += timedelta(days=filling.dice.randint(*DAYS_AHEAD[asked.key]))
    if asked.key in DAYS_BACK:
        at -= timedelta(days=filling.dice.randint(*DAYS_BACK[asked.key]))
    subtype = asked.component.get("subtype", "date")
    return {"date": at.date().isoformat(), "time": "09:00"}.get(subtype, at.replace(tzinfo=None).isoformat(timespec="minutes"))


# ------------------------------------------------------------------ fields with a sense of their own
def _visit(filling: Filling, asked: Field) -> str:
    """The agreed visit: within the response time, at an hour when the customer works."""
    del asked
    due = filling.known.get("response_due_at")
    latest = datetime.fromisoformat(due) - timedelta(hours=2) if due else filling.now + timedelta(days=2)
    wished = filling.now + timedelta(hours=filling.dice.choice((3, 5, 20, 22, 26, 46)))
    at = max(min(wished, latest), filling.now + timedelta(hours=1)).astimezone(CHINA)
    return at.replace(minute=0, second=0, microsecond=0, tzinfo=None).isoformat(timespec="minutes")


def _warranty(filling: Filling, asked: Field) -> str:
    """As the decision table says; who knows nothing serves free of charge."""
    del asked
    return "no" if filling.known.get("warranty_verdict") in ("expired", "customer_fault") else "yes"


def _parts_needed(filling: Filling, asked: Field) -> str:
    del asked
    needs = filling.story.fault is not None and bool(filling.story.fault.parts)
    return "yes" if needs and filling.dice.random() < 0.35 else "no"


def _parts_requested(filling: Filling, asked: Field) -> list[dict[str, Any]]:
    del asked
    parts = filling.story.fault.parts if filling.story.fault else ()
    return [{"part": part, "quantity": 1} for part in parts or ("cable",)]


def _parts_used(filling: Filling, asked: Field) -> list[dict[str, Any]]:
    del asked
    parts = filling.story.fault.parts if filling.story.fault else ()
    return [{"part": part, "quantity": 1, "serial": f"SN{filling.dice.randrange(100_000, 999_999)}"} for part in parts]


def _quote_parts(filling: Filling, asked: Field) -> list[dict[str, Any]]:
    del asked
    return [{"price": part, "quantity": 1} for part in (filling.story.fault.parts if filling.story.fault else ())]


def _quote_fees(filling: Filling, asked: Field) -> list[dict[str, Any]]:
    del asked
    travel = {"same_city": "travel_city", "in_province": "travel_province", "other_province": "travel_remote"}
    return [{"price": travel[filling.story.facts.get("region", "same_city")], "quantity": 1}]


def _paid(filling: Filling, asked: Field) -> float:
    """In yuan, as it is typed: what was quoted."""
    del asked
    return int(filling.known.get("amount_paid") or 0) / 100


def _symptom(filling: Filling, asked: Field) -> str:
    del asked
    return filling.story.fault.symptom if filling.story.fault else "other"


def _collection(filling: Filling, asked: Field) -> str:
    """Forms are entered until enough have come back."""
    del asked
    counted = filling.story.counted
    counted["forms"] = counted.get("forms", 0) + 1
    return "end" if counted["forms"] >= filling.story.facts.get("forms_returned", 30) else "next"


def _survey_products(filling: Filling, asked: Field) -> list[str]:
    listed = [each.value for each in filling.view.lists[asked.values_key or ""] if each.value != "other"]
    return filling.dice.sample(listed, filling.dice.choice((1, 1, 2, 3)))


def _number(prefix: str, digits: int) -> Callable[[Filling, Field], str]:
    def numbered(filling: Filling, asked: Field) -> str:
        del asked
        return f"{prefix}{filling.dice.randrange(10 ** (digits - 1), 10 ** digits)}"
    return numbered


def _made(filling: Filling, asked: Field) -> str | None:
    del asked
    made = filling.story.facts.get("made")
    return made.isoformat() if isinstance(made, date) else None


def _somebody(filling: Filling, asked: Field) -> str:
    """Who signs for the customer: a post, no person."""
    del asked
    return f"{filling.story.facts.get('contact') or '设备科'}负责人"


def _one_of(*answers: Any) -> Callable[[Filling, Field], Any]:
    def chosen(filling: Filling, asked: Field) -> Any:
        del asked
        return filling.dice.choice(answers)
    return chosen


def _organisation(filling: Filling, asked: Field) -> str:
    del asked
    return str(filling.dice.choice(filling.story.facts.get("organisations") or ["某单位"]))


SPECIAL: dict[str, Callable[[Filling, Field], Any]] = {
    "agreed_visit_at": _visit, "in_warranty": _warranty, "parts_needed": _parts_needed, "parts_requested": _parts_requested,
    "parts_used": _parts_used, "quote_parts": _quote_parts, "quote_fees": _quote_fees, "amount_paid": _paid, "symptom": _symptom,
    "collection": _collection, "products": _survey_products, "waybill": _number("YD", 9), "board_number": _number("B", 6),
    "invoice_number": _number("", 8), "stock_receipt": _number("RK", 6), "new_serial": _number("N", 7), "production_date": _made,
    "signed_by": _somebody, "confirmed_by": _somebody, "quote_hours": _one_of(1, 1, 2, 3), "exception_days": _one_of(1, 2, 3),
    "organisation": _organisation,
}
