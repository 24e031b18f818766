/** The editors' page: tabs of files, one editor at a time, saving, who else is here, and the list of problems. */
import { isChinese, said } from '../layout/islands/said';
import { Keeper } from './editing/keeper';
import { merged } from './editing/problems';
import { content, post, told, type Choices, type Draft, type Other, type Problem, type Stored } from './editing/server';
import type { Laid } from './editing/layout';
import { NoPicture, type Editor, type Stage } from './editing/stage';
import './editor.css';

const LINT = 150;  // milliseconds without a change before the editor checks by itself
const CHECK = 900;  // milliseconds without a change before the problems are asked for
const OPENERS: Record<string, () => Promise<{ open(stage: Stage, text: string, name: string): Promise<Editor> }>> = {
  process: () => import('./editing/diagrams'), form: () => import('./editing/forms'), decision: () => import('./editing/decisions'),
};

const host = document.querySelector<HTMLElement>('[data-editor]') as HTMLElement;
const part = (name: string): HTMLElement => host.querySelector<HTMLElement>(`[data-${name}]`) as HTMLElement;
const base = host.dataset.base ?? '';
const asked = new URLSearchParams(location.search);
let session = '';
let editor: Editor | null = null;
let keeper: Keeper | null = null;
const codes = JSON.parse(host.dataset.codes ?? '{}') as Stage['codes'];
let served: Problem[] = [];
let shown = '';
let turn: Promise<void> = Promise.resolve();  // one file is opened after the other, however fast somebody clicks
let [linting, checking] = [0, 0];
let question: Question | null = null;  // what has to be agreed to before anything of the file is saved
let isAsking = false;  // something waits to be saved until it is
const NAMED = 8;  // losses that are named one by one

interface Question { words: string; yes: string; no?: [string, () => void] }

function button(label: string, act: () => void, look = 'btn'): HTMLButtonElement {
  const made = document.createElement('button');
  made.type = 'button';
  made.className = look;
  made.textContent = label;
  made.addEventListener('click', act);
  return made;
}

function say(words: string, ...ways: [string, () => void][]): void {
  part('state').replaceChildren(words, ...ways.map(([label, act]) => button(label, act, 'btn btn-link')));
}

function tellOthers(others: Other[]): void {
  part('others').hidden = !others.length;
  const names = others.map((each) => each.name).join('、');
  part('others').textContent = said(`${names}也正在编辑这份草稿。`, `${others.map((each) => each.name).join(', ')} is editing this draft, too.`);
}

function row(problem: Problem): HTMLElement {
  const item = document.createElement('li');
  const button = document.createElement('button');
  button.type = 'button';
  button.className = `problem problem-${problem.severity}`;
  button.dataset.code = problem.code;
  const kind = problem.severity === 'error' ? said('错误', 'Error') : said('提醒', 'Warning');
  button.textContent = `${kind} · ${isChinese ? problem.zh : problem.en}`;
  button.addEventListener('click', () => editor?.show?.(problem));
  item.append(button);
  return item;
}

function list(found: Problem[]): void {
  part('problems').replaceChildren(...found.map(row));
  part('nothing').hidden = found.length > 0;
  editor?.mark?.(found);
}

/** What the editor sees by itself, with what the server found of everything else. */
async function lint(): Promise<void> {
  const now = editor;
  const own = await now?.lint?.();
  if (own && now === editor) list(merged(own, served.filter((problem) => !(problem.code in codes))));
}

/** What the server finds in the file that is shown; where no editor could open it, in what is stored. */
async function check(): Promise<void> {
  const [now, name] = [editor, shown];
  const files = now ? { [name]: await now.text() } : {};
  const reply = await post<{ problems: Problem[] }>(`${base}/check`, { files }).catch(() => null);
  if (!reply || now !== editor || name !== shown) return;
  served = reply.problems.filter((problem) => problem.file === name);
  list(merged(served, (await now?.lint?.()) ?? []));
}

/** Asks before anything is written; saving waits for a person's word. */
function pose(next: Question | null): void {
  question = next;
  part('lost').hidden = !next;
  if (next) part('lost').replaceChildren(next.words, ' ', button(next.yes, () => void agree()), ...(next.no ? [' ', button(...next.no)] : []));
}

/** Names what the editor cannot keep. */
function losing(lost: string[] | null | undefined): Question | null {
  return lost?.length ? { words: dropping(lost), yes: said('仍然保存', 'Save all the same') } : null;
}

