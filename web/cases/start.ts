/** Starting a case: its form, and the machine that a serial number finds. */
import type { Form } from '@bpmn-io/form-js-viewer';
import { showForm } from '../layout/islands/form';

/** What `/machines` answers: words to show, and values for fields that are still empty. */
interface Found { html: string; values: Record<string, unknown> }

type Data = Record<string, unknown>;

function isEmpty(value: unknown): boolean {
  return value === '' || value === null || value === undefined;
}

/** Watches the serial number: shows what is on record of the machine and fills in what nobody filled in by hand. */
class MachineCard {
  private timer = 0;
  private serial = '';
  private taken: Data = {};  // what came from the record of the machine that was found last

  constructor(private readonly form: Form, private readonly card: HTMLElement) {
    form.on('changed', ({ data }: { data: Data }) => this.look(String(data[card.dataset.machine ?? ''] ?? '').trim()));
  }

  /** A card of another number is gone at once: nobody shall read it as this one's. */
  private look(serial: string): void {
    if (serial === this.serial) return;
    this.serial = serial;
    window.clearTimeout(this.timer);
    this.card.replaceChildren();
    if (serial.length >= 4) this.timer = window.setTimeout(() => void this.ask(serial), 400);
  }

  private async ask(serial: string): Promise<void> {
    const reply = await fetch(`/machines?serial=${encodeURIComponent(serial)}`, { credentials: 'same-origin' }).catch(() => null);
    const found = reply?.ok ? ((await reply.json()) as Found) : null;
    if (!found || serial !== this.serial) return;  // an answer that came late
    this.card.innerHTML = found.html;
    this.fill(found.values);
  }

  /** What came from another machine's record and was left as it came goes, so that no customer stands with a wrong serial number. */
  private fill(values: Data): void {
    const data = { ...(this.form._getState().data as Data) };
    for (const [key, value] of Object.entries(this.taken)) if (data[key] === value) delete data[key];
    this.taken = Object.fromEntries(Object.entries(values).filter(([key, value]) => isEmpty(data[key]) || data[key] === value));
    this.form._setState({ data: { ...data, ...this.taken } });
  }
}

async function begin(): Promise<void> {
  const element = document.querySelector<HTMLFormElement>('form[data-form]');
  if (!element) return;
  const form = await showForm(element);
  const card = document.querySelector<HTMLElement>('[data-machine]');
  if (card) new MachineCard(form, card);
}

void begin();
