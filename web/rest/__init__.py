"""`/engine-rest`: the REST API of Camunda 7 and Operaton 1.0, as far as it goes; `/engine-rest/openapi.json` says how far.

It goes through the same verbs as the pages, as whoever signs in by HTTP Basic.
"""

import logging

from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException

from engine.errors import EngineError
from web import errors
from web.rest import about, definitions, deployments, history, instances, messages, tasks
from web.rest.openapi import PREFIX
from web.rest.refusals import RestRefusal, respond

log = logging.getLogger("fuwuflow")
pages = Blueprint("rest", __name__, url_prefix=PREFIX)
for each in (about, deployments, definitions, instances, tasks, messages, history):
    pages.register_blueprint(each.pages)


@pages.errorhandler(Exception)
def refuse(error: Exception) -> Response:
    """Tell what went wrong in the words of this API; what nobody expected is logged."""
    if not isinstance(error, RestRefusal | EngineError | HTTPException):
        level = logging.ERROR if errors.unforeseen(error).code == "failed" else logging.WARNING
        log.log(level, "request failed: %s %s", request.method, request.path, exc_info=error)
    return respond(error)


def is_for(path: str) -> bool:
    """Whether a request's path is in this API."""
    return path == PREFIX or path.startswith(PREFIX + "/")
