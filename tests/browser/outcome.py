"""What the pages left behind: the case in the company's database, and the proof that its record holds together.

V8 does not work in the thread of Playwright's event loop, so what may evaluate FEEL is asked in a thread of its own.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import sqlalchemy as sa

from engine import expressions
from engine.audit import recomputation, verification
from engine.tables import incident, process_instance
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.database.acting import Case, cases_of


def apart(work: Callable[..., Any], *arguments: Any) -> Any:
    """What `work` gives when it runs in a thread of its own, whose V8 is closed afterwards."""
    def run() -> Any:
        try:
            return work(*arguments)
        finally:
            expressions.close()
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result()


def only_case(company: ProcessEngine, process: str) -> Case:
    """The one case of a process."""
    (case,) = cases_of(company, process)
    return case


def must_be_proven(company: ProcessEngine) -> None:
    """No incident is open; every chain verifies; every event recomputes to the digest that was recorded."""
    apart(_prove, company)


def _prove(company: ProcessEngine) -> None:
    with company.reading(SYSTEM) as uow:
        assert uow.rows(sa.select(incident.c.element, incident.c.message).where(incident.c.resolved_at.is_(None))) == []
        assert list(verification.verify(uow)) == []
        for row in uow.rows(sa.select(process_instance.c.id)):
            moments = list(recomputation.recompute(uow, row.id))
            assert moments, row.id
            assert [moment for moment in moments if not moment.is_same] == []
