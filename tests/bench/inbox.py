"""The inbox over a million open tasks, whose rows are copies of one case's, made by the database."""

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa

from engine import identity, worklist
from engine.tables import process_instance, search_gram, task, task_candidate
from engine.unit_of_work import SYSTEM, Actor, ProcessEngine, UnitOfWork
from engine.worklist import Criteria
from tests.bench.clients import served
from tests.bench.company import opened
from tests.bench.measuring import Table, medians, wall
from tests.bench.steps import start
from tests.bench.visitors import Visitor, open_sessions, percentiles
from tests.conftest import Databases

MOST = 50
"""Milliseconds that a page may take over HTTP, 19 times of 20."""
SQL = {  # number n → an id of 24 digits, a serial, a due date, the numbers themselves
    "sqlite": {"id": "printf('%024d', n)", "serial": "printf('%09d', n * 7919 % 1000000007)", "office": "(n % 5)",
               "due": "strftime('%Y-%m-%d %H:%M:%S.000000', '2026-01-01', '+' || n || ' seconds')",
               "numbers": "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {most})",
               "places": "(SELECT value AS place FROM json_each('[1,2,3,4,5,6,7,8]'))"},
    "postgresql": {"id": "lpad(n::text, 24, '0')", "serial": "lpad((n * 7919::bigint % 1000000007)::text, 9, '0')",
                   "office": "(n % 5)",
                   "due": "timestamptz '2026-01-01Z' + n * interval '1 second'",
                   "numbers": "WITH numbers AS (SELECT generate_series(1, {most})::bigint AS n)",
                   "places": "generate_series(1, 8) AS place"},
}


