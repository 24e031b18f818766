/** Two diagrams beside each other that show the same part: drawing, one view for both, finding an element. */
import type NavigatedViewer from 'bpmn-js/lib/NavigatedViewer';
import { draw } from '../layout/islands/diagram';

export interface Box { x: number; y: number; width: number; height: number }
interface View extends Box { inner: Box }
interface Canvas {
  viewbox(): View;
  viewbox(box: Box): void;
  addMarker(element: string, marker: string): void;
  removeMarker(element: string, marker: string): void;
  resized(): void;
}
export interface Shape extends Box { id: string; waypoints?: { x: number; y: number }[]; labelTarget?: Shape }
interface Registry { get(id: string): Shape | undefined }
interface Overlays { add(element: string, type: string, overlay: object): void }

/** One half; `marks` has a word by element id. */
export interface Half { host: HTMLElement; viewer: NavigatedViewer; marks: Record<string, string> }

export const canvasOf = (half: Half): Canvas => half.viewer.get<Canvas>('canvas');
export const shapeOf = (half: Half, id: string): Shape | undefined => half.viewer.get<Registry>('elementRegistry').get(id);

/** Draw every half of a part; each has its source and its marks beside it. */
export async function drawn(part: HTMLElement): Promise<Half[]> {
  const halves: Half[] = [];
  for (const host of part.querySelectorAll<HTMLElement>('[data-half]')) {
    const marks = JSON.parse(host.dataset.marks ?? '{}') as Record<string, string>;
    halves.push({ host, viewer: await draw(host, host.dataset.source ?? ''), marks });
  }
  return halves;
}

/** Say in the halves that were not drawn that they could not be. */
export function tellFailure(part: HTMLElement): void {
  part.querySelectorAll<HTMLElement>('[data-half]').forEach((host) => {
    if (!host.classList.contains('is-drawn')) host.textContent = host.dataset.failed ?? '';
  });
}

/** A sign at the corner of an element. */
export function badge(half: Half, id: string, kind: string, text: string): void {
  const shape = shapeOf(half, id);
  if (!shape) return;
  const sign = document.createElement('div');
  sign.className = `diagram-badge ${kind}`;
  sign.textContent = text;
  const position = shape.waypoints ? { top: -10, left: -10 } : { top: -12, right: 12 };
  half.viewer.get<Overlays>('overlays').add(id, 'sign', { position, html: sign });
}

export function centreOf(shape: Shape): { x: number; y: number } {
  const middle = shape.waypoints?.[Math.floor(((shape.waypoints.length) - 1) / 2)];
  const next = shape.waypoints?.[Math.floor(((shape.waypoints.length) - 1) / 2) + 1];
  if (middle && next) return { x: (middle.x + next.x) / 2, y: (middle.y + next.y) / 2 };
  return { x: shape.x + shape.width / 2, y: shape.y + shape.height / 2 };
}

/** The box around `centre` at `width` units, in the proportions of the half. */
export function around(half: Half, centre: { x: number; y: number }, width: number): Box {
  const { clientWidth, clientHeight } = half.host;  // the canvas remembers the size that it had before
  const height = clientWidth ? (width * clientHeight) / clientWidth : width;
  return { x: centre.x - width / 2, y: centre.y - height / 2, width, height };
}

/** What one half shows, the other shows too. */
export function together(halves: Half[]): void {
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

export function whole(halves: Half[]): void {
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

/** The buttons of the part, its size, and paper. */
export function tools(part: HTMLElement, halves: Half[]): void {
  const actions: Record<string, () => void> = {
    in: () => { zoom(halves, 1.3); }, out: () => { zoom(halves, 1 / 1.3); }, whole: () => { whole(halves); },
  };
  part.querySelectorAll<HTMLElement>('[data-zoom]').forEach((button) => {
    button.addEventListener('click', actions[button.dataset.zoom ?? ''] ?? (() => undefined));
  });
  window.addEventListener('beforeprint', () => { whole(halves); });
  window.addEventListener('resize', () => { halves.forEach((half) => { canvasOf(half).resized(); }); whole(halves); });
}
