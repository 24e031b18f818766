/** The task page: its form, and the small diagram with "you are here". */
import { showDiagrams } from '../layout/islands/diagram';
import { showForm } from '../layout/islands/form';

showDiagrams();
document.querySelectorAll<HTMLFormElement>('form[data-form]').forEach((form) => void showForm(form));
