"""One table from what went wrong to a status and a sentence in both languages; pages and JSON read the same row.

A row is found by `code`, else by the class of the error. What is not in the table is our own failure: 500, logged, no detail.
"""

import re
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from engine import forms
from engine.errors import EngineError, InvalidValue

ZONE = ZoneInfo("Asia/Shanghai")
PEOPLE = ("who", "assignee")  # facts that name a user
BEYOND = (OverflowError, UnicodeEncodeError, sa.exc.DataError)


@dataclass(frozen=True, slots=True)
class Refusal:
    """How a refusal is told: HTTP status, and what happened and what to do, in Chinese and English."""

    status: int
    zh: str
    en: str

    def words(self, language: str, facts: Mapping[str, Any]) -> str:
        """The sentence in `language` with the facts of the case."""
        return _Plain().format(self.zh if language == "zh" else self.en, **_readable(facts))


BY_CODE: Mapping[str, Refusal] = {
    # who may
    "session_over": Refusal(401, "登录已过期。请重新登录，您填写的内容都还在。",
                            "Your session has ended. Sign in again; what you typed is kept."),
    "wrong_password": Refusal(401, "用户名或密码不正确。", "The user name or the password is wrong."),
    "too_many_failures": Refusal(429, "登录失败次数过多。请在 5 分钟后再试。",
                                 "Too many failed sign-ins. Try again in 5 minutes."),
    "admins_only": Refusal(403, "此页面仅供管理员使用。", "This page is for administrators."),
    "csrf": Refusal(403, "此页面已过期，操作没有执行。请返回、刷新页面后重试。",
                    "This page is out of date and nothing was done. Go back, reload it and try again."),
    "foreign_origin": Refusal(403, "请求来自其他网站，操作没有执行。", "The request came from another site; nothing was done."),
    "undeclared_route": Refusal(403, "此地址不对外开放。", "This address is not open."),
    "may_not_model": Refusal(403, "只有流程负责人和管理员可以修改流程。",
                             "Only process owners and administrators change procedures."),
    "may_not_audit": Refusal(403, "只有审计人员和管理员可以查看此页面。",
                             "Only auditors and administrators see this page."),
    "may_not_approve": Refusal(403, "您不能批准或驳回这份草稿：批准人不能是编辑过或提交它的人，管理员也不例外。",
                               "You may not decide on this draft: nobody decides on what they edited or submitted, "
                               "administrators included."),
    "may_not_withdraw": Refusal(403, "只有批准人和管理员可以撤回已生效的版本。",
                                "Only approvers and administrators withdraw a version in effect."),
    # retention and erasure
    "may_not_destroy": Refusal(403, "只有审计人员、批准人和管理员可以提议和决定销毁记录。",
                               "Only auditors, approvers and administrators propose and decide on destruction."),
    "may_not_confirm": Refusal(403, "这次销毁要由另外两个人决定：提议的人和已经同意过的人不能再决定，管理员也不例外。",
                               "Two other people decide on this: neither who proposed it nor who agreed already, "
                               "administrators included."),
    "may_not_set_retention": Refusal(403, "只有记录的负责人（批准人）和管理员可以设定保存期。",
                                     "Only the owners of records (approvers) and administrators set how long they are kept."),
    "destruction_seen": Refusal(409, "这份提议与您看到的不同，没有决定。请重新查看，再决定。",
                                "The proposal is not what you saw, and nothing was decided. Look at it again, then decide."),
    "destruction_status": Refusal(409, "已经有人决定过了，您的决定没有记入。请刷新页面查看结果。",
                                  "It was decided meanwhile and yours was not taken. Reload the page to see the outcome."),
    "destruction_typed": Refusal(400, "为防止误操作，请在确认栏中准确填写“{wanted}”。没有销毁任何内容。",
                                 "To be sure, type exactly “{wanted}”. Nothing was destroyed."),
    "nothing_due": Refusal(409, "这类记录没有到期的，或到期的都已提议。没有什么可销毁。",
                           "No record of this kind is due, or what is due is proposed already."),
    "retention_months": Refusal(400, "保存期请填 1 到 {limit} 之间的整月数；留空表示长期保存。",
                                "Give the period as whole months from 1 to {limit}, or leave it empty to keep them for ever."),
    "erasure_names_customer": Refusal(400, "理由会永久保留，请不要在其中写出顾客的名称。可以写来信日期或编号。",
                                      "The reason is kept for ever: do not name the customer in it. Give the date or number of "
                                      "the request."),
    "erasure_nothing": Refusal(404, "没有找到“{value}”的内容，或者已经删除过。请核对名称（须与工单上完全一致）。",
                               "Nothing of “{value}” was found, or it is erased already. Check the name: exactly as "
                               "on the cases."),
    "record_destroyed": Refusal(410, "这份记录已于 {at} 按决定销毁。理由：{reason}",
                                "This record was destroyed by decision at {at}. Reason: {reason}"),
    "erasure_held": Refusal(409, "有 {number} 张工单现在不能删除（{cases}）：未办结、在进行中的审计抽样里，或已有提议。"
                                 "请先办结或处理，再提出。",
                            "{number} cases cannot be erased now ({cases}): open, in an open audit sample, or proposed already. "
                            "Finish these first, then ask again."),
    "erasure_unknown_case": Refusal(404, "没有编号为“{value}”的工单。请核对编号。",
                                    "There is no case “{value}”. Check the number."),
    "erasure_numbers": Refusal(400, "一次最多 {limit} 个工单编号，您填了 {value} 个。没有提出任何内容，请分批提出。",
                               "At most {limit} case numbers at once, not {value}. Nothing was proposed: ask in parts."),
    "erasure_too_many": Refusal(409, "这个名称下的工单超过 {limit} 张，请按工单编号分批提出。",
                                "More than {limit} cases have this name: ask by case numbers, in parts."),
    # changing definitions
    "model_changed": Refusal(409, "{who} 已于 {at} 保存了“{what}”。您的内容还在这里：请先查看对方的版本，再决定保留哪一份。",
                             "{who} saved “{what}” at {at}. Yours is still here: look at theirs, then decide which to keep."),
    "model_frozen": Refusal(409, "这份草稿已提交或已批准，内容不能再改。需要修改时请先撤回提交。",
                            "This draft is submitted or approved and cannot be changed. Take it back first."),
    "model_status": Refusal(409, "这份草稿现在的状态是“{status}”，不能这样操作。请刷新页面。",
                            "This draft is “{status}” now, so this cannot be done. Reload the page."),
    "model_digest": Refusal(409, "文件与提交时的指纹不一致，没有批准，也没有生效。请通知管理员，并重新提交。",
                            "The files do not have the fingerprint of the submission: nothing was approved or put into effect. "
                            "Tell an administrator, and submit again."),
    "model_seen": Refusal(409, "您打开页面之后草稿有变动。请重新查看，再决定。",
                          "The draft changed since you opened the page. Look at it again, then decide."),
    "model_unchanged": Refusal(409, "草稿中的文件与已生效的版本完全相同，没有可提交的改动。",
                               "The files are the same as those in effect: there is nothing to submit."),
    "version_withdrawn": Refusal(409, "{who} 已于 {at} 撤回了这个版本。", "{who} withdrew this version at {at}."),
    "scenario": Refusal(422, "场景文件的“{field}”一项不正确：{value}。请改正后再保存，或在“试运行”中重新生成。",
                        "“{field}” of the scenario is wrong: {value}. Correct it, or make the scenario anew under “Try it”."),
    "scenario_open_case": Refusal(409, "工单 {business_key} 还没有结束，不能做成场景。请等它办结，或选择已办结的工单。",
                                  "Case {business_key} is not over: no scenario can be made of it yet. Choose a finished case."),
    "scenario_intervened": Refusal(409, "工单 {business_key} 中有人工干预，流程图以外的动作不能重演。请选择没有干预的工单。",
                                   "People intervened in case {business_key}: what was done beside the diagram cannot be played "
                                   "again. Choose a case without interventions."),
    "scenario_too_long": Refusal(409, "这份工单的记录超过 {limit} 条，太长了，不能做成场景。",
                                 "The record of this case has more than {limit} events: too long for a scenario."),
    "scenario_erased": Refusal(409, "这份工单的部分内容已按规定销毁，不能做成场景。",
                               "Part of this case's record was destroyed as the rules ask: no scenario can be made of it."),
    "sandbox_no_task": Refusal(409, "这时没有“{element}”这项任务。请撤销几步，或从头再试。",
                               "There is no task “{element}” at this point. Undo some steps, or begin anew."),
    "sandbox_no_timer": Refusal(409, "没有正在等待的时限，时间不必快进。", "No timer waits: there is nothing to go forward to."),
    "sandbox_too_far": Refusal(409, "时间推进得太远：途中有 {limit} 次以上的定时器触发。请分段推进。",
                               "Time would go too far: more than {limit} timers fire on the way. Go in shorter steps."),
    "sandbox_no_action": Refusal(409, "这时不能执行“{element}”。", "The action “{element}” is not offered at this point."),
    "sandbox_not_begun": Refusal(409, "试运行还没有开始，或者已重新开始。请先开始。", "Nothing is being tried yet. Begin first."),
    "sandbox_no_start": Refusal(409, "流程“{process}”没有开始事件，无法试运行。请先画上开始事件。",
                                "Process “{process}” has no start event, so it cannot be tried. Draw one first."),
    "model_empty": Refusal(400, "草稿中没有文件。请先添加流程图、表单或决策表。",
                           "The draft has no files. Add a diagram, a form or a decision table first."),
    "model_title": Refusal(400, "请填写标题（最多 {limit} 个字符，一行）。",
                           "Give a title (one line, at most {limit} characters)."),
    "model_name": Refusal(400, "文件名“{value}”不可用。请用不超过 {limit} 个字符的文件名，"
                               "以 .bpmn、.form、.dmn 或 .scenario 结尾。",
                          "The file name “{value}” cannot be used: at most {limit} characters, ending in .bpmn, .form, .dmn "
                          "or .scenario."),
    "model_files": Refusal(409, "一份草稿最多 {limit} 个文件。请拆成几份。", "A draft has at most {limit} files. Split it."),
    "model_nothing_opened": Refusal(400, "没有一个文件能打开，没有建立草稿。原因见下方。",
                                    "None of the files could be opened and no draft was made; see why below."),
    "model_exists": Refusal(409, "草稿中已有名为“{what}”的文件（{who}，{at}）。请换一个名称。",
                            "The draft has a file named “{what}” already ({who}, {at}). Choose another name."),
    "model_session_over": Refusal(409, "这次编辑已结束，不能撤销。请重新打开编辑器。",
                                  "This sitting is over and cannot be undone. Open the editor again."),
    "effective_past": Refusal(400, "生效时间 {value} 已经过去。请选择以后的时间，或选择立即生效。",
                              "{value} is past. Choose a time to come, or put it into effect now."),
    "definition_withdrawn": Refusal(409, "流程“{process}”的第 {version} 版已于 {at} 撤回，不能用它发起工单。",
                                    "Version {version} of “{process}” was withdrawn at {at}: no case starts on it."),
    "definition_needed": Refusal(409, "还有流程用到它（{by}），撤回后没有可用的版本。请先让新版本生效。",
                                 "{by} still uses it, and no other version would be left. Put a new version into effect first."),
    # moving cases to another version
    "may_not_migrate": Refusal(403, "只有流程负责人和管理员可以迁移工单。", "Only process owners and administrators move cases."),
    "migration_status": Refusal(409, "这个迁移计划现在的状态是“{status}”，不能这样操作。请刷新页面。",
                                "This migration plan is “{status}” now, so this cannot be done. Reload the page."),
    "migration_running": Refusal(409, "这个流程已有一个正在进行的迁移。请等它结束，或先暂停并撤销它。",
                                 "A migration of this process is under way. Wait for it, or pause and undo it first."),
    "migration_no_cases": Refusal(409, "没有可迁移的工单：这个版本上没有未结工单，或它们已在目标版本上。",
                                  "There is nothing to move: no case is open on this version, or all are on the target already."),
    "migration_other_process": Refusal(400, "两个版本不是同一个流程（{value}）。请选择同一流程的两个版本。",
                                       "The two versions are not of the same process ({value}). Choose two of one process."),
    "migration_mapping": Refusal(400, "对应表中“{element}”不能对应到“{value}”：没有这个元素，或不是同一种。",
                                 "“{element}” cannot be mapped to “{value}”: there is no such element, or it is of "
                                 "another kind."),
    # requests
    "no_such_page": Refusal(404, "没有这个页面。它可能已被移动，或者地址有误。",
                            "There is no such page. It may have moved, or the address has a mistake."),
    "method_not_allowed": Refusal(405, "此地址不接受这种请求。", "This address does not take this kind of request."),
    "upload_too_large": Refusal(413, "上传的内容太大，服务器没有接收。上限为 {limit}。请压缩或分开上传。",
                         "What you sent is too large and was not received. The limit is {limit}. Make it smaller or "
                         "send it in parts."),
    "bad_request": Refusal(400, "服务器没有读懂这个请求。请返回后重试。",
                           "The request could not be read. Go back and try again."),
    "no_file": Refusal(400, "请先选择至少一个文件。", "Choose at least one file first."),
    "reason_missing": Refusal(400, "请说明原因。", "Give a reason."),
    "nothing_selected": Refusal(400, "没有选中任何任务。请返回，勾选之后再办。",
                                "No task is selected. Go back and mark at least one."),
    "too_many_selected": Refusal(400, "一次最多办理 {limit} 项，您选了 {value} 项。请分批办理；没有改动任何一项。",
                                 "At most {limit} tasks at once, and {value} are selected. Do them in "
                                 "parts; nothing was changed."),
    "assignee_missing": Refusal(400, "请选择由谁办理。没有改动任何一项。", "Choose a person. Nothing was changed."),
    "due_missing": Refusal(400, "请填写到期的日期和时间。没有改动任何一项。", "Give a date and time. Nothing was changed."),
    "filter_name": Refusal(400, "请给筛选起一个名称，最多 {limit} 个字。",
                           "Give the filter a name of at most {limit} characters."),
    "criterion": Refusal(400, "筛选条件“{field}”不存在，或者不能是“{value}”。请重新选择筛选条件。",
                         "There is no filter criterion “{field}”, or it cannot be “{value}”. Choose the criteria anew."),
    "too_many_filters": Refusal(409, "您已保存 {limit} 个筛选，不能再多。请先删除不用的。",
                                "You keep {limit} filters already, the most there can be. Delete one that you do not use."),
    "may_not_share": Refusal(403, "只能与您所在的小组共享筛选。", "A filter is shared only with a group that you are in."),
    "not_owner_of_filter": Refusal(403, "筛选“{name}”由 {who} 保存，只有其本人或该组负责人可以删除。",
                                   "{who} saved the filter “{name}”; only they or a lead of the group delete it."),
    "print_font_missing": Refusal(500, "服务器缺少打印字体，请管理员重新执行 make build。记录的网页版可以照常打印。",
                                  "The server lacks the font for PDF: an administrator runs make build "
                                  "again. The page prints as ever."),
    # tasks and cases
    "task_claimed": Refusal(409, "{who} 已于 {at} 领取了这项任务，由其办理。您填写的内容保留在下方。",
                            "{who} claimed this task at {at} and does it. What you typed is kept below."),
    "task_changed": Refusal(409, "您打开页面之后，这项任务已经变动。请核对下面的最新内容，再提交一次。",
                            "This task changed after you opened it. Look at it as it is now, and send again."),
    "task_completed": Refusal(409, "{who} 已于 {at} 完成了这项任务。您填写的内容保留在下方。",
                              "{who} completed this task at {at}. What you typed is kept below."),
    "task_cancelled": Refusal(409, "这项任务已于 {at} 撤销：工单走了别的路线。您填写的内容保留在下方。",
                              "This task was cancelled at {at}: the case went another way. What you typed is kept below."),
    "may_not_work_on": Refusal(403, "此任务由其他角色或其他办事处办理，或者按规定须由他人办理。",
                               "This task is for another role or office, or the rules keep it for someone else."),
    "may_not_see": Refusal(403, "此工单不属于您的办事处。", "This case is not of your office."),
    "may_not_assign": Refusal(403, "只有服务部负责人和经理可以指派任务。", "Only leads and managers assign tasks."),
    "may_not_start": Refusal(403, "您的角色不能发起此流程。", "Your role may not start this procedure."),
    "may_not_intervene": Refusal(403, "只有服务部负责人和管理员可以干预工单。",
                                 "Only leads and administrators intervene in a case."),
    "may_not_act": Refusal(403, "此操作由其他角色或其他办事处进行。", "This is for another role or office."),
    "reason_long": Refusal(400, "原因太长，请写在 {limit} 字以内。",
                           "The reason is too long; keep it within {limit} characters."),
    "case_moved": Refusal(409, "您查看之后，工单 {business_key} 已经变动，没有做任何更改。请重新查看影响，再确认一次。",
                          "Case {business_key} has moved since you looked, and nothing was changed. Look at the effect "
                          "again, then confirm."),
    "no_way_back": Refusal(409, "不能退回到这一步：工单没有单独经过它，或者会留下永远等待的汇合。请从列出的步骤中选择。",
                           "The case cannot go back there: it did not come from that step alone, or a join would wait "
                           "for ever. Choose one of the steps listed."),
    "answer_missing": Refusal(400, "跳过这一步要先选择答案，后面的路线由它决定。",
                              "To skip this step choose an answer first: it decides where the case goes."),
    "variable_kept": Refusal(400, "“{value}”由系统使用，或者不是变量名，不能更改。",
                             "“{value}” is the system's own, or no name of a variable; it cannot be changed."),
    "not_number": Refusal(400, "“{value}”不是数字。", "“{value}” is not a number."),
    "not_boolean": Refusal(400, "请选择“是”或“否”。", "Choose yes or no."),
    "not_json": Refusal(400, "“{value}”不是有效的 JSON。", "“{value}” is not valid JSON."),
    "action_gone": Refusal(409, "此工单已不再等待这一操作。请看工单现在进行到哪一步。",
                           "The case no longer waits for this. See where it stands now."),
    "may_not_administer": Refusal(403, "此操作仅供管理员使用。", "This is for administrators."),
    "may_not_enter_absence": Refusal(403, "只有本人、其负责人和管理员可以登记缺勤。",
                                     "Only the person, their lead and administrators enter an absence."),
    "absence_order": Refusal(400, "结束时间必须晚于开始时间。", "The end must be later than the beginning."),
    "absence_past": Refusal(400, "这段时间已经过去。请填写从今天起的时间。",
                            "This time is past. Give one that begins today or later."),
    "absence_too_long": Refusal(400, "一次缺勤最长一年。", "An absence lasts a year at most."),
    "substitute": Refusal(400, "“{value}”不能代理：必须在同一办事处属于相同的岗位，或者是负责人。请从名单中选择。",
                          "“{value}” cannot stand in: it takes a group in common in the same office, or a lead. "
                          "Choose from the list."),
    "absence_overlaps": Refusal(409, "{who} 在 {begins} 至 {ends} 已登记缺勤。请先结束那一次。",
                                "{who} is absent from {begins} to {ends} already. End that one first."),
    "substitute_absent": Refusal(409, "{who} 在 {begins} 至 {ends} 本人缺勤。请选择其他代理人。",
                                 "{who} is absent from {begins} to {ends}. Choose another substitute."),
    "absence_over": Refusal(409, "这次缺勤已经结束。", "This absence is over."),
    "password_short": Refusal(400, "新密码至少 {least} 个字符。", "The new password needs at least {least} characters."),
    "password_unlike": Refusal(400, "两次输入的新密码不一致。", "The new password was typed in two different ways."),
    "wrong_old_password": Refusal(403, "原密码不正确，密码没有更改。", "The old password is wrong; nothing was changed."),
    "setting_too_long": Refusal(400, "“{field}”的选择太长，上限为 {limit} 个字符。",
                                "“{field}” is too long: at most {limit} characters."),
    "not_assignee": Refusal(403, "此任务已由 {assignee} 领取，只有其本人或负责人可以退回。",
                            "{assignee} has claimed this task; only they or a lead can release it."),
    "not_delegated": Refusal(409, "此任务没有委托人，不能退还。可以改为退回小组。",
                             "Nobody delegated this task, so there is nobody to give it back to. Release it "
                             "to its group instead."),
    "may_not_set_due": Refusal(403, "只有服务部负责人和经理可以更改期限。", "Only leads and managers change a due date."),
    "due_past": Refusal(400, "{value} 已经过去。请选择以后的时间。", "{value} is past. Choose a time to come."),
    "due_too_far": Refusal(400, "{value} 太远。期限最多在十年之内。",
                           "{value} is too far away. A due date lies within ten years."),
    "due_at": Refusal(400, "“{value}”不是日期和时间。请从日历中选择。",
                      "“{value}” is not a date and time. Choose one from the calendar."),
    "draft_newer": Refusal(409, "您在另一设备上于 {at} 保存了更新的草稿。", "You saved a newer draft on another device at {at}."),
    # comments and documents
    "comment_empty": Refusal(400, "请先写下留言。", "Write a comment first."),
    "comment_too_long": Refusal(400, "留言有 {length} 个字符，上限为 {limit}。请缩短，或作为文件上传。内容保留在下方。",
                                "The comment has {length} characters; the limit is {limit}. Shorten it, or add it as a file. "
                                "The text is kept below."),
    "mention_may_not_see": Refusal(400, "“@{value}”不能查看此工单，所以不能提到。请去掉 @ 或另选一人。",
                                   "“@{value}” may not see this case and cannot be mentioned. Leave out the @, or choose "
                                   "somebody else."),
    "file_empty": Refusal(400, "“{value}”是空文件，没有保存。", "“{value}” is empty and was not kept."),
    "file_too_large": Refusal(413, "“{value}”有 {size} MB，超过每个文件 {limit} MB 的上限，没有保存。请压缩后再试。",
                              "“{value}” has {size} MB; the limit for one file is {limit} MB. It was not kept. Make it smaller."),
    "file_type": Refusal(415, "“{value}”的内容是{kind}，没有保存。"
                              "可以上传 JPEG、PNG、WebP 照片，PDF，Word、Excel、PowerPoint（不含宏）和文本。",
                         "“{value}” is {kind_en} by its content and was not kept. Photos (JPEG, PNG, WebP), PDF, Word, Excel, "
                         "PowerPoint (without macros) and text can be added."),
    "picture_too_large": Refusal(413, "照片“{value}”的像素太多（上限 {limit} 百万像素），没有保存。请缩小后再试。",
                                 "The picture “{value}” has too many pixels (the limit is {limit} million) and was not kept. "
                                 "Make it smaller."),
    "picture_broken": Refusal(415, "照片“{value}”已损坏，打不开，没有保存。请重新拍摄或另存。",
                              "The picture “{value}” is damaged and was not kept. Take it again, or save it anew."),
    "too_many_documents": Refusal(409, "此工单已有 {limit} 个文件，不能再添加“{value}”。",
                                  "This case has {limit} files already; “{value}” cannot be added."),
    "document_removed": Refusal(410, "{who} 已于 {at} 删除了这个文件。", "{who} removed this file at {at}."),
    "may_not_remove": Refusal(403, "只有上传者和负责人可以删除文件。", "Only who added a file, and leads, remove it."),
    "no_candidate_group": Refusal(409, "此任务没有候选人群，不能退回。请改为指派给别人。",
                                  "This task has no group to go back to. Assign it to someone instead."),
    "assignee": Refusal(400, "“{who}”不能办理此任务。请选择名单中的人。",
                        "“{who}” may not do this task. Choose someone from the list."),
    "day": Refusal(400, "“{value}”不是日期。请从日历中选择一天。",
                   "“{value}” is not a date. Choose a day from the calendar."),
    "day_past": Refusal(400, "{value} 已经过去。只能设置今天或以后的日子。",
                        "{value} is past. Only today and days to come can be set."),
    "day_twice": Refusal(400, "{value} 在第 {line} 行已出现。请只保留一行。", "{value} is in line {line} already. Keep one row."),
    "day_kind": Refusal(400, "看不出这一天上班还是休息：“{value}”。请写“班”或“休”。",
                        "Whether this day is worked or free cannot be told: “{value}”. Write worked or free."),
    "days_file": Refusal(400, "文件既不是可用的表格，也不是 iCalendar 日历。表格的列：{columns}；"
                              "day 和 kind 必须有。读到的是：{value}",
                         "The file is neither a table that fits nor an iCalendar list. A table has the columns {columns}; "
                         "day and kind are needed. Found: {value}"),
    "days_table": Refusal(400, "表格第 {value} 行无法读取。请用模板重新保存。",
                          "Line {value} of the table cannot be read. Save it from the template."),
    "days_list": Refusal(400, "iCalendar 文件已损坏，无法读取：{value}",
                         "The iCalendar file is broken and cannot be read: {value}"),
    "days_rows": Refusal(400, "文件有 {value} 天。请上传 1 至 {limit} 天。", "The file has {value} days. Send 1 to {limit}."),
    "days_changed": Refusal(409, "预览之后文件或日历有变动，没有设置任何日子。请重新检查文件。",
                            "The file or the calendar changed since the preview. No day was set; check the file again."),
    "office": Refusal(400, "请选择您所属的办事处。", "Choose an office of yours."),
    "too_large": Refusal(413, "填写的内容太多，请精简后再提交。", "The entries are too large; shorten them and send again."),
    "case_suspended": Refusal(409, "工单 {business_key} 已暂停，恢复之后才能继续办理。",
                              "Case {business_key} is suspended; it goes on when it is resumed."),
    "case_not_suspended": Refusal(409, "工单 {business_key} 没有暂停。", "Case {business_key} is not suspended."),
    "case_ended": Refusal(409, "工单 {business_key} 已于 {ended_at} 结束。", "Case {business_key} ended at {ended_at}."),
    "idempotency_key": Refusal(409, "同一页面已提交过不同的内容。请刷新页面查看结果。",
                               "This page was already sent with other content. Reload it to see the result."),
    "incident_resolved": Refusal(409, "{who} 已于 {at} 处理了这个故障。", "{who} settled this incident at {at}."),
    "job_not_failed": Refusal(409, "这个作业已经在重试。", "This job is being tried again already."),
    "start_event": Refusal(400, "流程“{process}”没有这个开始事件：{value}。请从发起页面选择。",
                           "Process “{process}” has no such start event: {value}. Choose on the start page."),
    "timer": Refusal(400, "时间写法“{value}”仍然无法使用。请改正工单的变量或流程图，再重试。",
                     "The time “{value}” still cannot be used. Correct the case's variable or the diagram, then try again."),
    "user_exists": Refusal(409, "用户名“{user}”已被使用。请换一个。", "The user name “{user}” is taken. Choose another."),
    "no_signing_key": Refusal(503, "无法读取或建立签名密钥（{path}）：{reason}。请管理员检查 CHECKPOINT_KEY。",
                              "The signing key ({path}) cannot be read or made: {reason}. Ask the administrator to check "
                              "CHECKPOINT_KEY."),
    "gap_unanswered": Refusal(
        409, "外部文件里的检查点在数据库中没有：请管理员先用 flask acknowledge-gap 说明缺口。",
        "The file of checkpoints knows what the database lacks: an administrator answers for it first (flask acknowledge-gap)."),
    "clock_behind": Refusal(409, "服务器的时钟早于最新的检查点，请先校准时钟。",
                            "The server's clock is behind the newest checkpoint: set it right first."),
    "no_such_user": Refusal(403, "账号“{user}”不存在或已停用。请联系管理员。",
                            "The account “{user}” does not exist or is closed. Ask an administrator."),
    "group_needs_office": Refusal(400, "小组“{group}”按办事处办理：请填写办事处。",
                                  "Group “{group}” acts within an office: name one."),
    "group_is_central": Refusal(400, "小组“{group}”不分办事处：不要填写办事处。",
                                "Group “{group}” is central: leave the office out."),
    # what administrators change
    "user_changed": Refusal(409, "{who} 已于 {at} 变更了这个用户。请核对最新内容，再改一次。",
                            "{who} changed this user at {at}. Look at it as it is now, and change it again."),
    "user_has_tasks": Refusal(409, "“{user}”还有 {n} 项未完成的任务。请先移交，再停用。",
                              "“{user}” still has {n} open tasks. Hand them over first, then close the account."),
    "own_account": Refusal(409, "不能停用自己的账号，也不能取消自己的管理员权限。请由其他管理员操作。",
                           "Nobody closes their own account or takes their own administrator's right. Ask another "
                           "administrator."),
    "last_administrator": Refusal(409, "“{user}”是最后一位管理员。请先指定另一位管理员。",
                                  "“{user}” is the last administrator. Name another one first."),
    "name_missing": Refusal(400, "请填写名称（{field}）。", "Give a name ({field})."),
    "text_unusable": Refusal(400, "“{field}”最多 {limit} 个字符，且不能换行：{value}",
                             "“{field}” takes at most {limit} characters, in one line: {value}"),
    "text_nul": Refusal(400, "“{field}”里有一个看不见的控制字符（U+0000），无法保存。请返回，删除这段文字后重新输入。",
                        "“{field}” has an invisible control character (U+0000) that cannot be kept. Go back and type that "
                        "text again."),
    "email": Refusal(400, "“{value}”不是电子邮箱地址。请写成 name@example.com 的样子。",
                     "“{value}” is not a mail address. Write it like name@example.com."),
    "language": Refusal(400, "语言“{value}”不可用。请填写 zh 或 en。", "The language “{value}” is not there. Write zh or en."),
    "no_such_group": Refusal(400, "没有人群“{value}”。请从人群页面查看可用的名称。",
                             "There is no group “{value}”. The groups page lists the names."),
    "no_such_office": Refusal(400, "没有办事处“{value}”。请从办事处页面查看可用的名称。",
                              "There is no office “{value}”. The offices page lists the names."),
    "key": Refusal(400, "简称“{value}”不可用。请用小写字母、数字、点和横线，以字母或数字开头。",
                   "The short name “{value}” cannot be used. Use small letters, digits, dot and dash."),
    "key_exists": Refusal(409, "简称“{id}”已被使用。请换一个。", "The short name “{id}” is taken. Choose another."),
    "office_has_cases": Refusal(409, "办事处“{office}”还有 {n} 个未结工单，结束之后才能关闭。",
                                "The office “{office}” still has {n} open cases. It can be closed when they have ended."),
    "head_office": Refusal(409, "总部不能关闭：没有指定办事处的工单归总部。",
                           "The head office cannot be closed: cases without an office belong to it."),
    "days_range": Refusal(400, "结束日期 {value} 早于开始日期，或超过 {limit} 天。请改正。",
                          "The last day {value} is before the first, or more than {limit} days on. Correct it."),
    "calendar_hours": Refusal(400, "工作时间无法使用：{value}。每段都要有开始和结束，先后有序，互不重叠。",
                              "These working hours cannot be used: {value}. Each needs a begin and an end, in order, apart."),
    "period": Refusal(400, "期间的起止日期要写成 2026-03-01 这样，开始不能晚于结束。请改正后再看。",
                      "Write the days of the period as 2026-03-01, the first not after the last. Correct them and look again."),
    "clauses_unreadable": Refusal(400, "条款目录 {field} 无法读取：{value}。每条要有 id、name、name_en，请管理员改正。",
                                  "The list of clauses {field} cannot be read: {value}. Each needs id, name and name_en. "
                                  "An administrator has to correct the file."),
    "mail_not_failed": Refusal(409, "这封邮件没有失败，或已在重新发送。",
                               "This letter has not failed, or is being sent again already."),
    "user_name": Refusal(400, "用户名“{value}”不可用。请用小写字母、数字、点和横线，以字母或数字开头。",
                         "The user name “{value}” cannot be used. Use small letters, digits, dot and dash."),
    "user_closed": Refusal(400, "账号“{value}”已停用。请先在用户页面重新启用。",
                           "The account “{value}” is closed. Open it again on its page first."),
    "csv_encoding": Refusal(400, "无法识别文件的编码。请保存为 CSV UTF-8。",
                            "The file's encoding is unknown. Save it as CSV UTF-8."),
    "csv": Refusal(400, "文件不是可用的表格，第 {value}。请用模板重新保存。",
                   "The file is no usable table, at line {value}. Save it from the template."),
    "csv_columns": Refusal(400, "列名不对：{value}。可用的列：{columns}；user 和 name 必须有。",
                           "The columns do not fit: {value}. There are {columns}; user and name are needed."),
    "csv_rows": Refusal(400, "文件有 {value} 行。请上传 1 至 {limit} 行。", "The file has {value} rows. Send 1 to {limit}."),
    "csv_too_large": Refusal(413, "文件超过 {limit} MB。请分开上传。", "The file is larger than {limit} MB. Send it in parts."),
    "csv_twice": Refusal(400, "用户“{value}”在第 {line} 行已出现。请只保留一行。",
                         "The user “{value}” is in line {line} already. Keep one row."),
    "import_changed": Refusal(409, "预览之后文件或用户有变动，没有写入任何内容。请重新检查文件。",
                              "The file or the users changed since the preview. Nothing was written; check the file again."),
    "import_has_errors": Refusal(409, "文件中有 {n} 行错误，没有写入任何内容。", "{n} rows have errors. Nothing was written."),
    # audit samples
    "sample_no_cases": Refusal(409, "没有符合条件的工单，没有可抽的样本。请放宽期间、流程或办事处。",
                               "No case fits, so there is nothing to draw from. Widen the period, the process or the office."),
    "sample_criteria": Refusal(400, "抽样条件“{field}”不能用：{value}", "The condition “{field}” cannot be used: {value}"),
    "sample_period": Refusal(400, "期间的结束日（{value}）早于开始日。请改正。",
                             "The period ends ({value}) before it begins. Correct it."),
    "sample_title": Refusal(400, "请填写抽样的名称，最多 {limit} 个字。", "Give the sample a title, at most {limit} characters."),
    "sample_size": Refusal(400, "样本量应为 1 到 {limit}，您填的是“{value}”。",
                           "A sample has 1 to {limit} cases, not “{value}”."),
    "sample_seed": Refusal(400, "种子最多 {limit} 个字符。", "A seed has at most {limit} characters."),
    "sample_questions": Refusal(400, "检查表要有 1 到 {limit} 个问题。", "A checklist has 1 to {limit} questions."),
    "sample_answers": Refusal(400, "还有 {value} 个问题没有回答。请逐个回答“是”“否”或“不适用”。",
                              "{value} questions have no answer yet. Answer each with yes, no or not applicable."),
    "sample_note": Refusal(400, "有问题答“否”时，请写明看到了什么：它会成为纠正措施的依据。",
                           "Where an answer is no, say what you saw: it is what the corrective action begins with."),
    "sample_note_long": Refusal(400, "说明太长（{value} 字），最多 {limit} 字。",
                                "The note is too long: {value} of {limit} characters."),
    "sample_item_changed": Refusal(409, "{who} 已于 {at} 检查了这件工单。您的回答还在下方：请先核对，需要修改的再保存。",
                                   "{who} decided on this case at {at}. Your answers are still below: compare, and save again if "
                                   "they should replace the others."),
    "sample_item_finding": Refusal(409, "{who} 已于 {at} 把这件工单判为不符合，纠正措施已经启动。判错的，请写明原因后撤回结论。",
                                   "{who} made this case a finding at {at}, and its corrective action has begun. If that was a "
                                   "mistake, withdraw it with a reason."),
    "sample_no_finding": Refusal(409, "这件工单没有可撤回的不符合结论，请刷新页面。",
                                 "This case has no finding to withdraw. Reload the page."),
    "sample_finding_starting": Refusal(409, "纠正措施正在启动，请过一会儿再撤回。",
                                       "Its corrective action is being started: withdraw the finding in a moment."),
    "sample_closed": Refusal(409, "{who} 已于 {at} 结束了这次抽样，不再改动。", "{who} closed this sample at {at}. It stands."),
    "sample_open_items": Refusal(409, "还有 {open} 件工单没有检查，不能结束抽样。",
                                 "{open} cases are not decided yet: the sample cannot be closed."),
    "out_of_range": Refusal(400, "提交的内容里有无法保存的数字、日期或字符，没有作任何更改。请返回改正后重试。",
                            "Something that was sent holds a number, a date or a character that cannot be kept. Nothing was "
                            "changed: go back, correct it and try again."),
    "second_instance": Refusal(409, "一次操作只能处理一个工单。", "One action can only change one case."),
    "failed": Refusal(500, "系统出现内部错误，已经记录。您填写的内容没有丢失：请稍后重试，仍不成功请联系管理员。",
                      "Something went wrong on our side and was logged. Try again in a moment; if it stays, tell "
                      "an administrator."),
}
BY_CLASS: Mapping[str, Refusal] = {
    "NotFound": Refusal(404, "找不到这项内容。它可能不存在，或者不属于您的权限范围。",
                        "This was not found. It may not exist, or it is outside what you may see."),
    "Forbidden": Refusal(403, "您没有权限进行此操作。", "You may not do this."),
    "AlreadyChanged": Refusal(409, "{who} 已于 {at} 先处理了这项任务。您填写的内容保留在下方。",
                              "{who} was quicker, at {at}. What you typed is kept below."),
    "Conflict": Refusal(409, "现在不能这样操作：情况已经变化。请刷新页面查看最新状态。",
                        "This does not fit the present state. Reload the page to see it."),
    "InvalidForm": Refusal(422, "有些内容需要更正，请看标出的各项。", "Some entries need correcting; see the marked fields."),
    "InvalidValue": Refusal(400, "“{field}”的内容无法使用：{value}", "“{field}” has a value that cannot be used: {value}"),
    "MismatchingMessage": Refusal(409, "没有唯一等待消息“{name}”的工单。",
                                   "There is not exactly one case waiting for the message “{name}”."),
    "StepRefused": Refusal(409, "这一步现在不能执行，可能已经有人办理过了。请刷新页面查看最新状态。",
                           "This step cannot be taken now; somebody may have done it already. Reload the page."),
    "LimitExceeded": Refusal(409, "超出了一次操作的上限（{limit}）。请联系管理员。",
                             "A limit was met ({limit}). Tell an administrator."),
    "ExpressionError": Refusal(422, "图中的表达式无法计算：{expression}（{reason}）",
            "An expression could not be evaluated: {expression} ({reason})"),
    "DeploymentRefused": Refusal(422, "部署被拒绝：下列问题改正之后才能部署。没有保存任何内容。",
                                 "The deployment was refused: correct the problems below. Nothing was stored."),
}
def unforeseen(error: Exception) -> EngineError:
    """What to tell of an error that no verb raised: a value that Python or the database cannot hold, else our own failure."""
    cause = error.orig if type(error) is sa.exc.StatementError else error  # its children tell of the database
    return InvalidValue("out_of_range") if isinstance(cause, BEYOND) else EngineError("failed")


