"""What a dossier tells of a case, as people read it, nothing cut: the same for its page and its PDF; plain JSON."""

import json
import sys
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from engine import bundles, cases, comments, deployments, documents, identity
from engine.audit.dossier import Record
from engine.cases import Case, CaseProcess
from engine.diagram import svg, taken
from engine.errors import EngineError
from engine.unit_of_work import SYSTEM, UnitOfWork
from web.cases import telling
from web.layout import words

PICTURES = ("image/jpeg", "image/png", "image/webp")
WHOLE = sys.maxsize
SIGNS = ("signed_by", "confirmed_by", "agreed_by", "filled_in_by", "verified_by_customer", "verified_by_office", "signature",
         "_signed")


def told(uow: UnitOfWork, case: Case, found: Record) -> dict[str, Any]:
    """Title, facts, pictures, steps, forms as filled, interventions, comments, documents, signatures, the words above them."""
    people = {each.id: words.in_words(each) for each in identity.users(uow)} | {SYSTEM.id: str(_("system"))}
    forms = _forms(uow, case, found, people)
    lines = telling.lines(uow, case, cases.timeline(uow, case.instance.id, limit=None), people, WHOLE)
    return {
        "title": f"{case.instance.business_key} · {words.process_name(case.processes[0].process)}",
        "facts": _facts(uow, case, people), "pictures": [each for part in case.processes for each in _pictures(uow, part)],
        "steps": [[one.name, words.moment(one.at), one.lasted, one.who] for part in case.processes
                  for one in telling.visits(part, uow.now, people)],
        "forms": forms, "signatures": [[each["step"], each["who"], each["at"], label, value] for each in forms
                                       for key, label, value in each["entries"] if key.endswith(SIGNS)],
        "events": [[str(one.event.seq), words.moment(one.event.at), one.who, one.what,
                    " · ".join(filter(None, (one.detail, one.reason)))] for one in lines],
        "interventions": [[words.moment(one.event.at), one.who, one.what, one.detail, one.reason] for one in lines
                          if one.event.kind == "intervention"],
        "comments": [[words.moment(each.written_at), people.get(each.author, each.author),
                      "".join(text for _user, text in each.parts)] for each in comments.listing(uow, case.instance.id, None)],
        "documents": [_document(uow, row, found, people) for row in documents.listing(uow, case.instance.id)],
        "words": _words(),
    }


def _facts(uow: UnitOfWork, case: Case, people: Mapping[str, str]) -> list[list[str]]:
    row = case.instance
    offices = {each.id: words.in_words(each) for each in identity.offices(uow)}
    status = {"active": _("in progress"), "suspended": _("suspended"), "completed": _("completed"), "terminated": _("cancelled")}
    version = f"{words.process_name(case.processes[0].process)} · {_('version %(version)s', version=row.process_version)}"
    facts = [(_("Case number"), row.business_key), (_("Status"), status.get(row.status, row.status)),
             (_("Office"), offices.get(row.office, row.office)), (_("Customer"), row.customer), (_("Serial number"), row.serial),
             (_("Started by"), people.get(row.started_by, row.started_by)), (_("Started at"), words.moment(row.started_at)),
             (_("Ended at"), words.moment(row.ended_at) if row.ended_at else ""),
             (_("Version"), version)]
    return [[str(name), str(value)] for name, value in facts if value]


def _pictures(uow: UnitOfWork, part: CaseProcess) -> list[str]:
    """The diagram of a process with the way that the case took, as `<svg>`."""
    row = deployments.definition_row(uow, part.definition_id)
    shapes = bundles.model(uow, row.sha256, row.resource_name).shapes
    data = bundles.stored_bytes(uow, row.sha256)
    return [taken.marked(drawn.whole(), shapes, done=part.done, flows=part.flows, here=frozenset(part.tokens))
            for drawn in svg.drawings(data, row.resource_name, words.language())]


def _forms(uow: UnitOfWork, case: Case, found: Record, people: Mapping[str, str]) -> list[dict[str, Any]]:
    """What was entered, event by event, as the record has it."""
    names, labels, tell = telling.elements(case), telling.variable_labels(uow, case), telling.teller(uow, case, WHOLE)
    filled = []
    for event in found.events:
        body = json.loads(b64decode(event["body"])) if event["body"] else {}
        entries = [[key, labels.get(key, key), tell(key, value)] for key, value in body.get("set", {}).items()]
        if entries:
            filled.append({"step": names.get(event["element"], event["element"] or str(_("Start"))),
                           "who": people.get(event["actor"], event["actor"]),
                           "at": words.moment(datetime.fromisoformat(event["at"])), "entries": entries})
    return filled


def _document(uow: UnitOfWork, row: Any, found: Record, people: Mapping[str, str]) -> dict[str, Any]:
    file = next((name for name in found.documents if name.startswith(f"documents/{row.id}")), "")
    return {"name": row.name, "file": file, "sha256": row.sha256, "is_picture": row.media_type in PICTURES,
            "who": people.get(row.added_by, row.added_by), "at": words.moment(row.added_at),
            "removed": row.removed_reason or "", "small": _small(uow, row) if file and row.media_type in PICTURES else ""}


def _small(uow: UnitOfWork, row: Any) -> str:
    """A small picture inside an `<svg>`, which the PDF takes."""
    try:
        data = documents.thumbnail(uow, row.id).data or b""
    except EngineError:
        return ""
    wide, high = row.width or 4, row.height or 3
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" width="{wide}" height="{high}">'
            f'<image width="{wide}" height="{high}" href="data:image/jpeg;base64,{b64encode(data).decode()}"/></svg>')


def _words() -> dict[str, str]:
    """What stands above and beside."""
    return {
        "dossier": str(_("Dossier")), "picture": str(_("The way it took")), "steps": str(_("Steps")),
        "forms": str(_("Forms as filled")), "signatures": str(_("Signatures, as typed")), "events": str(_("The whole record")),
        "interventions": str(_("Interventions")), "comments": str(_("Comments")), "documents": str(_("Photos and files")),
        "proof": str(_("Proof")), "none": str(_("None.")), "step": str(_("Step")), "begun": str(_("Begun")),
        "lasted": str(_("Lasted")), "who": str(_("Who")), "when": str(_("When")), "what": str(_("What")), "no": str(_("No.")),
        "details": str(_("Details")), "reason": str(_("Reason")), "removed": str(_("Removed")), "entry": str(_("Entry")),
        "legend": str(_("Green: passed. Blue: where the case is.")),
        "check": str(_("To check this dossier: python standalone_verifier.py and the name of the ZIP. Compare the fingerprint of "
                       "the key with the one that the auditors keep.")),
    }
