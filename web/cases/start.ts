/** Starting a case: its form, and the machine that a serial number finds. */
import type { Form } from '@bpmn-io/form-js-viewer';
import { showForm } from '../layout/islands/form';

/** What `/machines` answers: words to show, and values for fields that are still empty. */
interface Found { html: string; values: Record<string, unknown> }

async function lookUp(form: Form, card: HTMLElement, serial: string): Promise<void> {
  const reply = await fetch(`/machines?serial=${encodeURIComponent(serial)}`, { credentials: 'same-origin' });
  if (!reply.ok) return;
  const found = (await reply.json()) as Found;
  card.innerHTML = found.html;
  const data = form._getState().data as Record<string, unknown>;
  const missing = Object.entries(found.values).filter(([key]) => data[key] === '' || data[key] === null || data[key] === undefined);
  if (missing.length) form._setState({ data: { ...data, ...Object.fromEntries(missing) } });
}

function watchSerial(form: Form, card: HTMLElement): void {
  let timer = 0;
  let last = '';
  form.on('changed', ({ data }: { data: Record<string, unknown> }) => {
    const serial = String(data[card.dataset.machine ?? ''] ?? '').trim();
    if (serial === last) return;
    last = serial;
    window.clearTimeout(timer);
    if (serial.length >= 4) timer = window.setTimeout(() => void lookUp(form, card, serial), 400);
    else card.replaceChildren();
  });
}

async function begin(): Promise<void> {
  const element = document.querySelector<HTMLFormElement>('form[data-form]');
  if (!element) return;
  const form = await showForm(element);
  const card = document.querySelector<HTMLElement>('[data-machine]');
  if (card) watchSerial(form, card);
}

void begin();
