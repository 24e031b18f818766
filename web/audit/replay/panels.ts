/** What stands beside the film: the event with who intervened and why, what is known with what changed, instances of many. */
import { said } from '../../layout/islands/said';
import type { Film } from './record';
import type { Change, Entry, Frame, Many, Standing } from './standing';

function part<K extends keyof HTMLElementTagNameMap>(tag: K, className: string, ...inside: (Node | string)[]): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...inside);
  return made;
}

const NOTHING = '—';
const STATES: Record<string, string> = {
  now: said('办理中', 'in progress'), left: said('已完成', 'done'), cancelled: said('已撤回', 'withdrawn'),
  incident: said('故障', 'incident'),
};

/** The event: what, who, when; what moved; an intervention with its reason and before and after. */
export function tellEvent(root: HTMLElement, film: Film, place: number, frame: Frame, standing: Standing, words: { moment: string; state: string }): void {
  const isIntervention = film.isIntervention(place);
  const head = part('h2', '', `${film.seq(place)} · ${film.what(place)}`);
  if (isIntervention) head.prepend(part('span', 'tag tag-intervention', `⚑ ${said('干预', 'Intervention')}`), ' ');
  if (film.deadlines.has(place)) head.prepend(part('span', 'tag tag-danger', `◔ ${said('错过期限', 'Deadline missed')}`), ' ');
  root.classList.toggle('is-intervention', isIntervention);
  const found: Node[] = [head, part('p', 'film-who num', `${film.who(place)} · ${words.moment}`)];
  if (frame.loss) found.push(part('p', 'notice notice-warning', lossWords(frame.loss)));
  else if (!standing.isCertain) {
    found.push(part('p', 'notice notice-warning', said('此前有事件的明细已销毁：办理位置尽量还原，填写的内容可能不全。',
      'The details of an earlier event were destroyed: positions are restored as far as possible, entries may be incomplete.')));
  }
  if (frame.reason) found.push(part('p', 'film-reason', `${said('原因：', 'Reason: ')}${frame.reason}`));
  if (isIntervention || frame.facts.some(({ before, after }) => before !== null && after !== null)) {
    if (frame.facts.length) found.push(factTable(frame));
  } else {
    found.push(...frame.facts.map(({ label, before, after }) => part('p', 'film-said', `${label}${said('：', ': ')}${after ?? before ?? NOTHING}`)));
  }
  const moved = movedWords(film, place, frame);
  if (moved.length) found.push(part('ul', 'film-moves', ...moved.map((text) => part('li', '', text))));
  for (const many of standing.many.values()) found.push(manyList(film, place, many));
  const link = part('a', '', said('在此重算状态', 'Recompute the state here'));
  link.href = `${words.state}?at=${film.seq(place)}`;
  found.push(part('p', 'film-more', link));
  root.replaceChildren(...found);
}

function lossWords(loss: string): string {
  return loss === 'destroyed'
    ? said('此事件的明细已按决定销毁。谁、何时、做了什么仍在记录中；办理位置取自办理轨迹。',
      'The details of this event were destroyed by a decision. Who did what and when is still on the record; positions come from the list of activities.')
    : said('此事件的明细缺失，且没有销毁决定：请到“证明”核对记录。',
      'The details of this event are missing, and no decision to destroy them is known: verify the record.');
}

function factTable(frame: Frame): HTMLElement {
  const head = part('tr', '', ...['', said('之前', 'Before'), said('之后', 'After')].map((text) => part('th', '', text)));
  head.querySelectorAll('th').forEach((cell) => { cell.scope = 'col'; });
  const first = head.firstElementChild;
  first?.append(part('span', 'visually-hidden', said('项目', 'What')));
  const rows = frame.facts.map(({ label, of, before, after }) => {
    const name = part('th', '', of ? said(`${label}（${of}）`, `${label} (${of})`) : label);
    name.scope = 'row';
    return part('tr', '', name, part('td', 'before-after', before ?? NOTHING), part('td', 'before-after film-after', after ?? NOTHING));
  });
  return part('table', 'film-facts', part('thead', '', head), part('tbody', '', ...rows));
}

function movedWords(film: Film, place: number, frame: Frame): string[] {
  const names = (kind: string): string[] => [...new Set(frame.moves
    .filter(([what, , , , , type]) => what === kind && !type.endsWith('Gateway'))
    .map(([, process, element]) => film.name(place, process, element)))];
  const told: [string[], string][] = [[names('left'), said('完成', 'Left')], [names('cancelled'), said('撤回', 'Withdrawn')],
    [names('incident'), said('停在', 'Stopped at')], [names('entered').filter((one) => !names('left').includes(one)), said('进入', 'Entered')]];
  return told.filter(([found]) => found.length).map(([found, words]) => `${words}${said('：', ': ')}${found.join(said('、', ', '))}`);
}

function manyList(film: Film, place: number, many: Many): HTMLElement {
  const states = [...many.states.values()];
  const done = states.filter((state) => state === 'left').length;
  const title = part('h3', 'film-many-title', `${film.name(place, many.process, many.element)} · ${done} / ${states.length}`);
  const rows = [...many.states].sort(([one], [other]) => one - other).map(([index, state]) =>
    part('li', `film-one film-one-${state}`, `${index + 1} ${STATES[state] ?? state}`));
  return part('div', 'film-many', title, part('ul', '', ...rows));
}

/** What is known behind the event: first what it changed, with what was there before. */
export function tellKnown(root: HTMLElement, film: Film, place: number, frame: Frame, standing: Standing): void {
  const changed = new Map(frame.changed.map((one) => [`${one.scope}\n${one.name}`, one]));
  const gone = frame.changed.filter((one) => one.after === null);
  const rows = [...standing.variables].map(([key, entry]) => ({ entry, change: changed.get(key) }))
    .filter(({ entry, change }) => change || entry.value !== NOTHING);
  rows.sort((one, other) => Number(!one.change) - Number(!other.change) || one.entry.scope - other.entry.scope);
  const scopes = (scope: number): string => {
    const token = standing.tokens.get(scope);
    return scope === 1 || !token ? '' : film.name(place, token.process, token.element);
  };
  const body = part('tbody', '', ...rows.map(({ entry, change }) => entryRow(entry, scopes(entry.scope), change)), ...gone.map(goneRow));
  const count = frame.changed.length;
  const told = part('p', 'text-secondary film-changed', count ? said(`此事件改动了 ${count} 项。`, `This event changed ${count} ${count === 1 ? 'entry' : 'entries'}.`)
    : said('此事件没有改动内容。', 'This event changed no entry.'));
  root.replaceChildren(told, part('table', 'film-entries', body));
}

function entryRow(entry: Entry, where: string, change: Change | undefined): HTMLElement {
  const name = part('th', '', entry.label, ...(where ? [part('small', '', ` ${where}`)] : []));
  name.scope = 'row';
  const value = part('td', '', ...(change?.before ? [part('del', '', change.before), ' → '] : []), part('span', '', entry.value));
  if (change) value.prepend(part('span', 'tag', change.before === null ? said('新', 'new') : said('改', 'changed')), ' ');
  return part('tr', change ? 'is-changed' : '', name, value);
}

function goneRow(change: Change): HTMLElement {
  const name = part('th', '', change.label);
  name.scope = 'row';
  return part('tr', 'is-gone', name, part('td', '', part('span', 'tag', said('随范围结束', 'ended with its scope')), ' ', part('del', '', change.before ?? NOTHING)));
}
