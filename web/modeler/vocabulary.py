"""What the diagram editor's lists and FEEL fields know: forms with their fields, decisions with their outputs, procedures.

The draft's own files count before what is deployed.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from flask import Response, jsonify

from engine import deployments, forms
from engine.decisions import Decision
from engine.diagram.deployment import Deployment
from engine.diagram.model import Process
from engine.forms import Field
from engine.modeling import drafts
from web.access import needs, unit_of_work
from web.modeler.files import in_json
from web.modeler.room import must_model, pages


@pages.get("/drafts/<draft_id>/vocabulary")
@needs("signed_in")
@in_json
def vocabulary(draft_id: str) -> Response:
    """`{forms: [{id, name, name_en, fields}], decisions: [{id, name, name_en, outputs}], processes: [{id, name, name_en}]}`.

    A field is `{name, type, label, label_en, values: [{value, label, label_en}]}`; a form without a name is called
    after the steps that use it.
    """
    own = Deployment()
    with unit_of_work(writes=False) as uow:
        must_model(uow)
        for file in drafts.as_files(uow, draft_id):
            own.read(file)
        known = deployments.known(uow)
    processes = {key: diagram.processes[key] for key, diagram in known.processes.items() if diagram}
    processes |= {process.id: process for source in own.sources for process in source.processes}
    return jsonify({
        "forms": _forms({**known.forms, **own.forms}, processes.values()),
        "decisions": [_decision(each) for _, each in sorted({**known.decisions, **own.decisions}.items())],
        "processes": [_choice(key, each.name, each.name_en) for key, each in sorted(processes.items())]})


def _forms(found: Mapping[str, Mapping[str, Any]], processes: Iterable[Process]) -> list[dict[str, Any]]:
    users: dict[str, dict[str, str]] = defaultdict(dict)
    for process in processes:
        for element in process.elements.values():
            if form := element.attributes.get("formRef"):
                users[form][element.words("zh")] = element.words("en")
    named = {key: forms.called(schema) if any(forms.called(schema)) else _joined(users[key]) for key, schema in found.items()}
    return [{**_choice(key, *named[key]), "fields": [_field(each) for each in forms.fields(schema)]}
            for key, schema in sorted(found.items())]


def _joined(steps: Mapping[str, str]) -> tuple[str, str]:
    return " / ".join(steps), " / ".join(steps.values())


def _field(field: Field) -> dict[str, Any]:
    values = [{"value": each.value, "label": each.label, "label_en": each.label_en} for each in field.options]
    return {"name": field.key, "type": field.type, "label": field.label, "label_en": field.label_en, "values": values}


def _decision(decision: Decision) -> dict[str, Any]:
    return {**_choice(decision.key, decision.name, decision.name_en), "outputs": [each.name for each in decision.outputs]}


def _choice(key: str, name: str = "", name_en: str = "") -> dict[str, Any]:
    return {"id": key, "name": name or key, "name_en": name_en or name or key}
