/** Styles of the pages that measure; they need no script. */
import './measuring.css';
