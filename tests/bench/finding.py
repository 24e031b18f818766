"""The auditors' search over a hundred thousand cases, each with ten elements reached, eight events and a task, made by SQL."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa

from engine.audit import finding
from engine.audit.finding import Criteria
from engine.tables import activity_instance, history_event, process_instance, task
from engine.unit_of_work import SYSTEM, ProcessEngine
from tests.bench.company import opened
from tests.bench.inbox import SQL, fill, run_sql
from tests.bench.measuring import Table, medians, wall
from tests.conftest import Databases

MOST = 200
"""Milliseconds that the first page of any criterion may take."""
ELEMENTS, EVENTS = 10, 8
ASKED: Mapping[str, dict[str, Any]] = {
    "no criterion": {}, "procedure": {"process": "bench"}, "version, rare": {"process": "bench", "version": 2},
    "office": {"office": "office3"}, "office, none": {"office": "nowhere"}, "since, until": {
        "since": date(2026, 1, 1), "until": date(2026, 1, 1)}, "status, rare": {"outcome": "terminated"},
    "end, common": {"outcome": "bench/done"}, "end, rare": {"outcome": "bench/chased"},
    "role or clause, common": {"role": "service_engineer"}, "role or clause, rare": {"role": "technical_support"},
    "role or clause, none": {"role": "service_lead"}, "person, common": {"person": "eva"}, "person, rare": {"person": "lea"},
    "person, long gone": {"person": "zoe"}, "person, none": {"person": "nobody"},
    "late": {"lateness": "late"}, "late now": {"lateness": "late_now"},
    "never late": {"lateness": "on_time"}, "any intervention": {"intervention": "any"},
    "intervention, none": {"intervention": "skip"},
    "serial": {"serial": "007919007"}, "search, common": {"search": "00"}, "search, none": {"search": "上海储蓄所"},
    "four together": {"office": "office3", "outcome": "completed", "lateness": "late", "person": "eva"}}


def measure(table: Table, rounds: int, kind: str, databases: Databases, template: str, *, cases: int) -> None:
    """The first page of each criterion, and how long its number takes."""
    url = databases.new(template)
    with opened(url) as engine:
        fill(engine, cases)
        enrich(engine, cases)
        found = medians(rounds, {
            name: lambda asked=asked: _page(engine, Criteria(**asked)) for name, asked in ASKED.items()})
        counted = medians(rounds, {
            name: lambda asked=asked: _facets(engine, Criteria(**asked)) for name, asked in ASKED.items()})
    databases.drop(url)
    for name, value in found.items():
        table.add(f"{cases:,} cases, {name}", kind, f"{value:.1f} ms", f"aim ≤ {MOST}: "
                  f"{'met' if value <= MOST else 'MISSED'}; number and division {counted[name]:.1f} ms")


def _page(engine: ProcessEngine, criteria: Criteria) -> float:
    with engine.reading(SYSTEM) as uow:
        return wall(1, lambda: finding.page(uow, criteria))


def _facets(engine: ProcessEngine, criteria: Criteria) -> float:
    with engine.reading(SYSTEM) as uow:
        return wall(1, lambda: finding.facets(uow, criteria))


def enrich(engine: ProcessEngine, cases: int) -> None:
    """Spread the copies over time and outcomes: seven of ten are over, one in a thousand was ended by hand, one in 500 was late,
    one in 20,000 reached the support; `eva` did the half of them, `lea` one in 5,000, `zoe` was there for the oldest tenth."""
    words = SQL[engine.database.dialect.name]
    with engine.transaction(SYSTEM) as uow:
        _update(uow.connection, process_instance, cases, {
            "started_at": words["due"], "ended_at": f"CASE WHEN n % 10 < 3 THEN NULL ELSE {words['due']} END",
            "status": "CASE WHEN n % 1000 = 0 THEN 'terminated' WHEN n % 10 < 3 THEN 'active' ELSE 'completed' END",
            "end_element": "CASE WHEN n % 5000 = 7 THEN 'chased' WHEN n % 10 < 3 THEN NULL ELSE 'done' END",
            "process_version": "CASE WHEN n % 10000 = 7 THEN 2 ELSE 1 END"}, "id")
        _update(uow.connection, task, cases, {
            "state": "CASE WHEN n % 10 < 3 THEN 'open' ELSE 'completed' END", "due_at": words["due"],
            "sort_due": _later(words, "CASE WHEN n % 700 = 0 THEN 0 ELSE 400000000 END"),
            "ended_at": f"CASE WHEN n % 10 < 3 THEN NULL WHEN n % 500 = 3 THEN {_later(words, '60')} ELSE {words['due']} END"},
            "instance_id")
        _multiply(uow.connection, activity_instance, cases, ELEMENTS, {
            "id": f"{words['id']} || '.b' || k", "instance_id": words["id"], "token": "k", "scope": "1", "process_key": "'bench'",
            "element": "CASE WHEN k = 3 THEN 'serve' WHEN k = 5 AND n % 20000 = 9 THEN 'support' ELSE 'e' || k END",
            "type": "'userTask'", "name": "'x'", "started_at": words["due"], "seq": "k"})
        _multiply(uow.connection, history_event, cases, EVENTS, {
            "instance_id": words["id"], "seq": "k", "at": words["due"], "bundle_id": "'b'", "body_digest": "'d'", "prev": "'p'",
            "actor": "CASE WHEN k % 2 = 0 THEN 'system' WHEN k = 1 AND n * 10 <= {most} THEN 'zoe' "
                     "WHEN n % 5000 = 11 THEN 'lea' WHEN n % 2 = 0 THEN 'eva' "
                     "ELSE 'p' || (n % 50) END",
            "command": "CASE WHEN k = 8 AND n % 1000 = 0 THEN 'terminate' ELSE 'complete' END", "hash": "'h'"})
    with engine.database.connect().execution_options(isolation_level="AUTOCOMMIT", writes=True) as connection:
        connection.exec_driver_sql("ANALYZE" if engine.is_sqlite else "VACUUM ANALYZE")


def _multiply(run: sa.Connection, table: sa.Table, cases: int, each: int, values: Mapping[str, str]) -> None:
    """Add `each` rows a case; the values are SQL of the case's number `n` and the row's `k`."""
    words = SQL[run.dialect.name]
    run_sql(run, f"INSERT INTO {table.name} ({', '.join(values)}) {words['numbers']}, {_series(words, each)} "
            f"SELECT {', '.join(values.values())} FROM numbers CROSS JOIN rows_of_a_case", cases)


def _update(run: sa.Connection, table: sa.Table, cases: int, values: Mapping[str, str], key: str) -> None:
    """Set columns of the copies by their number, which their id says."""
    number = f"CAST({key} AS INTEGER)" if run.dialect.name == "sqlite" else f"{key}::bigint"
    columns = ", ".join(f"{name} = made.{name}" for name in values)
    made = ", ".join(f"{text} AS {name}" for name, text in values.items())
    counted = f"SELECT {key}, {number} AS n FROM {table.name} WHERE {key} < '01'"
    run_sql(run, f"UPDATE {table.name} SET {columns} FROM (SELECT {key} AS of_case, {made} FROM ({counted}) AS counted) AS made "
            f"WHERE {table.name}.{key} = made.of_case", cases)


def _later(words: Mapping[str, str], seconds: str) -> str:
    """The due date of `SQL`, so many seconds later."""
    return words["due"].replace("|| n ||", f"|| (n + ({seconds})) ||").replace("n * interval", f"(n + ({seconds})) * interval")


def _series(words: Mapping[str, str], most: int) -> str:
    """A table expression of the numbers from 1."""
    if "RECURSIVE" in words["numbers"]:
        return f"rows_of_a_case(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM rows_of_a_case WHERE k < {most})"
    return f"rows_of_a_case AS (SELECT generate_series(1, {most}) AS k)"
