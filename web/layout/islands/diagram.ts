/** The diagram of a case: done path, tokens, incidents and "you are here", on bpmn-js's viewer. */
import NavigatedViewer from 'bpmn-js/lib/NavigatedViewer';
import 'bpmn-js/dist/assets/diagram-js.css';
import 'bpmn-js/dist/assets/bpmn-js.css';
import './diagram.css';

/** What the server knows about one process of the case; ids are those of the diagram. */
interface Picture {
  process: string;
  done: string[];
  flows: string[];
  tokens: Record<string, number>;
  incidents: string[];
  interventions: string[];
  here: string | null;
  going?: string[];
  coming?: string[];
  due?: Record<string, string>;
}

interface Canvas {
  zoom(scale: number | 'fit-viewport', centre?: 'auto' | { x: number; y: number }): number;
  viewbox(): { inner: { width: number; height: number }; outer: { width: number; height: number }; scale: number };
  viewbox(box: { x: number; y: number; width: number; height: number }): void;
  addMarker(element: string, marker: string): void;
  removeMarker(element: string, marker: string): void;
}
interface Shape { x: number; y: number; width: number; height: number; waypoints?: unknown; children?: unknown[] }
interface Registry { get(id: string): Shape | undefined }
interface Overlays { add(element: string, type: string, overlay: object): void }
interface Generic { $type: string; $children?: Generic[]; name?: string; value?: string }
interface Moddle {
  name?: string;
  extensionElements?: { values?: Generic[] };
  [key: string]: unknown;
}

const READABLE = 0.75;
const CHILDREN = ['rootElements', 'flowElements', 'laneSets', 'lanes', 'participants', 'artifacts', 'childLaneSet'];

function englishName(element: Moddle): string | undefined {
  const properties = element.extensionElements?.values?.find((value) => value.$type === 'camunda:properties');
  return properties?.$children?.find((property) => property.name === 'name_en')?.value;
}

/** Puts the English label (property `name_en`) where the Chinese one stands; the file itself is untouched. */
function speakEnglish(element: Moddle): void {
  const process = element.processRef as Moddle | undefined;  // a pool is called as its process is
  const name = englishName(element) ?? (process && englishName(process));
  if (name) element.name = name;
  for (const key of CHILDREN) {
    const children = element[key];
    if (Array.isArray(children)) children.forEach((child) => speakEnglish(child as Moddle));
    else if (children) speakEnglish(children as Moddle);
  }
}

function badge(kind: string, text: string): HTMLElement {
  const mark = document.createElement('div');
  mark.className = `diagram-badge diagram-badge-${kind}`;
  mark.textContent = text;
  return mark;
}

function paint(viewer: NavigatedViewer, picture: Picture, hereWords: string): void {
  const canvas = viewer.get<Canvas>('canvas');
  const registry = viewer.get<Registry>('elementRegistry');
  const overlays = viewer.get<Overlays>('overlays');
  const mark = (ids: string[], marker: string): void =>
    ids.filter((id) => registry.get(id)).forEach((id) => canvas.addMarker(id, marker));
  mark(picture.done, 'is-done');
  mark(picture.flows, 'is-taken');
  const isFrame = (id: string): boolean => Boolean(registry.get(id)?.children?.length);  // an opened sub-process: its inside tells
  mark(Object.keys(picture.tokens).filter((id) => !isFrame(id)), 'has-token');
  mark(Object.keys(picture.tokens).filter(isFrame), 'holds-token');
  mark(picture.incidents, 'has-incident');
  for (const [id, count] of Object.entries(picture.tokens)) {
    if (!registry.get(id) || id === picture.here || isFrame(id)) continue;
    overlays.add(id, 'token', { position: { top: -14, right: 14 }, html: badge('token', count > 1 ? String(count) : '●') });
  }
  for (const id of picture.incidents.filter((one) => registry.get(one))) {
    overlays.add(id, 'incident', { position: { bottom: 12, right: 14 }, html: badge('incident', '!') });
  }
  for (const id of (picture.interventions ?? []).filter((one) => registry.get(one))) {
    canvas.addMarker(id, 'has-intervention');
    overlays.add(id, 'intervention', { position: { top: -14, left: -6 }, html: badge('intervention', '⚑') });
  }
  for (const [ids, kind, sign] of [[picture.going, 'going', '−'], [picture.coming, 'coming', '+']] as const) {
    for (const id of (ids ?? []).filter((one) => registry.get(one))) {
      canvas.addMarker(id, isFrame(id) ? `frames-${kind}` : `is-${kind}`);
      overlays.add(id, kind, { position: { top: -14, right: 14 }, html: badge(kind, sign) });
    }
  }
  for (const [id, when] of Object.entries(picture.due ?? {}).filter(([one]) => registry.get(one))) {
    canvas.addMarker(id, 'is-coming');
    overlays.add(id, 'due', { position: { bottom: -4, left: 0 }, html: badge('coming', when) });
  }
  if (picture.here && registry.get(picture.here)) {
    canvas.addMarker(picture.here, 'is-here');
    overlays.add(picture.here, 'here', { position: { top: -30, left: 0 }, html: badge('here', hereWords) });
  }
}

/** The element to look at first: what changes, where the reader is, else a token, rather within a frame than the frame. */
function focus(viewer: NavigatedViewer, picture: Picture): string | undefined {
  const registry = viewer.get<Registry>('elementRegistry');
  const tokens = Object.keys(picture.tokens);
  const inner = tokens.filter((id) => !registry.get(id)?.children?.length);
  const changes = [...Object.keys(picture.due ?? {}), ...(picture.coming ?? []), ...(picture.going ?? [])];
  return changes[0] ?? picture.here ?? picture.incidents[0] ?? inner.at(-1) ?? tokens.at(-1);
}

