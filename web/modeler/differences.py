"""Two versions of a definition, or a draft and what it was made from, compared: side by side, and in sentences."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Response, request, url_for
from flask_babel import gettext as _

from engine import bundles, canonical, decisions, deployments, forms, identity
from engine.diagram import decision_difference, difference, form_difference
from engine.diagram.change_words import Change, Names, change
from engine.diagram.read import read
from engine.errors import DeploymentRefused, EngineError, Forbidden, InvalidValue, NotFound
from engine.modeling import drafts, library
from engine.tables import definition
from engine.unit_of_work import UnitOfWork
from web.access import needs, unit_of_work
from web.layout import words
from web.modeler.approvals import PARTS
from web.modeler.room import pages, show

DRAFT = "draft:"
IN_WORK = ("draft", "submitted", "approved")
MARKS = {"added": "added", "removed": "removed", "changed": "changed", "layout": "moved"}


@dataclass(frozen=True, slots=True)
class Side:
    """One version. `ref` is what an address calls it: a definition id, or `draft:<draft>:<file name>`."""

    ref: str
    kind: str
    title: str
    caption: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Part:
    """One file compared. `changes` without layout, whose number is `layout`; `marks`: kind of change by element, old and new."""

    kind: str
    title: str
    before: Side | None
    after: Side | None
    changes: tuple[Change, ...]
    layout: int
    marks: tuple[Mapping[str, str], Mapping[str, str]]
    unreadable: str = ""

    @property
    def counts(self) -> Mapping[str, int]:
        """How many of each kind."""
        return Counter(each.kind for each in self.changes)


# ------------------------------------------------------------------ pages


@pages.get("/compare")
@needs("signed_in")
def compare() -> str:
    """`before` and `after` name two versions; with `kind` and `key` instead, the two newest ones; `draft`: all of a draft."""
    with unit_of_work(writes=False) as uow:
        if draft_id := request.args.get("draft"):
            _must_see_drafts(uow)
            draft = drafts.get(uow, draft_id)
            return show(uow, "compare", "drafts", **of_draft(uow, draft), choices=[], chosen=("", ""), title=draft.title)
        before, after = (request.args.get(name, "") for name in ("before", "after"))
        if not before and not after:
            before, after = _newest(uow, request.args.get("kind", "process"), request.args.get("key", ""))
        sides = side(uow, before), side(uow, after)
        one = sides[1] or sides[0]
        if one is None:
            raise NotFound(kind="definition", id="")
        return show(uow, "compare", "library", differences=[compared(sides[0], sides[1], known_names(uow))],
                    choices=_choices(uow, sides), chosen=(before, after), title=one.title, language=words.language())


@pages.get("/compare/file")
@needs("signed_in")
def compared_file() -> Response:
    """The bytes of one side, for the picture."""
    with unit_of_work(writes=False) as uow:
        found = side(uow, request.args.get("of", ""))
    if found is None:
        raise NotFound(kind="definition", id="")
    response = Response(found.data, mimetype="application/xml" if found.kind in ("process", "decision") else "application/json")
    is_fixed = not found.ref.startswith(DRAFT)
    response.headers["Cache-Control"] = "private, max-age=31536000, immutable" if is_fixed else "private, no-store"
    return response


def of_draft(uow: UnitOfWork, draft: sa.Row[Any]) -> dict[str, Any]:
    """What a draft changes, file by file, against the versions that it was made from: for the page that decides on it."""
    based, names, found = canonical.loads(draft.based_on), known_names(uow), list[Part]()
    for name, row in drafts.files(uow, draft.id).items():
        before = side(uow, based.get(name, "")) if based.get(name) else None
        if before is None or _sha256(uow, before.ref) != row.sha256:
            found.append(compared(before, side(uow, f"{DRAFT}{draft.id}:{name}"), names))
    return {"differences": found, "language": words.language()}


# ------------------------------------------------------------------ versions


def side(uow: UnitOfWork, ref: str) -> Side | None:
    """The version that an address names; None for none. `NotFound`; `Forbidden` for a draft that is not one's business."""
    if not ref:
        return None
    if ref.startswith(DRAFT):
        return _of_draft(uow, ref)
    row = deployments.definition_row(uow, ref)
    caption = _("Version %(version)s", version=row.version)
    return Side(ref, row.kind, words.in_words(row), caption, bundles.stored_bytes(uow, row.sha256))


def _of_draft(uow: UnitOfWork, ref: str) -> Side:
    draft_id, _colon, name = ref.removeprefix(DRAFT).partition(":")
    _must_see_drafts(uow)
    draft, rows = drafts.get(uow, draft_id), drafts.files(uow, draft_id)
    if name not in rows:
        raise NotFound(kind="model_file", id=name)
    return Side(ref, rows[name].kind, name, _("Draft “%(title)s”", title=draft.title), drafts.content(uow, draft_id, name))


def _must_see_drafts(uow: UnitOfWork) -> None:
    if not (identity.may_model(uow.actor) or identity.may_decide(uow.actor)):
        raise Forbidden("may_not_model")


def _sha256(uow: UnitOfWork, definition_id: str) -> str:
    return str(deployments.definition_row(uow, definition_id).sha256)


def _newest(uow: UnitOfWork, kind: str, key: str) -> tuple[str, str]:
    found = [version.row.id for version in library.versions(uow, kind, key)[:2]]
    return (found[1] if len(found) > 1 else ""), found[0]


