"""The scripts that each page loads first, compressed, from the build's manifest. `python -m tests.bench.scripts` prints them."""

import json
from collections.abc import Iterator
from typing import Any

from web.layout.assets import SOURCES, STATIC

DIST = STATIC / "dist"


def first_load(entry: str) -> dict[str, int]:
    """The scripts of a page with the base of every page, and their bytes as they are sent."""
    manifest = json.loads((DIST / "manifest.json").read_text("utf-8"))
    files = {name for source in (SOURCES["base"], SOURCES[entry]) for name in _files(manifest, source)}
    return {name: (DIST / f"{name}.gz").stat().st_size for name in sorted(files)}


def later_load(entry: str, part: str) -> dict[str, int]:
    """The scripts that a page fetches when it needs `part`, beside those it loads first, and their bytes as they are sent."""
    manifest = json.loads((DIST / "manifest.json").read_text("utf-8"))
    keys = [key for key in manifest[SOURCES[entry]].get("dynamicImports", ()) if manifest[key]["name"] == part]
    files = {name for key in keys for name in _files(manifest, key)} - first_load(entry).keys()
    return {name: (DIST / f"{name}.gz").stat().st_size for name in sorted(files)}


def _files(manifest: dict[str, Any], key: str) -> Iterator[str]:
    yield manifest[key]["file"]
    for name in manifest[key].get("imports", ()):
        yield from _files(manifest, name)


if __name__ == "__main__":
    for page in SOURCES:
        sizes = first_load(page)
        print(f"{page:8} {sum(sizes.values()) / 1000:7.1f} kB", *sizes)
