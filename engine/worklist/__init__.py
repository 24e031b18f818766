"""The inbox: one page of a list of tasks, late first, by key; filters, search and counts. It reads and never writes.

A page costs the same however many tasks there are: each list is a few limited scans of an index (`scans`), what no index
serves is examined over `EXAMINED` tasks at most (`listing`), and a page that stopped there says so.
"""

from engine.worklist.criteria import HIGH, Criteria, View, due_range
from engine.worklist.listing import COUNTED, EXAMINED
from engine.worklist.pages import Page, counts, keys, number, page
from engine.worklist.scans import leads_offices
from engine.worklist.startable import Startable, newest_processes, startable

__all__ = ["COUNTED", "EXAMINED", "HIGH", "Criteria", "Page", "Startable", "View", "counts", "due_range", "keys",
           "leads_offices", "newest_processes", "number", "page", "startable"]
