"""What pages and figures read of a case beside its record, against the record: its row, activities, tasks, comments, files.

These rows mirror the record, and no hash covers them: who changes one changes what lists, heat map and conformance say. A due
date is counted when a task is offered and stands on the record only where somebody moved it, so it is not compared. Of a case
that lost a body by decision nothing is compared.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine import bundles, canonical, execution, history, search
from engine.tables import (
    activity_instance,
    audit_sample_item,
    comment,
    document,
    history_body,
    history_event,
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
            self.case = {"started_at": event.at, "started_by": event.actor, "status": "active", "office": body["set"]["office"],
                         "business_key": inputs["business_key"], "came_from": inputs["came_from"]}
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
    for kind, wanted, found in (
            ("activity", told.activities, _rows(uow, row, activity_instance, "started_at", "ended_at", "end_state", "actor")),
            ("task", told.tasks, _rows(uow, row, task, "ended_at", "completed_by", "completed_for", where=_COMPLETED)),
            ("comment", told.comments, _rows(uow, row, comment, "author", "written_at", "text")),
            ("document", told.documents, _rows(uow, row, document, "added_by", "added_at", "name", "sha256", "removed_by"))):
        yield from _first(kind, wanted, found)


_COMPLETED = task.c.state == "completed"


def _rows(uow: UnitOfWork, row: Row, table: sa.Table, *names: str,
          where: sa.ColumnElement[bool] | None = None) -> dict[str, tuple[Any, ...]]:
    query = sa.select(table.c.id, *(table.c[name] for name in names)).where(table.c.instance_id == row.id)
    return {found[0]: tuple(found[1:]) for found in uow.rows(query if where is None else query.where(where))}


def _first(kind: str, wanted: Mapping[str, tuple[int, tuple[Any, ...]]],
           found: Mapping[str, tuple[Any, ...]]) -> Iterator[Unlike]:
    for name, (seq, values) in wanted.items():
        if found.get(name) != values:
            what = "is gone" if name not in found else f"says {_plain(found[name])}, the record {_plain(values)}"
            yield kind, seq, f"{kind} {name} {what}"
            return
    for name in found.keys() - wanted.keys():
        yield kind, None, f"{kind} {name} is on no event of the record"
        return


def _case(uow: UnitOfWork, row: Row, told: Told) -> Iterator[Unlike]:
    """The row of the case: who began it and when, its number, office, state and end, and by what it is found."""
    seq, at = told.moved or (0, row.started_at)
    has_ended = not canonical.loads(row.tokens)["tokens"]
    status = told.case["status"]
    wanted = {**told.case, "ended_at": at if has_ended else None, **_copies(uow, row),
              "status": "completed" if has_ended and status != "terminated" else status}
    for name, value in wanted.items():
        if getattr(row, name) != value:
            yield "case", seq, f"{name} says {_plain([getattr(row, name)])}, the record {_plain([value])}"
            return


def _copies(uow: UnitOfWork, row: Row) -> dict[str, str | None]:
    """Customer, serial number and product as the stored variables have them, which the state proves."""
    query = sa.select(variable.c.scope, variable.c.name, variable.c.digest, sa.func.length(variable.c.value).label("length"),
                      variable.c.value.label("text")).where(variable.c.instance_id == row.id)
    return search.copies(bundles.load(uow, row.bundle_id), execution.scoped(uow, row.id, uow.rows(query)))


def _plain(values: Iterable[Any]) -> str:
    return ", ".join(history.iso(each) if isinstance(each, datetime) else str(each)[:60] for each in values)


# ------------------------------------------------------------------ samples
def samples(uow: UnitOfWork) -> Iterator[tuple[str, int | None, str]]:
    """Every case of an audit sample that stands otherwise than its last decision on the record: sample, number, what."""
    same = sa.and_(history_body.c.instance_id == history_event.c.instance_id, history_body.c.seq == history_event.c.seq)
    events = uow.rows(sa.select(history_event.c.seq, history_event.c.element, history_body.c.body).join(history_body, same).where(
        history_event.c.instance_id == history.ORGANIZATION, history_event.c.command.in_(DECIDED)).order_by(history_event.c.seq))
    told: dict[tuple[str, int], tuple[int, tuple[str, str]]] = {}
    for event in events:
        after = canonical.loads(bytes(event.body).decode())["after"]
        told[event.element.partition(":")[2], after["position"]] = (event.seq, (after["status"], after["note"]))
    for row in uow.rows(sa.select(audit_sample_item).order_by(audit_sample_item.c.sample_id, audit_sample_item.c.position)):
        seq, wanted = told.get((row.sample_id, row.position), (None, ("open", "")))
        if (row.status, row.note) != wanted:
            yield row.sample_id, seq, f"case {row.position} of the sample is {row.status}, the record says {wanted[0]}"


DECIDED = ("decide_sample_item", "withdraw_finding")
"""The events of the chain `organization` that decide on a case of a sample."""
