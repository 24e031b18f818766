/** The heat map: a diagram coloured by one measure at a time, and the table beside it; both point at each other. */
import type NavigatedViewer from 'bpmn-js/lib/NavigatedViewer';
import { draw } from '../layout/islands/diagram';
import './measuring.css';
import './figures.css';

type Painted = Record<string, [number, string]>;
interface Heat { measures: Record<string, Painted>; flows: Record<string, [number, number]> }
interface Box { x: number; y: number; width: number; height: number }
interface Shape extends Box { id: string; waypoints?: { x: number; y: number }[]; children?: unknown[]; source?: { outgoing?: unknown[] } }
interface Canvas {
  zoom(scale: number | 'fit-viewport', centre?: 'auto'): number;
  viewbox(): { outer: { width: number; height: number }; scale: number };
  viewbox(box: Box): void;
  addMarker(element: string, marker: string): void;
  removeMarker(element: string, marker: string): void;
  resized(): void;
  getContainer(): HTMLElement;
}
interface Registry { get(id: string): Shape | undefined; getGraphics(id: string): SVGElement }
interface Overlays { add(element: string, type: string, overlay: object): void; remove(filter: { type: string }): void }

const CLOSE = 480;  // diagram units across when looking at one element
const LEVELS = 5;
const NARROW = 600;  // pixels: here the whole diagram cannot be read, so the highest value comes first
const ARROW = 2.2;
const READABLE = { min: 0.75, max: 1.2 };  // numbers stay so large, however small the diagram is

function words(kind: string, text: string): HTMLElement {
  const sign = document.createElement('div');
  sign.className = kind;
  sign.textContent = text;
  return sign;
}

class Picture {
  readonly canvas: Canvas;
  readonly registry: Registry;
  readonly overlays: Overlays;

  constructor(viewer: NavigatedViewer, readonly heat: Heat) {
    this.canvas = viewer.get<Canvas>('canvas');
    this.registry = viewer.get<Registry>('elementRegistry');
    this.overlays = viewer.get<Overlays>('overlays');
    this.thicken();
  }

  /** Lines as thick as they were taken often; where ways part, the number stands on them. Arrows keep their size. */
  private thicken(): void {
    for (const arrow of this.canvas.getContainer().querySelectorAll('marker:not([markerUnits])')) {
      arrow.setAttribute('markerUnits', 'userSpaceOnUse');
      for (const side of ['markerWidth', 'markerHeight']) arrow.setAttribute(side, String(Number(arrow.getAttribute(side)) * ARROW));
    }
    for (const [id, [width, times]] of Object.entries(this.heat.flows)) {
      const flow = this.registry.get(id);
      const line = flow && this.registry.getGraphics(id).querySelector<SVGElement>('.djs-visual > path');
      if (!flow || !line) continue;
      line.style.setProperty('stroke-width', `${width}px`, 'important');
      if ((flow.source?.outgoing?.length ?? 0) < 2) continue;
      this.overlays.add(id, 'taken', { position: { top: 4, left: 4 }, html: words('heat-count', String(times)) });
    }
  }

  /** Colours and numbers of one measure in place of those before. */
  paint(measure: string): void {
    this.overlays.remove({ type: 'heat' });
    const painted = this.heat.measures[measure] ?? {};
    for (const id of new Set(Object.values(this.heat.measures).flatMap((each) => Object.keys(each)))) {
      if (!this.registry.get(id)) continue;
      for (let level = 1; level <= LEVELS; level += 1) this.canvas.removeMarker(id, `heat-${level}`);
    }
    for (const [id, [level, text]] of Object.entries(painted)) this.mark(id, level, text);
  }

  private mark(id: string, level: number, text: string): void {
    const shape = this.registry.get(id);
    if (!shape) return;
    this.canvas.addMarker(id, `heat-${level}`);
    if (shape.children?.length) this.canvas.addMarker(id, 'is-frame');
    if (shape.width < 60) return;  // events and gateways: the colour, and the number in the table
    this.overlays.add(id, 'heat', { position: { top: -12, right: 24 }, scale: READABLE, html: words('heat-badge', text) });
  }

  whole(): void { this.canvas.resized(); this.canvas.zoom('fit-viewport', 'auto'); }

  step(factor: number): void { this.canvas.zoom(this.canvas.viewbox().scale * factor); }

