"""Records of a case for the printer: as a page made for paper, and as PDF."""
