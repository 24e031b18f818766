/** Comments and files of a case: the picker of people behind an @, words that are kept, uploads one by one with progress. */
import './conversation.css';
import { isUploading, uploading } from './network';
import { said } from './said';

interface Person { id: string; name: string }
interface Told { files: { name: string; id: string; sentence: string }[]; message?: string }

const LONGEST = 10_000;
const SHOWN = 8;
const STALLED = 60_000;  // milliseconds without any progress after which an upload is given up
const MENTION = /(?:^|[^A-Za-z0-9._@-])@([^\s@]{0,30})$/;

/** A comment is kept until the server leads to it: one that was sent into a dead network or an ended session is not lost. */
function forgetTaken(key: string): void {
  const before = sessionStorage.getItem(`sent:${key}`);
  if (before === null) return;
  sessionStorage.removeItem(`sent:${key}`);
  if (location.hash.startsWith('#comment-') && location.hash !== before) sessionStorage.removeItem(key);
}

function keepComment(form: HTMLFormElement, text: HTMLTextAreaElement): void {
  const key = `comment:${form.dataset.comment ?? ''}`;
  forgetTaken(key);
  const count = form.querySelector<HTMLElement>('[data-comment-count]');
  if (!text.value) text.value = sessionStorage.getItem(key) ?? '';
  const told = (): void => {
    const over = text.value.length - LONGEST;
    if (count) count.textContent = over > -500 ? said(`${text.value.length} / 10000 字符`, `${text.value.length} / 10,000 characters`) : '';
    text.setCustomValidity(over > 0 ? said(`多了 ${over} 个字符。请缩短，或作为文件上传。`, `${over} characters too many. Shorten it, or add it as a file.`) : '');
  };
  text.addEventListener('input', () => { sessionStorage.setItem(key, text.value); told(); });
  form.addEventListener('submit', () => sessionStorage.setItem(`sent:${key}`, location.hash));
  told();
}

/** A listbox under the text while an @ is being written; arrows, Enter, Tab, Escape, or a click. */
class Picker {
  private people: Person[] | null = null;
  private found: Person[] = [];
  private at = 0;
  private readonly list = document.createElement('ul');

  constructor(private readonly text: HTMLTextAreaElement, private readonly address: string) {
    this.list.className = 'mention-list';
    this.list.id = 'mention-list';
    this.list.hidden = true;
    this.list.setAttribute('role', 'listbox');
    this.list.setAttribute('aria-label', said('提到谁', 'Whom to mention'));
    text.after(this.list);
    text.setAttribute('aria-controls', this.list.id);
    text.setAttribute('aria-autocomplete', 'list');
    text.addEventListener('input', () => void this.look());
    text.addEventListener('keydown', (event) => this.onKey(event));
    text.addEventListener('blur', () => window.setTimeout(() => this.close(), 150));
  }

  private get written(): string | null {
    return MENTION.exec(this.text.value.slice(0, this.text.selectionStart))?.[1] ?? null;
  }

  private async look(): Promise<void> {
    if (this.written === null) return this.close();
    this.people ??= await this.load();
    const word = this.written?.toLowerCase();
    if (word === undefined) return this.close();
    this.found = this.people.filter((one) => one.id.includes(word) || one.name.toLowerCase().includes(word)).slice(0, SHOWN);
    this.at = 0;
    this.draw();
  }

  private async load(): Promise<Person[]> {
    const reply = await fetch(this.address, { headers: { Accept: 'application/json' } }).catch(() => null);
    return reply?.ok ? ((await reply.json()) as Person[]) : [];
  }

  private draw(): void {
    this.list.hidden = !this.found.length;
    this.list.replaceChildren(...this.found.map((one, at) => {
      const item = document.createElement('li');
      item.id = `mention-${at}`;
      item.setAttribute('role', 'option');
      item.setAttribute('aria-selected', String(at === this.at));
      item.textContent = `${one.name} @${one.id}`;
      item.addEventListener('mousedown', (event) => { event.preventDefault(); this.take(one); });
      return item;
    }));
    if (this.found.length) this.text.setAttribute('aria-activedescendant', `mention-${this.at}`);
  }

