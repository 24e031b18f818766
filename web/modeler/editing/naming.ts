/** New and renamed files: the dialog that asks for names, what cannot be a name, and what is sent. Fetched when somebody asks for it. */
import { said } from '../../layout/islands/said';
import { blank, ENDINGS } from './blank';
import { told, ask, type Choices, type Kind, type Stored } from './server';

export interface Draft { base: string; session: string; files: Stored[]; choices: Choices }

const KINDS: [Kind, string, string][] = [['process', '流程图', 'Diagram'], ['form', '表单', 'Form'], ['decision', '决策表', 'Decision table']];
const KEY = /^[A-Za-z][A-Za-z0-9_]*$/;

/** Asks what is to be made and makes it; gives the name of the new file, null where nobody went on. */
export function makeFile(draft: Draft): Promise<string | null> {
  const kind = choice(said('种类', 'Kind'));
  const key = field(said('文件名', 'File name'), '', said('英文字母、数字、下划线，以字母开头；它也是别处引用时用的编号。', 'Letters, digits and underscores, a letter first. It is also the id by which others refer to it.'));
  const [name, nameEn] = [field(said('名称（中文）', 'Name (Chinese)')), field(said('名称（英文）', 'Name (English)'))];
  return asked(said('新建文件', 'New file'), said('新建', 'Create'), [kind.row, key.row, name.row, nameEn.row], async () => {
    const now = kind.input.value as Kind;
    const stem = withoutEnding(key.input.value.trim(), now);
    if (!KEY.test(stem)) throw new Error(said(`文件名只能用英文字母、数字和下划线，以字母开头，以 ${ENDINGS[now]} 结尾（可省略）。`, `A file name has only letters, digits and underscores, begins with a letter and ends in ${ENDINGS[now]} (which may be left out).`));
    if (!name.input.value.trim() || !nameEn.input.value.trim()) throw new Error(said('请填写中文和英文名称。', 'Give a name in Chinese and in English.'));
    mustBeFree(draft, stem, now);
    const file = stem + ENDINGS[now];
    await put(draft, file, blank(now, { key: stem, name: name.input.value.trim(), nameEn: nameEn.input.value.trim() }));
    return file;
  });
}

/** Asks for another name of `file` and gives it; what refers to it does so by its key, which stays. */
export function renameFile(draft: Draft, file: Stored): Promise<string | null> {
  const name = field(said('文件名', 'File name'), file.name, said('流程、表单、决策表之间按编号引用，不按文件名，改名不影响它们。', 'Diagrams, forms and tables refer to each other by id, not by file name: nothing else changes.'));
  return asked(said('重命名', 'Rename'), said('重命名', 'Rename'), [name.row], async () => {
    const next = name.input.value.trim();
    const ending = endingOf(file);
    if (/[/\\\p{Cc}]/u.test(next) || !next || next === ending) throw new Error(said('文件名不能为空，也不能有 / 和 \\。', 'A file name cannot be empty or have / and \\ in it.'));
    if (!next.toLowerCase().endsWith(ending)) throw new Error(said(`文件的种类不变，文件名要以 ${ending} 结尾。`, `A file stays what it is: its name must end in ${ending}.`));
    if (next === file.name) return null;
    await move(draft, file, next);
    return next;
  });
}

function mustBeFree(draft: Draft, key: string, kind: Kind): void {
  const known = { process: draft.choices.processes, form: draft.choices.forms, decision: draft.choices.decisions, scenario: [] }[kind];
  const there = known.find((each) => each.id.toLowerCase() === key.toLowerCase());
  if (there) throw new Error(said(`编号 ${key} 已有“${there.name}”在用；要修改它，请在草稿页面把它加入草稿。`, `“${there.name_en}” has the id ${key} already. To change that, add it to the draft on the draft's page.`));
}