function dropping(lost: string[]): string {
  const rest = lost.length - NAMED;
  const [zh, en] = rest > 0 ? [`，另有 ${rest} 处`, ` and ${rest} more`] : ['', ''];
  const named = lost.slice(0, NAMED);
  return said(`编辑器无法保留此文件的下列内容，保存会去掉它们：${named.join('、')}${zh}。在您确认之前不会保存。`,
    `The editor cannot keep all of this file. Saving will drop: ${named.join(', ')}${en}. Nothing is saved before you agree.`);
}

async function agree(): Promise<void> {
  if (editor) editor.lost = null;
  isAsking = false;
  pose(null);
  await keeper?.save();
}

/** Before another file is shown: what waits for an answer is saved or, if a person says so, given up. */
async function settle(): Promise<void> {
  await keeper?.flush();
  if (isAsking && window.confirm((question?.words ?? '') + said('现在保存？', ' Save now?'))) await agree();
  isAsking = false;
  pose(null);
}

/** What is saved; null where that would drop something and nobody has agreed yet. */
async function agreed(): Promise<string | null> {
  const now = editor as Editor;
  const text = await now.text();
  if (!question) pose(losing(now.lost));
  if (!question) return text;
  touched();
  return null;
}

function touched(): void {
  isAsking = question !== null;
  if (!isAsking) return keeper?.touched();
  say(said('尚未保存：请先答复下面的提示', 'Not saved yet: please answer the notice below'));
}

function changed(): void {
  touched();
  window.clearTimeout(linting);
  window.clearTimeout(checking);
  linting = window.setTimeout(() => void lint(), LINT);
  checking = window.setTimeout(() => void check(), CHECK);
}

/** Opens a file; `drawn` has it with a picture that nobody has kept yet. */
async function open(file: Stored, rest: Omit<Stage, 'changed'>, drawn?: Laid): Promise<void> {
  await settle();
  keeper?.stop();
  editor?.close();
  [editor, keeper, served, shown] = [null, null, [], file.name];
  window.clearTimeout(linting);
  window.clearTimeout(checking);
  host.setAttribute('aria-busy', 'true');
  for (const place of [rest.canvas, rest.panel, rest.tools]) place.replaceChildren();
  rest.panel.hidden = file.kind !== 'process' && file.kind !== 'form';
  for (const tab of part('files').querySelectorAll('button')) tab.setAttribute('aria-selected', String(tab.dataset.file === file.name));
  const { text, revision } = await content(base, file.name);
  const stored = { ...file, revision };
  const next = new Keeper(base, () => session, stored, agreed, say);
  const kept = rest.mayEdit ? next.kept() : null;
  const opener = OPENERS[file.kind];
  if (!opener) {
    rest.canvas.textContent = text;
    say(said('场景在草稿的“场景”页面修改，这里只能查看', 'A scenario is changed on the page “Scenarios” of the draft; here it can only be read'));
    void check();
    return;
  }
  editor = await (await opener()).open({ ...rest, changed: rest.mayEdit ? changed : () => undefined }, drawn?.text ?? kept?.text ?? text, file.name);
  keeper = next;
  pose(drawn ? keeping(file, rest, drawn) : rest.mayEdit ? losing(editor.lost) : null);
  if (drawn) touched();
  else if (kept) { next.file.revision = kept.revision ?? 0; void next.save(); }
  else say(said(`已保存 ${file.words}`, `Saved ${file.words}`));
  void lint();
  void check();
  const element = asked.get('element');
  if (element) editor.show?.({ element, path: [] });
}

/** Opens a file after those that were asked for before. One that no editor can show stays as it is, and the list says why. */
function show(file: Stored, rest: Omit<Stage, 'changed'>, drawn?: Laid): Promise<void> {
  turn = turn.then(() => open(file, rest, drawn)).catch((error: Error) => {
    const ways: [string, () => void][] = error instanceof NoPicture && rest.mayEdit ? [[said('自动排布', 'Lay it out'), () => void draw(file, rest)]] : [];
    say(said(`打不开 ${file.name}，文件保持原样：${error.message}`, `${file.name} cannot be opened and stays as it is: ${error.message}`), ...ways);
    void check();
  }).finally(() => host.removeAttribute('aria-busy'));
  return turn;
}

/** Gives a diagram without a picture one, to look at. */
async function draw(file: Stored, rest: Omit<Stage, 'changed'>): Promise<void> {
  host.setAttribute('aria-busy', 'true');
  try {
    const [{ laidOut }, { text }] = await Promise.all([import('./editing/layout'), content(base, file.name)]);
    await show(file, rest, await laidOut(text));
  } catch (error) {
    say(said(`没有排布 ${file.name}，文件保持原样：${(error as Error).message}`, `${file.name} was not laid out and stays as it is: ${(error as Error).message}`));
  } finally { host.removeAttribute('aria-busy'); }
}

