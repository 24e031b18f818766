"""What pages and figures read of a case beside its record, against the record: its row, activities, tasks, comments, files.

These rows mirror the record, and no hash covers them: who changes one changes what lists, heat map and conformance say. A due
date is counted when a task is offered and stands on the record only where somebody moved it, so it is not compared. Of a case
that lost a body by decision nothing is compared.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine import bundles, canonical, execution, history, search
from engine.tables import (
    activity_instance,
    audit_sample,
    audit_sample_item,
    bundle,
    comment,
    definition,
    document,
    history_body,
    history_event,
    resource,
    retention_period,
    task,
    variable,
)
from engine.unit_of_work import UnitOfWork

Row = sa.Row[Any]
Unlike = tuple[str, int | None, str]
"""Kind of finding, number of the event that says otherwise (None: no event does), what it is."""
STATUS = {"suspend": "suspended", "resume": "active", "terminate": "terminated"}
"""What a command makes of a case, where the tokens do not say it."""


@dataclass
class Told:
    """What the events of a case say, taken one after another; each value with the number of the event that says so."""

    case: dict[str, Any] = field(default_factory=dict)
    moved: tuple[int, datetime] | None = None  # the last event that moved a token
    activities: dict[str, tuple[int, tuple[Any, ...]]] = field(default_factory=dict)
    tasks: dict[str, tuple[int, tuple[Any, ...]]] = field(default_factory=dict)
    comments: dict[str, tuple[int, tuple[Any, ...]]] = field(default_factory=dict)
    documents: dict[str, tuple[int, tuple[Any, ...]]] = field(default_factory=dict)
    is_whole: bool = True

    def take(self, event: Row) -> None:
        """One event with its body, in the order of the chain."""
        if event.body is None:
            self.is_whole = False
            return
        body = canonical.loads(bytes(event.body).decode())
        inputs = body.get("inputs", {})
        if event.command == "start":
            said = {**body["set"], **inputs}
            self.case = {"started_at": event.at, "started_by": event.actor, "status": "active",
                         **{name: said[name] for name in ("office", "business_key", "came_from") if name in said}}
        self.case["status"] = STATUS.get(event.command, self.case.get("status"))
        for move in body.get("trace", ()):
            self._move(event, move)
        self._note(event, inputs)

    def _move(self, event: Row, move: Mapping[str, Any]) -> None:
        name = f"{event.instance_id}.{move['token']}"
        begun = self.activities[name][1][0] if name in self.activities else None
        self.moved = (event.seq, event.at)
        if move["kind"] == "entered":
            values = (event.at, None, None, None)
        else:
            values = (begun, None if move["kind"] == "incident" else event.at, move["kind"], event.actor)
        self.activities[name] = (event.seq, values)

    def _note(self, event: Row, inputs: Mapping[str, Any]) -> None:
        if event.command == "complete":
            self.tasks[inputs["task"]] = (event.seq, (event.at, event.actor, event.on_behalf_of))
        elif event.command == "comment":
            self.comments[inputs["comment"]] = (event.seq, (event.actor, event.at, inputs["text"]))
        elif event.command == "add_document":
            self.documents[inputs["document"]] = (event.seq, (event.actor, event.at, inputs["name"], inputs["sha256"], None))
        elif event.command == "remove_document" and inputs["document"] in self.documents:
            added = self.documents[inputs["document"]][1]
            self.documents[inputs["document"]] = (event.seq, (*added[:-1], event.actor))


def unlike(uow: UnitOfWork, row: Row, told: Told) -> Iterator[Unlike]:
    """The first row of each sort that is not what the record says; `row` is the case's."""
    if not told.is_whole or told.moved is None:
        return
    yield from _case(uow, row, told)
    for (kind, names, query), wanted in zip(MIRRORS, (told.activities, told.tasks, told.comments, told.documents), strict=True):
        found: dict[str, tuple[Any, ...]] = {each[0]: tuple(each[1:]) for each in uow.rows(query, instance=row.id)}
        yield from _first(kind, names, wanted, found)


def _mirror(kind: str, table: sa.Table, names: Sequence[str], where: sa.ColumnElement[bool]) -> tuple[str, Sequence[str], Any]:
    columns = (table.c[name] for name in ("id", *names))
    return kind, names, sa.select(*columns).where(table.c.instance_id == sa.bindparam("instance"), where)


MIRRORS = (
    _mirror("activity", activity_instance, ("started_at", "ended_at", "end_state", "actor"), sa.true()),
    _mirror("task", task, ("ended_at", "completed_by", "completed_for"), task.c.state == "completed"),
    _mirror("comment", comment, ("author", "written_at", "text"), sa.true()),
    _mirror("document", document, ("added_by", "added_at", "name", "sha256", "removed_by"), sa.true()))
"""The sorts of rows in the order of `Told`: kind, the columns that the record says, the rows of a case."""


def _first(kind: str, names: Sequence[str], wanted: Mapping[str, tuple[int, tuple[Any, ...]]],
           found: Mapping[str, tuple[Any, ...]]) -> Iterator[Unlike]:
    for name, (seq, values) in wanted.items():
        if found.get(name) != values:
            yield kind, seq, f"{kind} {name} " + ("is gone" if name not in found else _unlike(names, found[name], values))
            return
    for name in found.keys() - wanted.keys():
        yield kind, None, f"{kind} {name} is on no event of the record"
        return


