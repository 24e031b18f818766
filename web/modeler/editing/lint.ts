/** A plug-in of bpmnlint with the house's rules: what the server finds, too, under the same codes and in the same words. */
import { Linter } from 'bpmnlint';
import { property, type Moddle } from './model';
import type { Problem } from './server';
import type { Stage } from './stage';

type Facts = Record<string, string>;
/** What a rule has against an element: nothing, or the facts of its sentence. */
type Rule = (element: Moddle) => Facts | null;
interface Reporter { report(id: string, message: string, facts: { facts: Facts }): void }

const TASKS = /^bpmn:(User|Manual|Service|BusinessRule|Script|Send|Receive)?Task$/;
const CALLS = 'bpmn:CallActivity';
const NAMED = /^bpmn:(SubProcess|StartEvent|EndEvent|BoundaryEvent|IntermediateCatchEvent)$/;
const NODE = /Task$|CallActivity$|SubProcess$|Event$|Gateway$/;
const BY_PEOPLE = /^bpmn:(User|Manual)Task$/;
const MOST = 60;  // characters of a name in a sentence

const text = (element: Moddle, name: string): string => String(element.get(name) ?? '').trim();
const when = (wrong: boolean, facts: Facts = {}): Facts | null => (wrong ? facts : null);
const isTask = (element: Moddle): boolean => TASKS.test(element.$type);
const isJob = (element: Moddle): boolean => element.$type === 'bpmn:ServiceTask'
  || (/^bpmn:(Send|BusinessRule)Task$/.test(element.$type) && (element.get('camunda:topic') !== undefined || text(element, 'camunda:type') === 'external'));
const list = (written: string): string[] => written.split(',').map((each) => each.trim()).filter(Boolean);

function decides(element: Moddle): boolean {
  return /^bpmn:(Exclusive|Inclusive)Gateway$/.test(element.$type) && ((element.outgoing as Moddle[] | undefined)?.length ?? 0) > 1;
}

function timeOf(element: Moddle): string | null {
  const timer = ((element.eventDefinitions as Moddle[] | undefined) ?? []).find((each) => each.$type === 'bpmn:TimerEventDefinition');
  if (!timer) return null;
  const found = ['timeDate', 'timeDuration', 'timeCycle'].map((name) => timer.get(name) as Moddle | undefined).find(Boolean);
  return String(found?.body ?? '').trim();
}

function rules(stage: Stage): Record<string, Rule> {
  const groups = new Set(stage.choices.groups.map((each) => each.id));
  const calendars = stage.choices.calendars.map((each) => each.id);
  const instruction = (element: Moddle): string => String((element.get('documentation') as Moddle[])[0]?.text ?? '').trim();
  const unknownGroup = (element: Moddle): string | undefined => list(text(element, 'camunda:candidateGroups')).find((group) => !groups.has(group));
  return {
    no_name: (element) => when((isTask(element) || element.$type === CALLS || NAMED.test(element.$type) || decides(element)) && !text(element, 'name'),
      { tag: element.$type.replace('bpmn:', '').replace(/^./, (letter) => letter.toLowerCase()) }),
    no_name_en: (element) => when((NODE.test(element.$type) || /^bpmn:(Process|SequenceFlow)$/.test(element.$type)) && !!text(element, 'name') && !property(element, 'name_en')),
    no_clause: (element) => when((isTask(element) || element.$type === CALLS) && !property(element, 'clause')),
    no_record: (element) => when(BY_PEOPLE.test(element.$type) && !property(element, 'record')),
    no_instruction: (element) => when(BY_PEOPLE.test(element.$type) && !instruction(element)),
    nobody: (element) => when(element.$type === 'bpmn:UserTask' && !list(text(element, 'camunda:candidateGroups')).length && !text(element, 'camunda:assignee')),
    group_unknown: (element) => {
      const found = element.$type === 'bpmn:UserTask' ? unknownGroup(element) : undefined;
      return when(found !== undefined, { found: found ?? '', hint_zh: '', hint_en: '', field_zh: '候选组', field_en: 'candidate groups' });
    },
    topic_missing: (element) => when(isJob(element) && (!text(element, 'camunda:topic') || (text(element, 'camunda:type') || 'external') !== 'external')),
    decision_missing: (element) => when(element.$type === 'bpmn:BusinessRuleTask' && !isJob(element) && !text(element, 'camunda:decisionRef')),
    called_missing: (element) => when(element.$type === CALLS && !text(element, 'calledElement')),
    timer_missing: (element) => when(timeOf(element) === ''),
    calendar_unknown: (element) => {
      const found = NODE.test(element.$type) || element.$type === 'bpmn:Process' ? property(element, 'calendar') : '';
      return when(!!found && !calendars.includes(found), { found, choices: [...calendars].sort().join(', ') || '–' });
    },
  };
}

/** Only what is meant to run is checked. */
function isExecutable(element: Moddle): boolean {
  for (let each: Moddle | undefined = element; each; each = each.$parent as Moddle | undefined) {
    if (each.$type === 'bpmn:Process') return each.isExecutable === true;
  }
  return false;
}

function filled(sentence: string, element: Moddle, language: 'zh' | 'en', facts: Facts): string {
  const name = text(element, 'name').replace(/\s+/g, ' ').slice(0, MOST);
  const id = String(element.id);
  const label = name ? (language === 'zh' ? `“${name}”（${id}）` : `“${name}” (${id})`) : id;
  const words: Facts = { ...facts, element: label, field: facts[`field_${language}`] ?? '' };
  return sentence.replace(/\{(\w+)\}/g, (whole, key: string) => words[key] ?? whole).replace('） ', '）');
}

/** Checks a diagram as it stands in the editor; `find` gives the element of an id. */
export class HouseLinter {
  private readonly linter: { lint(root: unknown): Promise<Record<string, { id: string; facts?: Facts }[]>> };

  constructor(private readonly stage: Stage) {
    const known = rules(stage);
    const resolver = {
      resolveRule: (_package: string, name: string) => () => ({
        check: (element: Moddle, reporter: Reporter): void => {
          const facts = isExecutable(element) ? known[name]?.(element) : null;
          if (facts) reporter.report(String(element.id), name, { facts });
        },
      }),
      resolveConfig: (_package: string, name: string): never => { throw new Error(`no configuration ${name}`); },
    };
    const severity = (code: string): string => (stage.codes[code]?.[0] === 'error' ? 'error' : 'warn');
    const chosen = Object.fromEntries(Object.keys(stage.codes).map((code) => [`house/${code}`, severity(code)]));
    this.linter = new Linter({ config: { rules: chosen }, resolver });
  }

  async problems(root: unknown, find: (id: string) => Moddle | undefined, file: string): Promise<Problem[]> {
    const found = await this.linter.lint(root);
    return Object.entries(found).flatMap(([rule, reports]) => reports.flatMap((report) => {
      const [code, element] = [rule.replace('house/', ''), find(report.id)];
      return element ? [this.problem(code, element, report.facts ?? {}, file)] : [];
    }));
  }

  private problem(code: string, element: Moddle, facts: Facts, file: string): Problem {
    const [severity, zh, en] = this.stage.codes[code] ?? ['warning', code, code];
    return { file, code, severity, element: String(element.id), path: [], zh: filled(zh, element, 'zh', facts), en: filled(en, element, 'en', facts) };
  }
}
