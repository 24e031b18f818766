"""Proof: the newest checkpoint and its age, what hinders it, a verification with progress, and what an auditor takes along."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Response, jsonify, request, stream_with_context, url_for
from flask_babel import gettext as _

from engine import case_list, history
from engine.audit import (
    checkpoint_verification,
    checkpoints,
    sampling,
    signing,
    standalone_verifier,
    verification,
    witness,
)
from engine.audit.verification import Finding
from engine.errors import NotFound
from engine.unit_of_work import UnitOfWork
from web.access import engine, needs, unit_of_work
from web.audit.room import must_audit, pages, show
from web.layout import words

OLD = timedelta(minutes=5)


@pages.get("/proof")
@needs("signed_in")
def proof() -> str:
    """The page; with `case` (a case number) that case is verified as well."""
    asked = request.args.get("case", "").strip()[:100]
    with unit_of_work(writes=False) as uow:
        must_audit(uow)
        rows, before = checkpoints.page(uow, before=request.args.get("before", type=int))
        newest = checkpoints.newest(uow)
        public = signing.known_public(uow.engine.settings.checkpoint_key)
        told = _told_case(uow, asked) if asked else None
        return show(uow, "proof", "proof", rows=rows, before=before, newest=newest, public=public, asked=asked,
                    age=words.span(uow.now - newest.at) if newest else "", is_old=_is_old(uow, newest),
                    warnings=_warnings(uow), file=uow.engine.settings.checkpoint_file, told=told)


@pages.get("/proof/slice")
@needs("signed_in")
def proof_slice() -> Response:
    """The next cases of a verification of everything, for the page's script; with `rest` what belongs to no case."""
    with unit_of_work(writes=False) as uow:
        must_audit(uow)
        if "rest" in request.args:
            found = (*verification.verify_rest(uow), *checkpoint_verification.verify(uow))
            return jsonify({"findings": [_finding(uow, each) for each in found]})
        part = verification.verify_slice(uow, request.args.get("after", ""))
        return jsonify({"done": part.done, "number": part.number, "after": part.after,
                        "findings": [_finding(uow, each) for each in part.findings]})


@pages.get("/proof/verifier.py")
@needs("signed_in")
def verifier() -> Response:
    """The stand-alone verifier, to be run elsewhere."""
    return _file(Path(standalone_verifier.__file__), "standalone_verifier.py", "text/x-python")


@pages.get("/proof/key.pub")
@needs("signed_in")
def public_key() -> Response:
    """The public key. `NotFound` while there is none."""
    return _file(Path(f"{engine().settings.checkpoint_key}.pub"), "checkpoint.key.pub", "application/x-pem-file")


@pages.get("/proof/checkpoints.jsonl")
@needs("signed_in")
def checkpoint_file() -> Response:
    """The file of checkpoints. `NotFound` while there is none."""
    return _file(Path(engine().settings.checkpoint_file), "checkpoints.jsonl", "application/x-ndjson")


def _file(path: Path, name: str, kind: str) -> Response:
    with unit_of_work(writes=False) as uow:
        must_audit(uow)
    if not path.is_file():
        raise NotFound(kind="file", id=name)
    response = Response(stream_with_context(_read(path)), mimetype=kind)
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


def _read(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        yield from iter(lambda: stream.read(1 << 16), b"")


def _is_old(uow: UnitOfWork, newest: checkpoints.Checkpoint | None) -> bool:
    """Whether something waits to be signed for longer than it should."""
    return newest is not None and uow.now - newest.at > OLD and checkpoints.waits(uow, newest, OLD)


def _warnings(uow: UnitOfWork) -> list[str]:
    """What hinders the proof, in words."""
    found = []
    if problem := witness.hindrance(uow):
        found.append(str(_("No checkpoint is made at present: %(problem)s", problem=problem)))
    try:
        if missing := witness.behind(uow):
            found.append(str(_("The file lacks %(n)s checkpoints; they are appended within the minute.", n=missing)))
    except OSError as problem:
        found.append(str(_("The file of checkpoints cannot be read: %(problem)s", problem=problem.strerror)))
    return found


def _told_case(uow: UnitOfWork, asked: str) -> dict[str, Any]:
    """What the verification of one case says; `row` None where there is no such case."""
    row = case_list.by_number(uow, asked)
    found = [] if row is None else [*verification.verify_case(uow, row), *checkpoint_verification.verify_case(uow, row.id)]
    return {"row": row, "findings": [_finding(uow, each) for each in found]}


def _finding(uow: UnitOfWork, found: Finding) -> dict[str, Any]:
    """A finding in words."""
    number = case_list.number_of(uow, found.instance_id)
    chain, address = _chains().get(found.instance_id, found.instance_id), ""
    if number:
        chain, address = number, url_for("audit.film_page", case_id=found.instance_id, at=found.seq or None)
    elif found.kind == "sample" and sampling.is_there(uow, found.instance_id):
        chain, address = sampling.get(uow, found.instance_id).title, url_for("audit.sample", sample_id=found.instance_id)
    return {"chain": chain, "address": address, "seq": found.seq, "words": _kinds().get(found.kind, found.kind),
            "detail": found.detail}


def _chains() -> dict[str, str]:
    """What the chains that belong to no case are called."""
    return {history.ORGANIZATION: str(_("Changes by administrators")), checkpoints.ACCESS: str(_("Who looked")),
            checkpoint_verification.CHAIN: str(_("Checkpoints"))}


def _kinds() -> dict[str, str]:
    return {**_mirrors(),
        "chain": str(_("a row was changed, removed, inserted or swapped")), "head": str(_("the chain does not end at its head")),
        "variable": str(_("an entry was changed outside the record")), "state": str(_("the state is not that of the last event")),
        "resource": str(_("a stored diagram or form was changed")), "no_instance": str(_("events without their case")),
        "approval": str(_("a version is not what was approved")), "checkpoint": str(_("a checkpoint does not hold")),
        "signed_otherwise": str(_("a checkpoint signed other rows")), "rolled_back": str(_("the database was rolled back")),
        "access": str(_("the log of who looked is not what a checkpoint signed")),
        "tombstone": str(_("details are gone without a decision of two people on the record")),
        "destruction": str(_("a record is said to be destroyed, and the record of changes does not say so"))}


def _mirrors() -> dict[str, str]:
    """Rows beside the record, from which lists, figures and conformance are made."""
    return {
        "case": str(_("the row of the case is not what the record says")),
        "activity": str(_("a step's times or performer are not what the record says")),
        "task": str(_("who completed a task, or when, is not what the record says")),
        "comment": str(_("a comment is not what the record says")),
        "document": str(_("a photo or file is not the one on the record")),
        "document_bytes": str(_("the bytes of a photo or file were changed")),
        "sample": str(_("a sample or its judgement is not what the record says")),
        "retention": str(_("how long a record is kept is not what the record says")),
        "definition": str(_("a diagram, form or decision that cases ran on is gone"))}
