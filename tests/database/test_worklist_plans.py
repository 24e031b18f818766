"""How the databases read a first page: from an index in the order of the list, never every task and never sorted."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from engine import identity
from engine.tables import task, task_candidate
from engine.unit_of_work import SYSTEM, ProcessEngine, UnitOfWork
from engine.worklist import Criteria, View, listing, scans
from tests.diagram_text import diagram, end, flows, start, user
from tests.small_company import Small

COPIES = 4_000
VISIT = diagram(start(), user("visit", "engineers"), end(), flows("begin", "visit", "done"), starters="staff")
LISTS: list[tuple[str, View, dict[str, str], str]] = [
    ("eva", "mine", {}, "ix_task_mine"), ("eva", "mine", {"due": "late"}, "ix_task_mine"),
    ("eva", "groups", {}, "task_candidate"), ("eva", "groups", {"due": "week"}, "task_candidate"),
    ("eva", "groups", {"process": "case"}, "ix_task_candidate_process"),
    ("eva", "groups", {"priority": "high"}, "task_candidate"),
    ("lea", "office", {}, "ix_task_office"), ("lea", "office", {"process": "case", "due": "late"}, "ix_task_office_process"),
    ("lea", "office", {"assignee": "eva"}, "ix_task_mine"), ("lea", "office", {"element": "visit"}, "ix_task_office"),
    ("root", "office", {}, "ix_task_open"), ("root", "office", {"office": "north"}, "ix_task_office"),
    ("eva", "done", {}, "ix_task_done")]


@pytest.fixture
def large(small: Small, engine: ProcessEngine) -> Iterator[ProcessEngine]:
    """Thousands of open tasks of eight offices, half of them claimed by forty people; the databases know their numbers."""
    small.deploy(VISIT)
    case = small.start(office="north")
    with engine.transaction(SYSTEM) as uow:
        _copy(uow, uow.rows(sa.select(task).where(task.c.instance_id == case))[0]._asdict())
    with engine.database.connect().execution_options(isolation_level="AUTOCOMMIT", writes=True) as connection:
        connection.exec_driver_sql("ANALYZE" if engine.is_sqlite else "VACUUM ANALYZE task, task_candidate")
    yield engine
    with engine.transaction(SYSTEM) as uow:
        uow.execute(sa.delete(task_candidate).where(task_candidate.c.task_id.like("%.%.%")))
        uow.execute(sa.delete(task).where(task.c.id.like("%.%.%")))


def _copy(uow: UnitOfWork, row: dict[str, Any]) -> None:
    offices = ["north", *(f"o{number}" for number in range(7))]
    rows = [{**row, "id": f"{row['id']}.{n}", "office": offices[n * 7919 % 8],
             "sort_due": uow.now + timedelta(minutes=n * 31 % COPIES), "root_key": f"p{n % 9}",
             "assignee": f"u{n % 40}" if n % 2 else None} for n in range(COPIES)]
    uow.execute(sa.insert(task), rows)
    free = [each for each in rows if each["assignee"] is None]
    uow.execute(sa.insert(task_candidate), [
        {"group_id": "engineers", "office": each["office"], "sort_due": each["sort_due"], "task_id": each["id"],
         "root_key": each["root_key"]} for each in free])


def plan(uow: UnitOfWork, query: sa.Select[Any]) -> str:
    """What the database says it would do."""
    text = query.compile(uow.connection, compile_kwargs={"literal_binds": True}).string
    explain = "EXPLAIN QUERY PLAN " if uow.engine.is_sqlite else "EXPLAIN "
    return "\n".join(str(row[-1]) for row in uow.connection.execute(sa.text(re.sub(r":(?=\d)", r"\:", explain + text))))


def seen(engine: ProcessEngine, who: str, view: View, criteria: dict[str, str]) -> str:
    """How the first page of a list would be read."""
    with engine.reading(SYSTEM) as uow:
        actor = identity.actor(uow, who)
    with engine.reading(actor) as uow:
        asked = scans.listing(uow, view, Criteria.from_json(criteria), None)
        return plan(uow, listing.matching(asked, None, 51))


def test_a_first_page_comes_from_an_index_in_its_order(large: ProcessEngine):
    for who, view, criteria, index in LISTS:
        said = seen(large, who, view, criteria)
        assert index in said, (who, view, criteria, said)
        assert not re.search(r"Sort|Seq Scan|SCAN task(?!.*USING)", said), (who, view, criteria, said)
        if large.is_sqlite and "priority" not in criteria and "element" not in criteria and criteria.get("assignee") is None:
            assert "TEMP B-TREE" not in said, (who, view, criteria, said)


def test_a_list_that_no_index_serves_is_seen_to_be_sorted(large: ProcessEngine):
    """The measure measures: the same question in another order has no index."""
    with large.reading(SYSTEM) as uow:
        said = plan(uow, sa.select(task.c.id).where(task.c.state == "open").order_by(task.c.name).limit(51))
    assert "Sort" in said or "TEMP B-TREE" in said
