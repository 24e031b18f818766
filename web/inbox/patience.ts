/** A slow or failing network while more rows are fetched: a sentence at the button, which can be pressed again. */
import { words } from './list';

export function patience(): void {
  const say = (event: Event) => {
    const place = (event.target as HTMLElement).closest?.('[data-more]');
    if (!place) return;
    place.querySelector('[data-slow]')?.remove();
    const sentence = document.createElement('p');
    sentence.className = 'text-secondary';
    sentence.dataset.slow = '';
    sentence.setAttribute('role', 'alert');
    sentence.textContent = `${words('slow')} ${words('again')}`;
    place.querySelector('td')?.append(sentence);
  };
  document.addEventListener('htmx:error', say);
  document.addEventListener('htmx:response:error', say);
  document.addEventListener('htmx:before:request', (event) => {
    (event.target as HTMLElement).closest?.('[data-more]')?.setAttribute('aria-busy', 'true');
  });
  document.addEventListener('htmx:finally:request', (event) => {
    (event.target as HTMLElement).closest?.('[data-more]')?.removeAttribute('aria-busy');
  });
}
