"""One case of a sample and its checklist; and the end of a sample."""

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from engine import canonical
from engine.audit import samples, sampling
from engine.errors import EngineError
from handlers import audit_samples
from web.access import needs, unit_of_work
from web.audit import sample_words
from web.audit.room import field, must_audit, pages, show, status
from web.audit.samples import sample_page


@pages.get("/samples/<sample_id>/<int:position>")
@needs("signed_in")
def sample_item(sample_id: str, position: int) -> str:
    """The checklist of one case."""
    return _page(sample_id, position)


@pages.post("/samples/<sample_id>/<int:position>")
@needs("signed_in")
def decide_sample_item(sample_id: str, position: int) -> Response | tuple[str, int]:
    """Keep the answers and go on to the next case that is open; what was answered stays when it is refused."""
    try:
        with unit_of_work(writes=True) as uow:
            audit_samples.decide(
                uow, sample_id, position, answers=_answers(), note=field("note", sampling.LONGEST_TEXT + 1),
                revision=request.form.get("revision", 0, type=int), seriousness=field("seriousness", 20) or "minor")
            rows = samples.items(uow, sample_id)
    except EngineError as error:
        return _page(sample_id, position, error), status(error)
    following = [each.position for each in rows if each.status == "open"]
    later = next((each for each in following if each > position), following[0] if following else None)
    if later is None:
        return redirect(url_for("audit.sample", sample_id=sample_id))
    return redirect(url_for("audit.sample_item", sample_id=sample_id, position=later))


@pages.post("/samples/<sample_id>/<int:position>/withdraw")
@needs("signed_in")
def withdraw_finding(sample_id: str, position: int) -> Response | tuple[str, int]:
    """Take back a finding that was a mistake; the case is to be checked anew."""
    try:
        with unit_of_work(writes=True) as uow:
            audit_samples.withdraw(uow, sample_id, position, reason=field("reason", sampling.LONGEST_TEXT + 1),
                                   revision=request.form.get("revision", 0, type=int))
    except EngineError as error:
        return _page(sample_id, position, error), status(error)
    return redirect(url_for("audit.sample_item", sample_id=sample_id, position=position))


@pages.post("/samples/<sample_id>/close")
@needs("signed_in")
def close_sample(sample_id: str) -> Response | tuple[str, int]:
    """Close a sample whose cases are all decided."""
    try:
        with unit_of_work(writes=True) as uow:
            sampling.close(uow, sample_id)
    except EngineError as error:
        return sample_page(sample_id, error), status(error)
    return redirect(url_for("audit.sample", sample_id=sample_id))


def _answers() -> dict[str, str]:
    return {name.removeprefix("answer:"): value for name, value in request.form.items() if name.startswith("answer:") and value}


def _page(sample_id: str, position: int, error: EngineError | None = None) -> str:
    is_typed = error is not None and request.endpoint == "audit.decide_sample_item"
    with unit_of_work(writes=False) as uow:
        must_audit(uow)
        row, rows = sampling.get(uow, sample_id), samples.items(uow, sample_id)
        sampling.item(uow, sample_id, position)  # refuses a number that is none
        item = rows[position - 1]
        given = _answers() if is_typed else canonical.loads(item.answers)
        return show(
            uow, "sample_item", "samples", error, sample=row, item=item, total=len(rows), given=given,
            note=field("note") if is_typed else item.note, reason=field("reason"), chosen=field("seriousness", 20) or "minor",
            questions=sample_words.of(row), asked=sample_words.asked, answers=sample_words.answers(),
            statuses=sample_words.statuses(), seriousness=sample_words.seriousness(),
            process=sample_words.processes(uow).get(item.process_key, item.process_key),
            office=sample_words.offices(uow).get(item.office, item.office),
            is_frozen=item.status == "finding" or row.closed_at is not None,
            withdrawn=[each for each in samples.withdrawn(uow, sample_id) if each.position == position])
