"""Where the platform stands in its bands: rows that are readings of verdicts and of what is used, for the page and the report."""
