"""State by replay: run the engine again over the inputs that the record kept, and compare the digest after every event."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine import bundles, canonical, step
from engine.bundles import Bundle
from engine.errors import EngineError
from engine.evaluation import CaseEnvironment, Limits
from engine.spiff.steps import State, empty
from engine.tables import history_body, history_event, process_instance
from engine.unit_of_work import UnitOfWork
from engine.variables import ScopedVariables

GONE = "its body is gone"
"""The error of the first event that cannot be recomputed; no moment comes behind it."""
SLICE = 200


@dataclass(frozen=True, slots=True)
class Moment:
    """A case after one event, as recomputed; `body` is what the record says of the event, None where it is gone."""

    seq: int
    command: str
    element: str | None
    state: State
    variables: ScopedVariables
    recorded: str
    digest: str
    error: str | None = None
    trace: tuple[Mapping[str, Any], ...] = ()
    bundle_id: str = ""
    body: Mapping[str, Any] | None = field(default=None, repr=False)

    @property
    def is_same(self) -> bool:
        """Whether the recorded and the recomputed state are equal."""
        return self.error is None and self.digest == self.recorded


def recompute(uow: UnitOfWork, instance_id: str, *, since: Moment | None = None, limit: int | None = None) -> Iterator[Moment]:
    """Every event of a case in order, each with the state that the engine reaches from its recorded inputs.

    `since` goes on behind an earlier moment, `limit` bounds the number of events. Ends at an event whose body is `GONE`;
    `destruction.of_case` says by which decision, if by one.
    """
    business_key = uow.scalar(sa.select(process_instance.c.business_key).where(process_instance.c.id == instance_id))
    state, known = (since.state, since.variables) if since else (empty(), ScopedVariables())
    for event in _events(uow, instance_id, since.seq if since else 0, limit):
        if event.body is None:
            yield Moment(event.seq, event.command, event.element, state, known, "", "", GONE, bundle_id=event.bundle_id)
            return
        body = canonical.loads(bytes(event.body))
        moment = _apply(uow, event, body, state, known, business_key or "")
        state, known = moment.state, moment.variables
        yield moment


def _events(uow: UnitOfWork, instance_id: str, after: int, limit: int | None) -> Iterator[sa.Row[Any]]:
    same = sa.and_(history_body.c.instance_id == history_event.c.instance_id, history_body.c.seq == history_event.c.seq)
    query = sa.select(history_event, history_body.c.body).outerjoin(history_body, same).where(
        history_event.c.instance_id == instance_id).order_by(history_event.c.seq)
    left = limit
    while left is None or left > 0:
        rows = uow.rows(query.where(history_event.c.seq > after).limit(SLICE if left is None else min(left, SLICE)))
        yield from rows
        if len(rows) < SLICE:
            return
        after, left = rows[-1].seq, None if left is None else left - len(rows)


def _apply(uow: UnitOfWork, event: sa.Row[Any], body: dict[str, Any], state: State, known: ScopedVariables,  # noqa: PLR0917 - one event's parts
           business_key: str) -> Moment:
    bundle, settings = bundles.load(uow, event.bundle_id), uow.engine.settings
    variables = known.fresh(settings.max_variable_bytes)
    migrates = event.command == "migrate"
    if not migrates:
        step.open_scopes(bundle.spec, state, variables)
    for name, value in body["set"].items():
        variables.write(body["scope"], name, value)
    environment = CaseEnvironment(
        bundle.processes, bundle.decisions, variables, datetime.fromisoformat(body["now"]), business_key,
        Limits(settings.max_steps, settings.max_children))
    head, told = (event.seq, event.command, event.element), {"bundle_id": event.bundle_id, "body": body}
    try:
        if migrates:
            applied = _migrated(uow, bundle, state, body["inputs"], environment)
        else:
            applied = step.apply(bundle.spec, state, step.from_json(body["step"]), environment)
    except EngineError as problem:
        return Moment(*head, state, variables, body["digest"], "", str(problem), **told)
    trace = tuple(step.as_json(entry) or {} for entry in applied.trace)
    return Moment(*head, applied.state, variables, body["digest"], applied.digest, None, trace, **told)


def _migrated(uow: UnitOfWork, bundle: Bundle, state: State, inputs: dict[str, Any],
              environment: CaseEnvironment) -> step.Applied:
    """The way to another version, or back to how it was before, as the record says it was taken."""
    if "earlier" in inputs:
        return step.restore(bundle.spec, state, inputs["earlier"], environment)
    return step.migrate(bundles.load(uow, inputs["source"]).spec, bundle.spec, state, inputs["mapping"], environment)
