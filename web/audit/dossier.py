"""`/audit/cases/<id>/dossier.zip` and `.pdf`: a case that proves itself, in the reader's language."""

import json
from pathlib import Path
from typing import Any

import typst
from flask import Response, g, render_template
from flask_babel import gettext as _

from engine import cases
from engine.audit import access_log, dossier, signing, witness
from engine.audit.dossier import Record
from engine.audit.signing import Key
from engine.unit_of_work import UnitOfWork
from web.access import engine, needs, unit_of_work
from web.audit import dossier_words
from web.audit.room import must_audit, pages
from web.layout import words
from web.layout.sending import named
from web.records.pdf import fonts

TEMPLATE = Path(__file__).parent / "dossier.typ"


@pages.get("/cases/<case_id>/dossier.zip")
@needs("signed_in")
def dossier_zip(case_id: str) -> Response:
    """The ZIP: a page that opens offline, the record as stored, its proof, and the verifier."""
    number, key = _begin(case_id, "dossier.zip")
    found, told = _gathered(case_id, key)
    files = dossier.files_of(engine().settings, found)
    files["index.html"] = render_template("audit/dossier.html", **told, there=set(files), number=number).encode()
    files["README.txt"] = render_template("audit/dossier.txt", number=number, fingerprint=key.fingerprint).encode()
    return _sent(dossier.packed(key, files), f"{number}.zip", "application/zip")


@pages.get("/cases/<case_id>/dossier.pdf")
@needs("signed_in")
def dossier_pdf(case_id: str) -> Response:
    """The same for paper."""
    number, key = _begin(case_id, "dossier.pdf")
    _found, told = _gathered(case_id, key)
    data = typst.compile(TEMPLATE.read_bytes(), font_paths=fonts(), format="pdf",
                         sys_inputs={"dossier": json.dumps(told, ensure_ascii=False)})
    return _sent(data, f"{number}.pdf", "application/pdf")


def _begin(case_id: str, file: str) -> tuple[str, Key]:
    """Who may; the export on both records; what is there signed, so that the end of the case is proven too."""
    with unit_of_work(writes=False) as uow:
        must_audit(uow)
        row = cases.instance(uow, case_id)
    key = signing.load(engine().settings.checkpoint_key)
    access_log.note(engine(), g.actor, "dossier", file, instance_id=case_id)
    with unit_of_work(writes=True) as uow:
        dossier.sign_now(uow, key, case_id, file)
    witness.deliver(engine())
    return str(row.business_key), key


def _gathered(case_id: str, key: Key) -> tuple[Record, dict[str, Any]]:
    with unit_of_work(writes=False) as uow:
        case = cases.case(uow, case_id)
        found = dossier.record(uow, case.instance)
        told = dossier_words.told(uow, case, found)
        return found, {**told, "proof": _proof(uow, found, key), "printed": _printed(uow), "lang": words.language()}


def _proof(uow: UnitOfWork, found: Record, key: Key) -> list[list[str]]:
    """What the page says of the proof."""
    leaves, (seq, digest) = found.proof["leaves"], found.proof["head"]
    last = json.loads(leaves[-1]["checkpoint"]["statement"]) if leaves else {}
    facts = [(_("Rows of the record"), str(seq)), (_("Hash of the last row"), digest),
             (_("Signed by checkpoint"), str(last.get("seq", "—"))),
             (_("Fingerprint of the public key (SHA-256)"), key.fingerprint), (_("Made"), words.moment(uow.now))]
    return [[str(name), value] for name, value in facts]


def _printed(uow: UnitOfWork) -> str:
    return f"{words.moment(uow.now)} · {words.person(uow, uow.actor.id)}"


def _sent(data: bytes, name: str, kind: str) -> Response:
    return named(Response(data, mimetype=kind), name, saves=kind == "application/zip")
