"""Which function answers which topic, written out: the only functions that a diagram can name."""

from engine.unit_of_work import Operation

OPERATIONS: dict[str, Operation] = {
    operation.topic: operation
    for operation in (
        # 5.1.15, 5.1.16: repair

        # 5.1.14, 5.1.17, 5.1.18, 5.5: customer information, complaint, return
    )
}
