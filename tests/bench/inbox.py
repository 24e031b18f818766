"""The inbox over a million open tasks, whose rows are copies of one case's, made by the database."""

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa

from engine import identity, worklist
from engine.tables import process_instance, search_gram, task, task_candidate
from engine.unit_of_work import SYSTEM, Actor, ProcessEngine, UnitOfWork
from tests.bench.company import opened
from tests.bench.measuring import Table, medians, wall
from tests.bench.steps import start
from tests.conftest import Databases

SERIAL = 9
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
            middle = worklist.page(uow, view="groups", limit=open_tasks // 10).next_cursor
        serial = open_tasks // 10 * 5 * 7919 % 1_000_000_007
        looks: Mapping[str, dict[str, Any]] = {
            "first page": {}, "middle page": {"after": middle}, "search": {"search": f"{serial:09d}"}}

        found = medians(rounds, {
            **{name: lambda a=a: _look(engine, who, lambda uow: worklist.page(uow, view="groups", **a))
               for name, a in looks.items()},
            "counts": lambda: _look(engine, who, worklist.counts)})
    databases.drop(url)
    label = f"inbox of {open_tasks:,} open tasks"
    table.aim(f"{label}: first page", kind, found.pop("first page"), 5, "ms")
    for name, value in found.items():
        table.add(f"{label}: {name}", kind, f"{value:.2f} ms")


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
        _copy(uow.connection, process_instance, instance, {**ids, "office": office}, most)
        _copy(uow.connection, task, offered, {
            "id": f"{words['id']} || '.3'", "instance_id": words["id"], "serial": words["serial"], "office": office,
            "due_at": words["due"], "sort_due": words["due"]}, most)
        _run(uow.connection, f"INSERT INTO {task_candidate.name} (group_id, office, sort_due, task_id) {words['numbers']} "
             f"SELECT 'service_engineer', {office}, {words['due']}, {words['id']} || '.3' FROM numbers", most)
        _run(uow.connection, f"INSERT INTO {search_gram.name} (gram, instance_id) {words['numbers']} "
             f"SELECT DISTINCT "
             f"substr({words['serial']}, place, 2), {words['id']} FROM numbers CROSS JOIN {words['places']}", most)
    with engine.database.connect().execution_options(isolation_level="AUTOCOMMIT", writes=True) as connection:
        connection.exec_driver_sql("ANALYZE")


def _copy(connection: sa.Connection, table: sa.Table, row: sa.Row[Any], different: Mapping[str, str], most: int) -> None:
    kept = [column for column in table.c if column.name not in different]
    binds = [sa.bindparam(column.name, getattr(row, column.name), column.type) for column in kept]
    names, values = ", ".join(column.name for column in kept), ", ".join(f":{column.name}" for column in kept)
    text = (f"INSERT INTO {table.name} ({', '.join(different)}, {names}) {SQL[connection.dialect.name]['numbers']} "
            f"SELECT {', '.join(different.values())}, {values} FROM numbers")
    _run(connection, text, most, *binds)


def _run(connection: sa.Connection, text: str, most: int, *binds: Any) -> None:
    literal = text.replace("{most}", str(most)).replace("::", r"\:\:").replace("%H:%M:%S", r"%H\:%M\:%S")
    connection.execute(sa.text(literal).bindparams(*binds))
