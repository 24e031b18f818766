/** The events of a case as a list that only draws what is in sight, so that ten thousand are as quick as ten. */
import { said } from '../../layout/islands/said';
import type { Film } from './record';

const HEIGHT = 56;  // px, as in film.css
const AROUND = 8;
const SIGNS: Record<string, [string, string]> = {
  i: ['⚑', said('干预', 'Intervention')], s: ['⚙', said('系统', 'System')], c: ['✎', said('留言', 'Comment')], p: ['', ''],
};

export class List {
  private places: number[];
  private current = 0;
  private readonly inner = document.createElement('div');
  private drawn = '';
  onPick: (place: number) => void = () => undefined;

  constructor(private readonly root: HTMLElement, private readonly film: Film, private readonly moment: (place: number) => string) {
    this.places = [...Array(film.count).keys()];
    this.inner.className = 'film-list-inner';
    this.inner.setAttribute('role', 'presentation');
    root.replaceChildren(this.inner);
    this.measure();
    root.addEventListener('scroll', () => { this.draw(); }, { passive: true });
    root.addEventListener('click', (event) => {
      const row = (event.target as HTMLElement).closest<HTMLElement>('[data-place]');
      if (row) this.onPick(Number(row.dataset.place));
    });
    new ResizeObserver(() => { this.show(this.current); }).observe(root);
  }

  /** Only what somebody intervened in, and missed deadlines. */
  narrow(isNarrow: boolean): void {
    this.places = [...Array(this.film.count).keys()].filter((place) => !isNarrow || this.film.isMarked(place));
    this.measure();
    this.show(this.current);
  }

  /** Mark an event and bring it into sight. */
  show(place: number): void {
    this.current = place;
    const row = this.places.findIndex((one) => one >= place);
    const top = (row < 0 ? this.places.length - 1 : row) * HEIGHT;
    const { scrollTop, clientHeight } = this.root;
    if (top < scrollTop || top + HEIGHT > scrollTop + clientHeight) this.root.scrollTop = top - clientHeight / 2 + HEIGHT / 2;
    this.drawn = '';
    this.draw();
  }

  private measure(): void { this.inner.style.height = `${this.places.length * HEIGHT}px`; }

  private draw(): void {
    const first = Math.max(Math.floor(this.root.scrollTop / HEIGHT) - AROUND, 0);
    const last = Math.min(Math.ceil((this.root.scrollTop + this.root.clientHeight) / HEIGHT) + AROUND, this.places.length);
    const drawn = `${first} ${last}`;
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    this.inner.replaceChildren(...this.places.slice(first, last).map((place, at) => this.row(place, first + at)));
    this.root.setAttribute('aria-activedescendant', `film-event-${this.current}`);
    if (!this.root.querySelector(`#film-event-${this.current}`)) this.root.removeAttribute('aria-activedescendant');
    if (!this.places.length) {
      const none = document.createElement('p');
      none.className = 'film-none';
      none.setAttribute('role', 'option');
      none.setAttribute('aria-selected', 'false');
      none.textContent = said('没有干预，也没有错过的期限。', 'Nobody intervened and no deadline was missed.');
      this.inner.append(none);
    }
  }

  private row(place: number, at: number): HTMLElement {
    const made = document.createElement('div');
    const kind = this.film.kind(place);
    made.id = `film-event-${place}`;
    made.className = `film-event film-event-${kind}`;
    made.dataset.place = String(place);
    made.style.top = `${at * HEIGHT}px`;
    made.setAttribute('role', 'option');
    made.setAttribute('aria-selected', String(place === this.current));
    made.setAttribute('aria-setsize', String(this.places.length));
    made.setAttribute('aria-posinset', String(at + 1));
    const [sign, words] = this.film.deadlines.has(place) ? ['◔', said('错过期限', 'Deadline missed')] : SIGNS[kind] ?? ['', ''];
    const what = document.createElement('span');
    what.className = 'film-event-what';
    what.textContent = `${sign ? `${sign} ` : ''}${this.film.what(place)}`;
    if (words) what.title = words;
    const when = document.createElement('span');
    when.className = 'film-event-when num';
    const gone = this.film.lost.has(place) ? ` · ${said('明细已销毁', 'details destroyed')}` : '';
    when.textContent = `${this.film.seq(place)} · ${this.moment(place)} · ${this.film.who(place)}${gone}`;
    made.append(what, when);
    return made;
  }
}
