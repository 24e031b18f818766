"""`/modeler/manual/<key>`: a version of a process as a document for paper, and `.pdf`."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import typst
from flask import Response, request
from flask_babel import gettext as _

from engine.modeling import manual
from engine.modeling.library import Version
from engine.modeling.manual import Manual
from engine.unit_of_work import UnitOfWork
from web.access import needs, unit_of_work
from web.layout import words
from web.layout.sending import named
from web.modeler.differences import known_names
from web.modeler.room import pages, show
from web.records.pdf import fonts

TEMPLATE = Path(__file__).parent / "manual.typ"


@pages.get("/manual/<key>")
@needs("signed_in")
def manual_page(key: str) -> str:
    """The page, made for print."""
    with unit_of_work(writes=False) as uow:
        found = _manual(uow, key)
        return show(uow, "manual", "library", found=found, key=key, facts=_facts(uow, found), title=_title(found),
                    revisions=[_revision(uow, each) for each in found.revisions], printed=_printed(uow))


@pages.get("/manual/<key>.pdf")
@needs("signed_in")
def manual_pdf(key: str) -> Response:
    """The same as PDF, set by Typst."""
    with unit_of_work(writes=False) as uow:
        found = _manual(uow, key)
        told = {"title": _title(found), "facts": _facts(uow, found), "pictures": list(found.pictures),
                "starts": found.starts, "steps": [dataclasses.asdict(each) for each in found.steps],
                "revisions": [_revision(uow, each) for each in found.revisions], "printed": _printed(uow), "words": _words(),
                "language": words.language()}
    data = typst.compile(TEMPLATE.read_bytes(), font_paths=fonts(), format="pdf",
                         sys_inputs={"manual": json.dumps(told, ensure_ascii=False)})
    return named(Response(data, mimetype="application/pdf"), f"{key}-{found.version.row.version}.pdf", saves=False)


def _manual(uow: UnitOfWork, key: str) -> Manual:
    return manual.of(uow, key, request.args.get("version", type=int), known_names(uow),
                     "en" if words.language() == "en" else "zh")


def _title(found: Manual) -> str:
    return words.process_name(found.process)


def _facts(uow: UnitOfWork, found: Manual) -> list[tuple[str, str]]:
    row, draft = found.version.row, found.version.draft
    approved = words.person(uow, draft.decided_by) if draft else str(_("without approval"))
    facts = [(_("Version"), str(row.version)), (_("Effective from"), words.moment(found.version.deployed_at)),
             (_("Approved by"), approved), (_("May begin it"), found.starters), (_("Records are kept"), found.kept),
             (_("Identification"), f"{row.key} · SHA-256 {row.sha256}")]
    told = words.instruction(found.process)
    return [(str(name), value) for name, value in [*facts, *([(_("Purpose"), told)] if told else [])] if value]


def _revision(uow: UnitOfWork, each: Version) -> list[str]:
    draft, row = each.draft, each.row
    who = words.person(uow, draft.submitted_by if draft else each.deployed_by)
    withdrawn = _("Withdrawn by %(who)s on %(at)s: %(reason)s", who=words.person(uow, row.withdrawn_by),
                  at=words.moment(row.withdrawn_at), reason=row.withdrawn_reason) if row.withdrawn_at else ""
    return [str(row.version), words.moment(each.deployed_at), who, words.person(uow, draft.decided_by) if draft else "—",
            " ".join(filter(None, (draft.reason if draft else "—", str(withdrawn))))]


def _printed(uow: UnitOfWork) -> str:
    return str(_("Printed %(at)s. Only the version in effect in the system is valid.", at=words.moment(uow.now)))


def _words() -> dict[str, Any]:
    """What stands above and beside, in the reader's language."""
    return {"begins": str(_("What begins it")), "steps": str(_("Steps")), "revisions": str(_("Revisions")),
            "who": str(_("Who")), "until": str(_("Deadline")), "form": str(_("Form")), "record": str(_("Record")),
            "clause": str(_("Clause")), "then": str(_("Then")), "meanwhile": str(_("Meanwhile")),
            "head": [str(_("Version")), str(_("Effective from")), str(_("Changed by")), str(_("Approved by")), str(_("Why"))]}
