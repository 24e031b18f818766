/** What the draft and the procedures in effect offer to a diagram, and which variables a procedure on the screen has. */
import { isChinese, said } from '../../layout/islands/said';
import type { Moddle } from './model';
import { told, type Choice } from './server';

interface Option { value: unknown; label: string; label_en: string }
interface Field { name: string; type: string; label: string; label_en: string; values: Option[] }
export interface Vocabulary { forms: (Choice & { fields: Field[] })[]; decisions: (Choice & { outputs: string[] })[]; processes: Choice[] }
/** A variable as the FEEL editor shows it. */
export interface Variable { name: string; detail?: string; info?: string }

const TYPES: Record<string, [string, string]> = {
  textfield: ['文字', 'text'], textarea: ['文字', 'text'], number: ['数字', 'number'], datetime: ['日期', 'date'], checkbox: ['是或否', 'yes or no'],
  checklist: ['列表', 'list'], taglist: ['列表', 'list'], dynamiclist: ['列表', 'list'], select: ['选项', 'choice'], radio: ['选项', 'choice'],
};

export function vocabularyOf(base: string): Promise<Vocabulary> {
  return told<Vocabulary>(`${base}/vocabulary`);
}

/** The variables of the procedure that `element` stands in: its forms' fields, results, outputs and mappings. */
export function variablesOf(element: Moddle, known: Vocabulary): Variable[] {
  const found = new Map<string, Variable>([['office', { name: 'office', detail: said('文字', 'text'), info: said('办理此案件的网点', 'The office of the case') }]]);
  for (const each of nodesOf(processOf(element))) for (const variable of written(each, known)) found.set(variable.name, variable);
  return [...found.values()].sort((one, other) => one.name.localeCompare(other.name));
}

function processOf(element: Moddle): Moddle | undefined {
  let each: Moddle | undefined = element;
  while (each && each.$type !== 'bpmn:Process') each = each.$parent as Moddle | undefined;
  return each;
}

function nodesOf(scope: Moddle | undefined): Moddle[] {
  const inside = (scope?.flowElements as Moddle[] | undefined) ?? [];
  return inside.flatMap((each) => [each, ...nodesOf(each)]);
}

function written(element: Moddle, known: Vocabulary): Variable[] {
  const form = known.forms.find((each) => each.id === element.get('camunda:formRef'));
  const decision = known.decisions.find((each) => each.id === element.get('camunda:decisionRef'));
  const result = element.get('camunda:resultVariable') as string | undefined;
  const loop = (element.loopCharacteristics as Moddle | undefined)?.get('camunda:elementVariable') as string | undefined;
  const names = [result ?? [], result ? [] : decision?.outputs ?? [], loop ?? [], outputs(element)].flat();
  return [...(form?.fields ?? []).map(ofField), ...names.map((name) => ({ name, info: String(element.name ?? '') }))];
}

function outputs(element: Moddle): string[] {
  const values = ((element.extensionElements as Moddle | undefined)?.values as Moddle[] | undefined) ?? [];
  return values.filter((each) => each.$type === 'camunda:Out' && each.target).map((each) => String(each.target));
}

function ofField(field: Field): Variable {
  const [zh, en] = TYPES[field.type] ?? [field.type, field.type];
  const values = field.values.map((each) => `${JSON.stringify(each.value)} ${isChinese ? each.label : each.label_en || each.label}`);
  return { name: field.name, detail: said(zh, en), info: [isChinese ? field.label : field.label_en || field.label, ...values].join('\n') };
}
