/** The task page: its form, drafts, what was entered before, comments and files, keys, and the small diagram. */
import '../layout/islands/task.css';
import '../layout/islands/diagram.css';
import { converse, sendComment, writeComment } from '../layout/islands/conversation';
import { shortcuts } from '../layout/islands/keys';
import { said } from '../layout/islands/said';

/** Sends the comment that is being written, else completes the task, or leads to its answers where there are several. */
function complete(event: KeyboardEvent): void {
  if (sendComment(event)) return;
  const form = document.querySelector<HTMLFormElement>('form#complete');
  const answers = form?.querySelectorAll<HTMLElement>('.answer');
  if (answers?.length) answers[0]!.focus();
  else form?.querySelector<HTMLElement>('.actions button')?.click();
}

function go(selector: string): boolean {
  const found = document.querySelector<HTMLElement>(selector);
  found?.click();
  return Boolean(found);
}

/** Beside the form where there is room; on a phone they stay closed. */
function openEntered(): void {
  if (!matchMedia('(min-width: 768px)').matches) return;
  document.querySelectorAll<HTMLDetailsElement>('details[data-wide-open]').forEach((one) => { one.open = true; });
}

function copies(): void {
  document.querySelectorAll<HTMLElement>('[data-copy]').forEach((button) => {
    button.hidden = false;
    button.addEventListener('click', () => {
      const words = document.getElementById(button.dataset.copy ?? '')?.innerText ?? '';
      void navigator.clipboard.writeText(words).then(() => { button.textContent = button.dataset.copied ?? ''; });
    });
  });
}

/** form-js comes only with a form. */
async function forms(): Promise<void> {
  const found = [...document.querySelectorAll<HTMLFormElement>('form[data-form]')];
  if (!found.length) return;
  const { showForm } = await import('../layout/islands/form');
  await Promise.all(found.map(showForm));
}

/** The diagram viewer comes once a diagram comes near the window: on a phone, where it stands last, rarely. */
function diagrams(): void {
  const hosts = document.querySelectorAll<HTMLElement>('[data-diagram]');
  const watcher = new IntersectionObserver((entries) => {
    if (!entries.some((one) => one.isIntersecting)) return;
    watcher.disconnect();
    import('../layout/islands/diagram').then(({ showDiagrams }) => { showDiagrams(); })
      .catch(() => { hosts.forEach((host) => { host.textContent = host.dataset.failed ?? ''; }); });
  }, { rootMargin: '200px' });
  hosts.forEach((host) => { watcher.observe(host); });
}

/** A script that did not come is said where the form would stand. */
function lost(): void {
  document.querySelectorAll<HTMLElement>('[data-form-waits]').forEach((place) => {
    place.textContent = said('表单没有载入：网络中断或太慢。请重新载入页面；已输入的内容保留着。',
      'The form did not arrive: the network is down or too slow. Load the page again; what you typed is kept.');
    place.setAttribute('role', 'alert');
    place.closest('[aria-busy]')?.removeAttribute('aria-busy');
  });
}

shortcuts([
  { keys: 'Ctrl+Enter', words: said('完成任务（或转到各个答案）', 'Complete the task (or go to its answers)'), act: complete },
  { keys: 'c', words: said('领取', 'Claim'), act: () => go('form[data-claim] button') },
  { keys: 'm', words: said('留言', 'Comment'), act: writeComment },
  { keys: 'n', words: said('下一项任务', 'Next task'), act: () => go('a[data-next]') },
  { keys: 'b', words: said('返回待办', 'Back to the inbox'), act: () => go('.crumbs a, a[data-inbox]') },
]);
openEntered();
copies();
converse();
diagrams();
forms().catch(lost);
