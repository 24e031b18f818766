"""One case that proves itself: its record as stored, definitions and documents as bytes, the way to signed checkpoints."""

import io
import re
import zipfile
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from engine import canonical, documents, history
from engine.audit import checkpoints, merkle, standalone_verifier, witness
from engine.audit.checkpoints import Checkpoint
from engine.audit.signing import Key
from engine.documents import Content
from engine.errors import Conflict, EngineError
from engine.settings import Settings
from engine.tables import (
    bundle,
    checkpoint,
    checkpoint_leaf,
    definition,
    document,
    history_body,
    history_event,
    resource,
    tombstone,
)
from engine.unit_of_work import UnitOfWork

DOMAIN = "fuwuflow/dossier/1"
LEAVES = 100  # checkpoints of one case that a dossier proves; the newest count
HEADER = ("instance_id", "seq", "at", "actor", "on_behalf_of", "command", "element", "bundle_id", "body_digest", "prev", "hash")
Files = dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Record:
    """What the dossier of a case has of its own: the rows of its record, its proof, its definitions, its documents."""

    events: tuple[Mapping[str, Any], ...]
    proof: Mapping[str, Any]
    definitions: Files
    documents: Mapping[str, Content]


def sign_now(uow: UnitOfWork, key: Key, case_id: str, file: str) -> None:
    """Put the export on the record and sign what is there, so that the end of the case is proven too."""
    if witness.gaps(uow):
        raise Conflict("gap_unanswered")
    history.record_change(uow, "export", subject=f"case:{case_id}", before=None, after={"file": file})
    checkpoints.make(uow, key)


def record(uow: UnitOfWork, case: sa.Row[Any]) -> Record:
    """Everything of a case that the database has; `case` is its row, which the caller may see."""
    events = _events(uow, case.id)
    bundles = {row.id: {"root": row.root, "members": canonical.loads(row.members)} for row in uow.rows(
        sa.select(bundle).where(bundle.c.id.in_({event["bundle_id"] for event in events})))}
    told, files = _definitions(uow, bundles)
    there = sa.select(document).where(document.c.instance_id == case.id, document.c.removed_at.is_(None))
    found = {f"documents/{row.id}{_suffix(row.name)}": documents.content(uow, row.id)
             for row in uow.rows(there.order_by(document.c.added_at, document.c.id))}
    proof = {"chain": case.id, "head": [case.head_seq, case.head_hash], "leaves": _leaves(uow, case.id), "bundles": bundles,
             "definitions": told, "documents": sorted(found)}
    return Record(tuple(events), proof, files, found)


def files_of(settings: Settings, found: Record) -> Files:
    """The files of the record; documents may lie in an object store, so this is called outside any transaction."""
    there, proof = {}, dict(found.proof)
    for name, content in found.documents.items():
        try:
            there[name] = documents.bytes_of(settings, content)
        except EngineError:  # retention destroyed the bytes, or the store lost them: the record says which they were
            proof["documents"] = [each for each in proof["documents"] if each != name]
    lines = "".join(f"{canonical.dumps(dict(event))}\n" for event in found.events)
    return {"record.jsonl": lines.encode(), "proof.json": canonical.dumps(proof).encode(), **found.definitions, **there,
            "standalone_verifier.py": Path(standalone_verifier.__file__).read_bytes()}


def packed(key: Key, files: Mapping[str, bytes]) -> bytes:
    """The ZIP: the files, the public key, a list of their digests, and the signature over that list."""
    every = {**files, "key.pub": key.public.encode()}
    manifest = canonical.dumps({"files": {name: canonical.digest(data) for name, data in every.items()}}).encode()
    signature = {"key": key.id, "signature": key.sign(f"{DOMAIN}\n".encode() + manifest)}
    every |= {"manifest.json": manifest, "manifest.signature.json": canonical.dumps(signature).encode()}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(every):
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), every[name], zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _events(uow: UnitOfWork, case_id: str) -> list[Mapping[str, Any]]:
    """The rows as they are hashed, salt and body as text, with the tombstone's digest where the body is gone."""
    rows = uow.rows(sa.select(history_event, history_body.c.salt, history_body.c.body, tombstone.c.body_digest.label("tomb"))
                    .outerjoin(history_body, sa.and_(history_body.c.instance_id == history_event.c.instance_id,
                                                     history_body.c.seq == history_event.c.seq))
                    .outerjoin(tombstone, sa.and_(tombstone.c.instance_id == history_event.c.instance_id,
                                                  tombstone.c.seq == history_event.c.seq))
                    .where(history_event.c.instance_id == case_id).order_by(history_event.c.seq))
    return [{**{name: getattr(row, name) for name in HEADER}, "at": history.iso(row.at), "tombstone": row.tomb,
             "salt": bytes(row.salt).hex() if row.salt is not None else None,
             "body": b64encode(bytes(row.body)).decode() if row.body is not None else None} for row in rows]


def _definitions(uow: UnitOfWork, bundles: Mapping[str, Any]) -> tuple[dict[str, Any], Files]:
    """What is told of each definition that the bundles reach, and the very bytes."""
    ids = {each for one in bundles.values() for kind in one["members"].values() for each in kind.values()}
    rows = uow.rows(sa.select(definition, resource.c.bytes).join(resource, resource.c.sha256 == definition.c.sha256).where(
        definition.c.id.in_(ids)).order_by(definition.c.id))
    named = {row.id: f"definitions/{row.sha256[:12]}-{re.sub(r'[^A-Za-z0-9._-]', '_', row.resource_name)}" for row in rows}
    told = {row.id: {"kind": row.kind, "sha256": row.sha256, "file": named[row.id]} for row in rows}
    return told, {named[row.id]: bytes(row.bytes) for row in rows}


def _leaves(uow: UnitOfWork, case_id: str) -> list[dict[str, Any]]:
    """The case's leaves in the newest checkpoints that have one, oldest first, each with its path and checkpoint."""
    rows = uow.rows(sa.select(checkpoint_leaf.c.position, checkpoint).join(
        checkpoint, checkpoint.c.seq == checkpoint_leaf.c.checkpoint_seq).where(
        checkpoint_leaf.c.chain_id == case_id).order_by(checkpoint.c.seq.desc()).limit(LEAVES))
    return [_leaf(uow, row) for row in reversed(rows)]


def _leaf(uow: UnitOfWork, row: sa.Row[Any]) -> dict[str, Any]:
    leaves = checkpoints.leaves_of(uow, row.seq)
    made = Checkpoint(row.seq, row.at, row.statement, row.hash, row.signature, row.key_id)
    path = merkle.path([merkle.leaf_hash(leaf.data) for leaf in leaves], row.position)
    leaf = leaves[row.position]
    return {"head_seq": leaf.head_seq, "head_hash": leaf.head_hash, "position": row.position,
            "path": [each.hex() for each in path], "checkpoint": canonical.loads(made.line)}


def _suffix(name: str) -> str:
    found = re.search(r"\.[A-Za-z0-9]{1,8}$", name)
    return found[0].lower() if found else ""