def _case(uow: UnitOfWork, row: Row, told: Told) -> Iterator[Unlike]:
    """The row of the case: who began it and when, its number, office, state and end, and by what it is found."""
    seq, at = told.moved or (0, row.started_at)
    has_ended = not canonical.loads(row.tokens)["tokens"]
    status = told.case.get("status")
    wanted = {**told.case, "ended_at": at if has_ended else None, **_copies(uow, row),
              "status": "completed" if has_ended and status != "terminated" else status}
    for name, value in wanted.items():
        if getattr(row, name) != value:
            yield "case", seq, _unlike([name], [getattr(row, name)], [value])
            return


def _copies(uow: UnitOfWork, row: Row) -> dict[str, str | None]:
    """Customer, serial number and product as the stored variables have them, which the state proves.

    Nothing where the definitions that say so are gone or changed, which `verification` tells.
    """
    if not _is_whole(uow, row.bundle_id):
        return {}
    return search.copies(bundles.load(uow, row.bundle_id), execution.scoped(uow, row.id, uow.rows(_VALUES, instance=row.id)))


_VALUES = sa.select(variable.c.scope, variable.c.name, variable.c.digest, sa.func.length(variable.c.value).label("length"),
                    variable.c.value.label("text")).where(variable.c.instance_id == sa.bindparam("instance"))


def _is_whole(uow: UnitOfWork, bundle_id: str) -> bool:
    """Whether everything of a bundle is there, byte for byte; asked once a unit of work."""
    if (_is_whole, bundle_id) not in uow.cache:
        row = uow.row(sa.select(bundle.c.members).where(bundle.c.id == bundle_id))
        members = canonical.loads(row.members) if row else {"": {"": ""}}
        wanted = {each for kind in members.values() for each in kind.values()}
        files = uow.rows(sa.select(definition.c.id, definition.c.kind, resource.c.sha256, resource.c.bytes).join(
            resource, resource.c.sha256 == definition.c.sha256).where(definition.c.id.in_(wanted)))
        whole = {file.id for file in files if canonical.digest(bytes(file.bytes)) == file.sha256
                 and (file.kind != "process" or file.id.endswith(file.sha256[:12]))}
        uow.cache[_is_whole, bundle_id] = wanted <= whole
    return bool(uow.cache[_is_whole, bundle_id])


def _unlike(names: Sequence[str], found: Sequence[Any], wanted: Sequence[Any]) -> str:
    return "; ".join(f"{name} says {_plain(here)}, the record {_plain(there)}"
                     for name, here, there in zip(names, found, wanted, strict=True) if here != there)


def _plain(value: Any) -> str:
    return history.iso(value) if isinstance(value, datetime) else str(value)[:60]


# ------------------------------------------------------------------ samples, periods
def samples(uow: UnitOfWork) -> Iterator[tuple[str, int | None, str]]:
    """Every audit sample, and case of one, that is not as the record has it drawn or last judged: sample, number, what."""
    drawn = {subject: (seq, after) for seq, subject, after in _changes(uow, "draw_sample")}
    judged = {(subject, after["position"]): (seq, after) for seq, subject, after in _changes(uow, *DECIDED)}
    rows = uow.rows(sa.select(audit_sample).order_by(audit_sample.c.id))
    for sample in sorted(drawn.keys() - {row.id for row in rows}):
        yield sample, drawn[sample][0], "the sample that was drawn is gone"
    for row in rows:
        seq, after = drawn.get(row.id, (None, {}))
        if any(getattr(row, name) != after.get(name) for name in DRAWN):
            yield row.id, seq, "title, size, seed or population of the sample are not those of the draw on the record"
    for row in uow.rows(sa.select(audit_sample_item).order_by(audit_sample_item.c.sample_id, audit_sample_item.c.position)):
        seq, after = judged.get((row.sample_id, row.position), (drawn.get(row.sample_id, (None, {}))[0], NOT_JUDGED))
        cases = drawn.get(row.sample_id, (None, {}))[1].get("cases", [])
        if [row.instance_id] != cases[row.position - 1:row.position]:
            yield row.sample_id, seq, f"case {row.position} of the sample is not the one that was drawn"
        elif (row.status, row.note) != (after["status"], after["note"]):
            yield row.sample_id, seq, f"case {row.position} of the sample is {row.status}, the record says {after['status']}"


def periods(uow: UnitOfWork) -> Iterator[tuple[int | None, str]]:
    """Every period of retention that is not the last one on the record: number of the event, what."""
    told = {subject: (seq, after["months"]) for seq, subject, after in _changes(uow, "set_retention")}
    for row in uow.rows(sa.select(retention_period).order_by(retention_period.c.kind)):
        seq, months = told.get(row.kind, (None, "nothing"))
        if row.months != months:
            yield seq, f"{row.kind} is kept {row.months} months, the record says {months}"


def _changes(uow: UnitOfWork, *commands: str) -> Iterator[tuple[int, str, Mapping[str, Any]]]:
    """Number, subject without its kind, and what was afterwards, of these events of the chain `organization`, in order."""
    same = sa.and_(history_body.c.instance_id == history_event.c.instance_id, history_body.c.seq == history_event.c.seq)
    events = uow.rows(sa.select(history_event.c.seq, history_event.c.element, history_body.c.body).join(history_body, same).where(
        history_event.c.instance_id == history.ORGANIZATION, history_event.c.command.in_(commands)).order_by(history_event.c.seq))
    for event in events:
        yield event.seq, event.element.partition(":")[2], canonical.loads(bytes(event.body).decode())["after"]


DRAWN = ("title", "size", "seed", "population", "population_digest")
NOT_JUDGED = {"status": "open", "note": ""}
DECIDED = ("decide_sample_item", "withdraw_finding")
"""The events of the chain `organization` that decide on a case of a sample."""
