/** Trying a draft: the forms of its open tasks, and the diagrams with where the case stands or what scenarios reach. */
import { showDiagrams } from '../layout/islands/diagram';
import './trying.css';

showDiagrams();
const forms = [...document.querySelectorAll<HTMLFormElement>('form[data-form]')];
if (forms.length) void import('../layout/islands/form').then(({ showForm }) => Promise.all(forms.map((form) => showForm(form))));
