"""State by replay of one case: every state recomputed and compared while the page watches, and one moment in full."""

import json
from collections.abc import Iterator
from typing import Any

from flask import Response, g, render_template, request, stream_with_context
from flask_babel import gettext as _

from engine import cases
from engine.audit import access_log, comparison
from engine.audit.comparison import Difference, Progress, Unlike
from engine.audit.recomputation import Moment
from engine.unit_of_work import UnitOfWork
from web import access
from web.access import needs, unit_of_work
from web.audit.film_words import Words
from web.audit.room import pages

SLICE = 100


@pages.get("/film/<case_id>/state")
@needs("signed_in")
def film_state(case_id: str) -> str:
    """The comparison of all states, which the page's script begins, and with `at` the recomputed state behind that event."""
    asked = max(request.args.get("at", 0, type=int), 0)
    with unit_of_work(writes=False) as uow:
        row = cases.instance(uow, case_id)
        moment = comparison.at(uow, case_id, asked) if 0 < asked <= row.head_seq else None
        shown = _moment(Words(uow, row), moment) if moment else None
        name = Words(uow, row).version(row.bundle_id)
    access_log.note(access.engine(), g.actor, "film", case_id, instance_id=case_id, detail={"state": asked})
    return render_template("audit/film_state.html", row=row, asked=asked, recomputed=shown, name=name, section="cases")


@pages.get("/film/<case_id>/state/check")
@needs("signed_in")
def film_state_check(case_id: str) -> Response:
    """The comparison as it goes, a line of JSON for each part of it; the last one has its outcome in words."""
    with unit_of_work(writes=False) as uow:
        cases.instance(uow, case_id)
    lines = stream_with_context(_lines(case_id))
    return Response(lines, mimetype="application/x-ndjson", headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})


def _lines(case_id: str) -> Iterator[str]:
    """Each part reads in a unit of work of its own, so that no snapshot stays open for long."""
    progress: Progress | None = None
    while progress is None or not progress.is_done:
        with unit_of_work(writes=False) as uow:
            progress = comparison.go_on(uow, case_id, progress, SLICE)
            told = _told(uow, case_id, progress) if progress.is_done else {}
        yield json.dumps({"equal": progress.equal, "total": progress.total, **told}) + "\n"


def _told(uow: UnitOfWork, case_id: str, progress: Progress) -> dict[str, Any]:
    words = Words(uow, cases.instance(uow, case_id))
    found = progress.difference
    return {"done": True, "html": render_template(
        "audit/film_outcome.html", progress=progress, difference=found, what=_what(words, found) if found else "",
        unlike=[_unlike(words, one) for one in found.unlike] if found else [], case_id=case_id)}


def _what(words: Words, found: Difference) -> str:
    what = words.commands.get(found.command, found.command)
    if not found.element:
        return what
    element = words.elements(words.case.instance.bundle_id).get(found.element) or found.element
    return str(_("%(what)s: %(element)s", what=what, element=element))


def _unlike(words: Words, one: Unlike) -> dict[str, str]:
    """One token or entry that differs, in words."""
    scope, _space, name = one.subject.partition(" ")
    if one.kind == "variable":
        before, after = (words.tell(name, value) for value in (one.recorded, one.recomputed))
        return {"what": words.labels.get(name, name), "recorded": before, "recomputed": after}
    label = _("Token %(number)s", number=scope)
    names = words.elements(words.case.instance.bundle_id)
    before, after = (_place(names, value) for value in (one.recorded, one.recomputed))
    return {"what": f"{label} {name}".strip(), "recorded": before, "recomputed": after}


def _place(names: dict[str, str], value: Any) -> str:
    """Where a token stands or what it did there."""
    if value is None:
        return "—"
    element = value.get("at") if isinstance(value, dict) else value
    return names.get(str(element)) or str(element)


def _moment(words: Words, moment: Moment) -> dict[str, Any]:
    """The tokens and entries behind one event, as the engine reached them again."""
    names = words.elements(moment.bundle_id)
    entries = [(words.labels.get(name, name), words.tell(name, value), scope)
               for scope in sorted({scope for scope, *_rest in moment.variables.digests()})
               for name, value in sorted(moment.variables.local(scope).items())]
    tokens = [(row["id"], names.get(row["at"]) or row["at"], row["is"])
              for row in moment.state["tokens"] if row["is"] != "process"]
    return {"seq": moment.seq, "is_same": moment.is_same, "recorded": moment.recorded, "digest": moment.digest,
            "tokens": tokens, "entries": entries}
