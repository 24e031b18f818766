/** The inbox: searching and paging without loading the page again. It works as plain links and a form, too. */
import 'htmx.org';
