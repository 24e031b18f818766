/** On every page: the styles, the light/dark switch, and a form that is sent once. */
import '@tabler/core/dist/css/tabler.min.css';
import './base.css';
import { shortcuts, showShortcuts } from './keys';
import { isReachable, tellNothing, tellSending } from './network';
import { said } from './said';

/** Typed values are kept per form until the server says that the form was taken. */
function forgetTyped(): void {
  const key = document.body.dataset.forget;
  if (key) sessionStorage.removeItem(`typed:${key}`);
}

function switchTheme(): void {
  const root = document.documentElement;
  const theme = root.dataset.bsTheme === 'dark' ? 'light' : 'dark';
  root.dataset.bsTheme = theme;
  localStorage.setItem('theme', theme);
}

/** A second press while the first is under way does nothing; the idempotency key covers what slips through. */
function sendOnce(event: SubmitEvent): void {
  const form = event.target as HTMLFormElement;
  if (event.defaultPrevented || form.method !== 'post') return;
  if (form.dataset.sent || !isReachable(form)) return event.preventDefault();
  form.dataset.sent = 'yes';
  tellSending(form);
}

function closeMenus(event: Event): void {
  for (const menu of document.querySelectorAll<HTMLDetailsElement>('details.menu[open]')) {
    if (!menu.contains(event.target as Node)) menu.open = false;
  }
}

function escapeMenu(event: KeyboardEvent): void {
  const menu = document.querySelector<HTMLDetailsElement>('details.menu[open]');
  if (event.key !== 'Escape' || !menu) return;
  menu.open = false;
  menu.querySelector('summary')?.focus();
}

/** Back from the browser's page cache: forms may be sent again. */
function reopenForms(event: PageTransitionEvent): void {
  if (!event.persisted) return;
  tellNothing();
  for (const form of document.querySelectorAll<HTMLFormElement>('form[data-sent]')) delete form.dataset.sent;
}

function goTo(selector: string): boolean {
  const link = document.querySelector<HTMLAnchorElement>(selector);
  link?.click();
  return link !== null;
}

shortcuts([
  { keys: '?', words: said('显示此页的快捷键', 'Show the shortcuts of this page'), act: showShortcuts },
  { keys: 'g i', words: said('转到待办', 'Go to the inbox'), act: () => goTo('[data-place=inbox]') },
  { keys: 'g s', words: said('发起工单', 'Go to starting a case'), act: () => goTo('[data-place=start]') },
]);
forgetTyped();
document.querySelectorAll('[data-shortcuts]').forEach((button) => button.addEventListener('click', showShortcuts));
document.querySelector<HTMLFormElement>('form[data-auto]')?.requestSubmit();
document.querySelectorAll('[data-theme-switch]').forEach((button) => button.addEventListener('click', switchTheme));
document.addEventListener('submit', sendOnce);
document.addEventListener('click', closeMenus);
document.addEventListener('keydown', escapeMenu);
window.addEventListener('pageshow', reopenForms);

/** Tabs that do not fit a phone are scrolled sideways: the one that is open shall be in sight. */
function showCurrentTab(): void {
  const tab = document.querySelector<HTMLElement>('.tabs > .tab.is-current');
  const row = tab?.parentElement;
  if (!tab || !row || row.scrollWidth <= row.clientWidth) return;
  const [inner, outer] = [tab.getBoundingClientRect(), row.getBoundingClientRect()];
  row.scrollLeft += inner.left - outer.left - (outer.width - inner.width) / 2;
}

showCurrentTab();
