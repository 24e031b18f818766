"""A filled form in words: its fields' labels with the values as people read them."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from engine import forms
from engine.forms import Field
from engine.unit_of_work import UnitOfWork
from web.layout import words

LONG = 600
Pairs = list[tuple[str, str]]


def in_words(uow: UnitOfWork, schema: Mapping[str, Any] | None, values: Mapping[str, Any], office: str) -> Pairs:
    """`(label, value)` of what was filled in, in the order of the form; what no field asks for follows by its name."""
    known = forms.fields(schema) if schema else []
    told = [(_label(field), _value(uow, field, found, office)) for field in known if _is_there(found := _find(values, field.key))]
    asked = {field.key.split(".")[0] for field in known}
    return told + [(name, _plain(value)) for name, value in values.items() if name not in asked and _is_there(value)]


def _label(field: Field) -> str:
    return (field.label_en if words.language() == "en" else field.label) or field.label or field.key


def _find(values: Mapping[str, Any], key: str) -> Any:
    found: Any = values
    for part in key.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _is_there(value: Any) -> bool:
    return value not in (None, "", [])


def _value(uow: UnitOfWork, field: Field, value: Any, office: str) -> str:
    if field.rows and isinstance(value, list):
        rows = (in_row for in_row in value if isinstance(in_row, Mapping))
        return "\n".join(_row(uow, field, each, office) for each in rows)
    options = _options(uow, field, office)
    if isinstance(value, list):
        return str(_(", ")).join(options.get(str(one), _plain(one)) for one in value)
    return options.get(str(value)) or _plain(value)


def _row(uow: UnitOfWork, field: Field, values: Mapping[str, Any], office: str) -> str:
    return str(_(", ")).join(f"{_label(one)} {_value(uow, one, found, office)}" for one in field.rows
                             if _is_there(found := _find(values, one.key)))


def _options(uow: UnitOfWork, field: Field, office: str) -> dict[str, str]:
    english = words.language() == "en"
    found = {str(one.value): str((one.label_en if english else one.label) or one.label) for one in field.options}
    if field.values_key in uow.engine.lists:
        listed = uow.engine.lists[field.values_key](uow, office)
        found |= {one.value: one.en if english else one.zh for one in listed}
    return found


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = _moment(text) or text
    return text if len(text) <= LONG else text[:LONG] + " …"


def _moment(text: str) -> str | None:
    if len(text) < 16 or text[4:5] != "-" or text[10:11] != "T":
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return words.moment(at) if at.tzinfo else text.replace("T", " ")
