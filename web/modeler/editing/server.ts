/** What the editor asks of the server (docs/architecture.md, "Modelling: the editor's routes"). */
import { said } from '../../layout/islands/said';

export type Kind = 'process' | 'form' | 'decision' | 'scenario';
export interface Stored { name: string; title?: string; kind: Kind; revision: number; words: string; saved_by_name: string }
export interface Problem { file: string; code: string; severity: 'error' | 'warning'; element: string | null; path: string[]; zh: string; en: string }
export interface Other { user: string; name: string; words: string }
export interface Choice { id: string; name: string; name_en: string }
export type Choices = Record<'groups' | 'forms' | 'decisions' | 'processes' | 'operations' | 'topics' | 'lists' | 'calendars', Choice[]>;
export interface Draft { draft: { id: string; title: string; may_edit: boolean }; files: Stored[] }
/** A refusal, with who saved in between where that is the reason. */
export interface Refusal { code: string; message: string; who_name?: string; revision?: number | null }

const csrf = (): string => document.querySelector<HTMLMetaElement>('meta[name=csrf-token]')?.content ?? '';

/** Who is signed out by now is led to another page: that is no answer. */
export async function ask(address: string, options: RequestInit = {}): Promise<Response> {
  const reply = await fetch(address, { ...options, headers: { Accept: 'application/json', 'X-CSRF-Token': csrf(), ...options.headers } });
  if (reply.redirected) throw new Error(said('登录已过期。请重新登录，您填写的内容都还在。', 'You are signed out by now. Sign in again: what you entered is still there.'));
  return reply;
}

export async function told<T>(address: string, options: RequestInit = {}): Promise<T> {
  const reply = await ask(address, options);
  if (!reply.ok) throw new Error(((await reply.json()) as Refusal).message);
  return (await reply.json()) as T;
}

/** A file as it is stored; a refusal is none. */
export async function content(base: string, name: string): Promise<{ text: string; revision: number }> {
  const reply = await ask(`${base}/files/${encodeURIComponent(name)}`);
  if (!reply.ok) throw new Error(((await reply.json()) as Refusal).message);
  return { text: await reply.text(), revision: Number((reply.headers.get('ETag') ?? '').replace(/\D/g, '')) };
}

export function post<T>(address: string, body: object = {}): Promise<T> {
  return told<T>(address, { method: 'POST', body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } });
}
