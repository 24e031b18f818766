/** The time line: events, working time or the clock along one axis, with marks; from a place on it to an event and back. */
import type { Film } from './record';

export type Axis = 'step' | 'working' | 'clock';
const BUCKETS = 300;  // marks closer together than this share of the line are one

export class Timeline {
  axis: Axis = 'step';
  private readonly values: Record<Axis, number[]>;

  constructor(private readonly film: Film, private readonly scrubber: HTMLInputElement, private readonly marks: HTMLElement) {
    const places = [...Array(film.count).keys()];
    const first = film.at[0] ?? 0;
    this.values = { step: places, working: places.map((place) => film.working(place)),
      clock: film.at.map((at) => (at - first) / 60_000) };
  }

  get length(): number { return this.values[this.axis].at(-1) || 1; }

  turn(axis: Axis): void {
    this.axis = axis;
    this.scrubber.max = String(this.length);
    this.draw();
  }

  /** Where an event stands on the axis. */
  where(place: number): number { return this.values[this.axis][place] ?? 0; }

  /** The last event at or before a place on the axis. */
  at(where: number): number {
    const values = this.values[this.axis];
    let [low, high] = [0, values.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((values[middle] ?? 0) <= where + 1e-9) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  set(where: number, words: string): void {
    this.scrubber.value = String(where);
    this.scrubber.setAttribute('aria-valuetext', words);
    this.scrubber.style.setProperty('--film-share', `${(where / this.length) * 100}%`);
  }

  private draw(): void {
    const found = new Map<string, HTMLElement>();
    for (let place = 0; place < this.film.count; place += 1) {
      if (!this.film.isMarked(place)) continue;
      const kind = this.film.isIntervention(place) ? 'intervention' : 'deadline';
      const share = Math.round((this.where(place) / this.length) * BUCKETS) / BUCKETS;
      const key = `${kind} ${share}`;
      if (found.has(key)) continue;
      const mark = document.createElement('i');
      mark.className = `film-mark film-mark-${kind}`;
      mark.style.left = `${share * 100}%`;
      found.set(key, mark);
    }
    this.marks.replaceChildren(...found.values());
  }
}
