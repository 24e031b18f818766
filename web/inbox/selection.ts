/** Several tasks at once: boxes, a range with Shift, all on screen; sent as one request, with a result at each row. */
import { said } from '../layout/islands/said';
import { boxOf, mark, rowOf, rows } from './list';

interface Result { id: string; done: boolean; words: string }

const bar = document.querySelector<HTMLFormElement>('#selected');
let last: HTMLInputElement | null = null;

function boxes(): HTMLInputElement[] {
  return rows().map(boxOf).filter((box): box is HTMLInputElement => box !== null && !box.disabled);
}

export function chosen(): HTMLInputElement[] {
  return boxes().filter((box) => box.checked);
}

function words(name: string, facts: Record<string, number>): string {
  return Object.entries(facts).reduce((text, [key, value]) => text.replace(`{${key}}`, String(value)), bar?.dataset[name] ?? '');
}

/** The bar is there while something is selected. */
export function paint(): void {
  if (!bar || bar.dataset.busy) return;
  const number = chosen().length;
  bar.hidden = number === 0;
  document.body.classList.toggle('is-selecting', number > 0);
  const text = bar.querySelector('[data-selected]');
  if (text) text.textContent = words('many', { n: number });
  const all = document.querySelector<HTMLInputElement>('[data-pick-all]');
  if (all) {
    all.checked = number > 0 && number === boxes().length;
    all.indeterminate = number > 0 && !all.checked;
  }
  for (const row of rows()) row.classList.toggle('is-picked', boxOf(row)?.checked ?? false);
}

export function pick(row: HTMLTableRowElement | undefined): void {
  const box = boxOf(row);
  if (!box || box.disabled) return;
  box.checked = !box.checked;
  last = box;
  paint();
}

/** With Shift, everything between the last box and this one becomes as this one is. */
function onClick(event: MouseEvent): void {
  const box = event.target as HTMLInputElement;
  if (box.matches?.('[data-pick-all]')) boxes().forEach((one) => { one.checked = box.checked; });
  else if (!box.matches?.('input[name=task]')) return;
  else if (event.shiftKey && last) range(last, box);
  if (box.name === 'task') last = box;
  paint();
}

function range(from: HTMLInputElement, to: HTMLInputElement): void {
  const all = boxes();
  const [first, end] = [all.indexOf(from), all.indexOf(to)].sort((a, b) => a - b);
  all.slice(first, (end ?? 0) + 1).forEach((one) => { one.checked = to.checked; });
}

function clear(): void {
  boxes().forEach((box) => { box.checked = false; });
  paint();
}

function busy(number: number): void {
  if (!bar) return;
  bar.dataset.busy = 'yes';
  bar.setAttribute('aria-busy', 'true');
  tell(words('working', { n: number }));
  bar.querySelectorAll<HTMLButtonElement>('button').forEach((button) => { button.disabled = true; });
}

function free(): void {
  if (!bar) return;
  delete bar.dataset.busy;
  bar.removeAttribute('aria-busy');
  bar.querySelectorAll<HTMLButtonElement>('button').forEach((button) => { button.disabled = false; });
}

function tell(text: string): void {
  const place = bar?.querySelector('[data-selected]');
  if (bar && place) {
    bar.hidden = false;
    place.textContent = text;
  }
}

/** Sends the chosen tasks and puts the result at each row; what was refused stays selected. */
export async function send(action: string): Promise<void> {
  if (!bar || bar.dataset.busy || !chosen().length) return;
  const body = new FormData(bar);
  body.set('do', action);
  busy(chosen().length);
  try {
    const reply = await fetch(bar.action, { method: 'POST', body, headers: { Accept: 'application/json' }, redirect: 'manual' });
    const found = await reply.json() as { results?: Result[]; message?: string };
    free();
    if (!found.results) return tell(found.message ?? '');
    take(found.results);
  } catch {
    free();
    tell(said('服务器没有应答，不知道是否已办。请看清单或重试：已办的不会重复。',
      'No answer from the server; look at the list or try again: what was done is not done twice.'));
  }
}

function take(results: Result[]): void {
  for (const { id, done, words: text } of results) {
    const row = rowOf(id);
    if (row) settle(row, text, done);
  }
  bar?.querySelectorAll<HTMLDetailsElement>('details[open]').forEach((menu) => { menu.open = false; });
  paint();
  tell(words('result', { done: results.filter((one) => one.done).length, refused: results.filter((one) => !one.done).length }));
  document.dispatchEvent(new CustomEvent('fuwuflow:ask'));
}

/** What was done is selected no longer; whether the row leaves the list is for the next news to say. */
function settle(row: HTMLTableRowElement, text: string, done: boolean): void {
  mark(row, text, !done);
  const box = boxOf(row);
  if (box && done) box.checked = false;
}

export function selection(): void {
  document.querySelectorAll<HTMLElement>('[data-scripted]').forEach((one) => { one.hidden = false; });
  document.addEventListener('click', onClick);
  document.addEventListener('fuwuflow:rows', paint);
  document.addEventListener('htmx:after:swap', paint);
  bar?.querySelector('[data-clear]')?.addEventListener('click', clear);
  bar?.addEventListener('submit', (event) => {
    event.preventDefault();
    void send(event.submitter?.getAttribute('value') ?? '');
  });
  paint();
}
