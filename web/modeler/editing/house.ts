/** The properties of this company's procedures, in a group of their own: everything is chosen from the server's lists. */
import { FeelEntry, Group, isFeelEntryEdited, isSelectEntryEdited, isTextFieldEntryEdited, SelectEntry, TextFieldEntry } from '@bpmn-io/properties-panel';
import { isChinese, said } from '../../layout/islands/said';
import { property, values, type Moddle, type Shape } from './model';
import type { Choice } from './server';
import type { Stage } from './stage';
import { SHOWN, templates, TERMS, type Template } from './templates';
import { variablesOf, type Vocabulary } from './vocabulary';

interface Factory { create(type: string, attributes: object): Moddle }
interface Modeling { updateProperties(element: Shape, changed: object): void; updateModdleProperties(element: Shape, part: Moddle, changed: object): void }
interface Entry { id: string; component: unknown; isEdited: unknown; [key: string]: unknown }
interface PanelGroup { id: string; entries?: Entry[]; items?: unknown[]; [key: string]: unknown }
type Options = () => { value: string; label: string }[];

/** Where a value of the element is read and how it is written. */
interface Value { get(): string; set(value: string): void }

const FLOW_NODE = /Task$|CallActivity|SubProcess|Event$|Gateway$/;
const REPLACED = new Set(['Condition', 'Implementation', 'Form', 'Script', 'CallActivity', 'CandidateStarter'].map((name) => `CamundaPlatform__${name}`));
/** What other engines run and this one does not: shown only where a file has it, so that it can be taken out. */
const FOREIGN = /__(Asynchronous|JobExecution|HistoryCleanup|Tasklist|StartInitiator|ExternalTask|ProcessVariables|BusinessKey)/;

/** The binding of a template → the entry that says the same. */
const ENTRIES: Record<string, string> = {
  'camunda:candidateGroups': 'role', 'camunda:formRef': 'form', 'camunda:dueDate': 'due', clause: 'clause', 'camunda:topic': 'topic',
  'camunda:decisionRef': 'decision', calledElement: 'called',
};

