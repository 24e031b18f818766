/** The replay of a case: diagram, time line, list and panels follow one place in its record; keys and buttons move it. */
import { shortcuts, showShortcuts } from '../layout/islands/keys';
import { said } from '../layout/islands/said';
import { List } from './replay/list';
import { tellEvent, tellKnown } from './replay/panels';
import { Film } from './replay/record';
import { chain, Stage } from './replay/stage';
import { same, type Frame, type Run, type Standing } from './replay/standing';
import { Timeline, type Axis } from './replay/timeline';
import './film.css';

const SPEEDS = [0.5, 1, 2, 4, 8, 16];
const PACE = 1000;  // milliseconds that one event takes on average at speed 1
const FLOW = 450;  // milliseconds that a token travels along a flow at speed 1
const SHORTEST = 20;  // milliseconds between two events
const TIMES = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Asia/Shanghai', dateStyle: 'short', timeStyle: 'short' });

class Player {
  private place = 0;
  private at: Run = { process: '', run: 1 };
  private isPlaying = false;
  private turn = 0;  // who has begun last may finish
  private readonly timeline: Timeline;
  private readonly list: List;
  private readonly stage: Stage;
  private saving = 0;
  private now: { frame: Frame; before: Standing; after: Standing } | null = null;

  constructor(private readonly root: HTMLElement, private readonly film: Film) {
    this.stage = new Stage(this.part('stage'));
    this.timeline = new Timeline(film, this.part<HTMLInputElement>('scrubber'), this.part('marks'));
    this.list = new List(this.part('list'), film, (place) => this.moment(place));
  }

  private part<T extends HTMLElement = HTMLElement>(name: string): T {
    return this.root.querySelector<T>(`[data-film-${name}]`) as T;
  }

  private get speed(): number { return Number(this.part<HTMLSelectElement>('speed').value); }
  private moment(place: number): string { return TIMES.format(this.film.at[place] ?? 0); }

  async begin(seq: number): Promise<void> {
    this.timeline.turn('step');
    this.connect();
    await this.go(seq ? this.film.place(seq) : 0);
  }

  // ---------------------------------------------------------------- going
  /** Stand behind the event at a place; `moves` lets its tokens travel there. */
  async go(place: number, moves = false): Promise<void> {
    const mine = ++this.turn;
    const isOver = (): boolean => mine !== this.turn;
    this.place = Math.max(0, Math.min(place, this.film.count - 1));
    this.tell();
    const { frame, before } = await this.film.moment(this.place);
    if (isOver()) return;
    this.film.warm(this.place + 40);
    if (moves) await this.move(frame, before, isOver);
    if (isOver()) return;
    const after = moves ? before : apply(before, frame);
    if (moves) after.settle(frame);
    this.now = { frame, before, after };
    await this.show(this.focus(frame, after), isOver);
    if (isOver()) return;
    tellEvent(this.part('now'), this.film, this.place, frame, after, { moment: this.moment(this.place), state: this.root.dataset.state ?? '' });
    tellKnown(this.part('known'), this.film, this.place, frame, after);
    this.root.dataset.shown = String(this.film.seq(this.place));
  }

  /** Let the tokens of an event move one after another, through every process that they pass. */
  private async move(frame: Frame, standing: Standing, isOver: () => boolean): Promise<void> {
    const legs = frame.moves.filter(([kind, , , , , , flows]) => kind === 'left' && flows.length).length;
    const lasts = Math.min(FLOW, (2.5 * FLOW) / Math.max(legs, 1)) / this.speed;
    for (const move of frame.moves) {
      const [kind, process, element, , token, , flows] = move;
      const travels = kind === 'left' && flows.length > 0 && lasts >= 40;
      standing.go(move);
      if (!travels) continue;
      await this.stage.show(this.version(process));
      if (isOver()) return;
      this.stage.paint({ process, run: standing.runOf(token) }, standing, null);
      this.stage.look(element, 120);
      await this.stage.travel(flows, lasts, isOver);
      if (isOver()) return;
    }
  }

