"""The fields of a form-js schema, groups taken apart, and the schema in another language."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

KEYED = frozenset({"textfield", "textarea", "number", "datetime", "checkbox", "checklist", "radio", "select", "taglist"})
SHOWN = frozenset({"text", "separator", "spacer"})
CONTAINERS = frozenset({"group", "dynamiclist"})
COMPONENTS = KEYED | SHOWN | CONTAINERS
MANY = frozenset({"checklist", "taglist", "dynamiclist"})
CHOOSING = frozenset({"checklist", "taglist", "radio", "select"})
FEEL_TYPES = {"textfield": "string", "textarea": "string", "number": "number", "datetime": "date", "checkbox": "boolean",
              "checklist": "list", "taglist": "list", "dynamiclist": "list"}

Component = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Choice:
    """An option of a select, radio, checklist or taglist: the value stored and its words."""

    value: Any
    label: str
    label_en: str


@dataclass(frozen=True, slots=True)
class Field:
    """One input. `key` is its path with dots (a group's path included); in a dynamic list, its path within the row.

    `is_hidden_when` are the FEEL conditions (no `=`) of itself and of its groups: one that is true hides it.
    `rows` are the fields of a dynamic list's row. `component` is the form-js component as it is.
    """

    key: str
    type: str
    label: str
    label_en: str
    required: bool
    options: tuple[Choice, ...] = ()
    values_key: str | None = None
    values_expression: str | None = None
    is_hidden_when: tuple[str, ...] = ()
    is_readonly: bool = False
    is_disabled: bool = False
    default: Any = None
    rows: tuple["Field", ...] = ()
    component: Component = field(default_factory=dict)

    @property
    def path(self) -> tuple[str, ...]:
        """The key in its parts."""
        return tuple(self.key.split("."))

    @property
    def is_money(self) -> bool:
        """Whether it is typed in yuan and stored in cents."""
        return self.type == "number" and properties(self.component).get("money") == "cents"

    @property
    def empty(self) -> Any:
        """What form-js holds for a field that nobody filled in."""
        if self.type in MANY:
            return []
        return {"textfield": "", "textarea": "", "checkbox": False}.get(self.type)


def called(schema: Component) -> tuple[str, str]:
    """What a form is called in Chinese and English; a form without a name has none in either."""
    found = properties(schema)
    zh, en = ("".join(filter(str.isprintable, str(found.get(name) or ""))).strip() for name in ("name", "name_en"))
    return zh or en, en or zh


def properties(component: Component) -> Mapping[str, Any]:
    """The component's custom properties; empty if it has none."""
    found = component.get("properties")
    return found if isinstance(found, Mapping) else {}


def fields(schema: Component) -> list[Field]:
    """Every field of a form in the order of the file. The schema is one that `check_schema` found no error in."""
    return list(_fields(schema, "", (), is_disabled=False, is_readonly=False))


def field_types(schema: Component) -> dict[str, Any]:
    """FEEL type by variable for `expressions.check_types`; a group with a path is a mapping of its own."""
    types: dict[str, Any] = {}
    for one in fields(schema):
        inner = types
        for part in one.path[:-1]:
            inner = inner.setdefault(part, {})
        inner[one.path[-1]] = _feel_type(one)
    return types


def localise(schema: Component, language: str) -> dict[str, Any]:
    """The schema with its words in `language` (`en`: the English beside, where there is one; else as it is)."""
    return _localised(schema) if language == "en" else dict(schema)


def _fields(parent: Component, prefix: str, hidden: tuple[str, ...], *, is_disabled: bool, is_readonly: bool) -> Iterator[Field]:
    for component in parent.get("components", ()):
        conditions = hidden + tuple(_hide(component))
        disabled = is_disabled or component.get("disabled") is True
        readonly = is_readonly or component.get("readonly") is True
        if component.get("type") == "group":
            inside = _join(prefix, component.get("path") or "")
            yield from _fields(component, inside, conditions, is_disabled=disabled, is_readonly=readonly)
        elif component.get("type") in KEYED or component.get("type") == "dynamiclist":
            yield _field(component, prefix, conditions, is_disabled=disabled, is_readonly=readonly)


def _field(component: Component, prefix: str, hidden: tuple[str, ...], *, is_disabled: bool, is_readonly: bool) -> Field:
    is_list = component["type"] == "dynamiclist"
    label = component.get("label") or component.get("dateLabel") or component.get("timeLabel") or ""
    return Field(
        key=_join(prefix, component["path"] if is_list else component["key"]),
        type=component["type"], label=label, label_en=str(properties(component).get("label_en") or ""),
        required=(component.get("validate") or {}).get("required") is True,
        options=tuple(choices(component.get("values") or ())), values_key=component.get("valuesKey") or None,
        values_expression=feel(component.get("valuesExpression")), is_hidden_when=hidden,
        is_readonly=is_readonly, is_disabled=is_disabled, default=component.get("defaultValue"),
        rows=tuple(_fields(component, "", (), is_disabled=is_disabled, is_readonly=is_readonly)) if is_list else (),
        component=component)


def choices(options: Any) -> Iterator[Choice]:
    """Options as form-js normalises them: `{value, label}`, or a bare value; others are left out."""
    for option in options if isinstance(options, (list, tuple)) else ():
        if isinstance(option, Mapping):
            value, label = option.get("value"), option.get("label")
            if value not in (None, "", {}):
                yield Choice(value, str(label or value), str(option.get("label_en") or ""))
        elif option not in (None, ""):
            yield Choice(option, str(option), "")


def feel(text: Any) -> str | None:
    """The FEEL in a text that begins with `=`, else None."""
    return text[1:] if isinstance(text, str) and text.startswith("=") else None


def _hide(component: Component) -> Iterator[str]:
    condition = (component.get("conditional") or {}).get("hide")
    if found := feel(condition):
        yield found


def _join(prefix: str, key: str) -> str:
    return ".".join(part for part in (prefix, key) if part)


def _feel_type(one: Field) -> str:
    if one.type in ("select", "radio"):
        values = [option.value for option in one.options]
        is_text = values and not one.values_key and all(isinstance(value, str) for value in values)
        return "string" if is_text else "unknown"
    if one.type == "number" and one.component.get("serializeToString"):
        return "string"
    return FEEL_TYPES[one.type]


_WORDS = {"label_en": "label", "description_en": "description", "text_en": "text", "dateLabel_en": "dateLabel",
          "timeLabel_en": "timeLabel"}


def _localised(component: Component) -> dict[str, Any]:
    there = properties(component)
    words = {name: there[english] for english, name in _WORDS.items() if there.get(english)}
    if component.get("type") == "datetime" and "label_en" in there and not component.get("label"):
        name = "timeLabel" if component.get("subtype") == "time" else "dateLabel"
        words = {**words, "label": component.get("label", ""), name: there["label_en"]}
    shown = {**component, **words}
    if isinstance(component.get("validate"), Mapping) and there.get("pattern_error_en"):
        shown["validate"] = {**component["validate"], "patternErrorMessage": there["pattern_error_en"]}
    if component.get("values"):
        shown["values"] = [{**option, "label": option["label_en"]} if isinstance(option, Mapping) and option.get("label_en")
                           else option for option in component["values"]]
    if component.get("components"):
        shown["components"] = [_localised(inner) for inner in component["components"]]
    return shown
