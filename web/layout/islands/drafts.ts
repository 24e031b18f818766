/** What is typed into a form is saved on the server as it is typed, and put back on the next visit. */
import type { Form } from '@bpmn-io/form-js-viewer';
import { said } from './said';

type Values = Record<string, unknown>;
/** What the server keeps; an empty object where it keeps nothing. */
interface Draft { entries?: Values; saved_at?: string; words?: string }

const QUIET = 800;  // milliseconds without a keystroke
const SETTLING = 1000;  // milliseconds that sending the form waits for a draft that is on its way
const PATIENCE = 3000;  // a slow network must not hold the form back
const LOST = 20_000;  // milliseconds after which a draft that was sent counts as lost
const AGAIN = 10_000;  // milliseconds until one that was not taken is sent again

export function subjectOf(key: string): string {
  return key.startsWith('start-') ? `start:${key.slice('start-'.length)}` : key;
}

/** The reader's draft, null where there is none or the server did not answer in time. */
export async function findDraft(key: string): Promise<Draft | null> {
  try {
    const reply = await fetch(address(key), { headers: { Accept: 'application/json' }, signal: AbortSignal.timeout(PATIENCE) });
    const found = reply.ok ? ((await reply.json()) as Draft) : {};
    return found.entries ? found : null;
  } catch {
    return null;
  }
}

/** The same text for the same entries, in whatever order their fields stand. */
function canonical(entries: unknown): string {
  return JSON.stringify(entries, (_, value: unknown) => (value && typeof value === 'object' && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1))) : value)) ?? '';
}

function address(key: string): string {
  return `/drafts?subject=${encodeURIComponent(subjectOf(key))}`;
}

/** Saves one form's draft; `basis` is when the draft was saved that this page knows. */
export class DraftKeeper {
  private basis: string;
  private timer = 0;
  private isDirty = false;
  private isAtRest = false;
  private saving: Promise<unknown> = Promise.resolve();
  private readonly sent = new Set<string>();  // what this page sent and got no answer to: the server may have it
  private readonly line = document.createElement('p');

  constructor(private readonly form: Form, private readonly element: HTMLFormElement, private readonly key: string, known: Draft | null) {
    this.basis = known?.saved_at ?? sessionStorage.getItem(`basis:${key}`) ?? '';
    this.line.className = 'draft-line';
    this.line.setAttribute('role', 'status');
    element.querySelector('[data-form-host]')?.after(this.line);
    form.on('field.updated', () => this.touched());
    window.addEventListener('online', () => { if (this.isDirty) void this.save(); });
    document.addEventListener('visibilitychange', () => { if (document.hidden && this.isDirty) void this.save(); });
  }

  /** Says that the words on the page are those of a draft, with the way to begin again. */
  tellContinued(draft: Draft): void {
    this.element.querySelector('[data-form-host]')?.before(this.line);
    this.say(said(`已接着 ${draft.words} 的草稿。`, `Continued from your draft of ${draft.words}.`),
      [said('重新填写', 'Start afresh'), () => void this.startAfresh()]);
  }

  /** Another device saved later than this page: the reader chooses. */
  tellNewer(draft: Draft): void {
    window.clearTimeout(this.timer);
    this.element.querySelector('[data-form-host]')?.before(this.line);
    this.say(said(`您在别处于 ${draft.words} 保存了更新的草稿。`, `A newer draft of yours was saved elsewhere at ${draft.words}.`),
      [said('用那一份', 'Take that one'), () => this.take(draft)],
      [said('用这一份', 'Keep this one'), () => void this.save(true)]);
  }

  /** Saves nothing from here on, so that no draft arrives after the form was taken and its draft forgotten. */
  async rest(): Promise<void> {
    window.clearTimeout(this.timer);
    this.isAtRest = true;
    await Promise.race([this.saving, new Promise((done) => setTimeout(done, SETTLING))]);
  }

  async startAfresh(): Promise<void> {
    await this.rest();
    const reply = await this.send('DELETE').catch(() => null);
    if (!reply?.ok) {
      this.isAtRest = false;
      return this.tellUnsaved();
    }
    sessionStorage.removeItem(`typed:${this.key}`);
    sessionStorage.removeItem(`basis:${this.key}`);
    location.reload();
  }

  async save(overrides = false): Promise<void> {
    window.clearTimeout(this.timer);
    if (this.isAtRest) return;
    const keep = (): Promise<void> => this.keep(overrides);
    this.saving = document.hidden ? keep() : this.saving.then(keep);  // the next one names the draft that this one makes
    await this.saving;
  }

  private async keep(overrides: boolean): Promise<void> {
    if (this.isAtRest) return;
    this.isDirty = false;
    const entries = this.form._getSubmitData() as Values;
    this.sent.add(canonical(entries));
    const reply = await this.send('PUT', { entries, basis: this.basis, overrides }).catch(() => null);
    if (reply?.ok) return this.saved((await reply.json()) as Draft);
    if (reply?.status !== 409) return this.tellUnsaved(reply?.status);
    const other = (await reply.json()) as Draft;
    if (!this.sent.has(canonical(other.entries))) return this.tellNewer(other);
    this.know(other);  // it is this page's own, whose answer was late or lost
    await this.keep(overrides);
  }

  private touched(): void {
    this.isDirty = true;
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.save(), QUIET);
  }

  private take(draft: Draft): void {
    this.know(draft);
    this.form._setState({ data: { ...this.form._getState().data, ...draft.entries } });
    this.tellContinued(draft);
  }

  private saved(draft: Draft): void {
    this.sent.clear();
    this.know(draft);
    this.element.querySelector('[data-form-host]')?.after(this.line);
    if (!this.isDirty) this.say(said(`草稿已保存 ${draft.words}`, `Draft saved ${draft.words}`));
  }

  private know(draft: Draft): void {
    this.basis = draft.saved_at ?? '';
    sessionStorage.setItem(`basis:${this.key}`, this.basis);
  }

  private tellUnsaved(status?: number): void {
    this.isDirty = true;
    if (status === 401) return this.say(said('登录已过期：内容保留在此浏览器中，提交时会请您重新登录。', 'Your session has ended: the words are kept in this browser; you will sign in again when you send them.'));
    if (status && status < 500) return this.say(said('此页面已过期，草稿无法保存。内容保留在此浏览器中：请重新载入页面。', 'This page is out of date and no draft is saved. The words are kept in this browser: load the page again.'));
    this.say(said('暂时无法保存到服务器：内容保留在此浏览器中，恢复连接后自动保存。', 'Not saved on the server: the words are kept in this browser and saved when the connection is back.'));
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.save(), AGAIN);
  }

  private say(words: string, ...choices: [string, () => void][]): void {
    this.line.replaceChildren(words, ...choices.map(([label, act]) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.className = 'btn btn-link';
      button.textContent = label;
      button.addEventListener('click', act);
      return button;
    }));
  }

  private send(method: string, body?: object): Promise<Response> {
    const csrf = this.element.querySelector<HTMLInputElement>('input[name=csrf]')?.value ?? '';
    return fetch(address(this.key), {
      method, keepalive: document.hidden, body: body && JSON.stringify(body), signal: AbortSignal.timeout(LOST),
      headers: { 'Content-Type': 'application/json', Accept: 'application/json', 'X-CSRF-Token': csrf },
    });
  }
}
