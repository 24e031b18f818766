"""docs/problems.md lists every problem code as the table has it."""

import re
from pathlib import Path

from engine.diagram.codes import CODES

PAGE = Path(__file__).parents[2] / "docs" / "problems.md"
ROW = re.compile(r"^\| `(\w+)` \| (\w+) \| (.+?) \| (.+?) \|$", re.MULTILINE)


def test_page_has_each_code_with_its_severity_and_both_sentences() -> None:
    listed = {code: (severity, zh, en) for code, severity, zh, en in ROW.findall(PAGE.read_text(encoding="utf-8"))}
    assert listed == {code: (kind.severity, kind.zh, kind.en) for code, kind in CODES.items()}


def test_both_sentences_use_the_same_facts() -> None:
    for code, kind in CODES.items():
        zh, en = (set(re.findall(r"(?<!\{)\{(\w+)\}", sentence)) for sentence in (kind.zh, kind.en))
        plain = {re.sub(r"_(zh|en)$", "", name) for name in zh} ^ {re.sub(r"_(zh|en)$", "", name) for name in en}
        assert not plain, code
