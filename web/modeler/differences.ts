/** Two versions of a diagram beside each other: one view for both, changes marked, a sentence leads to its element. */
import type NavigatedViewer from 'bpmn-js/lib/NavigatedViewer';
import { draw } from '../layout/islands/diagram';
import './differences.css';

interface Box { x: number; y: number; width: number; height: number }
interface View extends Box { inner: Box }
interface Canvas {
  viewbox(): View;
  viewbox(box: Box): void;
  addMarker(element: string, marker: string): void;
  removeMarker(element: string, marker: string): void;
  resized(): void;
}
interface Shape extends Box { id: string; waypoints?: { x: number; y: number }[]; labelTarget?: unknown }
interface Registry { get(id: string): Shape | undefined }
interface Overlays { add(element: string, type: string, overlay: object): void }

/** One half: `marks` has the kind of change (added, removed, changed, moved) by element id. */
interface Half { host: HTMLElement; viewer: NavigatedViewer; marks: Record<string, string> }

const SIGNS: Record<string, string> = { added: '+', removed: '−', changed: '≠', moved: '↔' };
const CLOSE = 520;  // diagram units across when looking at one element

const canvasOf = (half: Half): Canvas => half.viewer.get<Canvas>('canvas');
const shapeOf = (half: Half, id: string): Shape | undefined => half.viewer.get<Registry>('elementRegistry').get(id);

function centreOf(shape: Shape): { x: number; y: number } {
  const middle = shape.waypoints?.[Math.floor(((shape.waypoints.length) - 1) / 2)];
  const next = shape.waypoints?.[Math.floor(((shape.waypoints.length) - 1) / 2) + 1];
  if (middle && next) return { x: (middle.x + next.x) / 2, y: (middle.y + next.y) / 2 };
  return { x: shape.x + shape.width / 2, y: shape.y + shape.height / 2 };
}

function mark(half: Half): void {
  const overlays = half.viewer.get<Overlays>('overlays');
  for (const [id, kind] of Object.entries(half.marks)) {
    const shape = shapeOf(half, id);
    if (!shape) continue;
    canvasOf(half).addMarker(id, `is-${kind}`);
    if (kind === 'moved') continue;  // only the picture: marked, without a sign
    const badge = document.createElement('div');
    badge.className = `diagram-badge difference-badge-${kind}`;
    badge.textContent = SIGNS[kind] ?? '';
    const at = shape.waypoints ? { top: -10, left: -10 } : { top: -12, right: 12 };
    overlays.add(id, 'difference', { position: at, html: badge });
  }
}

/** The box around `centre` at `width` units, in the proportions of the half. */
function around(half: Half, centre: { x: number; y: number }, width: number): Box {
  const { clientWidth, clientHeight } = half.host;  // the canvas remembers the size that it had before
  const height = clientWidth ? (width * clientHeight) / clientWidth : width;
  return { x: centre.x - width / 2, y: centre.y - height / 2, width, height };
}

/** What one half shows, the other shows too. */
function together(halves: Half[]): void {
  let isFollowing = false;
  for (const half of halves) {
    half.viewer.on('canvas.viewbox.changed', () => {
      if (isFollowing) return;
      isFollowing = true;
      const { x, y, width, height } = canvasOf(half).viewbox();
      const centre = { x: x + width / 2, y: y + height / 2 };
      for (const other of halves.filter((one) => one !== half)) canvasOf(other).viewbox(around(other, centre, width));
      isFollowing = false;
    });
  }
}

function whole(halves: Half[]): void {
  const inner = halves.map((half) => canvasOf(half).viewbox().inner);
  const left = Math.min(...inner.map((box) => box.x));
  const top = Math.min(...inner.map((box) => box.y));
  const right = Math.max(...inner.map((box) => box.x + box.width));
  const bottom = Math.max(...inner.map((box) => box.y + box.height));
  const [first] = halves;
  if (!first) return;
  const { clientWidth, clientHeight } = first.host;
  const width = Math.max(right - left, clientHeight ? ((bottom - top) * clientWidth) / clientHeight : 0) * 1.05;
  canvasOf(first).viewbox(around(first, { x: (left + right) / 2, y: (top + bottom) / 2 }, width));
}

