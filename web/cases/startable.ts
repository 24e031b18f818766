/** The start catalogue: narrows what is shown as the reader types; without script the form asks the server. */
function narrow(field: HTMLInputElement): void {
  const asked = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const choice of document.querySelectorAll<HTMLElement>(field.dataset.narrows ?? '')) {
    choice.hidden = !asked.every((word) => (choice.dataset.words ?? '').includes(word));
    shown += choice.hidden ? 0 : 1;
  }
  document.querySelector('[data-nothing]')?.toggleAttribute('hidden', shown > 0);
}

const field = document.querySelector<HTMLInputElement>('[data-narrows]');
field?.addEventListener('input', () => narrow(field));

export {};
