"""`make bench`: what a step, a start, a page and a proof cost, on both databases, in one table of one run."""