  lookAt(id: string): void {
    const shape = this.registry.get(id);
    if (!shape) return;
    const { outer } = this.canvas.viewbox();
    const width = Math.max(CLOSE, shape.width * 1.6);
    const height = outer.width ? (width * outer.height) / outer.width : width;
    this.canvas.viewbox({ x: shape.x + shape.width / 2 - width / 2, y: shape.y + shape.height / 2 - height / 2, width, height });
  }
}

const rowsOf = (part: HTMLElement): HTMLElement[] => [...part.querySelectorAll<HTMLElement>('tbody tr[data-element]')];

function valueOf(row: HTMLElement, measure: string): number {
  const values = JSON.parse(row.dataset.values ?? '{}') as Record<string, number | null>;
  return values[measure] ?? -1;
}

/** The table by one measure: its column, its order, its cases. */
function tell(part: HTMLElement, measure: string): void {
  part.dataset.measure = measure;
  const rows = rowsOf(part).sort((one, other) => valueOf(other, measure) - valueOf(one, measure)
    || (one.dataset.element ?? '').localeCompare(other.dataset.element ?? ''));
  rows.forEach((row) => row.parentElement?.append(row));
  part.querySelectorAll<HTMLElement>('[data-column]').forEach((cell) => { cell.classList.toggle('is-chosen', cell.dataset.column === measure); });
  for (const [kind, key] of [['legend', 'legend'], ['examples', 'examples']] as const) {
    part.querySelectorAll<HTMLElement>(`[data-${kind}]`).forEach((each) => { each.hidden = each.dataset[key] !== measure; });
  }
  part.querySelectorAll<HTMLElement>('[data-choose]').forEach((link) => {
    const isThis = link.dataset.choose === measure;
    link.classList.toggle('is-current', isThis);
    if (isThis) link.setAttribute('aria-current', 'true'); else link.removeAttribute('aria-current');
  });
}

function show(part: HTMLElement, picture: Picture, id: string): void {
  for (const row of rowsOf(part)) {
    const key = row.dataset.element ?? '';
    row.classList.toggle('is-current', key === id);
    if (picture.registry.get(key)) picture.canvas[key === id ? 'addMarker' : 'removeMarker'](key, 'is-shown');
  }
}

function choose(part: HTMLElement, picture: Picture | undefined): void {
  part.querySelectorAll<HTMLAnchorElement>('[data-choose]').forEach((link) => {
    link.addEventListener('click', (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      const measure = link.dataset.choose ?? '';
      tell(part, measure);
      picture?.paint(measure);
      window.history.replaceState(null, '', link.href);
      const kept = document.querySelector<HTMLInputElement>('input[name=measure]');
      if (kept) kept.value = measure;
    });
  });
}

function connect(part: HTMLElement, host: HTMLElement, picture: Picture, viewer: NavigatedViewer): void {
  part.querySelectorAll<HTMLElement>('[data-show]').forEach((button) => {
    button.addEventListener('click', () => {
      const id = button.dataset.show ?? '';
      show(part, picture, id);
      picture.lookAt(id);
      host.scrollIntoView({ block: 'nearest' });
    });
  });
  viewer.on('element.click', ({ element }: { element?: { id: string } }) => {
    const row = rowsOf(part).find((each) => each.dataset.element === element?.id);
    if (!row || !element) return;
    show(part, picture, element.id);
    row.scrollIntoView({ block: 'center' });
  });
  const actions: Record<string, () => void> = {
    whole: () => { picture.whole(); }, in: () => { picture.step(1.3); }, out: () => { picture.step(1 / 1.3); },
  };
  part.querySelectorAll<HTMLElement>('[data-zoom]').forEach((button) => {
    button.addEventListener('click', actions[button.dataset.zoom ?? ''] ?? (() => undefined));
  });
}

async function open(part: HTMLElement, host: HTMLElement): Promise<void> {
  tell(part, part.dataset.measure ?? '');
  const viewer = await draw(host, host.dataset.source ?? '');
  const picture = new Picture(viewer, JSON.parse(part.dataset.heat ?? '{}') as Heat);
  picture.paint(part.dataset.measure ?? '');
  const [first] = rowsOf(part);
  if (host.clientWidth < NARROW) picture.lookAt(first?.dataset.element ?? ''); else picture.whole();
  choose(part, picture);
  connect(part, host, picture, viewer);
  part.classList.add('is-ready');
}

document.querySelectorAll<HTMLElement>('[data-figures]').forEach((part) => {
  const host = part.querySelector<HTMLElement>('[data-heat-host]');
  if (!host) return;
  open(part, host).catch(() => { host.textContent = host.dataset.failed ?? ''; choose(part, undefined); });
});
