"""A browser without scripts: Flask's test client that signs in, and sends forms with the hidden fields that a page gave it."""

import json
import re
from collections.abc import Mapping
from html import unescape
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from engine.unit_of_work import ProcessEngine
from web import attach, create_app

PASSWORD = "fuwuflow"
_APPS: list[Flask] = []
HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)"')
FORM = re.compile(r'<form[^>]*action="([^"]*)"[^>]*>(.*?)</form>', re.DOTALL)
DEFINITION = re.compile(r"<script[^>]*data-form-definition>(.*?)</script>", re.DOTALL)


def app_of(engine: ProcessEngine) -> Flask:
    """The application of this process's tests, on `engine` from now on: a new one would compile its routes and pages again."""
    if not _APPS:
        _APPS.append(create_app(engine=engine))
    attach(_APPS[0], engine)
    return _APPS[0]


class Client:
    """One visitor; `page` is what was read last."""

    def __init__(self, app: Flask, address: str = "127.0.0.1") -> None:
        self.http = app.test_client()
        self.address = address
        self.response: TestResponse | None = None

    @property
    def page(self) -> str:
        """The text of the last answer."""
        return self.response.get_data(as_text=True) if self.response else ""

    def get(self, path: str, **headers: str) -> TestResponse:
        """Read a page."""
        self.response = self.http.get(path, headers=headers, environ_base={"REMOTE_ADDR": self.address}, buffered=True)
        str(self.response.headers).encode("latin-1")  # what a server does; Werkzeug's client takes any letter
        return self.response

    def post(self, path: str, fields: Mapping[str, Any], **headers: str) -> TestResponse:
        """Send exactly these fields."""
        self.response = self.http.post(path, data=fields, headers=headers, environ_base={"REMOTE_ADDR": self.address},
                                       buffered=True)  # a file that is sent is closed, as a server does
        self.response.request.environ["wsgi.input"].close()  # Werkzeug's client leaves the file of a large upload open
        return self.response

    def send(self, action: str, **fields: Any) -> TestResponse:
        """Send the form of the last page whose action is `action`, with its hidden fields and `fields` over them."""
        return self.post(action, {**self.hidden(action), **fields})

    def hidden(self, action: str) -> dict[str, str]:
        """The hidden fields of the form with this action."""
        body = next(body for found, body in FORM.findall(self.page) if unescape(found) == action)
        return {name: unescape(value) for name, value in HIDDEN.findall(body)}

    def form(self) -> dict[str, Any]:
        """What the page gives to the form island: schema, data, errors, decision."""
        found = DEFINITION.search(self.page)
        assert found, "no form on the page"
        definition: dict[str, Any] = json.loads(found[1])
        return definition

    def sign_in(self, user: str, password: str = PASSWORD) -> TestResponse:
        """Sign in; follows nothing."""
        self.get("/sign-in")
        return self.send("/sign-in", user=user, password=password)
