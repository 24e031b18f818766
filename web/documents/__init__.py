"""Photos, files and comments of a case."""
