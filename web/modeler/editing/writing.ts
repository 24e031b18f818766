/** Writes a diagram with everything that its file had, or says what bpmn-js cannot keep of it. */
import { Leftovers } from './leftovers';
import { losses } from './losses';

interface Named { id: string }
interface Moddle { fromXML(text: string): Promise<{ rootElement: object }>; toXML(root: object): Promise<{ xml: string }> }
export interface Drawer {
  get<T>(name: string): T;
  on(event: string, act: (found: { elementsById: Record<string, Named> }) => void): void;
  saveXML(options?: object): Promise<{ xml?: string }>;
}

/** What would be written, and what that lacks of the file. */
export interface Written { text: string; lost: string[] }

export class Writing {
  /** What is missing if the file is saved as it was read. */
  lost: string[] = [];
  private bare: string[] = [];  // what bpmn-js left out
  private leftovers: Leftovers | null = null;
  private named: [string, Named][] = [];  // each element with the id that it was read with

  constructor(private readonly modeler: Drawer) {
    modeler.on('import.parse.complete', ({ elementsById }) => { this.named = Object.entries(elementsById); });
  }

  /** Compares the file `before` with what has just been read of it. */
  async begin(before: string): Promise<void> {
    const read = (await this.modeler.saveXML()).xml ?? '';
    this.bare = losses(before, read);
    this.leftovers = attempt(() => new Leftovers(before, read));
    const { text, lost } = await this.whole(read);
    this.lost = lost.length ? lost : losses(before, text);
  }

  async write(): Promise<Written> {
    return this.whole((await this.modeler.saveXML({ format: true })).xml ?? '');
  }

  /** `written` with what was left out, unless bpmn-js could then not read all that it wrote itself. */
  private async whole(written: string): Promise<Written> {
    const back = attempt(() => this.leftovers?.putBack(written, this.renamed()) ?? null);
    if (back?.whole === written) return { text: written, lost: [] };
    const again = back && await this.readAgain(back.whole);
    return back && again && !losses(back.own, again).length ? { text: back.whole, lost: [] } : { text: written, lost: this.bare };
  }

  private async readAgain(text: string): Promise<string | null> {
    const moddle = this.modeler.get<Moddle>('moddle');
    return moddle.fromXML(text).then(({ rootElement }) => moddle.toXML(rootElement)).then(({ xml }) => xml).catch(() => null);
  }

  private renamed(): Map<string, string> {
    return new Map(this.named.filter(([id, each]) => each.id !== id).map(([id, each]) => [id, each.id]));
  }
}

function attempt<T>(act: () => T): T | null {
  try { return act(); } catch { return null; }
}