def measure(table: Table, rounds: int, kind: str, databases: Databases, template: str, *, open_tasks: int) -> None:
    """The rows of the inbox on one kind of database."""
    url = databases.new(template)
    with opened(url) as engine:
        fill(engine, open_tasks)
        with engine.reading(SYSTEM) as uow:
            who = identity.actor(uow, "eva")
        with engine.reading(who) as uow:  # a fifth of all tasks are hers: half of those are before the middle
            middle = _behind(uow, open_tasks // 10)
        serial = open_tasks // 10 * 5 * 7919 % 1_000_000_007
        looks: Mapping[str, dict[str, Any]] = {
            "first page": {}, "middle page": {"after": middle}, "search": {"criteria": Criteria(search=f"{serial:09d}")}}

        found = medians(rounds, {
            **{name: lambda a=a: _look(engine, who, lambda uow: worklist.page(uow, view="groups", **a))
               for name, a in looks.items()},
            "counts": lambda: _look(engine, who, worklist.counts)})
        sessions = dict(zip(("eva", "lea"), open_sessions(engine, ["eva", "lea"]), strict=True))
    pages = over_http(rounds * 20, url, sessions, f"{serial:09d}")
    databases.drop(url)
    for name, times in pages.items():
        p50, p95 = percentiles(times)
        table.add(f"{open_tasks:,} open tasks over HTTP: {name}", kind, f"{p50:.1f}/{p95:.1f} ms",
                  f"p50/p95; aim ≤ {MOST:g}: {'met' if p95 <= MOST else 'MISSED'}")
    label = f"inbox of {open_tasks:,} open tasks"
    table.aim(f"{label}: first page", kind, found.pop("first page"), 5, "ms")
    for name, value in found.items():
        table.add(f"{label}: {name}", kind, f"{value:.2f} ms")


def over_http(times: int, url: str, sessions: Mapping[str, str], serial: str) -> dict[str, list[float]]:
    """The same as pages of a served process: a person's session, one connection, each page in turn; their times in ms."""
    lists = {
        "inbox page": ("eva", "/inbox?view=groups"), "office page": ("lea", "/inbox?view=office"),
        "saved filter": ("lea", "/inbox?view=office&process=bench&due=late"),
        "saved filter, no index": ("lea", "/inbox?view=office&step=serve&process=bench&priority=high"),
        "search": ("eva", f"/inbox?view=groups&q={serial}"), "search, common": ("lea", f"/inbox?view=office&q={serial[:2]}"),
    }
    with served(url) as base:
        visitor, probe = Visitor(base), "/inbox/changes?view=groups"
        looks: dict[str, Callable[[], float]] = {
            name: lambda who=who, path=path: visitor.timed(sessions[who], path)  # type: ignore[misc]
            for name, (who, path) in lists.items()}
        etag = visitor.read(sessions["eva"], probe)[1]
        looks["change probe"] = lambda: visitor.timed(sessions["eva"], probe, etag, status=304)
        found: dict[str, list[float]] = {name: [] for name in looks}
        for number in range(times + 3):
            for name, look in looks.items():
                taken = look()
                if number >= 3:  # the first ones fill caches
                    found[name].append(taken)
    return found


def _behind(uow: UnitOfWork, number: int) -> str:
    """The cursor behind so many tasks of the head office."""
    offered = sa.select(task_candidate).where(task_candidate.c.group_id == "service_engineer", task_candidate.c.office == "head")
    row = uow.row(offered.order_by(task_candidate.c.sort_due, task_candidate.c.task_id).offset(number).limit(1))
    if row is None:
        raise RuntimeError("too few tasks")
    return f"{row.sort_due.isoformat()}~{row.task_id}"


def _look(engine: ProcessEngine, who: Actor, read: Callable[[UnitOfWork], object]) -> float:
    """Milliseconds until the rows are there: SQLite computes a row when it is fetched."""
    with engine.reading(who) as uow:
        return wall(1, lambda: read(uow))


def fill(engine: ProcessEngine, most: int) -> None:
    """So many cases with one open task each, a fifth of them of the head office; the database copies one that was started."""
    case, words = start(engine), SQL[engine.database.dialect.name]
    office = f"CASE {words['office']} WHEN 0 THEN 'head' ELSE 'office' || {words['office']} END"
    with engine.transaction(SYSTEM) as uow:
        instance = uow.rows(sa.select(process_instance).where(process_instance.c.id == case))[0]
        offered = uow.rows(sa.select(task).where(task.c.instance_id == case))[0]
        ids = {"id": words["id"], "serial": words["serial"]}
        copy_rows(uow.connection, process_instance, instance, {**ids, "office": office}, most)
        copy_rows(uow.connection, task, offered, {
            "id": f"{words['id']} || '.3'", "instance_id": words["id"], "serial": words["serial"], "office": office,
            "due_at": words["due"], "sort_due": words["due"]}, most)
        run_sql(uow.connection, f"INSERT INTO {task_candidate.name} "
             f"(group_id, office, sort_due, task_id, root_key) {words['numbers']} "
             f"SELECT 'service_engineer', {office}, {words['due']}, {words['id']} || '.3', 'bench' FROM numbers", most)
        run_sql(uow.connection, f"INSERT INTO {search_gram.name} (gram, instance_id) {words['numbers']} "
             f"SELECT DISTINCT "
             f"substr({words['serial']}, place, 2), {words['id']} FROM numbers CROSS JOIN {words['places']}", most)
    with engine.database.connect().execution_options(isolation_level="AUTOCOMMIT", writes=True) as connection:
        connection.exec_driver_sql("ANALYZE" if engine.is_sqlite else "VACUUM ANALYZE")  # as autovacuum does after a while


def copy_rows(connection: sa.Connection, table: sa.Table, row: sa.Row[Any], different: Mapping[str, str], most: int) -> None:
    """So many copies of a row, with other values (SQL of their number `n`) in some columns."""
    kept = [column for column in table.c if column.name not in different]
    binds = [sa.bindparam(column.name, getattr(row, column.name), column.type) for column in kept]
    names, values = ", ".join(column.name for column in kept), ", ".join(f":{column.name}" for column in kept)
    text = (f"INSERT INTO {table.name} ({', '.join(different)}, {names}) {SQL[connection.dialect.name]['numbers']} "
            f"SELECT {', '.join(different.values())}, {values} FROM numbers")
    run_sql(connection, text, most, *binds)


def run_sql(connection: sa.Connection, text: str, most: int, *binds: Any) -> None:
    """Run SQL that is written with `{most}` and plain colons."""
    literal = text.replace("{most}", str(most)).replace("::", r"\:\:").replace("%H:%M:%S", r"%H\:%M\:%S")
    connection.execute(sa.text(literal).bindparams(*binds))
