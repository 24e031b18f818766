"""A printed record as PDF: one Typst template for all, with the font that the build laid beside the scripts."""

import dataclasses
import json
from functools import cache
from pathlib import Path

import typst

from engine.errors import EngineError
from handlers.printed_records import PrintedRecord

TEMPLATE = Path(__file__).parent / "record.typ"
FONTS = Path(__file__).parents[1] / "static" / "dist" / "fonts"
FAMILY = "Noto Sans SC"


def rendered(record: PrintedRecord, *, printed: str) -> bytes:
    """The PDF of a record; `printed` is a line at the foot that says when and for whom. `EngineError` without the font."""
    told = json.dumps({**dataclasses.asdict(record), "printed": printed}, ensure_ascii=False)
    return typst.compile(TEMPLATE.read_bytes(), font_paths=fonts(), format="pdf", sys_inputs={"record": told})


@cache
def fonts() -> typst.Fonts:
    """Our font only, so that the page looks the same on every machine; read once."""
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONTS)])
    if FAMILY not in fonts.families():
        raise EngineError("print_font_missing", folder=FONTS.name)
    return fonts
