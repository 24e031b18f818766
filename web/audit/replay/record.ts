/** What the server tells of a case: the index of all events in columns, and frames in chunks, asked for when needed. */
import { Standing, type Before, type Frame } from './standing';

export interface Version { definition: string; version: number; name: string; source: string; elements: Record<string, string> }
export interface Bundle { name: string; root: string; processes: Record<string, Version> }
interface Index {
  seq: number[]; at: number[]; working: number[]; what: number[]; who: number[]; bundle: number[];
  kind: string; deadline: number[]; lost: number[]; whats: string[]; whos: string[]; bundles: Bundle[];
}
interface Chunk { before: Before; frames: Frame[] }

export const CHUNK = 200;

async function ask<T>(address: string): Promise<T> {
  const reply = await fetch(address, { credentials: 'same-origin', headers: { Accept: 'application/json' } });
  if (!reply.ok) throw new Error(`film: ${reply.status}`);
  return await reply.json() as T;
}

/** The record of one case. Events are named by their place, which begins at 0. */
export class Film {
  readonly count: number;
  readonly at: number[];  // ms since 1970
  readonly deadlines: Set<number>;
  readonly lost: Set<number>;
  private readonly chunks = new Map<number, Promise<Chunk>>();
  private readonly places: Map<number, number>;

  constructor(private readonly index: Index, private readonly frames: string) {
    this.count = index.seq.length;
    let last = 0;
    this.at = index.at.map((step) => (last += step));
    this.places = new Map(index.seq.map((seq, place) => [seq, place]));
    this.deadlines = new Set(index.deadline.map((seq) => this.place(seq)));
    this.lost = new Set(index.lost.map((seq) => this.place(seq)));
  }

  /** The frames around the event `seq`, which is shown first, are asked for at the same time. */
  static async load(index: string, frames: string, seq: number): Promise<Film> {
    const after = Math.floor(Math.max(seq - 1, 0) / CHUNK) * CHUNK;
    const chunk = ask<Chunk>(`${frames}?after=${after}`);
    chunk.catch(() => undefined);  // asked again when it is needed
    const film = new Film(await ask<Index>(index), frames);
    film.chunks.set(after, chunk.catch(() => { film.chunks.delete(after); return film.chunk(after); }));
    return film;
  }

  seq(place: number): number { return this.index.seq[place] ?? 0; }
  /** The place of an event by its number, the next one where it is missing. */
  place(seq: number): number {
    const behind = this.index.seq.findIndex((one) => one >= seq);
    return this.places.get(seq) ?? (behind < 0 ? this.count - 1 : behind);
  }
  what(place: number): string { return this.index.whats[this.index.what[place] ?? 0] ?? ''; }
  who(place: number): string { return this.index.whos[this.index.who[place] ?? 0] ?? ''; }
  working(place: number): number { return this.index.working[place] ?? 0; }
  bundle(place: number): Bundle { return this.index.bundles[this.index.bundle[place] ?? 0] as Bundle; }
  isIntervention(place: number): boolean { return this.index.kind[place] === 'i'; }
  kind(place: number): string { return this.index.kind[place] ?? 'p'; }
  isMarked(place: number): boolean { return this.isIntervention(place) || this.deadlines.has(place); }

  /** The version before this event, if the event is what changed it. */
  cameFrom(place: number): Bundle | undefined {
    return place > 0 && this.index.bundle[place] !== this.index.bundle[place - 1] ? this.bundle(place - 1) : undefined;
  }

  /** What an element is called, in the version in force at an event. */
  name(place: number, process: string, element: string): string {
    return this.bundle(place).processes[process]?.elements[element] || element;
  }

  /** The frame of an event and the standing before it. */
  async moment(place: number): Promise<{ frame: Frame; before: Standing }> {
    const seq = this.seq(place);
    const after = Math.floor((seq - 1) / CHUNK) * CHUNK;
    const { before, frames } = await this.chunk(after);
    const now = Standing.from(before);
    for (const frame of frames) {
      if (frame.seq === seq) return { frame, before: now };
      now.apply(frame);
    }
    throw new Error(`event ${seq} is not there`);
  }

  /** Fetch what is shown next. */
  warm(place: number): void {
    if (place < this.count) void this.chunk(Math.floor((this.seq(place) - 1) / CHUNK) * CHUNK).catch(() => undefined);
  }

  private chunk(after: number): Promise<Chunk> {
    const known = this.chunks.get(after);
    if (known) return known;
    const asked = ask<Chunk>(`${this.frames}?after=${after}`);
    asked.catch(() => this.chunks.delete(after));
    this.chunks.set(after, asked);
    return asked;
  }
}
