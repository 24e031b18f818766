"""Verification: every chain to its head, every body to its digest, every diagram to its name and approval, the state to the
last body. A missing body is right if, and only if, its tombstone stands and the decision that it names (`tombstones`).

A whole case that was removed leaves no trace in the other chains: that is what the checkpoints are for
(`checkpoint_verification`).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from engine import canonical, history
from engine.audit import mirrors, tombstones
from engine.tables import (
    bundle,
    definition,
    document_content,
    history_body,
    history_event,
    model_draft,
    process_instance,
    record_chain,
    resource,
    tombstone,
    variable,
)
from engine.unit_of_work import UnitOfWork

FORGED = (LookupError, TypeError, ValueError, AttributeError)
"""What reading meets in a body that no command of ours wrote, though the chain was made to fit to it."""


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of a verification: how many cases of how many are done, after which it goes on (None: the end), what was found."""

    done: int
    number: int
    after: str | None
    findings: tuple["Finding", ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not agree: the first bad row of a case or a stored diagram."""

    kind: str
    instance_id: str
    seq: int | None
    detail: str


def verify(uow: UnitOfWork, tell: Callable[[int, int], object] = lambda _done, _all: None) -> Iterator[Finding]:
    """Every disagreement in the whole database, case by case; `tell` hears how many cases of how many are done."""
    every = cases(uow)
    for number, row in enumerate(every):
        tell(number, len(every))
        yield from verify_case(uow, row)
    yield from verify_rest(uow)


def verify_rest(uow: UnitOfWork) -> Iterator[Finding]:
    """What belongs to no case: stored files, other chains, approvals, chains without their case."""
    yield from _resources(uow)
    for row in uow.rows(sa.select(record_chain)):
        yield from verify_chain(uow, row)
    yield from _approved(uow)
    for detail in tombstones.unrecorded(uow):
        yield Finding("destruction", "", None, detail)
    yield from _readable("sample", (Finding("sample", *told) for told in mirrors.samples(uow)))
    yield from _readable("retention", (Finding("retention", history.ORGANIZATION, *told) for told in mirrors.periods(uow)))
    yield from _documents(uow)
    yield from _definitions(uow)
    known = sa.select(process_instance.c.id).union(sa.select(record_chain.c.id))
    strays = sa.select(history_event.c.instance_id).where(history_event.c.instance_id.not_in(known)).distinct()
    for stray in uow.rows(strays):
        yield Finding("no_instance", stray.instance_id, None, "a chain without its case")


def verify_slice(uow: UnitOfWork, after: str, limit: int = 50) -> Slice:
    """The next cases by id after `after` ("" at the begin), so that a page can show how far it is."""
    rows = uow.rows(sa.select(process_instance).where(process_instance.c.id > after).order_by(process_instance.c.id).limit(limit))
    number = uow.scalar(sa.select(sa.func.count()).select_from(process_instance))
    last = rows[-1].id if rows else after
    done = uow.scalar(sa.select(sa.func.count()).select_from(process_instance).where(process_instance.c.id <= last))
    found = tuple(finding for row in rows for finding in verify_case(uow, row))
    return Slice(done, number, last if len(rows) == limit else None, found)


def cases(uow: UnitOfWork) -> list[sa.Row[Any]]:
    """The rows of all cases, by id."""
    return uow.rows(sa.select(process_instance).order_by(process_instance.c.id))


def verify_case(uow: UnitOfWork, row: sa.Row[Any]) -> Iterator[Finding]:
    """The disagreements of one case: the first broken link, then the state, then the rows that mirror the record."""
    told = mirrors.Told()
    last, problem = _walk(uow, row, told.take)
    if problem:
        yield problem
    elif last is not None and last.body is not None:
        yield from _state(uow, row, canonical.loads(bytes(last.body)))
        for kind, seq, detail in mirrors.unlike(uow, row, told):
            yield Finding(kind, row.id, seq, detail)


def verify_chain(uow: UnitOfWork, row: sa.Row[Any]) -> Iterator[Finding]:
    """The first broken link of a chain that belongs to no case; `row` is of `record_chain`."""
    _, problem = _walk(uow, row)
    if problem:
        yield problem


def _walk(uow: UnitOfWork, row: sa.Row[Any], take: Callable[[sa.Row[Any]], object] = lambda _event: None,
          ) -> tuple[sa.Row[Any] | None, Finding | None]:
    """The last event of the chain whose head is on `row`, and the first link that does not hold; `take` reads those that do."""
    prev, seq, last = history.GENESIS, 0, None
    buried: dict[str, list[tuple[int, str]]] = {}
    for event in _events(uow, row.id):
        seq += 1
        problem = _problem(event, seq, prev, take)
        if problem:
            return last, Finding("chain", row.id, event.seq, problem)
        prev, last = event.hash, event
        if event.buried_by is not None:
            buried.setdefault(event.buried_by, []).append((event.seq, event.body_digest))
    undecided = tombstones.undecided(uow, row.id, buried)
    if undecided:
        return last, Finding("tombstone", row.id, *undecided)
    is_whole = (seq, prev) == (row.head_seq, row.head_hash)
    return last, None if is_whole else Finding("head", row.id, seq, "the chain does not end at the head on its row")


def _problem(event: sa.Row[Any], seq: int, prev: str, take: Callable[[sa.Row[Any]], object]) -> str | None:
    """Why a link does not hold. Whoever makes a chain fit to a body of their own need not know what such a body has."""
    try:
        problem = _link(event, seq, prev)
        if problem is None:
            take(event)
    except FORGED:
        return f"it has not what an event of a command {event.command} has"
    return problem


def _readable(kind: str, found: Iterator[Finding]) -> Iterator[Finding]:
    try:
        yield from found
    except FORGED:
        yield Finding(kind, history.ORGANIZATION, None, "an event that tells of it has a body that is none")


def _events(uow: UnitOfWork, instance_id: str) -> list[sa.Row[Any]]:
    return uow.rows(_CHAIN, instance=instance_id)


_CHAIN = sa.select(
    history_event, history_body.c.salt, history_body.c.body, tombstone.c.destruction_id.label("buried_by"),
    tombstone.c.body_digest.label("buried_digest")).outerjoin(history_body, sa.and_(
        history_body.c.instance_id == history_event.c.instance_id, history_body.c.seq == history_event.c.seq)).outerjoin(
    tombstone, sa.and_(tombstone.c.instance_id == history_event.c.instance_id, tombstone.c.seq == history_event.c.seq)).where(
    history_event.c.instance_id == sa.bindparam("instance")).order_by(history_event.c.seq)


def _link(event: sa.Row[Any], seq: int, prev: str) -> str | None:
    if event.seq != seq:
        return f"event {seq} is missing"
    if event.prev != prev:
        return "it does not name the hash before it"
    if history.event_hash(event._asdict()) != event.hash:
        return "its header does not give its hash"
    return _buried(event) if event.buried_by is not None else _body(event)


def _body(event: sa.Row[Any]) -> str | None:
    if event.body is None:
        return "its body is gone"
    if history.body_digest(bytes(event.salt), bytes(event.body)) != event.body_digest:
        return "its body does not give its digest"
    return None


def _buried(event: sa.Row[Any]) -> str | None:
    if event.body is not None:
        return "its body stands beside its tombstone"
    return None if event.buried_digest == event.body_digest else "its tombstone has another digest"


def _state(uow: UnitOfWork, row: sa.Row[Any], body: dict[str, Any]) -> Iterator[Finding]:
    rows = uow.rows(_VARIABLES, instance=row.id)
    for each in rows:
        if canonical.digest(each.value) != each.digest:
            yield Finding("variable", row.id, row.head_seq, f"variable {each.name} was changed")
    digests = sorted([each.scope, each.name, canonical.digest(each.value)] for each in rows)
    found = canonical.digest(canonical.dumps({"tokens": canonical.loads(row.tokens), "variables": digests}))
    if found != body.get("digest"):
        yield Finding("state", row.id, row.head_seq, "tokens or variables are not those of the last event")


_VARIABLES = sa.select(variable).where(variable.c.instance_id == sa.bindparam("instance")).order_by(
    variable.c.scope, variable.c.name)


def _resources(uow: UnitOfWork) -> Iterator[Finding]:
    for row in uow.rows(sa.select(resource)):
        if canonical.digest(bytes(row.bytes)) != row.sha256:
            yield Finding("resource", "", None, f"the stored file {row.sha256} was changed")


def _definitions(uow: UnitOfWork) -> Iterator[Finding]:
    """Bundles that events name and that are gone, or name definitions or files that are."""
    bundles = {row.id: canonical.loads(row.members) for row in uow.rows(sa.select(bundle.c.id, bundle.c.members))}
    there = {row.id for row in uow.rows(sa.select(definition.c.id).join(resource, resource.c.sha256 == definition.c.sha256))}
    for row in uow.rows(sa.select(history_event.c.bundle_id).where(history_event.c.bundle_id != "").distinct()):
        members = bundles.get(row.bundle_id)
        gone = {each for kind in (members or {}).values() for each in kind.values()} - there
        if members is None or gone:
            yield Finding("definition", "", None, f"of the bundle {row.bundle_id}: {', '.join(sorted(gone)) or 'all of it'}")


def _documents(uow: UnitOfWork) -> Iterator[Finding]:
    """Photos and files whose stored bytes are not those that were added; in an object store their name is their digest."""
    there = sa.select(document_content.c.sha256).where(document_content.c.bytes.is_not(None))
    for name in [row.sha256 for row in uow.rows(there)]:  # one at a time: together they may be larger than the memory
        data = uow.scalar(sa.select(document_content.c.bytes).where(document_content.c.sha256 == name))
        if canonical.digest(bytes(data)) != name:
            yield Finding("document_bytes", "", None, f"the stored photo or file {name} was changed")


def _approved(uow: UnitOfWork) -> Iterator[Finding]:
    """Versions that came from a draft are the files whose digest the record says was approved."""
    made = sa.select(model_draft.c.id, definition.c.id.label("version"), definition.c.resource_name, definition.c.sha256).join(
        definition, definition.c.deployment_id == model_draft.c.deployment_id).order_by(definition.c.id)
    files: dict[str, dict[str, str]] = {}
    for row in uow.rows(made):
        if row.id not in files:
            files[row.id] = _approved_files(uow, row.id)
        if files[row.id].get(row.resource_name) != row.sha256:
            yield Finding("approval", "", None, f"{row.version} is not what was approved with draft {row.id}")


def _approved_files(uow: UnitOfWork, draft: str) -> dict[str, str]:
    """File name → SHA-256 of the submission that was approved last; empty where the record knows of none."""
    same = sa.and_(history_body.c.instance_id == history_event.c.instance_id, history_body.c.seq == history_event.c.seq)
    rows = uow.rows(sa.select(history_event.c.command, history_body.c.body).join(history_body, same).where(
        history_event.c.instance_id == history.ORGANIZATION, history_event.c.element == f"draft:{draft}",
        history_event.c.command.in_(("submit_draft", "approve_draft"))).order_by(history_event.c.seq.desc()))
    told = [(row.command, canonical.loads(bytes(row.body))["after"]) for row in rows]
    approved = next((after["digest"] for command, after in told if command == "approve_draft"), None)
    files: dict[str, str] = next((after["files"] for command, after in told
                                  if command == "submit_draft" and after["digest"] == approved), {})
    return files if canonical.digest(canonical.dumps(files)) == approved else {}
