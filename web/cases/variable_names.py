"""What variables are called that no form asks for: `variables.json` of the diagram folder, the company's own list."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from engine import canonical
from web.layout import words

FILE = "variables.json"


def labels(folder: str) -> Mapping[str, str]:
    """Variable → its name in the reader's language; empty where the company has no such file."""
    return {name: en if words.language() == "en" else zh for name, (zh, en) in _read(folder).items()}


@cache
def _read(folder: str) -> Mapping[str, tuple[str, str]]:
    path = Path(folder) / FILE
    listed = canonical.loads(path.read_bytes())["variables"] if path.exists() else []
    return {each["name"]: (each["name_zh"], each["name_en"]) for each in listed}
