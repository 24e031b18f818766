"""Which function answers which topic, written out: the only functions that a diagram can name."""

from collections.abc import Iterable

from engine.unit_of_work import Operation
from handlers import (
    complaints,
    corrective_actions,
    deadlines,
    feedback,
    notices,
    opinions,
    parts,
    prices,
    repair_orders,
    returns,
    surveys,
)


def _by_topic(operations: Iterable[Operation]) -> dict[str, Operation]:
    return {operation.topic: operation for operation in operations}


OPERATIONS: dict[str, Operation] = _by_topic((
    # 5.1.15, 5.1.16: repair
    Operation("repair_order.open", "record", repair_orders.open_order),
    Operation("repair_order.open_charged", "record", repair_orders.open_charged),
    Operation("repair_order.record_exception", "record", deadlines.decide_exception),
    Operation("repair_order.look_up_warranty", "record", repair_orders.look_up_warranty),
    Operation("repair_order.begin", "record", repair_orders.begin_service),
    Operation("repair_order.fill_in", "record", repair_orders.fill_in),
    Operation("repair_order.sign", "record", repair_orders.sign),
    Operation("repair_order.reclassify", "record", repair_orders.reclassify),
    Operation("repair_order.submit", "record", repair_orders.submit),
    Operation("repair_order.archive", "record", repair_orders.archive),
    Operation("repair_order.decline", "record", repair_orders.decline),
    Operation("deadline.note_missed", "record", deadlines.note_missed),
    Operation("requisition.open", "record", parts.open_requisition),
    Operation("requisition.submit", "record", parts.submit_requisition),
    Operation("requisition.issue", "record", parts.issue),
    Operation("requisition.receive", "record", parts.receive),
    Operation("part.record_return", "record", parts.record_return),
    Operation("quote.calculate", "record", prices.calculate),
    Operation("quote.confirm", "record", prices.confirm),
    Operation("payment.record", "record", prices.record_payment),
    Operation("invoice.record", "record", prices.record_invoice),

    # 5.1.14, 5.1.17, 5.1.18, 5.5: customer information, complaint, return
    Operation("complaint.accept", "record", complaints.accept),
    Operation("complaint.reject_solution", "record", complaints.reject_solution),
    Operation("complaint.close", "record", complaints.close),
    Operation("return.register", "record", returns.register),
    Operation("return.close", "record", returns.close),
    Operation("opinion.file", "record", opinions.file),
    Operation("feedback.open_month", "record", feedback.open_month),
    Operation("feedback.record_submission", "record", feedback.record_submission),
    Operation("feedback.open_opinions", "record", opinions.open_cases),
    Operation("statistics.draft", "record", feedback.draft),
    Operation("statistics.send", "record", feedback.send),
    Operation("survey.open", "record", surveys.open_survey),
    Operation("survey.save_form", "record", surveys.save_form),
    Operation("survey.extend", "record", surveys.extend),
    Operation("survey.count_response", "record", surveys.count_response),
    Operation("survey.compute", "record", surveys.compute),
    Operation("survey.submit_report", "record", surveys.submit_report),

    # 5.6, 5.7: corrective and preventive action
    Operation("corrective_action.register", "record", corrective_actions.register),
    Operation("corrective_action.decline", "record", corrective_actions.decline),
    Operation("corrective_action.plan", "record", corrective_actions.plan),
    Operation("corrective_action.verify", "record", corrective_actions.verify),
    *notices.operations(),
))
