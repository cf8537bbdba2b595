"""Who works on which step of a run, kept where other terminals see it: the shared PostgreSQL, a Lease of the run's cluster, the folder of this
machine."""
