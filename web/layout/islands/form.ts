/** A form-js form inside an ordinary HTML form: its values travel as JSON in the field `values`. */
import { createForm, type Form } from '@bpmn-io/form-js-viewer';
import '@bpmn-io/form-js-viewer/dist/assets/form-js.css';
import flatpickr from 'flatpickr';
import { Mandarin } from 'flatpickr/dist/l10n/zh.js';
import { DraftKeeper, findDraft } from './drafts';
import './form.css';
import { CHINESE } from './form-words';
import { isReachable, tellSending } from './network';

type Values = Record<string, unknown>;
interface Definition {
  schema: { components: unknown[]; [key: string]: unknown };
  data: Values;
  errors: Record<string, string[]>;
  decision: string | null;
}
interface Instance { id: string; valuePath: (string | number)[]; indexes?: Record<string, number> }
interface Instances { getAllKeyed(): Instance[] }

const chinese = document.documentElement.lang.startsWith('zh');

/** Replaces form-js's translate stub. */
function translate(template: string, facts: Record<string, unknown> = {}): string {
  const text = chinese ? (CHINESE[template] ?? template) : template;
  return text.replace(/{([^}]+)}/g, (_, name: string) => String(facts[name] ?? `{${name}}`));
}

function readTyped(key: string): Values | null {
  try {
    return JSON.parse(sessionStorage.getItem(`typed:${key}`) ?? 'null') as Values | null;
  } catch {
    return null;
  }
}

function remember(form: Form, key: string): void {
  sessionStorage.setItem(`typed:${key}`, JSON.stringify(form._getState().data));
}

function keepTyped(form: Form, key: string): void {
  let timer = 0;
  form.on('field.updated', () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => remember(form, key), 200);
  });
}

/** The draft on the server goes on from here; one that another device saved after this tab's last is a choice. */
function keepDraft(form: Form, element: HTMLFormElement, key: string, draft: Awaited<ReturnType<typeof findDraft>>, isFresh: boolean): DraftKeeper {
  const known = sessionStorage.getItem(`basis:${key}`);
  const keeper = new DraftKeeper(form, element, key, isFresh || draft?.saved_at === known ? draft : null);
  if (draft && isFresh) keeper.tellContinued(draft);
  else if (draft && draft.saved_at !== known && !('formTyped' in element.dataset)) keeper.tellNewer(draft);
  return keeper;
}

/** A field's place as the server names it: `customer`, or `parts[2].quantity` in a row. */
function placeOf(path: (string | number)[]): string {
  return path.map((part, at) => (typeof part === 'number' ? `[${part}]` : at ? `.${part}` : part)).join('');
}

/** Errors that the server found stand at their fields, as form-js's own do. */
function showErrors(form: Form, errors: Record<string, string[]>): void {
  const byId: Record<string, unknown> = {};
  for (const { id, valuePath, indexes } of form.get<Instances>('formFieldInstanceRegistry').getAllKeyed()) {
    const found = errors[placeOf(valuePath)];
    if (!found) continue;
    const rows = Object.values(indexes ?? {});
    if (!rows.length) byId[id] = found;
    else byId[id] = { ...(byId[id] as object | undefined), [String(rows[0])]: found };
  }
  if (Object.keys(byId).length) form._setState({ errors: byId });
}

/** form-js and its calendar write these placeholders themselves. */
function translated(placeholder: string): string {
  if (placeholder === 'Search') return '搜索';
  if (placeholder.startsWith('hh:mm')) return placeholder.replace('hh:mm', '时:分');
  if (!/^[ymd]+[^a-z]+[ymd]+[^a-z]+[ymd]+$/.test(placeholder)) return placeholder;  // in the order that the browser's locale has
  return placeholder.replace(/y+/, '年').replace(/m+/, '月').replace(/d+/, '日');
}

function translatePlaceholders(host: HTMLElement): void {
  if (!chinese) return;
  for (const input of host.querySelectorAll<HTMLInputElement>('input[placeholder]')) input.placeholder = translated(input.placeholder);
}

/**
 * Numbers as a Chinese keyboard gives them: full-width digits count, words beside them do not, and what is half composed is not
 * read. form-js makes "NaN" of all three, and writes it into the field.
 */
function readNumbers(host: HTMLElement): void {
  const numberOf = (event: Event): HTMLInputElement | null => {
    const input = event.target as HTMLInputElement;
    return input.closest('.fjs-form-field-number') ? input : null;
  };
  host.addEventListener('input', (event) => {
    const input = numberOf(event);
    if (!input) return;
    if ((event as InputEvent).isComposing) return event.stopPropagation();
    const read = input.value.normalize('NFKC').replaceAll('。', '.').replace(/[^\d.eE+-]/g, '');
    if (read !== input.value) input.value = read;
  }, true);
  host.addEventListener('compositionend', (event) => numberOf(event)?.dispatchEvent(new InputEvent('input', { bubbles: true })), true);
}