  private version(process: string): ReturnType<Film['bundle']>['processes'][string] {
    const { processes, root } = this.film.bundle(this.place);
    return (processes[process] ?? processes[root]) as NonNullable<(typeof processes)[string]>;
  }

  /** The element to look at: where the event led, else where it was. */
  private focus(frame: Frame, standing: Standing): Run & { element: string | null } {
    const at = [...frame.moves].reverse().find(([kind, , , , token]) => kind === 'incident' || (kind === 'entered' && standing.tokens.has(token)))
      ?? frame.moves.at(-1);
    if (at) return { process: at[1], run: standing.runOf(at[4]), element: at[2] };
    const there = [...standing.tokens.values()].filter((token) => !frame.element || token.element === frame.element);
    const token = there.at(-1) ?? [...standing.tokens.values()].at(-1);
    const { process, run } = token ?? (this.at.process ? this.at : { process: this.film.bundle(this.place).root, run: 1 });
    return { process, run, element: frame.element ?? token?.element ?? null };
  }

  private async show(at: Run & { element: string | null }, isOver: () => boolean): Promise<void> {
    const { processes, root } = this.film.bundle(this.place);
    this.at = processes[at.process] ? { process: at.process, run: at.run } : { process: root, run: 1 };
    await this.stage.show(this.version(this.at.process));
    if (isOver() || !this.now) return;
    const acted = this.film.isIntervention(this.place) ? this.now.frame.element : null;
    this.stage.paint(this.at, this.now.after, acted);
    this.stage.look(at.element);
    this.tabs();
  }

  // ---------------------------------------------------------------- playing
  private play(on: boolean): void {
    if (on && this.place >= this.film.count - 1) this.place = -1;
    this.isPlaying = on;
    const button = this.part<HTMLButtonElement>('play');
    button.setAttribute('aria-pressed', String(on));
    this.part('play-words').textContent = on ? said('暂停', 'Pause') : said('播放', 'Play');
    if (on) void this.run();
  }

  private async run(): Promise<void> {
    while (this.isPlaying && this.place < this.film.count - 1) {
      await this.wait(this.place, this.place + 1);
      if (!this.isPlaying) return;
      await this.go(this.place + 1, true);
    }
    this.play(false);
  }

  /** Let the time between two events pass: an even beat, or as long as it was along the axis. */
  private async wait(from: number, to: number): Promise<void> {
    if (from < 0) return;
    const [begin, end] = [this.timeline.where(from), this.timeline.where(to)];
    const whole = Math.min(Math.max(this.film.count * PACE, 15_000), 180_000);
    const lasts = this.timeline.axis === 'step' ? PACE / 2 : ((end - begin) / this.timeline.length) * whole;
    const until = Math.max(lasts / this.speed, SHORTEST);
    const since = performance.now();
    await new Promise<void>((resolve) => {
      const step = (now: number): void => {
        const share = Math.min((now - since) / until, 1);
        if (this.place !== from || !this.isPlaying) { resolve(); return; }
        if (this.timeline.axis !== 'step') this.timeline.set(begin + (end - begin) * share, this.moment(from));
        if (share < 1) requestAnimationFrame(step);
        else resolve();
      };
      requestAnimationFrame(step);
    });
  }

  private jump(place: number): void {
    this.play(false);
    this.go(place).catch(() => { fail(this.root); });
  }

  private step(by: number): void {
    this.play(false);
    this.go(this.place + by, by === 1).catch(() => { fail(this.root); });
  }

  private marked(by: 1 | -1): void {
    for (let place = this.place + by; place >= 0 && place < this.film.count; place += by) {
      if (this.film.isMarked(place)) { this.jump(place); return; }
    }
    this.part('count').textContent = by > 0 ? said('后面没有干预了', 'No intervention behind this') : said('前面没有干预了', 'No intervention before this');
  }

  private faster(by: 1 | -1): void {
    const at = SPEEDS.indexOf(this.speed) + by;
    const speed = SPEEDS[at];
    if (speed) this.part<HTMLSelectElement>('speed').value = String(speed);
  }

