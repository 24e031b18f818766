/** The page of proof: verifies all cases slice by slice, shows how far it is, and lists what does not agree. */
import { said } from '../layout/islands/said';

interface Found { chain: string; address: string; seq: number | null; words: string; detail: string }
interface Slice { done: number; number: number; after: string | null; findings: Found[] }

const button = document.querySelector<HTMLButtonElement>('[data-verify]');
const shown = document.querySelector<HTMLElement>('[data-verified]');

async function ask<T>(query: string): Promise<T> {
  const answer = await fetch(`${button?.dataset.verify ?? ''}?${query}`, { headers: { Accept: 'application/json' } });
  if (!answer.ok) throw new Error(String(answer.status));
  return await answer.json() as T;
}

function list(found: Found[]): void {
  const table = shown?.querySelector<HTMLElement>('[data-findings]');
  const body = table?.querySelector('tbody');
  if (!table || !body || !found.length) return;
  table.hidden = false;
  for (const each of found) {
    const row = body.insertRow();
    const chain = document.createElement(each.address ? 'a' : 'span');
    if (chain instanceof HTMLAnchorElement) chain.href = each.address;
    chain.textContent = each.chain || '—';
    row.insertCell().append(chain);
    for (const text of [String(each.seq ?? '—'), each.words]) row.insertCell().textContent = text;
    const detail = document.createElement('span');
    detail.className = 'problem-where text-secondary';
    detail.lang = 'en';
    detail.textContent = each.detail;
    row.cells[2]?.append(document.createElement('br'), detail);
    row.cells[2]?.classList.add('wide');
  }
}

function tell(text: string): void {
  const place = shown?.querySelector('[data-result]');
  if (place) place.textContent = text;
}

async function verify(): Promise<void> {
  if (!button || !shown) return;
  const bar = shown.querySelector('progress');
  const count = shown.querySelector('[data-count]');
  shown.querySelector('tbody')?.replaceChildren();
  shown.hidden = false;
  button.disabled = true;
  tell(said('正在校验……', 'Verifying …'));
  let faults = 0;
  try {
    for (let after: string | null = ''; after !== null;) {
      const slice: Slice = await ask<Slice>(`after=${encodeURIComponent(after)}`);
      list(slice.findings);
      faults += slice.findings.length;
      if (bar) { bar.max = Math.max(slice.number, 1); bar.value = slice.done; }
      if (count) count.textContent = `${slice.done} / ${slice.number}`;
      after = slice.after;
    }
    const rest = await ask<{ findings: Found[] }>('rest=1');
    list(rest.findings);
    faults += rest.findings.length;
    tell(faults ? said(`发现 ${faults} 处不符，每处列出第一条有问题的记录。`, `${faults} disagreements; each with its first bad row.`)
      : said('全部一致：所有工单及其任务、步骤、留言和文件，抽样结论，其他链，流程图，查阅日志和检查点。',
        'Everything agrees: all cases with their tasks, steps, comments and files, judgements of samples, other chains, diagrams, the log of who looked and checkpoints.'));
  } catch {
    tell(said('校验中断，请稍后再试。', 'The verification was interrupted. Try again later.'));
  }
  button.disabled = false;
}

button?.addEventListener('click', () => void verify());
