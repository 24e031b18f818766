/** Two versions of a diagram beside each other: one view for both, changes marked, a sentence leads to its element. */
import { around, badge, canvasOf, centreOf, drawn, shapeOf, tellFailure, together, tools, whole, type Half } from './halves';
import './differences.css';

const SIGNS: Record<string, string> = { added: '+', removed: '−', changed: '≠', moved: '↔' };
const CLOSE = 520;  // diagram units across when looking at one element

/** The marks of a half are kinds of change (added, removed, changed, moved). */
function mark(half: Half): void {
  for (const [id, kind] of Object.entries(half.marks)) {
    if (!shapeOf(half, id)) continue;
    canvasOf(half).addMarker(id, `is-${kind}`);
    if (kind !== 'moved') badge(half, id, `difference-badge-${kind}`, SIGNS[kind] ?? '');  // only the picture: without a sign
  }
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
}

async function open(part: HTMLElement): Promise<void> {
  const halves = await drawn(part);
  halves.forEach(mark);
  together(halves);
  whole(halves);
  connect(part, halves);
  tools(part, halves);
  part.classList.add('is-ready');
}

document.querySelectorAll<HTMLElement>('[data-differences]').forEach((part) => {
  open(part).catch(() => { tellFailure(part); });
});
