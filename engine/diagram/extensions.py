"""Extensions: code in diagrams is refused, what has no effect is said."""

from collections import Counter
from collections.abc import Iterator, Mapping

from lxml import etree

from engine.diagram.events import definitions
from engine.diagram.model import Process
from engine.diagram.names import BPMN, EXTENSIONS, Node, children, extension_attributes, extensions, local, namespace
from engine.diagram.sources import Source
from engine.errors import Problem

USED_ATTRIBUTES = frozenset({
    "assignee", "candidateGroups", "candidateStarterGroups", "formRef", "formRefBinding", "dueDate", "followUpDate", "priority",
    "decisionRef", "decisionRefBinding", "mapDecisionResult", "resultVariable", "collection", "elementVariable", "type", "topic",
    "calledElementBinding",
})
HARMLESS_ATTRIBUTES = frozenset({
    "asyncBefore", "asyncAfter", "exclusive", "jobPriority", "taskPriority", "historyTimeToLive", "isStartableInTasklist",
    "versionTag", "initiator", "modelerTemplate", "modelerTemplateVersion", "errorCodeVariable", "errorMessageVariable",
    "escalationCodeVariable", "diagramRelationId", "errorMessage",
})
"""They change how Camunda stores or lists a case, not what it does."""
CODE_ATTRIBUTES = ("class", "expression", "delegateExpression", "customMapperClass", "variableMappingClass",
                   "variableMappingDelegateExpression", "taskDispatcher")
BINDINGS = ("formRefBinding", "decisionRefBinding", "calledElementBinding")
LATEST = ("latest", "deployment")
USED_EXTENSIONS = frozenset({"properties", "in", "out", "failedJobRetryTimeCycle"})


def problems(source: Source) -> Iterator[Problem]:
    """Listeners, classes, connectors and mappings that are not executed, and extensions without effect."""
    for process in source.processes:
        yield from _code_and_extensions(source, process)
    yield from _foreign(source)


def _code_and_extensions(source: Source, process: Process) -> Iterator[Problem]:
    rows = (process.id, *process.elements, *process.flows)
    for name in rows:
        node = source.nodes[name]
        parts = [node, *definitions(node), *children(node, "multiInstanceLoopCharacteristics", "conditionExpression")]
        attributes = {k: v for part in parts for k, v in extension_attributes(part).items()}
        yield from _attributes(source, name, attributes)
        for part in parts:
            for extension in extensions(part):
                yield from _extension(source, name, extension)


def _attributes(source: Source, name: str, attributes: Mapping[str, str]) -> Iterator[Problem]:
    for field, value in attributes.items():
        if field in CODE_ATTRIBUTES:
            yield source.problem("java_not_executed", name, field)
        elif field in BINDINGS and value not in LATEST:
            yield source.problem("binding_not_executed", name, field, found=value)
        elif field in ("formKey", "formHandlerClass"):
            yield source.problem("form_key_ignored", name, field)
        elif field not in USED_ATTRIBUTES | HARMLESS_ATTRIBUTES | set(BINDINGS):
            yield source.problem("extension_ignored", name, field, what=field)


def _extension(source: Source, name: str, extension: Node) -> Iterator[Problem]:
    tag = local(extension)
    if tag in ("executionListener", "taskListener"):
        yield source.problem("listener", name, tag, what=extension.get("event", "") or tag)
    elif tag == "connector":
        yield source.problem("java_not_executed", name, tag)
    elif tag == "inputOutput":
        yield source.problem("io_mapping_not_executed", name, tag)
    elif tag == "formData":
        yield source.problem("form_key_ignored", name, tag)
    elif tag not in USED_EXTENSIONS:
        yield source.problem("extension_ignored", name, tag, what=tag)


def _foreign(source: Source) -> Iterator[Problem]:
    """Elements and attributes of other namespaces inside the executable processes, once a namespace."""
    found: Counter[str] = Counter()
    for process in source.processes:
        for node in source.nodes[process.id].iter():
            found[namespace(node)] += 1
            found.update({etree.QName(str(key)).namespace or "" for key in node.attrib})
    own = {"", BPMN, *EXTENSIONS, "http://www.w3.org/2001/XMLSchema-instance", "http://www.w3.org/XML/1998/namespace"}
    for uri, count in sorted(found.items()):
        if uri not in own:
            yield source.problem("foreign_extension", namespace=uri, count=count)