function zoom(halves: Half[], factor: number): void {
  const [first] = halves;
  if (!first) return;
  const { x, y, width, height } = canvasOf(first).viewbox();
  canvasOf(first).viewbox(around(first, { x: x + width / 2, y: y + height / 2 }, width / factor));
}

function show(part: HTMLElement, halves: Half[], id: string): void {
  const found = halves.map((half) => shapeOf(half, id)).filter((shape) => shape !== undefined);
  const [shape] = found.reverse();  // rather where it stands in the new version
  const [first] = halves;
  if (!shape || !first) return;
  const centre = centreOf(shape);
  for (const half of halves) {
    part.querySelectorAll<HTMLElement>('[data-element]').forEach((row) => {
      if (shapeOf(half, row.dataset.element ?? '')) canvasOf(half).removeMarker(row.dataset.element ?? '', 'is-shown');
    });
    if (shapeOf(half, id)) canvasOf(half).addMarker(id, 'is-shown');
  }
  canvasOf(first).viewbox(around(first, centre, Math.max(CLOSE, (shape.width || 0) * 1.6)));
  part.querySelectorAll<HTMLElement>('[data-element]').forEach((row) => {
    row.classList.toggle('is-current', row.dataset.element === id);
    row.setAttribute('aria-pressed', String(row.dataset.element === id));
  });
  for (const half of halves) half.host.dataset.shown = id;
}

function connect(part: HTMLElement, halves: Half[]): void {
  const actions: Record<string, () => void> = {
    in: () => { zoom(halves, 1.3); }, out: () => { zoom(halves, 1 / 1.3); }, whole: () => { whole(halves); },
  };
  part.querySelectorAll<HTMLElement>('[data-zoom]').forEach((button) => {
    button.addEventListener('click', actions[button.dataset.zoom ?? ''] ?? (() => undefined));
  });
  part.querySelectorAll<HTMLButtonElement>('button[data-element]').forEach((row) => {
    const id = row.dataset.element ?? '';
    if (!halves.some((half) => shapeOf(half, id))) return;
    row.disabled = false;
    row.addEventListener('click', () => { show(part, halves, id); halves[0]?.host.scrollIntoView({ block: 'nearest' }); });
  });
  for (const half of halves) {
    half.viewer.on('element.click', ({ element }: { element?: { id: string } }) => {
      const row = element && part.querySelector<HTMLElement>(`[data-element="${CSS.escape(element.id)}"]`);
      if (!element || !row) return;
      show(part, halves, element.id);
      row.scrollIntoView({ block: 'nearest' });
    });
  }
  window.addEventListener('beforeprint', () => { whole(halves); });
  window.addEventListener('resize', () => { halves.forEach((half) => { canvasOf(half).resized(); }); });
}

async function open(part: HTMLElement): Promise<void> {
  const halves: Half[] = [];
  for (const host of part.querySelectorAll<HTMLElement>('[data-half]')) {
    const marks = JSON.parse(host.dataset.marks ?? '{}') as Record<string, string>;
    halves.push({ host, viewer: await draw(host, host.dataset.source ?? ''), marks });
  }
  halves.forEach(mark);
  together(halves);
  whole(halves);
  connect(part, halves);
  part.classList.add('is-ready');
}

document.querySelectorAll<HTMLElement>('[data-differences]').forEach((part) => {
  open(part).catch(() => {
    part.querySelectorAll<HTMLElement>('[data-half]').forEach((host) => { if (!host.classList.contains('is-drawn')) host.textContent = host.dataset.failed ?? ''; });
  });
});