def refusal(error: Exception) -> Refusal:
    """The row for an error: by its code, else by its class or the nearest parent that has one."""
    code = getattr(error, "code", "")
    if isinstance(code, str) and code in BY_CODE:
        return BY_CODE[code]
    names = (kind.__name__ for kind in type(error).__mro__)
    return next((BY_CLASS[name] for name in names if name in BY_CLASS), BY_CODE["failed"])


def sentence(error: Exception, language: str, people: Callable[[str], str] = str) -> str:
    """What happened and what to do, for a person. `people` names a user by id."""
    facts = dict(error.facts) if isinstance(error, EngineError) else {}
    facts |= {name: people(facts[name]) for name in PEOPLE if isinstance(facts.get(name), str)}
    row = refusal(error)
    if facts.get("who") is None and "{who}" in row.en:  # who was quicker is not known
        row = BY_CLASS["StepRefused"]
    return row.words(language, facts)


def as_json(error: Exception, language: str) -> dict[str, Any]:
    """The same refusal for a program: `code`, `message`, and the field errors of a form."""
    body: dict[str, Any] = {"code": getattr(error, "code", "failed"), "message": sentence(error, language)}
    if isinstance(error, EngineError) and "errors" in error.facts:
        body["fields"] = sorted(error.facts["errors"])
    return body


def by_field(error: EngineError, language: str) -> dict[str, list[str]]:
    """The sentences about each field of a refused form."""
    return {key: [forms.sentence(code, facts, language) for code, facts in problems]
            for key, problems in error.facts.get("errors", {}).items()}


def findings(error: EngineError, labels: Mapping[str, str], language: str) -> list[tuple[str, str]]:
    """`(label, sentence)` for every finding of a refused form, to be listed above it."""
    found = by_field(error, language)
    return [(labels.get(re.sub(r"\[\d+\]", "", key), key), text) for key, texts in found.items() for text in texts]


def _readable(facts: Mapping[str, Any]) -> dict[str, str]:
    return {key: _text(value) for key, value in facts.items()}


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(ZONE).strftime("%Y-%m-%d %H:%M")
    return str(value)[:200]


class _Plain(string.Formatter):
    """Puts facts into a sentence; one that is missing leaves a dash, and no attribute of a fact can be reached."""

    def get_field(self, field_name: str, _args: Any, kwargs: Any) -> tuple[Any, str]:
        """The fact of that name."""
        return kwargs.get(field_name, "—"), field_name
