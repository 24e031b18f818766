"""Why a case cannot go to another version, and what the move does to it, in Chinese and English. Pure.

A sentence names `{element}`: the step, as people call it.
"""

from collections.abc import Mapping

Pair = tuple[str, str]

REASONS: Mapping[str, Pair] = {
    # the element
    "step_removed": ("工单停在“{element}”，对应表中没有给它指定去处。请为它选一个步骤，或等工单离开这一步。",
                     ("The case waits at “{element}”, which the mapping sends nowhere. Choose a step for it, or wait until "
                     "the case has left it.")),
    "no_element": ("新版本中没有“{element}”。请在对应表中为它选一个步骤。",
                   "The new version has no “{element}”. Choose a step for it in the mapping."),
    "other_type": ("“{element}”在新版本中是另一种元素。请在对应表中选同一种步骤。",
                   "“{element}” is another kind of element in the new version. Choose a step of the same kind."),
    "other_kind": ("“{element}”在新版本中以另一种方式等待，工单不能原样停在那里。",
                   "“{element}” waits in another way in the new version, so the case cannot stand there as it does now."),
    "other_loop": ("“{element}”的多实例（逐个或同时办理）在新版本中不同，办了一部分的不能迁移。",
                   "“{element}” is repeated in another way in the new version; one that is under way cannot be moved."),
    "other_called": ("“{element}”在新版本中调用另一个流程，正在办理的子流程不能换。",
                     "“{element}” calls another process in the new version; the one that is under way cannot be exchanged."),
    "other_trigger": ("事件子流程“{element}”的中断方式在新版本中不同，正在办理的不能迁移。",
                      ("The event sub-process “{element}” interrupts in another way in the new version; one that is under way "
                      "cannot be moved.")),
    "no_process": ("新版本不再用到工单正在办理的流程“{element}”。",
                   "The new version no longer has the process “{element}” that the case is in."),
    # what is around it
    "leaves_scope": ("“{element}”在新版本中位于另一个子流程或事件处理之外，只能整体迁移。",
                     ("“{element}” lies outside what it is in now; what is in a call, a repetition or an event sub-process can "
                     "only move as a whole.")),
    "splits_scope": ("“{element}”要离开的子流程中还有别的步骤留下，不能拆开。",
                     "“{element}” would leave a sub-process in which other steps stay; it cannot be taken apart."),
    "into_scope": ("“{element}”在新版本中位于一个不能代为开始的子流程中（多实例、事件子流程，或已在办理）。",
                   ("In the new version “{element}” is in a sub-process that cannot be opened for it: a repeated one, an event "
                   "sub-process, or one that is under way already.")),
    "scope_variables": ("要取消的子流程“{element}”有自己的数据，迁移会丢失它们。请等工单离开这个子流程。",
                        ("The sub-process “{element}” that would go has entries of its own, which would be lost. Wait until the "
                        "case has left it.")),
    # joins
    "no_flow": ("已到达汇合点“{element}”的分支，在新版本中没有相应的连线。",
                "A branch has reached the join “{element}” through a flow that the new version does not have."),
    "join_waits": ("汇合点“{element}”在新版本中会永远等待一条没有人走的分支。",
                   "The join “{element}” would wait for ever for a branch that nobody is on."),
    # expressions
    "offer_failed": ("新版本“{element}”的办理人、到期日或优先级，用这份工单的数据算不出来。",
                     "Who does “{element}”, when it is due or how urgent it is cannot be worked out from the case's entries."),
    "timer_failed": ("新版本“{element}”的时限，用这份工单的数据算不出来。",
                     "When the timer “{element}” is due cannot be worked out from the case's entries."),
    "message_failed": ("新版本“{element}”等待的消息，用这份工单的数据算不出来。",
                       "The message that “{element}” waits for cannot be worked out from the case's entries."),
    # the case itself
    "ended": ("工单已经结束。", "The case has ended."),
    "case_ended": ("工单已经结束。", "The case has ended."),
    "other_version": ("工单已不在这个版本上。", "The case is not on this version any more; it was moved otherwise."),
    "failed": ("系统出现内部错误，工单没有迁移，留在原处。",
               ("Something went wrong on our side; the case was not moved and "
                "stands where it was.")),
    # undoing
    "moved_on": ("迁移之后工单又向前办理过，留在新版本上。", "The case went on after it was moved; it stays on the new version."),
    "moved_again": ("迁移之后工单又换过版本，不能由这个计划撤销。",
                    "The case was moved to yet another version since; this plan cannot undo that."),
}
"""Code → why a case stays where it is."""

CHANGES: Mapping[str, Pair] = {
    "step_moved": ("步骤改为“{after}”（原为“{before}”）", "the step becomes “{after}” (was “{before}”)"),
    "scope_opened": ("工单进入新加的子流程“{element}”", "the case enters the new sub-process “{element}”"),
    "scope_dissolved": ("子流程“{element}”取消，其中的步骤继续", "the sub-process “{element}” goes; the steps in it go on"),
    "timer_added": ("新的时限“{element}”：{after}", "new timer “{element}”: {after}"),
    "timer_changed": ("时限“{element}”由 {before} 改为 {after}", "timer “{element}” moves from {before} to {after}"),
    "timer_removed": ("时限“{element}”（{before}）取消", "timer “{element}” ({before}) goes"),
    "form_changed": ("“{element}”换用新的表单", "“{element}” has another form"),
    "groups_changed": ("“{element}”改由“{after}”办理（原为“{before}”）", "“{element}” is for “{after}” (was for “{before}”)"),
    "released": ("“{element}”的办理人 {before} 不再属于办理小组，任务退回小组",
                 "“{element}” goes back to its group: {before}, who had claimed it, is not in it"),
    "due_changed": ("“{element}”的到期日由 {before} 改为 {after}", "“{element}” is due {after} (was {before})"),
}
"""Kind of a change → what the move does to a case; `before` and `after` as the kind says."""


def reason(code: str, element: str = "", language: str = "zh") -> str:
    """Why a case stays, for a person; a code that is not in the table is told as a failure of ours."""
    pair = REASONS.get(code, REASONS["failed"])
    return pair[language == "en"].format(element=element or "—")


def change(kind: str, language: str = "zh", **facts: str) -> str:
    """What a move does, for a person: `element`, `before` and `after` in words."""
    return CHANGES[kind][language == "en"].format(**{"element": "—", "before": "—", "after": "—"} | facts)
