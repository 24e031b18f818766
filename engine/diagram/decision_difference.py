"""What changed between two versions of a file of decision tables: columns, hit policy, and the rules row by row. Pure."""

from collections.abc import Iterator, Mapping, Sequence

from engine.decisions import Decision, Input, Output, Rule
from engine.diagram.change_words import Both, Change, Names, change, field_words, quoted, value_words


def compare(before: Sequence[Decision], after: Sequence[Decision]) -> tuple[Change, ...]:
    """The changes from one version to the other; decisions are the same by key, rules by id."""
    old, new = {d.key: d for d in before}, {d.key: d for d in after}
    return tuple(each for key in dict.fromkeys((*new, *old)) for each in _decision(old.get(key), new.get(key)))


def _decision(old: Decision | None, new: Decision | None) -> Iterator[Change]:
    one = new or old
    if one is None:
        return
    zh, en = quoted(one.name or one.key)
    if old is None:
        yield change("added", (one.key, "decision", ""), (None, one.key), (
            f"新增决策表{zh}（{len(one.rules)} 条规则）。", f"Decision table {en} added (rules: {len(one.rules)})."))
    elif new is None:
        said = f"删除决策表{zh}。", f"Decision table {en} removed."
        yield change("removed", (one.key, "decision", ""), (one.key, None), said)
    else:
        for name in ("name", "hit_policy", "aggregation"):
            who = f"决策表{zh}", f"decision table {en}"
            yield from _changed((one.key, "decision"), who, name, getattr(old, name), getattr(new, name))
        yield from _columns(old, new)
        yield from _rules(old, new)


def _columns(old: Decision, new: Decision) -> Iterator[Change]:
    yield from _column_kind("input", ("输入列", "input"), _inputs(old), _inputs(new), ("label", "type"))
    yield from _column_kind("output", ("输出列", "output"), _outputs(old), _outputs(new), ("label", "type", "default"))


def _inputs(decision: Decision) -> dict[str, Input | Output]:
    return {each.expression: each for each in decision.inputs}


def _outputs(decision: Decision) -> dict[str, Input | Output]:
    return {each.name: each for each in decision.outputs}


def _column_kind(tag: str, kind: Both, old: Mapping[str, Input | Output], new: Mapping[str, Input | Output],
                 names: tuple[str, ...]) -> Iterator[Change]:
    for key in dict.fromkeys((*new, *old)):
        a, b = old.get(key), new.get(key)
        one = b or a
        zh, en = quoted(one.label or key) if one else ("", "")
        if a is None:
            yield change("added", (key, tag, ""), (None, key), (f"新增{kind[0]}{zh}。", f"{kind[1].capitalize()} {en} added."))
        elif b is None:
            said = f"删除{kind[0]}{zh}。", f"{kind[1].capitalize()} {en} removed."
            yield change("removed", (key, tag, ""), (key, None), said)
        else:
            for name in names:
                who = f"{kind[0]}{zh}", f"{kind[1]} {en}"
                yield from _changed((key, tag), who, name, getattr(a, name), getattr(b, name))


def _rules(old: Decision, new: Decision) -> Iterator[Change]:
    before, after = _by_id(old), _by_id(new)
    for key, (row, rule) in after.items():
        if key not in before:
            yield change("added", (key, "rule", ""), (None, key), (
                f"新增第 {row} 条规则：{_whole(new, rule, '则')}。", f"Rule {row} added: {_whole(new, rule, 'then')}."))
        elif before[key][1] != rule:
            yield from _cells((old, before[key][1]), (new, rule), key, row)
    for key, (row, rule) in before.items():
        if key not in after:
            yield change("removed", (key, "rule", ""), (key, None), (
                f"删除原第 {row} 条规则：{_whole(old, rule, '则')}。", f"Rule {row} removed: {_whole(old, rule, 'then')}."))
    order = [[key for key in each if key in before and key in after] for each in (before, after)]
    if order[0] != order[1]:
        yield change("changed", (new.key, "decision", "position"), (order[0], order[1]), (
            "规则的先后顺序变了。", "The order of the rules changed."))


def _by_id(decision: Decision) -> dict[str, tuple[int, Rule]]:
    ids = [rule.id for rule in decision.rules]
    unique = [rule.id and ids.count(rule.id) == 1 for rule in decision.rules]
    rows = enumerate(zip(unique, decision.rules, strict=True), 1)
    return {rule.id if is_unique else f"#{row}": (row, rule) for row, (is_unique, rule) in rows}


def _whole(decision: Decision, rule: Rule, then: str) -> str:
    tests = [f"{i.label or i.expression} {t or '-'}" for i, t in zip(decision.inputs, rule.tests, strict=False)]
    results = [f"{o.label or o.name} {r or '-'}" for o, r in zip(decision.outputs, rule.results, strict=False)]
    return f"{', '.join(tests)} {then} {', '.join(results)}"


def _cells(before: tuple[Decision, Rule], after: tuple[Decision, Rule], key: str, row: int) -> Iterator[Change]:
    """Cell by cell; columns are the same by expression or name, so that a new column is not told for every rule."""
    for was, now in ((_cells_of(*before, part), _cells_of(*after, part)) for part in ("tests", "results")):
        for column in (c for c in now if c in was and now[c][1] != was[c][1]):
            zh, en = quoted(now[column][0])
            yield change("changed", (key, "rule", column), (was[column][1], now[column][1]), (
                f"第 {row} 条规则的{zh}由“{was[column][1] or '-'}”改为“{now[column][1] or '-'}”。",
                f"{en} of rule {row} changed from “{was[column][1] or '-'}” to “{now[column][1] or '-'}”."))


def _cells_of(decision: Decision, rule: Rule, part: str) -> dict[str, tuple[str, str]]:
    inputs, outputs = [(i.expression, i.label) for i in decision.inputs], [(o.name, o.label) for o in decision.outputs]
    columns = inputs if part == "tests" else outputs
    cells = rule.tests if part == "tests" else rule.results
    return {name: (label or name, cell) for (name, label), cell in zip(columns, cells, strict=False)}


def _changed(at: tuple[str, str], who: Both, name: str, a: object, b: object) -> Iterator[Change]:
    if a != b:
        zh, en = field_words(name)
        (a_zh, a_en), (b_zh, b_en) = (value_words(name, value, Names()) for value in (a, b))
        yield change("changed", (*at, name), (a, b), (
            f"{who[0]}的{zh}由{a_zh}改为{b_zh}。", f"The {en} of {who[1]} changed from {a_en} to {b_en}."))
