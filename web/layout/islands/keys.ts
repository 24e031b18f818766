/** Keyboard shortcuts of a page, and the dialog on `?` that lists them. They never fire while somebody types. */
import { said } from './said';

/**
 * `keys`: one key as `KeyboardEvent.key` names it (`j`, `Enter`), two after each other (`g m`), or with Ctrl (`Ctrl+Enter`,
 * on a Mac Command as well); several ways as a list. `words` stand in the dialog. `act` may give false: the key then goes on.
 */
export interface Shortcut { keys: string | string[]; words: string; act: (event: KeyboardEvent) => unknown }

const PATIENCE = 1200;  // milliseconds between the two keys of a pair
const TYPED_INTO = 'textarea, select, [contenteditable=""], [contenteditable="true"], input:not([type=checkbox], [type=radio], [type=button], [type=submit])';
const PRESSED = 'a[href], button, summary, input, [role=button]';
const NAMES: Record<string, string> = { ArrowUp: '↑', ArrowDown: '↓', ArrowLeft: '←', ArrowRight: '→', Escape: 'Esc', ' ': said('空格', 'Space') };

const known: Shortcut[] = [];
let first = '';
let forgetting = 0;

/** Adds shortcuts to the page. A later one with the same keys wins. */
export function shortcuts(list: Shortcut[]): void {
  if (!known.length) document.addEventListener('keydown', onKey);
  known.unshift(...list);
}

/** Whether the key belongs to a field, an open dialog or an input method, not to the page. */
function isTaken(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement;
  if (event.isComposing || event.defaultPrevented || event.altKey || document.querySelector('dialog[open]')) return true;
  if (event.ctrlKey || event.metaKey) return false;
  return target.matches(TYPED_INTO) || (['Enter', ' '].includes(event.key) && target.matches(PRESSED));
}

function waysOf(shortcut: Shortcut): string[] {
  return Array.isArray(shortcut.keys) ? shortcut.keys : [shortcut.keys];
}

function find(keys: string): Shortcut | undefined {
  return known.find((one) => waysOf(one).includes(keys));
}

function remember(key: string): void {
  window.clearTimeout(forgetting);
  first = key;
  forgetting = window.setTimeout(() => { first = ''; }, PATIENCE);
}

function onKey(event: KeyboardEvent): void {
  if (isTaken(event)) return;
  const key = event.ctrlKey || event.metaKey ? `Ctrl+${event.key}` : event.key;
  const found = (first && find(`${first} ${key}`)) || find(key);
  const begins = known.some((one) => waysOf(one).some((keys) => keys.startsWith(`${key} `)));
  remember(!found && begins ? key : '');
  if (found && found.act(event) !== false) event.preventDefault();
}

function keycaps(keys: string): Node[] {
  return (keys === ' ' ? [keys] : keys.split(/[ +]/)).map((key) => {
    const cap = document.createElement('kbd');
    cap.textContent = NAMES[key] ?? key;
    return cap;
  });
}

function line(shortcut: Shortcut): Node[] {
  const term = document.createElement('dt');
  const words = document.createElement('dd');
  waysOf(shortcut).forEach((keys, at) => term.append(...(at ? [said(' 或 ', ' or ')] : []), ...keycaps(keys)));
  words.textContent = shortcut.words;
  return [term, words];
}

/** Opens the list of all shortcuts of the page; it closes with Esc, its button, or a click beside it. */
export function showShortcuts(): void {
  const dialog = document.createElement('dialog');
  const title = document.createElement('h2');
  const list = document.createElement('dl');
  const close = document.createElement('button');
  dialog.className = 'sheet';
  title.id = 'shortcuts-title';
  dialog.setAttribute('aria-labelledby', title.id);
  title.textContent = said('键盘快捷键', 'Keyboard shortcuts');
  list.className = 'shortcuts';
  list.append(...known.flatMap(line));
  close.className = 'btn';
  close.textContent = said('关闭', 'Close');
  close.addEventListener('click', () => dialog.close());
  dialog.addEventListener('click', (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener('close', () => dialog.remove());
  dialog.append(title, list, close);
  document.body.append(dialog);
  dialog.showModal();
}
