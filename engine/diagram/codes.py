"""Every problem the deploy gate can find in a diagram: its severity, and one sentence in Chinese and in English.

A sentence names the element and says what to do. `docs/problems.md` lists them; a test compares.
"""

from dataclasses import dataclass
from typing import Any

from engine.errors import Problem, Severity


@dataclass(frozen=True, slots=True)
class Code:
    """One kind of problem; `{fact}` in the sentences is filled by `problem`."""

    severity: Severity
    zh: str
    en: str


CODES: dict[str, Code] = {
    # ------------------------------------------------------------ the file
    "xml_too_large": Code("error", "文件 {file} 有 {found} 字节，上限是 {limit} 字节：请拆成较小的文件。",
                          "File {file} has {found} bytes; the limit is {limit}: split it into smaller files."),
    "xml_not_utf8": Code("error", "文件 {file} 不是 UTF-8 编码（{found}）：请另存为 UTF-8。",
                         "File {file} is not UTF-8 ({found}): save it as UTF-8."),
    "xml_malformed": Code("error", "文件 {file} 第 {line} 行不是正确的 XML（{message}）：请重新从建模工具导出。",
                          "File {file} is not well-formed XML at line {line} ({message}): export it again from the modeller."),
    "xml_doctype": Code("error", "文件 {file} 含有 DOCTYPE：请删除它，流程图不需要。",
                        "File {file} has a DOCTYPE: delete it, a diagram needs none."),
    "xml_too_many_elements": Code("error", "文件 {file} 有 {found} 个 XML 元素，上限是 {limit}：请拆成几个流程，用调用活动连接。",
                                  "File {file} has {found} XML elements; the limit is {limit}: split it into several "
                                  "processes joined by call activities."),
    "not_bpmn": Code("error", "文件 {file} 的根元素是 {tag}，不是 BPMN 2.0 的 definitions：请导出为 BPMN 2.0。",
                     "The root of file {file} is {tag}, not the definitions of BPMN 2.0: export it as BPMN 2.0."),
    "duplicate_id": Code("error", "标识 {element} 在第 {line} 行重复出现：请给其中一个改名。",
                         "The id {element} stands a second time at line {line}: rename one of the two."),
    "missing_id": Code("error", "第 {line} 行的 {tag}（{name}）没有 id：请给它一个标识。",
                       "The {tag} at line {line} ({name}) has no id: give it one."),
}


def problem(code: str, *, file: str, element: str | None = None, field: str | None = None, **facts: Any) -> Problem:
    """The finding `code` with both sentences filled in from its facts."""
    kind = CODES[code]
    words = {"file": file, "element": element, "field": field, **facts}
    return Problem(code, kind.severity, file, element, field, kind.zh.format_map(words), kind.en.format_map(words), facts)