def _choices(uow: UnitOfWork, sides: Sequence[Side | None]) -> list[tuple[str, str]]:
    """(ref, words) of the versions of this definition, and of the drafts that change it."""
    refs = [each.ref for each in sides if each and not each.ref.startswith(DRAFT)]
    versions = []
    if refs:
        row = deployments.definition_row(uow, refs[0])
        versions = library.versions(uow, row.kind, row.key)
    found = [(v.row.id, f"{_('Version %(version)s', version=v.row.version)} · {words.moment(v.deployed_at)}") for v in versions]
    if identity.may_model(uow.actor) or identity.may_decide(uow.actor):
        known = {ref for ref, _words in found}
        for draft in drafts.listing(uow, *IN_WORK):
            based = canonical.loads(draft.based_on)
            found += [(f"{DRAFT}{draft.id}:{name}", _("Draft “%(title)s”", title=draft.title))
                      for name in drafts.files(uow, draft.id) if based.get(name) in known]
    listed = {ref for ref, _words in found}
    return [*found, *((each.ref, each.caption) for each in sides if each and each.ref not in listed)]


def known_names(uow: UnitOfWork) -> Names:
    """What groups, forms, decisions and processes are called."""
    columns = definition.c.kind, definition.c.key, definition.c.name, definition.c.name_en
    rows = uow.rows(sa.select(*columns).order_by(definition.c.version))
    named: dict[str, dict[str, tuple[str, str]]] = {"process": {}, "form": {}, "decision": {}, "scenario": {}}
    for row in rows:
        named[row.kind][row.key] = (row.name or row.key, row.name_en or row.name or row.key)
    groups = {row.id: (row.name, row.name_en or row.name) for row in identity.groups(uow)}
    return Names(groups, named["form"], named["decision"], named["process"])


# ------------------------------------------------------------------ comparing


def compared(before: Side | None, after: Side | None, names: Names) -> Part:
    """Both sides compared; a side that cannot be read is said in words instead."""
    one = after or before
    if one is None:
        raise NotFound(kind="definition", id="")
    if before and after and before.kind != after.kind:
        raise InvalidValue("compare_kinds", field="after", value=after.ref)
    try:
        found = COMPARERS[one.kind](before, after, names)
    except (EngineError, ValueError) as refusal:
        return Part(one.kind, one.title, before, after, (), 0, ({}, {}), _why(refusal))
    told = tuple(each for each in found if each.kind != "layout")
    return Part(one.kind, one.title, before, after, told, len(found) - len(told), _marks(found))


def _why(refusal: Exception) -> str:
    if isinstance(refusal, DeploymentRefused) and refusal.problems:
        return refusal.problems[0].en if words.language() == "en" else refusal.problems[0].zh
    return str(_("One of the two files cannot be read, so they cannot be compared."))


def _marks(found: Sequence[Change]) -> tuple[dict[str, str], dict[str, str]]:
    """The strongest change of each element: `added` and `removed` on their side, the others on both."""
    before: dict[str, str] = {}
    after: dict[str, str] = {}
    for each in reversed(found):
        if each.element is None:
            continue
        if each.kind != "added" or each.field:
            before[each.element] = MARKS[each.kind]
        if each.kind != "removed" or each.field:
            after[each.element] = MARKS[each.kind]
    return before, after


def _diagrams(before: Side | None, after: Side | None, names: Names) -> tuple[Change, ...]:
    old, new = (read(each.data, each.title) if each else None for each in (before, after))
    return difference.compare(old, new, names)


def _forms(before: Side | None, after: Side | None, names: Names) -> tuple[Change, ...]:
    del names
    old, new = (_schema(each) if each else None for each in (before, after))
    return form_difference.compare(old, new)


def _schema(one: Side) -> dict[str, Any]:
    schema = json.loads(one.data.decode("utf-8-sig"))
    if not isinstance(schema, dict):
        raise ValueError("not an object")
    if wrong := [each for each in forms.check_schema(schema, one.title) if each.severity == "error"]:
        raise DeploymentRefused(wrong)
    return schema


def _decisions(before: Side | None, after: Side | None, names: Names) -> tuple[Change, ...]:
    del names
    old, new = (decisions.parse(each.data, each.title) if each else [] for each in (before, after))
    return decision_difference.compare(old, new)


def _scenarios(before: Side | None, after: Side | None, names: Names) -> tuple[Change, ...]:
    del names
    if before and after and before.data == after.data:
        return ()
    kind = "changed" if before and after else "added" if after else "removed"
    zh, en = {"changed": ("变了", "changed"), "added": ("新增", "added"), "removed": ("删除", "removed")}[kind]
    title = (after or before or Side("", "", "", "", b"")).title
    said = (f"场景“{title}”{zh}。", f"Scenario “{title}” {en}.")
    return (change(kind, (None, "scenario", ""), (None, None), said),)  # type: ignore[arg-type]  # one of the kinds


COMPARERS: Mapping[str, Callable[[Side | None, Side | None, Names], tuple[Change, ...]]] = {
    "process": _diagrams, "form": _forms, "decision": _decisions, "scenario": _scenarios,
}


@pages.app_template_global()
def compared_source(one: Side) -> str:
    """The address of one side's bytes."""
    return url_for("modeler.compared_file", of=one.ref)


PARTS["differences"] = of_draft
