"""The administrator's pages: a module for each, and where the room begins."""

from flask import redirect, url_for
from werkzeug.wrappers import Response

from web.access import needs
from web.admin import calendar, calendar_import, changes, deploy, imports, incidents, jobs, mail, offices, people
from web.admin.room import pages

__all__ = ["calendar", "calendar_import", "changes", "deploy", "imports", "incidents", "index", "jobs", "mail", "offices",
           "pages", "people"]


@pages.get("")
@needs("admin")
def index() -> Response:
    """The first of the pages."""
    return redirect(url_for("admin.deploy_page"))
