"""What all pages share: base template and macros, the built assets, words and numbers in the reader's language."""
