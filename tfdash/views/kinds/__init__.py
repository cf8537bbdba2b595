"""For each kind: its columns, and how a row of it is written, sorted and searched."""
