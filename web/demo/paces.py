"""How long people of the demonstration take: working hours from the offer of a task to its completion, by element."""

import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from engine.calendar import WorkingCalendar, add_working

USUAL = 3.0
HOURS: Mapping[str, float] = {  # the middle of what is usual, in working hours
    "assign_visit": 0.8, "confirm_fault": 1.0, "prepare_parts": 1.0, "grant_exception": 1.5, "confirm_warranty": 0.2,
    "repair_on_site": 1.6, "request_support": 0.4, "answer_at_department": 1.5, "answer_at_center": 2.5,
        "repair_in_workshop": 14.0,
    "fill_in_order": 0.5, "customer_signs": 0.3, "return_defective_parts": 14.0, "receive_defective_parts": 24.0,
    "fill_in_requisition": 0.5, "issue_parts": 3.0, "receive_parts": 12.0, "press_for_it": 3.0, "step_in": 5.0,
    "explain_charge": 1.0, "prepare_quote": 1.5, "offer_quote": 6.0, "request_confirmation": 2.0, "receive_confirmation": 12.0,
    "collect_payment": 45.0, "issue_invoice": 10.0,
    "judge_complaint": 0.5, "accept_complaint": 0.4, "hand_over": 0.6, "receive_matter": 8.0, "find_cause": 1.2,
        "learn_details": 1.0,
    "agree_remedy": 0.8, "carry_out_remedy": 2.0, "ask_head_office": 0.5, "obtain_solution": 1.5, "tell_solution": 0.5,
    "appoint_person": 0.7, "penalise": 10.0, "inform_customer": 4.0, "carry_out_solution": 16.0, "plan_improvement": 8.0,
    "carry_out_improvement": 70.0, "supervise_improvement": 30.0, "record_handling": 6.0, "report_to_centre": 0.5,
        "decide_at_centre": 6.0,
    "act_on_late_solution": 2.0, "act_on_late_remedy": 2.0,
    "fill_in_return_request": 1.5, "verify_quality_problem": 12.0, "confirm_and_sign": 10.0, "rule_on_return": 14.0,
    "exchange_product": 24.0, "return_to_stock": 18.0,
    "report_opinion": 3.0, "find_out": 10.0, "handle_opinion": 18.0, "record_opinion": 8.0,
    "submit_repair_orders": 4.0, "chase_missing": 2.0, "check_off_orders": 8.0, "complete_statistics": 12.0,
        "approve_statistics": 8.0,
    "hand_out_forms": 8.0, "enter_form": 2.6, "decide_on_response": 6.0, "write_report": 14.0, "release_report": 8.0,
}
SPREAD = 0.55  # of the logarithm: two thirds take between 0.6 and 1.7 of the usual
STALLED, STALLED_HOURS = 0.045, (30, 150)  # waits for a customer, a part, a decision
NEVER_STALLED = frozenset({"enter_form", "submit_repair_orders", "hand_out_forms", "write_report", "release_report"})
VISIT = "visit_customer"


def done_at(element: str, known: Mapping[str, Any], offered_at: datetime, *, calendar: WorkingCalendar,
            dice: random.Random) -> datetime:
    """When a task that was offered then will be completed. A visit happens when it was agreed, or a little later."""
    if element == VISIT and known.get("agreed_visit_at"):
        agreed = _moment(str(known["agreed_visit_at"]), offered_at)
        at = max(agreed, offered_at) + timedelta(minutes=dice.randrange(5, 50))
        return at if dice.random() > 2 * STALLED else add_working(at, timedelta(hours=dice.choice((4, 8, 12))), calendar)
    return add_working(offered_at, timedelta(hours=_hours(element, dice)), calendar)


def _hours(element: str, dice: random.Random) -> float:
    if element not in NEVER_STALLED and dice.random() < STALLED:
        return dice.uniform(*STALLED_HOURS)
    return max(HOURS.get(element, USUAL) * dice.lognormvariate(0, SPREAD), 0.05)


def _moment(text: str, beside: datetime) -> datetime:
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=beside.tzinfo)
