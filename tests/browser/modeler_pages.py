"""Every address of the modeller's room, and a company that has a draft, a decision and a plan in every standing."""

from collections.abc import Mapping
from datetime import timedelta

import sqlalchemy as sa

from engine import instances, migration, migration_plans, migration_rehearsal
from engine.diagram.check import File
from engine.modeling import approvals, drafts
from engine.tables import definition
from engine.unit_of_work import ProcessEngine, UnitOfWork
from tests.database import acting
from tests.database.test_model_drafts import Owners, changed
from tests.database.test_sandbox import REPORT

OWNER, OTHER, APPROVER = "process_owner", "process_owner2", "management_representative"

PAGES: Mapping[str, tuple[str, ...]] = {
    "/modeler": ("/modeler",),
    "/modeler/definitions/<kind>/<path:key>": (
        "/modeler/definitions/process/parts_issue", "/modeler/definitions/process/parts_issue?version=1",
        "/modeler/definitions/form/issue_parts", "/modeler/definitions/decision/warranty"),
    "/modeler/compare": ("/modeler/compare?kind=process&key=parts_issue", "/modeler/compare?draft={draft}"),
    "/modeler/manual/<key>": (
        "/modeler/manual/in_warranty", "/modeler/manual/complaint", "/modeler/manual/parts_issue?version=1"),
    "/modeler/drafts": ("/modeler/drafts",),
    "/modeler/drafts/<draft_id>": (
        "/modeler/drafts/{draft}", "/modeler/drafts/{wrong}", "/modeler/drafts/{submitted}", "/modeler/drafts/{approved}",
        "/modeler/drafts/{effective}", "/modeler/drafts/{discarded}"),
    "/modeler/drafts/<draft_id>/edit": ("/modeler/drafts/{draft}/edit", "/modeler/drafts/{submitted}/edit"),
    "/modeler/drafts/<draft_id>/impact": ("/modeler/drafts/{draft}/impact",),
    "/modeler/drafts/<draft_id>/scenarios": ("/modeler/drafts/{draft}/scenarios",),
    "/modeler/drafts/<draft_id>/try": ("/modeler/drafts/{two}/try",),
    "/modeler/drafts/<draft_id>/try/<process>": ("/modeler/drafts/{draft}/try/parts_issue",),
    "/modeler/approvals": ("/modeler/approvals",),
    "/modeler/drafts/<draft_id>/approval": ("/modeler/drafts/{submitted}/approval", "/modeler/drafts/{effective}/approval"),
    "/modeler/scenarios/new": ("/modeler/scenarios/new?case={over}",),
    "/modeler/migrations": ("/modeler/migrations",),
    "/modeler/migrations/new": ("/modeler/migrations/new?source={first}",),
    "/modeler/migrations/<plan_id>": ("/modeler/migrations/{plan}",),
}
NO_PAGES: Mapping[str, str] = {
    "/modeler/choices": "for a script", "/modeler/compare/file": "a file", "/modeler/files/<path:definition_id>": "a file",
    "/modeler/manual/<key>.pdf": "a PDF", "/modeler/drafts/<draft_id>/export": "a ZIP",
    "/modeler/drafts/<draft_id>/export/<name>": "a file", "/modeler/drafts/<draft_id>/files": "for a script",
    "/modeler/drafts/<draft_id>/files/<name>": "a file", "/modeler/drafts/<draft_id>/vocabulary": "for a script",
    "/modeler/drafts/<draft_id>/impact/open": "a part of a page",
    "/modeler/drafts/<draft_id>/impact/finished": "a part of a page",
    "/modeler/drafts/<draft_id>/try/<process>/diagram/<shown>": "a diagram's XML",
    "/modeler/migrations/<plan_id>/progress": "a part of a page, for a script",
}


def seed(company: ProcessEngine) -> dict[str, str]:
    """Names by role, for the addresses above."""
    owners = Owners(company)
    first = owners.newest("parts_issue")
    over = acting.start(company, "lead.changsha", "in_warranty", **REPORT)
    owners.do("admin", instances.terminate, over.id, reason="Entered twice")
    acting.start(company, "lead.changsha", "in_warranty", **REPORT)
    made = {status: _draft(owners, f"Parts {status}") for status in ("effective", "draft", "submitted", "approved", "discarded")}
    for status in ("submitted", "approved", "effective"):
        owners.save(OWNER, made[status], changed(status))
        digest = owners.do(OWNER, approvals.submit, made[status])
        if status != "submitted":
            day = company.clock() + timedelta(days=9) if status == "approved" else None
            owners.do(APPROVER, approvals.approve, made[status], seen=digest, effective_from=day)
    owners.save(OTHER, made["draft"], changed("draft"))
    owners.do(OWNER, approvals.discard, made["discarded"], reason="Not needed")
    wrong = owners.do(OWNER, drafts.create, title="Made elsewhere", reason="", files=[File("odd.form", b'{"components": 5}')])
    two = owners.do(OWNER, drafts.create, title="Two procedures", reason="", definitions=[first, owners.newest("complaint")])
    return {**made, "wrong": wrong, "two": two, "first": first, "over": over.id, "plan": owners.do(OWNER, _planned)}


def _draft(owners: Owners, title: str) -> str:
    return owners.draft(title=title, reason="Shorter deadlines")


def _planned(uow: UnitOfWork) -> str:
    rows = uow.rows(sa.select(definition.c.id).where(definition.c.key == "parts_issue").order_by(definition.c.version))
    found = migration_rehearsal.sides(uow, rows[0].id, rows[-1].id)
    return migration_plans.create(uow, source=rows[0].id, target=rows[-1].id, reason="Shorter deadlines",
                                  mapping=migration.propose(found.before, found.after))
