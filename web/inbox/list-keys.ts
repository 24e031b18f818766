/** The list by keyboard: moving, opening, selecting, claiming, assigning, searching, changing lists. */
import { shortcuts } from '../layout/islands/keys';
import { said } from '../layout/islands/said';
import { boxOf, rows } from './list';
import { chosen, paint, pick, send } from './selection';

function here(): HTMLTableRowElement | undefined {
  return rows().find((row) => row.contains(document.activeElement));
}

function focus(row: HTMLTableRowElement | undefined): void {
  const link = row?.querySelector<HTMLElement>('.row-link');
  link?.focus({ preventScroll: true });
  row?.scrollIntoView({ block: 'nearest' });
}

/** Moves by rows; from outside the list the first key goes to its first row. False at the ends lets the page scroll. */
function move(step: number): boolean {
  const all = rows();
  const row = here();
  const next = row ? all[all.indexOf(row) + step] : all[0];
  focus(next);
  return next !== undefined;
}

function tab(view: string): () => boolean {
  return () => {
    const link = document.querySelector<HTMLAnchorElement>(`[data-tab="${view}"]`);
    link?.click();
    return link !== null;
  };
}

/** Claims what is selected, else the row with the focus. */
function claim(): void {
  if (!chosen().length) choose(here());
  if (chosen().length) void send('claim');
}

function choose(row: HTMLTableRowElement | undefined): void {
  const box = boxOf(row);
  if (box && !box.disabled) box.checked = true;
  paint();
}

function assign(): boolean {
  const summary = document.querySelector<HTMLElement>('[data-assign]');
  if (!chosen().length) choose(here());
  if (!summary || !chosen().length) return false;
  (summary.parentElement as HTMLDetailsElement).open = true;
  document.querySelector<HTMLElement>('#to-whom')?.focus();
  return true;
}

function search(): void {
  document.querySelector<HTMLInputElement>('#q')?.select();
}

export function listKeys(): void {
  shortcuts([
    { keys: ['j', 'ArrowDown'], words: said('下一项', 'Next task'), act: () => move(1) },
    { keys: ['k', 'ArrowUp'], words: said('上一项', 'Previous task'), act: () => move(-1) },
    { keys: 'Enter', words: said('打开任务', 'Open the task'), act: () => false },
    { keys: 'x', words: said('选中或取消选中', 'Select, or select no longer'), act: () => pick(here()) },
    { keys: 'c', words: said('领取', 'Claim'), act: claim },
    { keys: 'a', words: said('指派（负责人）', 'Assign (leads)'), act: assign },
    { keys: '/', words: said('搜索', 'Search'), act: search },
    { keys: 'g m', words: said('我的任务', 'Mine'), act: tab('mine') },
    { keys: 'g g', words: said('小组的任务', 'My groups'), act: tab('groups') },
    { keys: 'g o', words: said('本部门的任务（负责人）', 'My office (leads)'), act: tab('office') },
    { keys: 'g w', words: said('我关注的', 'Watched'), act: tab('watched') },
    { keys: 'g d', words: said('我办完的', 'Done by me'), act: tab('done') },
  ]);
}
