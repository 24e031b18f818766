"""Why an expression was refused, in Chinese and English: one table from reason to sentence."""

from collections.abc import Mapping
from typing import Any

KINDS = {
    "string": ("文本", "text"), "number": ("数字", "a number"), "boolean": ("是/否", "true or false"), "date": ("日期", "a date"),
    "time": ("时间", "a time"), "date time": ("日期时间", "a date and time"), "duration": ("时长", "a duration"),
    "list": ("列表", "a list"), "context": ("对象", "a context"), "nil": ("空值", "null"), "null": ("空值", "null"),
}
REASONS: Mapping[str, tuple[str, str]] = {
    "syntax": ("表达式无法读懂：{message}", "the expression cannot be read: it {message}"),
    "unknown_name": ("没有名为“{name}”的变量", "there is no variable “{name}”"),
    "unknown_property": ("没有名为“{name}”的属性", "there is no entry “{name}”"),
    "unknown_function": ("没有名为“{name}”的函数", "there is no function “{name}”"),
    "wrong_arguments": ("“{name}”的参数不对", "“{name}” does not take these arguments"),
    "unlike_types": ("类型不同，无法用“{operator}”比较或计算：{left} 与 {right}（日期文本请写 date(…)）",
                     "unlike types for “{operator}”: {left} and {right} (write date(…) around the text of a date)"),
    "not_boolean": ("条件必须得出“是”或“否”，实际是：{found}", "a condition must give true or false, this gives {found}"),
    "unsupported": ("不支持“{what}”（相等只写一个 =）", "“{what}” is not supported (equality is a single =)"),
    "unsupported_reference": ("只支持单独的 ${{变量名}}；其余请写 = 表达式",
                              "only ${{name}} by itself is supported; write “= expression” for more"),
    "not_a_value": ("结果不是可以保存的值（函数或区间）", "the result is a function or a range, not a value to keep"),
    "not_a_number": ("结果不是有限的数字", "the result is not a finite number"),
    "too_large": ("表达式太长或嵌套太深", "the expression is too long or too deeply nested"),
    "timeout": ("计算超时，已停止", "the evaluation took too long and was stopped"),
    "memory": ("计算占用内存过多，已停止", "the evaluation needed too much memory and was stopped"),
    "bundle_missing": ("缺少 FEEL 解释器 {file}：请运行 make build", "the FEEL interpreter {file} is missing: run make build"),
    "failed": ("表达式计算失败：{message}", "the evaluation failed: {message}"),
}


def explain(facts: Mapping[str, Any]) -> tuple[str, str]:
    """The Chinese and English sentence for the facts of an `ExpressionError` or an `expressions.Finding` (with `reason`)."""
    zh, en = REASONS.get(facts.get("reason", ""), REASONS["failed"])
    return _fill(zh, facts, 0), _fill(en, facts, 1)


def _fill(sentence: str, facts: Mapping[str, Any], language: int) -> str:
    words = {key: _word(fact, language) for key, fact in facts.items()}
    return sentence.format_map(_Words(words))


def _word(fact: Any, language: int) -> str:
    return KINDS[fact][language] if isinstance(fact, str) and fact in KINDS else str(fact)


class _Words(dict[str, str]):
    """A fact that is not known reads as a dash."""

    def __missing__(self, key: str) -> str:
        return "—"
