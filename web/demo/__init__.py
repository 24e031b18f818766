"""The demonstration's cases: a dozen open ones at once (`quick`), or a believable year of them (`year`)."""
