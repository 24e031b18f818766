"""The OpenAPI 3 document, made from the routes themselves, their query classes and the shapes below."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from flask import Flask
from werkzeug.routing import Rule

from web.rest import operation
from web.rest.operation import Described, Shape
from web.rest.parameters import filters
from web.rest.shapes import SHAPES

PREFIX = "/engine-rest"
JSON = "application/json"
KINDS: Mapping[type[Any], dict[str, Any]] = {
    str: {"type": "string"}, int: {"type": "integer"}, bool: {"type": "boolean"},
    datetime: {"type": "string", "format": "date-time"},
    tuple: {"type": "array", "items": {"type": "string"}},
}
REFUSALS = {
    "400": "The request cannot be used.", "401": "Name or password is missing or wrong.", "403": "The caller may not do this.",
    "404": "There is no such resource.", "429": "Too many failed sign-ins.", "500": "It could not be done; the message says why.",
}


def document(app: Flask, version: str) -> dict[str, Any]:
    """The document for the routes of an application."""
    paths: dict[str, dict[str, Any]] = {}
    for rule, method, described, summary in _operations(app):
        path = rule.rule.removeprefix(PREFIX).replace("<", "{").replace(">", "}")
        paths.setdefault(path, {})[method.lower()] = _operation(rule, method, described, summary)
    return {
        "openapi": "3.0.3", "info": {"title": "Fuwuflow engine REST API", "version": version, "description": (
            "The part of the Camunda 7 / Operaton 1.0 REST API that this engine has. Filters that are not listed are refused.")},
        "servers": [{"url": PREFIX}], "security": [{"basic": []}], "paths": dict(sorted(paths.items())),
        "components": {"securitySchemes": {"basic": {"type": "http", "scheme": "basic"}},
                       "schemas": {name: {"type": "object", **shape} for name, shape in SHAPES.items()}},
    }


def _operations(app: Flask) -> Iterator[tuple[Rule, str, Described, str]]:
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        if rule.rule.startswith(PREFIX + "/"):
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield rule, method, operation.described(view), (view.__doc__ or "").strip()


def _operation(rule: Rule, method: str, described: Described, summary: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": rule.endpoint.removeprefix("rest.").replace(".", "_"), "summary": summary,
        "tags": [rule.rule.removeprefix(PREFIX + "/").split("/")[0]], "parameters": list(_parameters(rule, method, described)),
        "responses": _responses(described),
    }
    body = _body(method, described)
    return {**found, "requestBody": {"content": body}} if body else found


def _parameters(rule: Rule, method: str, described: Described) -> Iterator[dict[str, Any]]:
    for name in sorted(rule.arguments):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
    if described.query is not None and method == "GET":
        for name, kind in filters(described.query).items():
            array = {"style": "form", "explode": False} if kind is tuple else {}
            yield {"name": name, "in": "query", "schema": KINDS[kind], **array}
    for name in described.parameters:
        yield {"name": name, "in": "query", "schema": {"type": "string"}}
    if described.is_paged:
        numbers, words = ("firstResult", "maxResults"), ("sortBy", "sortOrder") if method == "GET" else ()
        yield from ({"name": name, "in": "query", "schema": {"type": "integer", "minimum": 0}} for name in numbers)
        yield from ({"name": name, "in": "query", "schema": {"type": "string"}} for name in words)


def _body(method: str, described: Described) -> dict[str, Any]:
    if described.body is not None:
        kind = "multipart/form-data" if described.body == "Deployment" else JSON
        return {kind: {"schema": _shape(described.body)}}
    if described.query is not None and method == "POST":
        members = {name: KINDS[kind] for name, kind in filters(described.query).items()}
        sorting = {"type": "array", "items": {"$ref": "#/components/schemas/Sorting"}}
        return {JSON: {"schema": {"type": "object", "properties": {**members, "sorting": sorting}}}}
    return {}


def _responses(described: Described) -> dict[str, Any]:
    told = {"description": "Done."}
    if described.reply is not None:
        told |= {"content": {JSON: {"schema": _shape(described.reply)}}}  # type: ignore[dict-item]
    refused = {"content": {JSON: {"schema": _shape("Exception")}}}
    found: dict[str, Any] = {str(described.status): told}
    if described.may_be_empty:
        found["204"] = {"description": "Done; nothing was asked for in return."}
    return found | {status: {"description": words, **refused} for status, words in REFUSALS.items()}


def _shape(shape: Shape) -> dict[str, Any]:
    if isinstance(shape, str):
        return {"$ref": f"#/components/schemas/{shape}"}
    return {"type": "array", "items": _shape((shape or [""])[0])}
