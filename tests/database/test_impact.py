"""What a draft would mean for cases: the numbers are right, each case is named with what stands in its way."""

from typing import Any

import sqlalchemy as sa

from engine import interventions, tasks
from engine.diagram.check import File
from engine.interventions import Skip
from engine.modeling import drafts, impact
from engine.tables import definition, task
from engine.unit_of_work import SYSTEM
from tests.diagram_text import diagram, end, flow_if, flows, node, start, user
from tests.small_company import Small

NAMES = {"check": "检查", "repair": "修理", "extra": "加做", "hand_over": "交付"}


def way(*steps: str) -> str:
    return start() + "".join(user(step, name=NAMES.get(step, step)) for step in steps) + end() + flows("begin", *steps, "done")


def choice(*extra: str) -> bytes:
    """After the check either `extra` or nothing, then handing over."""
    asked = flow_if("either", "extra", "needed = true") if extra else ""
    more = user("extra", name="加做") + flows("extra", "hand_over") if extra else ""
    gateway = node("exclusiveGateway", "either", default="either_to_hand_over") if extra else ""
    joined = flows("check", "either", "hand_over") if extra else flows("check", "hand_over")
    return diagram(start(), user("check", name="检查"), gateway, more, user("hand_over", name="交付"), end(),
                   flows("begin", "check"), joined, asked, flows("hand_over", "done"))


def drafted(small: Small, data: bytes) -> str:
    found = small.rows(sa.select(definition.c.id).where(definition.c.key == "case").order_by(definition.c.version.desc()))[0]
    return str(small.do("root", drafts.create, title="改", reason="改进", definitions=[found.id],
                        files=[File("case0.bpmn", data)]))


def looked(small: Small, verb: Any, draft: str, **named: Any) -> Any:
    with small.engine.reading(SYSTEM) as uow:
        return verb(uow, drafts.get(uow, draft), **named)


def told(groups: Any) -> list[tuple[str, str, int, list[str]]]:
    return [(each.code, getattr(each.element, "id", each.element), each.count, [row.id for row in each.cases]) for each in groups]


def test_open_cases_move_unless_they_wait_at_a_step_that_is_gone(small: Small) -> None:
    small.deploy(diagram(way("check", "repair", "hand_over")))
    waits_at_check, waits_at_repair = small.start(), small.start()
    second = small.rows(sa.select(task.c.id).where(task.c.instance_id == waits_at_repair))[0].id
    small.do("ann", tasks.complete, second, variables={})
    found = looked(small, impact.open_cases, drafted(small, diagram(way("check", "hand_over"))))
    assert (found.total, found.looked, found.movable) == (2, 2, 1)
    assert told(found.refused) == [("step_removed", "repair", 1, [waits_at_repair])]
    assert waits_at_check not in [row.id for group in found.refused for row in group.cases]


def test_case_at_a_step_that_is_only_renamed_can_move(small: Small) -> None:
    small.deploy(diagram(way("check", "repair")))
    small.start()
    renamed = start() + user("look", name="检查") + user("repair", name="修理") + end() + flows("begin", "look", "repair", "done")
    found = looked(small, impact.open_cases, drafted(small, diagram(renamed)))
    assert (found.total, found.movable, told(found.refused)) == (1, 1, [])


def test_only_the_newest_are_looked_at_and_it_says_of_how_many(small: Small) -> None:
    small.deploy(diagram(way("check", "repair")))
    for _ in range(3):
        small.start()
    found = looked(small, impact.open_cases, drafted(small, diagram(way("check", "hand_over"))), most=2)
    assert (found.total, found.looked, found.movable) == (3, 2, 2)


def test_last_years_case_that_took_a_way_that_is_gone_is_named_with_where_they_part(small: Small) -> None:
    small.deploy(choice("extra"))
    plain, by_extra = small.start(variables={"needed": False}), small.start(variables={"needed": True})
    for step in ("check", "check", "extra", "hand_over", "hand_over"):
        small.complete(step)
    assert {small.case(each).status for each in (plain, by_extra)} == {"completed"}
    found = looked(small, impact.finished_cases, drafted(small, choice()))
    assert (found.total, found.looked, found.possible, found.unsure) == (2, 2, 1, 0)
    assert told(found.misfits) == [("parts", "extra", 1, [by_extra])]


def test_renamed_step_is_followed_in_what_finished_cases_did(small: Small) -> None:
    small.deploy(diagram(way("check", "repair")))
    small.start()
    small.complete("check")
    small.complete("repair")
    renamed = start() + user("look", name="检查") + user("repair", name="修理") + end() + flows("begin", "look", "repair", "done")
    found = looked(small, impact.finished_cases, drafted(small, diagram(renamed)))
    assert (found.possible, told(found.misfits)) == (1, [])


def test_case_with_a_skipped_step_is_counted_apart(small: Small) -> None:
    small.deploy(diagram(way("check", "repair")))
    case = small.start()
    small.do("root", interventions.intervene, case, Skip(small.task("check").token), reason="不需要")
    small.complete("repair")
    found = looked(small, impact.finished_cases, drafted(small, diagram(way("repair"))))
    assert (found.total, found.possible, dict(found.apart), told(found.misfits)) == (1, 0, {"skip": 1}, [])


def test_draft_that_changes_nothing_means_nothing(small: Small) -> None:
    data = diagram(way("check", "repair"))
    small.deploy(data)
    small.start()
    draft = drafted(small, data)
    assert looked(small, impact.open_cases, draft).total == 0
    assert looked(small, impact.finished_cases, draft).total == 0
