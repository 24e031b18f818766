"""What changed between two versions of a form: its fields, their labels, whether they are required, their choices. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from engine import forms
from engine.diagram.change_words import Both, Change, Names, change, field_words, quoted, value_words
from engine.forms import Field

OF_FIELD = ("label", "label_en", "type", "required", "values_key", "values_expression")
TOLD = frozenset({"id", "key", "path", "label", "type", "layout", "values", "valuesKey", "valuesExpression", "conditional",
                  "readonly", "disabled", "defaultValue", "components"})
"""Parts of a component that are told as fields, or are layout."""


def compare(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> tuple[Change, ...]:
    """The changes from one form-js schema (that passed `forms.check_schema`) to the other."""
    if before is None or after is None:
        return _whole(before, after)
    found = [*_title(before, after), *_fields(_by_key(before), _by_key(after), ""), *_texts(before, after)]
    return (*found, *_layout(before, after))


def _whole(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> tuple[Change, ...]:
    form = after or before
    if form is None:
        return ()
    zh, en = quoted(str(form.get("title") or form.get("id") or ""))
    number = len(forms.fields(form))
    if before is None:
        words = f"新增表单{zh}（{number} 个字段）。", f"Form {en} added (fields: {number})."
        return (change("added", (None, "form", ""), (None, form.get("id")), words),)
    return (change("removed", (None, "form", ""), (form.get("id"), None), (f"删除表单{zh}。", f"Form {en} removed.")),)


def _title(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    yield from _changed(("", "form"), ("表单", "the form"), "title", before.get("title"), after.get("title"))


def _by_key(form: Mapping[str, Any]) -> dict[str, Field]:
    return {each.key: each for each in forms.fields(form)}


def _fields(old: Mapping[str, Field], new: Mapping[str, Field], outer: str) -> Iterator[Change]:
    for key in dict.fromkeys((*new, *old)):
        a, b = old.get(key), new.get(key)
        if a is None and b is not None:
            (zh, en), (must_zh, must_en) = _label(b), ("，必填", ", required") if b.required else ("", "")
            said = f"新增字段{zh}{must_zh}。", f"Field {en} added{must_en}."
            yield change("added", (outer + key, b.type, ""), (None, key), said)
        elif b is None and a is not None:
            zh, en = _label(a)
            yield change("removed", (outer + key, a.type, ""), (key, None), (f"删除字段{zh}。", f"Field {en} removed."))
        elif a is not None and b is not None:
            yield from _field(a, b, outer + key)


def _label(field: Field) -> Both:
    return quoted(field.label or field.key, field.label_en or field.label or field.key)


def _field(a: Field, b: Field, key: str) -> Iterator[Change]:
    zh, en = _label(b)
    who = (f"字段{zh}", f"field {en}")
    for name in OF_FIELD:
        yield from _changed((key, b.type), who, name, getattr(a, name), getattr(b, name))
    for name, old, new in (("hidden", a.is_hidden_when, b.is_hidden_when), ("readonly", a.is_readonly, b.is_readonly),
                           ("disabled", a.is_disabled, b.is_disabled), ("default_value", a.default, b.default),
                           ("options", _choices(a), _choices(b)), ("component", _rest(a.component), _rest(b.component))):
        yield from _changed((key, b.type), who, name, old, new)
    yield from _fields({f.key: f for f in a.rows}, {f.key: f for f in b.rows}, f"{key}.")


def _choices(field: Field) -> str:
    values = field.component.get("values")
    return ", ".join(_choice(each) for each in values) if isinstance(values, list) else ""


def _choice(each: Any) -> str:
    value, label, more = each.get("value"), each.get("label"), each.get("label_en")
    named = f"{label} / {more}" if more else str(label)
    return named if value == label else f"{named} ({value})"


def _rest(component: Mapping[str, Any]) -> dict[str, Any]:
    rest = {key: value for key, value in component.items() if key not in TOLD}
    more, validate = dict(rest.pop("properties", None) or {}), dict(rest.pop("validate", None) or {})
    more.pop("label_en", None)
    validate.pop("required", None)
    return rest | {f"properties.{k}": v for k, v in more.items()} | {f"validate.{k}": v for k, v in validate.items()}


def _changed(at: tuple[str, str], who: Both, name: str, a: Any, b: Any) -> Iterator[Change]:
    if a == b:
        return
    zh, en = field_words(name)
    if name == "component" and isinstance(a, dict) and isinstance(b, dict):
        names = sorted(k for k in a.keys() | b.keys() if a.get(k) != b.get(k))
        a, b = {k: a.get(k) for k in names}, {k: b.get(k) for k in names}
    (a_zh, a_en), (b_zh, b_en) = (value_words(name, _flat(value), Names()) for value in (a, b))
    yield change("changed", (at[0] or None, at[1], name), (a, b), (
        f"{who[0]}的{zh}由{a_zh}改为{b_zh}。", f"The {en} of {who[1]} changed from {a_en} to {b_en}."))


def _flat(value: Any) -> Any:
    if isinstance(value, dict):
        return ", ".join(f"{key}: {'–' if each is None else each}" for key, each in value.items())
    return ", ".join(map(str, value)) if isinstance(value, tuple) else value


# ------------------------------------------------------------------ what is not a field


def _components(part: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for each in part.get("components") or ():
        yield each
        yield from _components(each)


def _texts(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    """Texts, headings of groups, separators: components without a value of their own, by their ids."""
    old, new = (_plain(form) for form in (before, after))
    for name in dict.fromkeys((*new, *old)):
        a, b = old.get(name), new.get(name)
        one = b or a or {}
        zh, en = quoted(str(one.get("text") or one.get("label") or one.get("type"))[:40])
        if a is None:
            yield change("added", (name, str(one.get("type")), ""), (None, name), (f"新增文字{zh}。", f"Text {en} added."))
        elif b is None:
            yield change("removed", (name, str(one.get("type")), ""), (name, None), (f"删除文字{zh}。", f"Text {en} removed."))
        else:
            old_text, new_text = ({k: v for k, v in each.items() if k not in ("id", "layout", "components")} for each in (a, b))
            yield from _changed((name, str(one.get("type"))), (f"文字{zh}", f"text {en}"), "text", old_text, new_text)


def _plain(form: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    parts = list(_components(form))
    plain = [p for p in parts if "key" not in p and p.get("type") not in ("spacer", "dynamiclist")]
    return {str(p.get("id") or n): p for n, p in enumerate(plain)}


def _layout(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    """Order and columns of what both versions have."""
    old, new = ([(str(p.get("key") or p.get("id")), p.get("layout")) for p in _components(form)] for form in (before, after))
    both = {name for name, _ in old} & {name for name, _ in new}
    places = [[name for name, _ in each if name in both] for each in (old, new)]
    moved = {a for a, b in zip(*places, strict=False) if a != b}
    moved |= {name for name in both if dict(old)[name] != dict(new)[name]}
    for name in sorted(moved):
        said = f"“{name}”在表单上的位置变了。", f"“{name}” moved in the form."
        yield change("layout", (name, "field", "layout"), (None, None), said)
