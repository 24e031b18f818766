"""What can be wrong with a form's schema and with a submitted value: one table each, in Chinese and English."""

import string
from collections.abc import Mapping
from typing import Any

FINDINGS: Mapping[str, tuple[str, str]] = {
    "required": ("必填", "This field is required"),
    "unknown_field": ("表单里没有这一项", "The form has no such field"),
    "hidden_field": ("这一项现在不显示，不能填写", "This field is not shown and cannot be filled in"),
    "disabled_field": ("这一项已停用，不能填写", "This field is disabled and cannot be filled in"),
    "readonly_field": ("这一项只读，不能修改", "This field is read-only and cannot be changed"),
    "not_text": ("应为文本", "This must be text"),
    "text_too_long": ("文本太长，最多 {limit} 个字符", "The text is too long: at most {limit} characters"),
    "invalid_character": ("含有不能保存的字符", "It has a character that cannot be stored"),
    "not_a_number": ("应为数字", "This must be a number"),
    "number_too_large": ("数字太大", "The number is too large"),
    "not_an_integer": ("应为整数", "This must be a whole number"),
    "too_many_decimals": ("最多 {limit} 位小数", "At most {limit} decimals"),
    "not_a_step": ("最接近的可用值是 {below} 和 {above}", "The nearest valid values are {below} and {above}"),
    "below_min": ("不能小于 {limit}", "It must be at least {limit}"),
    "above_max": ("不能大于 {limit}", "It must be at most {limit}"),
    "too_short": ("至少 {limit} 个字符", "At least {limit} characters"),
    "too_long": ("最多 {limit} 个字符", "At most {limit} characters"),
    "pattern": ("格式不符（{pattern}）", "It does not have the form {pattern}"),
    "not_an_email": ("不是正确的电子邮箱", "This is not an e-mail address"),
    "not_a_phone": ("不是正确的国际电话号码（如 +8673184012345）",
                    "This is not an international phone number (such as +8673184012345)"),
    "not_a_boolean": ("应为是或否", "This must be yes or no"),
    "not_an_option": ("“{value}”不在可选项中", "“{value}” is not one of the options"),
    "not_a_date": ("应为日期，如 2026-01-31", "This must be a date such as 2026-01-31"),
    "not_a_time": ("应为时间，如 08:30", "This must be a time such as 08:30"),
    "not_a_date_time": ("应为日期和时间，如 2026-01-31T08:30", "This must be a date and a time such as 2026-01-31T08:30"),
    "wrong_zone": ("时区写法不对", "The time zone is not written as the form wants it"),
    "past_date": ("不能早于今天（{today}）", "It must not be before today ({today})"),
    "not_a_list": ("应为若干行", "This must be a list of rows"),
    "too_many_rows": ("最多 {limit} 行", "At most {limit} rows"),
    "wrong_row_count": ("应为 {limit} 行", "There must be {limit} rows"),
    "invalid": ("填写有误", "This entry is not valid"),
}
PROBLEMS: Mapping[str, tuple[str, str]] = {
    "form_malformed": ("表单文件 {file} 不是正确的 form-js JSON（{message}）：请从表单编辑器重新导出。",
                       "Form file {file} is not form-js JSON ({message}): export it again from the form editor."),
    "form_component_unsupported": (
        "表单 {file} 的 {field} 是“{found}”组件，不能使用：可用的是 {choices}。",
        "{field} in form {file} is a “{found}” component, which is not supported: use one of {choices}."),
    "form_key_invalid": ("表单 {file} 的 {field} 的 key“{found}”不能用作变量名：请用字母、数字和下划线。",
                         "The key “{found}” of {field} in form {file} cannot name a variable: use letters, digits, underscores."),
    "form_key_twice": ("表单 {file} 有多个字段的 key 是“{found}”：每个 key 只能用一次。",
                       "Several fields of form {file} have the key “{found}”: use each key once."),
    "form_id_twice": ("表单 {file} 有多个组件的 id 是“{found}”，表单不会显示：请给每个组件不同的 id。",
                      "Several components of form {file} have the id “{found}”, so it cannot be shown: give each its own."),
    "form_options_missing": ("表单 {file} 的 {field} 没有选项：请填写 values、valuesKey 或 valuesExpression。",
                             "{field} in form {file} has no options: give values, valuesKey or valuesExpression."),
    "form_option_invalid": ("表单 {file} 的 {field} 的选项“{found}”没有值或重复：请改正。",
                            "Option “{found}” of {field} in form {file} has no value or one that is there twice: correct it."),
    "form_rule_invalid": ("表单 {file} 的 {field} 的 {rule} 是“{found}”，不是{expected_zh}：请改正。",
                          "{rule} of {field} in form {file} is “{found}”, not {expected}: correct it."),
    "form_feel_invalid": ("表单 {file} 的 {field} 的 {rule} 无法使用：{reason_zh}。",
                          "{rule} of {field} in form {file} cannot be used: {reason}."),
    "form_label_missing": ("表单 {file} 的 {field} 没有标签：请填写 label。",
                           "{field} in form {file} has no label: fill in label."),
    "form_english_missing": ("表单 {file} 的 {field} 没有英文标签：请添加属性 label_en。",
                             "{field} in form {file} has no English label: add the property label_en."),
}


class _Words(string.Formatter):
    """Puts facts into a sentence; no attribute of a fact can be reached, one that is missing is a dash."""

    def get_field(self, field_name: str, _args: Any, kwargs: Any) -> tuple[Any, str]:
        """The fact of that name."""
        return kwargs.get(field_name, "—"), field_name


def sentence(code: str, facts: Mapping[str, Any], language: str) -> str:
    """One finding about a submitted value in words; a form's own pattern message wins."""
    own = facts.get("message_en") if language == "en" else facts.get("message")
    if own or facts.get("message"):
        return str(own or facts["message"])
    return _Words().vformat(FINDINGS.get(code, FINDINGS["invalid"])[language == "en"], (), facts)


def problem_sentences(code: str, facts: Mapping[str, Any]) -> tuple[str, str]:
    """Chinese and English of a problem in a schema."""
    zh, en = PROBLEMS[code]
    return _Words().vformat(zh, (), facts), _Words().vformat(en, (), facts)
