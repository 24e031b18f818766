"""What a form island needs: the schema in the reader's language, the values to begin with, the server's findings."""

import copy
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from engine import forms
from engine.unit_of_work import Option
from web.layout.words import language

Values = Mapping[str, Any]
HALF = re.compile("[\ud800-\udfff]")  # of a pair of surrogates


def definition(schema: Values, variables: Values, lists: Mapping[str, Sequence[Option]], *, decision: str | None = None,
               typed: Values | None = None, errors: Mapping[str, Sequence[str]] | None = None) -> dict[str, Any]:
    """The JSON that `web/layout/islands/form.ts` reads. `decision` is a field that buttons answer: it is not drawn."""
    shown = forms.localise(copy.deepcopy(dict(schema)), language())
    if decision:
        shown["components"] = _without(shown.get("components", []), decision)
    shown["components"] = [_by_the_clock(one) for one in shown.get("components", [])]
    text = json.dumps(schema, ensure_ascii=False)
    used = {name: value for name, value in variables.items() if name in text}
    options = {name: [{"value": one.value, "label": one.en if language() == "en" else one.zh} for one in found]
               for name, found in lists.items()}
    data = {**forms.to_screen(schema, used), **options, **(typed or {})}
    if decision:
        data.pop(decision, None)
    return {"schema": shown, "data": data, "errors": dict(errors or {}), "decision": decision}


def is_empty(shown: Mapping[str, Any]) -> bool:
    """Whether nothing is left to fill in."""
    return not shown["schema"].get("components")


def read_values(text: str) -> dict[str, Any]:
    """The values that the island sent as JSON; anything else gives none."""
    values = read_json(text)
    return values if isinstance(values, dict) else {}


def read_json(text: str | bytes) -> Any:
    """What a script sent as JSON; None for what is none, or is nested so deeply that nobody wrote it.

    Half of an emoji, which a field of limited length may cut off, becomes the sign for what cannot be shown.
    """
    try:
        found = json.loads(text)
        written = json.dumps(found, ensure_ascii=False)
        return json.loads(HALF.sub("\ufffd", written)) if HALF.search(written) else found
    except (ValueError, RecursionError):
        return None


def labels(schema: Values | None) -> dict[str, str]:
    """The fields' labels in the reader's language, by key; a field in a row by `list.key`."""
    known = forms.fields(schema) if schema else []
    inner = {f"{one.key}.{field.key}": field for one in known for field in one.rows}
    return {key: (field.label_en if language() == "en" else field.label) or field.label or key
            for key, field in ({one.key: one for one in known} | inner).items()}


def _by_the_clock(component: dict[str, Any]) -> dict[str, Any]:
    """Times are typed on a 24-hour clock, here as everywhere in the country; what is stored does not change."""
    if "components" in component:
        return {**component, "components": [_by_the_clock(one) for one in component["components"]]}
    return {**component, "use24h": True} if component.get("type") == "datetime" else component


def _without(components: Sequence[Any], key: str) -> list[Any]:
    kept = [component for component in components if component.get("key") != key]
    return [{**one, "components": _without(one["components"], key)} if "components" in one else one for one in kept]