  // ---------------------------------------------------------------- telling
  private tell(): void {
    const minutes = this.film.working(this.place);
    const worked = `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}`;
    this.part('clock').textContent = this.moment(this.place);
    this.part('count').textContent = said(`第 ${this.place + 1} / ${this.film.count} 个事件 · 已过工作时间 ${worked}`,
      `event ${this.place + 1} of ${this.film.count} · ${worked} of working time`);
    this.timeline.set(this.timeline.where(this.place), `${this.place + 1}: ${this.film.what(this.place)}, ${this.moment(this.place)}`);
    this.list.show(this.place);
    this.tellVersion();
    window.clearTimeout(this.saving);
    this.saving = window.setTimeout(() => { history.replaceState(history.state, '', this.address()); }, 150);
  }

  private tellVersion(): void {
    const before = this.film.cameFrom(this.place);
    const moved = this.part('moved');
    moved.hidden = !before;
    if (before) {
      moved.textContent = said(`此事件起，工单改按另一版本办理：${before.name} → ${this.film.bundle(this.place).name}。`,
        `With this event the case went to another version: ${before.name} → ${this.film.bundle(this.place).name}.`);
    }
  }

  private address(): string {
    return `${location.pathname}?at=${this.film.seq(this.place)}`;
  }

  private tabs(): void {
    if (!this.now) return;
    const bundle = this.film.bundle(this.place);
    const { after } = this.now;
    const way = chain(after, this.at);
    const open: Run[] = [];
    for (const one of [{ process: bundle.root, run: 1 }, ...way, ...after.tokens.values()]) {
      if (bundle.processes[one.process] && !open.some((other) => same(one, other))) open.push({ process: one.process, run: one.run });
    }
    open.sort((one, other) => one.run - other.run);
    const host = this.part('tabs');
    host.hidden = false;
    host.replaceChildren(...open.map((one) => {
      const tab = document.createElement('button');
      tab.type = 'button';
      tab.className = `film-tab${one.run !== 1 && way.some((other) => same(one, other)) ? ' is-inner' : ''}`;
      tab.setAttribute('role', 'tab');
      tab.setAttribute('aria-selected', String(same(one, this.at)));
      const { name, version } = bundle.processes[one.process] ?? { name: one.process, version: 0 };
      const live = after.live(one);
      const [number, all] = after.count(one);
      const which = all > 1 ? ` · ${said(`第 ${number} 次`, `run ${number}`)}` : '';
      tab.textContent = `${name} · ${said('版本', 'version')} ${version}${which}${live ? ` ● ${live}` : ''}`;
      tab.addEventListener('click', () => { this.open(one); });
      return tab;
    }));
  }

  /** Look at another run of the case, at the same moment. */
  private open({ process, run }: Run): void {
    const token = [...this.now?.after.tokens.values() ?? []].find((one) => same(one, { process, run }));
    this.show({ process, run, element: token?.element ?? null }, () => false).catch(() => { fail(this.root); });
  }

  /** A call that is under way opens in place what it calls. */
  private enter(element: string): void {
    const calls = [...this.now?.after.tokens ?? []].filter(([, token]) =>
      same(token, this.at) && token.element === element && token.type === 'callActivity').map(([id]) => id);
    const inside = [...this.now?.after.tokens.values() ?? []].find((token) => calls.includes(token.run));
    if (inside) this.open(inside);
  }

  // ---------------------------------------------------------------- hands
  private connect(): void {
    const goes: Record<string, () => void> = {
      first: () => { this.jump(0); }, back: () => { this.step(-1); }, on: () => { this.step(1); },
      last: () => { this.jump(this.film.count - 1); }, intervention: () => { this.marked(1); },
    };
    this.root.querySelectorAll<HTMLElement>('[data-film-go]').forEach((button) => {
      button.addEventListener('click', () => goes[button.dataset.filmGo ?? '']?.());
    });
    this.part('play').addEventListener('click', () => { this.play(!this.isPlaying); });
    this.part('keys').addEventListener('click', showShortcuts);
    this.list.onPick = (place) => { this.jump(place); };
    this.stage.onOpen = (element) => { this.enter(element); };
    this.part<HTMLInputElement>('only').addEventListener('change', (event) => { this.list.narrow((event.target as HTMLInputElement).checked); });
    this.part<HTMLSelectElement>('axis').addEventListener('change', (event) => {
      this.timeline.turn((event.target as HTMLSelectElement).value as Axis);
      this.tell();
    });
    this.part('camera').addEventListener('click', () => { this.frame(); });
    this.part('copy').addEventListener('click', () => { void this.copy(); });
    this.scrub();
    this.keys();
  }

