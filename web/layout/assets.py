"""The built files: their hashed names from Vite's manifest, and sending them (compressed where the browser takes it)."""

import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, abort, request, send_from_directory, url_for

from web.access import needs

STATIC = Path(__file__).resolve().parent.parent / "static"
SOURCES = {"base": "web/layout/islands/base.ts", "inbox": "web/inbox/inbox.ts", "task": "web/inbox/task.ts",
           "case": "web/cases/case.ts", "start": "web/cases/start.ts", "startable": "web/cases/startable.ts",
           "sampling": "web/audit/sampling.ts", "retention": "web/audit/retention.ts", "figures": "web/audit/figures.ts",
           "measuring": "web/audit/measuring.ts", "differences": "web/modeler/differences.ts",
           "fetching": "web/modeler/fetching.ts", "editor": "web/modeler/editor.ts", "migrating": "web/modeler/migrating.ts",
           "trying": "web/modeler/trying.ts", "proof": "web/audit/proof.ts", "film": "web/audit/film.ts",
           "recomputing": "web/audit/recomputing.ts"}
TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}

pages = Blueprint("assets", __name__)


class NotBuiltError(RuntimeError):
    """The front end has not been built: `make build`."""


@pages.get("/static/<path:name>")
@needs("public")
def file(name: str) -> Response:
    """A static file. What has a hash in its name never changes and may be kept for a year."""
    is_hashed = name.startswith("dist/assets/")
    packed = is_hashed and bool(request.accept_encodings.quality("gzip")) and (STATIC / f"{name}.gz").is_file()
    if not is_hashed and name.startswith("dist/"):
        abort(404)
    response = send_from_directory(STATIC, f"{name}.gz" if packed else name, max_age=31_536_000 if is_hashed else 3600)
    response.headers["Vary"] = "Accept-Encoding"
    if packed:
        response.headers["Content-Encoding"] = "gzip"
        response.mimetype = TYPES.get(Path(name).suffix, "application/octet-stream")
    return response


def script(entry: str) -> str:
    """The address of an entry's script."""
    return _address(_manifest()[SOURCES[entry]]["file"])


def styles(entry: str) -> list[str]:
    """The addresses of the style sheets that an entry and what it imports at once need, each once."""
    return [_address(name) for name in dict.fromkeys(_styles(_manifest(), SOURCES[entry]))]


def imports(entry: str) -> list[str]:
    """The addresses of the scripts that an entry imports at once, to be fetched beside it."""
    manifest = _manifest()
    names = dict.fromkeys(_imports(manifest, SOURCES[entry]))
    return [_address(manifest[name]["file"]) for name in names]


def later(entry: str, name: str) -> list[str]:
    """The addresses of the scripts that an entry imports only when it needs them, as the part called `name`; to fetch ahead."""
    manifest = _manifest()
    parts = [key for key in manifest[SOURCES[entry]].get("dynamicImports", ()) if manifest[key]["name"] == name]
    needed = dict.fromkeys(one for key in parts for one in (*_imports(manifest, key), key))
    return [_address(manifest[key]["file"]) for key in needed]


def _manifest() -> dict[str, Any]:
    path = STATIC / "dist" / "manifest.json"
    if not path.is_file():
        raise NotBuiltError("web/static/dist/manifest.json is missing: run `make build`")
    return _read(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _read(path: Path, _changed: int) -> dict[str, Any]:
    return dict(json.loads(path.read_text("utf-8")))


def _styles(manifest: dict[str, Any], key: str) -> Iterator[str]:
    for name in manifest[key].get("imports", ()):
        yield from _styles(manifest, name)
    yield from manifest[key].get("css", ())


def _imports(manifest: dict[str, Any], key: str) -> Iterator[str]:
    for name in manifest[key].get("imports", ()):
        yield from _imports(manifest, name)
        yield name


def _address(name: str) -> str:
    return url_for("assets.file", name=f"dist/{name}")
