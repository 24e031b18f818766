"""The words of the satisfaction report (5.1.17 n4e): figures, evaluation, what was heard, and every setting used. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

CLASSES = {"satisfied": "顾客满意", "fairly": "顾客较满意", "average": "顾客一般满意", "dissatisfied": "顾客不满意"}
ANSWERS = {"satisfied": "满意", "fairly": "较满意", "average": "一般", "dissatisfied": "不满意"}
OTHER_PRODUCT = "other"  # question 1 has seven products and 其它
QUESTIONS = {
    "2": "产品质量", "3": "售前服务", "4": "合同履约", "5": "上门售后服务", "6": "产品培训", "7": "网站信息服务", "8": "总体评价",
}
LEFT_OUT = {"left_out": "不参加计算", "zero": "按 0 分计算"}


def report(found: Mapping[str, Any]) -> str:
    """The report's first draft as Markdown, for the clerk to complete."""
    response = found["response"]
    lines = [f"**{found['survey']['name']}**({found['survey']['number']})", "",
             f"发放 {response['handed_out']} 份，回收 {response['returned']} 份，回收率 {number(response['percent'])}%。"]
    if not response["is_valid"]:
        lines += ["", f"**无效**：回收率未达到 {number(100 * found['settings']['survey.valid_response'])}%，本次调查不算有效。"]
    lines += ["", "**顾客满意度**", "", f"- 总体：{_figure(found['overall'])}"]
    lines += [f"- {product['name']}：{_figure(product)}（答卷 {product['forms']} 份）" for product in found["products"]]
    lines += ["", "**各题**", ""]
    lines += [f"- 第{key}题 {QUESTIONS.get(key, '')}：{number(value)}%" for key, value in found["overall"]["questions"].items()]
    lines += _heard("投诉", found["complaints"]) + _heard("意见和建议", found["opinions"])
    lines += ["", "**答卷上的意见**", "", *([f"- {remark}" for remark in found["remarks"]] or ["- 无"])]
    return "\n".join([*lines, "", "**所用设置**", "", *_settings(found["settings"])])


def number(value: float | None) -> str:
    """A figure in full, without the noise of binary arithmetic in its last digits."""
    return "—" if value is None else f"{value:.12g}"


def _figure(found: Mapping[str, Any]) -> str:
    return "没有可计算的答卷" if found["percent"] is None else f"S = {number(found['percent'])}%，{CLASSES[found['class']]}"


def _heard(title: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    told = [f"- {row['number']} {row['customer']}：{row['handled'] or '处理中'}" for row in rows]
    return ["", f"**调查期间的{title}**", "", *(told or ["- 无"])]


def _settings(used: Mapping[str, Any]) -> list[str]:
    def falling(key: str) -> list[tuple[str, float]]:
        return sorted(used[key].items(), key=lambda item: -item[1])

    weights = "、".join(f"第{q}题 {weight:g}" for q, weight in sorted(used["survey.weights"].items()))
    scores = "、".join(f"{ANSWERS[a]} {score:g}" for a, score in falling("survey.scores"))
    bounds = "、".join(f"{CLASSES[c]} {100 * bound:g}%以上" for c, bound in falling("survey.bounds"))
    return [f"- 加权系数：{weights}", f"- 评分：{scores}", f"- 第6题“未参加”：{LEFT_OUT[used['survey.did_not_attend']]}",
            f"- 等级：{bounds}，其下为{CLASSES['dissatisfied']}", f"- 有效回收率：{100 * used['survey.valid_response']:g}%"]
