"""A recording put into a board again, with a clock of its own: nothing of it asks a cluster, and nothing could change one."""
