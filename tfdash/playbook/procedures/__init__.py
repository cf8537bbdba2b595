"""Procedures of the playbook: the files read (pure), what a run's events add up to, and the probes that its checks ask."""
