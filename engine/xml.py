"""The one safe XML parser: diagrams and decision tables come in through here (engine-traps §1.3).

Refused: anything but UTF-8, a DOCTYPE, more than the bytes and elements allowed. Nothing is fetched, no entity is expanded.
"""

import re

from lxml import etree

from engine.errors import EngineError

MAX_BYTES = 2_000_000
MAX_ELEMENTS = 5_000
_DECLARATION = re.compile(rb"""^\s*<\?xml\s[^>]*?encoding\s*=\s*["']([^"']*)["']""")


class XmlRefused(EngineError):
    """A file is not XML that we read. `code` says why; facts: `file`, and `limit`, `found`, `line`, `message` where known."""

    code = "xml_malformed"


def parse(data: bytes, file: str, max_bytes: int = MAX_BYTES, max_elements: int = MAX_ELEMENTS) -> etree._Element:
    """The root element, without comments and processing instructions.

    Raises `XmlRefused`: `xml_too_large`, `xml_not_utf8`, `xml_malformed`, `xml_doctype` or `xml_too_many_elements`.
    """
    if len(data) > max_bytes:
        raise XmlRefused("xml_too_large", file=file, found=len(data), limit=max_bytes)
    _require_utf8(data, file)
    root = _read(data, file)
    if root.getroottree().docinfo.internalDTD is not None:
        raise XmlRefused("xml_doctype", file=file)
    found = sum(1 for _ in root.iter())
    if found > max_elements:
        raise XmlRefused("xml_too_many_elements", file=file, found=found, limit=max_elements)
    return root


def _require_utf8(data: bytes, file: str) -> None:
    declared = _DECLARATION.match(data.removeprefix(b"\xef\xbb\xbf"))
    if declared and declared[1].lower() not in (b"utf-8", b"utf8"):
        raise XmlRefused("xml_not_utf8", file=file, found=declared[1].decode("latin-1"))
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise XmlRefused("xml_not_utf8", file=file, found=f"byte {problem.start}") from None
    if b"\0" in data:  # UTF-16 and UTF-32 of plain ASCII are valid UTF-8 with NULs in between
        raise XmlRefused("xml_not_utf8", file=file, found="NUL")


def _read(data: bytes, file: str) -> etree._Element:
    parser = etree.XMLParser(encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False,
                             huge_tree=False, remove_comments=True, remove_pis=True)
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError as problem:
        raise XmlRefused("xml_malformed", file=file, line=problem.lineno, message=problem.msg) from None