function keeping(file: Stored, rest: Omit<Stage, 'changed'>, drawn: Laid): Question {
  const [zh, en] = drawn.undrawn ? [`其中 ${drawn.undrawn} 个注释或分组没有画出。`, ` ${drawn.undrawn} annotations or groups are not in it.`] : ['', ''];
  return {
    words: said(`文件里没有图形，这是自动排布的。${zh}现在还没有保存，保留后文件才带上图形。`, `The file has no picture: this one was laid out just now.${en} Nothing is saved yet; the file gets it when you keep it.`),
    yes: said('保留图形', 'Keep the picture'), no: [said('不保留', 'Discard'), () => { isAsking = false; void show(file, rest); }],
  };
}

function named(file: string): HTMLElement {
  const small = document.createElement('small');
  small.textContent = ` ${file}`;
  return small;
}

function tabs(files: Stored[], rest: Omit<Stage, 'changed'>): void {
  part('files').replaceChildren(...files.map((file) => {
    const tab = document.createElement('button');
    tab.type = 'button';
    tab.className = 'tab';
    tab.setAttribute('role', 'tab');
    tab.dataset.file = file.name;
    tab.textContent = file.title || file.name;
    if (file.title) tab.append(named(file.name));
    tab.addEventListener('click', () => void show(file, rest));
    return tab;
  }));
}

/** New and renamed files, beside the tabs. */
function offerNames(choices: Choices, rest: Omit<Stage, 'changed'>): void {
  const name = async (act: (naming: typeof import('./editing/naming'), files: Stored[]) => Promise<string | null>): Promise<void> => {
    const [naming, { files }] = await Promise.all([import('./editing/naming'), told<Draft>(`${base}/files`)]);
    const made = await act(naming, files);
    if (!made) return;
    const { files: now } = await told<Draft>(`${base}/files`);
    tabs(now, rest);
    const file = now.find((each) => each.name === made);
    if (file) await show(file, rest);
  };
  const tell = (error: Error): void => say(error.message);
  const draft = (files: Stored[]) => ({ base, session, files, choices });
  const names = document.createElement('div');
  names.className = 'editor-names';
  names.append(
    button(said('新建', 'New'), () => void name((naming, files) => naming.makeFile(draft(files))).catch(tell)),
    button(said('重命名', 'Rename'), () => void settle().then(() => name(async (naming, files) => {
      const file = files.find((each) => each.name === shown);
      return file ? naming.renameFile(draft(files), file) : null;
    })).catch(tell)));
  part('files').after(names);
}

/** What is under way is saved first, so that it is undone, too. A refusal leaves all as it is, and whoever draws on is saved. */
async function undoSession(): Promise<void> {
  await keeper?.flush();
  await post(`${base}/sessions/${session}/undo`);
  keeper?.stop();
  isAsking = false;
  location.reload();
}

async function begin(): Promise<void> {
  const [found, choices] = await Promise.all([told<Draft>(`${base}/files`), told<Choices>('/modeler/choices')]);
  const mayEdit = found.draft.may_edit;
  const rest = { canvas: part('canvas'), panel: part('panel'), tools: part('tools'), base, choices, codes, mayEdit, used: JSON.parse(host.dataset.used ?? '{}') as Stage['used'] };
  tabs(found.files, rest);
  if (mayEdit) {
    const opened = await post<{ session: string; others: Other[]; every: number }>(`${base}/sessions`);
    session = opened.session;
    tellOthers(opened.others);
    offerNames(choices, rest);
    window.setInterval(() => void post<{ others: Other[] }>(`${base}/sessions/${session}`).then((now) => tellOthers(now.others)).catch(() => undefined), opened.every * 1000);
    part('state').after(button(said('撤销这次编辑', 'Undo this sitting'), () => {
      if (window.confirm(said('把这次编辑保存的内容全部恢复原样？', 'Put everything that this sitting saved back?'))) undoSession().catch((error: Error) => say(error.message));
    }));
  }
  const first = found.files.find((file) => file.name === asked.get('file')) ?? found.files.find((file) => file.kind === 'process') ?? found.files[0];
  if (first) await show(first, rest);
  else { host.removeAttribute('aria-busy'); say(said('草稿里还没有文件。', 'There are no files in this draft yet.')); }
}

/** What is being typed belongs to the file before the page goes: fields and labels take it in as they lose the focus. */
window.addEventListener('pagehide', () => {
  (document.activeElement as HTMLElement | null)?.blur();
  editor?.takeIn?.();
  void keeper?.flush();
});
window.addEventListener('beforeunload', (leaving) => { if (isAsking) leaving.preventDefault(); });
begin().catch((error: Error) => { host.removeAttribute('aria-busy'); say(error.message); });
