/** The case page: one diagram a process of the case. */
import { showDiagrams } from '../layout/islands/diagram';

showDiagrams();
