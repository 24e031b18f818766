/** The case page: one diagram a process of the case; on a phone only what is asked for stands open. */
import { showDiagrams } from '../layout/islands/diagram';

if (window.matchMedia('(max-width: 767px)').matches && !location.hash) {
  document.querySelectorAll<HTMLDetailsElement>('details.fold.panel').forEach((part) => { part.open = false; });
}
showDiagrams();
