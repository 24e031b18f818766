/** The pages of retention: their looks, and the progress of a destruction, fetched again while it goes on. */
import './retention.css';
import 'htmx.org';
