/** The words of the modeller in Chinese: bpmn-js-i18n, and what it leaves out. In English the libraries' own words stay. */
import library from 'bpmn-js-i18n/translations/zn';
import { isChinese } from '../../layout/islands/said';

const OWN: Record<string, string> = {
  'Open minimap': '打开缩略图', 'Close minimap': '关闭缩略图', 'Set color': '设置颜色', 'Create element': '创建元素',
  'Append element': '追加元素', 'Change element': '更改元素', 'Search in diagram': '在图中查找', 'Token Simulation': '令牌模拟',
  'General': '常规', 'Documentation': '文档', 'Element documentation': '作业指导', 'Name': '名称', 'ID': '标识',
  'Candidate groups': '候选组', 'Candidate users': '候选用户', 'Assignee': '办理人', 'User assignment': '人员分配',
  'Forms': '表单', 'Multi-instance': '多实例', 'Asynchronous continuations': '异步继续', 'Job execution': '作业执行',
  'Execution listeners': '执行监听器', 'Task listeners': '任务监听器', 'Extension properties': '扩展属性',
  'Inputs': '输入', 'Outputs': '输出', 'Implementation': '实现', 'Timer': '计时', 'Message': '消息', 'Error': '错误',
  'Select an element to edit its properties.': '选择一个元素来编辑它的属性。',
  'Multiple elements selected. Select a single element to edit its properties.': '选中了多个元素。选择一个来编辑它的属性。',
  'Global message reference': '消息', 'Create new ...': '新建……', '<none>': '（未选）', '<empty>': '（空）', '<unnamed>': '（未命名）', 'Executable': '可执行',
  'Process ID': '流程标识', 'Process name': '流程名称', 'Process documentation': '流程说明', 'Participant Name': '泳池名称', 'Version tag': '版本标签',
  'ID must be unique.': '标识必须唯一。', 'ID must not be empty.': '标识不能为空。', 'ID must not contain spaces.': '标识不能含空格。',
  'ID must not contain prefix.': '标识不能含前缀。', 'ID must be a valid QName.': '标识的写法不正确。', 'Due date': '到期时间', 'Follow up date': '跟进时间',
  'Priority': '优先级', 'Loop cardinality': '次数', 'Completion condition': '完成条件', 'Collection': '集合', 'Element variable': '元素变量',
  'Result variable': '结果变量', 'Type': '类型', 'Value': '值', 'Date': '日期', 'Duration': '时长', 'Cycle': '周期', 'Code': '代码', 'Escalation': '升级',
  'Signal': '信号', 'Link': '链接', 'Compensation': '补偿', 'Wait for completion': '等待完成', 'Condition': '条件', 'Script': '脚本', 'Format': '格式',
  'Global error reference': '错误', 'Global escalation reference': '升级', 'Global signal reference': '信号', 'Errors': '错误', 'Code variable': '代码变量',
  'Message variable': '消息变量', 'Start initiator': '发起人', 'Initiator': '发起人变量', 'Candidate starter': '可发起者', 'Candidate starter groups': '可发起的岗位',
  'Candidate starter users': '可发起的用户', 'In mappings': '传入', 'Out mappings': '传出', 'In mapping propagation': '传入全部', 'Out mapping propagation': '传出全部',
  'Propagate all variables': '传递全部变量', 'Source': '来源', 'Target': '目标', 'Source expression': '来源表达式', 'Local': '局部',
  'Local variable assignment': '局部变量', 'Variable name': '变量名', 'Variable events': '变量事件', 'Properties': '属性', 'Input propagation': '传入',
  'Output propagation': '传出', 'Template': '模板', 'Templates': '模板', 'Select': '选择模板', 'Change': '更改', 'Update': '更新', 'Upgrade': '升级',
  'Unlink': '解除关联', 'Remove': '移除', 'Applied': '已应用', 'Deprecated': '已停用', 'Edit': '编辑', 'Description': '说明', 'Version': '版本',
  'Custom properties': '模板内容', 'More actions': '更多操作', 'Choose element template': '选择模板', 'Not found': '未找到', 'Update available': '有新版本',
  'Unset': '清除', 'On': '开', 'Off': '关', 'Create': '新建',
  'The template applied was not found. Therefore, its properties cannot be shown. Unlink to access the data.': '找不到所用的模板，无法显示其内容；解除关联后可查看。',
  '{label} must not be empty.': '{label}不能为空。', 'Create new list item': '新建一项', 'Delete item': '删除此项', 'Toggle list item': '展开或收起',
  'Toggle section': '展开或收起', 'Section contains edits': '本组已填写', 'Section contains an error': '本组有错误', 'Open documentation': '打开说明',
  'Open pop-up editor': '在窗口中编辑', 'Opened in editor': '已在窗口中打开', 'FEEL expression is mandatory': '必须是 FEEL 表达式', 'FEEL expression': 'FEEL 表达式',
  'Unparsable FEEL expression.': 'FEEL 表达式写法不正确。', 'Align elements': '对齐', 'Align elements ': '对齐', 'Distribute elements horizontally': '水平分布',
  'Distribute elements vertically': '垂直分布', 'Toggle non-interrupting': '切换是否中断', 'Ad-hoc sub-process': '特别子流程', 'Boundary event': '边界事件',
  'Expanded pool/participant': '展开的泳池', 'Exclusive gateway': '排他网关', 'Activate lasso tool': '框选', 'Terminate end event': '终止结束事件',
  'Call activity': '调用活动', 'Business rule task': '业务规则任务', 'Timer boundary event': '计时边界事件',
  'A cycle defined as ISO 8601 repeating intervals format, or a cron expression.': '按 ISO 8601 填写的周期。',
  'A specific point in time defined as ISO 8601 combined date and time representation.': '按 ISO 8601 填写的日期和时间。',
  'A time duration defined as ISO 8601 durations format.': '按 ISO 8601 填写的时长。',
  'Specify more than one group as a comma separated list.': '多个岗位用逗号分隔。', 'Specify more than one user as a comma separated list.': '多个用户用逗号分隔。',
  'This maps to the process definition key.': '案件按此标识找到流程。',
  'The due date as an EL expression (e.g. ${someDate}) or an ISO date (e.g. 2015-06-26T09:54:00).': '日期，例如 2026-06-26T09:54:00，或 ${变量}。',
  'Start typing "${}" to create an expression.': '输入 ${} 以使用变量。',
  'Multiple elements are selected. Select a single element to edit its properties.': '选中了多个元素。选择一个来编辑它的属性。',
  'View DRD': '看决策关系图', 'View DRG': '看决策关系图', 'Hit policy:': '命中规则：', 'Hit policy': '命中规则', 'When': '当', 'And': '并且', 'Then': '则', 'Annotations': '备注', 'Annotation': '备注',
  'Add rule': '添加规则', 'Add rule above': '在上方添加规则', 'Add rule below': '在下方添加规则', 'Remove rule': '删除规则', 'Copy rule': '复制规则',
  'Cut rule': '剪切规则', 'Add input': '添加输入', 'Add output': '添加输出', 'Edit input': '编辑输入', 'Edit output': '编辑输出',
  'Input': '输入', 'Output': '输出', 'Add cell description': '添加单元格说明', 'Decision name': '决策名称', 'Unique': '唯一', 'First': '首个',
  'Any': '任意', 'Collect': '汇集', 'Rule order': '规则顺序', 'Priority (not supported)': '优先级',
};
/** Kinds of elements at the head of the properties panel, in lower case. */
export const TYPES: Record<string, string> = {
  'collaboration': '协作图', 'process': '流程', 'participant': '泳池', 'pool': '泳池', 'lane': '泳道', 'user task': '用户任务', 'service task': '服务任务', 'send task': '发送任务',
  'receive task': '接收任务', 'manual task': '人工任务', 'script task': '脚本任务', 'business rule task': '业务规则任务', 'task': '任务', 'call activity': '调用活动',
  'sub process': '子流程', 'sub-process': '子流程', 'event sub process': '事件子流程', 'start event': '开始事件', 'end event': '结束事件',
  'intermediate throw event': '中间抛出事件', 'intermediate catch event': '中间捕获事件', 'boundary event': '边界事件', 'exclusive gateway': '排他网关',
  'inclusive gateway': '包容网关', 'parallel gateway': '并行网关', 'event based gateway': '事件网关', 'event-based gateway': '事件网关', 'sequence flow': '顺序流',
  'message flow': '消息流', 'association': '关联', 'text annotation': '文本注释', 'group': '分组', 'data object reference': '数据对象', 'data store reference': '数据存储',
  'message start event': '消息开始事件', 'timer start event': '计时开始事件', 'error start event': '错误开始事件', 'escalation start event': '升级开始事件',
  'message intermediate catch event': '消息中间捕获事件', 'timer intermediate catch event': '计时中间捕获事件', 'link intermediate catch event': '链接中间捕获事件',
  'message boundary event': '消息边界事件', 'timer boundary event': '计时边界事件', 'error boundary event': '错误边界事件', 'escalation boundary event': '升级边界事件',
  'message intermediate throw event': '消息中间抛出事件', 'escalation intermediate throw event': '升级中间抛出事件', 'link intermediate throw event': '链接中间抛出事件',
  'message end event': '消息结束事件', 'error end event': '错误结束事件', 'escalation end event': '升级结束事件', 'terminate end event': '终止结束事件',
  'conditional flow': '条件流', 'default flow': '默认流',
};
const CHINESE: Record<string, string> = { ...library, ...OWN };

function translate(template: string, facts: Record<string, string> = {}): string {
  const words = (isChinese && CHINESE[template]) || template;
  return words.replace(/\{([^}]+)\}/g, (whole, name: string) => facts[name] ?? whole);
}

export const wordsModule = { translate: ['value', translate] };