/** Under both names for a moment, so that nothing is lost in between; where the old one cannot go, the new one does. */
async function move(draft: Draft, file: Stored, next: string): Promise<void> {
  const reply = await ask(address(draft, file.name), { headers: { Accept: '*/*' } });
  const old = (reply.headers.get('ETag') ?? '').replace(/\D/g, '');
  const made = await put(draft, next, withKey(file, await reply.text()));
  await remove(draft, file.name, old).catch(async (error: Error) => {
    await remove(draft, next, String(made.revision));
    throw error;
  });
}

/** A form that says no id is known by its file's name: it is to be known by it still. */
function withKey(file: Stored, text: string): string {
  if (file.kind !== 'form') return text;
  const form = JSON.parse(text) as { id?: string };
  return form.id ? text : `${JSON.stringify({ ...form, id: withoutEnding(file.name, 'form') }, null, 2)}\n`;
}

function put(draft: Draft, name: string, text: string): Promise<Stored> {
  return told<Stored>(address(draft, name), { method: 'PUT', body: text, headers: { 'If-None-Match': '*', 'X-Model-Session': draft.session, 'Content-Type': 'application/octet-stream' } });
}

function remove(draft: Draft, name: string, revision: string): Promise<object> {
  return told(address(draft, name), { method: 'DELETE', headers: { 'If-Match': `"${revision}"`, 'X-Model-Session': draft.session } });
}

function address(draft: Draft, name: string): string {
  return `${draft.base}/files/${encodeURIComponent(name)}`;
}

function endingOf(file: Stored): string {
  return ['.bpmn20.xml', '.xml'].find((each) => file.kind === 'process' && file.name.toLowerCase().endsWith(each)) ?? ENDINGS[file.kind];
}

function withoutEnding(name: string, kind: Kind): string {
  return name.toLowerCase().endsWith(ENDINGS[kind]) ? name.slice(0, -ENDINGS[kind].length) : name;
}

/** A dialog with these rows; `act` gives what came of it, or throws the sentence that the dialog then shows. */
function asked(title: string, go: string, rows: HTMLElement[], act: () => Promise<string | null>): Promise<string | null> {
  const [dialog, form, heading, refusal, buttons] = [made('dialog', 'sheet'), made('form', 'naming'), made('h2'), made('p', 'naming-refusal'), made('div', 'naming-buttons')];
  heading.textContent = title;
  heading.id = 'naming-title';
  dialog.setAttribute('aria-labelledby', heading.id);
  refusal.setAttribute('role', 'alert');
  const [yes, no] = [made('button', 'btn btn-primary'), made('button', 'btn')];
  [yes.textContent, no.textContent, no.type] = [go, said('取消', 'Cancel'), 'button'];
  no.addEventListener('click', () => dialog.close());
  buttons.append(yes, no);
  form.noValidate = true;
  form.append(heading, ...rows, refusal, buttons);
  dialog.append(form);
  document.body.append(dialog);
  return new Promise((done) => {
    dialog.addEventListener('close', () => { dialog.remove(); done(null); });
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      yes.disabled = true;
      act().then((name) => { done(name); dialog.close(); }, (error: Error) => { refusal.textContent = error instanceof TypeError ? said('没有连接，请稍后再试。', 'No connection: try again later.') : error.message; }).finally(() => { yes.disabled = false; });
    });
    dialog.showModal();
  });
}

function field(label: string, value = '', hint = ''): { row: HTMLElement; input: HTMLInputElement } {
  const input = made('input', 'form-control');
  input.value = value;
  input.maxLength = 100;
  const row = labelled(label, input);
  if (hint) {
    const words = made('small', 'form-hint');
    words.textContent = hint;
    row.append(words);
  }
  return { row, input };
}

function choice(label: string): { row: HTMLElement; input: HTMLSelectElement } {
  const input = made('select', 'form-select');
  input.append(...KINDS.map(([kind, zh, en]) => new Option(said(zh, en), kind)));
  return { row: labelled(label, input), input };
}

function labelled(label: string, input: HTMLElement): HTMLElement {
  const row = made('label', 'naming-row');
  const words = made('span', 'form-label');
  words.textContent = label;
  row.append(words, input);
  return row;
}

function made<K extends keyof HTMLElementTagNameMap>(tag: K, look = ''): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  node.className = look;
  return node;
}
