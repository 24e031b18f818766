/** Element templates of this company's steps. What is chosen in them comes from the server's lists; nobody types an id. */
import { isChinese, said } from '../../layout/islands/said';
import { property, type Moddle, type Shape } from './model';
import type { Choice } from './server';
import type { Stage } from './stage';
import type { Vocabulary } from './vocabulary';

interface Binding { type: 'property' | 'camunda:property'; name: string }
interface Property { label?: string; type: 'Dropdown' | 'Hidden'; value?: string; choices?: { name: string; value: string }[]; binding: Binding }
export interface Template { id: string; name: string; description: string; appliesTo: string[]; elementType: { value: string }; properties: Property[]; entriesVisible: boolean; version: number }

/** How long a step may take: what is written in the diagram → Chinese, English. Counted by the clock, also at night and on holidays. */
export const TERMS: [string, string, string][] = [
  ['PT2H', '2 小时', '2 hours'], ['PT4H', '4 小时', '4 hours'], ['PT8H', '8 小时', '8 hours'], ['P1D', '1 天', '1 day'], ['P2D', '2 天', '2 days'],
  ['P3D', '3 天', '3 days'], ['P5D', '5 天', '5 days'], ['P7D', '7 天', '7 days'], ['P14D', '14 天', '14 days'], ['P30D', '30 天', '30 days'],
];
/** What a template shows, by the name of its binding; the house's own group leaves it out. */
export const SHOWN = new Set(['camunda:candidateGroups', 'camunda:formRef', 'camunda:dueDate', 'clause', 'camunda:topic', 'camunda:decisionRef', 'calledElement']);

const offered = (choices: Choice[]): { name: string; value: string }[] => choices.map((each) => ({ name: isChinese ? each.name : each.name_en, value: each.id }));
const attribute = (name: string): Binding => ({ type: 'property', name });
const fixed = (name: string, value: string): Property => ({ type: 'Hidden', value, binding: attribute(name) });
const chosen = (label: string, binding: Binding, choices: { name: string; value: string }[]): Property => ({ label, type: 'Dropdown', choices, binding });

export function templates(stage: Stage, known: Vocabulary): Template[] {
  const role = chosen(said('由谁办理（岗位）', 'Role that does it'), attribute('camunda:candidateGroups'), offered(stage.choices.groups));
  const form = chosen(said('表单', 'Form'), attribute('camunda:formRef'), offered(known.forms));
  const due = chosen(said('办理期限', 'Deadline'), attribute('camunda:dueDate'), TERMS.map(([value, zh, en]) => ({ name: said(zh, en), value })));
  const used = (stage.used.clause ?? []).map(([value, en]) => ({ name: isChinese ? value : en, value }));
  const clause = chosen(said('依据的条款', 'Clause'), { type: 'camunda:property', name: 'clause' }, used);
  const operation = chosen(said('系统做什么', 'What the system does'), attribute('camunda:topic'), offered([...stage.choices.operations, ...stage.choices.topics]));
  const byPeople = [role, form, fixed('camunda:formRefBinding', 'latest'), clause, due];
  const bySystem = [operation, fixed('camunda:type', 'external'), clause];
  return [
    of('step', 'bpmn:UserTask', said('办理步骤', 'Step done by a person'), said('一个岗位填写表单并完成', 'A role fills in a form and completes it'), byPeople),
    of('customer_decision', 'bpmn:UserTask', said('客户决定', 'Customer decision'), said('记录客户的决定，之后按决定分支', 'Records what the customer decides; the way parts after it'), byPeople),
    of('approval', 'bpmn:UserTask', said('审批', 'Approval'), said('另一个岗位同意或退回', 'Another role agrees or sends back'), byPeople),
    of('collect_payment', 'bpmn:UserTask', said('收取费用', 'Collect payment'), said('记录客户付款', 'Records what the customer pays'), byPeople),
    of('operation', 'bpmn:ServiceTask', said('系统操作', 'Operation of the system'), said('系统自动完成的操作', 'Something that the system does by itself'), bySystem),
    of('notify', 'bpmn:ServiceTask', said('通知', 'Notify'), said('由系统发出通知', 'The system sends a notice'), bySystem),
    of('decision_table', 'bpmn:BusinessRuleTask', said('按决策表决定', 'Decide by table'), said('用决策表算出结果', 'A decision table gives the result'),
      [chosen(said('决策表', 'Decision table'), attribute('camunda:decisionRef'), offered(known.decisions)), fixed('camunda:decisionRefBinding', 'latest'),
        fixed('camunda:mapDecisionResult', 'singleResult'), clause]),
    of('procedure', 'bpmn:CallActivity', said('调用流程', 'Procedure'), said('作为一个步骤办理另一个流程', 'Another procedure as one step'),
      [chosen(said('调用的流程', 'Procedure that is called'), attribute('calledElement'), offered(known.processes)), fixed('camunda:calledElementBinding', 'latest'), clause]),
  ];
}

function of(id: string, type: string, name: string, description: string, properties: Property[]): Template {
  return { id: `fuwuflow.${id}`, name, description, appliesTo: ['bpmn:Task'], elementType: { value: type }, properties, entriesVisible: true, version: 1 };
}

/** The template with what the element has already, so that applying it takes nothing away. */
export function keeping(element: Shape, template: Template): Template {
  const now = ({ type, name }: Binding): string => (type === 'property' ? String((element.businessObject as Moddle).get(name) ?? '') : property(element.businessObject, name));
  return { ...template, properties: template.properties.map((each) => ({ ...each, value: each.value ?? (now(each.binding) || undefined) })) };
}
