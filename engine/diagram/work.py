"""Who and what does the work: groups, forms, topics, decisions, scripts, multi-instance, mappings."""

import difflib
import re
from collections.abc import Callable, Iterator, Mapping

from engine.diagram.model import Element, Process
from engine.diagram.sources import Known, Source, listed
from engine.diagram.variables import variables
from engine.errors import Problem

MAX_INSTANCES = 1_000
MAPS = ("singleEntry", "singleResult", "collectEntries", "resultList")
_KEY = re.compile(r"[^\W\d]\w*")
Check = Callable[[Source, Element, Known], Iterator[Problem]]


def problems(source: Source, known: Known) -> Iterator[Problem]:
    """What each activity names: does it exist, and is it enough."""
    for process in source.processes:
        yield from _groups(source, process.id, process.attributes, "candidateStarterGroups", known)
        for element in process.elements.values():
            for check in (*CHECKS.get(element.type, ()), _loop, _mappings, _correlation):
                yield from check(source, element, known)
        yield from _not_by(source, process, known)


def hint(found: str, choices: Mapping[str, object] | frozenset[str]) -> dict[str, str]:
    """The facts `hint_zh` and `hint_en`: the nearest name that exists, if one is near."""
    near = difflib.get_close_matches(found, sorted(choices), 1, 0.6)
    zh, en = (f"（是否指 {near[0]}？）", f" (did you mean {near[0]}?)") if near else ("", "")
    return {"hint_zh": zh, "hint_en": en}


def _groups(source: Source, name: str, attributes: Mapping[str, str], field: str, known: Known) -> Iterator[Problem]:
    for group in listed(attributes.get(field)):
        if group not in known.groups:
            yield source.problem("group_unknown", name, field, found=group, **hint(group, known.groups))


def _form(source: Source, element: Element, known: Known) -> Iterator[Problem]:
    form = element.attributes.get("formRef")
    if form is not None and form not in known.forms:
        yield source.problem("form_unknown", element.id, "formRef", found=form, **hint(form, known.forms))


def _user_task(source: Source, element: Element, known: Known) -> Iterator[Problem]:
    yield from _groups(source, element.id, element.attributes, "candidateGroups", known)
    yield from _form(source, element, known)
    if not listed(element.attributes.get("candidateGroups")) and not element.attributes.get("assignee"):
        yield source.problem("nobody", element.id, "candidateGroups")
    priority = element.attributes.get("priority", "").strip()
    is_computed = priority.startswith(("=", "${"))
    if priority and not is_computed and not (priority.isascii() and priority.isdigit() and int(priority) <= 100):
        yield source.problem("priority_value", element.id, "priority", found=priority)


def _service_task(source: Source, element: Element, known: Known) -> Iterator[Problem]:
    topic, topics = element.attributes.get("topic"), known.operations | known.topics
    if not topic or element.attributes.get("type", "external") != "external":
        yield source.problem("topic_missing", element.id, "topic")
    elif topic not in topics:
        yield source.problem("topic_unknown", element.id, "topic", found=topic, **hint(topic, topics))


def is_job(element: Element) -> bool:
    """Whether a worker does it: a service task, or a send or business rule task with a topic."""
    is_external = "topic" in element.attributes or element.attributes.get("type") == "external"
    return element.type == "serviceTask" or (is_external and element.type in ("sendTask", "businessRuleTask"))


def _send_task(source: Source, element: Element, known: Known) -> Iterator[Problem]:
    if is_job(element):
        yield from _service_task(source, element, known)
    elif element.event is None or not element.event.name:
        yield source.problem("message_missing", element.id, "messageRef")


def _business_rule_task(source: Source, element: Element, known: Known) -> Iterator[Problem]:
    if is_job(element):
        yield from _service_task(source, element, known)
    else:
        yield from _decision(source, element, known)


def _decision(source: Source, element: Element, known: Known) -> Iterator[Problem]:
    decision, how = element.attributes.get("decisionRef"), element.attributes.get("mapDecisionResult", "resultList")
    if not decision:
        yield source.problem("decision_missing", element.id, "decisionRef")
    elif decision not in known.decisions:
        yield source.problem("decision_unknown", element.id, "decisionRef", found=decision, **hint(decision, known.decisions))
    if how not in MAPS:
        yield source.problem("property_value", element.id, "mapDecisionResult", found=how, choices=", ".join(MAPS))
    elif how != "singleResult" and not element.attributes.get("resultVariable"):
        yield source.problem("result_lost", element.id, "resultVariable")


def _script_task(source: Source, element: Element, known: Known) -> Iterator[Problem]:
    del known
    language = source.node(element).get("scriptFormat", "").strip()
    if language.lower() != "feel":
        yield source.problem("script_not_feel", element.id, "scriptFormat", found=language or "–")
    if not element.script:
        yield source.problem("script_empty", element.id, "script")
    if not element.attributes.get("resultVariable"):
        yield source.problem("result_lost", element.id, "resultVariable")


def _call_activity(source: Source, element: Element, known: Known) -> Iterator[Problem]:
    if not element.called:
        yield source.problem("called_missing", element.id, "calledElement")
    elif "{" in element.called or element.called.startswith("="):
        yield source.problem("called_computed", element.id, "calledElement", found=element.called)
    elif element.called not in known.processes:
        yield source.problem("called_unknown", element.id, "calledElement", found=element.called,
                             **hint(element.called, known.processes))


CHECKS: Mapping[str, tuple[Check, ...]] = {
    "userTask": (_user_task,), "serviceTask": (_service_task,), "businessRuleTask": (_business_rule_task,),
    "scriptTask": (_script_task,), "callActivity": (_call_activity,), "startEvent": (_form,), "sendTask": (_send_task,),
}


def _loop(source: Source, element: Element, known: Known) -> Iterator[Problem]:
    del known
    loop = element.loop
    if loop is None:
        return
    if bool(loop.cardinality) == bool(loop.collection):
        yield source.problem("multi_instance_source", element.id, "loopCharacteristics")
    number = loop.cardinality or ""
    is_computed = number.startswith(("=", "${"))
    if number and not is_computed and not (number.isascii() and number.isdigit() and int(number[:9]) <= MAX_INSTANCES):
        yield source.problem("too_many_instances", element.id, "loopCardinality", found=number, limit=MAX_INSTANCES)


def _mappings(source: Source, element: Element, known: Known) -> Iterator[Problem]:
    del known
    for field, mappings in (("in", element.inputs), ("out", element.outputs)):
        for mapping in mappings:
            is_whole = mapping.is_all or mapping.is_business_key or ((mapping.source or mapping.expression) and mapping.target)
            if not is_whole:
                yield source.problem("mapping_incomplete", element.id, field)


def _correlation(source: Source, element: Element, known: Known) -> Iterator[Problem]:
    del known
    written = element.properties.get("correlation")
    keys = element.event.correlation if element.event else {}
    if written is not None and (not keys or not all(_KEY.fullmatch(key) for key in keys)):
        yield source.problem("correlation_key", element.id, "correlation", text=written)


def _not_by(source: Source, process: Process, known: Known) -> Iterator[Problem]:
    """A slip here would let the person complained about, or the quote's author, take the task."""
    named = [(e, name) for e in process.elements.values() for name in listed(e.properties.get("not_by"))]
    given = variables(source, process, known).given if named else frozenset[str]()
    for element, name in named:
        if name not in process.elements and name not in given:
            yield source.problem("not_by_unknown", element.id, "not_by", found=name)
