"""Opening files from outside: what can be opened is kept as it is, anything else is refused in one sentence. Pure.

A file need not be right to be kept in a draft, only readable: XML that is BPMN or DMN, or a JSON object. XML in UTF-16 or
another declared encoding becomes UTF-8, the only encoding stored; its content stays the same.
"""

import re
from pathlib import PurePath
from typing import Any, Literal

from engine.diagram import read
from engine.diagram.check import File
from engine.diagram.codes import problem
from engine.diagram.deployment import DECISION, DIAGRAM, FORM, SCENARIO, read_json
from engine.errors import DeploymentRefused, InvalidValue
from engine.xml import MAX_BYTES, XmlRefused, parse

Kind = Literal["process", "form", "decision", "scenario"]
ENDINGS: dict[tuple[str, ...], Kind] = {FORM: "form", DECISION: "decision", SCENARIO: "scenario", DIAGRAM: "process"}
LONGEST_NAME = 100
MARKS = ((b"\xff\xfe\x00\x00", "utf-32"), (b"\x00\x00\xfe\xff", "utf-32"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"),
         (b"<\x00?\x00", "utf-16-le"), (b"\x00<\x00?", "utf-16-be"))
"""How XML begins in other encodings (XML 1.0, appendix F)."""
_DECLARED = re.compile(rb"""^<\?xml\s[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_DECLARATION = re.compile(r"""^(<\?xml\s[^>]{0,200}?encoding\s*=\s*["'])[A-Za-z0-9._-]{1,40}(["'])""")
_DMN = re.compile(r"\{[^}]*/(?:DMN|dmn)/[^}]*\}definitions")


def kind_of(name: str) -> Kind:
    """What a file of this name is. `InvalidValue("model_name")` for a name that cannot be used."""
    found = next((kind for endings, kind in ENDINGS.items() if name.lower().endswith(endings)), None)
    is_plain = name == PurePath(name).name and "\\" not in name and name.isprintable() and name == name.strip()
    if found is None or not is_plain or len(name) > LONGEST_NAME:
        raise InvalidValue("model_name", field="name", value=name[:LONGEST_NAME], limit=LONGEST_NAME)
    return found


def opened(file: File) -> File:
    """The file as it is kept. `DeploymentRefused` with one problem if it cannot be opened, `InvalidValue` for its name."""
    kind = kind_of(file.name)
    if len(file.data) > MAX_BYTES:
        raise _refused("xml_too_large", file, found=len(file.data), limit=MAX_BYTES)
    if kind in ("form", "scenario"):
        return _json(file, "form_malformed" if kind == "form" else "scenario_malformed")
    file = File(file.name, _as_utf8(file.data))
    if kind == "process":
        read.tree(file.data, file.name)
    else:
        _decision(file)
    return file


def _json(file: File, code: str) -> File:
    try:
        read_json(file.data)
    except (ValueError, RecursionError) as reason:
        raise _refused(code, file, message=str(reason)) from None
    return file


def _decision(file: File) -> None:
    try:
        root = parse(file.data, file.name)
    except XmlRefused as reason:
        raise _refused(reason.code, file, **{name: fact for name, fact in reason.facts.items() if name != "file"}) from None
    if not _DMN.fullmatch(str(root.tag)):
        raise _refused("decision_malformed", file, key="–", reason_zh="不是 DMN 1.x 的决策文件",
                       reason_en="it is no DMN 1.x file")


def _as_utf8(data: bytes) -> bytes:
    """XML of a known encoding in UTF-8; data of an unknown one as they are, to be refused by the parser."""
    declared = _DECLARED.match(data)
    encoding = next((name for mark, name in MARKS if data.startswith(mark)), declared[1].decode() if declared else "utf-8")
    if encoding.lower() in ("utf-8", "utf8"):
        return data
    try:
        text = data.decode(encoding).removeprefix("\ufeff")
    except (UnicodeError, LookupError):
        return data
    return _DECLARATION.sub(r"\g<1>UTF-8\g<2>", text, count=1).encode()


def _refused(code: str, file: File, **facts: Any) -> DeploymentRefused:
    return DeploymentRefused([problem(code, file=file.name, **facts)])