function firstRefused(host: HTMLElement): void {
  requestAnimationFrame(() => {
    const group = host.querySelector('.fjs-has-errors');
    group?.querySelector<HTMLElement>('input, textarea, select, [tabindex]')?.focus();
    group?.scrollIntoView({ block: 'center' });
  });
}

/** Gives what the form holds, or null when something in it must be put right first. */
function collect(form: Form, element: HTMLFormElement, decision: [string, string] | null): Values | null {
  (document.activeElement as HTMLElement | null)?.blur();
  if (decision) form._setState({ data: { ...form._getState().data, [decision[0]]: decision[1] } });
  const { data, errors } = form.submit();
  const said = element.querySelector<HTMLElement>('[data-form-says]');
  const refused = Object.keys(errors as object).length > 0;
  if (said) said.hidden = !refused;
  if (refused) {
    firstRefused(element);
    return null;
  }
  return decision ? { ...(data as Values), [decision[0]]: decision[1] } : (data as Values);
}

/**
 * What is typed is the form's state at once. With form-js' own delay (300 ms; the option is missing in its types) it is only in
 * the page, and a field beside it that changes meanwhile (a date, as it is left) draws the state again: without what was typed.
 */
const AT_ONCE = { debounce: false };

/** A decision is applied first and the form read when its answer has shown or hidden what depends on it. */
async function settled(form: Form, decision: [string, string] | null): Promise<void> {
  if (!decision) return;
  form._setState({ data: { ...form._getState().data, [decision[0]]: decision[1] } });
  await new Promise((done) => setTimeout(done, 60));
}

async function send(form: Form, element: HTMLFormElement, keeper: DraftKeeper, submitter: HTMLElement | null, key: string | null): Promise<void> {
  const answer = submitter?.getAttribute('name') === 'decision' ? submitter.getAttribute('value') : null;
  const decision: [string, string] | null = key && answer !== null ? [key, answer] : null;
  for (const button of element.querySelectorAll('button.answer')) button.classList.toggle('is-chosen', button === submitter);
  await settled(form, decision);
  const values = collect(form, element, decision);
  if (!values || element.dataset.sent || !isReachable(element)) return;
  remember(form, element.dataset.form ?? '');  // what is put back if it is refused is what is sent, however quickly
  element.dataset.sent = 'yes';
  tellSending(element);
  await keeper.rest();
  (element.elements.namedItem('values') as HTMLInputElement).value = JSON.stringify(values);
  element.submit();
}

/** Turns one `form[data-form]` into a living form; gives it back so that a page can add to it. */
export async function showForm(element: HTMLFormElement): Promise<Form> {
  const host = element.querySelector<HTMLElement>('[data-form-host]')!;
  const definition = JSON.parse(element.querySelector('[data-form-definition]')!.textContent ?? '{}') as Definition;
  if (chinese) flatpickr.localize(Mandarin);
  const key = element.dataset.form ?? '';
  const typed = readTyped(key);
  const draft = await findDraft(key);
  const isFresh = !typed && !('formTyped' in element.dataset);  // nothing newer came with the page or lies in this tab
  const form = await createForm({
    container: host,
    schema: definition.schema,
    data: { ...definition.data, ...(isFresh ? draft?.entries : {}), ...typed },
    additionalModules: [{ translate: ['value', translate] }],
    ...AT_ONCE,
  });
  host.querySelector('[data-form-waits]')?.remove();
  host.removeAttribute('aria-busy');
  if (typed) element.querySelector<HTMLElement>('[data-form-restored]')?.removeAttribute('hidden');
  if (Object.keys(definition.errors).length) {
    requestAnimationFrame(() => {
      showErrors(form, definition.errors);
      firstRefused(element);
    });
  }
  element.querySelectorAll<HTMLButtonElement>('[data-until-drawn]').forEach((button) => { button.disabled = false; });
  keepTyped(form, key);
  readNumbers(host);
  const keeper = keepDraft(form, element, key, draft, isFresh);
  requestAnimationFrame(() => translatePlaceholders(host));
  form.on('changed', () => { requestAnimationFrame(() => translatePlaceholders(host)); });  // a value returned here would stop the event
  element.addEventListener('submit', (event) => {
    event.preventDefault();
    void send(form, element, keeper, event.submitter, definition.decision);
  });
  return form;
}
