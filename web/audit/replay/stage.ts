/** The diagrams of a case, one for each version of a process: tokens as discs, the path so far, and discs that travel. */
import type NavigatedViewer from 'bpmn-js/lib/NavigatedViewer';
import { draw } from '../../layout/islands/diagram';
import { said } from '../../layout/islands/said';
import type { Version } from './record';
import { same, type Run, type Standing } from './standing';

interface Point { x: number; y: number }
interface Box extends Point { width: number; height: number }
interface Shape extends Box { id: string; type: string; waypoints?: Point[]; children?: unknown[] }
interface Registry { get(id: string): Shape | undefined }
interface Canvas {
  zoom(scale: number | 'fit-viewport', centre?: 'auto'): number;
  viewbox(): Box & { outer: { width: number; height: number }; inner: Box; scale: number };
  viewbox(box: Box): void;
  addMarker(element: string, marker: string): void;
  removeMarker(element: string, marker: string): void;
  getLayer(name: string, index: number): SVGElement;
  resized(): void;
}
interface Picture { viewer: NavigatedViewer; layer: SVGElement; marked: Map<string, Set<string>> }
interface Diagram { host: HTMLElement; picture: Picture | null; seen: boolean }

const READABLE = 0.75;
const RADIUS = 10;
const TURN = 260;  // milliseconds in which the view moves to another place
const still = window.matchMedia('(prefers-reduced-motion: reduce)');

function svg<K extends keyof SVGElementTagNameMap>(name: K, attributes: Record<string, string | number>): SVGElementTagNameMap[K] {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}

/** Where along a line of points `share` (0 to 1) of its length lies. */
function along(points: Point[], share: number): Point {
  const lengths = points.slice(1).map((point, at) => Math.hypot(point.x - (points[at]?.x ?? 0), point.y - (points[at]?.y ?? 0)));
  let left = share * lengths.reduce((sum, one) => sum + one, 0);
  for (const [at, length] of lengths.entries()) {
    const [from, to] = [points[at], points[at + 1]];
    if (from && to && (left <= length || at === lengths.length - 1)) {
      const part = length ? Math.min(left / length, 1) : 1;
      return { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part };
    }
    left -= length;
  }
  return points[0] ?? { x: 0, y: 0 };
}

export class Stage {
  private readonly diagrams = new Map<string, Promise<Diagram>>();
  private shown: Diagram | null = null;
  private glides = 0;  // the last move of the view stops those before it
  isWhole = false;
  onOpen: (element: string) => void = () => undefined;

  constructor(private readonly root: HTMLElement) {}

  /** Show a version of a process; draws it the first time. */
  async show(version: Version): Promise<void> {
    const found = await this.diagram(version);
    if (this.shown === found) return;
    for (const host of this.root.children) (host as HTMLElement).hidden = host !== found.host;
    this.shown = found;
    const canvas = found.picture?.viewer.get<Canvas>('canvas');
    canvas?.resized();
    if (!found.seen) canvas?.zoom('fit-viewport', 'auto');
    found.seen = true;
  }

  /** Paint tokens and path of the run that is shown; `acted` is the element that somebody intervened at. */
  paint(at: Run, standing: Standing, acted: string | null): void {
    const diagram = this.shown?.picture;
    if (!diagram) return;
    const bodies = new Set([...standing.tokens.values()].map((token) => token.body));  // their instances stand for them
    const tokens = [...standing.tokens].filter(([id, token]) => same(token, at) && !bodies.has(id)).map(([, token]) => token);
    const shape = (id: string): Shape | undefined => diagram.viewer.get<Registry>('elementRegistry').get(id);
    const isFrame = (id: string): boolean => Boolean(shape(id)?.children?.length);
    const here = new Set(tokens.map((token) => token.element));
    this.mark(diagram, 'is-done', standing.of(at, 'done'));
    this.mark(diagram, 'is-taken', standing.of(at, 'flows'));
    this.mark(diagram, 'has-token', new Set([...here].filter((id) => !isFrame(id))));
    this.mark(diagram, 'holds-token', new Set([...here].filter(isFrame)));
    this.mark(diagram, 'has-incident', new Set(tokens.filter((token) => token.error).map((token) => token.element)));
    this.mark(diagram, 'is-acted', new Set(acted ? [acted] : []));
    diagram.layer.replaceChildren();
    for (const id of here) {
      const found = shape(id);
      const standers = tokens.filter((token) => token.element === id);
      if (found && !isFrame(id)) diagram.layer.append(disc(spot(found), standers.length, standers.some((token) => token.error)));
    }
  }

  /** Let a disc travel along flows; resolves when it is there, at once where motion is not wanted. */
  async travel(flows: string[], milliseconds: number, isOver: () => boolean): Promise<void> {
    const diagram = this.shown?.picture;
    const lines = flows.map((id) => diagram?.viewer.get<Registry>('elementRegistry').get(id)?.waypoints)
      .filter((points) => points !== undefined);
    if (!diagram || !lines.length || still.matches || milliseconds < 40) return;
    const discs = lines.map((points) => disc(points[0] ?? { x: 0, y: 0 }, 1, false));
    discs.forEach((one) => { one.classList.add('is-moving'); diagram.layer.append(one); });
    const begin = performance.now();
    await new Promise<void>((resolve) => {
      const step = (now: number): void => {
        const share = Math.min((now - begin) / milliseconds, 1);
        lines.forEach((points, at) => place(discs[at], along(points, share)));
        if (share < 1 && !isOver()) requestAnimationFrame(step);
        else resolve();
      };
      requestAnimationFrame(step);
    });
    discs.forEach((one) => { one.remove(); });
  }

