/** The columns as a dialog over the list; its buttons move a column at once. Without scripts it is a page of its own. */

function step(button: HTMLButtonElement): void {
  const item = button.closest('li');
  const other = button.name === 'up' ? item?.previousElementSibling : item?.nextElementSibling;
  if (!item || !other) return;
  if (button.name === 'up') other.before(item);
  else other.after(item);
  button.focus();
}

async function open(link: HTMLAnchorElement): Promise<void> {
  const reply = await fetch(link.href, { signal: AbortSignal.timeout(10_000) });
  const page = new DOMParser().parseFromString(await reply.text(), 'text/html');
  const panel = page.querySelector('[data-columns-panel]');
  if (!panel) throw new Error('columns');
  const dialog = document.createElement('dialog');
  dialog.className = 'sheet';
  dialog.setAttribute('aria-labelledby', 'columns-title');
  dialog.append(...panel.childNodes);
  dialog.addEventListener('close', () => {
    dialog.remove();
    link.focus();
  });
  dialog.addEventListener('click', (event) => {
    const target = event.target as HTMLElement;
    const mover = target.closest<HTMLButtonElement>('button[name=up], button[name=down]');
    if (mover) step(mover);
    if (target === dialog || target.closest('[data-close]')) dialog.close();
    if (mover || target.closest('[data-close]')) event.preventDefault();
  });
  document.body.append(dialog);
  dialog.showModal();
}

export function columns(): void {
  const link = document.querySelector<HTMLAnchorElement>('[data-columns]');
  link?.addEventListener('click', (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open(link).catch(() => { window.location.href = link.href; });
  });
}
