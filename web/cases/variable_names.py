"""What variables that no form asks for, and their values, are called: `variables.json` of the diagram folder, the company's."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from engine import canonical
from web.layout import words

FILE = "variables.json"


def labels(folder: str) -> Mapping[str, str]:
    """Variable → its name in the reader's language; empty where the company has no such file."""
    return {each["name"]: _word(each) for each in _read(folder)}


def values(folder: str) -> dict[str, dict[str, str]]:
    """Variable → value → its words in the reader's language, where the company lists them."""
    return {each["name"]: {one["value"]: _word(one) for one in each["values"]} for each in _read(folder) if "values" in each}


def _word(each: Mapping[str, Any]) -> str:
    return str(each["name_en"] if words.language() == "en" else each["name_zh"])


@cache
def _read(folder: str) -> Sequence[Mapping[str, Any]]:
    path = Path(folder) / FILE
    listed: Sequence[Mapping[str, Any]] = canonical.loads(path.read_bytes())["variables"] if path.exists() else []
    return listed
