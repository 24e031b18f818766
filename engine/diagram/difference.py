"""What changed between two versions of a diagram, each thing once, in sentences that a process owner reads. Pure.

Elements and flows are the same when their ids are. What only the picture shows is `layout`, counted apart. A flow that comes
or goes with a step at its end is not told beside the step, unless it has a condition of its own.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields

from engine.diagram.change_words import (
    Both,
    Change,
    Names,
    change,
    event_words,
    field_words,
    groups_words,
    kind_of,
    label,
    quoted,
    shown,
    time_words,
    value_words,
)
from engine.diagram.model import Diagram, Element, Flow, Process

__all__ = ["Change", "Names", "compare"]

TOLD_ELSEWHERE = frozenset({
    "id", "process", "incoming", "outgoing", "properties", "attributes", "default", "lane", "event", "scope",
})
PLAIN = tuple(f.name for f in fields(Element) if f.name not in TOLD_ELSEWHERE)
OF_PROCESS = ("name", "name_en", "is_executable", "documentation")


def compare(before: Diagram | None, after: Diagram | None, names: Names | None = None) -> tuple[Change, ...]:
    """The changes from one version to the other: processes in order of the file, the procedure first, layout last."""
    old, new = before.processes if before else {}, after.processes if after else {}
    found: list[Change] = []
    for key in dict.fromkeys((*new, *old)):
        found += _Comparison(old.get(key), new.get(key), names or Names()).changes()
    layout = list(_layout(before, after))
    if not found and not layout and before and after and before.sha256 != after.sha256:
        found.append(change("changed", (None, "file", "text"), (None, None), (
            "文件的文字有变化（注释、文字说明或其他工具的扩展），流程和图形没有变化。",
            "The text of the file changed (comments, annotations, extensions of other tools); procedure and picture did not.")))
    return (*found, *layout)


def _layout(before: Diagram | None, after: Diagram | None) -> Iterator[Change]:
    if before is None or after is None:
        return
    titles = _titles(before) | _titles(after)
    for name, shape in before.shapes.items():
        if name in after.shapes and after.shapes[name] != shape:
            zh, en = titles.get(name, quoted(name))
            said = f"{zh}在图上的位置变了。", f"{en} moved in the picture."
            yield change("layout", (name, "shape", "layout"), (None, None), said)


def _titles(diagram: Diagram) -> dict[str, Both]:
    return {e.id: label(e) for p in diagram.processes.values() for e in p.elements.values()}


class _Comparison:
    """One process in both versions; None where it is missing."""

    def __init__(self, before: Process | None, after: Process | None, names: Names) -> None:
        self.before, self.after, self.names = before, after, names
        self.old: Mapping[str, Element] = before.elements if before else {}
        self.new: Mapping[str, Element] = after.elements if after else {}
        self.lanes = self._renamed_lanes()

    def changes(self) -> Iterator[Change]:
        """Process, steps, then flows."""
        yield from self._process()
        for name in dict.fromkeys((*self.new, *self.old)):
            yield from self._element(self.old.get(name), self.new.get(name))
        yield from self._flows()

    # ------------------------------------------------------------ the process itself

    def _process(self) -> Iterator[Change]:
        one = self.after or self.before
        if one is None:
            return
        zh, en = quoted(one.name or one.id, one.name_en or one.name or one.id)
        if self.before is None:
            yield change("added", (one.id, "process", ""), (None, one.id), (f"新增流程{zh}。", f"Procedure {en} added."))
        elif self.after is None:
            yield change("removed", (one.id, "process", ""), (one.id, None), (f"删除流程{zh}。", f"Procedure {en} removed."))
        else:
            for name in OF_PROCESS:
                yield from self._field((one.id, "process"), ("流程", "the procedure"), name,
                                       (getattr(self.before, name), getattr(self.after, name)))
            for old, new in ((self.before.properties, self.after.properties), (self.before.attributes, self.after.attributes)):
                yield from self._mapping((one.id, "process"), ("流程", "the procedure"), old, new)
            yield from self._lanes(self.before, self.after)

    def _renamed_lanes(self) -> dict[str, str]:
        if self.before is None or self.after is None:
            return {}
        gone = [lane for lane in self.before.lanes if lane not in self.after.lanes]
        come = {lane for lane in self.after.lanes if lane not in self.before.lanes}
        found = {}
        for lane in gone:
            now = {self.new[n].lane for n, e in self.old.items() if e.lane == lane and n in self.new}
            if len(now) == 1 and (new := now.pop()) in come and new is not None:
                found[lane] = new
        return found

    def _lanes(self, before: Process, after: Process) -> Iterator[Change]:
        for old, new in self.lanes.items():
            said = f"泳道“{old}”改名为“{new}”。", f"Lane “{old}” is now “{new}”."
            yield change("changed", (None, "lane", "name"), (old, new), said)
        for lane in before.lanes:
            if lane not in after.lanes and lane not in self.lanes:
                yield change("removed", (None, "lane", ""), (lane, None), (f"删除泳道“{lane}”。", f"Lane “{lane}” removed."))
        for lane in after.lanes:
            if lane not in before.lanes and lane not in self.lanes.values():
                yield change("added", (None, "lane", ""), (None, lane), (f"新增泳道“{lane}”。", f"Lane “{lane}” added."))
        if sorted(before.lanes) == sorted(after.lanes) and before.lanes != after.lanes:
            yield change("changed", (None, "lane", "lanes"), (before.lanes, after.lanes),
                         ("泳道的顺序变了。", "The order of the lanes changed."))

    # ------------------------------------------------------------ elements

    def _element(self, old: Element | None, new: Element | None) -> Iterator[Change]:
        if old is None and new is not None:
            zh, en = self._described(self.after, new)
            yield change("added", (new.id, new.type, ""), (None, new.id), (f"新增{zh}。", f"{en[:1].upper()}{en[1:]} added."))
        elif new is None and old is not None:
            zh, en = self._described(self.before, old)
            yield change("removed", (old.id, old.type, ""), (old.id, None), (f"删除{zh}。", f"{en[:1].upper()}{en[1:]} removed."))
        elif old is not None and new is not None:
            yield from self._changed(old, new)

    def _described(self, process: Process | None, element: Element) -> Both:
        """“步骤“通知顾客报价”（办事处销售，2 个工作日）”."""
        (kind_zh, kind_en), (zh, en) = kind_of(element.type), label(element)
        facts = [self._role(element), *(self._deadlines(process, element) if process else ())]
        if element.event and element.event.kind != "none":
            facts.append(event_words(element.event, element.properties))
        if element.attached_to and process and element.attached_to in process.elements:
            host = label(process.elements[element.attached_to])
            facts.append((f"附在{host[0]}上", f"on {host[1]}"))
        told = [fact for fact in facts if fact[0]]
        more_zh, more_en = "，".join(f[0] for f in told), ", ".join(f[1] for f in told)
        return f"{kind_zh}{zh}" + (f"（{more_zh}）" if told else ""), f"{kind_en} {en}" + (f" ({more_en})" if told else "")

    def _role(self, element: Element) -> Both:
        written = element.attributes.get("candidateGroups", "")
        if written:
            return groups_words(written, self.names.groups)
        return (element.lane or "", element.lane or "") if element.type in ("userTask", "manualTask") else ("", "")

    @staticmethod
    def _deadlines(process: Process, element: Element) -> Iterator[Both]:
        for event in process.boundary_events(element.id):
            if event.event and event.event.kind == "timer":
                yield time_words(event.event, event.properties)

    def _changed(self, old: Element, new: Element) -> Iterator[Change]:
        who = self._subject(new)
        for name in PLAIN:
            values = (getattr(old, name), getattr(new, name))
            said: tuple[object, ...] | None = tuple(kind_of(v)[0] for v in values) if name == "type" else None
            if name == "attached_to":
                said = self._title(self.old, values[0]), self._title(self.new, values[1])
            yield from self._field((new.id, new.type), who, name, values, said)
        yield from self._field((new.id, new.type), who, "scope", (old.scope, new.scope),
                               (self._title(self.old, old.scope), self._title(self.new, new.scope)))
        yield from self._lane(old, new, who)
        yield from self._event(old, new, who)
        hidden = {"name_en"}
        yield from self._mapping((new.id, new.type), who, {k: v for k, v in old.properties.items() if k not in hidden},
                                 {k: v for k, v in new.properties.items() if k not in hidden})
        yield from self._mapping((new.id, new.type), who, old.attributes, new.attributes)
        yield from self._default(old, new, who)

    @staticmethod
    def _subject(element: Element) -> Both:
        zh, en = label(element)
        return zh, en

    def _title(self, elements: Mapping[str, Element], name: str | None) -> str | None:
        return elements[name].words("zh") if name and name in elements else None

    def _lane(self, old: Element, new: Element, who: Both) -> Iterator[Change]:
        was = self.lanes.get(old.lane or "", old.lane)
        outer_old, outer_new = self.old.get(old.scope), self.new.get(new.scope)
        moved_with = outer_old and outer_new and (outer_old.lane, outer_new.lane) == (old.lane, new.lane)
        if was != new.lane and not moved_with:
            yield from self._field((new.id, new.type), who, "lane", (old.lane, new.lane))

    def _event(self, old: Element, new: Element, who: Both) -> Iterator[Change]:
        a, b = old.event, new.event
        key = [(e.kind, e.name, e.code, e.timer, e.text) if e else None for e in (a, b)]
        if key[0] != key[1]:
            zh, en = field_words("timer" if a and b and a.kind == b.kind == "timer" else "event")
            before = event_words(a, old.properties) if a else ("无", "none")
            then = event_words(b, new.properties) if b else ("无", "none")
            if before == then:  # the same words: show what is written
                before, then = quoted(shown(key[0])), quoted(shown(key[1]))
            yield change("changed", (new.id, new.type, "event"), (key[0], key[1]), (
                f"{who[0]}的{zh}由 {before[0]} 改为 {then[0]}。", f"The {en} of {who[1]} changed from {before[1]} to {then[1]}."))

    def _default(self, old: Element, new: Element, who: Both) -> Iterator[Change]:
        if old.default != new.default and self.before and self.after:
            a, b = self._way(self.before, old.default), self._way(self.after, new.default)
            yield change("changed", (new.id, new.type, "default"), (old.default, new.default), (
                f"{who[0]}的默认出口由{a[0]}改为{b[0]}。", f"The default way out of {who[1]} changed from {a[1]} to {b[1]}."))

    @staticmethod
    def _way(process: Process, flow: str | None) -> Both:
        row = process.flows.get(flow or "")
        target = process.elements.get(row.target) if row else None
        if row is None or target is None:
            return "无", "none"
        zh, en = label(target)
        return f"去往{zh}的一条", f"the one to {en}"

    # ------------------------------------------------------------ fields

    def _field(self, at: tuple[str, str], who: Both, name: str, values: tuple[object, object],
               said: tuple[object, ...] | None = None) -> Iterator[Change]:
        """`said`: what to call the values, unless that would be the same for both."""
        if values[0] == values[1]:
            return
        zh, en = field_words(name)
        told = said if said and said[0] != said[1] else values
        (a_zh, a_en), (b_zh, b_en) = (value_words(name, value, self.names) for value in told)
        yield change("changed", (*at, name), values, (
            f"{who[0]}的{zh}由{a_zh}改为{b_zh}。", f"The {en} of {who[1]} changed from {a_en} to {b_en}."))

    def _mapping(self, at: tuple[str, str], who: Both, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Change]:
        for name in dict.fromkeys((*old, *new)):
            yield from self._field(at, who, name, (old.get(name), new.get(name)))

    # ------------------------------------------------------------ flows

    def _flows(self) -> Iterator[Change]:
        old, new = (self.before.flows if self.before else {}), (self.after.flows if self.after else {})
        for name in dict.fromkeys((*new, *old)):
            a, b = old.get(name), new.get(name)
            if a and b and (a.source, a.target) == (b.source, b.target):
                yield from self._same_flow(a, b)
            elif a and b and a.source == b.source and b.target in self.old and a.target in self.new:
                yield from self._redirected(a, b)
            else:
                yield from self._gone(a, new) if a else ()
                yield from self._come(b, old) if b else ()

    def _same_flow(self, a: Flow, b: Flow) -> Iterator[Change]:
        ends = self._ends(b, self.new)
        who = (f"从{ends[0][0]}到{ends[1][0]}的连线", f"the flow from {ends[0][1]} to {ends[1][1]}")
        if a.condition != b.condition:
            zh, en = ends[0]
            (a_zh, a_en), (b_zh, b_en) = (value_words("condition", v, self.names) for v in (a.condition, b.condition))
            yield change("changed", (b.id, "sequenceFlow", "condition"), (a.condition, b.condition), (
                f"{zh}去往{ends[1][0]}的条件由{a_zh}改为{b_zh}。",
                f"The condition of {en} for {ends[1][1]} changed from {a_en} to {b_en}."))
        for name in ("name", "name_en"):
            yield from self._field((b.id, "sequenceFlow"), who, name, (getattr(a, name), getattr(b, name)))

    def _redirected(self, a: Flow, b: Flow) -> Iterator[Change]:
        source, target, was = *self._ends(b, self.new), self._ends(a, self.old)[1]
        yield change("changed", (b.id, "sequenceFlow", "target"), (a.target, b.target), (
            f"{source[0]}之后由{was[0]}改为{target[0]}。", f"After {source[1]} comes {target[1]} instead of {was[1]}."))
        if (a.condition, a.name, a.name_en) != (b.condition, b.name, b.name_en):
            yield from self._same_flow(a, b)

    def _come(self, flow: Flow, old: Mapping[str, Flow]) -> Iterator[Change]:
        is_with_step = flow.source not in self.old or flow.target not in self.old
        if is_with_step and not (flow.condition and flow.source in self.old):
            return
        if not is_with_step and _passes(flow, old.values(), set(self.old) - set(self.new)):
            return
        yield self._flow_change("added", flow, self.new)

    def _gone(self, flow: Flow, new: Mapping[str, Flow]) -> Iterator[Change]:
        is_with_step = flow.source not in self.new or flow.target not in self.new
        if is_with_step and not (flow.condition and flow.source in self.new):
            return
        if not is_with_step and not flow.condition and _passes(flow, new.values(), set(self.new) - set(self.old)):
            return
        yield self._flow_change("removed", flow, self.old)

    def _flow_change(self, kind: str, flow: Flow, elements: Mapping[str, Element]) -> Change:
        (a_zh, a_en), (b_zh, b_en) = self._ends(flow, elements)
        when_zh, when_en = (f"（条件“{flow.condition}”）", f" (if “{flow.condition}”)") if flow.condition else ("", "")
        if kind == "added":
            return change("added", (flow.id, "sequenceFlow", ""), (None, flow.id), (
                f"新增从{a_zh}到{b_zh}的连线{when_zh}。", f"Flow from {a_en} to {b_en} added{when_en}."))
        return change("removed", (flow.id, "sequenceFlow", ""), (flow.id, None), (
            f"删除从{a_zh}到{b_zh}的连线{when_zh}。", f"Flow from {a_en} to {b_en} removed{when_en}."))

    @staticmethod
    def _ends(flow: Flow, elements: Mapping[str, Element]) -> tuple[Both, Both]:
        source, target = (label(elements[n]) if n in elements else quoted(n) for n in (flow.source, flow.target))
        return source, target


def _passes(flow: Flow, flows: Iterable[Flow], between: set[str]) -> bool:
    """Whether there is a way from the flow's source to its target through elements of `between` only, at least one."""
    ways = list(flows)
    todo, seen = [flow.source], {flow.source}
    while todo:
        here = todo.pop()
        for way in ways:
            if way.source == here and way.target == flow.target and here != flow.source:
                return True
            if way.source == here and way.target in between and way.target not in seen:
                seen.add(way.target)
                todo.append(way.target)
    return False
