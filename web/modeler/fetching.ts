/** Parts of a page that are fetched once it is there, or again while something goes on; plain links lead to the same. */
import 'htmx.org';