export function houseProvider(stage: Stage, known: Vocabulary) {
  const offered = new Map<string, Template>(templates(stage, known).map((each) => [each.id, each]));
  class House {
    static $inject = ['propertiesPanel', 'bpmnFactory', 'modeling', 'elementRegistry', 'debounceInput'];
    constructor(panel: { registerProvider(priority: number, provider: object): void }, private readonly factory: Factory,
      private readonly modeling: Modeling, private readonly registry: { filter(keep: (shape: Shape) => boolean): Shape[] }, private readonly debounce: unknown) {
      panel.registerProvider(400, this);
    }

    getGroups(element: Shape) {
      return (groups: PanelGroup[]): PanelGroup[] => {
        const kept = groups.filter((group) => !isLeftOut(group));
        const held = heldBy(element, offered);
        const entries = this.entries(element).filter((entry) => !held.has(entry.id));
        if (!entries.length) return kept;
        const own = { id: 'house', label: said('本公司的规定', 'House rules'), component: Group, entries, shouldOpen: true };
        return [...kept.slice(0, 1), own, ...kept.slice(1)];
      };
    }

    private entries(element: Shape): Entry[] {
      const found: Entry[] = [];
      const type = element.type;
      if (FLOW_NODE.test(type) || /Process|Participant|Lane|SequenceFlow/.test(type)) {
        found.push(this.text(element, 'name_en', said('英文名称', 'English name'), this.propertyValue(element, 'name_en')));
      }
      if (type === 'bpmn:UserTask') found.push(...this.ofUserTask(element));
      if (type === 'bpmn:StartEvent') found.push(this.formOf(element));
      if (/ServiceTask|SendTask/.test(type)) {
        found.push(this.select(element, 'topic', said('系统做什么', 'What the system does'), this.attributeValue(element, 'camunda:topic', { 'camunda:type': 'external' }), () => listed([...stage.choices.operations, ...stage.choices.topics])));
      }
      if (type === 'bpmn:BusinessRuleTask') found.push(this.select(element, 'decision', said('决策表', 'Decision table'), this.attributeValue(element, 'camunda:decisionRef', { 'camunda:decisionRefBinding': 'latest' }), () => listed(known.decisions)));
      if (type === 'bpmn:CallActivity') found.push(this.select(element, 'called', said('调用的流程', 'Procedure that is called'), this.attributeValue(element, 'calledElement', { 'camunda:calledElementBinding': 'latest' }), () => listed(known.processes)));
      if (FLOW_NODE.test(type) && !/Gateway$|Event$/.test(type)) found.push(...this.ofActivity(element));
      if (thrownBy(element)) found.push(this.text(element, 'thrown_en', said('错误、升级或消息的英文名称', 'English name of the error, escalation or message'), this.thrownValue(element)));
      if (/Event$/.test(type)) found.push(this.select(element, 'calendar', said('工作日历', 'Working calendar'), this.propertyValue(element, 'calendar'), () => listed(stage.choices.calendars)));
      if (type === 'bpmn:SequenceFlow' && /Gateway$|Task$/.test(element.source?.type ?? '')) found.push(this.condition(element));
      return found;
    }

    private ofUserTask(element: Shape): Entry[] {
      const others: Options = () => this.registry.filter((shape) => shape.type === 'bpmn:UserTask' && shape !== element && !shape.labelTarget)
        .map((shape) => ({ value: shape.id, label: String(shape.businessObject.name ?? shape.id) }));
      return [
        this.select(element, 'role', said('由谁办理（岗位）', 'Role that does it'), this.attributeValue(element, 'camunda:candidateGroups'), () => listed(stage.choices.groups)),
        this.formOf(element),
        this.select(element, 'due', said('办理期限', 'Deadline'), this.attributeValue(element, 'camunda:dueDate'), () => TERMS.map(([value, zh, en]) => ({ value, label: said(zh, en) }))),
        this.select(element, 'not_by', said('不得由办理此步骤的人办理', 'Not by who did this step'), this.propertyValue(element, 'not_by'), others),
      ];
    }

    private ofActivity(element: Shape): Entry[] {
      const used = (name: string): Options => () => (stage.used[name] ?? []).map(([value, en]) => ({ value, label: isChinese ? value : en }));
      const record: Value = {
        get: () => property(element.businessObject, 'record'),
        set: (value) => this.write(element, { record: value, record_en: (stage.used.record ?? []).find(([each]) => each === value)?.[1] ?? '' }),
      };
      return [
        this.select(element, 'clause', said('依据的条款', 'Clause'), this.propertyValue(element, 'clause'), used('clause')),
        this.select(element, 'record', said('记录表单', 'Record'), record, used('record')),
        this.text(element, 'instruction_en', said('英文作业指导', 'Work instruction in English'), this.propertyValue(element, 'instruction_en')),
      ];
    }

    private formOf(element: Shape): Entry {
      return this.select(element, 'form', said('表单', 'Form'), this.attributeValue(element, 'camunda:formRef', { 'camunda:formRefBinding': 'latest' }), () => listed(known.forms));
    }

    private select(element: Shape, id: string, label: string, value: Value, offered: Options): Entry {
      const getOptions = (): { value: string; label: string }[] => {
        const [choices, now] = [offered(), value.get()];
        const missing = now && !choices.some((each) => each.value === now) ? [{ value: now, label: now }] : [];
        return [{ value: '', label: said('（未选）', '(none)') }, ...missing, ...choices];
      };
      const entry = { id: `house-${id}`, element, label, getValue: value.get, setValue: (chosen: string) => value.set(chosen ?? ''), getOptions };
      return { ...entry, component: SelectEntry, isEdited: isSelectEntryEdited };
    }

    private text(element: Shape, id: string, label: string, value: Value): Entry {
      const entry = { id: `house-${id}`, element, label, getValue: value.get, setValue: (typed?: string) => value.set(typed ?? ''), debounce: this.debounce };
      return { ...entry, component: TextFieldEntry, isEdited: isTextFieldEntryEdited };
    }

    private condition(element: Shape): Entry {
      const getValue = (): string => {
        const body = (element.businessObject.conditionExpression as Moddle | undefined)?.body as string | undefined;
        return body ? `=${body.replace(/^=\s*/, '')}` : '';
      };
      const setValue = (typed?: string): void => {
        const body = (typed ?? '').replace(/^=\s*/, '');
        const expression = body ? this.factory.create('bpmn:FormalExpression', { body, language: 'feel' }) : undefined;
        if (expression) expression.$parent = element.businessObject;
        this.modeling.updateProperties(element, { conditionExpression: expression });
      };
      const entry = { id: 'house-condition', element, label: said('条件（FEEL）', 'Condition (FEEL)'), feel: 'required', variables: variablesOf(element.businessObject, known), getValue, setValue, debounce: this.debounce };
      return { ...entry, component: FeelEntry, isEdited: isFeelEntryEdited };
    }

    private attributeValue(element: Shape, name: string, besides: object = {}): Value {
      const none = Object.fromEntries(Object.keys(besides).map((key) => [key, undefined]));
      return {
        get: () => (element.businessObject.get(name) as string | undefined) ?? '',
        set: (value) => this.modeling.updateProperties(element, value ? { ...besides, [name]: value } : { ...none, [name]: undefined }),
      };
    }

    private propertyValue(element: Shape, name: string): Value {
      return { get: () => property(element.businessObject, name), set: (value) => this.write(element, { [name]: value }) };
    }

    private thrownValue(element: Shape): Value {
      return {
        get: () => { const thrown = thrownBy(element); return thrown ? property(thrown, 'name_en') : ''; },
        set: (value) => this.write(element, { name_en: value }, thrownBy(element)),
      };
    }

    /** One undoable step; every other extension of the element, also of other tools, stays what and where it is. */
    private write(element: Shape, changed: Record<string, string>, owner = element.businessObject): void {
      const before = values(owner).find((value) => value.$type === 'camunda:Properties');
      const kept = ((before?.values as Moddle[] | undefined) ?? []).filter((each) => !(String(each.name) in changed));
      const added = Object.entries(changed).filter(([, value]) => value).map(([name, value]) => this.factory.create('camunda:Property', { name, value }));
      const after = this.factory.create('camunda:Properties', { values: [...kept, ...added] });
      const all = before ? values(owner).map((value) => (value === before ? after : value)) : [...values(owner), after];
      const extensionElements = this.factory.create('bpmn:ExtensionElements', { values: all });
      extensionElements.$parent = owner;
      for (const value of all) value.$parent = extensionElements;
      for (const each of after.values as Moddle[]) each.$parent = after;
      if (owner === element.businessObject) this.modeling.updateProperties(element, { extensionElements });
      else this.modeling.updateModdleProperties(element, owner, { extensionElements });
    }
  }
  return { __init__: ['house'], house: ['type', House] };
}

/** What an event throws or catches, where the file gives it a name of its own. */
function thrownBy(element: Shape): Moddle | undefined {
  const found = (element.businessObject.eventDefinitions as Moddle[] | undefined)?.[0];
  return (found?.errorRef ?? found?.escalationRef ?? found?.messageRef) as Moddle | undefined;
}

function listed(choices: Choice[]): { value: string; label: string }[] {
  return choices.map((each) => ({ value: each.id, label: isChinese ? each.name : each.name_en }));
}

function isLeftOut(group: PanelGroup): boolean {
  const isEmptyList = group.id.startsWith('CamundaPlatform__') && group.items?.length === 0 && group.id !== 'CamundaPlatform__ExtensionProperties';
  return REPLACED.has(group.id) || FOREIGN.test(group.id) || isEmptyList;
}

/** The entries that the element's template shows itself. */
function heldBy(element: Shape, offered: Map<string, Template>): Set<string> {
  const template = offered.get(String(element.businessObject.get('camunda:modelerTemplate') ?? ''));
  const names = (template?.properties ?? []).filter((each) => each.type === 'Dropdown' && SHOWN.has(each.binding.name)).map((each) => each.binding.name);
  return new Set(names.map((name) => `house-${ENTRIES[name] ?? name}`));
}
