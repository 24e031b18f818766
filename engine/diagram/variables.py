"""What is known at deploy about a process's variables: their FEEL types and values, as far as its forms tell."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine import expressions, forms
from engine.diagram.model import Diagram, Element, Process
from engine.diagram.sources import Known, Source
from engine.forms import Field

BUILT_IN = frozenset({"office", "loopCounter", "nrOfInstances", "nrOfCompletedInstances", "nrOfActiveInstances", "business_key"})


@dataclass(frozen=True, slots=True)
class Variables:
    """`types`: FEEL type by name where all forms agree and nothing else writes it; `given`: every name that is written."""

    types: expressions.Types
    given: frozenset[str]


def variables(source: Source, process: Process, known: Known) -> Variables:
    """What the process's forms, tasks and mappings write, and what its callers hand in."""
    types: dict[str, list[Any]] = {}
    for element in process.elements.values():
        for name, kind in forms.field_types(_schema(element, known)).items():
            types.setdefault(name, []).append(kind)
    written = {name for element in process.elements.values() for name in _written(element, known)}
    handed = set(_handed_in(process.id, {**known.processes, **dict.fromkeys(source.diagram.processes, source.diagram)}))
    sure = {name: kinds[0] for name, kinds in types.items()
            if all(kind == kinds[0] for kind in kinds) and name not in written | handed}
    return Variables(
        types={name: kind for name, kind in sure.items() if kind != "unknown"},
        given=frozenset(types) | written | handed | BUILT_IN,
    )


def fields(element: Element, known: Known) -> list[Field]:
    """The fields of the element's form; none if it has no form, or an unknown or malformed one."""
    return forms.fields(_schema(element, known))


def domain(field: Field) -> tuple[Any, ...] | None:
    """Every value that a field can have after its form was accepted; None if that cannot be told."""
    if field.is_hidden_when or field.is_readonly or field.is_disabled:
        return None
    if field.type == "checkbox":
        return (True, False)
    is_choice = field.type in ("select", "radio") and not field.values_key and not field.values_expression
    return tuple(option.value for option in field.options) if is_choice and field.required and field.options else None


def _schema(element: Element, known: Known) -> Mapping[str, Any]:
    return known.forms.get(element.attributes.get("formRef", ""), {})


def _written(element: Element, known: Known) -> Iterator[str]:
    if name := element.attributes.get("resultVariable"):
        yield name
    elif decision := known.decisions.get(element.attributes.get("decisionRef", "")):
        yield from (output.name for output in decision.outputs)
    if element.loop and element.loop.element_variable:
        yield element.loop.element_variable
    yield from (mapping.target for mapping in element.outputs if mapping.target)


def _handed_in(key: str, processes: Mapping[str, Diagram | None]) -> Iterator[str]:
    for diagram in {id(d): d for d in processes.values() if d}.values():
        for process in diagram.processes.values():
            for element in process.elements.values():
                if element.called == key:
                    yield from (mapping.target for mapping in element.inputs if mapping.target)
