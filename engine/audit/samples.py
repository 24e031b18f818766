"""What people see of audit samples: the list, the cases of one with what they started, and whether it can be drawn again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine import canonical, history
from engine.audit import population, selection
from engine.tables import audit_sample, audit_sample_item, history_body, history_event, process_instance
from engine.unit_of_work import UnitOfWork

PAGE = 50
Row = sa.Row[Any]
_item, _case = audit_sample_item.c, process_instance.c
_followed = process_instance.alias("followed")


@dataclass(frozen=True, slots=True)
class Redrawn:
    """A sample drawn anew from its criteria and seed; `lost` and `gained` are the case ids in which it differs."""

    population: int
    population_digest: str
    is_same_population: bool
    lost: Sequence[str]
    gained: Sequence[str]

    @property
    def is_same(self) -> bool:
        """Whether population and sample both come out as they were."""
        return self.is_same_population and not self.lost and not self.gained


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A finding that was taken back: at which case of the sample, who had found what and when, who took it back and why.

    `case` and `follow_key`: the corrective action that it had started.
    """

    position: int
    found_by: str
    found_at: datetime
    note: str
    by: str
    at: datetime
    reason: str
    case: str
    follow_key: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What a sample would be drawn from: its population, and how many of each stratum."""

    population: int
    sizes: Mapping[str, int]
    allocation: Mapping[str, int]


def listing(uow: UnitOfWork, *, before: str = "", limit: int = PAGE) -> tuple[list[Row], str | None]:
    """The samples with `items`, `decided` and `findings`, newest first; and what asks for the following page, if any."""
    decided = sa.func.sum(sa.case((_item.status != "open", 1), else_=0))
    findings = sa.func.sum(sa.case((_item.status == "finding", 1), else_=0))
    query = sa.select(audit_sample, sa.func.count().label("items"), decided.label("decided"), findings.label("findings"))
    query = query.join(audit_sample_item, _item.sample_id == audit_sample.c.id).group_by(audit_sample.c.id)
    if before:
        query = query.where(audit_sample.c.id < before)
    rows = uow.rows(query.order_by(audit_sample.c.id.desc()).limit(limit + 1))
    return rows[:limit], rows[limit - 1].id if len(rows) > limit else None


def items(uow: UnitOfWork, sample_id: str) -> list[Row]:
    """The items in their order, with what the case is and the case that a finding started.

    Beside the item's own columns: `business_key`, `customer`, `process_key`, `office`, `started_at`, `ended_at`, and
    `follow_key`, `follow_status` of the started case (None until it exists).
    """
    query = sa.select(
        audit_sample_item, _case.business_key, _case.customer, _case.process_key, _case.office, _case.started_at, _case.ended_at,
        _followed.c.business_key.label("follow_key"), _followed.c.status.label("follow_status"))
    query = query.join(process_instance, _case.id == _item.instance_id)
    query = query.outerjoin(_followed, _followed.c.id == _item.finding_case)
    return uow.rows(query.where(_item.sample_id == sample_id).order_by(_item.position))


def withdrawn(uow: UnitOfWork, sample_id: str) -> list[Withdrawn]:
    """The findings of a sample that were taken back, oldest first, as the record has them."""
    same = sa.and_(history_body.c.instance_id == history_event.c.instance_id, history_body.c.seq == history_event.c.seq)
    rows = uow.rows(sa.select(history_event.c.actor, history_event.c.at, history_body.c.body).join(history_body, same).where(
        history_event.c.instance_id == history.ORGANIZATION, history_event.c.element == f"sample:{sample_id}",
        history_event.c.command == "withdraw_finding").order_by(history_event.c.seq))
    return [_withdrawn(uow, row, canonical.loads(bytes(row.body).decode())) for row in rows]


def _withdrawn(uow: UnitOfWork, row: Row, body: Mapping[str, Any]) -> Withdrawn:
    was = body["before"]
    key = uow.scalar(sa.select(_case.business_key).where(_case.id == was["finding_case"]))
    found_at = datetime.fromisoformat(was["decided_at"])
    return Withdrawn(was["position"], was["decided_by"], found_at, was["note"], row.actor, row.at, body["reason"],
                     was["finding_case"], str(key or was["finding_case"]))


def preview(uow: UnitOfWork, criteria: Mapping[str, str], by: str, size: int) -> Preview:
    """What `draw` would take now, without drawing."""
    found = population.find(uow, criteria, by)
    return Preview(found.count, found.sizes, selection.allocate(found.sizes, size))


def redraw(uow: UnitOfWork, sample: Row) -> Redrawn:
    """Draw a sample again from what is kept of it, and compare."""
    by = canonical.loads(sample.strata)["by"]
    found = population.find(uow, canonical.loads(sample.criteria), by)
    again = {case_id for _, case_id in selection.select(sample.seed, found.strata, sample.size)}
    kept = {row.instance_id for row in uow.rows(sa.select(_item.instance_id).where(_item.sample_id == sample.id))}
    return Redrawn(found.count, found.digest, found.digest == sample.population_digest, sorted(kept - again),
                   sorted(again - kept))
