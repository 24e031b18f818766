/** Where the tokens of a case are and what it knows, folded from frame to frame as `engine/audit/standing.py` does. */

export type Move = [
  kind: 'entered' | 'left' | 'cancelled' | 'incident', process: string, element: string, scope: number, token: number,
  type: string, flows: string[], error: string, index: number | null, body: number | null];
type Place = [
  token: number, process: string, element: string, scope: number, type: string, error: string, index: number | null,
  body: number | null, run: number];
/** A process as it runs: called again, or several times at once, it is another run; `run` is the token of the call, 1 the case's own. */
export interface Run { process: string; run: number }
export interface Token extends Run { element: string; scope: number; type: string; error: string; body: number | null }
type Passed = [process: string, element: string, run: number];
export interface Entry { scope: number; name: string; label: string; value: string }
export interface Change { scope: number; name: string; label: string; before: string | null; after: string | null }
export interface Fact { label: string; of: string; before: string | null; after: string | null }
interface Placed { tokens: Place[]; done: Passed[]; runs: [run: number, process: string][] }
export interface Frame {
  seq: number; moves: Move[]; changed: Change[]; facts: Fact[]; reason: string; loss: '' | 'destroyed' | 'missing';
  command: string; element: string | null; after: Placed | null;
}
export interface Before extends Placed {
  flows: Passed[]; many: [number, string, string, Record<string, string>][]; variables: Entry[]; certain: boolean;
}
export interface Many { process: string; element: string; states: Map<number, string> }

const OWN = 1;
const key = (process: string, element: string): string => `${process}\n${element}`;
const passed = ({ process, run }: Run, element: string): string => `${process}\n${run}\n${element}`;
export const same = (one: Run, other: Run): boolean => one.process === other.process && one.run === other.run;

export class Standing {
  tokens = new Map<number, Token>();
  done = new Set<string>();
  flows = new Set<string>();
  many = new Map<number, Many>();
  variables = new Map<string, Entry>();
  isCertain = true;
  private runs = new Map<number, string>();  // run → the process called, in the order in which they began
  private readonly ran = new Map<number, number>();  // token → its run, also when it is gone

  static from(before: Before): Standing {
    const found = new Standing();
    found.place(before);
    for (const [process, flow, run] of before.flows) found.flows.add(passed({ process, run }, flow));
    for (const [body, process, element, states] of before.many) {
      found.many.set(body, { process, element, states: new Map(Object.entries(states).map(([at, state]) => [Number(at), state])) });
    }
    for (const entry of before.variables) found.variables.set(key(String(entry.scope), entry.name), entry);
    found.isCertain = before.certain;
    return found;
  }

  apply(frame: Frame): void {
    for (const move of frame.moves) this.go(move);
    this.settle(frame);
  }

  /** What an event does besides moving tokens. */
  settle(frame: Frame): void {
    if (frame.after) this.place(frame.after);
    if (frame.loss) this.isCertain = false;
    for (const { scope, name, label, after } of frame.changed) {
      const at = key(String(scope), name);
      if (after === null) this.variables.delete(at);
      else this.variables.set(at, { scope, name, label, value: after });
    }
  }

  go([kind, process, element, scope, token, type, flows, error, index, body]: Move): void {
    if (kind === 'entered') {
      if (body !== null && !this.many.has(body)) this.forgetRuns(process, element);
      this.tokens.set(token, { process, element, scope, type, error: '', body, run: this.begin(process, scope, token, body) });
    } else if (kind === 'incident') {
      const run = this.tokens.get(token)?.run ?? this.begin(process, scope, token, body);
      this.tokens.set(token, { process, element, scope, type, error: error || '?', body, run });
    } else {
      this.tokens.delete(token);
      if (kind === 'left') {
        const here = { process, run: this.runOf(token) };
        this.done.add(passed(here, element));
        for (const flow of flows) this.flows.add(passed(here, flow));
      }
    }
    if (body !== null && index !== null) {
      const many = this.many.get(body) ?? { process, element, states: new Map<number, string>() };
      this.many.set(body, many);
      many.states.set(index, kind === 'entered' ? 'now' : kind);
    }
  }

  /** The run that a token is or was in. */
  runOf(token: number): number { return this.ran.get(token) ?? OWN; }

  /** Which run of its process it is, counted from 1, and how many have begun. */
  count({ process, run }: Run): [number: number, all: number] {
    const found = [...this.runs].filter(([, each]) => each === process).map(([each]) => each);
    return [found.indexOf(run) + 1, found.length];
  }

  /** The elements or flows that a run passed. */
  of(here: Run, kind: 'done' | 'flows'): Set<string> {
    const begin = passed(here, '');
    return new Set([...this[kind]].filter((one) => one.startsWith(begin)).map((one) => one.slice(begin.length)));
  }

  /** How many tokens of a run wait or work, without those that only frame others. */
  live(here: Run): number {
    return [...this.tokens].filter(([id, token]) => same(token, here) && !this.holds(id)).length;
  }

  private holds(id: number): boolean {
    return [...this.tokens].some(([other, { scope, body }]) => other !== id && (scope === id || body === id));
  }

  /** The call around a token; an instance of many is its own scope, and stands in the run of the activity. */
  private begin(process: string, scope: number, token: number, body: number | null): number {
    const around = this.tokens.get(scope === token ? body ?? 0 : scope);
    const run = around === undefined ? OWN : around.type === 'callActivity' && scope !== token ? scope : around.run;
    if (run !== OWN && !this.runs.has(run)) this.runs.set(run, process);
    this.ran.set(token, run);
    return run;
  }

  private place({ tokens, done, runs }: Placed): void {
    this.tokens = new Map(tokens.map(([token, process, element, scope, type, error, , body, run]) =>
      [token, { process, element, scope, type, error, body, run }]));
    for (const [token, { run }] of this.tokens) this.ran.set(token, run);
    this.done = new Set(done.map(([process, element, run]) => passed({ process, run }, element)));
    this.runs = new Map(runs);
  }

  private forgetRuns(process: string, element: string): void {
    for (const [body, many] of this.many) {
      if (many.process === process && many.element === element && !this.tokens.has(body)) this.many.delete(body);
    }
  }
}
