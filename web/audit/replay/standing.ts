/** Where the tokens of a case are and what it knows, folded from frame to frame as `engine/audit/standing.py` does. */

export type Move = [
  kind: 'entered' | 'left' | 'cancelled' | 'incident', process: string, element: string, scope: number, token: number,
  type: string, flows: string[], error: string, index: number | null, body: number | null];
type Place = [
  token: number, process: string, element: string, scope: number, type: string, error: string, index: number | null,
  body: number | null];
export interface Token { process: string; element: string; scope: number; type: string; error: string; body: number | null }
export interface Entry { scope: number; name: string; label: string; value: string }
export interface Change { scope: number; name: string; label: string; before: string | null; after: string | null }
export interface Fact { label: string; of: string; before: string | null; after: string | null }
interface Placed { tokens: Place[]; done: [string, string][] }
export interface Frame {
  seq: number; moves: Move[]; changed: Change[]; facts: Fact[]; reason: string; loss: '' | 'destroyed' | 'missing';
  command: string; element: string | null; after: Placed | null;
}
export interface Before extends Placed {
  flows: [string, string][]; many: [number, string, string, Record<string, string>][]; variables: Entry[]; certain: boolean;
}
export interface Many { process: string; element: string; states: Map<number, string> }

const key = (process: string, element: string): string => `${process}\n${element}`;

export class Standing {
  tokens = new Map<number, Token>();
  done = new Set<string>();
  flows = new Set<string>();
  many = new Map<number, Many>();
  variables = new Map<string, Entry>();
  isCertain = true;

  static from(before: Before): Standing {
    const found = new Standing();
    found.place(before);
    for (const [process, flow] of before.flows) found.flows.add(key(process, flow));
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
      this.tokens.set(token, { process, element, scope, type, error: '', body });
    } else if (kind === 'incident') {
      this.tokens.set(token, { process, element, scope, type, error: error || '?', body });
    } else {
      this.tokens.delete(token);
      if (kind === 'left') {
        this.done.add(key(process, element));
        for (const flow of flows) this.flows.add(key(process, flow));
      }
    }
    if (body !== null && index !== null) {
      const many = this.many.get(body) ?? { process, element, states: new Map<number, string>() };
      this.many.set(body, many);
      many.states.set(index, kind === 'entered' ? 'now' : kind);
    }
  }

  /** The elements or flows of one process. */
  of(process: string, kind: 'done' | 'flows'): Set<string> {
    const found = new Set<string>();
    for (const one of this[kind]) {
      const [where, element] = one.split('\n');
      if (where === process && element) found.add(element);
    }
    return found;
  }

  /** How many tokens of a process wait or work, without those that only frame others. */
  live(process: string): number {
    return [...this.tokens].filter(([id, token]) => token.process === process && !this.holds(id)).length;
  }

  private holds(id: number): boolean {
    return [...this.tokens].some(([other, { scope, body }]) => other !== id && (scope === id || body === id));
  }

  /** The processes with live tokens, in the order in which they began. */
  processes(): string[] {
    return [...new Set([...this.tokens.values()].map((token) => token.process))];
  }

  private place({ tokens, done }: Placed): void {
    this.tokens = new Map(tokens.map(([token, process, element, scope, type, error, , body]) =>
      [token, { process, element, scope, type, error, body }]));
    this.done = new Set(done.map(([process, element]) => key(process, element)));
  }

  private forgetRuns(process: string, element: string): void {
    for (const [body, many] of this.many) {
      if (many.process === process && many.element === element && !this.tokens.has(body)) this.many.delete(body);
    }
  }
}
