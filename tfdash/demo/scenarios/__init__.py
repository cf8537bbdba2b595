"""What is laid down before a run begins, and what happens in it: the shipped scenarios are the TOML files here."""
