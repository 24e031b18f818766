/** State by replay: follows the comparison line by line as the server makes it, and shows its outcome. */
import './film.css';
import { said } from '../layout/islands/said';

interface Line { equal: number; total: number; done?: boolean; html?: string }

async function* lines(address: string): AsyncGenerator<Line> {
  const reply = await fetch(address, { credentials: 'same-origin' });
  if (!reply.ok || !reply.body) throw new Error(`comparison: ${reply.status}`);
  const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    rest += value ?? '';
    const whole = rest.split('\n');
    rest = whole.pop() ?? '';
    for (const one of whole) yield JSON.parse(one) as Line;
    if (done) return;
  }
}

async function follow(root: HTMLElement): Promise<void> {
  const find = <T extends HTMLElement>(name: string): T => root.querySelector<T>(`[data-recomputing-${name}]`) as T;
  const works = find('works');
  works.hidden = false;
  let isDone = false;
  for await (const line of lines(root.dataset.source ?? '')) {
    find<HTMLProgressElement>('bar').value = line.equal;
    find('words').textContent = said(`已比较 ${line.equal} / ${line.total} 个状态`, `${line.equal} of ${line.total} states compared`);
    if (!line.done) continue;
    isDone = true;
    works.hidden = true;
    find('outcome').innerHTML = line.html ?? '';  // a template of ours, escaped by the server
  }
  if (!isDone) throw new Error('comparison: broken off');
}

document.querySelectorAll<HTMLElement>('[data-recomputing]').forEach((root) => {
  follow(root).catch(() => {
    const told = root.querySelector<HTMLElement>('[data-recomputing-outcome]');
    if (!told) return;
    told.className = 'notice notice-danger';
    told.setAttribute('role', 'alert');
    told.textContent = root.dataset.failed ?? '';
  }).finally(() => { root.setAttribute('aria-busy', 'false'); });
});
