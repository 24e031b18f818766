"""What variables and their values are called that no form asks for: `variables.json` of the diagram folder, the company's own."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from engine import canonical
from web.layout import words

FILE = "variables.json"


def labels(folder: str) -> Mapping[str, str]:
    """Variable → its name in the reader's language; empty where the company has no such file."""
    name = "name_en" if words.language() == "en" else "name_zh"
    return {each["name"]: each[name] for each in _read(folder)}


def options(folder: str) -> Mapping[str, Mapping[Any, str]]:
    """Variable → value → its words in the reader's language, of those that hold one of a few words."""
    label = "label_en" if words.language() == "en" else "label"
    return {each["name"]: {one["value"]: one[label] for one in each["values"]} for each in _read(folder) if "values" in each}


@cache
def _read(folder: str) -> Sequence[Mapping[str, Any]]:
    path = Path(folder) / FILE
    found: Sequence[Mapping[str, Any]] = canonical.loads(path.read_bytes())["variables"] if path.exists() else []
    return found
