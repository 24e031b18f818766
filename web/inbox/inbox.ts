/** The inbox: more rows, counts, news, selection and keys, without loading the page again. Plain links and forms do it, too. */
import 'htmx.org';
import { columns } from './columns';
import { listKeys } from './list-keys';
import { live } from './live';
import { patience } from './patience';
import { selection } from './selection';

selection();
columns();
patience();
live();
listKeys();
