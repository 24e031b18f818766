"""The question that an open list asks every few seconds: has anything changed for me?"""

from flask import Response, jsonify, request

from engine import notices, worklist, worklist_changes
from web.access import needs, unit_of_work
from web.inbox import asked
from web.inbox.blueprint import pages
from web.inbox.rows import PAGE, place


@pages.get("/inbox/changes")
@needs("signed_in", is_use=False)
def changes() -> Response:
    """304 after one statement while nothing changed; else the stamp, the counts, and the first rows of the asked list.

    JSON `{stamp, counts, unseen, rows: [[task id, place]], until}`: a row whose place is at most `until` (null: any row) and
    that is not among `rows` has left the list.
    """
    with unit_of_work(writes=False) as uow:
        stamp = worklist_changes.stamp(uow)
        if request.if_none_match.contains(stamp):
            response = Response(status=304)
        else:
            wanted = asked.read(request.args)
            keys, goes_on = worklist.keys(uow, view=wanted.view, criteria=wanted.criteria, limit=PAGE)
            rows = [[task_id, place(at, task_id)] for at, task_id in keys]
            response = jsonify(stamp=stamp, counts=worklist.counts(uow), unseen=notices.unseen(uow), rows=rows,
                               until=rows[-1][1] if goes_on and rows else None)
    response.set_etag(stamp)
    return response
