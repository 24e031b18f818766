"""A route with its description: one decorator registers both, so the OpenAPI document cannot miss or invent a route."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from flask import Blueprint

from web.access import needs

View = TypeVar("View", bound=Callable[..., Any])
Shape = str | Sequence[str] | None
"""The name of a schema, a list of one for an array of it, or None for nothing."""


@dataclass(frozen=True, slots=True)
class Described:
    """What the OpenAPI document says of a view: the query class of its filters, the shapes of body and reply, the status."""

    query: type[Any] | None
    is_paged: bool
    body: Shape
    reply: Shape
    status: int
    parameters: tuple[str, ...]
    may_be_empty: bool


def operation(pages: Blueprint, method: str, path: str, *, query: type[Any] | None = None, is_paged: bool = False,
              body: Shape = None, reply: Shape = None, status: int = 200, parameters: tuple[str, ...] = (),
              takes_files: bool = False, may_be_empty: bool = False) -> Callable[[View], View]:
    """Register a view of the API; the caller signs in by HTTP Basic inside it."""

    def register(view: View) -> View:
        view.described = Described(query, is_paged, body, reply, status, parameters, may_be_empty)  # type: ignore[attr-defined]  # a mark
        needs("basic", takes_files=takes_files)(view)
        pages.add_url_rule(path, endpoint=f"{view.__name__}_{method.lower()}", view_func=view, methods=[method])
        return view

    return register


def described(view: Callable[..., Any]) -> Described:
    """What `operation` noted of a view."""
    return cast("Described", view.described)  # type: ignore[attr-defined]  # the mark


