"""The states that the engine reaches again against those that were stored: all equal, or the first difference in full.

After every event the digest is compared, after the last one the stored tokens and variables, too. A difference is reported
with the tokens and entries that are known to differ; what follows from a body that is gone cannot be recomputed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from engine import canonical, cases
from engine.audit import recomputation
from engine.audit.recomputation import GONE, Moment
from engine.spiff.steps import State
from engine.tables import process_instance, variable
from engine.unit_of_work import UnitOfWork
from engine.variables import ScopedVariables

Known = Mapping[tuple[int, str], str]
"""(scope, variable) → SHA-256 of its value"""


@dataclass(frozen=True, slots=True)
class Unlike:
    """One token or entry as the record or the database has it, and as the engine reaches it; None where there is none.

    `kind` is token (subject: its number), move (subject: token and what it did) or variable (subject: scope and name).
    """

    kind: str
    subject: str
    recorded: Any
    recomputed: Any


@dataclass(frozen=True, slots=True)
class Difference:
    """The first event whose state differs, or what is stored behind the last one (`is_stored`); `error`: the engine refused."""

    seq: int
    command: str
    element: str | None
    recorded: str
    recomputed: str
    unlike: tuple[Unlike, ...]
    error: str = ""
    is_stored: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """So many events were compared and equal so far, of `total`; it is over with `is_done`.

    `difference` ends it, and so does `lost`: the number of the first event whose body is gone.
    """

    equal: int
    total: int
    is_done: bool = False
    difference: Difference | None = None
    lost: int | None = None
    last: Moment | None = None


def go_on(uow: UnitOfWork, case_id: str, before: Progress | None = None, limit: int = 200) -> Progress:
    """Compare `limit` more events of a case. `NotFound`, `Forbidden` as `cases.instance`."""
    row = cases.instance(uow, case_id)
    equal, last = (before.equal, before.last) if before else (0, None)
    for moment in recomputation.recompute(uow, case_id, since=last, limit=limit):
        if moment.error == GONE:
            return Progress(equal, row.head_seq, is_done=True, lost=moment.seq, last=last)
        if not moment.is_same:
            return Progress(equal, row.head_seq, is_done=True, difference=_difference(moment), last=moment)
        equal, last = equal + 1, moment
    if last is None or last.seq < row.head_seq:
        is_stuck = before is not None and equal == before.equal  # the last events of the record are not there
        return Progress(equal, row.head_seq, is_done=is_stuck, lost=equal + 1 if is_stuck else None, last=last)
    return Progress(equal, row.head_seq, is_done=True, difference=_stored(uow, row, last), last=last)


def at(uow: UnitOfWork, case_id: str, seq: int) -> Moment | None:
    """The case after event `seq`, recomputed from its beginning; None where the record does not reach that far."""
    cases.instance(uow, case_id)
    found = [moment for moment in recomputation.recompute(uow, case_id, limit=seq) if moment.seq == seq]
    return found[0] if found and found[0].error is None else None


# ------------------------------------------------------------------ what differs
def _difference(moment: Moment) -> Difference:
    body = moment.body or {}
    unlike = (*_moves(body.get("trace", ()), moment.trace), *_changes(body, moment.variables))
    return Difference(moment.seq, moment.command, moment.element, moment.recorded, moment.digest, unlike, moment.error or "")


def _moves(recorded: Any, recomputed: Any) -> Iterator[Unlike]:
    """What tokens did: the recorded trace against the recomputed one."""
    here = [_did(one) for one in recorded]
    there = [_did(one) for one in recomputed]
    for did in dict.fromkeys([*here, *there]):
        if here.count(did) != there.count(did):
            token, kind, element = did
            yield Unlike("move", f"{token} {kind}", element if did in here else None, element if did in there else None)


def _did(one: Mapping[str, Any]) -> tuple[int, str, str]:
    return one["token"], one["kind"], one["element"]


def _changes(body: Mapping[str, Any], variables: ScopedVariables) -> Iterator[Unlike]:
    """Entries that the event set to another value than the engine does."""
    here = {(scope, name): canonical.dumps(value) for scope, name, value in body.get("changed", ())}
    there = {key: stored.text or "null" for key, stored in variables.changed.items()}
    yield from _entries(here, there)


def _entries(here: Mapping[tuple[int, str], str], there: Mapping[tuple[int, str], str]) -> Iterator[Unlike]:
    for scope, name in sorted({*here, *there}):
        before, after = here.get((scope, name)), there.get((scope, name))
        if before != after:
            yield Unlike("variable", f"{scope} {name}", canonical.loads(before) if before is not None else None,
                         canonical.loads(after) if after is not None else None)


def _stored(uow: UnitOfWork, row: sa.Row[Any], last: Moment) -> Difference | None:
    """The tokens and variables in the database against those after the last event."""
    state: State = canonical.loads(uow.scalar(sa.select(process_instance.c.tokens).where(process_instance.c.id == row.id)))
    rows = uow.rows(sa.select(variable.c.scope, variable.c.name, variable.c.value).where(variable.c.instance_id == row.id))
    here = {(each.scope, each.name): each.value for each in rows}
    there = {(scope, name): canonical.dumps(value) for scope in {scope for scope, *_ in last.variables.digests()}
             for name, value in last.variables.local(scope).items()}
    unlike = (*_tokens(state, last.state), *_entries(here, there))
    if not unlike:
        return None
    found = canonical.digest(canonical.dumps({"tokens": state, "variables": sorted(
        [scope, name, canonical.digest(text)] for (scope, name), text in here.items())}))
    return Difference(last.seq, last.command, last.element, found, last.digest, unlike, is_stored=True)


def _tokens(here: State, there: State) -> Iterator[Unlike]:
    stored, reached = ({row["id"]: dict(row) for row in state["tokens"]} for state in (here, there))
    for token in sorted({*stored, *reached}):
        if stored.get(token) != reached.get(token):
            yield Unlike("token", str(token), stored.get(token), reached.get(token))
    if here["next"] != there["next"]:
        yield Unlike("token", "next", here["next"], there["next"])
