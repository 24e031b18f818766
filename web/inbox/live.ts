/** Asks every few seconds whether the list changed, and says so without moving anything until the reader wants it. */
import { keepingPlace, leave, list, merge, rows, tidy, words } from './list';

interface Changes { stamp: string; counts: Record<string, number>; unseen: number; rows: [string, string][]; until: string | null }

const SECOND = 1000;
const EVERY = 5 * SECOND;
const HIDDEN = 60 * SECOND;  // the number in the tab's title stays nearly right
const LONGEST = 120 * SECOND;
const PATIENCE = 10 * SECOND;
const REPAINT = 5 * 60 * SECOND;  // the time left goes by even when nothing changes

const title = document.title;
let stamp = list?.dataset.stamp ?? '';
let failures = 0;
let timer = 0;
let isAsking = false;
let isBusy = false;  // a list that changes all the time is asked for half as often
let painted = Date.now();
let fresh: string[] = [];

/** Some part of a length of time, so that many pages do not ask at once. */
function jittered(length: number): number {
  return length * (0.8 + Math.random() * 0.4);
}

function later(length: number): void {
  window.clearTimeout(timer);
  timer = window.setTimeout(() => void ask(), jittered(length));
}

function pause(): number {
  if (failures) return Math.min(EVERY * 2 ** failures, LONGEST);
  if (document.hidden) return HIDDEN;
  return isBusy ? 2 * EVERY : EVERY;
}

async function get(address: string, headers: Record<string, string>): Promise<Response> {
  const reply = await fetch(address, { headers, redirect: 'manual', cache: 'no-store', signal: AbortSignal.timeout(PATIENCE) });
  if (reply.type === 'opaqueredirect' || reply.status === 401) throw new SessionOver();
  if (!reply.ok && reply.status !== 304) throw new Error(String(reply.status));
  return reply;
}

class SessionOver extends Error {}

async function ask(): Promise<void> {
  if (!list || isAsking || !navigator.onLine) return;
  isAsking = true;
  try {
    const reply = await get(list.dataset.changes ?? '', { 'If-None-Match': `"${stamp}"`, Accept: 'application/json' });
    isBusy = reply.status === 200;
    if (isBusy) take(await reply.json() as Changes);
    if (failures) show(fresh.length, gone());
    failures = 0;
    if (!document.hidden && Date.now() - painted > REPAINT) await repaint();
  } catch (problem) {
    if (problem instanceof SessionOver) return sayOver();
    failures += 1;
    if (failures === 3) say(words('lost'));
  } finally {
    isAsking = false;
  }
  later(pause());
}

function take(changes: Changes): void {
  stamp = changes.stamp;
  const now = new Set(changes.rows.map(([id]) => id));
  const here = new Map(rows().map((row) => [row.dataset.id ?? '', row]));
  const { until } = changes;
  if (list?.dataset.view !== 'done') {
    for (const [id, row] of here) {
      if (!now.has(id) && (until === null || (row.dataset.key ?? '') <= until)) leave(row, words('left'));
    }
  }
  fresh = changes.rows.map(([id]) => id).filter((id) => !here.has(id));
  paintCounts(changes.counts);
  paintBell(changes.unseen);
  show(fresh.length, gone());
}

function gone(): number {
  return rows().filter((row) => row.classList.contains('is-gone')).length;
}

function paintCounts(counts: Record<string, number>): void {
  for (const [view, number] of Object.entries(counts)) {
    const badge = document.querySelector<HTMLElement>(`[data-tab="${view}"] [data-count]`);
    if (!badge) continue;
    badge.textContent = number < 1000 ? String(number) : '999+';
    badge.hidden = number === 0;
  }
}

/** The number of notices at the bell, beside its icon and in its name. */
function paintBell(unseen: number): void {
  const bell = document.querySelector<HTMLElement>('.bell > summary');
  if (!bell) return;
  const text = unseen < 100 ? String(unseen) : '99+';
  bell.setAttribute('aria-label', (bell.getAttribute('aria-label') ?? '').replace(/\d+\+?/, text));
  const badge = bell.querySelector('.bell-count') ?? document.createElement('span');
  badge.className = 'bell-count num';
  badge.textContent = text;
  if (unseen) bell.append(badge);
  else badge.remove();
}

function show(added: number, left: number): void {
  document.title = added ? `(${added}) ${title}` : title;
  if (!added && !left) return say('');
  say('', added ? words('new', { n: added }) : words('gone', { n: left }), () => void bring());
}

/** The bar above the list: a sentence, or a button. Said once, not at each round. */
function say(text: string, button = '', act: () => void = () => undefined): void {
  const bar = document.querySelector<HTMLElement>('[data-news]');
  if (!bar || bar.textContent === text + button) return;
  bar.replaceChildren(text);
  if (!button) return;
  const press = document.createElement('button');
  press.className = 'btn btn-primary';
  press.textContent = button;
  press.dataset.show = '';
  press.addEventListener('click', act);
  bar.append(press);
}

function sayOver(): void {
  say(`${words('session')} `);
  const link = document.createElement('a');
  link.href = list?.dataset.signIn ?? '';
  link.textContent = list?.dataset.signInWords ?? '';
  document.querySelector('[data-news]')?.append(link);
}

/** Brings the newer rows in and takes the marked ones away; the reader's place, focus and selection stay. */
export async function bring(): Promise<void> {
  if (!document.querySelector('#rows')) return window.location.reload();
  document.querySelector('#rows')?.setAttribute('aria-busy', 'true');
  try {
    const html = await (await get(list?.dataset.rows ?? '', { 'HX-Request': 'true' })).text();
    keepingPlace(() => {
      tidy();
      merge(html);
    });
    painted = Date.now();
    fresh = [];
    show(0, 0);
    document.dispatchEvent(new CustomEvent('fuwuflow:rows'));
  } catch {
    say('', `${words('slow')} ${words('again')}`, () => void bring());
  } finally {
    document.querySelector('#rows')?.removeAttribute('aria-busy');
  }
}

/** The words of the rows that are here, anew; nothing comes and nothing goes. */
async function repaint(): Promise<void> {
  painted = Date.now();
  if (fresh.length || gone()) return;
  const html = await (await get(list?.dataset.rows ?? '', { 'HX-Request': 'true' })).text();
  keepingPlace(() => merge(html));
}

export function live(): void {
  if (!list) return;
  later(EVERY);
  document.addEventListener('visibilitychange', () => { if (!document.hidden) later(failures ? pause() : SECOND); });
  window.addEventListener('online', () => later(EVERY));  // jittered: an office that comes back does not ask at once
  document.addEventListener('fuwuflow:ask', () => void ask().then(repaint).catch(() => undefined));  // newer revisions of what stays
}
