"""A page that follows a command waits a moment for the jobs that the command set off (design.md §2): most are done by then."""

import time

from engine import cases
from web.access import unit_of_work

LONGEST = 0.5  # seconds
LOOK_EVERY = 0.04


def is_settled(case_id: str) -> bool:
    """Whether nothing more happens to the case by itself now; waits for it up to `LONGEST` seconds."""
    deadline = time.monotonic() + LONGEST
    while _is_busy(case_id):
        if time.monotonic() > deadline:
            return False
        time.sleep(LOOK_EVERY)
    return True


def _is_busy(case_id: str) -> bool:
    with unit_of_work(writes=False) as uow:
        return cases.is_busy(uow, case_id)
