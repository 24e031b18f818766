/** A slow network, or none, or files on their way: said at the form that was to be sent, which stays as it is. */
import { said } from './said';

const SLOW = 800;  // milliseconds without an answer after which it is said that the form is on its way
const LONG = 20_000;  // and after which one that is not done twice may be sent again
const UPLOADED = 'fuwuflow:uploaded';
let waiting: number[] = [];
let uploads = 0;

export function isUploading(): boolean {
  return uploads > 0;
}

/** Runs an upload; until it is over no form of the page is sent, and the browser asks before the page is left. */
export async function uploading(work: () => Promise<void>): Promise<void> {
  uploads += 1;
  window.addEventListener('beforeunload', askFirst);
  try {
    await work();
  } finally {
    uploads -= 1;
    if (!uploads) window.removeEventListener('beforeunload', askFirst);
    if (!uploads) document.dispatchEvent(new CustomEvent(UPLOADED));
  }
}

function askFirst(event: BeforeUnloadEvent): void {
  event.preventDefault();
}

function say(form: HTMLFormElement, words: string, role: 'alert' | 'status'): HTMLElement {
  form.querySelector('[data-network]')?.remove();
  const line = document.createElement('p');
  line.className = role === 'alert' ? 'notice notice-warning' : 'notice notice-info';
  line.dataset.network = '';
  line.setAttribute('role', role);
  line.textContent = words;
  form.append(line);
  return line;
}

/** Whether the form can be sent now; without a network, or while files are on their way, a sentence stands at it meanwhile. */
export function isReachable(form: HTMLFormElement): boolean {
  form.querySelector('[data-network]')?.remove();
  if (isUploading()) {  // leaving the page now would lose them
    const line = say(form, said('照片或文件还在上传，传完后请再按一次。', 'Files are still on their way; press again when they have arrived.'), 'alert');
    document.addEventListener(UPLOADED, () => line.remove(), { once: true });
    return false;
  }
  if (navigator.onLine) return true;
  const line = say(form, said('没有网络，还没有提交。填写的内容都在；恢复连接后请再按一次。',
    'No network: nothing was sent. What you typed is still here; press again when the connection is back.'), 'alert');
  window.addEventListener('online', () => line.remove(), { once: true });
  return false;
}

/** Says that a sent form is on its way; one with an idempotency key can be sent again when no answer comes at all. */
export function tellSending(form: HTMLFormElement): void {
  waiting.push(window.setTimeout(() => say(form, said('正在提交……', 'Sending …'), 'status'), SLOW));
  if (!form.elements.namedItem('idempotency_key')) return;
  waiting.push(window.setTimeout(() => {
    delete form.dataset.sent;
    say(form, said('还没有应答。可以再按一次：不会办理两次。', 'No answer yet. You may press again: it is not done twice.'), 'alert');
  }, LONG));
}

/** Back on a page that was left: nothing of it is on its way any more. */
export function tellNothing(): void {
  waiting.forEach((timer) => window.clearTimeout(timer));
  waiting = [];
  document.querySelectorAll('[data-network]').forEach((line) => line.remove());
}
