"""What answers: version, engines, the OpenAPI document."""

from flask import Blueprint, Response, current_app

from web.rest import openapi
from web.rest.basic import unit_of_work
from web.rest.operation import operation
from web.rest.replies import reply

VERSION = "0.1.0"
pages = Blueprint("about", __name__)


@operation(pages, "GET", "/version", reply="Version")
def version() -> Response:
    """The version of this engine."""
    with unit_of_work(writes=False):
        return reply({"version": VERSION})


@operation(pages, "GET", "/engine", reply=["Engine"])
def engines() -> Response:
    """The names of the engines: there is one."""
    with unit_of_work(writes=False):
        return reply([{"name": "default"}])


@operation(pages, "GET", "/openapi.json", reply="OpenApi")
def document() -> Response:
    """The OpenAPI document of this API."""
    with unit_of_work(writes=False):
        return reply(openapi.document(current_app, VERSION))
