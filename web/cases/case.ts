/** The case page: one diagram a process of the case, comments and files; on a phone only what is asked for stands open. */
import { converse, sendComment, writeComment } from '../layout/islands/conversation';
import { showDiagrams } from '../layout/islands/diagram';
import { shortcuts } from '../layout/islands/keys';
import { said } from '../layout/islands/said';

if (window.matchMedia('(max-width: 767px)').matches && !location.hash) {
  document.querySelectorAll<HTMLDetailsElement>('details.fold.panel').forEach((part) => { part.open = false; });
}
shortcuts([
  { keys: 'm', words: said('留言', 'Comment'), act: writeComment },
  { keys: 'Ctrl+Enter', words: said('发出留言', 'Send the comment'), act: sendComment },
]);
showDiagrams();
converse();