  private scrub(): void {
    const scrubber = this.part<HTMLInputElement>('scrubber');
    scrubber.addEventListener('input', () => {
      const place = this.timeline.at(Number(scrubber.value));
      this.timeline.set(Number(scrubber.value), this.moment(place));
      if (place !== this.place) this.jump(place);
    });
    scrubber.addEventListener('keydown', (event) => {  // on a time axis the browser's own step would stand still
      const by = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 }[event.key];
      if (!by) return;
      event.preventDefault();
      this.step(by * (event.shiftKey ? 10 : 1));
    });
  }

  private keys(): void {
    const by = (event: KeyboardEvent, sign: 1 | -1): void => { this.step(sign * (event.shiftKey ? 10 : 1)); };
    shortcuts([
      { keys: ' ', words: said('播放或暂停', 'Play or pause'), act: () => { this.play(!this.isPlaying); } },
      { keys: 'ArrowRight', words: said('下一个事件；按住 Shift 前进十个', 'One event on, with Shift ten'), act: (event) => { by(event, 1); } },
      { keys: 'ArrowLeft', words: said('上一个事件；按住 Shift 后退十个', 'One event back, with Shift ten'), act: (event) => { by(event, -1); } },
      { keys: 'Home', words: said('第一个事件', 'First event'), act: () => { this.jump(0); } },
      { keys: 'End', words: said('最后一个事件', 'Last event'), act: () => { this.jump(this.film.count - 1); } },
      { keys: ']', words: said('加快', 'Faster'), act: () => { this.faster(1); } },
      { keys: '[', words: said('放慢', 'Slower'), act: () => { this.faster(-1); } },
      { keys: 'n', words: said('下一次干预或错过的期限', 'Next intervention or missed deadline'), act: () => { this.marked(1); } },
      { keys: 'p', words: said('上一次干预或错过的期限', 'Intervention or missed deadline before'), act: () => { this.marked(-1); } },
      { keys: 'w', words: said('整张图或跟随', 'Whole diagram, or follow'), act: () => { this.frame(); } },
    ]);
  }

  private frame(): void {
    this.stage.isWhole = !this.stage.isWhole;
    this.part('camera').setAttribute('aria-pressed', String(this.stage.isWhole));
    if (this.now) this.stage.look(this.focus(this.now.frame, this.now.after).element);
  }

  private async copy(): Promise<void> {
    const words = this.part('copy-words');
    const before = words.dataset.words ??= words.textContent ?? '';
    try {
      await navigator.clipboard.writeText(location.origin + this.address());
      words.textContent = said('链接已复制', 'Link copied');
    } catch {
      words.textContent = said('请从地址栏复制链接', 'Copy the link from the address bar');
    }
    window.setTimeout(() => { words.textContent = before; }, 2500);
  }
}

function apply(before: Standing, frame: Frame): Standing {
  before.apply(frame);
  return before;
}

function fail(root: HTMLElement): void {
  const told = document.querySelector<HTMLElement>('[data-film-trouble]');
  if (told) { told.textContent = root.dataset.failed ?? ''; told.hidden = false; }
}

async function open(root: HTMLElement): Promise<void> {
  root.hidden = false;
  const begin = Number(root.dataset.begin);
  const film = await Film.load(root.dataset.index ?? '', root.dataset.frames ?? '', begin);
  await new Player(root, film).begin(begin);
}

document.querySelectorAll<HTMLElement>('[data-film]').forEach((root) => {
  open(root).catch(() => { fail(root); }).finally(() => { root.setAttribute('aria-busy', 'false'); });
});