  /** Bring an element into view, unless the whole diagram is looked at. */
  look(element: string | null, milliseconds = TURN): void {
    const canvas = this.shown?.picture?.viewer.get<Canvas>('canvas');
    if (!canvas) return;
    const mine = ++this.glides;
    if (this.isWhole || !element) {
      if (this.isWhole) canvas.zoom('fit-viewport', 'auto');
      return;
    }
    const shape = this.shown?.picture?.viewer.get<Registry>('elementRegistry').get(element);
    if (!shape) return;
    const { x, y, width, height, outer } = canvas.viewbox();
    const scale = Math.min(outer.width / width, outer.height / height);
    const box = scale < READABLE ? { width: outer.width / READABLE, height: outer.height / READABLE } : { width, height };
    const centre = { x: shape.x + shape.width / 2, y: shape.y + shape.height / 2 };
    const isSeen = scale >= READABLE && Math.abs(centre.x - x - width / 2) < width * 0.32
      && Math.abs(centre.y - y - height / 2) < height * 0.32;
    if (!isSeen) glide(canvas, { ...box, x: centre.x - box.width / 2, y: centre.y - box.height / 2 }, milliseconds, () => mine !== this.glides);
  }

  private mark(diagram: Picture, marker: string, wanted: Set<string>): void {
    const canvas = diagram.viewer.get<Canvas>('canvas');
    const registry = diagram.viewer.get<Registry>('elementRegistry');
    const before = diagram.marked.get(marker) ?? new Set();
    const now = new Set([...wanted].filter((id) => registry.get(id)));
    for (const id of before) if (!now.has(id)) canvas.removeMarker(id, marker);
    for (const id of now) if (!before.has(id)) canvas.addMarker(id, marker);
    diagram.marked.set(marker, now);
  }

  private diagram(version: Version): Promise<Diagram> {
    const known = this.diagrams.get(version.definition);
    if (known) return known;
    const made = this.make(version);
    this.diagrams.set(version.definition, made);
    return made;
  }

  private async make(version: Version): Promise<Diagram> {
    const host = document.createElement('div');
    host.className = 'diagram film-diagram';
    host.dataset.definition = version.definition;
    host.setAttribute('role', 'group');
    host.setAttribute('aria-label', said(`流程图“${version.name}”，版本 ${version.version}`, `Diagram “${version.name}”, version ${version.version}`));
    for (const other of this.root.children) (other as HTMLElement).hidden = true;
    this.root.append(host);
    try {
      const viewer = await draw(host, version.source);
      const layer = viewer.get<Canvas>('canvas').getLayer('film', 900);
      viewer.on('element.click', ({ element }: { element?: Shape }) => { if (element) this.onOpen(element.id); });
      return { host, picture: { viewer, layer, marked: new Map() }, seen: false };
    } catch {  // a file without a picture, or one that did not arrive: the events are there all the same
      host.textContent = said('没有可以显示的流程图。', 'There is no picture of this diagram to show.');
      host.classList.add('is-empty');
      return { host, picture: null, seen: false };
    }
  }
}

function spot(shape: Shape): Point {
  const isSmall = shape.width <= 60;
  return isSmall ? { x: shape.x + shape.width / 2, y: shape.y + shape.height / 2 } : { x: shape.x + shape.width - 14, y: shape.y };
}

function disc(at: Point, count: number, isStopped: boolean): SVGGElement {
  const made = svg('g', { class: `film-disc${isStopped ? ' is-stopped' : ''}` });
  made.append(svg('circle', { r: RADIUS, cx: 0, cy: 0 }));
  if (count > 1 || isStopped) {
    const text = svg('text', { x: 0, y: 4, 'text-anchor': 'middle' });
    text.textContent = isStopped ? '!' : String(count);
    made.append(text);
  }
  place(made, at);
  return made;
}

function place(made: SVGElement | undefined, at: Point): void {
  made?.setAttribute('transform', `translate(${at.x} ${at.y})`);
}

function glide(canvas: Canvas, to: Box, milliseconds: number, isOver: () => boolean): void {
  if (still.matches || milliseconds < 40) { canvas.viewbox(to); return; }
  const from = canvas.viewbox();
  const begin = performance.now();
  const step = (now: number): void => {
    if (isOver()) return;
    const share = Math.min((now - begin) / milliseconds, 1);
    const eased = share * (2 - share);
    const between = (one: number, other: number): number => one + (other - one) * eased;
    canvas.viewbox({ x: between(from.x, to.x), y: between(from.y, to.y), width: between(from.width, to.width),
      height: between(from.height, to.height) });
    if (share < 1) requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
}

/** The chain of calls that leads to a run, outermost first. */
export function chain(standing: Standing, at: Run): Run[] {
  const found = [at];
  for (let call = standing.tokens.get(at.run); call && found.length < 20; call = standing.tokens.get(call.run)) {
    found.unshift({ process: call.process, run: call.run });
  }
  return found;
}
