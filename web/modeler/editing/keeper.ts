/** Saves one file as it is changed: on the server with its revision, and in this browser until the server has it. */
import { said } from '../../layout/islands/said';
import { ask, type Refusal, type Stored } from './server';

const QUIET = 1000;  // milliseconds without a change
const AGAIN = 5000;  // milliseconds until another try where the server was not reached

/** What this browser keeps: the text, and the revision that it was made from, null where somebody took the file out since. */
interface Kept { text: string; revision: number | null }

export class Keeper {
  private timer = 0;
  private sending: Promise<void> | null = null;
  private isStopped = false;

  constructor(private readonly base: string, private readonly session: () => string, public file: Stored,
    private readonly text: () => Promise<string | null>, private readonly say: (words: string, ...ways: [string, () => void][]) => void) {
    window.addEventListener('online', () => { if (this.kept()) void (this.isStopped ? this.sendKept() : this.save()); });
    document.addEventListener('visibilitychange', () => { if (document.hidden && this.timer) void this.save(); });
  }

  /** What an earlier visit could not save. */
  kept(): Kept | null {
    const found = localStorage.getItem(this.place());
    return found ? (JSON.parse(found) as Kept) : null;
  }

  touched(): void {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.save(), QUIET);
  }

  stop(): void {
    window.clearTimeout(this.timer);
    this.timer = 0;
    this.isStopped = true;
  }

  /** Send what was changed and not sent yet, before another file is shown. What was not changed is not saved: who looks is no author. */
  async flush(): Promise<void> {
    await this.sending;
    if (this.timer) await this.save();
  }

  /** Send what is on the screen; `over` is a revision of somebody else that is to be replaced, null the file that they took out. */
  async save(over?: number | null): Promise<void> {
    window.clearTimeout(this.timer);
    this.timer = 0;
    await this.sending;
    if (this.isStopped) return;
    this.sending = this.send(over === undefined ? this.file.revision : over).finally(() => { this.sending = null; });
    await this.sending;
  }

  private async send(revision: number | null): Promise<void> {
    const text = await this.text();
    if (text === null) return;  // a person is asked first
    this.keep({ text, revision });
    this.say(said('正在保存……', 'Saving …'));
    await this.answered(await this.put(text, revision).catch(() => null), text);
  }

  /** What could not be sent before another file was shown; where somebody else saved in between, it waits until this file is shown again. */
  private async sendKept(): Promise<void> {
    const kept = this.kept();
    const reply = kept && await this.put(kept.text, kept.revision).catch(() => null);
    if (reply?.ok && this.kept()?.text === kept?.text) localStorage.removeItem(this.place());
  }

  /** A browser without room keeps nothing; the server still gets it. */
  private keep(kept: Kept): void {
    try { localStorage.setItem(this.place(), JSON.stringify(kept)); } catch { localStorage.removeItem(this.place()); }
  }

  private put(text: string, revision: number | null): Promise<Response> {
    return ask(`${this.base}/files/${encodeURIComponent(this.file.name)}`, {
      method: 'PUT', body: text, keepalive: document.hidden && text.length < 60_000,
      headers: { ...(revision === null ? { 'If-None-Match': '*' } : { 'If-Match': `"${revision}"` }), 'X-Model-Session': this.session(), 'Content-Type': 'application/octet-stream' },
    });
  }

  private async answered(reply: Response | null, sent: string): Promise<void> {
    if (!reply || reply.status >= 500) return this.tellOffline();
    if (reply.ok) {
      this.file = (await reply.json()) as Stored;
      if (this.kept()?.text === sent) localStorage.removeItem(this.place());
      return this.say(said(`已保存 ${this.file.words}`, `Saved ${this.file.words}`));
    }
    const refusal = (await reply.json()) as Refusal;
    if (refusal.code === 'model_changed' && refusal.revision !== undefined) return this.tellChanged(refusal, refusal.revision);
    this.say(said(`没有保存：${refusal.message}`, `Not saved: ${refusal.message}`));
  }

  private tellOffline(): void {
    this.say(said('没有连接：内容保留在此浏览器中，恢复后自动保存', 'Offline: kept in this browser, saved when the connection is back'));
    this.timer = window.setTimeout(() => void this.save(), AGAIN);
  }

  private tellChanged(refusal: Refusal, revision: number | null): void {
    const who = refusal.who_name ?? '';
    this.say(revision === null ? said(`${who}已把这个文件移出草稿`, `${who} took this file out of the draft`) : said(`${who}已另外保存过`, `${who} saved in between`),
      [said('看对方的', 'Take theirs'), () => this.takeTheirs()],
      [said('用我的', 'Keep mine'), () => void this.save(revision)]);
  }

  private takeTheirs(): void {
    if (!window.confirm(said('您尚未保存的修改将不再保留，改用对方的？', 'Your unsaved changes are not kept. Take theirs?'))) return;
    localStorage.removeItem(this.place());
    this.stop();
    location.reload();
  }

  private place(): string {
    return `model:${this.base}:${this.file.name}`;
  }
}
