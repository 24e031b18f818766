"""Which function answers which topic, written out: the only functions that a diagram can name."""

from collections.abc import Iterable

from engine.unit_of_work import Operation
from handlers import deadlines, parts, prices, repair_orders


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
))
