"""A client of `/engine-rest` for tests: calls as a user, holds every reply to the shape that the OpenAPI document gives it."""

import base64
import io
import json
import re
from collections.abc import Mapping
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

PREFIX = "/engine-rest"


class Rest:
    """Calls one application as one user after another."""

    PASSWORD = "open sesame"

    def __init__(self, client: FlaskClient, user: str) -> None:
        self.client, self.user = client, user
        self.document: dict[str, Any] = self.call("GET", "/openapi.json").get_json()

    def call(self, method: str, path: str, body: object = None, *, user: str | None = None, password: str | None = None,
             **options: Any) -> TestResponse:
        """Any call."""
        name = self.user if user is None else user
        secret = base64.b64encode(f"{name}:{password or self.PASSWORD}".encode()).decode()
        headers = {"Authorization": f"Basic {secret}", **options.pop("headers", {})}
        if body is not None:
            options |= {"data": json.dumps(body), "content_type": "application/json"}
        return self.client.open(PREFIX + path, method=method, headers=headers, **options)

    def get(self, path: str, **options: Any) -> Any:
        """A reply that must be 200, as the document shows it."""
        return self._shown("GET", path, self.call("GET", path, **options))

    def post(self, path: str, body: object = None, **options: Any) -> Any:
        """A reply that must be 200 or 204, as the document shows it."""
        return self._shown("POST", path, self.call("POST", path, {} if body is None else body, **options))

    def refused(self, status: int, method: str, path: str, body: object = None, **options: Any) -> Any:
        """The body of a refusal."""
        response = self.call(method, path, body, **options)
        assert response.status_code == status, response.text
        found = response.get_json()
        assert {"type", "message", "code"} <= found.keys()
        return found

    def deploy(self, *files: bytes, name: str = "test", **options: Any) -> TestResponse:
        """Deploy files as a multipart form."""
        data: dict[str, Any] = {f"file{i}": (io.BytesIO(each), f"file{i}.bpmn") for i, each in enumerate(files)}
        return self.call("POST", "/deployment/create", data={"deployment-name": name, **data}, **options)

    def start(self, key: str = "case", variables: Mapping[str, Any] | None = None, **more: Any) -> str:
        """Start a case."""
        return str(self.post(f"/process-definition/key/{key}/start", {"variables": typed(variables or {}), **more})["id"])

    def task(self, element: str) -> Any:
        """The open task at an element."""
        return self.get(f"/task?taskDefinitionKey={element}")[0]

    def complete(self, element: str, **variables: Any) -> None:
        """Complete the open task at an element."""
        self.post(f"/task/{self.task(element)['id']}/complete", {"variables": typed(variables)})

    def _shown(self, method: str, path: str, response: TestResponse) -> Any:
        assert response.status_code in (200, 204), response.text
        found = response.get_json() if response.data else None
        replies = self._operation(method, path)["responses"]
        assert str(response.status_code) in replies
        if found is not None:
            self.must_fit(found, replies["200"]["content"]["application/json"]["schema"], path)
        return found

    def _operation(self, method: str, path: str) -> Any:
        bare = path.partition("?")[0]
        fits = [known for known in self.document["paths"] if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", known), bare)]
        known = min(fits, key=lambda each: each.count("{"))
        return self.document["paths"][known][method.lower()]

    def must_fit(self, value: Any, schema: Mapping[str, Any], where: str) -> None:
        """A value has exactly the members of its schema, each of its kind."""
        if "$ref" in schema:
            schema = self.document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        if value is None:
            assert schema.get("nullable"), where
            return
        kinds = {"string": str, "integer": int, "boolean": bool, "array": list, "object": dict}
        if "type" in schema:
            assert type(value) is kinds[schema["type"]], (where, value, schema)
        for each in value if schema.get("type") == "array" else ():
            self.must_fit(each, schema["items"], where)
        if "properties" in schema and not schema.get("additionalProperties"):
            assert value.keys() <= schema["properties"].keys(), where
            assert schema["properties"].keys() - value.keys() <= {"variables"}, (where, value)
            for name, each in value.items():
                self.must_fit(each, schema["properties"][name], f"{where} {name}")


def typed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Plain values as typed ones."""
    kinds = {str: "String", bool: "Boolean", int: "Integer", float: "Double", type(None): "Null"}
    return {name: {"value": json.dumps(value), "type": "Json"} if isinstance(value, list | dict) else
            {"value": value, "type": kinds[type(value)]} for name, value in values.items()}