  private onKey(event: KeyboardEvent): void {
    if (this.list.hidden || event.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const chosen = this.found[this.at];
    if (step) this.at = (this.at + step + this.found.length) % this.found.length;
    else if (event.key === 'Escape') this.close();
    else if ((event.key === 'Enter' || event.key === 'Tab') && chosen) this.take(chosen);
    else return;
    event.preventDefault();
    event.stopPropagation();
    if (step) this.draw();
  }

  private take(one: Person): void {
    const end = this.text.selectionStart;
    const begin = end - (this.written?.length ?? 0);
    this.text.setRangeText(`${one.id} `, begin, end, 'end');
    this.text.dispatchEvent(new Event('input', { bubbles: true }));
    this.close();
  }

  private close(): void {
    this.list.hidden = true;
    this.text.removeAttribute('aria-activedescendant');
  }
}

/** Sends one file and shows how far it is; gives the sentence of a refusal, or nothing. */
function send(form: HTMLFormElement, file: File, progress: HTMLProgressElement): Promise<string> {
  const body = new FormData(form);
  body.delete('file');
  body.append('file', file, file.name);
  return new Promise((done) => {
    const request = new XMLHttpRequest();
    request.open('POST', form.action);
    request.setRequestHeader('Accept', 'application/json');
    request.responseType = 'json';
    const broken = said('连接中断，没有上传。请重试。', 'The connection broke and the file was not sent; try again.');
    let stalled = 0;
    const goesOn = (): void => {
      window.clearTimeout(stalled);
      stalled = window.setTimeout(() => request.abort(), STALLED);
    };
    request.upload.addEventListener('progress', (event) => { progress.max = event.total; progress.value = event.loaded; goesOn(); });
    request.addEventListener('loadend', () => window.clearTimeout(stalled));
    request.addEventListener('abort', () => done(broken));
    request.addEventListener('load', () => {
      const told = request.response as Told | null;
      const failed = said('没有上传成功，请重试。', 'The upload failed; try again.');
      done(request.status < 300 ? '' : (told?.files?.[0]?.sentence ?? told?.message ?? failed));
    });
    request.addEventListener('error', () => done(broken));
    request.send(body);
    goesOn();
  });
}

function line(list: HTMLElement, name: string): [HTMLElement, HTMLProgressElement] {
  const item = document.createElement('li');
  const progress = document.createElement('progress');
  progress.setAttribute('aria-label', name);
  item.append(`${name} `, progress);
  list.append(item);
  return [item, progress];
}

async function sendAll(form: HTMLFormElement, files: File[]): Promise<void> {
  const list = form.querySelector<HTMLElement>('[data-uploads]')!;
  const limit = Number(form.dataset.limit);
  let refused = 0;
  for (const file of files) {
    const [item, progress] = line(list, file.name);
    const size = (file.size / 1e6).toFixed(1);
    const tooLarge = said(`“${file.name}”有 ${size} MB，超过每个文件 ${limit / 1e6} MB 的上限，没有上传。`,
      `“${file.name}” has ${size} MB; the limit for one file is ${limit / 1e6} MB. It was not sent.`);
    const sentence = file.size > limit ? tooLarge : await send(form, file, progress);
    progress.remove();
    item.className = sentence ? 'is-refused' : 'is-kept';
    item.textContent = sentence || said(`${file.name} 已上传`, `${file.name} was added`);
    if (sentence) refused += 1;
  }
  if (refused < files.length) showNew(form, refused > 0);
}

/** The list with the new files is the server's to draw; what was refused stays readable. */
function showNew(form: HTMLFormElement, someRefused: boolean): void {
  // not where this is: a refused answer stands at an address that is no page
  const page = form.querySelector<HTMLInputElement>('input[name=page]')!.value;
  const place = document.querySelector('#documents .documents') ?? document.querySelector('#documents h2');
  void fetch(page).then((reply) => reply.text()).then((html) => {
    const fresh = new DOMParser().parseFromString(html, 'text/html').querySelector('#documents .documents');
    if (!fresh || !place) return;
    if (place.matches('.documents')) place.replaceWith(fresh);
    else place.after(fresh);
    if (!someRefused) document.querySelector<HTMLInputElement>('#upload-file')!.value = '';
  });
}

function upload(form: HTMLFormElement): void {
  const camera = form.querySelector<HTMLElement>('[data-camera]');
  const chosen = form.querySelector<HTMLInputElement>('input[name=file]')!;
  const taken = camera?.querySelector('input');
  if (camera && matchMedia('(pointer: coarse)').matches) camera.hidden = false;
  const begin = (files: FileList | null): void => {
    if (!files?.length) return;
    if (!isUploading()) form.querySelector('[data-uploads]')!.replaceChildren();
    void uploading(() => sendAll(form, [...files]));
  };
  taken?.addEventListener('change', () => begin(taken.files));
  chosen.addEventListener('change', () => begin(chosen.files));
  form.querySelector<HTMLElement>('[data-upload-button]')!.hidden = true;  // choosing is sending
  form.addEventListener('submit', (event) => { event.preventDefault(); begin(chosen.files); });
}

/** Goes to where a comment is written. */
export function writeComment(): boolean {
  const text = document.querySelector<HTMLTextAreaElement>('#comment-text');
  text?.focus();
  text?.scrollIntoView({ block: 'center' });
  return Boolean(text);
}

/** Sends the comment that is being written, if one is. */
export function sendComment(event: KeyboardEvent): boolean {
  const form = (event.target as HTMLElement).closest<HTMLFormElement>('form[data-comment]');
  form?.requestSubmit();
  return Boolean(form);
}

/** Brings comments and files of the page to life; without scripts they are plain forms. */
export function converse(): void {
  document.querySelectorAll<HTMLFormElement>('form[data-comment]').forEach((form) => {
    const text = form.querySelector('textarea')!;
    keepComment(form, text);
    new Picker(text, form.dataset.people ?? '');
  });
  document.querySelectorAll<HTMLFormElement>('form[data-upload]').forEach(upload);
}
