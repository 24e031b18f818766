"""Audit samples: drawn so that anybody can draw them again, checked case by case, closed with a rate.

Each verb is an event of the chain `organization`, subject `sample:<id>`. A finding starts a case of its own: as a job of the
very transaction that keeps the finding, so that it is started once, whoever presses twice and whichever worker dies.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from engine import bundles, canonical, history, identity, ids, job_rows
from engine.audit import population, selection
from engine.errors import AlreadyChanged, Conflict, Forbidden, InvalidValue, NotFound
from engine.tables import audit_sample, audit_sample_item, process_instance
from engine.unit_of_work import UnitOfWork

ANSWERS = ("yes", "no", "not_applicable")
"""A question answered with no makes the case a finding."""
LARGEST = 500
MOST_QUESTIONS = 30
LONGEST_TITLE = 200
LONGEST_SEED = 100
LONGEST_TEXT = 4_000
Row = sa.Row[Any]
Question = Mapping[str, str]
"""`id`, `clause`, `zh`, `en`: what is asked of every case, the English may be missing."""

_item = audit_sample_item.c
_SAMPLE = sa.select(audit_sample).where(audit_sample.c.id == sa.bindparam("sample"))
_ITEM = sa.select(audit_sample_item).where(_item.sample_id == sa.bindparam("sample"), _item.position == sa.bindparam("position"))


@dataclass(frozen=True, slots=True)
class FollowUp:
    """The case that a finding starts: of which process, and with which variables."""

    process_key: str
    variables: Mapping[str, Any]


# ------------------------------------------------------------------ draw
def draw(uow: UnitOfWork, *, title: str, criteria: Mapping[str, str], by: str, size: int, questions: Sequence[Question],
         seed: str = "") -> str:
    """Draw a sample of `size` cases from those that fit checked criteria, split by `by`; returns its id.

    Without a seed one is drawn by lot. Raises `Forbidden`, `InvalidValue`, `Conflict` where no case fits.
    """
    _must_audit(uow)
    _check(title, by, size, seed, questions)
    found = population.find(uow, criteria, by)
    if not found.count:
        raise Conflict("sample_no_cases")
    sample_id, seed = ids.new(uow.now), seed or secrets.token_hex(8)
    drawn = selection.select(seed, found.strata, size)
    taken = {stratum: sum(each == stratum for each, _ in drawn) for stratum in found.sizes}
    row = {"title": title, "criteria": canonical.dumps(dict(criteria)), "size": len(drawn), "seed": seed,
           "strata": canonical.dumps({"by": by, "population": found.sizes, "sample": taken}), "population": found.count,
           "population_digest": found.digest, "questions": canonical.dumps([dict(each) for each in questions])}
    uow.execute(sa.insert(audit_sample).values(id=sample_id, **row, created_by=uow.actor.id, created_at=uow.now))
    uow.execute(sa.insert(audit_sample_item), [
        {"sample_id": sample_id, "position": position, "instance_id": case_id, "stratum": stratum, "status": "open",
         "answers": "{}", "note": "", "revision": 1} for position, (stratum, case_id) in enumerate(drawn, 1)])
    history.record_change(uow, "draw_sample", subject=f"sample:{sample_id}", before=None, after={
        **row, "criteria": dict(criteria), "strata": {"by": by, "population": found.sizes, "sample": taken},
        "questions": [dict(each) for each in questions], "cases": [case_id for _, case_id in drawn]})
    return sample_id


def _check(title: str, by: str, size: int, seed: str, questions: Sequence[Question]) -> None:
    if not title.strip() or len(title) > LONGEST_TITLE:
        raise InvalidValue("sample_title", field="title", value=title[:50], limit=LONGEST_TITLE)
    if by not in population.STRATA:
        raise InvalidValue("sample_criteria", field="by", value=by)
    if not 1 <= size <= LARGEST:
        raise InvalidValue("sample_size", field="size", value=size, limit=LARGEST)
    if len(seed) > LONGEST_SEED:
        raise InvalidValue("sample_seed", field="seed", value=seed[:20], limit=LONGEST_SEED)
    names = [each["id"] for each in questions]
    if not questions or len(questions) > MOST_QUESTIONS or len(set(names)) != len(names):
        raise InvalidValue("sample_questions", field="questions", value=len(questions), limit=MOST_QUESTIONS)


# ------------------------------------------------------------------ decide, close
def decide(uow: UnitOfWork, sample_id: str, position: int, *, answers: Mapping[str, str], note: str, revision: int,
           follow_up: FollowUp | None = None) -> str:
    """Keep what was found of a case; its status: conforms | finding. A finding starts `follow_up` and stands until `withdraw`.

    Raises `AlreadyChanged` over another revision, `Conflict` for a closed sample or a finding, `InvalidValue`.
    """
    sample = _open_sample(uow, sample_id)
    row = item(uow, sample_id, position)
    if row.status == "finding":
        raise AlreadyChanged("sample_item_finding", who=row.decided_by, at=row.decided_at)
    if row.revision != revision:
        raise AlreadyChanged("sample_item_changed", who=row.decided_by, at=row.decided_at)
    status = _judged(sample, answers, note, follow_up)
    here = (_item.sample_id == sample_id, _item.position == position)
    uow.execute(sa.update(audit_sample_item).where(*here).values(
        status=status, answers=canonical.dumps(dict(answers)), note=note, revision=revision + 1, decided_by=uow.actor.id,
        decided_at=uow.now))
    if status == "finding" and follow_up is not None:
        _start(uow, row, follow_up)
    history.record_change(uow, "decide_sample_item", subject=f"sample:{sample_id}", before=_told(row), after={
        "position": position, "case": row.instance_id, "status": status, "answers": dict(answers), "note": note})
    return status


def _judged(sample: Row, answers: Mapping[str, str], note: str, follow_up: FollowUp | None) -> str:
    """The status that the answers make. `InvalidValue` for a question without one, or a finding without words."""
    asked = {each["id"] for each in canonical.loads(sample.questions)}
    if set(answers) != asked or not set(answers.values()) <= set(ANSWERS):
        raise InvalidValue("sample_answers", field="answers", value=len(asked - set(answers)))
    if len(note) > LONGEST_TEXT:
        raise InvalidValue("sample_note_long", field="note", value=len(note), limit=LONGEST_TEXT)
    if "no" not in answers.values():
        return "conforms"
    if not note.strip() or follow_up is None:
        raise InvalidValue("sample_note", field="note", value=note)
    return "finding"


def _start(uow: UnitOfWork, row: Row, follow_up: FollowUp) -> None:
    """The follow-up case of a finding, in a transaction of its own; it comes from the audited case, of whose office it is."""
    if bundles.latest(uow, "process", follow_up.process_key) is None:
        raise NotFound(kind="process", id=follow_up.process_key)
    case, places = case_of(uow, row.sample_id, row.position), [each.id for each in identity.offices(uow) if each.is_active]
    told = {**follow_up.variables, "audit_sample": row.sample_id, "audit_position": row.position, "found_by": uow.actor.id}
    job_rows.enqueue(uow, "start", process_key=follow_up.process_key, instance_id=row.instance_id,
                     arguments={"variables": told, "office": next((each for each in places if each == case.office), None)})


def link_finding(uow: UnitOfWork, case_id: str, variables: Mapping[str, Any]) -> bool:
    """Note that `case_id` is the case that a finding started, if it is: it came from the audited case, and is the first."""
    case = uow.row(sa.select(process_instance.c.came_from).where(process_instance.c.id == case_id))
    if case is None or case.came_from is None or "audit_sample" not in variables:
        return False
    here = (_item.sample_id == variables["audit_sample"], _item.position == variables.get("audit_position"),
            _item.instance_id == case.came_from, _item.status == "finding", _item.finding_case.is_(None))
    return bool(uow.execute(sa.update(audit_sample_item).where(*here).values(finding_case=case_id)).rowcount)


def withdraw(uow: UnitOfWork, sample_id: str, position: int, *, reason: str, revision: int) -> Row:
    """Take back a finding that was recorded by mistake: the case is to be checked anew, the record keeps finding and reason.

    Gives the item as it was; the case that the finding started goes on, for its people to decide. Raises `InvalidValue` without
    a reason, `AlreadyChanged` over another revision, `Conflict` for what is no finding or whose case is not started yet.
    """
    _open_sample(uow, sample_id)
    row = item(uow, sample_id, position)
    if row.revision != revision:
        raise AlreadyChanged("sample_item_changed", who=row.decided_by, at=row.decided_at)
    if row.status != "finding" or row.finding_case is None:
        raise Conflict("sample_finding_starting" if row.status == "finding" else "sample_no_finding", position=position)
    if not reason.strip() or len(reason) > LONGEST_TEXT:
        raise InvalidValue("reason_missing" if not reason.strip() else "sample_note_long", field="reason", value=len(reason),
                           limit=LONGEST_TEXT)
    here = (_item.sample_id == sample_id, _item.position == position)
    uow.execute(sa.update(audit_sample_item).where(*here).values(
        status="open", answers="{}", note="", revision=revision + 1, decided_by=None, decided_at=None, finding_case=None))
    history.record_change(uow, "withdraw_finding", subject=f"sample:{sample_id}", reason=reason.strip(), before={
        **_told(row), "decided_by": row.decided_by, "decided_at": history.iso(row.decided_at), "finding_case": row.finding_case},
        after={"position": position, "case": row.instance_id, "status": "open", "answers": {}, "note": ""})
    return row


def close(uow: UnitOfWork, sample_id: str) -> None:
    """Close a sample of which every case is decided: nothing of it changes any more. `Conflict` while one is open."""
    _open_sample(uow, sample_id)
    numbers = counts(uow, sample_id)
    if numbers["open"]:
        raise Conflict("sample_open_items", open=numbers["open"])
    uow.execute(sa.update(audit_sample).where(audit_sample.c.id == sample_id).values(closed_by=uow.actor.id, closed_at=uow.now))
    history.record_change(uow, "close_sample", subject=f"sample:{sample_id}", before=None, after=numbers)


def _open_sample(uow: UnitOfWork, sample_id: str) -> Row:
    """The sample, locked until the end: closing and deciding wait for one another."""
    _must_audit(uow)
    row = uow.row(_SAMPLE.with_for_update(), sample=sample_id)
    if row is None:
        raise NotFound(kind="audit_sample", id=sample_id)
    if row.closed_at is not None:
        raise AlreadyChanged("sample_closed", who=row.closed_by, at=row.closed_at)
    return row


def _must_audit(uow: UnitOfWork) -> None:
    if not identity.may_audit(uow.actor):
        raise Forbidden("may_not_audit")


def _told(row: Row) -> dict[str, Any]:
    return {"position": row.position, "case": row.instance_id, "status": row.status, "answers": canonical.loads(row.answers),
            "note": row.note}


# ------------------------------------------------------------------ read
def get(uow: UnitOfWork, sample_id: str) -> Row:
    """The row of a sample. `NotFound` if there is none."""
    row = uow.row(_SAMPLE, sample=sample_id)
    if row is None:
        raise NotFound(kind="audit_sample", id=sample_id)
    return row


def is_there(uow: UnitOfWork, sample_id: str) -> bool:
    """Whether there is such a sample."""
    return uow.row(_SAMPLE, sample=sample_id) is not None


def item(uow: UnitOfWork, sample_id: str, position: int) -> Row:
    """The row of an item. `NotFound` if there is none."""
    row = uow.row(_ITEM, sample=sample_id, position=position)
    if row is None:
        raise NotFound(kind="audit_sample_item", id=f"{sample_id}/{position}")
    return row


def case_of(uow: UnitOfWork, sample_id: str, position: int) -> Row:
    """The row of the case that an item is about. `NotFound` if there is none."""
    row = item(uow, sample_id, position)
    case = uow.row(sa.select(process_instance).where(process_instance.c.id == row.instance_id))
    if case is None:
        raise NotFound(kind="process_instance", id=row.instance_id)
    return case


def counts(uow: UnitOfWork, sample_id: str) -> dict[str, int]:
    """How many items are open, conform, are findings."""
    query = sa.select(_item.status, sa.func.count().label("n")).where(_item.sample_id == sample_id).group_by(_item.status)
    return {"open": 0, "conforms": 0, "finding": 0} | {row.status: row.n for row in uow.rows(query)}
