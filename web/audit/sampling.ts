/** Samples: parts of the draw form that follow what is typed, and the keyboard on a sample and on a checklist. */
import 'htmx.org';
import { shortcuts } from '../layout/islands/keys';
import { said } from '../layout/islands/said';
import './sampling.css';

const form = document.querySelector<HTMLFormElement>('[data-checklist]');
const questions = [...document.querySelectorAll<HTMLElement>('[data-question]')];
const rows = [...document.querySelectorAll<HTMLElement>('[data-cases] tbody tr')];

function follow(link: HTMLAnchorElement | null | undefined): void {
  if (link) window.location.assign(link.href);
}

/** Which of several holds the focus; -1 if none does. */
function at(parts: HTMLElement[]): number {
  return parts.findIndex((part) => part.contains(document.activeElement));
}

/** Moves the focus to the question `to`: to its answer, else to its first. */
function goTo(to: number): void {
  const part = questions[Math.max(0, Math.min(questions.length - 1, to))];
  (part?.querySelector<HTMLElement>('input:checked') ?? part?.querySelector<HTMLElement>('input'))?.focus();
}

/** Answers the question in hand (else the first without an answer) and goes on to the next; after a no the note is asked. */
function answer(value: string): void {
  const open = questions.findIndex((part) => !part.querySelector('input:checked'));
  const here = at(questions) >= 0 ? at(questions) : Math.max(open, 0);
  const chosen = questions[here]?.querySelector<HTMLInputElement>(`input[value=${value}]`);
  if (!chosen || chosen.disabled || chosen.matches('fieldset:disabled *')) return;
  chosen.checked = true;
  chosen.dispatchEvent(new Event('change', { bubbles: true }));
  if (here + 1 < questions.length) goTo(here + 1);
  else if (form?.querySelector('[value=no]:checked')) document.querySelector<HTMLElement>('#note')?.focus();
  else form?.querySelector<HTMLElement>('.sample-send button')?.focus();
}

/** The button says what it will do, and how serious it is is asked only of a finding. */
function tell(): void {
  const isFinding = !!form?.querySelector('input[value=no]:checked');
  const isWhole = questions.every((part) => part.querySelector('input:checked'));
  const button = form?.querySelector<HTMLButtonElement>('.sample-send button');
  const serious = form?.querySelector<HTMLElement>('[data-serious]');
  const note = form?.querySelector<HTMLTextAreaElement>('#note');
  if (serious) serious.hidden = !isFinding;
  if (note) note.required = isFinding;
  if (button) button.textContent = (isWhole && (isFinding ? button.dataset.finding : button.dataset.conforms)) || button.textContent;
}

function toRow(step: number): void {
  const here = rows.findIndex((row) => row.classList.contains('is-current-row'));
  const next = rows[Math.max(0, Math.min(rows.length - 1, here + step))];
  rows.forEach((row) => row.classList.toggle('is-current-row', row === next));
  next?.querySelector<HTMLElement>('.row-link')?.focus();
}

if (form) {
  form.addEventListener('change', tell);
  tell();
  shortcuts([
    { keys: 'j', words: said('下一个问题', 'Next question'), act: () => goTo(at(questions) + 1) },
    { keys: 'k', words: said('上一个问题', 'Question before'), act: () => goTo(at(questions) - 1) },
    { keys: 'y', words: said('答“是”', 'Answer yes'), act: () => answer('yes') },
    { keys: 'n', words: said('答“否”', 'Answer no'), act: () => answer('no') },
    { keys: 'x', words: said('答“不适用”', 'Answer not applicable'), act: () => answer('not_applicable') },
    { keys: 'Ctrl+Enter', words: said('保存并继续', 'Save and go on'), act: () => form.requestSubmit() },
    { keys: 'u', words: said('回到抽样', 'Back to the sample'), act: () => follow(document.querySelector<HTMLAnchorElement>('[data-up]')) },
  ]);
}
if (rows.length) {
  shortcuts([
    { keys: 'j', words: said('下一件工单', 'Next case'), act: () => toRow(1) },
    { keys: 'k', words: said('上一件工单', 'Case before'), act: () => toRow(-1) },
    { keys: 'c', words: said('检查下一件', 'Check the next open case'), act: () => follow(document.querySelector<HTMLAnchorElement>('[data-next]')) },
  ]);
}