function lookAt(viewer: NavigatedViewer, id: string | undefined): void {
  const canvas = viewer.get<Canvas>('canvas');
  const shape = id ? viewer.get<Registry>('elementRegistry').get(id) : undefined;
  canvas.zoom('fit-viewport', 'auto');
  const { outer, scale } = canvas.viewbox();
  if (!shape || shape.waypoints || scale >= READABLE) return;
  const width = outer.width / READABLE;
  const height = outer.height / READABLE;
  const centre = { x: shape.x + shape.width / 2, y: shape.y + shape.height / 2 };
  canvas.viewbox({ x: centre.x - width / 2, y: centre.y - height / 2, width, height });
}

function connect(host: HTMLElement, viewer: NavigatedViewer, picture: Picture): void {
  const canvas = viewer.get<Canvas>('canvas');
  const step = (factor: number) => () => { canvas.zoom(canvas.viewbox().scale * factor); };
  const actions: Record<string, () => void> = {
    in: step(1.3),
    out: step(1 / 1.3),
    whole: () => { canvas.zoom('fit-viewport', 'auto'); },
    here: () => { lookAt(viewer, focus(viewer, picture)); },
  };
  for (const button of host.parentElement?.querySelectorAll<HTMLElement>('[data-zoom]') ?? []) {
    button.addEventListener('click', actions[button.dataset.zoom ?? ''] ?? (() => undefined));
  }
}

/** The list beside a diagram and the diagram point at each other: from a row to its element, from an element to its rows. */
function join(host: HTMLElement, viewer: NavigatedViewer): void {
  const part = host.closest('[data-part]');
  const rows = [...(part?.querySelectorAll<HTMLElement>('[data-visit]') ?? [])];
  if (!rows.length) return;
  const canvas = viewer.get<Canvas>('canvas');
  const show = (id: string): void => {
    for (const row of rows) {
      row.classList.toggle('is-shown', row.dataset.visit === id);
      if (viewer.get<Registry>('elementRegistry').get(row.dataset.visit ?? '')) canvas.removeMarker(row.dataset.visit ?? '', 'is-shown');
    }
    if (viewer.get<Registry>('elementRegistry').get(id)) canvas.addMarker(id, 'is-shown');
  };
  for (const row of rows) {
    const id = row.dataset.visit ?? '';
    row.addEventListener('mouseenter', () => { show(id); });
    row.addEventListener('focus', () => { show(id); });
    row.addEventListener('click', () => { show(id); lookAt(viewer, id); host.scrollIntoView({ block: 'nearest' }); });
  }
  viewer.on('element.hover', ({ element }: { element?: { id: string } }) => { if (element) tell(host, rows, element.id); });
  viewer.on('element.click', ({ element }: { element?: { id: string } }) => {
    const row = rows.find((one) => one.dataset.visit === element?.id);
    if (!element || !row) return;
    row.closest('details')?.setAttribute('open', '');
    show(element.id);
    row.scrollIntoView({ block: 'nearest' });
  });
}

/** Says beside the pointer when the case was at an element. */
function tell(host: HTMLElement, rows: HTMLElement[], id: string): void {
  const words = rows.filter((one) => one.dataset.visit === id).map((one) => one.innerText.replace(/\s*\n\s*/g, ' · '));
  host.title = words.slice(-5).join('\n');
}

/** Draws the diagram at the address `source` into `host`, in the reader's language. */
export async function draw(host: HTMLElement, source: string): Promise<NavigatedViewer> {
  const reply = await fetch(source, { credentials: 'same-origin' });
  if (!reply.ok) throw new Error(`diagram: ${reply.status}`);
  const viewer = new NavigatedViewer({
    container: host,
    zoomScroll: { enabled: false },
    bpmnRenderer: {
      defaultFillColor: 'var(--diagram-fill)',
      defaultStrokeColor: 'var(--diagram-stroke)',
      defaultLabelColor: 'var(--diagram-label)',
    },
    textRenderer: { defaultStyle: { fontFamily: getComputedStyle(document.body).fontFamily, fontSize: '12px' } },
  });
  if (document.documentElement.lang === 'en') {
    viewer.on('import.parse.complete', ({ definitions }: { definitions?: Moddle }) => {
      if (definitions) speakEnglish(definitions);
    });
  }
  await viewer.importXML(await reply.text());
  host.classList.add('is-drawn');
  return viewer;
}

/** Draws the diagram named by `data-source` into `host`, marked up by `data-picture`. */
export async function showDiagram(host: HTMLElement): Promise<void> {
  const picture = JSON.parse(host.dataset.picture ?? '{}') as Picture;
  const viewer = await draw(host, host.dataset.source ?? '');
  paint(viewer, picture, host.dataset.hereWords ?? '');
  lookAt(viewer, focus(viewer, picture));
  connect(host, viewer, picture);
  join(host, viewer);
}

/** Draws every `[data-diagram]` once it comes near the window; one that fails says so and the page goes on. */
export function showDiagrams(): void {
  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries.filter((one) => one.isIntersecting)) {
      const host = entry.target as HTMLElement;
      watcher.unobserve(host);
      showDiagram(host).catch(() => { host.textContent = host.dataset.failed ?? ''; });
    }
  }, { rootMargin: '200px' });
  document.querySelectorAll<HTMLElement>('[data-diagram]').forEach((host) => watcher.observe(host));
}
