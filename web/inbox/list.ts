/** The rows on screen: finding, marking and putting in, so that scroll, focus and selection stay as they are. */

export const list = document.querySelector<HTMLElement>('[data-list]');

/** A sentence that the server wrote on the list, with `{n}` filled in. */
export function words(name: string, facts: Record<string, number> = {}): string {
  return Object.entries(facts).reduce((text, [key, value]) => text.replace(`{${key}}`, String(value)), list?.dataset[name] ?? '');
}

export function rows(): HTMLTableRowElement[] {
  return [...document.querySelectorAll<HTMLTableRowElement>('#rows tr[data-id]')];
}

export function rowOf(id: string): HTMLTableRowElement | undefined {
  return rows().find((row) => row.dataset.id === id);
}

export function boxOf(row: Element | null | undefined): HTMLInputElement | null {
  return row?.querySelector<HTMLInputElement>('input[name=task]') ?? null;
}

/** Marks a row that left the list; it stays where it is until the reader tidies up. What was done with it stays written. */
export function leave(row: HTMLTableRowElement, text: string): void {
  const box = boxOf(row);
  if (box) {
    box.checked = false;
    box.disabled = true;
  }
  row.classList.add('is-gone');
  if (!row.querySelector('[data-mark]')) mark(row, text);
}

/** Writes at a row what became of it. */
export function mark(row: HTMLTableRowElement, text: string, isRefused = false): void {
  row.querySelector('[data-mark]')?.remove();
  const tag = document.createElement('span');
  tag.className = isRefused ? 'tag tag-danger tag-words' : 'tag tag-words';
  tag.dataset.mark = '';
  tag.textContent = text;
  (row.querySelector('.col-step') ?? row.cells[0])?.append(' ', tag);
}

/** Runs `change` and puts the first row in sight back to where it was on screen. */
export function keepingPlace(change: () => void): void {
  const anchor = rows().find((row) => row.getBoundingClientRect().bottom > 60 && !row.classList.contains('is-gone'));
  const before = anchor?.getBoundingClientRect().top ?? 0;
  change();
  if (anchor?.isConnected && window.scrollY > 0) window.scrollBy(0, anchor.getBoundingClientRect().top - before);
}

/** Puts rows of a newer page of the list in, each at its place; rows that are here already keep their boxes and show new words. */
export function merge(html: string): void {
  const newer = new DOMParser().parseFromString(`<table><tbody>${html}</tbody></table>`, 'text/html');
  const descends = list?.dataset.view === 'done';
  for (const row of newer.querySelectorAll<HTMLTableRowElement>('tr[data-id]')) {
    const known = rowOf(row.dataset.id ?? '');
    if (known) {
      refresh(known, row);
      continue;
    }
    const key = row.dataset.key ?? '';
    const next = rows().find((one) => (descends ? (one.dataset.key ?? '') < key : (one.dataset.key ?? '') > key));
    row.classList.add('is-new');
    const place = next ?? document.querySelector('#rows [data-more]');
    if (place) place.before(row);
    else document.querySelector('#rows')?.append(row);
  }
}

/** The newer words of a row: its cells but not its box, and the revision that an action would name. */
function refresh(known: HTMLTableRowElement, newer: HTMLTableRowElement): void {
  known.className = newer.className;
  known.dataset.key = newer.dataset.key;
  const box = boxOf(known);
  const value = boxOf(newer)?.value;
  if (box && value) {
    box.value = value;
    box.disabled = false;
  }
  const cells = [...known.cells].filter((cell) => !cell.classList.contains('pick'));
  const texts = [...newer.cells].filter((cell) => !cell.classList.contains('pick'));
  cells.forEach((cell, at) => {
    const text = texts[at];
    if (text && text.innerHTML !== cell.innerHTML && !cell.contains(document.activeElement) && !cell.querySelector('[data-mark]')) cell.replaceChildren(...text.childNodes);
  });
}

/** Takes the rows away that left the list; the focus goes on to the next one. */
export function tidy(): void {
  for (const row of rows().filter((one) => one.classList.contains('is-gone'))) {
    const hadFocus = row.contains(document.activeElement);
    const next = (row.nextElementSibling ?? row.previousElementSibling)?.querySelector<HTMLElement>('a');
    row.remove();
    if (hadFocus) next?.focus({ preventScroll: true });
  }
}
