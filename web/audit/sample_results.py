"""What leaves the house of a sample: a page for paper, a PDF, a table for a spreadsheet. Each is noted in the access log."""

import csv
import io

from flask import Response, g, render_template

from engine import canonical
from engine.audit import access_log, samples, sampling
from engine.audit.spreadsheet import safe
from handlers import printed_samples
from handlers.printed_records import PrintedRecord
from web.access import engine, needs, unit_of_work
from web.audit import sample_words
from web.audit.room import must_audit, pages
from web.layout import words
from web.records import pdf
from web.records.records import foot


@pages.get("/samples/<sample_id>/result")
@needs("signed_in")
def sample_result(sample_id: str) -> str:
    """The result as a page that is made for paper."""
    record, printed = _record(sample_id)
    return render_template("audit/sample_result.html", record=record, sample_id=sample_id, foot=printed)


@pages.get("/samples/<sample_id>/result.pdf")
@needs("signed_in")
def sample_document(sample_id: str) -> Response:
    """The result as PDF."""
    record, printed = _record(sample_id)
    access_log.note(engine(), g.actor, "export", f"sample:{sample_id}", detail={"form": "pdf"})
    response = Response(pdf.rendered(record, printed=printed), mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="sample-{sample_id}.pdf"'
    return response


@pages.get("/samples/<sample_id>/cases.csv")
@needs("signed_in")
def sample_table(sample_id: str) -> Response:
    """The cases with their answers, as UTF-8 with a byte order mark."""
    with unit_of_work(writes=False) as uow:
        must_audit(uow)
        questions = sample_words.of(sampling.get(uow, sample_id))
        rows, back = samples.items(uow, sample_id), samples.withdrawn(uow, sample_id)
        answers, statuses, titles = sample_words.answers(), sample_words.statuses(), sample_words.columns()
        told = [[str(each.position), each.business_key, each.instance_id, each.stratum,
                 *(answers.get(canonical.loads(each.answers).get(asked["id"], ""), "") for asked in questions),
                 statuses[each.status], each.note, words.person(uow, each.decided_by) if each.decided_by else "",
                 words.moment(each.decided_at), each.follow_key or "",
                 "\n".join(sample_words.withdrawn(uow, one) for one in back if one.position == each.position)] for each in rows]
    access_log.note(engine(), g.actor, "export", f"sample:{sample_id}", detail={"form": "csv", "rows": len(told)})
    text = io.StringIO()
    head = [*titles[:4], *(f"{each['clause']} {sample_words.asked(each)}".strip() for each in questions), *titles[4:]]
    csv.writer(text, lineterminator="\r\n").writerows([[safe(cell) for cell in row] for row in (head, *told)])
    response = Response("\ufeff" + text.getvalue(), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="sample-{sample_id}.csv"'
    return response


def _record(sample_id: str) -> tuple[PrintedRecord, str]:
    with unit_of_work(writes=False) as uow:
        must_audit(uow)
        return printed_samples.result(uow, sample_id), foot(uow)
